"""Which runs are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..authoring.errors import CheckError
from .run_status import DagsterRunStatus


@dataclass(frozen=True, slots=True)
class RunsFilter:
    """The runs that fit everything that is given; bounds are exclusive, a moment without a zone is in UTC.

    Attributes:
        run_ids: One of these.
        job_name: Of this job.
        statuses: Of one of these statuses; empty for any.
        tags: With these tags, each of the value given, or of one of several.
        created_after: Requested later.
        created_before: Requested earlier.
        updated_after: Whose status changed later.
        updated_before: Whose status changed earlier.
    """

    run_ids: Sequence[str] | None = None
    job_name: str | None = None
    statuses: Sequence[DagsterRunStatus] = ()
    tags: Mapping[str, str | Sequence[str]] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None

    def __post_init__(self) -> None:
        """Check what would silently fit no run.

        Raises:
            CheckError: Something has the wrong type.
        """
        if isinstance(self.run_ids, str):
            raise CheckError(f"RunsFilter: run_ids is the str {self.run_ids!r}: give a list of ids")
        if self.job_name is not None and not isinstance(self.job_name, str):
            raise CheckError(f"RunsFilter: job_name is {self.job_name!r}: give a job's name")
        statuses = self.statuses or ()
        if isinstance(statuses, str | DagsterRunStatus) or not all(
            isinstance(status, DagsterRunStatus) for status in statuses
        ):
            raise CheckError(f"RunsFilter: statuses is {statuses!r}: give a list of DagsterRunStatus")
        for name, wanted in (self.tags or {}).items():
            values = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
            if not all(isinstance(value, str) for value in values):
                raise CheckError(f"RunsFilter: tags has {name!r}: {wanted!r}: give a str, or a list of str")

    def fits(
        self,
        *,
        run_id: str,
        job_name: str,
        status: DagsterRunStatus,
        tags: Mapping[str, str],
        created: float,
        updated: float,
    ) -> bool:
        """Return whether a run is among those meant; *created* and *updated* are seconds since the epoch."""
        return (
            (self.run_ids is None or run_id in self.run_ids)
            and self.job_name in (None, job_name)
            and (not self.statuses or status in self.statuses)
            and all(_has(tags, name, value) for name, value in (self.tags or {}).items())
            and _between(created, self.created_after, self.created_before)
            and _between(updated, self.updated_after, self.updated_before)
        )


def _has(tags: Mapping[str, str], name: str, wanted: str | Sequence[str]) -> bool:
    values = [wanted] if isinstance(wanted, str) else wanted
    return tags.get(name) in values


def _between(at: float, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or at > _seconds(after)) and (before is None or at < _seconds(before))


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
