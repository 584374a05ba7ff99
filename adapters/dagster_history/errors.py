"""Why a Dagster home cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...core.errors import TickTrailError


class DagsterHomeError(TickTrailError):
    """The folder is no Dagster home that can be read here."""

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(f"the Dagster home {folder} cannot be read: {what}")
        self.folder = folder


class SameName(TickTrailError):
    """Sensors of several code locations have the same name, and here a sensor is known by its name.

    Attributes:
        locations: Where the sensors of each such name are.
    """

    def __init__(self, locations: Mapping[str, Sequence[str]]) -> None:
        told = "; ".join(f"{name} in {', '.join(places)}" for name, places in sorted(locations.items()))
        super().__init__(f"several sensors have the same name: {told}: say with --location which to import")
        self.locations = locations
