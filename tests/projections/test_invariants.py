"""`check` reports each way to break an invariant at its offset, and nothing else."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from story import Story
from ticktrail.core.events import (
    AnyEvent,
    BlobStored,
    CursorReset,
    CursorUpdated,
    DynamicPartitionsChanged,
    EngineStarted,
    EvaluationDiscarded,
    HistoryImported,
    RequestsPutOff,
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunKeyRepeated,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorStarted,
    SensorStatusReset,
    TapeRecorded,
    TickCompleted,
    TickImported,
    TickInterrupted,
    TickLogged,
    TickSkipped,
    TickStarted,
)
from ticktrail.core.log import Frame
from ticktrail.core.tape.tape import digest_of
from ticktrail.projections.invariants import Violation, check


def found(story: Story) -> list[tuple[int, int]]:
    return [(violation.invariant, violation.offset) for violation in check(story.frames())]


def only(story: Story) -> Violation:
    """The one violation of a story that has one."""
    (violation,) = check(story.frames())
    return violation


@pytest.fixture
def story() -> Story:
    """A sensor with a tick that is open, its id 1."""
    story = Story()
    story.define("s")
    story.start_tick("s")
    return story


def requested(run: str, key: str | None, tick: int | None = 1, sensor: str | None = "s") -> RunRequested:
    return RunRequested(at=1, run=run, job="j", tick=tick, sensor=sensor, run_key=key)


def completed(tick: int, requested: int, repeated: int = 0) -> TickCompleted:
    return TickCompleted(at=1, tick=tick, sensor="s", duration=0.0, requested=requested, repeated=repeated)


def skipped(tick: int, sensor: str = "s", repeated: int = 0) -> TickSkipped:
    return TickSkipped(at=1, tick=tick, sensor=sensor, reason=None, duration=0.0, repeated=repeated)


def started_run(run: str) -> RunStarted:
    return RunStarted(at=1, run=run, cause=0, where="here", host="h", pid=1)


ENGINE = EngineStarted(at=1, engine="e", where="here", release="1")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_log_of_a_working_engine_breaks_nothing_however_its_appends_are_cut(size: int) -> None:
    story = Story()
    story.define("a")
    story.define("b")
    first, other = story.start_tick("a"), story.start_tick("b")
    runs = story.end_tick(
        first, "1", None, "1", cursor="c1", logs=["line"], rejected=["bad"], materialized=["x"]
    )
    story.end_tick(other, reason="nothing new")
    story.start_run(runs[0])
    story.reset_cursor("a", "")
    story.release("a", "1")
    second = story.start_tick("a")
    runs += story.end_tick(second, "1", "2", cursor="c2")
    story.succeed(runs[0])
    story.start_run(runs[1])
    story.fail(runs[1])
    story.add(RunCanceled(at=1, run=runs[2], cause=0, reason="stopped"))
    story.add(RunFailed(at=1, run=runs[3], cause=0, error="the worker could not start"))
    third = story.start_tick("a")
    story.add(TickInterrupted(at=1, tick=third, sensor="a", reason="the engine was killed"))
    story.add(EvaluationDiscarded(at=1, tick=third, sensor="a", duration=9.0, outcome="3 run requests"))
    story.add(requested("by-hand", None, tick=None, sensor=None))

    assert list(check(story.frames(size))) == []


# --- 2: a tick's outcome is one append ----------------------------------------------------------


def test_another_event_inside_an_outcome_is_reported(story: Story) -> None:
    story.add(requested("r", "k"), ENGINE, completed(1, 1))

    assert only(story) == Violation(
        invariant=2, offset=3, what="the outcome of tick 1 is torn: a EngineStarted lies inside it"
    )


def test_two_outcomes_mixed_are_reported(story: Story) -> None:
    story.define("t")
    other = story.start_tick("t")
    log = TickLogged(at=1, tick=1, sensor="s", level="INFO", message="line")
    story.add(log, skipped(other, "t"), skipped(1))

    assert found(story) == [(2, 5)]


def test_an_outcome_in_two_appends_is_reported(story: Story) -> None:
    story.add(requested("r", "k"))
    second = story.add(completed(1, 1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (2, second)
    assert "goes on in another append" in violation.what


def test_an_outcome_without_its_end_is_reported(story: Story) -> None:
    last = story.add(requested("r", "k"))

    assert only(story).what == "the outcome of tick 1 is torn: the log ends inside it"
    assert found(story) == [(2, last)]


def test_a_missing_request_is_reported_at_the_end_that_counts_it(story: Story) -> None:
    story.add(requested("r", "k"), completed(1, requested=2))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (2, 3)
    assert violation.what == "the end of tick 1 tells of 2 requested runs, the log holds 1"


def test_a_missing_verdict_is_reported_at_the_end_that_counts_it(story: Story) -> None:
    story.add(requested("r", "k"), completed(1, requested=1, repeated=1))

    assert only(story).what == "the end of tick 1 tells of 1 repeated run keys, the log holds 0"


def test_a_request_in_a_skipped_tick_is_reported(story: Story) -> None:
    story.add(requested("r", "k"), skipped(1))

    assert found(story) == [(2, 3)]


@pytest.mark.parametrize(
    "late",
    [
        skipped(1),
        requested("r", "k"),
        TickLogged(at=1, tick=1, sensor="s", level="INFO", message="line"),
        CursorUpdated(at=1, tick=1, sensor="s", before=None, after="c"),
    ],
)
def test_anything_of_a_tick_after_its_end_is_reported(
    story: Story, late: TickSkipped | RunRequested | TickLogged | CursorUpdated
) -> None:
    story.end_tick(1)
    offset = story.add(late)

    assert found(story)[0] == (2, offset)


def test_an_outcome_of_a_tick_that_never_started_is_reported(story: Story) -> None:
    offset = story.add(skipped(0))

    assert found(story) == [(2, offset)]


def test_an_outcome_of_another_sensor_is_reported(story: Story) -> None:
    offset = story.add(skipped(1, "t"))

    assert only(story).what == "a TickSkipped of sensor 't' is in a tick of 's'"
    assert found(story) == [(2, offset)]


def test_a_tick_interrupted_after_a_part_of_its_outcome_is_reported(story: Story) -> None:
    story.add(requested("r", "k"), TickInterrupted(at=1, tick=1, sensor="s", reason="killed"))

    assert found(story) == [(2, 3)]


# --- 3: run keys --------------------------------------------------------------------------------


def test_a_run_key_requested_twice_is_reported_with_its_owner(story: Story) -> None:
    owner = story.add(requested("r1", "k"), completed(1, 1))
    tick = story.start_tick("s")
    offset = story.add(requested("r2", "k", tick), completed(tick, 1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (3, offset)
    assert f"run key 'k' again, which the request at offset {owner} owns" in violation.what


def test_a_run_key_requested_twice_in_one_tick_is_reported(story: Story) -> None:
    offset = story.add(requested("r1", "k"), requested("r2", "k"), completed(1, 2))

    assert found(story) == [(3, offset + 1)]


def test_the_same_key_of_two_sensors_is_no_violation(story: Story) -> None:
    story.end_tick(1, "k")
    story.define("t")
    story.end_tick(story.start_tick("t"), "k")

    assert found(story) == []


def test_a_key_released_for_another_sensor_is_still_owned(story: Story) -> None:
    story.end_tick(1, "k")
    story.release("t", "k")
    tick = story.start_tick("s")
    offset = story.add(requested("r2", "k", tick), completed(tick, 1))

    assert found(story) == [(3, offset)]


def test_a_repeat_that_points_at_another_owner_is_reported(story: Story) -> None:
    owner = story.add(requested("r", "k"), completed(1, 1))
    tick = story.start_tick("s")
    wrong = RunKeyRepeated(at=1, tick=tick, sensor="s", run_key="k", owner=0)
    offset = story.add(wrong, skipped(tick, repeated=1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (3, offset)
    assert violation.what.endswith(f"owned by the request at offset 0, the one at offset {owner} does")


def test_a_repeat_of_a_key_that_nobody_owns_is_reported(story: Story) -> None:
    wrong = RunKeyRepeated(at=1, tick=1, sensor="s", run_key="k", owner=0)
    offset = story.add(wrong, skipped(1, repeated=1))

    assert found(story) == [(3, offset)]


# --- 4: runs ------------------------------------------------------------------------------------


@pytest.fixture
def run(story: Story) -> str:
    (run,) = story.end_tick(1, "k")
    return run


def test_a_run_started_twice_is_reported_at_the_second_start(story: Story, run: str) -> None:
    story.start_run(run)
    offset = story.add(started_run(run))

    assert only(story) == Violation(invariant=4, offset=offset, what=f"run {run} starts a second time")


@pytest.mark.parametrize(
    "event",
    [
        RunLaunched(at=1, run="x", cause=0, launcher="local"),
        started_run("x"),
        RunSucceeded(at=1, run="x", cause=0),
        RunFailed(at=1, run="x", cause=0, error="no"),
        RunCanceled(at=1, run="x", cause=0, reason="no"),
    ],
)
def test_a_step_of_a_run_that_nobody_requested_is_reported(
    story: Story, event: RunLaunched | RunStarted | RunSucceeded | RunFailed | RunCanceled
) -> None:
    offset = story.add(event)

    assert found(story) == [(4, offset)]


def test_a_second_end_of_a_run_is_reported(story: Story, run: str) -> None:
    story.start_run(run)
    story.succeed(run)
    offset = story.fail(run)

    assert found(story) == [(4, offset)]


def test_a_success_without_a_start_is_reported(story: Story, run: str) -> None:
    offset = story.succeed(run)

    assert found(story) == [(4, offset)]


def test_a_start_after_the_end_is_reported(story: Story, run: str) -> None:
    story.fail(run)
    offset = story.add(started_run(run))

    assert only(story) == Violation(invariant=4, offset=offset, what=f"run {run} starts after its end")


def test_a_run_id_requested_twice_is_reported(story: Story, run: str) -> None:
    tick = story.start_tick("s")
    offset = story.add(requested(run, "other", tick), completed(tick, 1))

    assert found(story) == [(4, offset)]


# --- 5: turns and cursors -----------------------------------------------------------------------


def test_a_tick_started_while_one_is_open_is_reported(story: Story) -> None:
    offset = story.start_tick("s")

    assert only(story) == Violation(
        invariant=5, offset=offset, what="a tick of sensor 's' starts while its tick 1 is open"
    )


def test_ticks_of_two_sensors_may_overlap(story: Story) -> None:
    story.start_tick("t")

    assert found(story) == []


def test_a_tick_handed_another_cursor_than_the_last_one_left_is_reported(story: Story) -> None:
    story.end_tick(1, cursor="c")
    offset = story.add(TickStarted(at=1, sensor="s", cursor="d", fingerprint="f", engine="e"))

    assert only(story) == Violation(
        invariant=5, offset=offset, what="the tick is handed cursor 'd' of sensor 's', which was 'c'"
    )


def test_an_empty_cursor_is_not_the_same_as_none(story: Story) -> None:
    story.end_tick(1, cursor="")
    offset = story.add(TickStarted(at=1, sensor="s", cursor=None, fingerprint="f", engine="e"))

    assert found(story) == [(5, offset)]


def test_a_cursor_update_that_overwrites_an_operators_is_reported(story: Story) -> None:
    story.reset_cursor("s", "set by hand")
    offset = story.add(CursorUpdated(at=1, tick=1, sensor="s", before=None, after="c"), skipped(1))

    assert found(story) == [(5, offset)]


def test_a_cursor_reset_that_tells_of_another_cursor_is_reported_shortened(story: Story) -> None:
    story.end_tick(1, cursor="c" * 1000)
    offset = story.add(CursorReset(at=1, sensor="s", actor="ann", before=None, after="d"))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (5, offset)
    assert len(violation.what) < 150


# --- 9: dynamic partitions ----------------------------------------------------------------------


def test_a_key_that_is_added_while_it_is_there_is_reported(story: Story) -> None:
    story.change_partitions("p", add=["a"])
    story.change_partitions("q", add=["a", "b"])
    offset = story.add(DynamicPartitionsChanged(at=1, partitions="p", added=["b", "a"], actor="ann"))

    assert only(story) == Violation(
        invariant=9, offset=offset, what="the key 'a' of the partitions 'p' is added and is there already"
    )


def test_a_key_that_is_deleted_while_it_is_not_there_is_reported(story: Story) -> None:
    story.change_partitions("p", add=["a"])
    story.change_partitions("p", delete=["a"])
    offset = story.add(DynamicPartitionsChanged(at=1, partitions="p", deleted=["a"], actor="ann"))

    assert only(story) == Violation(
        invariant=9, offset=offset, what="the key 'a' of the partitions 'p' is deleted and is not there"
    )


def test_a_key_may_be_added_again_after_its_deletion(story: Story) -> None:
    for _ in range(2):
        story.change_partitions("p", add=["a"])
        story.change_partitions("p", delete=["a"])

    assert found(story) == []


# --- 11: moments of schedules -------------------------------------------------------------------


def for_moment(story: Story, moment: int, before: str | None, after: str | None) -> int:
    """A schedule's tick for a moment, which leaves a cursor; returns its id."""
    tick = story.add(
        TickStarted(at=1, sensor="c", cursor=before, fingerprint="f", engine="e", scheduled_for=moment)
    )
    moved = [CursorUpdated(at=1, tick=tick, sensor="c", before=before, after=after)] if after else []
    story.add(*moved, skipped(tick, "c"))
    return tick


def test_moments_that_are_handled_in_order_are_in_order(story: Story) -> None:
    for_moment(story, 10, None, "10")
    for_moment(story, 20, "10", "20")

    assert found(story) == []


def test_a_moment_that_is_evaluated_again_is_reported(story: Story) -> None:
    for_moment(story, 60_000_000, None, "1")
    again = for_moment(story, 60_000_000, "1", "2")

    assert only(story) == Violation(
        invariant=11, offset=again, what="schedule 'c' evaluates 1970-01-01T00:01:00+00:00 again"
    )


def test_a_moment_before_a_handled_one_is_reported(story: Story) -> None:
    for_moment(story, 60_000_000, None, "1")
    back = for_moment(story, 0, "1", "2")

    assert only(story).offset == back
    assert only(story).what.endswith("after it has handled 1970-01-01T00:01:00+00:00")


def test_a_moment_may_be_evaluated_again_if_it_was_not_handled(story: Story) -> None:
    for_moment(story, 10, None, None)
    for_moment(story, 10, None, "10")

    assert found(story) == []


def test_a_moment_may_be_evaluated_again_if_the_cursor_was_reset(story: Story) -> None:
    for_moment(story, 10, None, "10")
    story.add(CursorReset(at=1, sensor="c", actor="ann", before="10", after="0"))
    for_moment(story, 10, "0", "10")

    assert found(story) == []


# --- 2 and 5: limits of sensors -----------------------------------------------------------------


def put_off(limit: int) -> RequestsPutOff:
    return RequestsPutOff(at=1, tick=1, sensor="s", count=3, limit=limit, why="per tick", again_at=1)


def test_a_tick_that_requests_more_than_it_may_is_reported(story: Story) -> None:
    story.add(requested("r1", "a"), requested("r2", "b"), put_off(1), completed(1, 2))

    violation = only(story)

    assert (violation.invariant, violation.offset) == (2, 5)
    assert violation.what == "tick 1 requests 2 runs, 1 were allowed"


def test_a_tick_that_moves_its_cursor_over_what_it_puts_off_is_reported(story: Story) -> None:
    moved = CursorUpdated(at=1, tick=1, sensor="s", before=None, after="c")
    story.add(requested("r1", "a"), put_off(1), moved, completed(1, 1))

    violation = only(story)

    assert (violation.invariant, violation.offset) == (2, 5)
    assert violation.what == "tick 1 puts requests off, and moves the cursor over them"


def quarantined(story: Story) -> int:
    """Let the open tick fail, and the sensor be quarantined for it; returns the offset of that."""
    story.fail_tick(1)
    return story.add(SensorQuarantined(at=story.at, sensor="s", tick=1, failures=1, error="ValueError: no"))


def test_a_tick_of_a_quarantined_sensor_is_reported(story: Story) -> None:
    since = quarantined(story)
    story.define("s", interval=5.0)

    tick = story.start_tick("s")

    violation = only(story)
    assert (violation.invariant, violation.offset) == (5, tick)
    assert violation.what == f"sensor 's' ticks although it is quarantined since {since}"


@pytest.mark.parametrize(
    "lifting",
    [
        SensorStarted(at=1, sensor="s", actor="ann"),
        SensorStatusReset(at=1, sensor="s", actor="ann"),
        SensorDefined(
            at=1, sensor="s", kind="STANDARD", interval=30.0, default_status="RUNNING", fingerprint="f2"
        ),
    ],
    ids=["started", "reset", "other code"],
)
def test_a_sensor_may_tick_when_its_quarantine_is_lifted(story: Story, lifting: AnyEvent) -> None:
    quarantined(story)

    story.add(lifting)
    story.start_tick("s")

    assert found(story) == []


# --- 7: nothing is missing ----------------------------------------------------------------------


def test_a_gap_between_frames_is_reported() -> None:
    frames = [
        Frame(number=0, first_offset=0, recorded_at=1, writer="w", events=[ENGINE]),
        Frame(number=2, first_offset=2, recorded_at=2, writer="w", events=[ENGINE]),
    ]

    assert list(check(frames)) == [
        Violation(invariant=7, offset=2, what="offset 2 follows 0: events are missing")
    ]


def test_every_violation_of_a_log_is_reported_in_its_order(story: Story) -> None:
    story.start_tick("s")
    story.add(started_run("x"))
    story.add(skipped(0))

    assert found(story) == [(5, 2), (4, 3), (2, 4)]


# --- 12: what tapes name -------------------------------------------------------------------------


def blob(content: bytes, digest: bytes | None = None) -> BlobStored:
    found = digest_of(content) if digest is None else digest
    return BlobStored(at=1, tick=1, sensor="s", digest=found, content=zlib.compress(content))


def tape(*digests: bytes) -> TapeRecorded:
    stored = {f"channel {number}": digest for number, digest in enumerate(digests)}
    return TapeRecorded(at=1, tick=1, sensor="s", stored=stored)


def test_a_tape_names_what_was_stored_in_its_tick_or_before(story: Story) -> None:
    first, second = blob(b"one"), blob(b"two")
    story.add(first, second, tape(first.digest, second.digest), skipped(1))

    assert found(story) == []


def test_a_tape_that_names_what_was_not_stored_before_it(story: Story) -> None:
    """Seen to fail when what comes later was good enough."""
    later = blob(b"later")
    story.add(tape(later.digest), later, skipped(1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (12, 2)
    assert violation.what == f"the tape of tick 1 names channel 0 {later.digest.hex()}, which was not stored"


@pytest.mark.parametrize("content", [zlib.compress(b"other"), b"nothing that was compressed"])
def test_a_blob_that_is_not_what_its_digest_says(story: Story, content: bytes) -> None:
    digest = blob(b"one").digest
    story.add(BlobStored(at=1, tick=1, sensor="s", digest=digest, content=content), skipped(1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (12, 2)
    assert violation.what.startswith(f"blob {digest.hex()} is damaged")


# --- what another system did --------------------------------------------------------------------


IMPORT = HistoryImported(
    at=1, source="dagster:1", where="there", actor="ann", location=None, sensors=1, run_keys=1, ticks=1
)


def imported_key(key: str, cause: int = 2, source: str = "dagster:1") -> RunKeyImported:
    return RunKeyImported(
        at=1,
        cause=cause,
        source=source,
        sensor="s",
        run_key=key,
        run="r",
        job="j",
        status="SUCCESS",
        requested_at=1,
    )


def imported_tick(origin: int, source: str = "dagster:1") -> TickImported:
    return TickImported(
        at=1,
        cause=2,
        source=source,
        origin=origin,
        sensor="s",
        started_at=1,
        ended_at=2,
        status="SKIPPED",
    )


def imported_sensor(before: str | None, after: str | None) -> SensorImported:
    return SensorImported(
        at=1,
        cause=2,
        source="dagster:1",
        sensor="s",
        location="l",
        before=before,
        after=after,
        status="RUNNING",
        last_run_key=None,
    )


def test_an_import_is_sound(story: Story) -> None:
    story.add(IMPORT, imported_sensor(None, "c"), imported_key("1"), imported_tick(7), imported_tick(8))
    story.add(RunKeyRepeated(at=1, tick=1, sensor="s", run_key="1", owner=4), skipped(1, repeated=1))

    assert found(story) == []


def test_a_tick_that_is_imported_twice(story: Story) -> None:
    """Seen to fail when ticks of all sources counted as one's, and when none was remembered."""
    other = msgspec.structs.replace(IMPORT, source="dagster:2")
    story.add(IMPORT, imported_tick(7), imported_tick(7))
    story.add(other, msgspec.structs.replace(imported_tick(7, "dagster:2"), cause=5))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (13, 4)
    assert violation.what == "tick 7 of dagster:1 is imported a second time"


@pytest.mark.parametrize(("cause", "source"), [(1, "dagster:1"), (2, "dagster:2")])
def test_what_is_imported_belongs_to_an_import_from_there(story: Story, cause: int, source: str) -> None:
    """Seen to fail when only the place of the import was looked at, and when only its source was."""
    story.add(IMPORT, imported_key("1", cause, source))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (13, 3)


def test_an_imported_key_that_was_requested_before(story: Story) -> None:
    """Seen to fail when imported keys claimed nothing."""
    story.add(requested("r", "1"), completed(1, 1))
    story.add(IMPORT, msgspec.structs.replace(imported_key("1"), cause=4))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (3, 5)
    assert violation.what.startswith(
        "sensor 's' imports run key '1' again, which the request at offset 2 owns"
    )


def test_a_request_for_an_imported_key(story: Story) -> None:
    story.add(IMPORT, imported_key("1"))
    story.add(requested("r2", "1"), completed(1, 1))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (3, 4)


def test_an_imported_run_that_is_launched(story: Story) -> None:
    story.add(IMPORT, imported_key("1"))
    story.add(RunLaunched(at=1, run="r", cause=3, launcher="local"))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (4, 4)


def test_an_imported_cursor_that_follows_from_another_one(story: Story) -> None:
    """Seen to fail when imports were none of the changes of a cursor."""
    story.add(IMPORT, imported_sensor("x", "c"))

    violation = only(story)
    assert (violation.invariant, violation.offset) == (5, 3)
