"""The table of frames in PostgreSQL: eventsourcing's recorder with an insert made for few large rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

#: The table of the frames; also the name of the channel that is notified at each append.
TABLE = "ticktrail_events"

#: Seconds to wait for a connection, for another writer's transaction, and for a writer that stalls.
CONNECT_TIMEOUT = 5
_LOCK_TIMEOUT = 30
_STALLED_TIMEOUT = 10

#: Key of the advisory lock under which the table is created; the same in all releases.
_CREATION_LOCK = 0x7469636B


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
            idle_in_transaction_session_timeout=_STALLED_TIMEOUT,
            max_overflow=9,
            pre_ping=True,
            lock_timeout=_LOCK_TIMEOUT,
        )
        self.parameters = {"connect_timeout": CONNECT_TIMEOUT, **parameters}
        self.pool.kwargs = {**self.parameters, "row_factory": dict_row}


class FrameRecorder(PostgresApplicationRecorder):
    """The stock recorder, with two changes.

    Frames are sent in binary, in one statement. And nothing is tried again in here: an insert whose
    connection broke may have been stored, which is for the log to find out.
    """

    def __init__(self, datastore: FrameDatastore) -> None:
        super().__init__(datastore, events_table_name=TABLE)
        self._insert_frames = SQL(
            "INSERT INTO {schema}.{table} (originator_id, originator_version, topic, state) "
            "SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[]) "
            "RETURNING notification_id"
        ).format(schema=Identifier(datastore.schema), table=Identifier(TABLE))

    @classmethod
    def open(cls, datastore: FrameDatastore) -> Self:
        """Return a recorder whose table exists."""
        # A connection of its own, since the pool's error would not say why there is none.
        with psycopg.connect(**datastore.parameters, autocommit=True) as connection:
            recorder = cls(datastore)
            if not recorder._exists(connection):
                # Two processes creating the same table at once would fail with a unique violation.
                connection.execute("SELECT pg_advisory_lock(%s)", [_CREATION_LOCK])
                recorder.create_table()
        return recorder

    def _exists(self, connection: psycopg.Connection) -> bool:
        """Whether the index exists, which is created in the last of the transactions."""
        name = f"{self.datastore.schema}.{self.notification_id_index_name}"
        found = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
        return found is not None and found[0] is not None

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        ids: Sequence[int] | None = super().insert_events.__wrapped__(self, stored_events, **kwargs)
        return ids

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        frames: Sequence[StoredEvent] = super().select_events.__wrapped__(self, *args, **kwargs)
        return frames

    def _insert_stored_events(
        self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any
    ) -> None:
        self._lock_table(curs)
        self._notify_channel(curs)
        columns = (
            [event.originator_id for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
        )
        curs.execute(self._insert_frames, columns, prepare=True)
