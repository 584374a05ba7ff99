"""Replay and backtest of ticks under a run key policy, and of ticks that were planned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import ticktrail as dg
from conformance.sensors import asking, sensor_of
from harness.engine import EngineHarness
from ticktrail.adapters.cli.basis import Basis
from ticktrail.adapters.cli.planning import Planner
from ticktrail.adapters.definitions_file import LoadedDefinitions
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.adapters.slices import SliceInfo, SliceLog, write_slice
from ticktrail.core.authoring.sensor import SensorDefinition
from ticktrail.core.events import RunFailed, SensorQuarantined
from ticktrail.core.replay import Backtest, PastTick, replay
from ticktrail.projections.past_ticks import past_ticks

POLICIES = [
    dg.RunKeyPolicy(),
    dg.RunKeyPolicy(retries=2),
    dg.RunKeyPolicy(retries=1, once_per=timedelta(minutes=2)),
]


def lived(policy: dg.RunKeyPolicy) -> EngineHarness:
    """An engine whose sensor asked for a and b in six ticks, and all of whose runs for a failed."""
    engine = EngineHarness(sensor_of(asking("a", "b"), run_key_policy=policy), record=True)
    for _ in range(6):
        engine.beat(31)
        for request in engine.requests():
            if engine.outbox.is_open(request.run) and request.tags["dagster/run_key"] == "a":
                failed = RunFailed(at=engine.clock.now(), run=request.run, cause=0, error="e")
                engine.operate(failed)
                engine.engine.catch_up()
    return engine


def pasts(engine: EngineHarness) -> Iterator[PastTick]:
    return past_ticks(engine.log, "s")


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_tick_under_a_policy_is_replayed_as_it_was_decided(policy: dg.RunKeyPolicy) -> None:
    """Seen to fail when `replay` did not ask for tries, and when it left the keys as they are."""
    engine = lived(policy)

    replayed = [replay(past, engine.sensors["s"], engine.definitions) for past in pasts(engine)]

    assert [(tick.verdict, list(tick.differences)) for tick in replayed] == [("equal", [])] * 6


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_slice_has_what_the_policy_asks_for(policy: dg.RunKeyPolicy, tmp_path: Path) -> None:
    """Seen to fail when a slice had no ends of runs."""
    engine = lived(policy)
    info = SliceInfo(sensor="s", partition="main", head=engine.log.head(), made_at=0)
    write_slice(engine.log, tmp_path / "s.slice", info, since=0, until=2**62)

    replayed = [
        replay(past, engine.sensors["s"], engine.definitions)
        for past in past_ticks(SliceLog(tmp_path / "s.slice"), "s")
    ]

    assert [tick.verdict for tick in replayed] == ["equal"] * 6


def backtested(engine: EngineHarness, sensor: SensorDefinition) -> list[tuple[str, str | None]]:
    changes = [
        change for tick in Backtest(sensor, engine.definitions).run(pasts(engine)) for change in tick.requests
    ]
    return [(change.change, change.run_key) for change in changes if change.change != "unchanged"]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_backtest_of_the_same_policy_changes_nothing(policy: dg.RunKeyPolicy) -> None:
    """Seen to fail when `Backtest` did not ask for tries, and when it kept the owners of keys that it had freed."""
    engine = lived(policy)

    assert backtested(engine, engine.sensors["s"]) == []


def test_a_backtest_of_another_policy_shows_what_it_adds_and_leaves_out() -> None:
    never, twice = lived(dg.RunKeyPolicy()), lived(dg.RunKeyPolicy(retries=2))

    assert backtested(never, twice.sensors["s"]) == [("added", "a")]
    assert backtested(twice, never.sensors["s"]) == [("removed", "a"), ("removed", "a")]


def test_a_planned_tick_has_no_tape_and_those_around_it_are_replayed() -> None:
    """Seen to fail when the outcome of a planned tick did not count as one of the past."""
    engine = lived(dg.RunKeyPolicy())
    loaded = LoadedDefinitions(
        definitions=engine.definitions, origin="here", fingerprints={"s": "code-1"}, sources={}
    )
    planner = Planner(Basis(engine.log, MemoryRunKeyIndex()), loaded, "s", clock=engine.clock)
    planner.apply(planner.plan("x", release=["a"], actor="ann"), actor="ann")
    engine.beat(31)

    verdicts = [replay(past, engine.sensors["s"], engine.definitions).verdict for past in pasts(engine)]

    assert verdicts == ["equal"] * 6 + ["not recorded", "equal"]


def test_a_tick_after_which_the_sensor_was_quarantined_is_replayed_as_it_was_decided() -> None:
    """Seen to fail when a tick was over with its `TickFailed`, before the quarantine."""

    def raising() -> None:
        raise ValueError("no")

    failing = sensor_of(raising, limits=dg.SensorLimits(quarantine_after=2))
    engine = EngineHarness(failing, record=True)
    for _ in range(3):
        engine.beat(31)

    replayed = [replay(past, failing, engine.definitions) for past in pasts(engine)]
    [_, last] = Backtest(failing, engine.definitions).run(pasts(engine))

    assert len(engine.of(SensorQuarantined)) == 1
    assert [(tick.verdict, list(tick.differences)) for tick in replayed] == [("equal", [])] * 2
    assert last.error == "ValueError: no"
