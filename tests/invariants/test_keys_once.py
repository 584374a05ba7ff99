"""Invariant 3: no two requests of a sensor carry the same run key, unless its release lies between."""

from __future__ import annotations

import pytest

from conformance.sensors import asking, engine_of, sensor_of
from harness.engine import START, EngineHarness
from ticktrail.core.events import RunKeyRepeated, RunKeysReleased
from ticktrail.projections.invariants import check


def keys(engine: EngineHarness) -> list[str | None]:
    return [request.run_key for request in engine.requests()]


def test_a_key_asked_for_twice_in_a_tick_is_requested_once() -> None:
    """Seen to fail when `decision._judge` did not look into ``claimed``."""
    engine = engine_of(asking("a", "b", "a", "a"))
    engine.beat()

    assert keys(engine) == ["a", "b"]
    [first, _] = engine.requests()
    owners = {repeat.owner for repeat in engine.of(RunKeyRepeated)}
    assert owners == {engine.events().index(first)}
    assert list(check(engine.log.read())) == []


def test_a_key_of_an_earlier_tick_is_not_requested_again() -> None:
    """Seen to fail when `decision._judge` did not look at ``owners``."""
    engine = engine_of(asking("a", "b"))
    for _ in range(3):
        engine.beat(31)

    assert keys(engine) == ["a", "b"]
    assert list(check(engine.log.read())) == []


def test_a_key_requested_before_a_restart_is_not_requested_again() -> None:
    """Seen to fail when `Engine.open` emptied the index after it had caught up."""
    engine = engine_of(asking("a", "b"))
    engine.beat()
    engine.restart()
    engine.beat(31)

    assert keys(engine) == ["a", "b"]


def test_two_sensors_may_use_the_same_key() -> None:
    engine = EngineHarness(sensor_of(asking("a"), name="one"), sensor_of(asking("a"), name="two"))
    engine.beat()
    engine.beat(31)

    assert sorted((request.sensor or "", request.run_key) for request in engine.requests()) == [
        ("one", "a"),
        ("two", "a"),
    ]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_released_key_is_requested_once_more_and_then_owned_again(restarted: bool) -> None:
    """Seen to fail when `RunKeys.apply` ignored ``RunKeysReleased``."""
    engine = engine_of(asking("a", "b"))
    engine.beat()
    engine.operate(RunKeysReleased(at=START, sensor="s", actor="ann", run_keys=["a"]))
    for _ in range(3):
        if restarted:
            engine.restart()
        engine.beat(31)

    assert keys(engine) == ["a", "b", "a"]
    assert list(check(engine.log.read())) == []


def test_keys_of_ticks_that_end_in_one_append_are_judged_together() -> None:
    """Two evaluations of a sensor cannot be in flight, but one that timed out may come back late."""
    engine = engine_of(asking("a"))
    [ticket] = engine.start().tickets
    late = engine.evaluate(ticket)
    engine.clock.advance(61)
    engine.start()
    engine.engine.finish(late)
    engine.engine.run_once()
    [again] = engine.start().tickets
    engine.finish(again)

    assert keys(engine) == ["a"]
    assert list(check(engine.log.read())) == []
