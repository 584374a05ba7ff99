"""``ticktrail archive``: the older part of the log in compressed files."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import asdict

from ...core.log import EventLog
from ..identity import actor
from ..past import log_until, position_at
from ..system import SystemClock
from .options import COMMON, Common
from .output import Output
from .reading import moment_not_position, opened, position_of
from .text import UsageError, bytes_text, length


def archive(
    *,
    older_than: Annotated[
        str | None, Parameter(help="Move what was recorded longer ago than 90d, 12w, 24h …")
    ] = None,
    before: Annotated[
        str | None,
        Parameter(
            help="Move the events below a position, or what was recorded until a time, 90d before now or an ISO time."
        ),
    ] = None,
    dry_run: Annotated[bool, Parameter(help="Move nothing: tell what would be moved.")] = False,
    common: Common = COMMON,
) -> int:
    """Move older frames of the log into compressed files in the home; all commands read them there as before.

    Nothing is deleted from the log's storage before its copy was read back and compared. An engine may run
    meanwhile. The newest frame stays; frames are moved whole.
    """
    from ..event_log.archive.archiver import Archiver

    now = SystemClock().now()
    if (older_than is None) == (before is None):
        raise UsageError("give one of --older-than LENGTH and --before POSITION or TIME")
    home, out = common.open(), Output(json=common.json)
    with opened(home) as log:
        if older_than is not None:
            position = position_at(log, now - length(older_than))
        else:
            position = _position(log, before or "", now)
        archiver = Archiver(log, home.announce_archive)
        moved = archiver.plan(position) if dry_run else archiver.run(position, at=now, by=actor())
    if out.json:
        out.record({"position": position, "dry_run": dry_run, **asdict(moved)})
    elif not moved.frames:
        out.line(f"nothing to archive: all whole frames below position {position} are archived")
    else:
        done = "would be archived" if dry_run else "archived"
        size = "" if dry_run else f", now {bytes_text(moved.archive_bytes)} in {moved.segments} segments"
        what = f"{moved.frames} frames with {moved.events} events, {bytes_text(moved.frame_bytes)}"
        out.line(f"{done}: {what}{size}")
    return 0


def _position(log: EventLog, before: str, now: int) -> int:
    position = position_of(before)
    if position is None:
        return position_at(log, moment_not_position(before, now))
    return log_until(log, position).head()
