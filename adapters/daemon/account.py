"""The live account of `ticktrail dev`: one readable line per thing worth reading."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from ...core.events import (
    AnyEvent,
    AssetMaterialized,
    ConcurrencyLimitSet,
    CursorReset,
    EvaluationDiscarded,
    Event,
    HistoryImported,
    RequestRejected,
    RequestsPutOff,
    RunCanceled,
    RunFailed,
    RunKeyRepeated,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorDefined,
    SensorQuarantined,
    SensorReacted,
    SensorRetired,
    SensorStarted,
    SensorStatusReset,
    SensorStopped,
    TickCompleted,
    TickEnd,
    TickFailed,
    TickInterrupted,
    TickLogged,
    TickSkipped,
)
from ..pace import pace_sentence

#: Requests and repeats of one tick that get a line of their own; the rest are counted.
_SHOWN = 5


class Account:
    """Writes what happens as it happens; skips that repeat the last one are counted, not repeated."""

    def __init__(self, console: Console, *, json: bool) -> None:
        """Write to *console*; with *json* every event as one JSON object per line."""
        self._console, self._json = console, json
        self._last_skip: dict[str, tuple[str, ...]] = {}
        self._repeats: list[str] = []
        self._same_skips: dict[str, int] = {}
        self._per_tick: tuple[int | None, int] = (None, 0)

    def tell(self, first_offset: int, events: Sequence[AnyEvent]) -> None:
        """Write what is worth reading of *events*."""
        for offset, event in enumerate(events, first_offset):
            if self._json:
                self._console.file.write(_json_line(offset, event))
            elif isinstance(event, RunKeyRepeated):
                self._repeats.append(
                    f"run key {event.run_key!r} already used by the request at {event.owner}"
                )
            else:
                self._tell_one(event)
        if self._json:
            self._console.file.flush()

    def _tell_one(self, event: AnyEvent) -> None:
        line = self._line(event)
        if isinstance(event, TickEnd):
            # The repeats of a skip that is not worth a line are not worth one either.
            for repeat in self._repeats[:_SHOWN] if line is not None else ():
                self._write(event, event.sensor, repeat, "dim")
            self._repeats.clear()
        if line is not None:
            self._write(event, *line)

    def _write(self, event: Event, who: str, what: str, style: str) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(getattr(event, "at", 0) / 1e6))
        text = Text.assemble((at, "dim"), "  ", (f"{who:<24}", "bold"), "  ", (what, style))
        self._console.print(text, soft_wrap=True)

    def _line(self, event: AnyEvent) -> tuple[str, str, str] | None:
        match event:
            case TickSkipped():
                return self._skip(event)
            case TickCompleted():
                return event.sensor, _completed(event), "green"
            case TickFailed():
                return event.sensor, f"tick {event.tick} failed: {event.error}", "red"
            case TickInterrupted():
                return event.sensor, f"tick {event.tick} interrupted: {event.reason}", "yellow"
            case EvaluationDiscarded():
                return event.sensor, f"tick {event.tick} returned late, discarded: {event.outcome}", "yellow"
            case TickLogged():
                return event.sensor, f"{event.level}: {event.message}", "cyan"
            case RunRequested():
                return self._requested(event)
            case SensorReacted():
                return self._reacted(event)
            case RequestsPutOff():
                what = f"{event.count} run requests put off: {event.limit} are allowed {event.why}"
                return event.sensor, what, "yellow"
            case RequestRejected():
                return event.sensor, f"request {event.index} rejected: {event.why}", "red"
            case _:
                return _run_line(event) or _operator_line(event)

    def _skip(self, event: TickSkipped) -> tuple[str, str, str] | None:
        reason = event.reason or _repeated(event.repeated) or "no reason given"
        told = (reason, *self._repeats[:_SHOWN])
        if self._last_skip.get(event.sensor) == told:
            self._same_skips[event.sensor] = self._same_skips.get(event.sensor, 0) + 1
            return None
        self._last_skip[event.sensor] = told
        return event.sensor, f"tick {event.tick} skipped: {reason}{self._uncounted(event.sensor)}", ""

    def _uncounted(self, sensor: str) -> str:
        count = self._same_skips.pop(sensor, 0)
        return f"  (after {count} more skips like the last)" if count else ""

    def _requested(self, event: RunRequested) -> tuple[str, str, str] | None:
        self._last_skip.pop(event.sensor or "", None)
        key = f" with run key {event.run_key!r}" if event.run_key else ""
        what = f"run {event.run[:8]} of {event.job} requested{key}"
        return self._limited(event.tick, event.sensor or event.actor or "", what, "")

    def _reacted(self, event: SensorReacted) -> tuple[str, str, str] | None:
        about = f"event {event.cause}{'' if event.run is None else f' of run {event.run[:8]}'}"
        if event.error is not None:
            return event.sensor, f"failed to react to {about}: {event.error}", "red"
        return self._limited(event.tick, event.sensor, f"reacted to {about}", "")

    def _limited(self, tick: int | None, who: str, what: str, style: str) -> tuple[str, str, str] | None:
        last, count = self._per_tick
        count = count + 1 if tick is not None and tick == last else 1
        self._per_tick = (tick, count)
        return (who, what, style) if count <= _SHOWN else None


def _repeated(count: int) -> str:
    return f"{count} run key{'' if count == 1 else 's'} already used" if count else ""


def _completed(event: TickCompleted) -> str:
    reacted = (
        f"{event.reacted} event{'' if event.reacted == 1 else 's'} reacted to, " if event.reacted else ""
    )
    repeated = f", {_repeated(event.repeated)}" if event.repeated else ""
    runs = "run" if event.requested == 1 else "runs"
    return f"tick {event.tick}: {reacted}{event.requested} {runs} requested{repeated} ({event.duration * 1e3:.1f} ms)"


def _run_line(event: AnyEvent) -> tuple[str, str, str] | None:
    match event:
        case RunStarted():
            return f"run {event.run[:8]}", f"started in {event.where}", ""
        case RunSucceeded():
            return f"run {event.run[:8]}", "succeeded", "green"
        case RunFailed():
            return f"run {event.run[:8]}", f"failed: {event.error}", "red"
        case RunCanceled():
            return f"run {event.run[:8]}", f"canceled: {event.reason}", "yellow"
        case AssetMaterialized():
            return f"asset {event.asset}", "materialized", "green"
    return None


def _operator_line(event: AnyEvent) -> tuple[str, str, str] | None:
    match event:
        case SensorDefined():
            return event.sensor, f"defined: {pace_sentence(event)}, by default {event.default_status}", "dim"
        case SensorQuarantined():
            what = f"quarantined after {event.failures} failed ticks in a row; start it again with"
            return event.sensor, f"{what} `ticktrail sensor start {event.sensor}`", "red"
        case SensorRetired():
            return event.sensor, "no longer in the definitions; its cursor and run keys are kept", "yellow"
        case SensorStarted():
            return event.sensor, f"started by {event.actor}", "cyan"
        case SensorStopped():
            return event.sensor, f"stopped by {event.actor}", "cyan"
        case SensorStatusReset():
            return event.sensor, f"status reset by {event.actor}", "cyan"
        case ConcurrencyLimitSet():
            what = "lifted" if event.max_runs is None else f"at most {event.max_runs} at once"
            return f"limit {event.limit}", f"{what} by {event.actor}", "cyan"
        case HistoryImported():
            came = f"{event.sensors} sensors, {event.run_keys} run keys and {event.ticks} ticks"
            return "import", f"{came} from {event.where} by {event.actor}", "cyan"
        case CursorReset():
            return event.sensor, f"cursor {event.before!r} → {event.after!r} by {event.actor}", "cyan"
    return None


def _json_line(offset: int, event: AnyEvent) -> str:
    fields = msgspec.structs.asdict(event)
    return msgspec.json.encode({"offset": offset, "event": type(event).__name__, **fields}).decode() + "\n"
