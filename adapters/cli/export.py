"""``ticktrail export``: the whole history as Parquet files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .extras import needing_history
from .options import COMMON, WHEN, Common, When
from .output import Output
from .query import asked
from .text import bytes_text

if TYPE_CHECKING:
    from ...projections.history.schema import Relation
    from ..history.database import History


def export(
    folder: Annotated[Path, Parameter(name="DIR", help="Folder to make; it may be there if it is empty.")],
    /,
    *,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Write the tick history to a folder of Parquet files, all as of one moment, for any tool.

    A file for each relation, a README.md that says what their columns mean, and a manifest.json with the rows and the
    digest of each. The folder comes into being whole or not at all; the engine may go on meanwhile.
    """
    home, out = common.open(), Output(json=common.json)
    with needing_history():
        from ..history.export import export as export_to
        from ..history.sealing import kept
    with asked(home, when) as history, kept(home.history_path), _bar(history) as progress:
        manifest = export_to(history, folder, progress)
    if out.json:
        out.record(manifest)
    else:
        size = bytes_text(sum(file.bytes for file in manifest.files))
        out.line(
            f"{manifest.position:,} events as of {manifest.moment}: {len(manifest.files)} relations, "
            f"{sum(file.rows for file in manifest.files):,} rows, {size} in {folder}"
        )
    return 0


@contextmanager
def _bar(history: History) -> Iterator[Callable[[Relation, int], None]]:
    """Show how far each relation is, where somebody waits for it; gone afterwards."""
    if not sys.stderr.isatty():
        yield lambda relation, rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(relation: Relation, rows: int) -> None:
            if rows == 0:
                bar.reset(task, description=f"writing {relation.name}", total=_rows(history, relation))
            bar.update(task, completed=rows)

        yield progress


def _rows(history: History, relation: Relation) -> int | None:
    """Return how many rows a stored relation has; of a view nobody knows before it is worked out."""
    if not relation.order:
        return None
    ((count,),) = history.rows(f"SELECT count(*) FROM {relation.name}")
    return int(count)
