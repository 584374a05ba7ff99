"""Invariant 1: what is kept beside the log equals what the log alone gives."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import msgspec

from ...core.log import EventLog
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..folding import fold
from ..history.segments import chained
from ..home import Home
from ..run_key_index import MappedRunKeyIndex
from ..run_key_index.reading import copy_index
from ..state_snapshot import StateSnapshot
from .extras import needing_history


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of the projections, rebuilt and as they are.

    Attributes:
        head: Offset up to which both were folded.
        saved: Offset up to which the run-key index that is there was; from there it was carried on.
        digests: By name of the projection: the rebuilt one's and the live one's.
    """

    head: int
    saved: int
    digests: dict[str, tuple[str, str]]

    @property
    def different(self) -> list[str]:
        """Names of the projections that are not what the log gives."""
        return [name for name, (rebuilt, live) in self.digests.items() if rebuilt != live]


def compare(home: Home, log: EventLog) -> Comparison:
    """Fold everything anew, and what there is from where it stopped: the run keys in a copy."""
    with home.scratch_folder() as folder, ExitStack() as opened:
        live = _copied(home, log, folder)
        opened.callback(live.close)
        rebuilt = MappedRunKeyIndex(folder / "rebuilt", log)
        opened.callback(rebuilt.close)
        comparison = _compare(home.states_path, log, rebuilt, live)
    history = _history(home, log)
    digests = comparison.digests | ({} if history is None else {"tick history": history})
    return msgspec.structs.replace(comparison, digests=digests)


def _history(home: Home, log: EventLog) -> tuple[str, str] | None:
    """Return the digests of the tick history, None if none is sealed."""
    if not chained(home.history_path / "segments"):
        return None
    with needing_history():
        from ..history.comparison import history_digests
    return history_digests(home.history_path, log)


def _copied(home: Home, log: EventLog, folder: Path) -> MappedRunKeyIndex:
    copy = folder / "copy"
    copy_index(home.run_keys_path, log, copy)
    return MappedRunKeyIndex(copy, log)


def _compare(
    states_path: Path, log: EventLog, rebuilt: MappedRunKeyIndex, live: MappedRunKeyIndex
) -> Comparison:
    saved = live.checkpoint
    fresh, states, partitions = RunKeys(rebuilt), SensorStates(), DynamicPartitions()
    fold(log, fresh, states, partitions, stop=saved, doing="rebuilding")
    resumed, carried_on = states.copy(), partitions.copy()
    StateSnapshot(states_path, log, resumed, carried_on).restore()
    head = fold(log, fresh, RunKeys(live), states, partitions, doing="rebuilding")
    fold(log, resumed, carried_on, stop=head)
    keys = rebuilt.digest()
    # One of them in memory at a time.
    rebuilt.close()
    digests = {
        "run keys": (keys, live.digest()),
        "sensor states": (states.digest(), resumed.digest()),
        "dynamic partitions": (partitions.digest(), carried_on.digest()),
    }
    return Comparison(head=head, saved=saved, digests=digests)
