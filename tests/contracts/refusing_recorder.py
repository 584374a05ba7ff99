"""A recorder whose driver raises, to see that no error of a driver gets through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from contracts.event_log import put, skipped
from ticktrail.adapters.event_log.archive.archived_frames import ArchivedFrames
from ticktrail.adapters.event_log.recorder import RecorderLog, ShrinkingRecorder
from ticktrail.adapters.event_log.wakeups import Wakeups
from ticktrail.core.errors import LogUnavailable


class RefusingRecorder(POPOApplicationRecorder, ShrinkingRecorder):
    """Raises *error* where it is told to; what was stored before the insert raised stays stored."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.refuse_inserts = self.refuse_selects = self.store_first = False

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        if self.store_first or not self.refuse_inserts:
            super().insert_events(stored_events, **kwargs)
        if self.refuse_inserts:
            raise self.error
        return None

    def select_events(self, originator_id: UUID | str, **kwargs: Any) -> Sequence[StoredEvent]:
        if self.refuse_selects:
            raise self.error
        return super().select_events(originator_id, **kwargs)

    def lose(self, originator: UUID, number: int) -> None:
        """Forget the rows from *number* on, as a server does that took over and was not up to date."""
        kept = super().select_events(originator, lte=number - 1)
        super().__init__()
        super().insert_events(kept)

    def delete_frames(self, originator_id: UUID, stop: int) -> None:
        frames = super().select_events(originator_id)
        super().__init__()
        super().insert_events([frame for frame in frames if frame.originator_version >= stop] or frames[-1:])

    def give_back(self) -> None:
        """There is nothing to give back: what is deleted is gone from memory."""


def errors_below(*roots: type[Exception]) -> list[Exception]:
    """One instance of each of the classes and of all their subclasses that are loaded."""
    classes = set(roots)
    for root in roots:
        classes.update(type(error) for error in errors_below(*root.__subclasses__()))
    return [cls("refused for a test") for cls in sorted(classes, key=lambda cls: cls.__qualname__)]


def log_on(
    recorder: RefusingRecorder,
    driver_errors: tuple[type[Exception], ...] = (ConnectionError,),
    explain: Callable[[Exception], str] = str,
) -> RecorderLog:
    """A log on *recorder*."""
    return RecorderLog(
        recorder,
        "main",
        driver_errors=driver_errors,
        explain=explain,
        wakeups=Wakeups(),
        release=lambda: None,
        archived=ArchivedFrames(None, "main"),
    )


def assert_becomes_unavailable(
    error: Exception, driver_errors: tuple[type[Exception], ...], explain: Callable[[Exception], str]
) -> None:
    """Appending, reading and asking for the head raise `LogUnavailable` from *error*."""
    recorder = RefusingRecorder(error)
    log = log_on(recorder, driver_errors, explain)
    put(log, [skipped(0)])

    recorder.refuse_inserts = True
    with pytest.raises(LogUnavailable, match="partition 'main': ") as refused:
        put(log, [skipped(1)])
    assert refused.value.__cause__ is error
    assert log.head() == 1

    recorder.refuse_selects = True
    for use in (log.head, lambda: list(log.read())):
        with pytest.raises(LogUnavailable, match="partition 'main': ") as refused:
            use()
        assert refused.value.__cause__ is error
