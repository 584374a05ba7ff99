"""HTTP by `http.client`, which `urllib.request` uses: what is sent names a request, and what comes back is its answer."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from ...core.tape import NotOnTape, Reading, Recorder, covered, reading
from ...core.tape.recorder import described

_Connection: Any = http.client.HTTPConnection
_Secure: Any = http.client.HTTPSConnection
_connects: dict[Any, Callable[[Any], None]] = {_Connection: _Connection.connect, _Secure: _Secure.connect}


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    yield _Connection, "connect", connect
    yield _Secure, "connect", connect_securely


def connect(connection: Any) -> None:
    """Do as `http.client.HTTPConnection.connect`."""
    _connect(connection, "http", _connects[_Connection])


def connect_securely(connection: Any) -> None:
    """Do as `http.client.HTTPSConnection.connect`."""
    current = reading()
    if current is None or current.inside:
        return _connects[_Secure](connection)
    # That calls the other one, which is a part of it.
    current.inside += 1
    try:
        _connect(connection, "https", _connects[_Secure], current)
    finally:
        current.inside -= 1


def _connect(
    connection: Any, scheme: str, really: Callable[[Any], None], current: Reading | None = None
) -> None:
    if current is None:
        current = reading()
        if current is None or current.inside:
            return really(connection)
    place = f"{scheme}://{connection.host}:{connection.port}"
    if not isinstance(current, Recorder):
        current.observe("http", "connect", place, _unread, _same, _same)
        connection.sock = TapedSocket(place, None)
        return
    current.inside += 1
    try:
        really(connection)
    except OSError as error:
        current.record("http", "connect", place, None, described(error))
        raise
    finally:
        current.inside -= 1
    connection.sock = TapedSocket(place, connection.sock)


def _subject(place: str, sent: bytes) -> str:
    """Return what stands for a request: its first line, where it goes, and a digest of its body.

    Headers do not count: they may have secrets, which are others when the tape is played.
    """
    head, _, body = sent.partition(b"\r\n\r\n")
    line = head.partition(b"\r\n")[0].decode("latin-1").removesuffix(" HTTP/1.1")
    method, _, path = line.partition(" ")
    digest = f" with {blake2b(body, digest_size=8).hexdigest()}" if body else ""
    return f"{method} {place}{path}{digest}"


class TapedSocket:
    """A connection's socket, which may be kept from tick to tick: it asks anew which tape it is for.

    An answer is put on the tape once it is known to be over, with the next request or at the evaluation's end.

    Args:
        place: Scheme, host and port.
        real: The socket, None if it was made while a tape was played.
    """

    def __init__(self, place: str, real: Any) -> None:
        self._place, self._real = place, real
        self._sent = bytearray()
        self._answer: _Remembering | None = None
        self._recorder: Recorder | None = None

    def __getattr__(self, name: str) -> Any:
        # Without a real one no time passes, and there is nothing to set or to close.
        return _nothing if self._real is None else getattr(self._real, name)

    def sendall(self, content: Any) -> None:
        """Send, and remember what."""
        if self._answer is not None:
            self._finish()
        self._sent += content
        current = reading()
        if isinstance(current, Recorder):
            self._be_recorded(current)
        elif current is not None:
            return
        elif self._real is None:
            raise ConnectionResetError("the connection was made while a tape was played, it leads nowhere")
        with covered():
            self._real.sendall(content)

    def makefile(self, *arguments: Any, **named: Any) -> Any:
        """Return the answer as a file: what is read of it is remembered, or it comes from the tape."""
        current = reading()
        if current is None:
            self._sent.clear()
            return self._real.makefile(*arguments, **named)
        if isinstance(current, Recorder):
            self._answer = _Remembering(self._real.makefile(*arguments, **named))
            return io.BufferedReader(self._answer)
        subject = _subject(self._place, bytes(self._sent))
        self._sent.clear()
        try:
            return io.BytesIO(current.observe("http", "response", subject, _unread, _same, bytes))
        except NotOnTape as error:
            return io.BufferedReader(_Missing(error))

    def _be_recorded(self, recorder: Recorder) -> None:
        if recorder is not self._recorder:
            self._recorder = recorder
            # It may have been made in a tick before; who plays this one's tape has to make it.
            recorder.record("http", "connect", self._place, None)
            recorder.at_end.append(self._finish)

    def _finish(self) -> None:
        if self._answer is None or self._recorder is None:
            return
        subject = _subject(self._place, bytes(self._sent))
        self._recorder.record("http", "response", subject, bytes(self._answer.read_so_far))
        self._sent.clear()
        self._answer = None


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


class _Remembering(io.RawIOBase):
    """A file that remembers what was read of it."""

    def __init__(self, real: Any) -> None:
        self._real, self.read_so_far = real, bytearray()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._real.read1(len(buffer))
        self.read_so_far += content
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._real.close()
        super().close()


class _Missing(io.RawIOBase):
    """An answer that the tape does not have, which is said when it is read."""

    def __init__(self, error: NotOnTape) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise self._error


def _unread() -> Any:
    raise ConnectionRefusedError("what is played goes to no server")


def _same(value: Any) -> Any:
    return value
