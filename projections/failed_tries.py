"""Which requests of a sensor had runs that failed, and which try of its run key each was."""

from __future__ import annotations

from hashlib import blake2b

from ..core.events import RunCanceled, RunFailed, RunRequested, RunSucceeded
from ..core.offsets_by_digest import OffsetsByDigest
from ..core.run_key_tries import try_of
from ..core.run_keys import NOBODY


class FailedTries:
    """What the `Outbox` says of failed tries, for one sensor: in less memory, whatever became of the runs."""

    def __init__(self) -> None:
        self._open, self._later_tries = OffsetsByDigest(), dict[int, int]()
        self._failed: dict[int, int] = {}

    def of(self, offset: int) -> int | None:
        """Return which try of its run key a request was whose run has failed; None for any other."""
        return self._failed.get(offset)

    def requested(self, offset: int, event: RunRequested) -> None:
        """Fold in a request of the sensor."""
        if not event.run_key:
            return
        self._open.put(_digest(event.run), offset)
        if (number := try_of(event)) > 1:
            self._later_tries[offset] = number

    def ended(self, event: RunSucceeded | RunFailed | RunCanceled) -> None:
        """Fold in the end of a run of any sensor."""
        digest = _digest(event.run)
        if (offset := self._open.get(digest)) == NOBODY:
            return
        self._open.put(digest, NOBODY)
        number = self._later_tries.pop(offset, 1)
        if isinstance(event, RunFailed):
            self._failed[offset] = number


def _digest(run: str) -> bytes:
    return blake2b(run.encode("utf-8", "surrogatepass"), digest_size=16).digest()
