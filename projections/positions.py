"""Positions: where the log tells of a status or an asset, so that what it says is found without a search."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.events import AssetMaterialized, AssetObserved
from ..core.wake_ups import STATUS_EVENTS
from .fold import Fold


class StatusPositions(Fold):
    """The offsets of the events by which runs got to each status; 8 bytes an event.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._offsets: dict[type, array[int]] = {kind: array("q") for kind in STATUS_EVENTS.values()}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {kind: self._changed for kind in STATUS_EVENTS.values()}

    def after(self, status: str, offset: int, limit: int) -> list[int]:
        """Return up to *limit* offsets behind *offset*, in order; none for a status of which no event tells."""
        offsets = self._of(status)
        start = bisect_right(offsets, offset)
        return list(offsets[start : start + limit])

    def all(self, status: str, *, ascending: bool) -> Iterator[int]:
        """Yield all offsets, in order or the newest first."""
        offsets = self._of(status)
        return iter(offsets) if ascending else reversed(offsets)

    def latest(self, status: str) -> int | None:
        """Return the newest offset, None if there is none."""
        offsets = self._of(status)
        return offsets[-1] if offsets else None

    def _of(self, status: str) -> array[int]:
        kind = STATUS_EVENTS.get(status)
        return array("q") if kind is None else self._offsets[kind]

    def _changed(self, offset: int, event: Any) -> None:
        self._offsets[type(event)].append(offset)


class _AssetPositions:
    """The offsets of the events of one sort about one asset, and their partitions."""

    def __init__(self) -> None:
        self.offsets: array[int] = array("q")
        self.partitions: list[str | None] = []
        self.latest: dict[str | None, int] = {}

    def add(self, offset: int, partition: str | None) -> None:
        self.offsets.append(offset)
        self.partitions.append(partition)
        self.latest[partition] = offset


class AssetPositions(Fold):
    """The offsets of materializations, or of observations, by asset; about 16 bytes an event.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self, kind: type[AssetMaterialized | AssetObserved] = AssetMaterialized) -> None:
        self._kind = kind
        super().__init__()
        self._assets: dict[str, _AssetPositions] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {self._kind: self._told}

    def names(self) -> list[str]:
        """Return the keys of all assets that there are events about, sorted."""
        return sorted(self._assets)

    def after(self, asset: str, offset: int, limit: int) -> list[int]:
        """Return up to *limit* offsets behind *offset*, in order."""
        known = self._assets.get(asset)
        if known is None:
            return []
        start = bisect_right(known.offsets, offset)
        return list(known.offsets[start : start + limit])

    def latest(self, asset: str, partition: str | None = None) -> int | None:
        """Return the newest offset, of one partition if one is named; None if there is none."""
        known = self._assets.get(asset)
        if known is None:
            return None
        return known.offsets[-1] if partition is None else known.latest.get(partition)

    def partitions(self, asset: str) -> set[str]:
        """Return the partitions that there are events about."""
        known = self._assets.get(asset)
        return set() if known is None else {name for name in known.latest if name is not None}

    def all(self, asset: str, *, ascending: bool) -> Iterator[tuple[int, str | None]]:
        """Yield all offsets with their partitions, in order or the newest first."""
        known = self._assets.get(asset)
        if known is None:
            return
        numbers = range(len(known.offsets))
        for number in numbers if ascending else reversed(numbers):
            yield known.offsets[number], known.partitions[number]

    def _told(self, offset: int, event: AssetMaterialized | AssetObserved) -> None:
        self._assets.setdefault(event.asset, _AssetPositions()).add(offset, event.partition_key)
