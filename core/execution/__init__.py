"""Running the steps of a job in this process; what happens leaves as events."""

from .job_run import execute_job
from .run_outcome import RunOutcome

__all__ = ["RunOutcome", "execute_job"]
