"""What ``ticktrail why-not`` has found of a run key, for people and for JSON."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
from msgspec.structs import asdict

from ...core.events import RunKeyImported
from ...projections.hindrances import Hindrance
from ...projections.key_story import KeyStory, Verdict
from ...projections.runs import Run
from ...projections.tick_record import TickRecord
from .describe import as_record, details, origin_tick
from .hindrance_text import facts_of
from .hindrance_text import record_of as hindrance_record
from .output import Output, status_text
from .text import ago, local_time, one_line


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A run key that a request owns.

    Attributes:
        held_by: The limit that keeps the run from starting, None if there is none.
        imported: What brought the key in, None if it was requested here.
    """

    story: KeyStory
    run: Run
    held_by: str | None
    imported: RunKeyImported | None = None


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """A run key that no request owns."""

    story: KeyStory
    record: TickRecord
    status: str
    hindrances: list[Hindrance]
    verdict: Verdict


def record_of(found: Owned | Free, sensor: str, key: str, now: int) -> dict[str, Any]:
    """Return what was found for JSON."""
    record = _owned_record(found) if isinstance(found, Owned) else _free_record(found, sensor, now)
    return {"sensor": sensor, "run_key": key, **record}


def show(out: Output, found: Owned | Free, sensor: str, key: str, now: int) -> None:
    """Write what was found for people."""
    if isinstance(found, Owned):
        _show_owned(out, found, sensor, key, now)
    else:
        _show_free(out, found, sensor, key, now)


def _owned_record(found: Owned) -> dict[str, Any]:
    repeated = found.story.repeated
    return {
        "verdict": "requested",
        "run": asdict(found.run),
        "held_by": found.held_by,
        "imported": None if found.imported is None else as_record(found.run.offset, found.imported),
        "repeats": found.story.repeats,
        "last_repeat": None if repeated is None else as_record(*repeated),
    }


def _free_record(found: Free, sensor: str, now: int) -> dict[str, Any]:
    story, record = found.story, found.record
    told = {
        "released": story.released,
        "rejected": story.rejected,
        "put_off": record.put_off,
        "last_end": record.last_end,
    }
    return {
        "verdict": found.verdict,
        "status": found.status,
        "ticks": record.ticks,
        "ticks_imported": record.imported,
        "first_tick_at": record.first_tick_at,
        **{name: None if event is None else as_record(*event) for name, event in told.items()},
        "last_run": None if story.requested is None else story.requested[1].run,
        "moments": story.of_moments,
        "hindrances": [hindrance_record(sensor, hindrance, now) for hindrance in found.hindrances],
    }


def _show_owned(out: Output, found: Owned, sensor: str, key: str, now: int) -> None:
    run, story = found.run, found.story
    out.line((f"run key {key!r} of {sensor}", "bold"), " was requested already")
    out.line(("owned by     ", "dim"), f"run {run.run} of {run.job}  ", status_text(run.status))
    again = None
    if story.repeated is not None:
        times = "once" if story.repeats == 1 else f"{story.repeats} times"
        _, event = story.repeated
        again = f"{times} since, the last time {ago(event.at, now)} by tick {event.tick}"
    tick = str(run.tick) if found.imported is None else origin_tick(found.imported)
    out.facts(
        {
            "requested": f"{local_time(run.requested_at)} ({ago(run.requested_at, now)}) by tick {tick}",
            "imported": None if found.imported is None else _imported(found.imported, now),
            "error": run.error,
            "waits": None if found.held_by is None else f"until the limit {found.held_by} has room",
            "asked again": again,
            "to do": f"`ticktrail key release {sensor} {_quoted(key)} --reason …` lets it be requested once more",
        }
    )


def _imported(event: RunKeyImported, now: int) -> str:
    return f"{local_time(event.at)} ({ago(event.at, now)}), when its run stood so; see event {event.cause}"


def _quoted(key: str) -> str:
    # One that begins like an option goes through standard input.
    return "KEY" if key.startswith("--") else shlex.quote(key)


def _show_free(out: Output, found: Free, sensor: str, key: str, now: int) -> None:
    story = found.story
    out.line((f"run key {key!r} of {sensor}", "bold"), f" {_TITLES[found.verdict]}")
    out.facts(
        {
            "rejected": None if story.rejected is None else _rejected(found, now),
            "released": None if story.released is None else _released(found, now),
            "moments": None if story.of_moment is None else _moments(found, now),
            "sensor": found.status,
            "ticks": _ticks(found.record, now),
            **facts_of(sensor, found.hindrances, now),
        }
    )


_TITLES: dict[Verdict, str] = {
    "requested": "was requested already",
    "rejected": "was asked for and rejected",
    "released": "was released, and no tick has asked for it since",
    "put off": "was not requested: it may be among what the last tick put off",
    "requested by moments": "is requested at each moment of the schedule by itself",
    "never asked for": "was never asked for by any tick",
}


def _rejected(found: Free, now: int) -> str:
    assert found.story.rejected is not None
    _, event = found.story.rejected
    return f"{local_time(event.at)} ({ago(event.at, now)}) by tick {event.tick}: {one_line(event.why, 200)}"


def _released(found: Free, now: int) -> str:
    assert found.story.released is not None
    _, event = found.story.released
    by = event.actor + (f": {event.reason}" if event.reason else "")
    owner = "" if found.story.requested is None else f"; until then run {found.story.requested[1].run} had it"
    return f"{local_time(event.at)} ({ago(event.at, now)}) by {by}{owner}"


def _moments(found: Free, now: int) -> str:
    assert found.story.of_moment is not None
    _, request = found.story.of_moment
    count = found.story.of_moments
    times = "1 moment" if count == 1 else f"{count} moments"
    return f"{times}, the last one {request.run_key!r} by run {request.run} ({ago(request.at, now)})"


def _ticks(record: TickRecord, now: int) -> str:
    imported = f", {record.imported} imported" if record.imported else ""
    if record.first_tick_at is None:
        return f"none{imported}"
    count = "1" if record.ticks == 1 else str(record.ticks)
    since = f"{count} since {local_time(record.first_tick_at)}{imported}"
    if record.last_end is None:
        return since
    _, event = record.last_end
    said = one_line(details(event), 200)
    return (
        f"{since}; the last to end, tick {event.tick}, {ago(event.at, now)}: {type(event).__name__}, {said}"
    )
