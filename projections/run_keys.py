"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey
from ..core.run_keys import RunKeyOwners, run_key_digests
from .fold import chosen, unseen


class RunKeys:
    """Keeps in an index which `RunRequested` owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        wanted: The types of event that change it; of a request, its key is enough.
        index: The index; what it holds after `apply` is not saved yet.
    """

    wanted = frozenset((RunRequested, RequestedKey, RunKeysReleased))

    def __init__(self, index: RunKeyOwners) -> None:
        self.index = index
        # Since the last events: what is claimed next was looked up before, mostly.
        self._looked_up: dict[str, tuple[Sequence[str], list[bytes]]] = {}

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        if not run_keys:
            return ()
        digests = run_key_digests(sensor, run_keys)
        self._looked_up[sensor] = run_keys, digests
        return self.index.owners(digests)

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over.

        The claims of one call reach the index in one batch per sensor, a release after the claims
        that came before it.
        """
        offset = self.checkpoint
        claims: dict[str, tuple[list[str], list[int]]] = {}
        news = unseen(offset, first_offset, events)
        for place, event in chosen(offset, news, self.wanted):
            if type(event) is RunKeysReleased:
                self._claim(event.sensor, *claims.pop(event.sensor, ([], [])))
                self.index.release(run_key_digests(event.sensor, event.run_keys))
            elif (sensor := event.sensor) is not None and (key := event.run_key):  # type: ignore[union-attr]
                if sensor not in claims:
                    claims[sensor] = [], []
                keys, offsets = claims[sensor]
                keys.append(key)
                offsets.append(place)
        offset += len(news)
        for sensor, (keys, offsets) in claims.items():
            self._claim(sensor, keys, offsets)
        self.index.advance(offset)
        self._looked_up.clear()

    def _claim(self, sensor: str, keys: list[str], offsets: list[int]) -> None:
        if keys:
            self.index.claim(self._digests(sensor, keys), offsets)

    def _digests(self, sensor: str, keys: list[str]) -> list[bytes]:
        looked_up = zip(*self._looked_up.get(sensor, ((), ())), strict=True)
        digests = []
        for key in keys:
            for seen, digest in looked_up:
                if seen == key:
                    digests.append(digest)
                    break
            else:
                return run_key_digests(sensor, keys)
        return digests
