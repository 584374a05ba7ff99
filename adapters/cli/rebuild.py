"""``ticktrail rebuild``: projections from the log alone."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ...core.errors import TickTrailError
from ...core.log import EventLog
from ...projections.blobs import Blobs
from ...projections.concurrency_limits import ConcurrencyLimits
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.outbox import Outbox
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..home import Home
from ..run_key_index import MappedRunKeyIndex
from ..state_snapshot import StateSnapshot
from .comparison import compare
from .extras import needing_history
from .options import COMMON, Common
from .output import Output
from .reading import opened


def rebuild(
    *,
    check: Annotated[
        bool, Parameter(help="Change nothing: compare with what is there; exits with 1 if it differs.")
    ] = False,
    common: Common = COMMON,
) -> int:
    """Build the run-key index, the states and the tick history from the log alone, in the place of those that are there.

    A running engine keeps its own until it stops, and saves its states then.
    """
    home, out = common.open(), Output(json=common.json)
    with opened(home) as log:
        return _check(home, log, out) if check else _rebuild(home, log, out)


def _rebuild(home: Home, log: EventLog, out: Output) -> int:
    # Beside the live one, so that a crash leaves a whole index: the old one or the new one.
    with home.scratch_folder() as folder:
        path = folder / "rebuilt"
        with closing(MappedRunKeyIndex(path, log)) as index:
            models = SensorStates(), Outbox(), DynamicPartitions(), ConcurrencyLimits(), Blobs()
            head = fold(log, RunKeys(index), *models, doing="rebuilding")
            index.save()
            digest, count = index.digest(), index.count()
        _compare_with_file(path, log, head, digest)
        os.replace(path, home.run_keys_path)
    StateSnapshot(home.states_path, log, *models).save()
    sealed = _reseal(home, log)
    if out.json:
        out.record({"run_keys": count, "digest": digest, "events": head, "history": sealed})
        return 0
    out.line(f"rebuilt the index of {count} run keys from {head} events, digest {digest}")
    if sealed is not None:
        out.line(f"rebuilt the tick history of the first {sealed} events")
    return 0


def _reseal(home: Home, log: EventLog) -> int | None:
    """Make the tick history anew, and return up to which offset; None if there was none."""
    if not home.history_path.exists():
        return None
    with needing_history():
        from ..history.resealing import reseal
    return reseal(home.history_path, log)


def _compare_with_file(path: Path, log: EventLog, head: int, digest: str) -> None:
    """Make sure that what was saved is what was built."""
    with closing(MappedRunKeyIndex(path, log)) as saved:
        if (saved.checkpoint, saved.digest()) != (head, digest):
            raise TickTrailError(
                f"the rebuilt index could not be saved as {path}: make room there, and try again"
            )


def _check(home: Home, log: EventLog, out: Output) -> int:
    comparison = compare(home, log)
    if out.json:
        for name, (rebuilt, live) in comparison.digests.items():
            record: dict[str, Any] = {"projection": name, "rebuilt": rebuilt, "live": live}
            out.record({**record, "equal": rebuilt == live, "events": comparison.head})
        return 1 if comparison.different else 0
    out.line(
        f"rebuilt from {comparison.head} events; "
        f"compared with the index saved after {comparison.saved} and carried on from there"
    )
    for name, (rebuilt, live) in comparison.digests.items():
        verdict = ("equal", "green") if rebuilt == live else ("different", "red")
        out.line(f"{name:<18} rebuilt {rebuilt}  live {live}  ", verdict)
    if comparison.different:
        out.note(
            "what is saved beside the log is wrong: run `ticktrail rebuild`, then start the engine anew",
            "yellow",
        )
    return 1 if comparison.different else 0
