"""Kills a process that appends, seals, merges and archives, at named points and at random; then compares rows and digests.

After each kill the history that is sealed equals what the log gives, row by row, and every relation has as
many rows, tail included, as one that is made of the log alone.

python tests/crash/sealing.py --kills 500
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
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from long_history import History as LongHistory
from ticktrail.adapters.event_log.archive import archiver
from ticktrail.adapters.event_log.recorder import RecorderLog
from ticktrail.adapters.history import sealing, segments
from ticktrail.adapters.history.comparison import history_digests
from ticktrail.adapters.history.database import History
from ticktrail.adapters.history.derivation import Derivation
from ticktrail.adapters.home import Home

#: Every point at which the process kills itself: whose function, which one, and whether before it.
POINTS: dict[str, tuple[Any, str, bool]] = {
    "nothing is written": (Derivation, "save", True),
    "a file is written": (Derivation, "save", False),
    "all files are written, no manifest": (sealing, "publish", True),
    "the manifest is written, the segment is not in its place": (os, "rename", True),
    "the segment is in its place": (os, "rename", False),
    "nothing is merged": (sealing.Sealer, "_merged", True),
    "a merged file is written": (sealing.Sealer, "_merged_file", False),
    "the merged segment is in its place": (sealing.Sealer, "_merged", False),
    "no merged part is removed": (Path, "unlink", True),
    "a merged part has lost its manifest": (Path, "unlink", False),
}

#: Events from which on the tail is sealed here, so that a run seals and merges many times.
_SEGMENT = 40

#: Events of one home, after which another one begins.
_EVENTS = 4_000


def work(folder: Path, point: str | None, passes: int) -> None:
    """Append, seal and archive, until killed by itself or by others, or until there is nothing left to append."""
    told, chance = LongHistory(seed=1), random.Random()
    events = told.tell(_EVENTS).events
    archiver.SEGMENT = 50_000
    # Readers are given no time here, so that parts are removed while it works.
    vars(sealing)["remove_merged"] = functools.partial(segments.remove_merged, grace=0.0)
    home = Home.open(folder, create=True)
    with closing(home.log()) as log:
        assert isinstance(log, RecorderLog)
        print("open", flush=True)
        if point is not None:
            _plant(*POINTS[point], passes)
        while (head := log.head()) < len(events):
            part = events[head : head + chance.choice([1, 5, 30, 100])]
            log.append(part, expected=head, recorded_at=part[-1].at, writer="engine:1")
            with sealing.sealing(home.history_path, log, _SEGMENT) as sealer:
                assert sealer is not None
                sealer.seal()
            if chance.random() < 0.1:
                archiver.Archiver(log, lambda: None).run(log.head() - 100, at=1, by="ann@host")


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


def kills(count: int, seed: int) -> Iterator[tuple[str, int]]:
    """Kill the process *count* times; yield where, and how many events the log has, each time after all was right."""
    chance, points, done = random.Random(seed), list(POINTS), 0
    while done < count:
        with TemporaryDirectory(prefix="ticktrail-crash-") as folder:
            while done < count:
                # Each third kill comes at a random time.
                point = None if done % 3 == 2 else points[(done - done // 3) % len(points)]
                if not _kill_one(Path(folder), point, chance):
                    break
                done += 1
                yield point or "at random", _compare(Path(folder))


def _kill_one(folder: Path, point: str | None, chance: random.Random) -> bool:
    """Say whether it was killed: it may have come to its end."""
    options = () if point is None else ("--point", point, "--passes", str(chance.randint(1, 6)))
    command = [sys.executable, __file__, "--work", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        if victim.stdout.readline() != b"open\n":
            raise SystemExit(f"the home could not be opened: exit code {victim.wait()}")
        if point is None:
            time.sleep(chance.uniform(0.0, 1.0))
            victim.send_signal(signal.SIGKILL)
        victim.wait(120)
    if victim.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the process ended by itself, with {victim.returncode}")
    return victim.returncode != 0


def _compare(folder: Path) -> int:
    home = Home.open(folder, create=False)
    with closing(home.log()) as log:
        digests = history_digests(home.history_path, log)
        if digests is not None and digests[0] != digests[1]:
            raise SystemExit("what is sealed is not what the log gives")
        sealed, whole = _counts(home.history_path, log), _counts(None, log)
        if sealed != whole:
            raise SystemExit(f"there are {sealed} rows, the log has {whole}")
        if sealed["events"] != log.head():
            raise SystemExit(f"there are {sealed['events']} events, the log has {log.head()}")
        return log.head()


def _counts(folder: Path | None, log: RecorderLog) -> dict[str, int]:
    with closing(History(folder, log, now=lambda: 0, segment_events=10**9)) as history:
        return {
            relation.name: int(history.rows(f"SELECT count(*) FROM {relation.name}")[0][0])
            for relation in history.relations
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    parser.add_argument("--passes", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.work, options.point, options.passes)
    done = list(kills(options.kills, options.seed))
    places, events = len({place for place, _ in done}), max(events for _, events in done)
    print(
        f"{len(done)} kills at {places} places, logs of up to {events} events: "
        "rows and digests are the log's every time"
    )


if __name__ == "__main__":
    main()
