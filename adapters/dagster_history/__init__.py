"""What a Dagster instance has done, read from its storage by Dagster's own library."""

from .errors import DagsterHomeError, SameName
from .reading import Reading, read_history

__all__ = ["DagsterHomeError", "Reading", "SameName", "read_history"]
