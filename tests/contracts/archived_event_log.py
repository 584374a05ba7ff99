"""What an `EventLog` promises whose older frames are moved into an archive all the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock, Thread

import pytest

from contracts.durable_event_log import RawFrames, SharedEventLogContract, acknowledged, writer
from contracts.event_log import events_of, put, skipped
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.archive import archiver
from ticktrail.adapters.event_log.archive.archiver import Archiver, Moved, NotArchived
from ticktrail.adapters.event_log.recorder import RecorderLog
from ticktrail.core.errors import CorruptFrame, DamagedArchive, LogConflict
from ticktrail.core.events import AnyEvent, TickSkipped
from ticktrail.core.log import EventLog, Frame, Subscription

#: Beyond any event of these tests.
ALL = 10**9


def move(log: RecorderLog, position: int = ALL) -> Moved:
    """Archive with a time and an operator that the test does not care about."""
    return Archiver(log, lambda: None).run(position, at=1_700_000_000_000_000, by="ann@host")


def in_storage(log: RecorderLog) -> list[int]:
    """The numbers of the frames that are not, or not only, in the archive."""
    return [frame.number for frame in log.frames_in_storage()]


class ArchivingLog:
    """An `EventLog` on another one, whose frames are archived after each append and before each reading."""

    def __init__(self, log: RecorderLog) -> None:
        self._log = log
        self._one = Lock()

    @property
    def partition(self) -> str:
        return self._log.partition

    def head(self) -> int:
        return self._log.head()

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        first = self._log.append(events, expected=expected, recorded_at=recorded_at, writer=writer)
        self._archive()
        return first

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        self._archive()
        return self._log.read(start, stop, wanted=wanted)

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        return self._log.subscribe(wake)

    def close(self) -> None:
        self._log.close()

    def _archive(self) -> None:
        with self._one:
            move(self._log)


class ArchivedEventLogContract(SharedEventLogContract):
    """All promises of an `EventLog` of which everything but the newest frame is archived at any time.

    `other` is a handle that learns of the archive by looking. Fixtures to provide as well: `raw`.
    """

    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path | None:
        return tmp_path / "archive"

    @pytest.fixture
    def log(self, plain: RecorderLog) -> EventLog:
        return ArchivingLog(plain)

    @pytest.fixture
    def plain(self, url: str, partition: str, archive: Path) -> Iterator[RecorderLog]:
        """A log on which only the test archives."""
        log = open_event_log(url, partition, archive=archive)
        yield log
        log.close()

    @pytest.fixture
    def ten(self, plain: RecorderLog) -> RecorderLog:
        """A log with ten frames of two events each."""
        for number in range(0, 20, 2):
            put(plain, [skipped(number), skipped(number + 1)])
        return plain

    # --- moving -------------------------------------------------------------------------------

    def test_archived_frames_are_byte_for_byte_what_was_stored(self, ten: RecorderLog) -> None:
        before = list(ten.stored_frames())

        moved = move(ten)

        assert (moved.frames, moved.events, moved.segments) == (9, 18, 1)
        assert moved.frame_bytes == sum(len(frame.state) for frame in before[:-1])
        assert list(ten.stored_frames()) == before
        assert in_storage(ten) == [9]

    def test_archiving_twice_is_archiving_once(self, ten: RecorderLog, archive: Path) -> None:
        move(ten)
        files = {file: file.read_bytes() for file in archive.rglob("*") if file.is_file()}

        assert move(ten) == Moved()

        assert {file: file.read_bytes() for file in archive.rglob("*") if file.is_file()} == files

    @pytest.mark.parametrize(("position", "frames"), [(0, 0), (1, 0), (2, 1), (7, 3), (18, 9), (19, 9)])
    def test_frames_with_events_from_the_position_on_stay(
        self, ten: RecorderLog, position: int, frames: int
    ) -> None:
        planned = Archiver(ten, lambda: None).plan(position)

        moved = move(ten, position)

        assert moved.frames == planned.frames == frames
        assert (moved.events, moved.frame_bytes) == (planned.events, planned.frame_bytes)
        assert in_storage(ten) == list(range(frames, 10))

    def test_a_plan_moves_nothing(self, ten: RecorderLog, archive: Path) -> None:
        assert Archiver(ten, lambda: None).plan(ALL).frames == 9

        assert in_storage(ten) == list(range(10))
        assert not archive.exists()

    def test_a_log_of_one_frame_keeps_it(self, plain: RecorderLog) -> None:
        put(plain, [skipped(0)])

        assert move(plain) == Moved()

        assert in_storage(plain) == [0]

    def test_the_newest_frame_is_never_deleted_from_the_storage(self, ten: RecorderLog) -> None:
        ten.delete_frames(1_000)

        assert in_storage(ten) == [9]

    def test_much_becomes_several_segments(
        self, ten: RecorderLog, archive: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archiver, "SEGMENT", 300)
        before = list(ten.stored_frames())

        moved = move(ten)

        assert moved.segments > 2
        assert len(list(archive.rglob("*.frames"))) == moved.segments
        assert list(ten.stored_frames()) == before
        for start in range(21):
            assert events_of(ten, start) == [skipped(n) for n in range(start, 20)]

    def test_of_several_partitions_one_is_archived(
        self, url: str, partition: str, archive: Path, ten: RecorderLog
    ) -> None:
        other = open_event_log(url, f"{partition}/../other", archive=archive)
        put(other, [skipped(0)])
        put(other, [skipped(1)])

        move(ten)
        assert in_storage(other) == [0, 1]
        move(other)

        assert (in_storage(ten), in_storage(other)) == ([9], [1])
        assert len(list(archive.iterdir())) == 2
        other.close()

    # --- others at the same time --------------------------------------------------------------

    def test_a_reader_in_the_middle_sees_no_gap_when_all_is_archived(
        self, plain: RecorderLog, url: str, partition: str, archive: Path
    ) -> None:
        for number in range(100):
            put(plain, [skipped(number)])
        reader = open_event_log(url, partition, archive=archive)
        reading = reader.read()
        seen = [event for _ in range(10) for event in next(reading).events]

        move(plain, 60)
        seen += [event for _ in range(40) for event in next(reading).events]
        move(plain)
        seen += [event for frame in reading for event in frame.events]

        assert seen == [skipped(number) for number in range(100)]
        reader.close()

    def test_an_appender_goes_on_where_it_was(self, ten: RecorderLog, other: EventLog) -> None:
        put(other, [skipped(20)], expected=20)
        move(ten)

        assert put(other, [skipped(21)], expected=21) == 21
        assert put(ten, [skipped(22)], expected=22) == 22

        assert events_of(other) == [skipped(number) for number in range(23)]
        assert in_storage(ten) == [10, 11, 12]

    @pytest.mark.parametrize("expected", [None, 20])
    def test_a_writer_that_knows_an_earlier_end_takes_no_number_of_an_archived_frame(
        self, ten: RecorderLog, other: EventLog, expected: int | None
    ) -> None:
        """Its number is free in the storage: nothing but the newest frame is there."""
        assert other.head() == 20
        for number in (20, 21, 22):
            put(ten, [skipped(number)])
        move(ten)

        if expected is None:
            assert put(other, [skipped(23)]) == 23
        else:
            with pytest.raises(LogConflict) as conflict:
                put(other, [skipped(99)], expected=expected)
            assert conflict.value.actual == 23

        assert events_of(ten) == [skipped(number) for number in range(23 + (expected is None))]

    def test_a_process_that_appends_while_others_archive_and_read_loses_nothing(
        self, plain: RecorderLog, url: str, partition: str, archive: Path
    ) -> None:
        process = writer(url, partition, "inbox", first=0, count=300)
        failures: list[BaseException] = []

        def read() -> None:
            reader = open_event_log(url, partition, archive=archive)
            try:
                while process.poll() is None:
                    ticks = [event.at for event in events_of(reader)]
                    assert ticks == [number for number in range(len(ticks) // 2) for _ in range(2)]
            except (AssertionError, CorruptFrame) as error:
                failures.append(error)
            finally:
                reader.close()

        reading = Thread(target=read)
        reading.start()
        answers = acknowledged(process)
        for _ in zip(range(300), answers, strict=False):
            move(plain)
        reading.join()

        assert process.wait() == 0
        assert failures == []
        stored = [event for event in events_of(plain) if isinstance(event, TickSkipped)]
        assert stored[::2] == stored[1::2]
        assert [event.tick for event in stored[::2]] == list(range(300))
        assert plain.archived.end.number > 100

    # --- what crashes, other homes and old copies leave ---------------------------------------

    def test_frames_in_both_places_are_read_once_and_deleted_by_the_next_archiver(
        self, ten: RecorderLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = list(ten.stored_frames())
        with monkeypatch.context() as crashing:
            crashing.setattr(ten, "delete_frames", lambda stop: None)
            move(ten)
        assert in_storage(ten) == list(range(10))

        assert list(ten.stored_frames()) == before
        assert move(ten) == Moved()

        assert in_storage(ten) == [9]
        assert list(ten.stored_frames()) == before

    def test_a_frame_that_differs_from_its_archived_copy_is_not_deleted(
        self, ten: RecorderLog, raw: RawFrames, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as crashing:
            crashing.setattr(ten, "delete_frames", lambda stop: None)
            move(ten)
        raw.replace(4, topic="another")

        with pytest.raises(NotArchived, match=r"frame 4 in .* is not the one in the log's storage"):
            move(ten)

        assert in_storage(ten) == list(range(10))

    def test_a_damaged_frame_is_not_archived(self, ten: RecorderLog, raw: RawFrames) -> None:
        raw.replace(4, state=raw.load(4).state[:-1])

        with pytest.raises(CorruptFrame, match="frame 4 of partition"):
            move(ten)

        assert in_storage(ten) == list(range(10))

    def test_a_log_that_was_opened_without_its_archive_says_so(
        self, ten: RecorderLog, url: str, partition: str, tmp_path: Path
    ) -> None:
        move(ten, 8)

        for archive in (None, tmp_path / "other home"):
            log = open_event_log(url, partition, archive=archive)
            assert log.head() == 20
            assert events_of(log, 8) == [skipped(number) for number in range(8, 20)]
            with pytest.raises(CorruptFrame, match="the next one stored is 4; if it was archived, then into"):
                list(log.read())
            log.close()

    def test_the_archive_of_another_home_is_not_gone_on_with(
        self, ten: RecorderLog, url: str, partition: str, tmp_path: Path
    ) -> None:
        move(ten, 8)
        elsewhere = open_event_log(url, partition, archive=tmp_path / "other home")

        with pytest.raises(CorruptFrame, match="if it was archived, then into another folder"):
            move(elsewhere)

        assert in_storage(ten) == list(range(4, 10))
        elsewhere.close()

    def test_a_storage_restored_from_an_old_copy_goes_on_after_the_archive(
        self, ten: RecorderLog, url: str, partition: str, archive: Path, raw: RawFrames
    ) -> None:
        old = [raw.load(number) for number in range(5)]
        move(ten)
        raw.delete(9)
        for frame in old:
            with raw.inserting(frame) as commit:
                commit()

        restored = open_event_log(url, partition, archive=archive)

        assert restored.head() == 18
        assert put(restored, [skipped(18)], expected=18) == 18
        assert events_of(restored) == [skipped(number) for number in range(19)]
        move(restored)
        assert in_storage(restored) == [9]
        assert events_of(restored) == [skipped(number) for number in range(19)]
        restored.close()

    # --- damage -------------------------------------------------------------------------------

    @pytest.mark.parametrize("place", [0.1, 0.5, 0.8, -1])
    def test_a_flipped_bit_in_a_segment_is_reported_with_its_file(
        self, ten: RecorderLog, other: EventLog, archive: Path, place: float
    ) -> None:
        [segment] = self.two_segments(ten, archive)[1:]
        content = bytearray(segment.read_bytes())
        content[place if isinstance(place, int) else int(place * len(content))] ^= 0b100
        segment.write_bytes(bytes(content))

        self.assert_unreadable(ten, other, segment)

    def test_a_truncated_segment_is_reported(self, ten: RecorderLog, other: EventLog, archive: Path) -> None:
        [segment] = self.two_segments(ten, archive)[1:]
        segment.write_bytes(segment.read_bytes()[:-1])

        self.assert_unreadable(ten, other, segment)

    def test_a_missing_segment_is_reported(self, ten: RecorderLog, other: EventLog, archive: Path) -> None:
        [segment] = self.two_segments(ten, archive)[1:]
        segment.unlink()

        self.assert_unreadable(ten, other, segment)

    def test_what_is_appended_is_not_held_up_by_damage(self, ten: RecorderLog, archive: Path) -> None:
        [segment] = self.two_segments(ten, archive)[1:]
        segment.unlink()

        assert put(ten, [skipped(20)], expected=20) == 20
        assert events_of(ten, 18) == [skipped(18), skipped(19), skipped(20)]

    def two_segments(self, log: RecorderLog, archive: Path) -> list[Path]:
        """Archive frames 0 to 3 and 4 to 8."""
        move(log, 8)
        move(log)
        return sorted(archive.rglob("*.frames"))

    def assert_unreadable(self, writer: RecorderLog, reader: EventLog, segment: Path) -> None:
        """The log can be read but for frames 4 to 8, for which the segment is named."""
        # A handle keeps what it knows of the segment that it read last; another one has to have been read.
        for log in (writer, reader):
            seen = []
            with pytest.raises(DamagedArchive, match="put that file back from a copy of the home") as damage:
                for frame in log.read():
                    seen.append(frame.number)
            assert damage.value.frame == 4
            assert str(segment) in str(damage.value)
            assert seen == [0, 1, 2, 3]
            for start in (9, 17):
                with pytest.raises(DamagedArchive):
                    list(log.read(start))
            assert events_of(log, 18) == [skipped(18), skipped(19)]
            assert log.head() == 20
