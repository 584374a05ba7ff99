"""HTTP by `http.client`, which `urllib.request` uses: what is sent names a request, and what comes back is its answer."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator
from functools import partial, wraps
from hashlib import blake2b
from typing import Any

from ...core.tape import NotOnTape, Recorder, covered, reading
from ...core.tape.recorder import described
from . import secrets


def patches() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced: whose, its name, and by what."""
    yield http.client.HTTPConnection, "connect", taped_connect(http.client.HTTPConnection, "http")
    yield http.client.HTTPSConnection, "connect", taped_connect(http.client.HTTPSConnection, "https")


def taped_connect(kind: Any, scheme: str) -> Callable[[Any], None]:
    """Return what does as the method ``connect`` of a class of connections, and has them recorded and played."""
    really: Callable[[Any], None] = kind.connect

    @wraps(really)
    def connect(connection: Any) -> None:
        current = reading()
        # That of one class may call that of another, which is a part of it.
        if current is None or current.inside:
            return really(connection)
        place = _place(connection, scheme)
        if isinstance(current, Recorder):
            _connect(connection, place, really, current)
            return
        current.observe("http", "connect", place, _nothing, _same, _same)
        connection.sock = TapedSocket(place, None, partial(_connected, really, connection))
        # Nobody has to be warned of a certificate that is not looked at.
        connection.is_verified = True

    return connect


def _connect(connection: Any, place: str, really: Callable[[Any], None], recorder: Recorder) -> None:
    recorder.inside += 1
    try:
        really(connection)
    except Exception as error:
        recorder.record("http", "connect", place, None, described(error))
        raise
    finally:
        recorder.inside -= 1
    connection.sock = TapedSocket(place, connection.sock)


def _connected(really: Callable[[Any], None], connection: Any) -> Any:
    """Return a real socket for a connection that has one of ours."""
    ours = connection.sock
    really(connection)
    socket, connection.sock = connection.sock, ours
    return socket


def _place(connection: Any, scheme: str) -> str:
    """Return where a connection leads, behind the proxy if it goes by a tunnel."""
    if connection._tunnel_host:
        return f"{scheme}://{connection._tunnel_host}:{connection._tunnel_port}"
    return f"{scheme}://{connection.host}:{connection.port}"


def subject_of(method: str, place: str, path: str, body: bytes) -> str:
    """Return what stands for a request: its method, where it goes, and a digest of its body.

    Headers do not count: they have secrets, and what differs from release to release of a library.
    """
    digest = f" with {blake2b(body, digest_size=8).hexdigest()}" if body else ""
    return f"{method} {place}{secrets.without_parameters(path)}{digest}"


def kept_of(answer: bytes) -> bytes:
    """Return what is kept of an answer as it was sent: the values of its secret headers are digested."""
    head, end, body = answer.partition(b"\r\n\r\n")
    return secrets.headers_without(head) + end + body


def _subject(place: str, sent: bytes) -> str:
    head, _, body = sent.partition(b"\r\n\r\n")
    line = head.partition(b"\r\n")[0].decode("latin-1").removesuffix(" HTTP/1.1")
    method, _, path = line.partition(" ")
    return subject_of(method, place, path, body)


class TapedSocket:
    """A connection's socket, which may be kept from tick to tick: it asks anew which tape it is for.

    An answer is put on the tape once it is known to be over, with the next request or at the evaluation's end.

    Args:
        place: Scheme, host and port.
        real: The socket, None if it was made while a tape was played.
        connect: Makes a real one, for what is to be asked of the server although a tape is played.
    """

    def __init__(self, place: str, real: Any, connect: Callable[[], Any] | None = None) -> None:
        self._place, self._real, self._connect = place, real, connect
        self._sent = bytearray()
        self._answer: _Remembering | None = None
        self._recorder: Recorder | None = None

    @property
    def leads_nowhere(self) -> bool:
        """Whether it was made while a tape was played."""
        return self._real is None

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
            self._answer = _Remembering(self._real.makefile(*arguments, **named), current.limits.read)
            return io.BufferedReader(self._answer)
        sent = bytes(self._sent)
        self._sent.clear()
        try:
            return current.observe(
                "http", "response", _subject(self._place, sent), partial(self._ask, sent), _same, io.BytesIO
            )
        except NotOnTape as error:
            return io.BufferedReader(_Missing(error))

    def _ask(self, sent: bytes) -> Any:
        real = self._real if self._connect is None else self._connect()
        real.sendall(sent)
        answer = real.makefile("rb")
        if self._connect is not None:
            # The file keeps it open until it is closed itself.
            real.close()
        return answer

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
        self._recorder.record("http", "response", subject, kept_of(bytes(self._answer.read_so_far)))
        self._sent.clear()
        self._answer = None


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


class _Remembering(io.RawIOBase):
    """A file that remembers what was read of it, up to where that is seen to be too large."""

    def __init__(self, real: Any, most: int) -> None:
        self._real, self._most, self.read_so_far = real, most, bytearray()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._real.read1(len(buffer))
        if len(self.read_so_far) <= self._most:
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


def _same(value: Any) -> Any:
    return value
