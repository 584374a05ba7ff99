"""Invariant 1: what is kept beside the log equals what the log alone gives."""

from __future__ import annotations

import msgspec

from ...core.log import EventLog
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..home import Home
from ..run_key_index import MemoryRunKeyIndex
from .reading import fold


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of the projections, rebuilt and as they are.

    Attributes:
        head: Offset up to which both were folded.
        saved: Offset up to which the saved run-key index was; from there it was carried on.
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
    """Fold everything anew, and what there is from where it stopped."""
    live = RunKeys(home.run_keys(log))
    saved = live.checkpoint
    fresh, states, partitions = RunKeys(MemoryRunKeyIndex()), SensorStates(), DynamicPartitions()
    for frame in log.read(0, saved):
        for projection in (fresh, states, partitions):
            projection.apply(frame.first_offset, frame.events)
    resumed, carried_on = states.copy(), partitions.copy()
    head = fold(log, fresh, states, partitions)
    fold(log, live, resumed, carried_on)
    digests = {
        "run keys": (fresh.index.digest(), live.index.digest()),
        "sensor states": (states.digest(), resumed.digest()),
        "dynamic partitions": (partitions.digest(), carried_on.digest()),
    }
    live.index.close()
    return Comparison(head=head, saved=saved, digests=digests)
