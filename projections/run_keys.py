"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey, RequestedKeys
from ..core.run_keys import RunKeyOwners, run_key_digester, run_key_digests
from .fold import Folded

_REQUESTS = (RunRequested, RequestedKey)
_OFFSET_OF, _SENSOR_OF, _KEY_OF = map(itemgetter, range(3))


class RunKeys(Folded):
    """Keeps in an index which `RunRequested` owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        wanted: The types of event that change it; of a request, its key is enough.
        index: The index; what it holds after `apply` is not saved yet.
    """

    wanted = frozenset((RunRequested, RequestedKey, RequestedKeys, RunKeysReleased))

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
        begin, requests = self.checkpoint, list[tuple[int, str, str]]()
        for offset, event in picked:
            if type(event) in _REQUESTS:
                if event.run_key and event.sensor is not None and offset >= begin:  # type: ignore[union-attr]
                    requests.append((offset, event.sensor, event.run_key))  # type: ignore[union-attr]
            elif isinstance(event, RequestedKeys):
                rows = zip(event.offsets, event.sensors, event.run_keys, strict=True)
                requests += ((o, s, k) for o, s, k in rows if k and s is not None and o >= begin)
            elif type(event) is RunKeysReleased and offset >= begin:
                self._claim(requests)
                requests.clear()
                self.index.release(run_key_digests(event.sensor, event.run_keys))
        self._claim(requests)
        self.index.advance(checkpoint)
        self._looked_up.clear()

    def _claim(self, requests: list[tuple[int, str, str]]) -> None:
        """Claim keys for requests: (offset, sensor, run key)."""
        digests = list[bytes]()
        for sensor, of_sensor in groupby(requests, _SENSOR_OF):
            digests += map(self._digester(sensor), map(_KEY_OF, of_sensor))
        if digests:
            self.index.claim(digests, list(map(_OFFSET_OF, requests)))

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
