"""The port through which the values of assets outlast their run."""

from __future__ import annotations

from typing import Any, Protocol

from ..authoring.asset_key import AssetKey


class ValueMissing(LookupError):
    """Nothing is kept of an asset."""


class AssetValues(Protocol):
    """Keeps the last value of each asset, and of each of its partitions."""

    def save(self, asset: AssetKey, partition: str | None, value: Any) -> None:
        """Keep *value* in place of the one before; None keeps nothing.

        When it returns, the value is there for other runs, whatever happens to this one.
        """

    def load(self, asset: AssetKey, partition: str | None) -> Any:
        """Return the value that was kept last; without one of that partition, that of no partition.

        Raises:
            ValueMissing: There is none.
        """
