"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, groupby

from ..core.events import AnyEvent, RunKeyImported, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey, RequestedKeys
from ..core.run_keys import NOBODY, RunKeyOwners, run_key_digests
from .fold import Folded, are_all

_CLAIMS = (RunRequested, RequestedKey, RunKeyImported)


class RunKeys(Folded):
    """Keeps in an index which `RunRequested`, or `RunKeyImported`, owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        wanted: The types of event that change it; of a request, its key is enough.
        index: The index; what it holds after `apply` is not saved yet.
    """

    wanted = frozenset((RunRequested, RequestedKey, RequestedKeys, RunKeyImported, RunKeysReleased))

    def __init__(self, index: RunKeyOwners) -> None:
        self.index = index
        # Since the last events, by sensor: what is claimed next was free when it was looked up, mostly all of it.
        self._free: dict[str, tuple[list[str], list[bytes]]] = {}

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the event that owns it, or `NOBODY`."""
        if not run_keys:
            return ()
        digests = run_key_digests(sensor, run_keys)
        owners = self.index.owners(digests)
        free = [owner == NOBODY for owner in owners]
        self._free[sensor] = list(compress(run_keys, free)), list(compress(digests, free))
        return owners

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`. The claims reach the index in one batch, a release after those that came before it."""
        begin, claims = self.checkpoint, _Claims()
        picked = list(picked)
        if are_all(RunRequested, picked):
            picked = [(begin, _keys_of(picked))]  # type: ignore[arg-type, list-item]
        for offset, event in picked:
            if isinstance(event, RequestedKeys):
                claims.add(event, begin)
            elif offset < begin:
                continue
            elif type(event) is RunKeysReleased:
                self._claim(claims)
                claims = _Claims()
                self.index.release(run_key_digests(event.sensor, event.run_keys))
            elif type(event) in _CLAIMS and event.run_key and event.sensor is not None:  # type: ignore[union-attr]
                claims.add_one(offset, event.sensor, event.run_key)  # type: ignore[union-attr]
        self._claim(claims)
        self.index.advance(checkpoint)
        self._free.clear()

    def _claim(self, claims: _Claims) -> None:
        digests = list[bytes]()
        for sensor, of_sensor in groupby(claims.sensors):
            first, count = len(digests), len(list(of_sensor))
            digests += self._digests(sensor, claims.run_keys[first : first + count])
        if digests:
            self.index.claim(digests, claims.offsets)

    def _digests(self, sensor: str, run_keys: list[str]) -> list[bytes]:
        free, digests = self._free.get(sensor, ([], []))
        # A limit lets only the first of them through.
        if run_keys == free[: len(run_keys)]:
            return digests[: len(run_keys)]
        return run_key_digests(sensor, run_keys)


class _Claims:
    """Requests with a key, of sensors: in columns, since there may be millions."""

    def __init__(self) -> None:
        self.offsets, self.sensors, self.run_keys = list[int](), list[str](), list[str]()

    def add_one(self, offset: int, sensor: str, run_key: str) -> None:
        self.offsets.append(offset)
        self.sensors.append(sensor)
        self.run_keys.append(run_key)

    def add(self, keys: RequestedKeys, begin: int) -> None:
        """Add those from offset *begin* on."""
        if keys.offsets[0] >= begin and all(keys.sensors) and all(keys.run_keys):
            self.offsets += keys.offsets
            self.sensors += keys.sensors  # type: ignore[arg-type]
            self.run_keys += keys.run_keys  # type: ignore[arg-type]
            return
        for offset, sensor, run_key in zip(keys.offsets, keys.sensors, keys.run_keys, strict=True):
            if offset >= begin and run_key and sensor is not None:
                self.add_one(offset, sensor, run_key)


def _keys_of(requests: list[tuple[int, RunRequested]]) -> RequestedKeys:
    return RequestedKeys(
        [offset for offset, _ in requests],
        [event.sensor for _, event in requests],
        [event.run_key for _, event in requests],
    )
