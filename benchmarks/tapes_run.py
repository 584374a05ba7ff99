"""Measures tapes in a process of its own.

python tapes_run.py record  FOLDER FILES SECONDS   evaluations with and without a tape, over a folder of so many files
python tapes_run.py history LOG TICKS              writes a log with so many recorded ticks of each sensor
python tapes_run.py past    LOG SENSOR             replays and backtests that sensor's ticks
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from children import resident, show
from files import disk_bytes

import ticktrail as dg
from ticktrail.adapters.cyclic_gc import collect_rarely
from ticktrail.adapters.event_log import open_event_log
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.adapters.system import new_run_ids
from ticktrail.adapters.tape import install, rebind_code
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext
from ticktrail.core.decision import FinishedTick
from ticktrail.core.engine import Engine
from ticktrail.core.engine_parts import EngineSensor
from ticktrail.core.evaluation import evaluate
from ticktrail.core.log import EventLog
from ticktrail.core.replay import Backtest, replay
from ticktrail.core.tape import Recorder, Tape, under
from ticktrail.core.tape.storing import tape_events
from ticktrail.core.tick_context import tick_context
from ticktrail.projections.blobs import Blobs
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.past_ticks import past_ticks
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.sensor_states import SensorStates

INBOX = "."

#: Events that are copied to the log in one append.
_AT_ONCE = 1_000


@dg.op
def nothing() -> None:
    pass


@dg.job
def the_job() -> None:
    nothing()


def _sensor(function: Callable[..., Any]) -> dg.SensorDefinition:
    running = dg.DefaultSensorStatus.RUNNING
    return dg.sensor(job=the_job, minimum_interval_seconds=1, default_status=running)(function)


@_sensor
def trivial(context: dg.SensorEvaluationContext) -> Any:
    """Count, and ask for a run now and then."""
    count = int(context.cursor or 0) + 1
    context.update_cursor(str(count))
    return dg.SkipReason("not yet") if count % 10 else dg.RunRequest(run_key=str(count))


@_sensor
def lists() -> Any:
    """List a folder."""
    for name in os.listdir(INBOX):
        if name.endswith(".ready"):
            yield dg.RunRequest(run_key=name)


@_sensor
def scans() -> Any:
    """Scan a folder, and look what each entry is."""
    for entry in os.scandir(INBOX):
        if entry.is_file() and entry.name.endswith(".ready"):
            yield dg.RunRequest(run_key=entry.name)


@_sensor
def stats(context: dg.SensorEvaluationContext) -> Any:
    """Do as the guide's sensor: two stats for each file."""
    for name in os.listdir(INBOX):
        path = os.path.join(INBOX, name)
        if os.path.isfile(path) and os.stat(path).st_mtime > float(context.cursor or 9e9):
            yield dg.RunRequest(run_key=name)


SENSORS = {sensor.name: sensor for sensor in (trivial, lists, scans, stats)}
DEFINITIONS = dg.Definitions(jobs=[the_job], sensors=list(SENSORS.values()))


def record(folder: Path, files: int, seconds: float) -> None:
    """Evaluate each sensor by turns with a tape and without one, over a folder that does not change."""
    global INBOX
    INBOX = str(folder)
    for number in range(files):
        (folder / f"file-{number:06}.csv").touch()
    for name in ("lists", "scans", "stats"):
        stored = set[bytes]()
        first = list(_evaluated(SENSORS[name], stored, last=Tape())[1])
        stored |= {event.digest for event in first if hasattr(event, "digest")}
        plain, taped, begin, last = list[float](), list[float](), time.perf_counter(), Tape()
        while len(plain) < 3 or time.perf_counter() - begin < seconds:
            plain.append(_evaluated(SENSORS[name], stored, last=None)[0])
            took, again, last = _evaluated(SENSORS[name], stored, last=last)
            taped.append(took)
        show(
            what="record",
            sensor=name,
            files=files,
            plain_ms=statistics.median(plain) * 1e3,
            taped_ms=statistics.median(taped) * 1e3,
            first_bytes=_bytes(first),
            again_bytes=_bytes(again),
        )


def _evaluated(
    sensor: dg.SensorDefinition, stored: set[bytes], *, last: Tape | None
) -> tuple[float, list[Any], Tape]:
    """Evaluate with a tape if there is a *last* one; return how long it took, what goes to the log, and the tape."""
    context = SensorEvaluationContext(sensor_name=sensor.name, definitions=DEFINITIONS)
    recorder = None if last is None else Recorder(last)
    begin = time.perf_counter()
    with under(recorder):
        evaluate(sensor, context, DEFINITIONS)
    events, tape = [], Tape()
    if recorder is not None:
        tape = recorder.tape()
        events = list(tape_events(tape, stored, tick=1_000_000, sensor=sensor.name, at=10**15))
    return time.perf_counter() - begin, events, tape


def _bytes(events: list[Any]) -> int:
    import msgspec

    return sum(len(msgspec.msgpack.encode(event)) for event in events)


class _Clock:
    """A clock that is moved by hand."""

    at = 1_767_225_600.0

    def now(self) -> int:
        return round(self.at * 1e6)

    def monotonic(self) -> float:
        return self.at


class _Recent(MemoryEventLog):
    """A log of which what has been copied elsewhere can be forgotten: millions of ticks need no memory."""

    def forget(self) -> None:
        """Keep the last frame only, which knows where the log ends."""
        del self._frames[:-1]


def history(path: Path, ticks: int) -> None:
    """Let two sensors tick through an engine, a second apart, and copy its log to one on disk."""
    global INBOX
    INBOX = str(path.parent)
    log, clock = _Recent(), _Clock()
    names = ("trivial", "lists")
    engine = _engine(log, clock, names)
    with_log = open_event_log(str(path))
    copied = 0
    for number in range(ticks):
        clock.at += 1
        for ticket in engine.run_once().tickets:
            engine.finish(_finished(ticket))
        engine.run_once(start_ticks=False)
        if number % 250 == 249 or number == ticks - 1:
            copied = _copy(log, with_log, copied)
            log.forget()
    with_log.close()
    show(what="history", ticks=ticks * len(names), events=copied, bytes=disk_bytes(path))


def _engine(log: EventLog, clock: _Clock, names: tuple[str, ...]) -> Engine:
    engine = Engine(
        log,
        states=SensorStates(),
        run_keys=RunKeys(MemoryRunKeyIndex()),
        open_runs=Outbox(),
        partitions=DynamicPartitions(),
        blobs=Blobs(),
        sensors={
            name: EngineSensor(
                name=name, kind="STANDARD", interval=1, default_status="RUNNING", fingerprint="", record=True
            )
            for name in names
        },
        clock=clock,
        new_ids=new_run_ids,
        name="bench",
    )
    engine.open(where="here", release="0")
    return engine


def _finished(ticket: Any) -> FinishedTick:
    sensor, recorder = SENSORS[ticket.sensor], Recorder()
    context = tick_context(sensor, ticket.state, None, DEFINITIONS, None)
    with under(recorder):
        evaluation = evaluate(sensor, context, DEFINITIONS)
    return FinishedTick(
        tick=ticket.tick, sensor=ticket.sensor, evaluation=evaluation, duration=0.0, tape=recorder.tape()
    )


def _copy(source: EventLog, target: EventLog, start: int) -> int:
    events = [event for frame in source.read(start) for event in frame.events]
    for first in range(0, len(events), _AT_ONCE):
        target.append(events[first : first + _AT_ONCE], expected=None, recorded_at=0, writer="bench")
    return start + len(events)


def past(path: Path, name: str) -> None:
    """Go through the ticks of a sensor in each way."""
    global INBOX
    INBOX = str(path.parent)
    log = open_event_log(str(path))
    ways: dict[str, Callable[[], Iterator[Any]]] = {
        "replay": lambda: (replay(each, SENSORS[name], DEFINITIONS) for each in past_ticks(log, name)),
        "backtest": lambda: Backtest(SENSORS[name], DEFINITIONS).run(past_ticks(log, name)),
    }
    for way, run in ways.items():
        before, begin, count, bad = resident()["own"], time.perf_counter(), 0, 0
        for each in run():
            count += 1
            bad += each.verdict != "equal" if way == "replay" else each.diverges or each.error is not None
        took = time.perf_counter() - begin
        if bad:
            raise SystemExit(f"{bad} of {count} ticks of {name} came out otherwise in {way}")
        grown = (resident()["own"] - before) / 1e6
        show(what="past", way=way, sensor=name, ticks=count, rate=count / took, grown_mb=grown)
    log.close()


if __name__ == "__main__":
    install()
    rebind_code()
    collect_rarely()
    phase, place = sys.argv[1], Path(sys.argv[2])
    if phase == "record":
        record(place, int(sys.argv[3]), float(sys.argv[4]))
    elif phase == "history":
        history(place, int(sys.argv[3]))
    else:
        past(place, sys.argv[3])
