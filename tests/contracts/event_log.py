"""What every `EventLog` promises. Subclass, provide `log` and `other`, and every promise runs against it."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread

import pytest

from ticktrail.core.errors import LogConflict, LogUnavailable
from ticktrail.core.events import AnyEvent, RunRequested, TickSkipped
from ticktrail.core.frames import FRAME_CAP
from ticktrail.core.lean_events import RequestedKey
from ticktrail.core.log import EventLog, Frame

#: Seconds after which a wake-up that did not come counts as never; far above any adapter's.
NEVER_S = 20.0


def skipped(number: int, *, reason: str | None = None) -> TickSkipped:
    """An event that can be told from others by *number*."""
    return TickSkipped(at=number, tick=number, sensor="inbox", reason=reason, duration=0.5)


def put(log: EventLog, events: Sequence[AnyEvent], *, expected: int | None = None) -> int:
    """Append with a time and a writer that the test does not care about."""
    return log.append(events, expected=expected, recorded_at=1_700_000_000_000_000, writer="test")


def events_of(log: EventLog, start: int = 0, stop: int | None = None) -> list[AnyEvent]:
    """All events of a range, after checking that the frames' offsets have no gaps."""
    events: list[AnyEvent] = []
    for frame in log.read(start, stop):
        assert frame.first_offset == start + len(events)
        events.extend(frame.events)
    return events


class EventLogReadingContract:
    """Promises to readers, whatever became of the log since; fixtures as of `EventLogContract`."""

    @pytest.mark.parametrize("start", range(8))
    @pytest.mark.parametrize("stop", [*range(8), None])
    def test_a_read_yields_the_events_of_its_range(self, log: EventLog, start: int, stop: int | None) -> None:
        for first, count in ((0, 1), (1, 3), (4, 2)):
            put(log, [skipped(n) for n in range(first, first + count)])

        assert events_of(log, start, stop) == [skipped(n) for n in range(6)[start:stop]]

    def test_frames_at_the_ends_of_a_range_are_cut_and_keep_their_number(self, log: EventLog) -> None:
        put(log, [skipped(n) for n in range(4)])
        put(log, [skipped(n) for n in range(4, 8)])

        frames = list(log.read(2, 5))

        assert [(f.number, f.first_offset, f.next_offset) for f in frames] == [(0, 2, 4), (1, 4, 5)]

    def test_any_offset_of_a_long_log_is_found_by_a_fresh_handle(
        self, log: EventLog, other: EventLog
    ) -> None:
        sizes = [1 + number % 4 for number in range(60)]
        for size in sizes:
            put(log, [skipped(log.head() + n) for n in range(size)])

        for start in (0, 1, 33, 74, 75, 76, 149, sum(sizes) - 1, sum(sizes), sum(sizes) + 1):
            assert events_of(other, start, start + 2) == [skipped(n) for n in range(start, sum(sizes))][:2]

    def test_what_a_reader_does_not_want_keeps_its_place(self, log: EventLog) -> None:
        asked = RunRequested(at=1, run="r", job="j", sensor="inbox", run_key="k", run_config={"a": [1]})
        put(log, [skipped(0), asked, skipped(1)])
        put(log, [asked])

        frames = list(log.read(wanted=frozenset([TickSkipped])))

        assert [(frame.first_offset, len(frame.events)) for frame in frames] == [(0, 3), (3, 1)]
        assert [e for frame in frames for e in frame.events if isinstance(e, TickSkipped)] == [
            skipped(0),
            skipped(1),
        ]

    def test_of_requests_a_reader_may_want_the_key_alone(self, log: EventLog) -> None:
        asked = RunRequested(at=1, run="r", job="j", tick=7, sensor="inbox", run_key="k", run_config={"a": 1})
        put(log, [skipped(0), asked])

        [frame] = log.read(wanted=frozenset([RequestedKey]))

        request = frame.events[1]
        assert isinstance(request, RunRequested | RequestedKey)
        assert (request.run, request.tick, request.sensor, request.run_key) == ("r", 7, "inbox", "k")

    def test_of_many_events_in_an_append_a_reader_gets_what_it_wants_from_anywhere(
        self, log: EventLog
    ) -> None:
        asked = [RunRequested(at=n, run=f"r{n}", job="j", sensor="inbox", run_key=f"k{n}") for n in range(90)]
        appended = [event for n in range(90) for event in (skipped(n), asked[n])]
        put(log, [skipped(-1)])
        put(log, appended)

        for start, stop in ((0, 181), (1, 181), (40, 121), (180, 181)):
            whole, lean = (
                list(log.read(start, stop)),
                list(log.read(start, stop, wanted=frozenset([TickSkipped]))),
            )
            assert [e for frame in whole for e in frame.events] == [skipped(-1), *appended][start:stop]
            assert [e for frame in lean for e in frame.events if isinstance(e, TickSkipped)] == [
                e for frame in whole for e in frame.events if isinstance(e, TickSkipped)
            ]
            assert [len(frame.events) for frame in lean] == [len(frame.events) for frame in whole]

    def test_a_reader_that_goes_on_where_it_ended_sees_every_event_once(
        self, log: EventLog, other: EventLog
    ) -> None:
        seen: list[AnyEvent] = []
        for round_ in range(5):
            put(log if round_ % 2 else other, [skipped(2 * round_), skipped(2 * round_ + 1)])
            seen += events_of(other, len(seen))

        assert seen == [skipped(n) for n in range(10)]

    def test_a_reader_stopped_early_leaves_the_log_usable(self, log: EventLog) -> None:
        for number in range(3):
            put(log, [skipped(number)])

        reader = log.read()
        first = next(reader)
        put(log, [skipped(3)])
        del reader

        assert list(first.events) == [skipped(0)]
        assert events_of(log, 1) == [skipped(1), skipped(2), skipped(3)]


class EventLogContract(EventLogReadingContract):
    """Promises of the port.

    Fixtures to provide: `log`, empty; `other`, a second handle on the same storage and partition, or
    the same object where there is no second way in.
    """

    # --- appending ----------------------------------------------------------------------------

    def test_an_empty_log_has_its_head_at_zero_and_no_frames(self, log: EventLog) -> None:
        assert log.head() == 0
        assert list(log.read()) == []

    def test_an_append_returns_the_offset_of_its_first_event(self, log: EventLog) -> None:
        offsets = [
            put(log, [skipped(0)], expected=0),
            put(log, [skipped(1), skipped(2)]),
            put(log, [skipped(3)]),
        ]

        assert offsets == [0, 1, 3]
        assert log.head() == 4

    def test_a_frame_says_who_wrote_it_and_when(self, log: EventLog) -> None:
        log.append([skipped(0)], expected=0, recorded_at=17, writer="cli:ann@host")

        assert list(log.read()) == [
            Frame(number=0, first_offset=0, recorded_at=17, writer="cli:ann@host", events=[skipped(0)])
        ]

    @pytest.mark.parametrize("expected", [0, 1, 3, 99])
    def test_an_append_that_expects_another_head_loses_and_writes_nothing(
        self, log: EventLog, expected: int
    ) -> None:
        put(log, [skipped(0), skipped(1)])

        with pytest.raises(LogConflict) as conflict:
            put(log, [skipped(7)], expected=expected)

        assert (conflict.value.expected, conflict.value.actual) == (expected, 2)
        assert events_of(log) == [skipped(0), skipped(1)]

    def test_an_append_loses_to_one_through_another_handle(self, log: EventLog, other: EventLog) -> None:
        put(log, [skipped(0)], expected=0)
        put(other, [skipped(1)], expected=1)

        with pytest.raises(LogConflict) as conflict:
            put(log, [skipped(9)], expected=1)

        assert conflict.value.actual == 2
        assert events_of(log) == [skipped(0), skipped(1)]

    def test_after_a_conflict_the_loser_can_append_at_the_actual_head(
        self, log: EventLog, other: EventLog
    ) -> None:
        put(other, [skipped(0)], expected=0)
        with pytest.raises(LogConflict) as conflict:
            put(log, [skipped(1)], expected=7)

        put(log, [skipped(1)], expected=conflict.value.actual)

        assert events_of(other) == [skipped(0), skipped(1)]

    def test_an_append_without_expectation_lands_after_another_handles(
        self, log: EventLog, other: EventLog
    ) -> None:
        put(log, [skipped(0)])
        put(other, [skipped(1), skipped(2)])

        assert put(log, [skipped(3)]) == 3

        assert events_of(other) == [skipped(n) for n in range(4)]

    def test_equal_appends_through_two_handles_are_two_appends(self, log: EventLog, other: EventLog) -> None:
        put(log, [skipped(0)])

        for handle in (other, log, other):
            put(handle, [skipped(0)])

        assert log.head() == 4

    def test_an_append_of_nothing_is_refused(self, log: EventLog) -> None:
        with pytest.raises(ValueError, match="at least one event"):
            put(log, [])

        assert log.head() == 0

    def test_appends_from_several_threads_lose_nothing(self, log: EventLog, other: EventLog) -> None:
        def write(handle: EventLog, first: int) -> None:
            for number in range(first, first + 20):
                put(handle, [skipped(number), skipped(number)])

        threads = [Thread(target=write, args=((log, other)[n % 2], n * 20)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        ticks = [event.tick for event in events_of(log) if isinstance(event, TickSkipped)]
        assert ticks[::2] == ticks[1::2], "events of one append stand together"
        assert sorted(ticks[::2]) == list(range(80))

    def test_of_two_threads_that_expect_the_same_head_one_wins(self, log: EventLog, other: EventLog) -> None:
        outcomes: list[str] = []

        def write(handle: EventLog) -> None:
            for expected in range(25):
                try:
                    put(handle, [skipped(expected)], expected=expected)
                    outcomes.append("won")
                except LogConflict as conflict:
                    assert conflict.actual > expected
                    outcomes.append("lost")

        threads = [Thread(target=write, args=(handle,)) for handle in (log, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(outcomes) == ["lost"] * 25 + ["won"] * 25
        assert events_of(log) == [skipped(n) for n in range(25)]

    def test_an_append_too_large_for_a_frame_is_whole_and_in_order(
        self, log: EventLog, other: EventLog
    ) -> None:
        big = [skipped(n, reason="x" * (FRAME_CAP // 10)) for n in range(35)]
        put(log, [skipped(99)])

        assert put(log, big, expected=1) == 1

        assert events_of(other, 1) == big
        assert put(other, [skipped(100)], expected=36) == 36

    def test_an_append_too_large_for_a_frame_writes_nothing_on_conflict(self, log: EventLog) -> None:
        put(log, [skipped(0)])

        with pytest.raises(LogConflict):
            put(log, [skipped(n, reason="x" * (FRAME_CAP // 2)) for n in range(5)], expected=0)

        assert events_of(log) == [skipped(0)]

    # --- waking -------------------------------------------------------------------------------

    def test_a_subscriber_is_woken_by_an_append_of_its_own_handle(self, log: EventLog) -> None:
        woken = Event()
        subscription = log.subscribe(woken.set)

        put(log, [skipped(0)])

        assert woken.wait(NEVER_S)
        subscription.close()

    def test_a_subscriber_is_woken_by_each_append_of_another_handle(
        self, log: EventLog, other: EventLog
    ) -> None:
        woken = Event()
        subscription = log.subscribe(woken.set)

        for number in range(3):
            woken.clear()
            put(other, [skipped(number)])
            assert woken.wait(NEVER_S), number

        subscription.close()

    def test_a_closed_subscription_is_not_woken_and_the_others_are(self, log: EventLog) -> None:
        closed, open_ = Event(), Event()
        ending, staying = log.subscribe(closed.set), log.subscribe(open_.set)
        ending.close()
        ending.close()

        put(log, [skipped(0)])

        assert open_.wait(NEVER_S)
        assert not closed.is_set()
        staying.close()

    def test_a_subscriber_may_close_its_subscription_when_it_is_woken(
        self, log: EventLog, other: EventLog
    ) -> None:
        ended = Event()

        def wake() -> None:
            subscription.close()
            ended.set()

        subscription = log.subscribe(wake)
        put(other, [skipped(0)])

        assert ended.wait(NEVER_S)

    def test_a_subscriber_that_raises_harms_neither_the_append_nor_the_others(
        self, log: EventLog, caplog: pytest.LogCaptureFixture
    ) -> None:
        woken = Event()

        def fail() -> None:
            raise RuntimeError("this subscriber is broken")

        subscriptions = [log.subscribe(fail), log.subscribe(woken.set)]

        assert put(log, [skipped(0)]) == 0

        assert woken.wait(NEVER_S)
        assert "this subscriber is broken" in caplog.text
        for subscription in subscriptions:
            subscription.close()

    # --- closing ------------------------------------------------------------------------------

    def test_a_log_can_be_closed_twice_and_says_that_it_is_closed(self, log: EventLog) -> None:
        put(log, [skipped(0)])
        log.close()
        log.close()

        for use in (log.head, lambda: put(log, [skipped(1)]), lambda: list(log.read())):
            with pytest.raises(LogUnavailable, match="closed: open it again"):
                use()

    def test_closing_ends_the_subscriptions(self, log: EventLog) -> None:
        subscription = log.subscribe(lambda: None)

        log.close()

        subscription.close()
        with pytest.raises(LogUnavailable, match="closed"):
            log.subscribe(lambda: None)
