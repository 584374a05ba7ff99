"""What a run's worker writes to the log."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from harness.faulty_log import FaultyLog
from ticktrail.adapters.event_log.memory import MemoryEventLog
from ticktrail.adapters.instance import DagsterInstance
from ticktrail.adapters.runs import worker
from ticktrail.adapters.runs.worker import RunWriter
from ticktrail.core.events import AnyEvent, DynamicPartitionsChanged, StepLogged


def said(log: MemoryEventLog) -> list[AnyEvent]:
    return [event for frame in log.read() for event in frame.events]


def line(text: str, kind: str = "LOG") -> StepLogged:
    return StepLogged(at=1, run="r", step="s", level="INFO", message=text, kind=kind)  # type: ignore[arg-type]


def test_log_lines_wait_for_the_next_mark_of_the_steps_course() -> None:
    log = MemoryEventLog()
    writer = RunWriter(log, "r")

    writer.emit(line("one"))
    assert said(log) == []
    writer.emit(line("end", "SUCCESS"))

    assert said(log) == [line("one"), line("end", "SUCCESS")]


def test_lines_of_many_threads_are_each_written_once() -> None:
    """Seen to fail without the lock of ``RunWriter.emit``, with a pause between its two statements."""
    log, threads, lines = MemoryEventLog(), 8, 500
    writer, together = RunWriter(log, "r"), Barrier(threads)

    def talk(who: int) -> None:
        together.wait()
        for number in range(lines):
            writer.emit(line(f"{who}:{number}"))

    speakers = [Thread(target=talk, args=(who,)) for who in range(threads)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    writer.emit(line("end", "SUCCESS"))

    texts = [event.message for event in said(log) if isinstance(event, StepLogged)]
    assert sorted(texts) == sorted(["end", *(f"{who}:{n}" for who in range(threads) for n in range(lines))])


def test_lines_that_were_stored_in_spite_of_an_error_are_not_written_again_beside_reports_of_the_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_RETRY", 0.0)
    log = MemoryEventLog()
    faulty = FaultyLog(log)
    writer = RunWriter(faulty, "r")
    DagsterInstance(log, writer="run:r", run="r", actor=None).add_dynamic_partitions("p", ["a"])

    faulty.fault = "stored, yet an error"
    writer.emit(line("end", "SUCCESS"))

    assert [type(event) for event in said(log)] == [DynamicPartitionsChanged, StepLogged]
