"""The errors of the authoring API, raised in the situations where a Dagster author expects them.

Public class names are those of the reference, so that ``except dg.DagsterInvalidDefinitionError``
keeps working after the import line is changed; the texts are ours.
"""

from __future__ import annotations

from ..errors import TickTrailError


class DagsterError(TickTrailError):
    """Anything wrong with how definitions are written or used."""


class DagsterInvalidDefinitionError(DagsterError):
    """A definition contradicts itself or names something that does not exist."""


class DagsterInvariantViolationError(DagsterError):
    """Two things were done that exclude each other, or a needed thing is missing."""


class DagsterInvalidInvocationError(DagsterError):
    """A decorated function was called with the wrong arguments."""


class DagsterInvalidConfigError(DagsterError):
    """Run config does not fit the job.

    Attributes:
        problems: One line per thing that does not fit, each naming its place in the config.
    """

    def __init__(self, message: str, problems: list[str] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


class DagsterInvalidMetadata(DagsterError):
    """A value that was given as metadata cannot be kept as such."""


class DagsterInvalidSubsetError(DagsterError):
    """A selection names assets outside of what may be selected."""


class DagsterUnknownPartitionError(DagsterError):
    """A partition key does not exist in the partitions definition."""


class DagsterExecutionStepExecutionError(DagsterError):
    """A step's function raised; the original is the cause."""


class DagsterResourceFunctionError(DagsterError):
    """A resource could not be set up or closed; the original is the cause."""


class SensorExecutionError(DagsterError):
    """A sensor's function raised or returned what a sensor may not; the original is the cause."""


class CheckError(TickTrailError):
    """A value has the wrong type or breaks a rule of the parameter it was given for."""


class SensorTargetError(TickTrailError):
    """A run request does not say which job it is for, or names one the sensor does not target."""
