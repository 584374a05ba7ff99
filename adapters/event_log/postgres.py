"""The event log in PostgreSQL: for several machines, woken by ``LISTEN``/``NOTIFY``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from eventsourcing.domain import EventSourcingError
from psycopg.conninfo import conninfo_to_dict

from ...core.errors import LogUnavailable
from .archive.archived_frames import ArchivedFrames
from .postgres_frames import TABLE, FrameDatastore, FrameRecorder
from .postgres_listener import ChannelListener
from .recorder import RecorderLog
from .wakeups import Wakeups

#: All that the recorder and its driver raise.
DRIVER_ERRORS = (EventSourcingError, psycopg.Error)


class PostgresEventLog(RecorderLog):
    """An `EventLog` in a table of a PostgreSQL database, which is created if it does not exist.

    Args:
        url: ``postgresql://user:password@host:port/database``, with any of libpq's parameters, such
            as ``?host=/folder/of/the/socket``.
        partition: The partition to append to and read from; the table holds any number of them.
        archive: Folder of the archives of all partitions; None if there is none.

    Raises:
        ArchiveUnusable: The archive does not say what is in it.
        LogUnavailable: The server cannot be reached, or denies what is needed.
    """

    def __init__(self, url: str, partition: str = "main", archive: Path | None = None) -> None:
        parameters = _parameters(url)
        archived = ArchivedFrames(archive, partition)
        datastore = FrameDatastore(parameters)
        try:
            recorder = FrameRecorder.open(datastore)
        except DRIVER_ERRORS as error:
            datastore.close()
            raise LogUnavailable(explain(error, parameters)) from error
        super().__init__(
            recorder,
            partition,
            driver_errors=DRIVER_ERRORS,
            explain=lambda error: explain(error, parameters),
            wakeups=Wakeups(lambda wake: ChannelListener(parameters, TABLE, wake)),
            release=datastore.close,
            archived=archived,
        )


def _parameters(url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except psycopg.Error as error:
        raise LogUnavailable(
            f"this is no PostgreSQL URL ({_one_line(error)}): expected postgresql://user@host:port/database"
        ) from error


def explain(error: Exception, parameters: dict[str, Any]) -> str:
    """Say which database refused, and what it said."""
    host, database = parameters.get("host", "the default host"), parameters.get("dbname", "the default")
    return (
        f"the database {database} on {host} refused ({_one_line(error)}): "
        "check that the server runs, has room, and lets this user in"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
