"""A real HTTP server on this machine."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def http_server(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield where a server is, and the requests that it got.

    Its answers say how many there were: ``/none`` is 404, ``/chunked`` comes in two chunks, ``/gzip`` compressed,
    ``/moved`` leads to ``/a``, ``/cut`` ends before its time, ``/login`` sends a query back in a cookie, and what is
    posted comes back to front.
    """
    got = list[str]()

    class Handler(_Handler):
        requests = got

    class Server(ThreadingHTTPServer):
        # A client that does not trust the certificate is a part of some tests.
        def handle_error(self, *_: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[str]

    def do_GET(self) -> None:
        self.requests.append(f"GET {self.path}")
        body = f"{self.path} for the {len(self.requests)}th".encode()
        status = {"/none": 404, "/moved": 302}.get(self.path, 200)
        self._answer(status, body, chunked=self.path == "/chunked")

    def do_HEAD(self) -> None:
        self.requests.append(f"HEAD {self.path}")
        self._answer(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append(f"POST {self.path} {body.decode()}")
        self._answer(200, body[::-1])

    def _answer(self, status: int, body: bytes, *, chunked: bool = False) -> None:
        self.send_response(status)
        if self.path == "/moved":
            self.send_header("Location", "/a")
            self.send_header("Set-Cookie", "seen=yes")
        if self.path.startswith("/login?"):
            self.send_header("Set-Cookie", f"session={self.path.partition('?')[2]}; Path=/")
            self.send_header("X-Auth-Token", self.path)
            body = b"welcome"
        if self.path == "/gzip":
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (body[:5], body[5:], b""):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            return
        cut = 10 if self.path == "/cut" else 0
        self.send_header("Content-Length", str(len(body) + cut))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = bool(cut)

    def log_message(self, *_: Any) -> None:
        pass
