"""Slices: one sensor's past as a file that replay and backtest take on another machine.

::

    "ttslice1"
    blocks, each its length (4 bytes, little endian) and that many bytes: zlib of msgpack
        the first: `SliceInfo`
        the others: a list of (offset, event)
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from ..core.errors import ReadOnlyLog, TickTrailError
from ..core.events import (
    AnyEvent,
    BlobStored,
    DynamicPartitionsChanged,
    RunCanceled,
    RunFailed,
    RunRequested,
    RunSucceeded,
    TapeRecorded,
    TickStarted,
)
from ..core.log import EventLog, Frame, Subscription
from .event_log.wakeups import Wakeups

_MAGIC = b"ttslice1"
_LENGTH = struct.Struct("<I")

#: Events in a block.
_BLOCK = 5_000

Rows = list[tuple[int, AnyEvent]]


class NotASlice(TickTrailError):
    """The file is no slice, or a damaged one."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is no slice that can be used: {why}; make one with `ticktrail slice SENSOR -o FILE`"
        )


class SliceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a slice is of.

    Attributes:
        sensor: The sensor's name.
        partition: The log's.
        head: Where the log ended.
        made_at: UTC, microseconds since the epoch.
        code: Text of the file with the sensor's definitions, None if they were not in one file.
    """

    sensor: str
    partition: str
    head: int
    made_at: int
    code: str | None = None


def write_slice(
    log: EventLog,
    path: Path,
    info: SliceInfo,
    *,
    since: int,
    until: int,
    frames: Iterator[Frame] | None = None,
) -> int:
    """Write the past of a sensor; tapes are taken along of ticks that started from *since* up to before *until*.

    What makes the state on which those ticks were decided is taken along as well, from the log's beginning.

    Args:
        since, until: UTC, microseconds since the epoch.
        frames: The whole log, if somebody watches it being read.

    Returns:
        How many ticks have what they read with them.
    """
    digests, ticks = _needed(log, info.sensor, since, until)
    written = path.with_name(f"{path.name}.unfinished")
    with open(written, "wb") as file:
        file.write(_MAGIC)
        _write(file, info)
        rows = Rows()
        for row in _rows(log.read() if frames is None else frames, info.sensor, digests, ticks):
            rows.append(row)
            if len(rows) >= _BLOCK:
                _write(file, rows)
                rows = []
        _write(file, rows)
    written.replace(path)
    return len(ticks)


def _needed(log: EventLog, sensor: str, since: int, until: int) -> tuple[set[bytes], set[int]]:
    """Return the blobs that the chosen ticks name, and these ticks."""
    digests, ticks = set[bytes](), set[int]()
    for frame in log.read(wanted=frozenset((TickStarted, TapeRecorded))):
        for offset, event in enumerate(frame.events, frame.first_offset):
            if isinstance(event, TickStarted) and event.sensor == sensor and since <= event.at < until:
                ticks.add(offset)
            elif isinstance(event, TapeRecorded) and event.tick in ticks:
                digests.update(event.stored.values())
    return digests, ticks


def _rows(
    frames: Iterator[Frame], sensor: str, digests: set[bytes], ticks: set[int]
) -> Iterator[tuple[int, AnyEvent]]:
    asked = set[str]()
    for frame in frames:
        for offset, event in enumerate(frame.events, frame.first_offset):
            if isinstance(event, BlobStored):
                if event.digest in digests:
                    yield offset, event
            elif isinstance(event, RunSucceeded | RunFailed | RunCanceled):
                if event.run in asked:
                    asked.discard(event.run)
                    # A run key policy asks which runs have failed, no more.
                    if isinstance(event, RunFailed):
                        yield offset, msgspec.structs.replace(event, traceback=None)
            elif isinstance(event, TickStarted) and event.sensor == sensor and offset not in ticks:
                # Its tape stays, so that it is no tick that read nothing.
                yield offset, msgspec.structs.replace(event, recorded=False)
            elif isinstance(event, DynamicPartitionsChanged) or (
                getattr(event, "sensor", None) == sensor
                and not (isinstance(event, TapeRecorded) and event.tick not in ticks)
            ):
                if isinstance(event, RunRequested) and event.run_key:
                    asked.add(event.run)
                yield offset, event


def _write(file: IO[bytes], content: Any) -> None:
    block = zlib.compress(msgspec.msgpack.encode(content))
    file.write(_LENGTH.pack(len(block)) + block)


class SliceLog:
    """The events of a slice at the offsets that they had, as a log that nobody appends to; the others are left out.

    Attributes:
        info: What it is of.

    Raises:
        NotASlice: The file is none.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._wakeups = path, Wakeups()
        blocks = self._blocks()
        try:
            self.info = msgspec.msgpack.decode(next(blocks), type=SliceInfo)
            self._rows = [row for block in blocks for row in msgspec.msgpack.decode(block, type=Rows)]
        except (msgspec.MsgspecError, StopIteration) as error:
            raise NotASlice(path, f"its content is damaged ({error})") from error
        self._offsets = [offset for offset, _ in self._rows]

    def _blocks(self) -> Iterator[bytes]:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise NotASlice(self._path, (error.strerror or str(error)).lower()) from error
        if content[: len(_MAGIC)] != _MAGIC:
            raise NotASlice(self._path, "it does not begin as one")
        place = len(_MAGIC)
        while place < len(content):
            try:
                [length] = _LENGTH.unpack_from(content, place)
                block = content[place + _LENGTH.size : place + _LENGTH.size + length]
                yield zlib.decompress(block)
            except (struct.error, zlib.error) as error:
                raise NotASlice(self._path, f"it is damaged or cut at byte {place}") from error
            place += _LENGTH.size + length

    @property
    def partition(self) -> str:
        """The name of the partition that it is of."""
        return self.info.partition

    def head(self) -> int:
        """Return the offset after its last event."""
        return self._offsets[-1] + 1 if self._offsets else 0

    def append(
        self, events: Sequence[AnyEvent], *, expected: int | None, recorded_at: int, writer: str
    ) -> int:
        """Refuse.

        Raises:
            ReadOnlyLog: Always.
        """
        raise ReadOnlyLog(self.partition, end=self.info.head)

    def read(
        self, start: int = 0, stop: int | None = None, *, wanted: frozenset[type] | None = None
    ) -> Iterator[Frame]:
        """Yield the events of a range that it has, a frame each."""
        first = bisect_left(self._offsets, start)
        last = len(self._rows) if stop is None else bisect_left(self._offsets, stop)
        for number in range(first, last):
            offset, event = self._rows[number]
            at = int(getattr(event, "at", 0))
            yield Frame(number=number, first_offset=offset, recorded_at=at, writer="slice", events=[event])

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Return a subscription that never wakes."""
        return self._wakeups.subscribe(wake)

    def close(self) -> None:
        """Do nothing: it is in memory."""
