"""What sensors read by Python's own means goes to the tape, and comes from it."""

from __future__ import annotations

import datetime
import glob
import http.client
import json
import linecache
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from os import listdir
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.http_server import http_server
from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import NotOnTape, Player, Recorder, Tape, under


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "b.csv", "c.txt"):
        (folder / name).write_text(f"{name}\nä\n", encoding="utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "d.csv").write_bytes(b"\x00\xff")
    (folder / "link").symlink_to(folder / "a.csv")
    (folder / "nowhere").symlink_to(folder / "gone")
    return folder


def opened(folder: Path, use: Callable[[Any], Any], **how: Any) -> Any:
    with open(folder / "a.csv", **how) as file:
        return use(file)


READS: dict[str, Callable[[Path], Any]] = {
    "listdir": lambda folder: os.listdir(folder),
    "listdir by its own name": lambda folder: listdir(folder),
    "scandir": lambda folder: [
        (each.name, each.path, each.is_file(), each.is_dir(), each.is_symlink(), each.inode())
        for each in os.scandir(folder)
    ],
    "scandir without following": lambda folder: [
        (each.is_file(follow_symlinks=False), each.is_dir(follow_symlinks=False))
        for each in os.scandir(folder)
    ],
    "stat of an entry": lambda folder: [
        each.stat().st_mtime_ns for each in os.scandir(folder) if each.is_file()
    ],
    "walk": lambda folder: list(os.walk(folder)),
    "glob": lambda folder: glob.glob(f"{folder}/**/*.csv", recursive=True),
    "Path.iterdir": lambda folder: sorted(folder.iterdir()),
    "Path.glob": lambda folder: sorted(folder.glob("*.csv")),
    "Path.rglob": lambda folder: sorted(folder.rglob("*.csv")),
    "Path.stat": lambda folder: (folder / "a.csv").stat(),
    "Path.exists": lambda folder: [(folder / name).exists() for name in ("a.csv", "gone", "nowhere", "link")],
    "Path.read_text": lambda folder: (folder / "a.csv").read_text(encoding="utf-8"),
    "Path.read_bytes": lambda folder: (folder / "sub" / "d.csv").read_bytes(),
    "path": lambda folder: (
        os.path.isfile(folder / "a.csv"),
        os.path.isdir(folder / "sub"),
        os.path.islink(folder / "link"),
        os.path.getmtime(folder / "a.csv"),
        os.path.getsize(folder / "a.csv"),
        os.path.realpath(folder / "link"),
        os.path.lexists(folder / "nowhere"),
    ),
    "access": lambda folder: os.access(folder / "a.csv", os.R_OK),
    "lines": lambda folder: opened(folder, lambda file: list(file), encoding="utf-8"),
    "half of a file": lambda folder: opened(folder, lambda file: file.read(3), mode="rb"),
    "name of a file": lambda folder: opened(folder, lambda file: (file.name, file.seek(2), file.tell())),
    "getcwd": lambda _: os.getcwd(),
    "time": lambda _: (time.time(), time.time_ns(), time.monotonic(), time.perf_counter()),
    "datetime": lambda _: (
        datetime.datetime.now(),
        datetime.datetime.now(datetime.UTC),
        datetime.datetime.today(),  # noqa: DTZ002
        datetime.date.today(),
    ),
    "strftime": lambda _: time.strftime("%H:%M:%S", time.localtime()),
    "random": lambda _: (
        random.random(),
        random.randint(1, 10**9),
        random.choice("abc"),
        random.sample(range(99), 5),
    ),
    "shuffle": lambda _: (numbers := list(range(50)), random.shuffle(numbers))[0],
    "uuid4": lambda _: uuid.uuid4(),
    "urandom": lambda _: os.urandom(9),
    "environ": lambda _: (os.environ["HOME"], os.environ.get("NOT_THERE", "-"), os.getenv("PATH")),
    "names of the environment": lambda _: sorted(os.environ),
}


@pytest.mark.parametrize("name", READS)
def test_what_was_read_comes_from_the_tape_when_all_of_it_has_changed(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail for each group of functions when these were not put in the originals' place."""
    read = READS[name]
    then, tape = record(lambda: read(folder))
    shutil.rmtree(folder)
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setenv("PATH", "/elsewhere")
    monkeypatch.setenv("NOT_THERE", "it is now")
    monkeypatch.chdir(folder.parent)

    assert tape.complete, tape.uncovered
    assert play(tape, lambda: read(folder)) == then


@pytest.mark.parametrize("name", READS)
def test_on_the_record_the_answer_is_what_it_is_off_it(folder: Path, name: str) -> None:
    read = READS[name]
    by_chance = ("time", "datetime", "random", "shuffle", "uuid4", "urandom", "strftime")
    if name in by_chance:
        assert type(record(lambda: read(folder))[0]) is type(read(folder))
    else:
        assert record(lambda: read(folder))[0] == read(folder)


def test_a_missing_file_is_missing_on_the_tape(folder: Path) -> None:
    def read() -> str:
        try:
            return (folder / "new.csv").read_text()
        except FileNotFoundError as error:
            return str(error)

    then, tape = record(read)
    (folder / "new.csv").write_text("here now")

    assert play(tape, read) == then
    assert "No such file" in then


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**33), st.integers(0, 10**9 - 1))
def test_times_of_a_stat_are_the_same_to_the_last_bit(tmp_path: Path, seconds: int, nanos: int) -> None:
    """Cursors are made of them. Seen to fail when seconds were nanoseconds divided by a billion."""
    file = tmp_path / "file"
    file.touch()
    os.utime(file, ns=(seconds * 10**9 + nanos,) * 2)

    then, tape = record(lambda: os.stat(file))
    now = play(tape, lambda: os.stat(file))

    for field in ("st_mtime", "st_atime", "st_ctime", "st_mtime_ns", "st_size", "st_ino", "st_blocks"):
        assert getattr(now, field) == getattr(then, field), field
    assert tuple(now) == tuple(then)


def test_a_secret_is_not_on_the_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen to fail when values were kept whatever their names."""
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "hunter2")
    monkeypatch.setenv("API_KEY", "hunter2")
    monkeypatch.setenv("KEYBOARD", "de")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db/x")

    read = lambda: tuple(
        os.environ[name] for name in ("WAREHOUSE_PASSWORD", "API_KEY", "KEYBOARD", "DATABASE_URL")
    )
    then, tape = record(read)

    assert then == ("hunter2", "hunter2", "de", "postgresql://me:hunter2@db/x")
    assert b"hunter2" not in b"".join(tape.channels.values())
    password, key, keyboard, url = play(tape, read)
    assert password == key and password.startswith("secret-") and keyboard == "de"
    assert url == f"postgresql://me:{password}@db/x"


def test_reads_of_two_threads_go_to_the_tapes_of_their_own_ticks(folder: Path) -> None:
    """Seen to fail when there was one tape for all threads."""

    def tick(number: int) -> Tape:
        recorder = Recorder()
        with under(recorder):
            for _ in range(50):
                os.path.exists(f"/of-tick-{number}")
        return recorder.tape()

    with ThreadPoolExecutor(4) as threads:
        tapes = list(threads.map(tick, range(8)))

    for number, tape in enumerate(tapes):
        assert {each.subject for each in tape.observations("files")} == {f"/of-tick-{number}"}
        assert len(tape.observations("files")) == 50


class TestWhatIsNotRecorded:
    """It is named, so that no tape passes for complete that is not."""

    @staticmethod
    def uncovered(read: Callable[[], Any]) -> list[str]:
        return list(record(read)[1].uncovered)

    def test_a_thread_that_the_sensor_starts(self) -> None:
        def read() -> None:
            thread = threading.Thread(target=os.getcwd, name="reader")
            thread.start()
            thread.join()

        assert self.uncovered(read) == ["thread reader: what it reads is not recorded"]

    def test_a_connection(self) -> None:
        def read() -> None:
            with socket.socket() as opened:
                opened.connect_ex(("127.0.0.1", 1))

        assert self.uncovered(read) == ["socket.connect ('127.0.0.1', 1)"]

    def test_a_process(self) -> None:
        (process,) = self.uncovered(lambda: subprocess.run(["true"], check=True))[:1]
        assert process == "subprocess.Popen ['true']"

    def test_a_file_by_its_descriptor(self, folder: Path) -> None:
        def read() -> None:
            os.close(os.open(folder / "a.csv", os.O_RDONLY))

        (opened,) = self.uncovered(read)
        assert opened == f"open {folder / 'a.csv'}"

    def test_a_file_that_is_too_large(self, folder: Path) -> None:
        (folder / "large").write_bytes(bytes(3_000_000))

        (large,) = self.uncovered(lambda: (folder / "large").read_bytes()[:9])
        assert large == f"open {folder / 'large'}: too large, 1,048,576 bytes are recorded at most"

    def test_what_is_imported_is_no_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "imported_by_a_sensor.py").write_text("x = 1")
        monkeypatch.syspath_prepend(tmp_path)

        assert self.uncovered(lambda: __import__("imported_by_a_sensor")) == []


class TestWhileATapeIsPlayed:
    """Nothing goes out."""

    @pytest.mark.parametrize(
        "act",
        [
            lambda path: path.write_text("x"),
            lambda path: path.mkdir(),
            lambda path: path.parent.joinpath("there").unlink(),
            lambda path: subprocess.run(["touch", path], check=True),
            lambda path: socket.create_connection(("127.0.0.1", 1)),
            lambda path: shutil.rmtree(path.parent),
            lambda path: threading.Thread(target=path.touch).start(),
        ],
        ids=["write", "mkdir", "unlink", "process", "socket", "rmtree", "thread"],
    )
    def test_acts_are_refused_and_named(self, tmp_path: Path, act: Callable[[Path], Any]) -> None:
        """Seen to fail when the audit only took note, and when a thread could act under no tape."""
        (tmp_path / "there").touch()
        player = Player(Tape())

        with under(player), pytest.raises((NotOnTape, OSError)):
            act(tmp_path / "x")

        assert player.missing
        assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]

    def test_no_time_passes(self) -> None:
        begin = time.perf_counter()
        play(Tape(), lambda: time.sleep(30))

        assert time.perf_counter() - begin < 5


def test_a_traceback_is_shown_on_the_record_and_while_a_tape_is_played() -> None:
    """Seen to fail when the source was looked for on the tape: only the first tick reads it."""

    def read() -> str:
        try:
            raise ValueError("no")
        except ValueError:
            return traceback.format_exc()

    linecache.clearcache()
    record(read)
    then, tape = record(read)
    linecache.clearcache()

    assert tape == Tape()
    assert play(tape, read) == then
    assert 'raise ValueError("no")' in then


def test_a_time_zone_is_no_read_of_the_tick_that_asks_for_it_first() -> None:
    """Seen to fail: its file was looked for on the tape, and opened where no tape is."""

    def read() -> str:
        return str(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo")))

    zoneinfo.ZoneInfo.clear_cache()
    then, tape = record(read)
    zoneinfo.ZoneInfo.clear_cache()

    assert tape == Tape()
    assert play(tape, read) == then


def test_json_is_read_from_the_tape(folder: Path) -> None:
    (folder / "state.json").write_text('{"rows": [1, 2]}')

    def read() -> Any:
        with open(folder / "state.json") as file:
            return json.load(file)

    then, tape = record(read)
    (folder / "state.json").write_text("{")

    assert play(tape, read) == then == {"rows": [1, 2]}


class TestHttp:
    """Requests by `urllib.request` and `http.client`, to a real server."""

    @pytest.fixture
    def server(self) -> Iterator[tuple[str, list[str]]]:
        """Where a server is, and the requests that it got."""
        with http_server() as server:
            yield server

    @pytest.mark.parametrize("path", ["/a", "/chunked"])
    def test_an_answer_comes_from_the_tape_and_no_request_goes_out(
        self, server: tuple[str, list[str]], path: str
    ) -> None:
        """Seen to fail when the connection was made although a tape was played."""
        place, got = server

        def read() -> tuple[int, bytes, list[tuple[str, str]]]:
            with urllib.request.urlopen(f"{place}{path}") as answer:
                return answer.status, answer.read(), answer.getheaders()

        then, tape = record(read)

        assert tape.complete, tape.uncovered
        assert then[:2] == (200, f"{path} for the 1th".encode())
        assert play(tape, read) == then
        assert got == [f"GET {path}"]

    def test_several_requests_on_one_connection_have_their_own_answers(
        self, server: tuple[str, list[str]]
    ) -> None:
        place, got = server

        def read() -> list[bytes]:
            connection = http.client.HTTPConnection(place.removeprefix("http://"))
            answers = []
            for method, path, body in (("GET", "/a", None), ("POST", "/b", b"abc"), ("POST", "/b", b"xyz")):
                connection.request(method, path, body)
                answers.append(connection.getresponse().read())
            connection.close()
            return answers

        then, tape = record(read)

        assert then == [b"/a for the 1th", b"cba", b"zyx"]
        assert play(tape, read) == then and len(got) == 3

    def test_a_connection_that_is_kept_has_each_answer_on_the_tape_of_its_own_tick(
        self, server: tuple[str, list[str]]
    ) -> None:
        """Seen to fail when a connection went on with the tape of the tick that had made it."""
        place, got = server
        kept = http.client.HTTPConnection(place.removeprefix("http://"))

        def read(connection: http.client.HTTPConnection) -> bytes:
            connection.request("GET", "/a")
            return connection.getresponse().read()

        first, one = record(lambda: read(kept))
        second, other = record(lambda: read(kept))
        assert (first, second) == (b"/a for the 1th", b"/a for the 2th")

        # Kept as it is, or made anew, as after a restart.
        for tape, answer in ((other, second), (one, first)):
            assert play(tape, lambda: read(kept)) == answer
            assert play(tape, lambda: read(http.client.HTTPConnection(kept.host, kept.port))) == answer
        assert len(got) == 2 and read(kept) == b"/a for the 3th"
        kept.close()

    def test_errors_are_as_they_were(self, server: tuple[str, list[str]]) -> None:
        place, _ = server

        def read() -> list[str]:
            told = []
            for url in (f"{place}/none", "http://127.0.0.1:1/"):
                try:
                    urllib.request.urlopen(url)
                except urllib.error.HTTPError as error:
                    told.append(f"{error.code} {error.read().decode()}")
                except urllib.error.URLError as error:
                    told.append(str(error.reason))
            return told

        then, tape = record(read)

        assert then[0] == "404 /none for the 1th" and "refused" in then[1]
        assert play(tape, read) == then

    def test_a_secret_in_a_header_is_not_kept_and_not_missed(
        self, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Seen to fail when headers were a part of what stands for a request."""
        place, _ = server
        monkeypatch.setenv("API_TOKEN", "hunter2")

        def read() -> bytes:
            request = urllib.request.Request(f"{place}/a", headers={"Authorization": os.environ["API_TOKEN"]})
            with urllib.request.urlopen(request) as answer:
                content: bytes = answer.read()
            return content

        then, tape = record(read)

        assert play(tape, read) == then
        assert b"hunter2" not in b"".join(tape.channels.values())

    def test_another_request_is_not_on_the_tape(self, server: tuple[str, list[str]]) -> None:
        place, got = server
        _, tape = record(lambda: urllib.request.urlopen(f"{place}/a").read())
        player = Player(tape)

        with under(player), pytest.raises(NotOnTape, match=r"GET http://127.0.0.1:\d+/b"):
            urllib.request.urlopen(f"{place}/b")

        assert len(got) == 1 and player.missing
