"""Folding: how a projection takes events in, each once and in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core.events import AnyEvent


def unseen(checkpoint: int, first_offset: int, events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
    """Return the part of *events* that a projection at *checkpoint* has not seen.

    The first of them, if any, stands at offset *checkpoint*.

    Args:
        checkpoint: Offset of the next event that the projection waits for.
        first_offset: Offset of the first of *events*.

    Raises:
        ValueError: Events between the checkpoint and *first_offset* were left out.
    """
    if first_offset == checkpoint:
        return events
    if first_offset > checkpoint:
        raise ValueError(
            f"a projection at checkpoint {checkpoint} was given events from offset {first_offset}: "
            f"fold in the {first_offset - checkpoint} events between them first"
        )
    return events[checkpoint - first_offset :]


class Fold(ABC):
    """A projection that is a step per event type; types without a step do not concern it.

    Attributes:
        checkpoint: Offset of the next event to fold in.
    """

    def __init__(self) -> None:
        self.checkpoint = 0
        self._steps_by_type = self._steps()

    @abstractmethod
    def _steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to do with (offset, event), by type of event."""

    def apply(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Fold in the events from *first_offset* on; those seen before are passed over."""
        steps, offset = self._steps_by_type, self.checkpoint
        for event in unseen(offset, first_offset, events):
            step = steps.get(type(event))
            if step is not None:
                step(offset, event)
            offset += 1
        self.checkpoint = offset
