"""How far a multi-asset sensor has come with each asset: the cursor of such sensors, as the reference writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from .asset_key import AssetKey
from .errors import DagsterInvariantViolationError

#: How many partitions of an asset may have been passed over without being consumed.
MAX_TRAILING = 25


@dataclass(frozen=True, slots=True)
class AssetPlace:
    """How far the sensor has come with one asset.

    Attributes:
        partition: Partition of the last materialization consumed, None if it had none.
        consumed: Offset of that materialization, None before the first.
        trailing: Partitions that were passed over, each with the offset of its latest materialization.
    """

    partition: str | None = None
    consumed: int | None = None
    trailing: Mapping[str, int] = field(default_factory=dict)

    def advanced(self, to: int, partition: str | None, passed: Iterable[tuple[str, int]]) -> Self:
        """Return the place after the materialization at *to* was consumed.

        Args:
            passed: Partitions and offsets of the materializations that are left before it.
        """
        trailing = {**self.trailing, **{name: offset for name, offset in passed if offset < to}}
        if partition is not None and trailing.get(partition, to + 1) <= to:
            del trailing[partition]
        if self.consumed is not None and to < self.consumed:
            return replace(self, trailing=trailing)
        return replace(self, partition=partition, consumed=to, trailing=trailing)


class MultiAssetCursor:
    """The places of all assets that a sensor monitors."""

    def __init__(self, places: Mapping[str, AssetPlace]) -> None:
        self._places = dict(places)

    @classmethod
    def of(cls, text: str | None) -> Self:
        """Return the cursor that *text* stands for: that of the beginning if there is none.

        Raises:
            DagsterInvariantViolationError: It is no such cursor.
        """
        try:
            fields = json.loads(text) if text else {}
            places = {
                asset: AssetPlace(partition, consumed, dict(trailing or {}))
                for asset, (partition, consumed, trailing) in fields.items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise DagsterInvariantViolationError(
                f"{text!r} is no cursor of a multi-asset sensor: clear it with `ticktrail sensor cursor NAME --clear`"
            ) from error
        return cls(places)

    def place(self, asset: AssetKey) -> AssetPlace:
        """Return how far the sensor has come with the asset."""
        return self._places.get(_name(asset), AssetPlace())

    def put(self, asset: AssetKey, place: AssetPlace) -> None:
        """Set how far the sensor has come with the asset.

        Raises:
            DagsterInvariantViolationError: More than `MAX_TRAILING` of its partitions were passed over.
        """
        if len(place.trailing) > MAX_TRAILING:
            raise DagsterInvariantViolationError(
                f"{len(place.trailing)} partitions of {asset.to_user_string()} were passed over and not consumed, "
                f"{MAX_TRAILING} may be: advance the cursor over them, or take them in order"
            )
        self._places[_name(asset)] = place

    def __str__(self) -> str:
        return json.dumps(
            {
                asset: [place.partition, place.consumed, dict(place.trailing)]
                for asset, place in self._places.items()
            }
        )


def _name(asset: AssetKey) -> str:
    return f"AssetKey({list(asset.parts)!r})"
