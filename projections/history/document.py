"""What the relations are, for people: ``python -m ticktrail.projections.history.document > docs/history.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .schema import Relation
from .stored import STORED
from .views import AS_OF, VIEWS

_HEAD = """# The tick history

The relations that `ticktrail query` and `instance.history.sql()` know. All times are UTC, all lengths of time are
seconds. This page is made from the schema: `python -m ticktrail.projections.history.document`.
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


def document() -> str:
    """Return the whole page."""
    return _HEAD + _STORED + "".join(_told(STORED)) + _VIEWS + "".join(_told((*VIEWS, AS_OF)))


def _told(relations: Iterable[Relation]) -> Iterator[str]:
    for relation in relations:
        yield f"\n### `{relation.name}`\n\n{relation.about}\n\n| column | type | meaning |\n|---|---|---|\n"
        for column in relation.columns:
            yield f"| `{column.name}` | {column.type} | {column.about} |\n"


if __name__ == "__main__":
    print(document(), end="")
