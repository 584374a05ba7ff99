"""Assets: when each was last materialised, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..core.events import AssetMaterialized
from .fold import Fold


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One asset's latest materialisation.

    Attributes:
        offset: Offset of the event.
        count: How many materialisations the log has so far.
    """

    offset: int
    event: AssetMaterialized
    count: int


class Assets(Fold):
    """The latest `AssetMaterialized` of each asset key, and how many there were.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._assets: dict[str, Asset] = {}

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {AssetMaterialized: self._materialized}

    def latest(self, asset: str) -> Asset | None:
        """Return the asset's latest materialisation, None if there was none."""
        return self._assets.get(asset)

    def names(self) -> list[str]:
        """Return the keys of all assets ever materialised, sorted."""
        return sorted(self._assets)

    def _materialized(self, offset: int, event: AssetMaterialized) -> None:
        before = self._assets.get(event.asset)
        count = 1 if before is None else before.count + 1
        self._assets[event.asset] = Asset(offset=offset, event=event, count=count)
