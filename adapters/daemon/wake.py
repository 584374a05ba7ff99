"""The bell that a loop sleeps beside."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Wake:
    """Wakes one waiting thread; may be rung from any thread and from a signal handler.

    `threading.Event` may not: its `set` waits for a lock that the interrupted thread may hold.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wake the waiting thread, or let its next `wait` return at once."""
        self._rings.put(None)

    def wait(self, timeout: float | None) -> None:
        """Wait until it rings, for *timeout* seconds at the most, and forget all rings so far."""
        try:
            self._rings.get(timeout=timeout)
            while True:
                self._rings.get_nowait()
        except Empty:
            return
