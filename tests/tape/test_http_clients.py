"""Requests by `requests` and `httpx`, to a real server that is gone when the tape is played."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import trustme

from harness.http_server import http_server
from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, under
from ticktrail.core.tape.history_player import HistoryPlayer


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


class Server:
    """A server that can be stopped.

    Attributes:
        place: Where it is.
        got: The requests that it got.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._running = ExitStack()
        self.place, self.got = self._running.enter_context(http_server(tls))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


async def _asked(url: str) -> Any:
    async with httpx.AsyncClient() as client:
        return _told(await client.get(url))


def _told(answer: Any) -> tuple[Any, ...]:
    reason = answer.reason if isinstance(answer, requests.Response) else answer.reason_phrase
    return answer.status_code, reason, answer.text, list(answer.headers.items())


#: How each client asks for an URL.
CLIENTS: dict[str, Callable[[str], Any]] = {
    "requests": lambda url: _told(requests.get(url)),
    "httpx": lambda url: _told(httpx.get(url)),
    "httpx, async": lambda url: asyncio.run(_asked(url)),
}


@pytest.mark.parametrize("path", ["/a", "/none", "/chunked", "/gzip"])
@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_comes_from_the_tape_when_the_server_is_gone(
    server: Server, client: str, path: str
) -> None:
    """Seen to fail when the client's connections were not replaced, and when a chunked body was kept as a plain one."""

    def read() -> Any:
        return CLIENTS[client](f"{server.place}{path}")

    plain = read()
    then, tape = record(read)
    server.stop()

    assert tape.complete, tape.uncovered
    assert then[2] == f"{path} for the 2th"
    assert [then[0], then[1]] == [plain[0], plain[1]]
    assert play(tape, read) == then


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_is_not_there_is_not_there_on_the_tape(client: str) -> None:
    """Seen to fail when an error of a library came back as a RuntimeError."""
    with_nobody = Server()
    with_nobody.stop()

    def read() -> str:
        try:
            return str(CLIENTS[client](with_nobody.place))
        except (requests.ConnectionError, httpx.ConnectError) as error:
            return f"{type(error).__name__}: {error}".partition(" at 0x")[0]

    then, tape = record(read)

    assert "ConnectionError: " in then or "ConnectError: " in then
    assert tape.complete, tape.uncovered
    assert play(tape, read) == then


def test_redirects_posts_heads_and_cookies_of_a_session(server: Server) -> None:
    def read() -> list[Any]:
        with requests.Session() as session:
            moved = session.get(f"{server.place}/moved")
            posted = session.post(f"{server.place}/b", data=b"abc")
            head = session.head(f"{server.place}/a")
            return [moved.text, moved.url, posted.text, dict(head.headers), dict(session.cookies)]

    then, tape = record(read)
    server.stop()

    assert then[:3] == ["/a for the 2th", f"{server.place}/a", "cba"]
    _are_the_same_but_for_the_cookie(play(tape, read), then)


def test_redirects_posts_heads_and_cookies_of_a_client(server: Server) -> None:
    def read() -> list[Any]:
        with httpx.Client(follow_redirects=True) as client:
            moved = client.get(f"{server.place}/moved")
            posted = client.post(f"{server.place}/b", content=b"abc")
            head = client.head(f"{server.place}/a")
            return [moved.text, str(moved.url), posted.text, dict(head.headers), dict(client.cookies)]

    then, tape = record(read)
    server.stop()

    assert then[:3] == ["/a for the 2th", f"{server.place}/a", "cba"]
    _are_the_same_but_for_the_cookie(play(tape, read), then)


def _are_the_same_but_for_the_cookie(now: list[Any], then: list[Any]) -> None:
    """Its name is on the tape, its value is a secret."""
    assert now[:-1] == then[:-1]
    assert then[-1] == {"seen": "yes"}
    assert list(now[-1]) == ["seen"] and now[-1]["seen"].startswith("secret-")


@pytest.mark.parametrize("kind", [requests.Session, httpx.Client])
def test_a_client_that_is_kept_has_each_answer_on_the_tape_of_its_own_tick(server: Server, kind: Any) -> None:
    """Seen to fail when a pool looked at the descriptor of a socket that a played tape had made."""
    kept = kind()

    def read(client: Any = kept) -> list[str]:
        return [client.get(f"{server.place}{path}").text for path in ("/a", "/b", "/a")]

    first, one = record(read)
    second, other = record(read)
    assert (first[0], second[2]) == ("/a for the 1th", "/a for the 6th")

    with kind() as anew:
        for tape, answers in ((other, second), (one, first)):
            assert tape.complete, tape.uncovered
            assert play(tape, read) == answers
            assert play(tape, lambda: read(anew)) == answers
        # A connection that leads nowhere is not used for real.
        assert read(anew)[0] == "/a for the 7th"
    kept.close()


def test_an_answer_is_read_as_a_stream(server: Server) -> None:
    def by_requests() -> list[Any]:
        with requests.get(f"{server.place}/chunked", stream=True) as answer:
            return [b"".join(answer.iter_content(3)), answer.status_code]

    def by_httpx() -> list[Any]:
        with httpx.stream("GET", f"{server.place}/chunked") as answer:
            return [b"".join(answer.iter_bytes()), answer.status_code]

    def by_async_httpx() -> list[Any]:
        async def asked() -> list[Any]:
            async with httpx.AsyncClient() as client, client.stream("GET", f"{server.place}/a") as answer:
                return [b"".join([part async for part in answer.aiter_bytes()]), answer.status_code]

        return asyncio.run(asked())

    for read in (by_requests, by_httpx, by_async_httpx):
        then, tape = record(read)
        assert then[1] == 200 and tape.complete, tape.uncovered
        assert play(tape, read) == then


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_that_ends_before_its_time_does_so_on_the_tape(server: Server, client: str) -> None:
    """Seen to fail when the error that came while the body was read was not kept."""

    def read() -> str:
        try:
            return str(CLIENTS[client](f"{server.place}/cut"))
        except (requests.exceptions.ChunkedEncodingError, httpx.RemoteProtocolError) as error:
            return type(error).__name__

    then, tape = record(read)

    assert then in ("ChunkedEncodingError", "RemoteProtocolError")
    assert play(tape, read) == then


def test_what_a_tick_asked_by_one_library_answers_another(server: Server) -> None:
    """So that code can be tried that has gone over to another one."""
    by: dict[str, Callable[[], str]] = {
        "requests": lambda: requests.get(f"{server.place}/chunked").text,
        "httpx": lambda: httpx.get(f"{server.place}/chunked").text,
        "urllib": lambda: urllib.request.urlopen(f"{server.place}/chunked").read().decode(),
    }
    for ask in by.values():
        then, tape = record(ask)
        for name, other in by.items():
            with under(HistoryPlayer(tape, "fail", {}, at=0)):
                assert other() == then, name


@pytest.mark.parametrize("client", ["requests", "httpx", "urllib"])
def test_what_the_tape_lacks_is_asked_of_the_server_if_that_is_wished(server: Server, client: str) -> None:
    """Seen to fail when a connection that the tape has could not be made anew."""
    ask: Callable[[str], str] = {
        "requests": lambda path: requests.get(f"{server.place}{path}").text,
        "httpx": lambda path: httpx.get(f"{server.place}{path}").text,
        "urllib": lambda path: urllib.request.urlopen(f"{server.place}{path}").read().decode(),
    }[client]
    then, tape = record(lambda: ask("/a"))

    with under(HistoryPlayer(tape, "live", {}, at=0)):
        assert ask("/a") == then == "/a for the 1th"
        assert ask("/b") == "/b for the 2th"


@pytest.mark.parametrize("client", CLIENTS)
def test_another_request_is_not_on_the_tape(server: Server, client: str) -> None:
    _, tape = record(lambda: CLIENTS[client](f"{server.place}/a"))
    player = Player(tape)

    with under(player), pytest.raises(NotOnTape, match=r"GET http://127.0.0.1:\d+/b"):
        CLIENTS[client](f"{server.place}/b")

    assert server.got == ["GET /a"] and player.missing


@pytest.mark.parametrize("client", CLIENTS)
def test_secrets_of_urls_and_headers_are_not_on_the_tape_and_not_missed(
    server: Server, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail: an URL's parameters and the answer's cookies were kept as they were."""
    monkeypatch.setenv("API_TOKEN", "hunter2")

    def read() -> Any:
        secret = os.environ["API_TOKEN"]
        return CLIENTS[client](f"{server.place}/login?api_key={secret}&page=2")[0]

    then, tape = record(read)
    server.stop()

    recorded = b"".join(tape.channels.values())
    assert b"hunter2" not in recorded and b"page=2" in recorded
    assert play(tape, read) == then == 200


def test_proxies_certificates_and_netrc_are_no_reads_of_the_sensors(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail: all variables of the environment were on the tape, and the passwords of .netrc."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("https_proxy", "http://me:hunter2@proxy")
    asks = (
        lambda: requests.get(f"{server.place}/a").text,
        lambda: httpx.get(f"{server.place}/a").text,
        lambda: urllib.request.build_opener().open(f"{server.place}/a").read(),
    )

    for ask in asks:
        _, tape = record(ask)
        assert set(tape.channels) <= {"http", "clock"}
        assert b"hunter2" not in b"".join(tape.channels.values())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Server]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = Server(tls)
    yield server
    server.stop()


@pytest.mark.parametrize("client", ["requests", "httpx", "urllib"])
def test_what_is_asked_over_tls_comes_from_the_tape(
    secure: Server, authority: trustme.CA, tmp_path: Path, client: str
) -> None:
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.create_default_context(cafile=str(trusted))
    url = f"{secure.place}/a"
    ask: Callable[[], Any] = {
        "requests": lambda: requests.get(url, verify=str(trusted)).text,
        "httpx": lambda: httpx.get(url, verify=context).text,
        "urllib": lambda: urllib.request.urlopen(url, context=context).read(),
    }[client]

    then, tape = record(ask)
    secure.stop()

    assert tape.complete, tape.uncovered
    assert play(tape, ask) == then


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_that_is_not_trusted_is_not_on_the_tape_either(secure: Server, client: str) -> None:
    def read() -> str:
        try:
            return str(CLIENTS[client](secure.place))
        except (requests.exceptions.SSLError, httpx.ConnectError) as error:
            return f"{type(error).__name__}: {error}"

    then, tape = record(read)
    secure.stop()

    assert "CERTIFICATE_VERIFY_FAILED" in then
    assert play(tape, read) == then


def test_what_an_event_loop_does_for_itself_is_no_read_of_the_sensors(server: Server) -> None:
    """Seen to fail: each turn of the loop was a read of the clock, and its resolver's threads were the sensor's."""
    url = server.place.replace("127.0.0.1", "localhost")

    async def asked() -> str:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{url}/a")
            await asyncio.sleep(0.01)
            return answer.text

    then, tape = record(lambda: asyncio.run(asked()))
    server.stop()

    assert tape.complete, tape.uncovered
    assert {each.what for each in tape.observations("clock")} <= {"time", "perf_counter"}
    assert play(tape, lambda: asyncio.run(asked())) == then


def test_requests_that_go_on_at_once_have_their_own_answers(server: Server) -> None:
    async def asked() -> list[str]:
        async with httpx.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(f"{server.place}/{each}") for each in range(8)))
            return [answer.text.partition(" ")[0] for answer in answers]

    def read() -> list[str]:
        return asyncio.run(asked())

    then, tape = record(read)
    server.stop()

    assert tape.complete, tape.uncovered
    assert play(tape, read) == then == [f"/{each}" for each in range(8)]


_IN_ITS_FUNCTION = """
import sys
from harness.tapes import play, record
from ticktrail.adapters.tape import install
install()
assert not {"requests", "httpx", "urllib3", "asyncio"} & set(sys.modules), "installing has imported a library"

def read():
    import httpx, requests
    return requests.get(sys.argv[1]).text, httpx.get(sys.argv[1]).text

then, tape = record(read)
assert tape.complete, tape.uncovered
assert set(tape.channels) <= {"http", "clock"}, set(tape.channels)
assert play(tape, read) == then
print(*then)
"""


def test_a_library_may_be_imported_by_the_sensors_function(server: Server) -> None:
    """Seen to fail when only libraries were made ready that had been imported before."""
    done = subprocess.run(
        [sys.executable, "-c", _IN_ITS_FUNCTION, f"{server.place}/a"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )

    assert done.stderr == "" and done.stdout.startswith("/a for the 1th")
