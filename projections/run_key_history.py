"""Run keys of one sensor with all that owned them, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ..core.events import AnyEvent, RunKeyImported, RunKeysReleased, RunRequested
from .fold import Fold
from .runs import Run, Runs, imported_run


class Holding(msgspec.Struct, kw_only=True):
    """A request that owns a run key, or owned it once.

    Attributes:
        run: The run that it asked for; the projection's own, do not change it.
        imported: What brought the key in, None if it was requested here.
        released: What took the key away from it, None while it owns the key.
        released_offset: Offset of that.
    """

    run: Run
    imported: RunKeyImported | None = None
    released: RunKeysReleased | None = None
    released_offset: int | None = None


class RunKeyHistory(Fold):
    """Who owned which run key of a sensor, in the order of the log.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self, sensor: str, run_keys: Collection[str] | None = None) -> None:
        """Start at the beginning of a log.

        Args:
            run_keys: Which keys to look at, None for all of the sensor.
        """
        super().__init__()
        self._sensor, self._keys = sensor, run_keys
        self._holdings: dict[str, list[Holding]] = {}
        self._runs = Runs(wanted=self._is_wanted)
        self.wanted |= self._runs.wanted

    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        return {
            RunRequested: self._requested,
            RunKeyImported: self._imported,
            RunKeysReleased: self._released,
        }

    def take(self, picked: Iterable[tuple[int, AnyEvent]], checkpoint: int) -> None:
        """See `Folded.take`."""
        events = list(picked)
        self._runs.take(events, checkpoint)
        super().take(events, checkpoint)

    def of(self, run_key: str) -> list[Holding]:
        """Return who owned the key, the first one first; empty if it was never requested."""
        return self._holdings.get(run_key, [])

    def owned(self) -> Iterator[tuple[str, Run]]:
        """Yield the keys that are owned, each with the run that owns it, in the order of their first requests."""
        for key, holdings in self._holdings.items():
            if holdings[-1].released is None:
                yield key, holdings[-1].run

    def _is_wanted(self, event: RunRequested | RunKeyImported) -> bool:
        if event.sensor != self._sensor or not event.run_key:
            return False
        return self._keys is None or event.run_key in self._keys

    def _requested(self, offset: int, event: RunRequested) -> None:
        run = self._runs.get(event.run) if self._is_wanted(event) else None
        if run is not None:
            self._holdings.setdefault(event.run_key or "", []).append(Holding(run=run))

    def _imported(self, offset: int, event: RunKeyImported) -> None:
        if self._is_wanted(event):
            holding = Holding(run=imported_run(offset, event), imported=event)
            self._holdings.setdefault(event.run_key, []).append(holding)

    def _released(self, offset: int, event: RunKeysReleased) -> None:
        for key in event.run_keys if event.sensor == self._sensor else ():
            holdings = self._holdings.get(key)
            if holdings and holdings[-1].released is None:
                holdings[-1].released, holdings[-1].released_offset = event, offset
