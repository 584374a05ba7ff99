"""Reads on the record, and under their tapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ticktrail.core.tape import Player, Recorder, Tape, under


def record(read: Callable[[], Any]) -> tuple[Any, Tape]:
    """Return what was read, and the tape of it."""
    recorder = Recorder()
    with under(recorder):
        answer = read()
    return answer, recorder.tape()


def play(tape: Tape, read: Callable[[], Any]) -> Any:
    """Return what is read under a tape."""
    with under(Player(tape)):
        return read()
