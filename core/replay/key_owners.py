"""Who owns which run key of one sensor, as ticks of the past and backtests go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..events import RunKeysReleased
from ..offsets_by_digest import OffsetsByDigest
from ..requests import Request
from ..run_keys import NOBODY, run_key_digests


class KeyOwners:
    """The owners of a sensor's run keys, folded from its events."""

    def __init__(self, sensor: str) -> None:
        self._sensor, self._offsets = sensor, OffsetsByDigest()

    def owner(self, run_key: str) -> int:
        """Return the offset of the request that owns the key, or `NOBODY`."""
        return self._offsets.get(self._digest(run_key))

    def owners(self, requests: Sequence[Request]) -> list[int]:
        """Return, for each request, the owner of its run key; `NOBODY` also where it has none."""
        return [self.owner(request.run_key) if request.run_key else NOBODY for request in requests]

    def claimed(self, offset: int, run_key: str | None) -> None:
        """Fold in that a request carries a run key, or none: the first that does owns it."""
        if run_key and self._offsets.get(digest := self._digest(run_key)) == NOBODY:
            self._offsets.put(digest, offset)

    def released(self, event: RunKeysReleased) -> None:
        """Fold in that keys were freed."""
        for run_key in event.run_keys:
            self._offsets.put(self._digest(run_key), NOBODY)

    def copy(self) -> Self:
        """Return owners that go on from these by themselves."""
        twin = type(self)(self._sensor)
        twin._offsets = self._offsets.copy()
        return twin

    def _digest(self, run_key: str) -> bytes:
        return run_key_digests(self._sensor, [run_key])[0]
