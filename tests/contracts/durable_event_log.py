"""What an `EventLog` promises whose storage outlives the process and is shared with others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from typing import Protocol

import msgspec
import pytest

from contracts.event_log import EventLogContract, events_of, put, skipped
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.errors import CorruptFrame, LogConflict, UnknownSchema
from ticktrail.core.events import TickSkipped
from ticktrail.core.frames import EncodedFrame, decode_frame, encode_frames
from ticktrail.core.log import EventLog

#: Appends events until it is killed or has appended enough, and says after each that it is durable.
WRITER = """
import sys
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import TickSkipped

url, partition, name, first, count = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
log = open_event_log(url, partition)
for number in range(first, first + count):
    event = TickSkipped(at=number, tick=number, sensor=name, reason=None, duration=0.5)
    offset = log.append([event, event], expected=None, recorded_at=number, writer=name)
    print(offset, number, flush=True)
log.close()
"""


class RawFrames(Protocol):
    """The stored rows of one partition, past the log: for doing damage."""

    def load(self, number: int) -> EncodedFrame: ...

    def replace(self, number: int, *, topic: str | None = None, state: bytes | None = None) -> None: ...

    def delete(self, number: int) -> None: ...

    def inserting(self, frame: EncodedFrame) -> AbstractContextManager[Callable[[], None]]:
        """Insert in a transaction that stays open until the function that is given is called."""


def writer(url: str, partition: str, name: str, first: int, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, url, partition, name, str(first), str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def acknowledged(process: subprocess.Popen[str]) -> Iterator[tuple[int, int]]:
    """Yield the (offset, number) pairs that a writer has announced."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            if line.endswith("\n"):
                offset, number = map(int, line.split())
                yield offset, number


class SharedEventLogContract(EventLogContract):
    """Promises beyond the process.

    Fixtures to provide: `url`, for `open_event_log`; `partition`.
    """

    @pytest.fixture
    def archive(self) -> Path | None:
        """Folder of the log's archive."""
        return None

    @pytest.fixture
    def log(self, url: str, partition: str, archive: Path | None) -> Iterator[EventLog]:
        log = open_event_log(url, partition, archive=archive)
        yield log
        log.close()

    @pytest.fixture
    def other(self, url: str, partition: str, archive: Path | None) -> Iterator[EventLog]:
        log = open_event_log(url, partition, archive=archive)
        yield log
        log.close()

    # --- other processes, and the end of one --------------------------------------------------

    def test_a_reopened_log_holds_what_was_appended(
        self, url: str, partition: str, archive: Path | None, log: EventLog
    ) -> None:
        put(log, [skipped(0), skipped(1)])
        log.close()

        reopened = open_event_log(url, partition, archive=archive)

        assert events_of(reopened) == [skipped(0), skipped(1)]
        assert put(reopened, [skipped(2)], expected=2) == 2
        reopened.close()

    def test_partitions_do_not_see_each_other(
        self, url: str, partition: str, archive: Path | None, log: EventLog
    ) -> None:
        elsewhere = open_event_log(url, f"{partition}-elsewhere", archive=archive)
        put(log, [skipped(0), skipped(1)])

        assert elsewhere.head() == 0
        assert put(elsewhere, [skipped(9)], expected=0) == 0
        assert events_of(elsewhere) == [skipped(9)]
        assert events_of(log) == [skipped(0), skipped(1)]
        elsewhere.close()

    def test_two_processes_that_append_at_once_lose_and_double_nothing(
        self, url: str, partition: str, log: EventLog
    ) -> None:
        writers = [writer(url, partition, name, first=0, count=40) for name in ("left", "right")]
        outputs = [dict(acknowledged(process)) for process in writers]
        assert [process.wait() for process in writers] == [0, 0]

        stored = events_of(log)

        assert len(stored) == 160
        for name, offsets in zip(("left", "right"), outputs, strict=True):
            own = [event.tick for event in stored if isinstance(event, TickSkipped) and event.sensor == name]
            assert own == [number for number in range(40) for _ in range(2)]
            for offset, number in offsets.items():
                event = skipped(number)
                assert stored[offset : offset + 2] == [msgspec.structs.replace(event, sensor=name)] * 2

    def test_a_writer_killed_at_any_moment_leaves_all_it_acknowledged_and_no_half_append(
        self, url: str, partition: str, log: EventLog
    ) -> None:
        done: dict[int, int] = {}
        for kill_after in (1, 7, 25):
            process = writer(url, partition, "inbox", first=len(done) * 100, count=100_000)
            for answers, (offset, number) in enumerate(acknowledged(process), start=1):
                done[offset] = number
                if answers == kill_after:
                    os.kill(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL

        stored = events_of(log)

        assert {offset: stored[offset].at for offset in done} == done
        assert stored[::2] == stored[1::2]
        assert put(log, [skipped(1)], expected=len(stored)) == len(stored)


class DurableEventLogContract(SharedEventLogContract):
    """Promises about what is stored; fixtures to provide as well: `raw`."""

    @pytest.fixture
    def three(self, log: EventLog) -> EventLog:
        """A log of three frames, the middle one with two events."""
        for events in ([skipped(0)], [skipped(1), skipped(2)], [skipped(3)]):
            put(log, events)
        return log

    # --- a transaction that commits late ------------------------------------------------------

    def test_a_frame_that_commits_late_is_not_passed_over(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        _, end = decode_frame(raw.load(2), partition=three.partition, after=None)
        (late,), _ = encode_frames([skipped(4)], after=end, recorded_at=1, writer="slow")

        with raw.inserting(late) as commit:
            overtaking = Thread(target=put, args=(three, [skipped(5)]))
            overtaking.start()
            seen = [*events_of(three), *events_of(other, 4)]
            assert seen == [skipped(n) for n in range(4)]
            commit()
            overtaking.join()
        seen += events_of(other, len(seen))

        assert seen == [skipped(n) for n in range(6)]

    def test_an_append_that_loses_to_a_late_commit_writes_nothing(
        self, three: EventLog, raw: RawFrames
    ) -> None:
        _, end = decode_frame(raw.load(2), partition=three.partition, after=None)
        (late,), _ = encode_frames([skipped(4)], after=end, recorded_at=1, writer="slow")
        conflicts: list[LogConflict] = []

        def lose() -> None:
            try:
                put(three, [skipped(9)], expected=4)
            except LogConflict as conflict:
                conflicts.append(conflict)

        with raw.inserting(late) as commit:
            losing = Thread(target=lose)
            losing.start()
            commit()
            losing.join()

        assert [conflict.actual for conflict in conflicts] == [5]
        assert events_of(three) == [skipped(n) for n in range(5)]

    # --- damage and newer releases ------------------------------------------------------------

    def test_a_truncated_frame_is_reported_after_the_frames_before_it(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.replace(1, state=raw.load(1).state[:-3])

        self.assert_readable_until((three, other), 1, "do not match their checksum")

    def test_a_frame_truncated_to_nothing_is_reported(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.replace(2, state=b"\x01\x02")

        self.assert_readable_until((three, other), 2, "truncated to 2 bytes")

    @pytest.mark.parametrize("place", [0, 15, 16, -1])
    def test_a_flipped_bit_is_reported_with_its_frame(
        self, three: EventLog, other: EventLog, raw: RawFrames, place: int
    ) -> None:
        state = bytearray(raw.load(1).state)
        state[place] ^= 0b100
        raw.replace(1, state=bytes(state))

        self.assert_readable_until((three, other), 1, "do not match their checksum")

    def test_a_deleted_frame_is_reported_as_missing(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.delete(1)

        self.assert_readable_until((three, other), 1, "it is missing, the next one stored is 2")

    def test_a_deleted_first_frame_is_reported_as_missing(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.delete(0)

        self.assert_readable_until((three, other), 0, "it is missing, the next one stored is 1")

    def test_a_frame_replaced_by_a_sound_one_is_noticed_by_its_successor(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        _, before = decode_frame(raw.load(0), partition=three.partition, after=None)
        (forged,), _ = encode_frames([skipped(8), skipped(9)], after=before, recorded_at=1, writer="forger")
        raw.replace(1, state=forged.state)

        self.assert_readable_until((three, other), 2, "written after another frame", ticks=[0, 8, 9])

    def test_frames_after_a_damaged_one_can_be_read(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.replace(1, state=b"\x00" * 40)

        assert events_of(other, 3) == [skipped(3)]

    def test_an_unknown_topic_is_named(self, three: EventLog, raw: RawFrames) -> None:
        raw.replace(1, topic="ticktrail.frame.holograms.3")

        self.assert_unknown(three, "'ticktrail.frame.holograms.3'")

    def test_a_newer_catalogue_is_named(self, three: EventLog, raw: RawFrames) -> None:
        raw.replace(1, state=forge(raw.load(1), catalogue=7))

        self.assert_unknown(three, "schema catalogue 7")

    def test_a_newer_catalogue_with_events_of_other_shape_is_named(
        self, three: EventLog, raw: RawFrames
    ) -> None:
        raw.replace(1, state=forge(raw.load(1), catalogue=7, events=[["not", "ours"], 5]))

        self.assert_unknown(three, "schema catalogue 7")

    def test_an_unknown_event_tag_is_named(self, three: EventLog, raw: RawFrames) -> None:
        raw.replace(1, state=forge(raw.load(1), events=[[4711, 1, 2, 3]]))

        self.assert_unknown(three, "schema catalogue 1 with event tag 4711")

    def test_an_older_release_does_not_append_after_a_newer_ones_frame(
        self, three: EventLog, other: EventLog, raw: RawFrames
    ) -> None:
        raw.replace(2, state=forge(raw.load(2), catalogue=7))

        with pytest.raises(UnknownSchema, match="schema catalogue 7"):
            put(other, [skipped(4)])

    # --- helpers ------------------------------------------------------------------------------

    def assert_readable_until(
        self, handles: Sequence[EventLog], frame: int, what: str, ticks: Sequence[int] = range(4)
    ) -> None:
        """The log can be read up to before *frame*, by one that wrote it and by one that did not."""
        expected = [skipped(tick) for tick in ticks]
        for log in handles:
            read = log.read()
            seen = []
            with pytest.raises(CorruptFrame, match=what) as corrupt:
                for found in read:
                    seen.append(found.number)
                    assert list(found.events) == expected[found.first_offset : found.next_offset]
            assert corrupt.value.frame == frame
            assert f"frame {frame} of partition {log.partition!r}" in str(corrupt.value)
            assert seen == list(range(frame))

    def assert_unknown(self, log: EventLog, schema: str) -> None:
        read = log.read()
        assert list(next(read).events) == [skipped(0)]
        with pytest.raises(UnknownSchema) as unknown:
            next(read)
        assert unknown.value.frame == 1
        assert schema in str(unknown.value)
        assert "upgrade to read it" in str(unknown.value)


def forge(frame: EncodedFrame, *, catalogue: int | None = None, events: object = None) -> bytes:
    """The frame's bytes with other content and the right checksum: as another release would write it."""
    fields = msgspec.msgpack.decode(frame.state[16:])
    if catalogue is not None:
        fields[3] = catalogue
    if events is not None:
        fields[5] = events
    body = msgspec.msgpack.encode(fields)
    return blake2b(body, digest_size=16).digest() + body
