"""Running the steps of a job in this process; what happens leaves as events."""

from .job_run import RunOutcome, execute_job

__all__ = ["RunOutcome", "execute_job"]
