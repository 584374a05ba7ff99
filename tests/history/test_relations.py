"""The relations say what the projections say, wherever segments begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from history.seen import NOW, content, log_of, opened, rows, seal
from long_history import History as LongHistory
from story import Story
from ticktrail.adapters.event_log.prefix import PrefixLog
from ticktrail.adapters.folding import fold
from ticktrail.adapters.history.database import PastMoment
from ticktrail.adapters.history.segments import chained
from ticktrail.adapters.home import Home
from ticktrail.core.events import (
    RunKeyImported,
    RunKeysReleased,
    RunRequested,
    SensorDefined,
    TickSkipped,
    TickStarted,
)
from ticktrail.core.log import EventLog
from ticktrail.projections.runs import Run, Runs
from ticktrail.projections.ticks import Tick, Ticks

EVENTS = 3_000


@pytest.fixture(scope="module")
def told() -> LongHistory:
    history = LongHistory(seed=20260301)
    history.tell(EVENTS)
    return history


@pytest.fixture(scope="module")
def log(told: LongHistory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLog]:
    """A log of every kind of event, in small and in packed frames."""
    home = Home.open(tmp_path_factory.mktemp("home"), create=True)
    with closing(home.log()) as log:
        for append in told.appends():
            log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")
        yield log


def _time(at: int | None) -> datetime | None:
    if at is None:
        return None
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)).replace(tzinfo=None)


def test_ticks_are_those_of_the_projection(log: EventLog) -> None:
    ticks = Ticks()
    fold(log, ticks)

    with opened(None, log) as history:
        told = rows(
            history,
            "SELECT tick, sensor, engine, started_at, status, ended_at, duration, skip_reason, error, requested, "
            "repeated, rejected, cursor_before, cursor_after FROM ticks ORDER BY tick",
        )

    assert told == sorted(map(_row, ticks.rows()))
    assert {row[4] for row in told} == {"STARTED", "SKIPPED", "SUCCESS", "FAILURE", "INTERRUPTED"}


def _row(tick: Tick) -> tuple[Any, ...]:
    return (
        *(tick.tick, tick.sensor, tick.engine, _time(tick.started_at), tick.status, _time(tick.ended_at)),
        *(tick.duration, tick.skip_reason, tick.error, tick.requested, tick.repeated),
        *(tick.rejected, tick.cursor_before, tick.cursor_after),
    )


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("ranges", [None, 40, 700])
def test_runs_are_those_of_the_projection(
    log: EventLog, tmp_path: Path, ranges: int | None, share: float
) -> None:
    """However their lives are cut into ranges, and as of a position too."""
    position = int(share * log.head())
    runs = Runs()
    fold(PrefixLog(log, position), runs)
    folder = None if ranges is None else tmp_path
    if ranges is not None:
        seal(tmp_path, log, ranges)

    as_of = None if share == 1.0 else PastMoment(position, NOW)
    with opened(folder, log, as_of=as_of) as history:
        told = rows(
            history,
            "SELECT run_id, job, status, sensor, run_key, started_at, ended_at, error, duration FROM runs",
        )

    assert sorted(told) == sorted(map(_run_row, runs))
    assert len({row[2] for row in told}) > 3


def _run_row(run: Run) -> tuple[Any, ...]:
    started, ended = run.started_at, run.ended_at
    duration = None if started is None or ended is None else (ended - started) / 1e6
    return (
        *(run.run, run.job, run.status, run.sensor, run.run_key),
        *(_time(started), _time(ended), run.error, duration),
    )


def test_events_are_all_of_the_log(log: EventLog) -> None:
    expected = [
        (offset, type(event).__name__, getattr(event, "sensor", None), getattr(event, "actor", None))
        for frame in log.read()
        for offset, event in enumerate(frame.events, frame.first_offset)
    ]

    with opened(None, log) as history:
        told = rows(history, "SELECT event_offset, kind, sensor, actor FROM events ORDER BY event_offset")

    assert told == expected


def test_run_keys_are_those_that_own_requests_until_they_are_released(log: EventLog) -> None:
    owned: dict[tuple[str, str], int] = {}
    freed: set[int] = set()
    for frame in log.read():
        for offset, event in enumerate(frame.events, frame.first_offset):
            if isinstance(event, RunRequested | RunKeyImported) and event.sensor and event.run_key:
                owned[event.sensor, event.run_key] = offset
            if isinstance(event, RunKeysReleased):
                freed |= {
                    owned.pop((event.sensor, key)) for key in event.run_keys if (event.sensor, key) in owned
                }

    with opened(None, log) as history:
        taken = rows(history, "SELECT sensor, run_key, owner_offset FROM run_keys WHERE released_at IS NULL")
        released = rows(history, "SELECT owner_offset FROM run_keys WHERE released_at IS NOT NULL")

    assert {(sensor, key): offset for sensor, key, offset in taken} == owned
    assert {offset for (offset,) in released} == freed
    assert freed


@pytest.mark.parametrize("segment_events", [1, 40, 333, 1_000])
def test_it_does_not_matter_where_segments_end(log: EventLog, tmp_path: Path, segment_events: int) -> None:
    """Ticks begin in one segment and end in another; small segments are merged into wide ones."""
    sealed = seal(tmp_path, log, segment_events)

    assert sealed > EVENTS - max(segment_events, 300)
    assert len(chained(tmp_path / "segments")) < 50
    with opened(tmp_path, log, segment_events=segment_events) as parts, opened(None, log) as whole:
        assert content(parts) == content(whole)


def test_at_any_position_the_history_is_that_of_the_events_before_it(
    told: LongHistory, log: EventLog, tmp_path: Path
) -> None:
    """At any end of an append, that is: of the one that ends a tick, the tick has all or nothing."""
    seal(tmp_path, log, 200)
    ends, differing = list(accumulate(map(len, told.story.appends))), []
    for position in [0, *Random(3).sample(ends, 12), log.head()]:
        with opened(None, PrefixLog(log, position)) as alone:
            expected = content(alone)
        with opened(tmp_path, log, segment_events=200, as_of=PastMoment(position, NOW)) as past:
            if content(past) != expected:
                differing.append(position)

    assert differing == []


def test_a_tick_of_which_the_append_fills_several_frames_is_whole(tmp_path: Path) -> None:
    """Its cursor is in another frame, so in another segment, than its end."""
    story = Story()
    tick = story.start_tick("s")
    story.end_tick(tick, *map(str, range(40_000)), cursor="c")
    home = Home.open(tmp_path, create=True)
    with closing(home.log()) as log:
        for append in story.appends:
            log.append(append, expected=None, recorded_at=append[-1].at, writer="engine:1")
        assert len(list(log.read())) > 3

        seal(home.history_path, log, 1)

        with opened(home.history_path, log) as history:
            told = rows(history, "SELECT cursor_after, requested FROM ticks")
            counted = rows(history, "SELECT count(*) FROM run_requests WHERE verdict = 'REQUESTED'")
    assert told == [("c", 40_000)]
    assert counted == [(40_000,)]


def test_since_previous_and_lag_are_counted_from_the_tick_before() -> None:
    log = log_of(
        [_defined(30.0), _started(100.0), _skipped(1, 101.0), _started(130.5), _skipped(3, 131.0)],
        [_defined(60.0), _started(130.0)],
    )

    with opened(None, log) as history:
        told = rows(history, "SELECT since_previous, lag, interval_seconds FROM ticks ORDER BY tick")

    # The last one began before the one before it: the clock was set back.
    assert told == [(None, None, 30.0), (30.5, 0.5, 30.0), (-0.5, -60.5, 60.0)]


def test_silence_is_told_with_its_reason() -> None:
    story = Story()
    story.define("s", interval=2.0)
    story.end_tick(story.start_tick("s"))
    for _ in range(20):
        story.materialize("x", None)
    story.end_tick(story.start_tick("s"))

    with opened(None, log_of(*story.appends)) as history:
        told = rows(
            history, "SELECT seconds, missed, stopped_by, ended_at IS NULL FROM silence ORDER BY began_at"
        )

    assert told[0] == (22.0, 10, None, False)
    assert told[1][3] is True


def test_a_tick_that_goes_on_has_ended_a_silence_and_one_that_was_woken_has_not() -> None:
    woken = msgspec.structs.replace(_started(500.0), cause=0)
    log = log_of([_defined(30.0), _started(100.0), _skipped(1, 101.0), _started(300.0)])
    with opened(None, log) as history:
        silence = "SELECT epoch(began_at), seconds FROM silence WHERE ended_at IS NOT NULL ORDER BY began_at"
        assert rows(history, silence) == [(100.0, 200.0)]

        log.append(
            [_skipped(3, 301.0), woken, _skipped(5, 501.0)], expected=4, recorded_at=1, writer="engine:1"
        )
        assert rows(history, silence) == [(100.0, 200.0)]


def _defined(interval: float) -> SensorDefined:
    return SensorDefined(
        at=0, sensor="s", kind="STANDARD", interval=interval, default_status="RUNNING", fingerprint="f"
    )


def _started(seconds: float) -> TickStarted:
    return TickStarted(at=int(seconds * 1e6), sensor="s", cursor=None, fingerprint="f", engine="e")


def _skipped(tick: int, seconds: float) -> TickSkipped:
    return TickSkipped(at=int(seconds * 1e6), tick=tick, sensor="s", reason=None, duration=0.1)
