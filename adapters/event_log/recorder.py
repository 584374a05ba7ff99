"""The event log over any ``ApplicationRecorder`` of eventsourcing: one frame is one `StoredEvent`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent

from ...core.errors import CorruptFrame, LogConflict, LogUnavailable, UnknownSchema
from ...core.events import AnyEvent
from ...core.frames import START, EncodedFrame, Link, decode_frame, encode_frames, place_frame
from ...core.log import Frame, Subscription
from .archive.archived_frames import ArchivedFrames
from .cutting import cut_frame
from .paging import FIRST_PAGE, next_page
from .wakeups import Wakeups

#: How many places in the log are remembered for finding an offset.
_REMEMBERED = 32


def originator_of(partition: str) -> UUID:
    """Return the id under which the frames of *partition* are stored."""
    return uuid5(NAMESPACE_URL, f"ticktrail:partition:{partition}")


class ShrinkingRecorder(ApplicationRecorder):
    """A recorder that can also let go of frames that are kept elsewhere."""

    @abstractmethod
    def delete_frames(self, originator_id: UUID, stop: int) -> None:
        """Delete the frames with a number below *stop* in one statement, but never the newest one."""

    @abstractmethod
    def give_back(self) -> None:
        """Give the room of what was deleted back, as far as the storage does that at all."""


class RecorderLog:
    """An `EventLog` on a recorder, with its older frames in an archive if they were moved there.

    A frame that is in both is the same in both. The newest one is never deleted from the recorder; so one
    that is in neither, although there are later ones, was archived since we looked there, or is lost.

    Readers go by frame number, which is gapless, and never by the recorder's notification ids: a
    frame that is committed late can not be passed over.

    Args:
        recorder: Where the frames are; its table exists.
        partition: The partition to append to and read from.
        driver_errors: Everything that the recorder's driver may raise.
        explain: Makes one of those errors a sentence: what is, what was expected, what to do.
        wakeups: Woken at each append.
        release: Releases the storage.
        archived: The frames that were moved out of the storage.
    """

    def __init__(
        self,
        recorder: ShrinkingRecorder,
        partition: str,
        *,
        driver_errors: tuple[type[Exception], ...],
        explain: Callable[[Exception], str],
        wakeups: Wakeups,
        release: Callable[[], None],
        archived: ArchivedFrames,
    ) -> None:
        self._recorder = recorder
        self._partition = partition
        self._originator = originator_of(partition)
        self._archived = archived
        self._driver_errors = driver_errors
        self._explain = explain
        self._wakeups = wakeups
        self._release = release
        self._closed = False
        self._appending = Lock()
        self._end: Link | None = None
        self._places: tuple[Link, ...] = (START,)

    @property
    def partition(self) -> str:
        """The name of the partition."""
        return self._partition

    def head(self) -> int:
        """Return the offset that the next event will get, asking the storage."""
        return self._find_end().offset

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        """Append *events*: all of them or none, durable when this returns. See `EventLog.append`."""
        if not events:
            raise ValueError("an append holds at least one event")
        with self._appending:
            first = self._append(events, expected, recorded_at, writer)
        self._wakeups.wake_all()
        return first

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        """Yield the frames that hold the events of a range, in order. See `EventLog.read`."""
        place = self._find_place(start)
        try:
            for frame, after in self._follow(place, wanted):
                if stop is not None and frame.first_offset >= stop:
                    return
                place = after
                if frame.next_offset > start:
                    yield cut_frame(frame, start, stop)
        finally:
            self._remember(place)

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Call *wake* soon after any append by anyone. See `EventLog.subscribe`."""
        with self._storage():
            return self._wakeups.subscribe(wake)

    def close(self) -> None:
        """Release the storage; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._wakeups.close()
            self._release()

    # --- for whoever archives -----------------------------------------------------------------

    @property
    def archived(self) -> ArchivedFrames:
        """The frames that were moved out of the storage."""
        return self._archived

    def stored_frames(self, number: int = 0) -> Iterator[EncodedFrame]:
        """Yield the frames from *number* on as they are stored, unchecked, the archived ones first.

        Raises:
            CorruptFrame: One is missing that should come first, or cannot be read from the archive.
        """
        for page in self._pages(number):
            yield from page

    def frames_in_storage(self, number: int = 0) -> Iterator[EncodedFrame]:
        """Yield the frames from *number* on that are in the storage, unchecked, archived or not."""
        limit = FIRST_PAGE
        while page := self._select(after=number - 1, limit=limit):
            yield from page
            number = page[-1].number + 1
            limit = next_page(page)

    def delete_frames(self, stop: int) -> None:
        """Delete the frames with a number below *stop* from the storage; the newest one stays in any case.

        It tells where the log ends, and readers that something is missing before it.
        """
        with self._storage():
            self._recorder.delete_frames(self._originator, stop)

    def give_back(self) -> None:
        """Give the room of deleted frames back, as far as the storage does that at all."""
        with self._storage():
            self._recorder.give_back()

    # --- appending ----------------------------------------------------------------------------

    def _append(self, events: Sequence[AnyEvent], expected: int | None, recorded_at: int, writer: str) -> int:
        end = self._end
        if end is None or (expected is not None and end.offset != expected):
            end = self._find_end()
        while True:
            if expected is not None and end.offset != expected:
                raise LogConflict(self._partition, expected=expected, actual=end.offset)
            frames, after = encode_frames(events, after=end, recorded_at=recorded_at, writer=writer)
            taken = self._insert(frames)
            if taken is None:
                self._end = after
                return end.offset
            found = self._find_end()
            if found.number <= end.number:
                raise self._unavailable(taken) from taken
            end = found

    def _insert(self, frames: list[EncodedFrame]) -> IntegrityError | None:
        """Store *frames*; the error if their first number is taken."""
        rows = [StoredEvent(self._originator, frame.number, frame.topic, frame.state) for frame in frames]
        try:
            with self._storage():
                try:
                    self._recorder.insert_events(rows)
                except IntegrityError as taken:
                    return taken
        except LogUnavailable as refused:
            self._settle(frames, refused)
        return None

    def _settle(self, frames: list[EncodedFrame], refused: LogUnavailable) -> None:
        """Find out whether an append was stored although the storage reported an error."""
        # A server that took over from the broken one may have less than we have seen.
        self._end = None
        try:
            stored = self._page(frames[0].number, limit=1)
        except LogUnavailable:
            if self._closed:
                raise refused from refused.__cause__
            raise LogUnavailable(
                f"{refused}; nor does it say whether the append was stored: "
                "read the end of the log before you append again"
            ) from refused.__cause__
        if stored[:1] != frames[:1]:
            raise refused

    def _find_end(self) -> Link:
        """Ask the storage where the log ends; reads a frame only if it is new to us."""
        known = self._end or START
        newest = self._select(after=known.number - 1, limit=1, newest_first=True)
        found = place_frame(newest[0], partition=self._partition)[1] if newest else known
        # A storage that was restored from an old copy may have less than was archived since.
        end = self._end = max(found, self._archived.end, key=_number)
        return end

    # --- reading ------------------------------------------------------------------------------

    def _follow(self, place: Link, wanted: frozenset[type] | None) -> Iterator[tuple[Frame, Link]]:
        """Yield all frames after *place*, each with the place after it."""
        for page in self._pages(place.number):
            for stored in page:
                frame, place = decode_frame(stored, partition=self._partition, after=place, wanted=wanted)
                yield frame, place
            self._remember(place)

    def _pages(self, number: int) -> Iterator[list[EncodedFrame]]:
        """Yield the stored frames from *number* on, some at a time."""
        limit = FIRST_PAGE
        while page := self._page(number, limit):
            yield page
            number = page[-1].number + 1
            if len(page) < limit and number > self._archived.end.number:
                return
            limit = next_page(page)

    def _page(self, number: int, limit: int) -> list[EncodedFrame]:
        """Return frame *number* and some that follow it, none at the head; what is after it if it is lost."""
        self._check_open()
        if archived := self._archived.frames_from(number):
            return archived
        stored = self._select(after=number - 1, limit=limit)
        if not stored or stored[0].number == number:
            return stored
        self._archived.refresh()
        if archived := self._archived.frames_from(number):
            return archived
        if number == self._archived.end.number:
            what = (
                f"it is missing, the next one stored is {stored[0].number}; if it was archived, "
                "then into another folder than this one's home has"
            )
            raise CorruptFrame(self._partition, frame=number, what=what)
        return stored

    def _find_place(self, start: int) -> Link:
        """Return the place before the frame that holds offset *start*.

        It is an earlier place if that frame can not be read, so that reading on from it reports
        the damage where it stands.
        """
        self._archived.refresh()
        archived = self._archived.place(start)
        if archived is not None:
            return archived
        places = (*self._places, self._archived.end, self._end or START)
        low = max((place for place in places if place.offset <= start), key=_number, default=START)
        if low.offset == start:
            return low
        beyond = [place.number for place in places if place.offset > start]
        first, stop = low.number, min(beyond) if beyond else self._newest_number() + 1
        while stop - first > 1:
            middle = (first + stop) // 2
            found = self._first_sound(middle, stop)
            if found is not None and found.offset <= start:
                low, first = found, found.number
            else:
                stop = middle
        self._remember(low)
        return low

    def _newest_number(self) -> int:
        newest = self._select(after=-1, limit=1, newest_first=True)
        return newest[0].number if newest else -1

    def _first_sound(self, number: int, stop: int) -> Link | None:
        """Return the place before the first readable frame from *number* up to before *stop*."""
        while number < stop:
            stored = self._select(after=number - 1, limit=1)
            if not stored or stored[0].number >= stop:
                return None
            try:
                return place_frame(stored[0], partition=self._partition)[0]
            except (CorruptFrame, UnknownSchema):
                number = stored[0].number + 1
        return None

    def _remember(self, place: Link) -> None:
        if place not in self._places and place.number >= self._archived.end.number:
            self._places = (*self._places[-_REMEMBERED:], place)

    # --- the edge to the driver ---------------------------------------------------------------

    def _select(self, *, after: int, limit: int, newest_first: bool = False) -> list[EncodedFrame]:
        """Return the frames in the storage with a number above *after*."""
        with self._storage():
            rows = self._recorder.select_events(self._originator, gt=after, desc=newest_first, limit=limit)
        return [EncodedFrame(number=r.originator_version, topic=r.topic, state=r.state) for r in rows]

    @contextmanager
    def _storage(self) -> Iterator[None]:
        self._check_open()
        try:
            yield
        except self._driver_errors as error:
            raise self._unavailable(error) from error

    def _check_open(self) -> None:
        if self._closed:
            raise LogUnavailable(f"the log of partition {self._partition!r} is closed: open it again")

    def _unavailable(self, error: Exception) -> LogUnavailable:
        return LogUnavailable(f"partition {self._partition!r}: {self._explain(error)}")


def _number(place: Link) -> int:
    return place.number
