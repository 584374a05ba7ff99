"""Run key policies: a key gets the runs that its policy gives it, no more and no fewer, by events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ticktrail as dg
from conformance.sensors import asking, sensor_of
from harness.engine import EngineHarness
from ticktrail.core.events import (
    RunCanceled,
    RunFailed,
    RunKeyRepeated,
    RunKeysReleased,
    RunRequested,
    RunSucceeded,
)
from ticktrail.projections.invariants import check
from ticktrail.projections.outbox import Outbox

DAY = 86_400.0


def engine_with(policy: dg.RunKeyPolicy | None, *keys: str, **options: Any) -> EngineHarness:
    return EngineHarness(sensor_of(asking(*keys), run_key_policy=policy, **options))


def end(engine: EngineHarness, request: RunRequested, kind: Callable[..., Any] = RunFailed) -> None:
    """End a run as its worker would."""
    fields = {RunFailed: {"error": "e"}, RunCanceled: {"reason": "enough"}}.get(kind, {})  # type: ignore[call-overload]
    engine.operate(kind(at=engine.clock.now(), run=request.run, cause=0, **fields))


def tries(engine: EngineHarness) -> list[tuple[str | None, str | None]]:
    return [(request.run_key, request.tags.get("ticktrail/try")) for request in engine.requests()]


def test_a_key_whose_run_failed_gets_as_many_more_runs_as_its_policy_says() -> None:
    """Seen to fail when `with_tries` did not compare with ``retries``, when `decide` released no key, and when
    `TickOutcomes` did not take the release for a part of its tick."""
    engine = engine_with(dg.RunKeyPolicy(retries=2), "b", "a")
    for _ in range(5):
        engine.beat(31)
        for request in engine.requests():
            if engine.outbox.is_open(request.run) and request.run_key == "a":
                end(engine, request)

    assert tries(engine) == [("b", None), ("a", None), ("a", "2"), ("a", "3")]
    released = engine.of(RunKeysReleased)
    assert [(event.run_keys, event.actor, event.reason) for event in released] == [
        (["a"], "run key policy", "its run failed, this is try 2"),
        (["a"], "run key policy", "its run failed, this is try 3"),
    ]
    assert [event.tick for event in released] == [request.tick for request in engine.requests()[2:]]
    assert list(check(engine.log.read())) == []


@pytest.mark.parametrize("kind", [RunSucceeded, RunCanceled, None])
def test_a_run_that_did_not_fail_keeps_its_key(kind: Callable[..., Any] | None) -> None:
    """Seen to fail when `Outbox` took every end for a failure."""
    engine = engine_with(dg.RunKeyPolicy(retries=2), "a")
    engine.beat()
    if kind is not None:
        end(engine, engine.requests()[0], kind)
    engine.beat(31)

    assert tries(engine) == [("a", None)]
    assert len(engine.of(RunKeyRepeated)) == 1


def test_by_default_a_key_gets_one_run_even_if_that_fails() -> None:
    engine = engine_with(None, "a")
    engine.beat()
    end(engine, engine.requests()[0])
    engine.beat(31)

    assert tries(engine) == [("a", None)]


def test_an_engine_that_starts_later_knows_the_tries_from_the_log() -> None:
    """Seen to fail when `Outbox.failed_try` counted from the engine's start."""
    engine = engine_with(dg.RunKeyPolicy(retries=1), "a")
    engine.beat()
    end(engine, engine.requests()[0])
    engine.restart()
    engine.beat(31)
    end(engine, engine.requests()[1])
    engine.restart()
    engine.beat(31)

    assert tries(engine) == [("a", None), ("a", "2")]


def test_a_snapshot_keeps_the_tries() -> None:
    """Seen to fail when `Outbox.dump` left them out."""
    engine = engine_with(dg.RunKeyPolicy(retries=1), "a")
    engine.beat()
    end(engine, engine.requests()[0])
    engine.engine.catch_up()
    offset = engine.events().index(engine.requests()[0])

    loaded = Outbox()
    loaded.load(engine.outbox.dump())

    assert (engine.outbox.failed_try(offset), loaded.failed_try(offset)) == (1, 1)


def test_a_key_that_an_operator_frees_begins_anew() -> None:
    engine = engine_with(dg.RunKeyPolicy(retries=1), "a")
    engine.beat()
    for _ in range(2):
        end(engine, engine.requests()[-1])
        engine.beat(31)
    engine.operate(RunKeysReleased(at=engine.clock.now(), sensor="s", actor="ann", run_keys=["a"]))
    engine.beat(31)
    end(engine, engine.requests()[-1])
    engine.beat(31)

    assert tries(engine) == [("a", None), ("a", "2"), ("a", None), ("a", "2")]
    assert list(check(engine.log.read())) == []


def test_a_key_that_is_asked_for_twice_in_a_tick_is_tried_once() -> None:
    """Seen to fail when `decision._judge` released a key that the tick had claimed."""
    engine = engine_with(dg.RunKeyPolicy(retries=5), "a", "a")
    engine.beat()
    end(engine, engine.requests()[0])
    engine.beat(31)

    assert tries(engine) == [("a", None), ("a", "2")]
    assert list(check(engine.log.read())) == []


def test_tries_are_new_runs_for_the_limits() -> None:
    """Seen to fail when `Engine._decide` counted tries as repeats."""
    limits = dg.SensorLimits(max_run_requests_per_tick=1)
    engine = engine_with(dg.RunKeyPolicy(retries=1), "a", "b", limits=limits)
    engine.beat()
    engine.beat()
    for request in engine.requests():
        end(engine, request)
    engine.beat(31)
    assert tries(engine)[2:] == [("a", "2")]
    engine.beat()

    assert tries(engine)[2:] == [("a", "2"), ("b", "2")]
    assert list(check(engine.log.read())) == []


def test_a_sensor_cannot_pretend_to_a_number_of_tries() -> None:
    """Seen to fail when the sensor's own tag was kept: the second run of the key was its last."""

    def ask() -> dg.RunRequest:
        return dg.RunRequest(run_key="a", tags={"ticktrail/try": "7"})

    engine = EngineHarness(sensor_of(ask, run_key_policy=dg.RunKeyPolicy(retries=1)))
    engine.beat()
    end(engine, engine.requests()[0])
    engine.beat(31)

    assert tries(engine) == [("a", None), ("a", "2")]


def test_a_key_gets_one_run_in_each_period() -> None:
    """Seen to fail when `Engine._decide` left the keys as they are."""
    engine = engine_with(dg.RunKeyPolicy(once_per=timedelta(days=1)), "a")
    for seconds in (0.0, 31.0, DAY - 62, 31.0, 31.0, DAY):
        engine.beat(seconds)

    assert [request.run_key for request in engine.requests()] == [
        "a @ 2026-01-01T00:00:00+00:00",
        "a @ 2026-01-02T00:00:00+00:00",
        "a @ 2026-01-03T00:00:00+00:00",
    ]
    assert {request.tags["dagster/run_key"] for request in engine.requests()} == {"a"}
    assert list(check(engine.log.read())) == []


def test_the_period_is_that_in_which_the_tick_began() -> None:
    """Seen to fail when it was that of the decision: the same tick gave another key after a late answer."""
    engine = engine_with(dg.RunKeyPolicy(once_per=timedelta(minutes=1)), "a")
    engine.clock.advance(59.0)
    tickets = engine.start().tickets
    engine.clock.advance(2.0)
    engine.finish(*tickets)

    assert [request.run_key for request in engine.requests()] == ["a @ 2026-01-01T00:00:00+00:00"]


def test_periods_and_retries_go_together() -> None:
    engine = engine_with(dg.RunKeyPolicy(once_per=timedelta(days=1), retries=1), "a")
    engine.beat()
    for seconds in (31.0, 31.0, DAY):
        end(engine, engine.requests()[-1])
        engine.beat(seconds)

    assert tries(engine) == [
        ("a @ 2026-01-01T00:00:00+00:00", None),
        ("a @ 2026-01-01T00:00:00+00:00", "2"),
        ("a @ 2026-01-02T00:00:00+00:00", None),
    ]


@given(
    retries=st.integers(0, 2),
    rounds=st.lists(
        st.tuples(st.sets(st.sampled_from("abc")), st.sampled_from("abc") | st.none(), st.booleans()),
        max_size=8,
    ),
)
@settings(max_examples=200, deadline=None)
def test_each_key_gets_the_tries_that_its_policy_gives(
    retries: int, rounds: list[tuple[set[str], str | None, bool]]
) -> None:
    """In each round runs fail, an operator frees a key, the engine is started anew, or not; then the sensor ticks.

    Seen to fail when `with_tries` gave one try more, and when `Outbox` took each try for the first.
    """
    engine = engine_with(dg.RunKeyPolicy(retries=retries), *"abc")
    owned, failed, expected = dict[str, int](), set[str](), list[tuple[str, str | None]]()
    for failing, freed, restarts in rounds:
        for request in [run.request for run in engine.outbox.pending()]:
            if request.run_key in failing and request.run_key in owned:
                end(engine, request)
                failed.add(request.run_key)
        if freed is not None:
            engine.operate(RunKeysReleased(at=engine.clock.now(), sensor="s", actor="ann", run_keys=[freed]))
            owned.pop(freed, None)
            failed.discard(freed)
        if restarts:
            engine.restart()
        engine.beat(31)
        for key in "abc":
            if key not in owned or (key in failed and owned[key] <= retries):
                owned[key] = owned.get(key, 0) + 1
                failed.discard(key)
                expected.append((key, None if owned[key] == 1 else str(owned[key])))

    assert tries(engine) == expected
    assert list(check(engine.log.read())) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"retries": -1}, "RunKeyPolicy.retries is -1: give an int >= 0"),
        ({"retries": True}, "RunKeyPolicy.retries is True"),
        ({"once_per": timedelta(0)}, "once_per is datetime.timedelta.0.: give a timedelta > 0"),
        ({"once_per": 60}, "once_per is 60: give a timedelta > 0"),
    ],
)
def test_a_wrong_policy_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(dg.CheckError, match=told):
        dg.RunKeyPolicy(**options)


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(
        dg.CheckError, match=r"run_key_policy of sensor 's' is 'once' .str.: give a RunKeyPolicy"
    ):
        sensor_of(asking("a"), run_key_policy="once")
