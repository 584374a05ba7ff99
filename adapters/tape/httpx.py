"""HTTP by `httpx`: an answer is kept as it would come over HTTP/1.1, so that it answers other clients as well."""

from __future__ import annotations

import http.client
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial, wraps
from inspect import isawaitable
from typing import Any

from ...core.tape import Recorder, covered, reading
from ...core.tape.recorder import described
from .http import kept_of, subject_of
from .unrecorded import unrecorded

_PORTS = {"http": 80, "https": 443}
_VERSIONS = {10: b"HTTP/1.0", 11: b"HTTP/1.1"}


def _transports(module: Any) -> Iterator[tuple[Any, str, Any]]:
    taped = _Taped(module)
    yield module.HTTPTransport, "handle_request", taped.method(module.HTTPTransport.handle_request)
    kind = module.AsyncHTTPTransport
    yield kind, "handle_async_request", taped.async_method(kind.handle_async_request)
    yield module, "create_ssl_context", unrecorded(module.create_ssl_context)


#: By module, what is replaced in it.
PATCHES: Mapping[str, Callable[[Any], Iterator[tuple[Any, str, Any]]]] = {
    "httpx._transports.default": _transports,
}


class _Taped:
    """What is put in the place of the methods by which transports send requests.

    Args:
        module: That of the transports.
    """

    def __init__(self, module: Any) -> None:
        self._response, self._stream = module.Response, _stream_of(module)

    def method(self, really: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return what does as `httpx.HTTPTransport.handle_request`."""

        @wraps(really)
        def handle_request(transport: Any, request: Any) -> Any:
            current = reading()
            if current is None or current.inside:
                return really(transport, request)
            exchange = _Exchange(request, request.read())
            if not isinstance(current, Recorder):
                read = partial(really, transport, request)
                return current.observe(*exchange.place, read, _same, partial(self._played, exchange))
            exchange.begin(current)
            try:
                with covered():
                    return self._remembered(exchange, really(transport, request))
            except Exception as error:
                exchange.raised = described(error)
                raise

        return handle_request

    def async_method(self, really: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Return what does as `httpx.AsyncHTTPTransport.handle_async_request`."""

        @wraps(really)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            current = reading()
            if current is None or current.inside:
                return await really(transport, request)
            exchange = _Exchange(request, await request.aread())
            if not isinstance(current, Recorder):
                read = partial(_started, really, transport, request)
                answer = current.observe(*exchange.place, read, _same, partial(self._played, exchange))
                return await answer if isawaitable(answer) else answer
            exchange.begin(current)
            try:
                with covered():
                    return self._remembered(exchange, await really(transport, request))
            except Exception as error:
                exchange.raised = described(error)
                raise

        return handle_async_request

    def _remembered(self, exchange: _Exchange, response: Any) -> Any:
        exchange.response = response
        response.stream = self._stream(response.stream, exchange)
        return response

    def _played(self, exchange: _Exchange, recorded: bytes) -> Any:
        answer = http.client.HTTPResponse(_Recorded(recorded), method=exchange.method)  # type: ignore[arg-type]
        answer.begin()
        exchange.body += _body(answer)
        return self._response(
            status_code=answer.status,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()
            ],
            stream=self._stream(None, exchange),
            extensions={
                "http_version": _VERSIONS[answer.version],
                "reason_phrase": answer.reason.encode("latin-1"),
            },
        )


class _Exchange:
    """A request, and what came of it.

    Attributes:
        method: Its method.
        place: Channel, what, subject.
        response: The answer, None until it begins.
        body: What was read of it, as it came, up to where that is seen to be too large.
        raised: The error that ended it, None if none did.
    """

    def __init__(self, request: Any, content: bytes) -> None:
        url = request.url
        self._where = f"{url.scheme}://{url.host}:{url.port or _PORTS.get(url.scheme)}"
        self.method: str = request.method
        subject = subject_of(self.method, self._where, url.raw_path.decode("latin-1"), content)
        self.place = "http", "response", subject
        self.response: Any = None
        self.body = bytearray()
        self._most = 0
        self.raised: list[Any] | None = None

    def begin(self, recorder: Recorder) -> None:
        """Be on the tape, once the tick is over."""
        self._most = recorder.limits.read
        recorder.at_end.append(partial(self._record, recorder))

    def add(self, part: bytes) -> None:
        """Note what was read."""
        if len(self.body) <= self._most:
            self.body += part

    def _record(self, recorder: Recorder) -> None:
        """Put it on the tape, and that its server was reached, which other clients ask for first."""
        if self.response is not None:
            recorder.record("http", "connect", self._where, None)
        recorder.record(*self.place, None if self.raised else self._as_sent(), self.raised)

    def _as_sent(self) -> bytes:
        response, body = self.response, bytes(self.body)
        reason = response.extensions.get("reason_phrase", b"")
        head = b"HTTP/1.1 %d %s\r\n" % (response.status_code, reason)
        headers = b"".join(b"%s: %s\r\n" % each for each in response.headers.raw)
        if "chunked" in response.headers.get("transfer-encoding", ""):
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        return kept_of(head + headers + b"\r\n" + body)


def _stream_of(module: Any) -> Callable[[Any, _Exchange], Any]:
    """Return a class of streams, for both sorts of clients."""

    class Stream(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc]
        """An answer's body: what is read of the real one is remembered, and without one it is what was remembered."""

        def __init__(self, real: Any, exchange: _Exchange) -> None:
            self._real, self._exchange = real, exchange

        def __iter__(self) -> Iterator[bytes]:
            if self._real is None:
                yield bytes(self._exchange.body)
                return
            parts = iter(self._real)
            while (part := self._next(parts)) is not None:
                yield part

        async def __aiter__(self) -> AsyncIterator[bytes]:
            if self._real is None:
                yield bytes(self._exchange.body)
                return
            parts = aiter(self._real)
            while (part := await self._anext(parts)) is not None:
                yield part

        # A context that is left open at a `yield` would be the reader's.

        def _next(self, parts: Iterator[bytes]) -> bytes | None:
            try:
                with covered():
                    part = next(parts, None)
            except Exception as error:
                self._exchange.raised = described(error)
                raise
            self._exchange.add(part or b"")
            return part

        async def _anext(self, parts: AsyncIterator[bytes]) -> bytes | None:
            try:
                with covered():
                    part = await anext(parts, None)
            except Exception as error:
                self._exchange.raised = described(error)
                raise
            self._exchange.add(part or b"")
            return part

        def close(self) -> None:
            with covered():
                if self._real is not None:
                    self._real.close()

        async def aclose(self) -> None:
            with covered():
                if self._real is not None:
                    await self._real.aclose()

    return Stream


class _Recorded:
    """What `http.client.HTTPResponse` reads an answer from in the place of a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._content)


def _body(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read()
    except http.client.IncompleteRead as error:
        # As much as was read of it then.
        return error.partial


async def _started(really: Callable[[Any, Any], Any], transport: Any, request: Any) -> Any:
    with covered():
        return await really(transport, request)


def _same(value: Any) -> Any:
    return value
