"""A log that ends where another one was: the port's promises to readers, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from contracts.event_log import EventLogReadingContract, events_of, put, skipped
from ticktrail.adapters.event_log import MemoryEventLog, open_event_log
from ticktrail.adapters.event_log.prefix import PrefixLog
from ticktrail.adapters.past import NoSuchMoment, NoSuchPosition, log_at, log_until, recorded_until
from ticktrail.core.errors import LogUnavailable, ReadOnlyLog
from ticktrail.core.events import AnyEvent
from ticktrail.core.log import EventLog

#: What a log that goes on has beyond the prefix.
LATER = [skipped(number) for number in range(1_000_000, 1_000_003)]


class GoneOn(MemoryEventLog):
    """Takes appends, and is read as the prefix of a log that went on: in the last frame already, and after it.

    Args:
        build: Makes the log that goes on.
    """

    def __init__(self, build: Callable[[], EventLog]) -> None:
        super().__init__()
        self._build = build
        self._prefix: PrefixLog | None = None

    def append(self, events: Sequence[AnyEvent], **how: Any) -> int:
        self._prefix = None
        return super().append(events, **how)

    def read(self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None) -> Any:
        self._prefix = self._prefix or self._gone_on()
        return self._prefix.read(start, stop, wanted=wanted)

    def _gone_on(self) -> PrefixLog:
        whole, frames = self._build(), list(super().read())
        for frame in frames:
            last = frame.next_offset == self.head()
            events = [*frame.events, *LATER] if last else frame.events
            whole.append(events, expected=None, recorded_at=frame.recorded_at, writer=frame.writer)
        put(whole, LATER)
        return PrefixLog(whole, self.head())


class TestPrefixLog(EventLogReadingContract):
    """Seen to fail when `PrefixLog.read` passed *stop* on as it was, and when it ignored *start*."""

    @pytest.fixture(params=["memory", "sqlite"])
    def log(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
        opened: list[EventLog] = []

        def build() -> EventLog:
            log = (
                MemoryEventLog()
                if request.param == "memory"
                else open_event_log(tmp_path / f"log-{len(opened)}.sqlite")
            )
            opened.append(log)
            return log

        yield GoneOn(build)
        for log in opened:
            log.close()

    @pytest.fixture
    def other(self, log: EventLog) -> EventLog:
        return log


@pytest.fixture
def whole() -> MemoryEventLog:
    """Six events in two frames, recorded at 100 and 200."""
    log = MemoryEventLog()
    log.append([skipped(n) for n in range(4)], expected=0, recorded_at=100, writer="a")
    log.append([skipped(n) for n in range(4, 6)], expected=4, recorded_at=200, writer="b")
    return log


@pytest.mark.parametrize("end", range(7))
def test_it_ends_where_it_was_and_stays_there(whole: MemoryEventLog, end: int) -> None:
    past = log_until(whole, end)
    put(whole, LATER)

    assert past.head() == end
    assert events_of(past) == [skipped(n) for n in range(end)]
    assert past.partition == whole.partition


def test_a_range_beyond_its_end_holds_nothing(whole: MemoryEventLog) -> None:
    past = log_until(whole, 2)

    assert list(past.read(2)) == []
    assert list(past.read(3, 5)) == []


@pytest.mark.parametrize("expected", [None, 2, 6])
def test_it_takes_nothing_and_says_so(whole: MemoryEventLog, expected: int | None) -> None:
    """Seen to fail when `PrefixLog.append` passed on to the whole log."""
    with pytest.raises(
        ReadOnlyLog, match="as it was at position 2, so nothing was written: write to the log"
    ):
        put(log_until(whole, 2), [skipped(9)], expected=expected)

    assert whole.head() == 6


def test_nobody_is_woken_by_what_comes_later(whole: MemoryEventLog) -> None:
    woken = Event()
    subscription = log_until(whole, 6).subscribe(woken.set)

    put(whole, LATER)

    assert not woken.is_set()
    subscription.close()
    subscription.close()


def test_it_can_be_closed_twice_and_leaves_the_whole_log_open(whole: MemoryEventLog) -> None:
    past = log_until(whole, 2)
    past.close()
    past.close()

    uses: list[Callable[[], object]] = [
        past.head,
        lambda: list(past.read()),
        lambda: put(past, LATER),
        lambda: past.subscribe(lambda: None),
    ]
    for use in uses:
        with pytest.raises(LogUnavailable, match="closed: open it again"):
            use()
    assert whole.head() == 6


@pytest.mark.parametrize("position", [-1, 7, 10**30])
def test_a_position_where_the_log_never_was_is_refused(whole: MemoryEventLog, position: int) -> None:
    with pytest.raises(NoSuchPosition, match="it has 6 events: give a position from 0 to 6") as error:
        log_until(whole, position)

    assert (error.value.position, error.value.head) == (position, 6)


@pytest.mark.parametrize(("moment", "position"), [(100, 4), (101, 4), (199, 4), (200, 6), (10**6, 6)])
def test_a_moment_holds_all_that_was_recorded_at_it_or_before(
    whole: MemoryEventLog, moment: int, position: int
) -> None:
    """Seen to fail when `position_at` compared with ``<``."""
    assert log_at(whole, moment, now=10**6).head() == position


def test_where_clocks_disagree_nothing_that_was_recorded_in_time_is_missing(whole: MemoryEventLog) -> None:
    """Seen to fail when the search ended at the first frame that was recorded later."""
    whole.append([skipped(6)], expected=6, recorded_at=150, writer="c")

    assert log_at(whole, 160, now=10**6).head() == 7
    assert log_at(whole, 140, now=10**6).head() == 4


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("moment", [100, 150, 200])
def test_a_moment_is_found_however_far_back_it_is(
    whole: MemoryEventLog, moment: int, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail when a step back began one event too early."""
    expected = log_at(whole, moment, now=10**6).head()
    monkeypatch.setattr("ticktrail.adapters.past._STRIDE", stride)

    assert log_at(whole, moment, now=10**6).head() == expected


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        (
            99,
            r"1970-01-01T00:00:00.000099\+00:00: it begins at 1970-01-01T00:00:00.000100\+00:00; give a later",
        ),
        (301, r"it is to come, now is 1970-01-01T00:00:00.000300\+00:00; give an earlier time"),
    ],
)
def test_a_moment_that_the_log_cannot_know_is_refused(whole: MemoryEventLog, moment: int, why: str) -> None:
    with pytest.raises(NoSuchMoment, match=why):
        log_at(whole, moment, now=300)


def test_a_log_without_events_knows_no_moment_and_one_position() -> None:
    log = MemoryEventLog()

    with pytest.raises(NoSuchMoment, match="it has no events yet; give a later time, or position 0"):
        log_at(log, 5, now=300)
    assert log_until(log, 0).head() == 0


def test_it_is_known_when_the_last_event_was_recorded(whole: MemoryEventLog) -> None:
    assert [recorded_until(log_until(whole, end)) for end in (0, 1, 4, 5, 6)] == [None, 100, 100, 200, 200]
