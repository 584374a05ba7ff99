"""Kills an archiver at named points and at random, while another process appends and a third one reads; then compares all frames.

What the appender writes is a function of the frame's number, so that every stored byte can be told. The reader
reads from random offsets to the head and ends at the first event that is not the right one.

python tests/crash/archive.py --kills 250
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.archive import archiver, segment
from ticktrail.adapters.event_log.archive.archiver import Archiver
from ticktrail.adapters.event_log.recorder import RecorderLog
from ticktrail.adapters.event_log.sqlite_files import FileConnection
from ticktrail.core.events import TickSkipped
from ticktrail.core.frames import START, EncodedFrame, encode_frames

#: Every point at which the archiver kills itself: what it is about, whose function, which one, and whether before it.
POINTS: dict[str, tuple[Any, str, bool]] = {
    "nothing is written": (archiver, "write_segment", True),
    "a block is written": (segment, "_write_block", False),
    "the segment is written, not read back": (archiver, "write_segment", False),
    "the segment is compared, not renamed": (os, "rename", True),
    "the segment is renamed, not named by the manifest": (os, "rename", False),
    "the manifest is written, not in its place": (os, "replace", True),
    "the manifest is in its place, nothing is deleted": (os, "replace", False),
    "the frames are deleted, not committed": (FileConnection, "commit", True),
    "the frames are deleted": (RecorderLog, "delete_frames", False),
    "no room is given back": (FileConnection, "give_back", True),
    "the room is given back": (FileConnection, "give_back", False),
}

#: Bytes of a segment here, so that a run makes several from time to time.
_SEGMENT = 50_000


def events_of(number: int) -> list[TickSkipped]:
    """Return the events of the frame of that number."""
    chance = random.Random(number)
    reason = chance.randbytes(chance.choice([5, 50, 500])).hex()
    return [
        TickSkipped(at=number, tick=place, sensor="s", reason=reason, duration=0.5)
        for place in range(1 + number % 3)
    ]


def model() -> Iterator[EncodedFrame]:
    """Yield what is to be stored, from frame 0 on."""
    place = START
    while True:
        number = place.number
        [frame], place = encode_frames(events_of(number), after=place, recorded_at=number, writer="appender")
        yield frame


def opened(folder: Path) -> RecorderLog:
    """Open the log in *folder*."""
    return open_event_log(folder / "log.sqlite", archive=folder / "archive")


# --- the processes ------------------------------------------------------------------------------


def append(folder: Path) -> None:
    """Append frame after frame, until killed."""
    log = opened(folder)
    print("open", flush=True)
    number, head = 0, 0
    while True:
        head = log.append(events_of(number), expected=head, recorded_at=number, writer="appender")
        head += len(events_of(number))
        number += 1
        time.sleep(0.01)


def read(folder: Path) -> None:
    """Read from anywhere to the head, until killed or something is wrong."""
    log, events, number = opened(folder), list[TickSkipped](), 0
    print("open", flush=True)
    while True:
        head = log.head()
        while len(events) < head:
            events += events_of(number)
            number += 1
        start = random.randrange(head) if head else 0
        found = [event for frame in log.read(start, head) for event in frame.events]
        if found != events[start:head]:
            raise SystemExit(f"the events from {start} to {head} are not those that were appended")


def archive(folder: Path, point: str | None, passes: int) -> None:
    """Archive what there is, again and again, until killed by itself or by others.

    Args:
        point: Where to end; None to be killed from outside.
        passes: At which passing of it.
    """
    archiver.SEGMENT = _SEGMENT
    log = opened(folder)
    print("open", flush=True)
    if point is not None:
        _plant(*POINTS[point], passes)
    while True:
        Archiver(log, lambda: None).run(log.head() - random.randrange(30), at=1, by="ann@host")


def _plant(owner: Any, name: str, before: bool, passes: int) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    left = iter(range(passes - 1))

    def maybe_die() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if before:
            maybe_die()
        result = original(*arguments, **options)
        if not before:
            maybe_die()
        return result

    setattr(owner, name, wrapped)


# --- the campaign -------------------------------------------------------------------------------


def kills(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Kill the archiver *count* times; yield where, each time after all was found right."""
    chance, frames, points = random.Random(seed), list[EncodedFrame](), list(POINTS)
    rest = model()
    with process(folder, "--append") as appender, process(folder, "--read") as reader:
        for kill in range(count):
            # Each third kill comes at a random time.
            point = None if kill % 3 == 2 else points[(kill - kill // 3) % len(points)]
            _kill_one(folder, point, chance)
            for name, other in (("appender", appender), ("reader", reader)):
                if other.poll() is not None:
                    raise SystemExit(f"the {name} ended after the kill {kill} ({point}): {other.wait()}")
            with closing(opened(folder)) as log:
                _compare(log, frames, rest)
            yield point or "at random"


def _kill_one(folder: Path, point: str | None, chance: random.Random) -> None:
    options = () if point is None else ("--point", point, "--passes", str(chance.randint(1, 3)))
    with process(folder, "--archive", *options) as victim:
        if point is None:
            time.sleep(chance.uniform(0.0, 0.3))
        else:
            victim.wait(120)
            if victim.returncode != -signal.SIGKILL:
                raise SystemExit(f"the archiver ended by itself, with {victim.returncode}")


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run this file for the length of the block, from when it has opened the log."""
    command = [sys.executable, __file__, *arguments, "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        if started.stdout.readline() != b"open\n":
            raise SystemExit(f"{arguments} could not open the log: exit code {started.wait()}")
        try:
            yield started
        finally:
            started.send_signal(signal.SIGKILL)


def _compare(log: RecorderLog, frames: list[EncodedFrame], rest: Iterator[EncodedFrame]) -> None:
    """Compare what is stored with the model, which grows with it."""
    for number, stored in enumerate(log.stored_frames()):
        if number == len(frames):
            frames.append(next(rest))
        if stored != frames[number]:
            raise SystemExit(f"frame {stored.number} stands where frame {number} should, or is another")
    if number + 1 < len(frames):
        raise SystemExit(f"the log has {number + 1} frames, it had {len(frames)}")
    beside = list(log.frames_in_storage())
    first = beside[0].number
    frames += islice(rest, max(first + len(beside) - len(frames), 0))
    if beside != frames[first : first + len(beside)] or first > log.archived.end.number:
        raise SystemExit(
            f"what is not deleted of frames {first} to {first + len(beside)} is not what was appended"
        )


def finish(folder: Path) -> str:
    """Archive the rest undisturbed; return what there is then, after all was compared once more."""
    with closing(opened(folder)) as log:
        Archiver(log, lambda: None).run(log.head(), at=1, by="ann@host")
        _compare(log, [], model())
        segments, left = log.archived.manifest.segments, list(log.frames_in_storage())
        files = {file.name for file in (folder / "archive" / "main").iterdir()}
        if len(left) != 1 or files != {"manifest.json", *(each.file for each in segments)}:
            raise SystemExit(f"{len(left)} frames are left in the log's storage, and these files: {files}")
        return f"{left[0].number + 1} frames, all but one archived in {len(segments)} segments"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    for role in ("--append", "--read", "--archive"):
        parser.add_argument(role, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    parser.add_argument("--passes", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.append:
        append(options.folder)
    elif options.read:
        read(options.folder)
    elif options.archive:
        archive(options.folder, options.point, options.passes)
    else:
        with TemporaryDirectory(prefix="ticktrail-crash-") as folder:
            places = list(kills(Path(folder), options.kills, options.seed))
            left = finish(Path(folder))
        print(
            f"{options.kills} kills at {len(set(places))} places, {left}: each is there once, byte for byte"
        )


if __name__ == "__main__":
    main()
