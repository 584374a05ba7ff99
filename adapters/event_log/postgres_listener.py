"""Listening to the channel on which PostgreSQL tells of appends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread, current_thread
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

logger = logging.getLogger(__name__)

#: Seconds between two looks at whether to end, and before a broken connection is opened again.
_SLICE = 0.1
_PAUSE = 1.0


class ChannelListener:
    """Calls *wake* from a thread of its own at each notification on a channel.

    Args:
        parameters: Of libpq, for a connection of its own.
        channel: Name of the channel.
        wake: Also called when the connection was lost and is there again.
    """

    def __init__(self, parameters: dict[str, Any], channel: str, wake: Callable[[], None]) -> None:
        self._parameters = parameters
        self._channel = channel
        self._wake = wake
        self._stop = Event()
        # Listening before the thread starts, so that no append after the subscription is missed.
        self._connection = self._listen()
        self._thread = Thread(target=self._run, name="ticktrail-channel-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; safe to call twice."""
        self._stop.set()
        if self._thread is not current_thread():
            self._thread.join()

    def _listen(self) -> psycopg.Connection:
        connection = psycopg.connect(**self._parameters, autocommit=True)
        try:
            connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._pass_on()
            except psycopg.Error as error:
                logger.warning("lost the connection that listens for appends: %s", error)
                self._connection.close()
                self._reconnect()
        self._connection.close()

    def _pass_on(self) -> None:
        for _ in self._connection.notifies(timeout=_SLICE, stop_after=1):
            self._wake()

    def _reconnect(self) -> None:
        while not self._stop.wait(_PAUSE):
            try:
                self._connection = self._listen()
            except psycopg.Error as error:
                logger.warning("cannot listen for appends yet: %s", error)
            else:
                # What was appended meanwhile was notified to nobody.
                self._wake()
                return
