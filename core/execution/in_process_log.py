"""What a run in process tells: kept for its result, and told to its instance."""

from __future__ import annotations

from collections.abc import Sequence

from ..events import AnyEvent, RunRequested
from ..host import host
from ..instance import Instance


class InProcessLog:
    """The events of one run in process.

    Attributes:
        instance: What is told.
        events: All so far, in order, the request first.
        cause: Offset of the request.
    """

    def __init__(self, requested: RunRequested, instance: Instance) -> None:
        """Ask for the run and claim it in one append, so that no engine starts it."""
        self.instance, self._requested = instance, requested
        self.events: list[AnyEvent] = []
        self.cause = instance.record_from(self._begin)

    def emit(self, event: AnyEvent) -> None:
        """Take what happens next."""
        self.instance.record([event])
        self.events.append(event)

    def _begin(self, cause: int) -> Sequence[AnyEvent]:
        self.events = [self._requested, host().run_started(self._requested.run, cause)]
        return self.events
