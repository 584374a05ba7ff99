"""The table of frames in PostgreSQL: eventsourcing's recorder with an insert made for few, large rows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Self
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier, Literal

from .recorder import ShrinkingRecorder

#: The table of the frames; also the name of the channel that is notified at each append.
TABLE = "ticktrail_events"

#: The function that appends; a release that needs another one takes another name.
_FUNCTION = "ticktrail_append_2"

#: Seconds to wait for a connection, and for another writer's transaction.
CONNECT_TIMEOUT = 5
_LOCK_TIMEOUT = 30

#: Key of the advisory lock under which the table is created; the same in all releases.
_CREATION_LOCK = 0x7469636B

_CREATE_FUNCTION = SQL(files(__package__).joinpath("append_frames.sql").read_text())
_CALL_FUNCTION = SQL(
    "SELECT id FROM {function}(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[]) AS appended (id)"
)


class FrameDatastore(PostgresDatastore):
    """eventsourcing's pool of connections, for any parameters of libpq."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        super().__init__(
            dbname="",
            host="",
            port="",
            user="",
            password="",
            connect_timeout=CONNECT_TIMEOUT,
            max_overflow=9,
            pre_ping=True,
        )
        self.parameters = {"connect_timeout": CONNECT_TIMEOUT, **parameters}
        self.pool.kwargs = {**self.parameters, "row_factory": dict_row}


_DELETE = SQL(
    "DELETE FROM {table} WHERE originator_id = %(id)s AND originator_version < %(stop)s AND originator_version < "
    "(SELECT max(originator_version) FROM {table} WHERE originator_id = %(id)s)"
)


class FrameRecorder(PostgresApplicationRecorder, ShrinkingRecorder):
    """The stock recorder, with another way to insert and no second tries.

    One function of the database takes the stock recorder's lock, notifies and inserts, called with
    binary parameters: a single round trip. The stock way sends several statements in libpq's pipeline
    mode, in which a send of some MiB can wait for ever.

    An insert whose connection broke may have been stored, which is for the log to find out; so
    nothing is tried again in here.
    """

    def __init__(self, datastore: FrameDatastore) -> None:
        super().__init__(datastore, events_table_name=TABLE)
        names = {
            "function": Identifier(datastore.schema, _FUNCTION),
            "table": Identifier(datastore.schema, TABLE),
            "channel": Identifier(self.channel_name),
            "lock_timeout": Literal(f"{_LOCK_TIMEOUT}s"),
        }
        self.sql_create_statements.append(_CREATE_FUNCTION.format(**names))
        self._call_function = _CALL_FUNCTION.format(**names)
        self._delete = _DELETE.format(**names)
        self._vacuum = SQL("VACUUM {table}").format(**names)

    @classmethod
    def open(cls, datastore: FrameDatastore) -> Self:
        """Return a recorder whose table exists, with what this release needs."""
        # A connection of its own, since the pool's error would not say why there is none.
        with psycopg.connect(**datastore.parameters, autocommit=True) as connection:
            recorder = cls(datastore)
            if not recorder._exists(connection):
                # Two processes creating the same table at once would fail with a unique violation.
                connection.execute("SELECT pg_advisory_lock(%s)", [_CREATION_LOCK])
                recorder.create_table()
        return recorder

    def _exists(self, connection: psycopg.Connection) -> bool:
        """Whether this release's function exists, which is created in the last of the transactions."""
        name = f"{self.datastore.schema}.{_FUNCTION}"
        found = connection.execute("SELECT to_regproc(%s)", [name]).fetchone()
        return found is not None and found[0] is not None

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        columns = (
            [event.originator_id for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
        )
        with self.datastore.get_connection() as connection:
            rows = connection.execute(self._call_function, columns, prepare=True).fetchall()
        return [row["id"] for row in rows]

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        frames: Sequence[StoredEvent] = super().select_events.__wrapped__(self, *args, **kwargs)
        return frames

    def delete_frames(self, originator_id: UUID, stop: int) -> None:
        with self.datastore.get_connection() as connection:
            connection.execute(self._delete, {"id": originator_id, "stop": stop})

    def give_back(self) -> None:
        """Make the room of deleted frames usable for new ones; the server keeps the files as large as they are."""
        with self.datastore.get_connection() as connection:
            connection.execute(self._vacuum)
