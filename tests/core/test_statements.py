"""What an SQL statement does."""

from __future__ import annotations

import pytest

from ticktrail.core.tape.statements import sort_of

_READS = """
SELECT * FROM t
 select 'insert into t' FROM "delete" -- update
/* INSERT */ (SELECT 1) UNION SELECT 2
WITH new AS (SELECT 'UPDATE t') SELECT * FROM new FOR NO KEY UPDATE
SELECT 1 FROM t FOR UPDATE SKIP LOCKED
VALUES (1), (2)
PRAGMA table_info(t)
EXPLAIN QUERY PLAN SELECT 1
SHOW search_path
SELECT 1; SELECT 2;
BEGIN; SELECT 1; COMMIT
SELECT $$ INTO $$, $a$ DELETE $a$
SELECT replace(a, 'x', 'y') FROM t
"""

_WRITES = """
INSERT INTO t VALUES (1)
update t set a = 1
WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone
WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x
SELECT * INTO other FROM t
EXPLAIN ANALYZE DELETE FROM t
SELECT 1; DROP TABLE t
CREATE TABLE t (a)
VACUUM
CALL p()
COPY t FROM STDIN
something new
"""


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("statement", _lines(_READS))
def test_a_read_is_known_for_one(statement: str) -> None:
    """Seen to fail when words in texts, names and comments counted."""
    assert sort_of(statement) == "read"


@pytest.mark.parametrize("statement", _lines(_WRITES))
def test_what_writes_is_never_taken_for_a_read(statement: str) -> None:
    """Seen to fail when the first word alone counted."""
    assert sort_of(statement) == "write"


@pytest.mark.parametrize(
    "statement", ["BEGIN", "commit;", "SET search_path TO x", "", "-- nothing", "ROLLBACK"]
)
def test_what_is_about_the_session_only(statement: str) -> None:
    assert sort_of(statement) == "session"
