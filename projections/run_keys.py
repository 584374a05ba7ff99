"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey
from ..core.run_keys import RunKeyOwners, run_key_digester, run_key_digests
from .fold import Folded


class RunKeys(Folded):
    """Keeps in an index which `RunRequested` owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        wanted: The types of event that change it; of a request, its key is enough.
        index: The index; what it holds after `apply` is not saved yet.
    """

    wanted = frozenset((RunRequested, RequestedKey, RunKeysReleased))

    def __init__(self, index: RunKeyOwners) -> None:
        self.index = index
        # Since the last events, by sensor: what is claimed next was looked up before, mostly.
        self._looked_up: dict[str, Iterator[tuple[str, bytes]]] = {}

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        if not run_keys:
            return ()
        digests = run_key_digests(sensor, run_keys)
        self._looked_up[sensor] = zip(run_keys, digests, strict=True)
        return self.index.owners(digests)

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`. The claims reach the index in one batch, a release after those that came before it."""
        begin, wanted = self.checkpoint, self.wanted
        digests, offsets, last = list[bytes](), list[int](), None
        for offset, event in picked:
            if offset < begin or type(event) not in wanted:
                continue
            if type(event) is RunKeysReleased:
                self._claim(digests, offsets)
                digests, offsets = [], []
                self.index.release(run_key_digests(event.sensor, event.run_keys))
                continue
            key, sensor = event.run_key, event.sensor  # type: ignore[union-attr]
            if not key or sensor is None:
                continue
            if sensor != last:
                digest_of, last = self._digester(sensor), sensor
            digests.append(digest_of(key))
            offsets.append(offset)
        self._claim(digests, offsets)
        self.index.advance(checkpoint)
        self._looked_up.clear()

    def _claim(self, digests: list[bytes], offsets: list[int]) -> None:
        if digests:
            self.index.claim(digests, offsets)

    def _digester(self, sensor: str) -> Callable[[str], bytes]:
        compute, looked_up = run_key_digester(sensor), self._looked_up.get(sensor)
        if looked_up is None:
            return compute

        def digest_of(key: str) -> bytes:
            for seen, digest in looked_up:
                if seen == key:
                    return digest
            return compute(key)

        return digest_of
