"""Invariant 9: a key of dynamic partitions is added while it is not there, and deleted while it is."""

from __future__ import annotations

import pytest

import ticktrail as dg
from conformance.sensors import sensor_of
from harness.engine import START, EngineHarness
from harness.faulty_log import Fault, FaultyLog
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.core.errors import LogUnavailable
from ticktrail.core.events import DynamicPartitionsChanged
from ticktrail.projections.invariants import check

PARTITIONS = dg.DynamicPartitionsDefinition(name="p")


def adding(name: str, *keys: str) -> dg.SensorDefinition:
    request = PARTITIONS.build_add_request(list(keys))
    return sensor_of(lambda: dg.SensorResult(dynamic_partitions_requests=[request]), name=name)


def told(engine: EngineHarness) -> list[tuple[list[str], list[str]]]:
    return [(event.added, event.unchanged) for event in engine.of(DynamicPartitionsChanged)]


def test_two_ticks_that_end_in_one_append_add_a_key_once() -> None:
    """Seen to fail when `Engine._decide` did not let ``partitions`` heed the events of a tick."""
    engine = EngineHarness(adding("s", "a", "b"), adding("t", "b", "c"))

    engine.beat()

    assert told(engine) == [(["a", "b"], []), (["c"], ["b"])]
    assert list(check(engine.log.read())) == []


def test_what_an_operator_changed_meanwhile_is_known_when_the_tick_is_decided_again() -> None:
    """Seen to fail when the engine appended with ``expected=None``."""
    engine = EngineHarness(adding("s", "a", "b"))
    [ticket] = engine.start().tickets
    engine.operate(DynamicPartitionsChanged(at=START, partitions="p", added=["b"], actor="ann"))

    engine.finish(ticket)

    assert told(engine) == [(["b"], []), (["a"], ["b"])]
    assert list(check(engine.log.read())) == []


@pytest.mark.parametrize("fault", ["refused", "stored, yet an error"])
def test_an_append_that_is_tried_again_changes_partitions_once(fault: Fault) -> None:
    """Seen to fail when the changes of one attempt were kept for the next."""
    log = FaultyLog(MemoryEventLog())
    engine = EngineHarness(adding("s", "a"), log=log)
    [ticket] = engine.start().tickets
    log.fault = fault

    with pytest.raises(LogUnavailable):
        engine.finish(ticket)
    engine.engine.catch_up()
    engine.engine.run_once(start_ticks=False)

    assert told(engine) == [(["a"], [])]
    assert list(check(engine.log.read())) == []
