"""``ticktrail log``: the audit trail."""

from __future__ import annotations

import sys
import threading
from typing import Annotated

from cyclopts import Parameter

from ...core.events import AnyEvent, RunRequested
from ...core.log import EventLog
from .describe import as_record, cause, details, style, subject
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import viewed
from .text import UsageError, local_time, moment


def log(
    *,
    sensor: Annotated[
        str | None, Parameter(help="Only events of this sensor, of its ticks and of their runs.")
    ] = None,
    since: Annotated[
        str | None, Parameter(help="Only events since: 30m, 24h, 7d before now, or an ISO time.")
    ] = None,
    follow: Annotated[
        bool, Parameter(name=["--follow"], help="Go on with what is appended, until interrupted.")
    ] = False,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Write the audit trail: one line per event, with its offset, time, kind and cause."""
    if follow and when.as_of is not None:
        raise UsageError("give one of --as-of and --follow, not both: nothing is appended to what was")
    with viewed(common.open(), when) as (source, now):
        begin = None if since is None else moment(since, now)
        trail = _Trail(Output(json=common.json), sensor, begin)
        if not follow:
            trail.write(source, 0)
            return 0
        appended = threading.Event()
        subscription = source.subscribe(appended.set)
        try:
            offset = trail.write(source, 0)
            while True:
                appended.wait()
                appended.clear()
                offset = trail.write(source, offset)
        except KeyboardInterrupt:
            return 0
        finally:
            subscription.close()


class _Trail:
    """Writes the wanted events.

    Args:
        begin: Leave out what happened before; UTC, microseconds since the epoch.
    """

    def __init__(self, out: Output, sensor: str | None, begin: int | None) -> None:
        self._out, self._sensor, self._begin = out, sensor, begin
        self._runs: set[str] = set()

    def write(self, source: EventLog, offset: int) -> int:
        """Write the events from *offset* on; return where the log ends."""
        for frame in source.read(offset):
            for place, event in enumerate(frame.events, frame.first_offset):
                if self._wanted(event):
                    self._write(place, event, frame.writer)
            offset = frame.next_offset
        sys.stdout.flush()
        return offset

    def _wanted(self, event: AnyEvent) -> bool:
        return self._is_of_sensor(event) and (self._begin is None or event.at >= self._begin)

    def _is_of_sensor(self, event: AnyEvent) -> bool:
        """Whether the event is of the sensor, or of a run that the sensor asked for."""
        if self._sensor is None:
            return True
        if getattr(event, "sensor", None) == self._sensor:
            if isinstance(event, RunRequested):
                self._runs.add(event.run)
            return True
        return getattr(event, "run", None) in self._runs

    def _write(self, offset: int, event: AnyEvent, writer: str) -> None:
        if self._out.json:
            self._out.record({**as_record(offset, event), "writer": writer})
            return
        led = cause(event)
        self._out.line(
            (f"{offset:>8}  {local_time(event.at)}  ", "dim"),
            (f"{type(event).__name__:<17} ", style(event)),
            (f"{subject(event):<20}  ", "bold"),
            " ".join(details(event).splitlines()),
            ("" if led is None else f"  ← {led}", "dim"),
        )
