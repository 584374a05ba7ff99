"""`ticktrail dev` as a process of its own, on real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import IO, Any

from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import AnyEvent
from ticktrail.projections.invariants import check

#: Seconds to wait for anything; only a broken engine needs so many.
PATIENCE = 30.0

#: What every definitions file begins with.
PRELUDE = """
import os, signal, sys, threading, time
from pathlib import Path
import ticktrail as dg

HERE = Path(__file__).parent
RUNNING = dg.DefaultSensorStatus.RUNNING
IN_RUN_HOST = "ticktrail.adapters.runs.host" in sys.orig_argv

def wait_for(name):
    "Wait until the test has made a file."
    while not (HERE / name).exists():
        time.sleep(0.01)

def note(name, text=""):
    "Add a line to a file that the test reads."
    descriptor = os.open(HERE / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, f"{text}\\n".encode())
    os.close(descriptor)

def every(seconds, **options):
    "A running sensor."
    return dg.sensor(minimum_interval_seconds=seconds, default_status=RUNNING, **options)
"""

#: A program that becomes another one, named by its arguments, under a limit on the sizes of files.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
os.execv(sys.argv[1], sys.argv[1:])
"""


class Daemon:
    """One home, and the engine that runs on it, if one does.

    Attributes:
        told: What the running engine has written to its standard output, an event each.
    """

    def __init__(self, folder: Path, definitions: str = "", *, module: str | None = None) -> None:
        """Make the definitions file.

        Args:
            module: Load this module, which is in *folder*, in place of a file.
        """
        self.folder, self.home = folder, folder / "home"
        self.file = folder / "definitions.py"
        self._code = ["-f", str(self.file)] if module is None else ["-m", module]
        self._cwd = None if module is None else folder
        if module is None:
            self.file.write_text(PRELUDE + definitions)
        self.told: list[dict[str, Any]] = []
        self._news = Condition()
        self._process: subprocess.Popen[bytes] | None = None

    # --- the process -------------------------------------------------------------------------

    def start(
        self,
        *options: str,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
        largest_file: int | None = None,
    ) -> Daemon:
        """Start the engine; another one on the same home may run, or may have run.

        Args:
            largest_file: Size in bytes beyond which neither the engine nor its workers can write a
                file, as on a full disk; `resource.prlimit` can lift it.
        """
        command = [sys.executable, "-m", "ticktrail", "dev", *self._code, "--home", str(self.home)]
        self.told = []
        if largest_file is not None:
            command = [sys.executable, "-c", LIMITED.format(size=largest_file), *command]
        self._process = subprocess.Popen(
            [*command, "--json", *options], stdout=stdout, stderr=stderr, cwd=self._cwd
        )
        if self._process.stdout is not None:
            Thread(target=self._listen, args=(self._process.stdout, self.told), daemon=True).start()
        if self._process.stderr is not None:
            # Not straight into the file: limits on the sizes of the engine's files are not for it.
            Thread(target=self._keep, args=(self._process.stderr,), daemon=True).start()
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the engine was not started"
        return self._process

    def wait(self) -> int:
        """Wait for the engine's end; returns its exit code."""
        return self.process.wait(PATIENCE)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def stop_at_once(self) -> int:
        """Send the signal twice, so that nothing that still runs is waited for."""
        self.process.send_signal(signal.SIGTERM)
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """End the engine with ``kill -9``."""
        self.process.kill()
        self.wait()

    @property
    def errors(self) -> str:
        """All that engines on this home, their hosts and their sensors wrote to standard error."""
        file = self.folder / "errors"
        return file.read_text() if file.exists() else ""

    def close(self) -> None:
        """Leave nothing running."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            # Run hosts and workers: they are named for the home, which no other test has.
            with suppress(OSError):
                if str(self.home).encode() in command.read_bytes().split(b"\0"):
                    os.kill(int(command.parent.name), signal.SIGKILL)

    # --- what it says ------------------------------------------------------------------------

    def wait_for(self, kind: str, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait until the engine has told of *count* events with these fields; returns the last."""
        return self._wait(lambda: self.told_of(kind, **fields), count, f"{kind} {fields}")

    def wait_for_file(self, name: str) -> str:
        """Wait until a file in the folder has a whole line; returns its text."""
        file = self.folder / name
        return self._poll(lambda: file.read_text() if file.exists() else "", f"the file {name}")

    def wait_for_output(self, run: str, text: str) -> None:
        """Wait until a worker of the run has written *text* to its standard error."""
        file = self.home / "runs" / run / "stderr"
        self._poll(lambda: text if file.exists() and text in file.read_text() else "", repr(text))

    def wait_for_error(self, text: str) -> str:
        """Wait until *text* was written to standard error; returns all of it."""
        return self._poll(lambda: self.errors if text in self.errors else "", repr(text))

    def told_of(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Return the events told of so far that have these fields."""
        wanted = {"event": kind, **fields}.items()
        with self._news:
            return [event for event in self.told if wanted <= event.items()]

    def _wait(self, found: Callable[[], list[dict[str, Any]]], count: int, what: str) -> dict[str, Any]:
        with self._news:
            if not self._news.wait_for(lambda: len(found()) >= count, PATIENCE):
                raise AssertionError(f"waited in vain for {what}: {self.told[-5:]}\n{self.errors}")
            return found()[count - 1]

    def _poll(self, found: Callable[[], str], what: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while not (text := found()):
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.errors}"
            time.sleep(0.01)
        return text

    def _listen(self, stream: IO[bytes], told: list[dict[str, Any]]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    told.append(json.loads(line))
                    self._news.notify_all()

    def _keep(self, stream: IO[bytes]) -> None:
        with stream, open(self.folder / "errors", "ab", buffering=0) as errors:
            errors.writelines(stream)

    # --- the home ----------------------------------------------------------------------------

    def make(self, name: str) -> None:
        """Make a file in the folder that the definitions wait for."""
        (self.folder / name).touch()

    def operate(self, *events: AnyEvent) -> None:
        """Append as an operator in another process does."""
        log = open_event_log(self.home / "log.sqlite")
        try:
            log.append(events, expected=None, recorded_at=time.time_ns() // 1000, writer="cli:tester")
        finally:
            log.close()

    def events(self, *kinds: type) -> list[Any]:
        """Return the events in the log, of these types if there are any; none while there is no log."""
        if not (self.home / "log.sqlite").exists():
            return []
        log = open_event_log(self.home / "log.sqlite")
        try:
            found = [event for frame in log.read() for event in frame.events]
        finally:
            log.close()
        return [event for event in found if not kinds or isinstance(event, kinds)]

    def wait_for_log(self, kind: type, count: int = 1) -> Any:
        """Wait until the log holds *count* events of that type, engine or not; returns the first."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self.events(kind)) < count:
            assert time.monotonic() < deadline, f"waited in vain for a {kind.__name__}:\n{self.errors}"
            time.sleep(0.02)
        return found[0]

    def violations(self) -> list[Any]:
        """Return where the log breaks an invariant."""
        log = open_event_log(self.home / "log.sqlite")
        try:
            return list(check(log.read()))
        finally:
            log.close()


def is_running(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill(pid: int) -> None:
    """End a process that the test knows by its id."""
    os.kill(pid, signal.SIGKILL)
