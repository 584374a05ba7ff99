"""Which of all runs a question is about, in its order, without looking at more of them than it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Reversible
from itertools import dropwhile, islice

from ...core.authoring.errors import CheckError
from ...core.records.run_status import DagsterRunStatus
from ...core.records.runs_filter import RunsFilter
from ...projections.runs import Run, Runs
from .run_records import updated_at

#: What runs can be ordered by besides their requests, under the names of a record's fields.
_ORDERS: Mapping[str, Callable[[Run], int | None]] = {
    "id": lambda row: row.offset,
    "create_timestamp": lambda row: row.requested_at,
    "update_timestamp": updated_at,
    "start_time": lambda row: row.started_at,
    "end_time": lambda row: row.ended_at,
}


def chosen_runs(
    runs: Runs, asked: RunsFilter | None, *, order_by: str | None, ascending: bool, cursor: str | None
) -> Iterator[Run]:
    """Yield the runs that fit, the newest first unless *ascending*; a time that is not yet there is the oldest.

    Args:
        cursor: Id of the run to go on after, None to begin.

    Raises:
        CheckError: *asked* or *order_by* is not what it should be.
    """
    if asked is not None and not isinstance(asked, RunsFilter):
        raise CheckError(f"filters is {asked!r} ({type(asked).__name__}): give a RunsFilter")
    rows = _candidates(runs, asked, ascending)
    if order_by is not None:
        rows = iter(sorted(rows, key=_order(order_by), reverse=not ascending))
    if cursor is not None:
        rows = islice(dropwhile(lambda row: row.run != cursor, rows), 1, None)
    return rows if asked is None else (row for row in rows if _fits(asked, row))


def _candidates(runs: Runs, asked: RunsFilter | None, ascending: bool) -> Iterator[Run]:
    """Yield the runs of the smallest collection at hand that has all that are meant, by request."""
    if asked is None:
        rows: Reversible[Run] = runs
    elif asked.run_ids is not None:
        found = [runs.get(run) for run in dict.fromkeys(asked.run_ids)]
        rows = sorted((row for row in found if row is not None), key=lambda row: row.offset)
    elif asked.statuses and not any(status.is_finished for status in asked.statuses):
        rows = runs.unfinished()
    elif asked.job_name is not None:
        rows = runs.of_job(asked.job_name)
    else:
        rows = runs
    return iter(rows) if ascending else reversed(rows)


def _order(name: str) -> Callable[[Run], int]:
    of = _ORDERS.get(name)
    if of is None:
        raise CheckError(f"runs cannot be ordered by {name!r}: choose from {', '.join(_ORDERS)}")
    return lambda row: of(row) or 0


def _fits(asked: RunsFilter, row: Run) -> bool:
    return asked.fits(
        run_id=row.run,
        job_name=row.job,
        status=DagsterRunStatus(row.status),
        tags=row.tags,
        created=row.requested_at / 1e6,
        updated=updated_at(row) / 1e6,
    )
