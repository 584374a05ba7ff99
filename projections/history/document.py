"""What the relations are, for people: ``python -m ticktrail.projections.history.document > docs/history.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .schema import Relation
from .stored import STORED
from .views import AS_OF, VIEWS

_HEAD = """# The tick history

The relations that `ticktrail query` and `instance.history.sql()` know; `ticktrail report` sums them up, and
`ticktrail export DIR` writes them as Parquet files. All times are UTC, all lengths of time are seconds. This page is
made from the schema: `python -m ticktrail.projections.history.document`.
"""

_STORED = """
## What happened

These are stored: `history/segments/*/NAME.parquet` in the home has the rows of a range of the log, and any tool that
reads Parquet reads them. The rows of the log's tail, which is not sealed yet, are added at each question.
"""

_VIEWS = """
## The usual questions

These are worked out from the others when they are asked for.
"""

_README = """# A tick history, exported

What a ticktrail log of {position} events tells, as of {moment}: a Parquet file for each relation, named
after it. All times are UTC, all lengths of time are seconds, JSON is text. `manifest.json` has the rows, size and
digest (BLAKE2b, 16 bytes) of each file, the position and the version of the relations.

Ask with any tool that reads Parquet, such as DuckDB: `SELECT status, count(*) FROM 'ticks.parquet' GROUP BY status`.

## What happened
"""

_README_VIEWS = """
## The usual questions

These are worked out from the others. Ages count back from the moment above.
"""


def document() -> str:
    """Return the whole page."""
    return _HEAD + _STORED + "".join(_told(STORED)) + _VIEWS + "".join(_told((*VIEWS, AS_OF)))


def readme(position: int, moment: str) -> str:
    """Return the page that goes with an export of the history up to a position, as of a moment."""
    head = _README.format(position=position, moment=moment)
    return head + "".join(_told(STORED)) + _README_VIEWS + "".join(_told(VIEWS))


def _told(relations: Iterable[Relation]) -> Iterator[str]:
    for relation in relations:
        yield f"\n### `{relation.name}`\n\n{relation.about}\n\n| column | type | meaning |\n|---|---|---|\n"
        for column in relation.columns:
            yield f"| `{column.name}` | {column.type} | {column.about} |\n"


if __name__ == "__main__":
    print(document(), end="")
