"""A log at which others are busy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine import START
from harness.faulty_log import FaultyLog
from ticktrail.core.events import AnyEvent
from ticktrail.core.log import EventLog


class BusyLog(FaultyLog):
    """A log to which somebody appends at the last moment before another append."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(log)
        self.others: list[AnyEvent] = []

    def append(self, events: Sequence[AnyEvent], **options: Any) -> int:
        others, self.others = self.others, []
        for event in others:
            super().append([event], expected=None, recorded_at=START, writer="cli:ann")
        return super().append(events, **options)
