"""What each read model says of a story."""

from __future__ import annotations

from typing import TypeVar

import pytest

from keyed import owners
from story import Story
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.events import RunCanceled, RunKeysReleased, RunRequested, TickInterrupted
from ticktrail.projections.assets import Assets
from ticktrail.projections.fold import Fold
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.runs import Run, Runs
from ticktrail.projections.sensor_states import SensorStates
from ticktrail.projections.ticks import Tick, Ticks

P = TypeVar("P", bound=Fold)


def fold(projection: P, story: Story) -> P:
    projection.apply(0, story.events)
    return projection


@pytest.fixture
def story() -> Story:
    """A sensor with a tick that is open, its id 1."""
    story = Story()
    story.define("s")
    story.start_tick("s")
    return story


# --- sensor states ------------------------------------------------------------------------------


def test_a_sensor_that_the_log_never_named_has_a_blank_state(story: Story) -> None:
    states = SensorStates()
    states.apply(0, story.events)

    assert states.names() == ["s"]
    assert "t" not in states
    assert not states.get("t").defined
    assert states.get("t").name == "t"


def test_a_state_follows_its_own_sensor_only(story: Story) -> None:
    story.define("t", default="STOPPED")
    story.end_tick(1, cursor="c")
    states = SensorStates()
    states.apply(0, story.events)

    assert states.get("s").cursor == "c"
    assert states.get("t").cursor is None
    assert states.get("t").status == "STOPPED"


def test_an_operators_request_belongs_to_no_sensor() -> None:
    story = Story()
    story.add(RunRequested(at=1, run="r", job="j", actor="ann"))
    states = SensorStates()
    states.apply(0, story.events)

    assert states.names() == []
    assert states.checkpoint == 1


# --- run keys -----------------------------------------------------------------------------------


def test_the_first_request_owns_the_key_until_its_release(story: Story) -> None:
    index = MemoryRunKeyIndex()
    keys = RunKeys(index)
    story.end_tick(1, "k", None, "other", "")
    keys.apply(0, story.events)
    assert owners(index, "s", ["k", "other", ""]) == [2, 4, None]

    story.release("s", "k")
    tick = story.start_tick("s")
    story.end_tick(tick, "k", "other")
    keys.apply(0, story.events)

    assert owners(index, "s", ["k", "other"]) == [tick + 1, 4]
    assert index.checkpoint == story.head


def test_a_release_and_a_new_claim_in_one_call_leave_the_new_owner(story: Story) -> None:
    story.end_tick(1, "k")
    story.release("s", "k")
    tick = story.start_tick("s")
    story.end_tick(tick, "k")
    index = MemoryRunKeyIndex()
    RunKeys(index).apply(0, story.events)

    assert owners(index, "s", ["k"]) == [tick + 1]


def test_a_key_released_at_the_end_is_free(story: Story) -> None:
    story.end_tick(1, "k")
    story.release("s", "k")
    index = MemoryRunKeyIndex()
    RunKeys(index).apply(0, story.events)

    assert owners(index, "s", ["k"]) == [None]


@pytest.mark.parametrize("claimed", ["abc", "ab", "bc", "cba", "aab", "xyz"])
def test_keys_that_were_looked_up_are_claimed_as_those_that_were_not(claimed: str) -> None:
    """Seen to fail when the digests were taken in order, whichever keys were claimed."""
    index = MemoryRunKeyIndex()
    keys = RunKeys(index)
    keys.owners("s", [*"abc"])
    keys.apply(0, [RunRequested(at=1, run=key, job="j", sensor="s", run_key=key) for key in claimed])

    assert owners(index, "s", [*"abcxyz"]) == [
        claimed.index(key) if key in claimed else None for key in "abcxyz"
    ]


def test_requests_that_were_seen_claim_nothing_once_more() -> None:
    """Seen to fail when keys in columns were claimed whatever the checkpoint."""
    index, request = MemoryRunKeyIndex(), RunRequested(at=1, run="r", job="j", sensor="s", run_key="k")
    keys = RunKeys(index)
    keys.apply(0, [request, RunKeysReleased(at=1, sensor="s", actor="a", run_keys=["k"])])

    keys.take([(0, request)], 2)

    assert owners(index, "s", ["k"]) == [None]


# --- outbox -------------------------------------------------------------------------------------


def test_requested_runs_are_owed_in_the_order_of_their_requests(story: Story) -> None:
    runs = story.end_tick(1, "a", "b", "c")

    outbox = fold(Outbox(), story)

    assert [owed.request.run for owed in outbox.pending()] == runs
    assert [owed.offset for owed in outbox.pending()] == [2, 3, 4]
    assert [owed.launched for owed in outbox.pending()] == [None, None, None]
    assert list(outbox.running()) == []


def test_requests_that_were_seen_are_not_owed_once_more(story: Story) -> None:
    """Seen to fail when requests were taken in at once whatever the checkpoint."""
    start = story.head
    runs = story.end_tick(1, "a", "b")
    requests = list(enumerate(story.events[start : start + 2], start))
    outbox = fold(Outbox(), story)
    outbox.apply(outbox.checkpoint, [RunCanceled(at=1, run=run, cause=start, reason="r") for run in runs])

    outbox.take(requests, outbox.checkpoint)

    assert list(outbox.pending()) == []


def test_a_launched_run_is_owed_until_it_starts(story: Story) -> None:
    (run,) = story.end_tick(1, "a")
    launched = story.launch(run)
    assert [owed.launched for owed in fold(Outbox(), story).pending()] == [launched]

    started = story.start_run(run)

    outbox = fold(Outbox(), story)
    assert list(outbox.pending()) == []
    (running,) = outbox.running()
    assert running.started_offset == started
    assert running.started is not None
    assert running.started.pid == 7
    assert running.offset == 2


def test_an_ended_run_is_forgotten(story: Story) -> None:
    done, failed, canceled, owed = story.end_tick(1, None, None, None, None)
    story.start_run(done)
    story.succeed(done)
    story.fail(failed)
    story.add(RunCanceled(at=1, run=canceled, cause=0, reason="stopped"))

    outbox = fold(Outbox(), story)

    assert [outbox.is_open(run) for run in (done, failed, canceled, owed)] == [False, False, False, True]
    assert outbox.request_of(done) is None
    request = outbox.request_of(owed)
    assert request is not None
    assert request.run == owed
    assert list(outbox.running()) == []


# --- runs ---------------------------------------------------------------------------------------


def run_of(story: Story, run: str) -> Run:
    found = fold(Runs(), story).get(run)
    assert found is not None
    return found


def test_a_run_goes_through_the_words_a_dagster_user_knows(story: Story) -> None:
    (run,) = story.end_tick(1, "k")
    seen = [run_of(story, run).status]
    for step in (story.launch, story.start_run, story.succeed):
        step(run)
        seen.append(run_of(story, run).status)

    assert seen == ["QUEUED", "STARTING", "STARTED", "SUCCESS"]


def test_a_failed_run_keeps_its_error_and_its_times(story: Story) -> None:
    (run,) = story.end_tick(1, "k")
    story.start_run(run)
    at = story.at
    story.fail(run, "KeyError: 'x'")

    row = run_of(story, run)

    assert (row.status, row.error, row.step, row.ended_at) == ("FAILURE", "KeyError: 'x'", "s", at)
    assert (row.sensor, row.tick, row.run_key, row.job, row.tags) == (
        "s",
        1,
        "k",
        "j",
        {"dagster/run_key": "k", "dagster/tick": "1", "a": "b"},
    )
    assert row.started_at is not None
    assert row.requested_at < row.started_at < at


def test_a_canceled_run_says_why(story: Story) -> None:
    (run,) = story.end_tick(1, "k")
    story.add(RunCanceled(at=1, run=run, cause=0, reason="no longer needed"))

    assert (run_of(story, run).status, run_of(story, run).error) == ("CANCELED", "no longer needed")


def test_a_run_is_found_by_the_beginning_of_its_id(story: Story) -> None:
    for run in ("ab", "abc", "b"):
        story.add(RunRequested(at=1, run=run, job="j"))
    runs = fold(Runs(), story)

    assert [run.run for run in runs.starting_with("a")] == ["ab", "abc"]
    assert [run.run for run in runs.starting_with("ab")] == ["ab"]
    assert runs.starting_with("x") == []
    assert len(runs) == 3


# --- ticks --------------------------------------------------------------------------------------


def only_tick(story: Story) -> Tick:
    (tick,) = fold(Ticks(), story).rows()
    return tick


def test_a_tick_without_an_end_is_shown_as_started(story: Story) -> None:
    tick = only_tick(story)

    assert (tick.tick, tick.sensor, tick.status, tick.duration, tick.engine) == (
        1,
        "s",
        "STARTED",
        None,
        "engine-1",
    )


def test_a_completed_tick_tells_its_runs_and_verdicts(story: Story) -> None:
    runs = story.end_tick(1, "k", None, "k", cursor="c")

    tick = only_tick(story)

    assert (tick.status, tick.requested, tick.repeated, tick.rejected) == ("SUCCESS", 2, 1, 0)
    assert tick.runs == runs
    assert (tick.cursor_before, tick.cursor_after, tick.duration) == (None, "c", 0.25)


def test_a_skipped_tick_tells_why_and_keeps_its_cursor() -> None:
    story = Story()
    story.reset_cursor("s", "c")
    story.end_tick(story.start_tick("s"), reason="nothing new")

    tick = only_tick(story)

    assert (tick.status, tick.skip_reason) == ("SKIPPED", "nothing new")
    assert (tick.cursor_before, tick.cursor_after) == ("c", "c")


def test_a_failed_tick_tells_its_error_and_its_rejected_requests(story: Story) -> None:
    story.end_tick(1, "k", rejected=["unknown job"])

    tick = only_tick(story)

    assert (tick.status, tick.error, tick.requested, tick.rejected) == ("FAILURE", "unknown job", 1, 1)


def test_an_interrupted_tick_says_so(story: Story) -> None:
    story.add(TickInterrupted(at=story.at, tick=1, sensor="s", reason="the engine was killed"))

    tick = only_tick(story)

    assert (tick.status, tick.error, tick.duration) == ("INTERRUPTED", "the engine was killed", None)


def test_a_limit_keeps_the_latest_started_of_the_wanted_ticks() -> None:
    story = Story()
    early = story.start_tick("slow")
    ticks = [story.start_tick("s")]
    for _ in range(3):
        story.end_tick(ticks[-1])
        ticks.append(story.start_tick("s"))
    story.end_tick(early)

    wanted = fold(Ticks(wanted=lambda tick: tick.status == "SKIPPED", limit=2), story)
    everything = fold(Ticks(limit=2), story)

    assert [tick.tick for tick in wanted.rows()] == [ticks[2], ticks[1]]
    assert [tick.tick for tick in everything.rows()] == [ticks[3], ticks[2]]


# --- assets -------------------------------------------------------------------------------------


def test_an_asset_has_its_latest_materialisation_and_their_count(story: Story) -> None:
    story.end_tick(1, materialized=["x", "y", "x"])

    assets = fold(Assets(), story)

    assert assets.names() == ["x", "y"]
    latest = assets.latest("x")
    assert latest is not None
    assert (latest.offset, latest.count, latest.event.tick) == (4, 2, 1)
    assert assets.latest("z") is None
