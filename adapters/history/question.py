"""What may be asked: one statement that only reads."""

from __future__ import annotations

import re

import duckdb

from .errors import HistoryQueryError

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.MULTI}
_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?(\s*\([^)]*\))?", re.IGNORECASE)


def checked(question: str) -> str:
    """Return the one statement of a question.

    Raises:
        HistoryQueryError: It is none, several, no SQL, or one that would change something.
    """
    try:
        statements = duckdb.extract_statements(question)
    except duckdb.Error as error:
        raise HistoryQueryError(str(error).rstrip()) from error
    if len(statements) != 1:
        raise HistoryQueryError(f"expected one statement, got {len(statements)}: ask one question at a time")
    (statement,) = statements
    if statement.type == duckdb.StatementType.EXPLAIN:
        checked(_EXPLAIN.sub("", statement.query, count=1))
    elif statement.type not in _READING:
        raise HistoryQueryError(
            f"{statement.type.name} is refused, the history can only be read: ask with SELECT, or EXPLAIN, DESCRIBE, "
            "SHOW or SUMMARIZE; save a result with --csv, --json or --parquet"
        )
    return statement.query
