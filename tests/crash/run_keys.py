"""Kills the writer of a mapped run-key index while it claims, releases, grows and saves; then asks for every verdict.

The writer folds in an endless, seeded stream of changes. After each kill the index is opened again, the
stream is folded in from its checkpoint on, as an engine folds the log, and compared with the model.

python tests/crash/run_keys.py --kills 200
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from ticktrail.adapters.run_key_index import MappedRunKeyIndex, MemoryRunKeyIndex
from ticktrail.core.run_keys import RunKeyIndex, run_key_digests

#: How many changes are folded in after a reopening before it is compared.
_AFTERWARDS = 5

#: From some 65,000 keys on new ones come by way of a recent table, so that the most kills find one.
_DIRECT = 8

#: Each so many-th change is followed by a save.
_SAVE_EVERY = 40


def change(number: int) -> tuple[list[bytes], list[bytes]]:
    """Return the keys that the change of that number claims, new ones and repeats, and then those it releases."""
    chance = random.Random(number)
    size = chance.choice([1, 5, 63, 64, 500, 3000])
    new = [f"{number}:{place}" for place in range(size)]
    old = [f"{earlier}:0" for earlier in chance.sample(range(number + 1), min(number + 1, 20))]
    claimed, released = run_key_digests("s", new + old), run_key_digests("s", old[: chance.randrange(8)])
    return claimed, released


def fold(index: RunKeyIndex, first: int, stop: int) -> None:
    """Fold in the changes of the stream from *first* up to before *stop*."""
    for number in range(first, stop):
        claimed, released = change(number)
        index.claim(claimed, [number] * len(claimed))
        index.release(released)
        index.advance(number + 1)


def write(file: Path) -> None:
    """Fold in change after change, until killed."""
    index = MappedRunKeyIndex(file, direct=_DIRECT)
    print("open", flush=True)
    while True:
        fold(index, index.checkpoint, index.checkpoint + _SAVE_EVERY)
        index.save()


def kills(file: Path, count: int, seed: int) -> Iterator[tuple[int, int, int]]:
    """Kill the writer *count* times; yield the changes and the keys that are right after each, and the size of the file."""
    chance, model, folded = random.Random(seed), MemoryRunKeyIndex(), 0
    for _ in range(count):
        _kill_one(file, chance.uniform(0.0, 0.25))
        with closing(MappedRunKeyIndex(file)) as index:
            checkpoint = index.checkpoint
            if checkpoint < folded:
                raise SystemExit(
                    f"the index forgot {folded - checkpoint} changes that it had been reopened with"
                )
            fold(index, checkpoint, checkpoint + _AFTERWARDS)
            fold(model, folded, checkpoint + _AFTERWARDS)
            folded = checkpoint + _AFTERWARDS
            _compare(index, model, folded)
            yield folded, index.count(), file.stat().st_size


def _kill_one(file: Path, seconds: float) -> None:
    command = [sys.executable, __file__, "--write", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        if writer.stdout.readline() != b"open\n":
            raise SystemExit(f"the writer could not open the index: exit code {writer.wait()}")
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)


def _compare(index: MappedRunKeyIndex, model: MemoryRunKeyIndex, folded: int) -> None:
    if (index.count(), index.digest()) != (model.count(), model.digest()):
        raise SystemExit(
            f"after {folded} changes there are {index.count()} keys, the model has {model.count()}"
        )
    asked = [digest for number in range(max(folded - 60, 0), folded + 2) for digest in change(number)[0]]
    if list(index.owners(asked)) != list(model.owners(asked)):
        raise SystemExit(f"after {folded} changes an owner is wrong")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        return write(options.write)
    with TemporaryDirectory(prefix="ticktrail-crash-") as folder:
        *_, (changes, keys, size) = kills(Path(folder) / "run_keys.index", options.kills, options.seed)
    print(f"{options.kills} kills, {changes} changes, {keys} keys in {size} bytes: every verdict is right")


if __name__ == "__main__":
    main()
