"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.lean_events import RequestedKey, RequestedKeys
from ..core.run_keys import RunKeyOwners, run_key_digests
from .fold import Folded

_REQUESTS = (RunRequested, RequestedKey)


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
        self._looked_up: dict[str, dict[str, bytes]] = {}

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def owners(self, sensor: str, run_keys: Sequence[str]) -> Sequence[int]:
        """Return, for each run key of the sensor in order, the offset of the owning `RunRequested`, or `NOBODY`."""
        if not run_keys:
            return ()
        digests = run_key_digests(sensor, run_keys)
        self._looked_up[sensor] = dict(zip(run_keys, digests, strict=True))
        return self.index.owners(digests)

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`. The claims reach the index in one batch, a release after those that came before it."""
        begin, claims = self.checkpoint, _Claims()
        picked = list(picked)
        if {type(event) for _, event in picked} == {RunRequested} and picked[0][0] >= begin:
            claims.add_requests(picked)  # type: ignore[arg-type]
            picked = []
        for offset, event in picked:
            if isinstance(event, RequestedKeys):
                claims.add(event, begin)
            elif offset < begin:
                continue
            elif type(event) is RunKeysReleased:
                self._claim(claims)
                claims = _Claims()
                self.index.release(run_key_digests(event.sensor, event.run_keys))
            elif type(event) in _REQUESTS and event.run_key and event.sensor is not None:  # type: ignore[union-attr]
                claims.add_one(offset, event.sensor, event.run_key)  # type: ignore[union-attr]
        self._claim(claims)
        self.index.advance(checkpoint)
        self._looked_up.clear()

    def _claim(self, claims: _Claims) -> None:
        digests = list[bytes]()
        for sensor, of_sensor in groupby(claims.sensors):
            first, count = len(digests), len(list(of_sensor))
            digests += self._digests(sensor, claims.run_keys[first : first + count])
        if digests:
            self.index.claim(digests, claims.offsets)

    def _digests(self, sensor: str, run_keys: list[str]) -> list[bytes]:
        try:
            return list(map(self._looked_up[sensor].__getitem__, run_keys))
        except KeyError:
            return run_key_digests(sensor, run_keys)


class _Claims:
    """Requests with a key, of sensors: in columns, since there may be millions."""

    def __init__(self) -> None:
        self.offsets, self.sensors, self.run_keys = list[int](), list[str](), list[str]()

    def add_one(self, offset: int, sensor: str, run_key: str) -> None:
        self.offsets.append(offset)
        self.sensors.append(sensor)
        self.run_keys.append(run_key)

    def add_requests(self, requests: list[tuple[int, RunRequested]]) -> None:
        """Add those that have a key and a sensor, as an engine's own all do."""
        keyed = [(offset, event) for offset, event in requests if event.run_key and event.sensor is not None]
        self.offsets += [offset for offset, _ in keyed]
        self.sensors += [event.sensor for _, event in keyed]  # type: ignore[misc]
        self.run_keys += [event.run_key for _, event in keyed]  # type: ignore[misc]

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
