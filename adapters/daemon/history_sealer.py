"""Has the tick history sealed while the engine runs, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

from ..history.segments import chained
from ..home import Home

#: Events on the log's tail from which on it is sealed, the same as in `history.sealing`.
RIPE = 65_536


class HistorySealer:
    """Starts a process that seals whenever enough was appended; one at a time, and none without the extra."""

    def __init__(self, home: Home, complain: Callable[[str], None]) -> None:
        """Take the home.

        Args:
            complain: Told of what went wrong with sealing; questions find the rest on the log itself.
        """
        self._home, self._complain = home, complain
        self._wanted = find_spec("duckdb") is not None and find_spec("pyarrow") is not None
        self._process: subprocess.Popen[str] | None = None
        self._next: int | None = None

    def heed(self, head: int) -> None:
        """Hear where the log's head is."""
        if not self._wanted or (self._next is not None and head < self._next):
            return
        if self._next is None:
            # What an earlier engine left is found out once.
            chain = chained(self._home.history_path / "segments")
            self._next = (chain[-1].stop if chain else 0) + RIPE
            return self.heed(head)
        if self._ended():
            command = [sys.executable, "-m", "ticktrail.adapters.history", str(self._home.path)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            self._next = head + RIPE

    def close(self) -> None:
        """End the process that seals: what it has sealed is whole."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._ended()

    def _ended(self) -> bool:
        """Say whether no process seals; tell of one that failed."""
        if self._process is None:
            return True
        code = self._process.poll()
        if code is None:
            return False
        _, complaint = self._process.communicate()
        if code > 0:
            self._complain(f"the tick history was not sealed: {complaint.strip() or f'exit code {code}'}")
        self._process = None
        return True
