"""Archives the first half of the log in a copy of a home, and reads both by turns, in a process of its own.

python archiving_run.py HOME
python archiving_run.py HOME append     appends until its input ends, and says how long the longest append took
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

from children import show
from files import disk_bytes
from rebuild_run import read_all

from ticktrail.adapters.cyclic_gc import without_cyclic_gc
from ticktrail.adapters.event_log.archive.archiver import Archiver
from ticktrail.adapters.event_log.recorder import RecorderLog
from ticktrail.adapters.folding import fold
from ticktrail.adapters.home import Home
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.core.events import TickSkipped
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

#: How often each is read.
_ROUNDS = 3


def compare(path: Path) -> None:
    """Archive half of a copy, and read the home and the copy by turns."""
    copy = path.with_name("archived")
    shutil.copytree(path, copy)
    plain, archived = Home.open(path, create=False).log(), Home.open(copy, create=False)
    figures = {"events": plain.head(), **_archive(archived, plain.head() // 2)}
    figures |= _rates("reading", read_all, plain, archived.log())
    figures |= _rates("rebuilding", _rebuild, plain, archived.log())
    for name, log in (("one event, ms", plain), ("one event, archived, ms", archived.log())):
        figures[name] = statistics.median(_one_event(log, figures["events"] // 2)) * 1e3
    show(**figures)


def _archive(home: Home, position: int) -> dict[str, Any]:
    log, giving = home.log(), list[float]()
    before, give_back = disk_bytes(home.path / "log.sqlite"), log.give_back

    def timed() -> None:
        begin = time.perf_counter()
        give_back()
        giving.append(time.perf_counter() - begin)

    log.give_back = timed  # type: ignore[method-assign]
    with _appending(home.path) as longest:
        begin = time.perf_counter()
        moved = Archiver(log, home.announce_archive).run(position, at=0, by="bench")
        took = time.perf_counter() - begin
    log.close()
    return {
        "log before, MB": before / 1e6,
        "log after, MB": disk_bytes(home.path / "log.sqlite") / 1e6,
        "archived frames, MB": moved.frame_bytes / 1e6,
        "archive, MB": moved.archive_bytes / 1e6,
        "archiving, s": took,
        "giving room back, s": sum(giving),
        "longest append, ms": longest[0] * 1e3,
    }


@contextmanager
def _appending(home: Path) -> Iterator[list[float]]:
    """Have another process append meanwhile; the longest append is there afterwards, in seconds."""
    longest = list[float]()
    command = [sys.executable, __file__, str(home), "append"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield longest
        longest.append(float(process.communicate()[0]))


def append(path: Path) -> None:
    """Append small frames, and say at the end how long the longest took."""
    log, longest = Home.open(path, create=False).log(), 0.0
    print("begun", flush=True)
    while not select([sys.stdin], [], [], 0.005)[0]:
        event = TickSkipped(at=1, tick=1, sensor="s0000", reason=None, duration=0.0)
        begin = time.perf_counter()
        log.append([event], expected=None, recorded_at=1, writer="bench")
        longest = max(longest, time.perf_counter() - begin)
    print(longest, flush=True)


def _rates(
    what: str, work: Callable[[RecorderLog], int], plain: RecorderLog, archived: RecorderLog
) -> dict[str, float]:
    rates: dict[str, list[float]] = {what: [], f"{what}, archived": []}
    for _ in range(_ROUNDS):
        for name, log in zip(rates, (plain, archived), strict=True):
            with without_cyclic_gc():
                begin = time.perf_counter()
                events = work(log)
                rates[name].append(events / (time.perf_counter() - begin))
    return {name: statistics.median(each) for name, each in rates.items()}


def _rebuild(log: RecorderLog) -> int:
    with tempfile.TemporaryDirectory() as folder:
        index = MappedRunKeyIndex(Path(folder) / "keys")
        events = fold(log, SensorStates(), RunKeys(index), Outbox(), DynamicPartitions())
        index.close()
    return events


def _one_event(log: RecorderLog, head: int) -> Iterator[float]:
    chance = random.Random(7)
    for _ in range(100):
        offset = chance.randrange(head)
        begin = time.perf_counter()
        next(log.read(offset, offset + 1))
        yield time.perf_counter() - begin


if __name__ == "__main__":
    (append if sys.argv[2:] else compare)(Path(sys.argv[1]))
