"""One line per event: whom it is about, what happened, which event led to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...core.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    BlobStored,
    ConcurrencyLimitSet,
    CursorReset,
    CursorUpdated,
    DynamicPartitionsChanged,
    EngineStarted,
    EngineStopped,
    EvaluationDiscarded,
    HistoryImported,
    RequestRejected,
    RequestsPutOff,
    RunCanceled,
    RunFailed,
    RunKeyImported,
    RunKeyRepeated,
    RunKeysReleased,
    RunLaunched,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    SensorImported,
    SensorQuarantined,
    SensorReacted,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    StepLogged,
    TapeRecorded,
    TickCompleted,
    TickFailed,
    TickImported,
    TickInterrupted,
    TickLogged,
    TickSkipped,
    TickStarted,
)
from ..pace import pace_sentence
from .text import cursor_text, local_time, one_line, took

_CURSOR = 32


def subject(event: AnyEvent) -> str:
    """Return whom the event is about: a sensor, a run, an asset, an engine or another system."""
    for field, shown in (
        ("sensor", "{}"),
        ("run", "run {:.8}"),
        ("asset", "asset {}"),
        ("engine", "engine"),
        ("limit", "limit {}"),
        ("source", "{:.16}"),
    ):
        value = getattr(event, field, None)
        if value is not None:
            return shown.format(value)
    return ""


def cause(event: AnyEvent) -> int | None:
    """Return the offset of the event that led to this one, None if none did."""
    for field in ("cause", "tick"):
        value: int | None = getattr(event, field, None)
        if value is not None:
            return value
    return None


def details(event: AnyEvent) -> str:
    """Return what the event says beyond its kind and subject, in one line."""
    return _DETAILS[type(event)](event)


def origin_tick(event: RunKeyImported) -> str:
    """Return which tick of which other system asked for the run that owns an imported key."""
    asked = "unknown" if event.origin_tick is None else str(event.origin_tick)
    return f"{asked} of {event.source}"


def event_line(offset: int, event: AnyEvent, note: str) -> list[str | tuple[str, str]]:
    """Return an event that others led to, or that led to others, as parts of a line.

    Args:
        note: What it means there, empty if that goes without saying.
    """
    return [
        (f"{offset:>8}  {local_time(event.at)}  ", "dim"),
        (f"{type(event).__name__:<16} ", style(event)),
        (f"{subject(event):<14}  ", "bold"),
        " ".join(details(event).splitlines()),
        (f"  ({note})" if note else "", "dim"),
    ]


def style(event: AnyEvent) -> str:
    """Return the style in which the event's kind is written."""
    return _STYLES.get(type(event), "")


def as_record(offset: int, event: AnyEvent) -> dict[str, Any]:
    """Return the event with its offset and kind, for JSON."""
    return {"offset": offset, "event": type(event).__name__, **msgspec.structs.asdict(event)}


def _by(
    event: SensorStarted
    | SensorStopped
    | SensorStatusReset
    | CursorReset
    | RunKeysReleased
    | ConcurrencyLimitSet,
) -> str:
    return f"by {event.actor}" + (f": {event.reason}" if event.reason else "")


def _cursors(event: CursorReset | CursorUpdated | SensorImported) -> str:
    return f"{cursor_text(event.before, _CURSOR)} → {cursor_text(event.after, _CURSOR)}"


def _keys(count: int) -> str:
    return f", {count} run key{'' if count == 1 else 's'} already used" if count else ""


def _defined(event: SensorDefined) -> str:
    python = "" if event.python is None else f", Python {event.python}"
    return f"{pace_sentence(event)}, by default {event.default_status}, code {event.fingerprint[:8]}{python}"


def _tick_started(event: TickStarted) -> str:
    if event.scheduled_for is not None:
        return f"for {local_time(event.scheduled_for)}"
    return f"cursor {cursor_text(event.cursor, _CURSOR)}"


def _requested(event: RunRequested) -> str:
    key = f" for run key {event.run_key!r}" if event.run_key else ""
    partition = f" for partition {event.partition_key!r}" if event.partition_key else ""
    by = f" by {event.actor}" if event.actor else ""
    return f"run {event.run[:8]} of {event.job}{partition}{key}{by}"


def _repeated(event: RunKeyRepeated) -> str:
    return f"run key {event.run_key!r} already used by the request at {event.owner}"


def _rejected(event: RequestRejected) -> str:
    return f"request {event.index} for {event.job or 'no job'}: {event.why}"


def _skipped(event: TickSkipped) -> str:
    return f"{event.reason or 'no reason given'}{_keys(event.repeated)} ({took(event.duration)})"


def _completed(event: TickCompleted) -> str:
    runs = "1 run" if event.requested == 1 else f"{event.requested} runs"
    reacted = (
        f"{event.reacted} event{'' if event.reacted == 1 else 's'} reacted to, " if event.reacted else ""
    )
    return f"{reacted}{runs} requested{_keys(event.repeated)} ({took(event.duration)})"


def _reacted(event: SensorReacted) -> str:
    about = f" of run {event.run[:8]}" if event.run else ""
    return f"to event {event.cause}{about}{'' if event.error is None else f': {event.error}'}"


def _partitions(event: DynamicPartitionsChanged) -> str:
    changes = (("added", event.added), ("deleted", event.deleted), ("unchanged", event.unchanged))
    told = "; ".join(f"{what} {one_line(', '.join(keys), 60)}" for what, keys in changes if keys)
    return f"{event.partitions}: {told}" + (f" by {event.actor}" if event.actor else "")


def _tick_failed(event: TickFailed) -> str:
    return f"{event.error} ({'timed out after ' if event.timed_out else ''}{took(event.duration)})"


def _discarded(event: EvaluationDiscarded) -> str:
    return f"returned late, after {took(event.duration)}, and was not used: {event.outcome}"


def _step(event: StepLogged) -> str:
    step = f"{event.step}: " if event.step else ""
    if event.kind == "RETRY":
        return f"{event.level} {step}{event.message.partition(chr(10))[0]}"
    return f"{event.level} {step}{event.message}" if event.kind == "LOG" else f"{step}{event.kind.lower()}"


def _run_failed(event: RunFailed) -> str:
    return f"step {event.step}: {event.error}" if event.step else event.error


def _asset(event: AssetMaterialized | AssetObserved) -> str:
    by = f"by run {event.run[:8]}" if event.run else "without a run"
    partition = f", partition {event.partition_key}" if event.partition_key else ""
    return f"{by}{partition}{': ' if event.metadata else ''}{', '.join(sorted(event.metadata))}"


def _tape(event: TapeRecorded) -> str:
    read = ", ".join([*event.short, *event.stored])
    if not event.uncovered:
        return f"complete: {read}"
    missed = "; ".join(event.uncovered)
    return f"partial: {read or 'nothing'}, but not {one_line(missed, 120)}"


def _imported(event: HistoryImported) -> str:
    of = "" if event.location is None else f", {event.location} alone"
    came = f"sensors {event.sensors}, run keys {event.run_keys}, ticks {event.ticks}"
    return f"{came} from {event.where}{of} by {event.actor}"


def _key_imported(event: RunKeyImported) -> str:
    tick = "" if event.origin_tick is None else f", asked for by tick {event.origin_tick} there"
    return f"run key {event.run_key!r} by run {event.run[:8]} of {event.job}, {event.status}{tick}"


def _tick_imported(event: TickImported) -> str:
    asked = f"{len(event.runs)} run{'' if len(event.runs) == 1 else 's'} requested"
    said = event.error or event.reason or (asked if event.runs or event.run_keys else "no reason given")
    return f"tick {event.origin} there of {local_time(event.started_at)}: {event.status}, {said}"


_DETAILS: dict[type, Callable[[Any], str]] = {
    EngineStarted: lambda e: f"{e.engine[:8]} in {e.where}, ticktrail {e.release}",
    EngineStopped: lambda e: f"{e.engine[:8]}: {e.reason}",
    SensorDefined: _defined,
    SensorRetired: lambda e: "no longer in the definitions; its cursor and run keys are kept",
    SensorQuarantined: lambda e: f"after {e.failures} failed ticks in a row: {e.error}",
    SensorStarted: _by,
    SensorStopped: _by,
    SensorStatusReset: _by,
    CursorReset: lambda e: f"{_cursors(e)}{f' as planned ({e.plan[:8]})' if e.plan else ''} {_by(e)}",
    RunKeysReleased: lambda e: f"{one_line(', '.join(map(repr, e.run_keys)), 60)} {_by(e)}",
    ConcurrencyLimitSet: lambda e: (
        f"{e.limit} {'lifted' if e.max_runs is None else f'at most {e.max_runs}'} {_by(e)}"
    ),
    TickStarted: _tick_started,
    TickLogged: lambda e: f"{e.level} {e.message}",
    RunRequested: _requested,
    RunKeyRepeated: _repeated,
    RequestRejected: _rejected,
    CursorUpdated: _cursors,
    TickSkipped: _skipped,
    TickFailed: _tick_failed,
    TickCompleted: _completed,
    TickInterrupted: lambda e: e.reason,
    EvaluationDiscarded: _discarded,
    SensorReacted: _reacted,
    RequestsPutOff: lambda e: (
        f"{e.count} run requests above the {e.limit} allowed {e.why}, again at {local_time(e.again_at)}"
    ),
    BlobStored: lambda e: f"{len(e.content):,} bytes under {e.digest.hex()[:8]}",
    TapeRecorded: _tape,
    RunLaunched: lambda e: f"by {e.launcher}",
    RunStarted: lambda e: f"in {e.where}",
    RunSucceeded: lambda e: "",
    RunFailed: _run_failed,
    RunCanceled: lambda e: e.reason + (f" (by {e.actor})" if e.actor else ""),
    StepLogged: _step,
    AssetMaterialized: _asset,
    AssetObserved: _asset,
    DynamicPartitionsChanged: _partitions,
    HistoryImported: _imported,
    SensorImported: lambda e: f"{_cursors(e)}, {e.status}, from {e.location}",
    RunKeyImported: _key_imported,
    TickImported: _tick_imported,
}

_STYLES: dict[type, str] = {
    SensorQuarantined: "red",
    RequestsPutOff: "yellow",
    SensorStarted: "magenta",
    SensorStopped: "magenta",
    SensorStatusReset: "magenta",
    CursorReset: "magenta",
    RunKeysReleased: "magenta",
    ConcurrencyLimitSet: "magenta",
    RunRequested: "cyan",
    RunKeyRepeated: "yellow",
    RequestRejected: "red",
    TickFailed: "red",
    TickInterrupted: "yellow",
    EvaluationDiscarded: "yellow",
    TickCompleted: "green",
    TickSkipped: "dim",
    TickStarted: "dim",
    RunSucceeded: "green",
    RunFailed: "red",
    RunCanceled: "yellow",
    AssetMaterialized: "green",
    DynamicPartitionsChanged: "cyan",
    HistoryImported: "magenta",
    SensorImported: "magenta",
    RunKeyImported: "cyan",
    TickImported: "dim",
}
