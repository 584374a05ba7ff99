"""Reads of databases: a statement and a digest of its parameters name one, and its rows are its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from ...core.tape import Player, Recorder
from ...core.tape.recorder import described
from .values import NotPlain, plain_value, value_of

_encode = msgspec.msgpack.Encoder(enc_hook=repr, order="deterministic").encode

#: Of each evaluation that is recorded, the databases that are on its tape.
_reached: WeakKeyDictionary[Recorder, set[str]] = WeakKeyDictionary()


class Rows:
    """What a statement returned.

    Args:
        columns: What is known of each column, plain; its name comes first.
        rows: The rows, as far as they were fetched.
        whole: Whether that is all of them.
        most: More rows than that need not be remembered: they are too large to be recorded.
    """

    def __init__(
        self, columns: Sequence[Sequence[Any]], rows: list[tuple[Any, ...]], whole: bool, most: int = 0
    ) -> None:
        self.columns, self.rows, self.whole, self.most = columns, rows, whole, most
        self._raised: list[Any] | None = None

    @classmethod
    def of(cls, plain: Any) -> Rows:
        """Return what a tape has."""
        columns, rows, whole = plain
        return cls(columns, [tuple(map(value_of, row)) for row in rows], whole)

    def fail(self, error: Exception) -> None:
        """Note that it raised an error."""
        self._raised = described(error)

    def record(self, recorder: Recorder, subject: str) -> None:
        """Put it on the tape."""
        if self._raised is not None:
            recorder.record("database", "execute", subject, None, self._raised)
            return
        try:
            rows = [list(map(plain_value, row)) for row in self.rows]
        except NotPlain as error:
            recorder.miss(f"execute {subject}: {error} is not recorded")
            return
        recorder.record("database", "execute", subject, [self.columns, rows, self.whole])


def subject_of(place: str, statement: str, parameters: Any) -> str:
    """Return what stands for a statement: which database it is for, its text, and a digest of its parameters."""
    digest = f" with {blake2b(_encode(parameters), digest_size=8).hexdigest()}" if parameters else ""
    return f"{place}: {statement.strip()}{digest}"


def played(player: Player, subject: str, read: Callable[[], Rows]) -> Rows:
    """Return what the tape has; of *read*, if the outside world is to be asked what it has not."""
    rows: Rows = player.observe("database", "execute", subject, read, _same, Rows.of)
    return rows


def recorded_once(recorder: Recorder, place: str) -> None:
    """Put on the tape that a database was reached, if it is not there yet.

    The connection may have been made in a tick before; who plays this one's tape has to make it.
    """
    reached = _reached.setdefault(recorder, set())
    if place not in reached:
        reached.add(place)
        recorder.record("database", "connect", place, None)


def _same(value: Any) -> Any:
    return value
