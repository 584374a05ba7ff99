"""Run keys: the fold of the log into a run-key index."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.events import AnyEvent, RunKeysReleased, RunRequested
from ..core.run_keys import RunKeyOwners, run_key_digests
from .fold import unseen


class RunKeys:
    """Keeps in an index which `RunRequested` owns which run key of which sensor.

    Requests without a key, and those of operators, own nothing.

    Attributes:
        index: The index; what it holds after `apply` is not saved yet.
    """

    def __init__(self, index: RunKeyOwners) -> None:
        self.index = index

    @property
    def checkpoint(self) -> int:
        """Offset of the next event to fold in: the index's own."""
        return self.index.checkpoint

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over.

        The claims of one call reach the index in one batch per sensor, a release after the claims
        that came before it.
        """
        offset = self.checkpoint
        claims: dict[str, tuple[list[str], list[int]]] = {}
        for event in unseen(offset, first_offset, events):
            kind = type(event)
            if kind is RunRequested:
                assert isinstance(event, RunRequested)
                if event.run_key and event.sensor is not None:
                    keys, offsets = claims.setdefault(event.sensor, ([], []))
                    keys.append(event.run_key)
                    offsets.append(offset)
            elif kind is RunKeysReleased:
                assert isinstance(event, RunKeysReleased)
                self._claim(event.sensor, *claims.pop(event.sensor, ([], [])))
                self.index.release(run_key_digests(event.sensor, event.run_keys))
            offset += 1
        for sensor, (keys, offsets) in claims.items():
            self._claim(sensor, keys, offsets)
        self.index.advance(offset)

    def _claim(self, sensor: str, keys: list[str], offsets: list[int]) -> None:
        if keys:
            self.index.claim(run_key_digests(sensor, keys), offsets)
