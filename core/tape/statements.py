"""What an SQL statement does, as far as tapes are concerned."""

from __future__ import annotations

import re
from typing import Literal

#: It reads, it changes what is stored, or it is about the session only: transactions, settings.
Sort = Literal["read", "write", "session"]

_READ = frozenset(("SELECT", "VALUES", "TABLE", "WITH", "SHOW", "PRAGMA", "EXPLAIN", "DESCRIBE"))
_SESSION = frozenset(
    (
        "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "SET", "RESET", "DISCARD",
        "ATTACH", "DETACH", "LISTEN", "UNLISTEN", "DEALLOCATE",
    )
)  # fmt: skip

#: What is no word of the statement itself.
_ASIDE = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$", re.DOTALL
)
_WORD = re.compile(r"[A-Za-z]+")

#: Locks, which a read may ask for.
_LOCKS = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)

#: Words by which what begins like a read writes, if it has another statement in it.
_WRITES = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE", "ANALYZE"))


def sort_of(statement: str) -> Sort:
    """Return what a statement does; of several, what the one does that does most. What is not known writes."""
    sorts = {_sort_of_one(each) for each in _words(statement).split(";") if each.strip()}
    if "write" in sorts:
        return "write"
    return "read" if "read" in sorts else "session"


def _words(statement: str) -> str:
    return _LOCKS.sub(" ", _ASIDE.sub(" ", statement))


def _sort_of_one(statement: str) -> Sort:
    words = [word.upper() for word in _WORD.findall(statement)]
    first = words[0] if words else ""
    if first in _SESSION:
        return "session"
    if first not in _READ or "INTO" in words:
        return "write"
    return "write" if first in ("WITH", "EXPLAIN") and not _WRITES.isdisjoint(words) else "read"
