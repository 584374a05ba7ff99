"""The errors that people see: what is, what was expected, what to do now."""

from __future__ import annotations


class TickTrailError(Exception):
    """Anything ticktrail reports to a person; the command line prints it and exits with 1."""


class LogConflict(TickTrailError):
    """Someone else appended to the partition first; nothing was written."""

    def __init__(self, partition: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"partition {partition!r} has its head at {actual}, not at {expected}: "
            "read what was added and decide again"
        )
        self.partition, self.expected, self.actual = partition, expected, actual


class LogUnavailable(TickTrailError):
    """The log's storage refused (disk full, no permission, no connection); nothing was written."""


class ReadOnlyLog(TickTrailError):
    """The log is shown as it was at an earlier position; nothing can be appended to what has been."""

    def __init__(self, partition: str, *, end: int) -> None:
        super().__init__(
            f"partition {partition!r} is shown as it was at position {end}, so nothing was written: "
            "write to the log as it is now"
        )
        self.partition, self.end = partition, end


class UnreadableEvent(TickTrailError):
    """An event holds what could not be read back once it is written; nothing was written."""


class CorruptFrame(TickTrailError):
    """A stored frame is not what was written: truncated, changed, or out of sequence."""

    def __init__(self, partition: str, *, frame: int, what: str) -> None:
        super().__init__(
            f"frame {frame} of partition {partition!r} is damaged: {what}; "
            "restore the log from a copy, `ticktrail verify` lists every damaged position"
        )
        self.partition, self.frame, self.what = partition, frame, what


class DamagedArchive(CorruptFrame):
    """A file of archived frames is missing, or is not what was written."""

    def __init__(self, partition: str, *, frame: int, file: str, what: str) -> None:
        TickTrailError.__init__(
            self,
            f"frame {frame} of partition {partition!r} cannot be read from the archive's {file}: {what}; "
            "put that file back from a copy of the home, `ticktrail verify` lists every damaged position",
        )
        self.partition, self.frame, self.file, self.what = partition, frame, file, what


class UnknownSchema(TickTrailError):
    """The log holds a frame or an event of a version that this release does not know."""

    def __init__(self, partition: str, *, frame: int, schema: str, known: str) -> None:
        super().__init__(
            f"frame {frame} of partition {partition!r} has schema {schema}, this release reads up to {known}: "
            "it was written by a newer ticktrail, upgrade to read it"
        )
        self.partition, self.frame, self.schema, self.known = partition, frame, schema, known


class EngineSuperseded(TickTrailError):
    """Another engine took the partition over; this one must not write any more."""

    def __init__(self, by: str) -> None:
        super().__init__(
            f"another engine ({by}) took this log over: this engine ends here; run one engine per partition"
        )
        self.by = by
