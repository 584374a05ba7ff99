"""Part of invariant 3: no two different run keys share a digest, which would make one of them a repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from ...core.events import RunKeyImported, RunKeyRepeated, RunRequested
from ...core.run_keys import NOBODY, RunKeyOwners, run_key_digests


class KeyCollisions:
    """A second digest of each key, independent of the first, by which keys of the same first one differ.

    Args:
        report: Called with (offset, what is wrong).
        index: An empty one; it keeps the second digests in the place of owners.
    """

    def __init__(self, report: Callable[[int, str], None], index: RunKeyOwners) -> None:
        self._report, self._index = report, index

    def steps(self) -> Mapping[type, Callable[[int, Any], None]]:
        """Return what to call with (offset, event), by type of event."""
        return {RunRequested: self._see, RunKeyRepeated: self._see, RunKeyImported: self._see}

    def _see(self, offset: int, event: RunRequested | RunKeyRepeated | RunKeyImported) -> None:
        if not event.run_key or event.sensor is None:
            return
        digests, second = run_key_digests(event.sensor, [event.run_key]), _second(event.sensor, event.run_key)
        (seen,) = self._index.owners(digests)
        if seen == NOBODY:
            self._index.claim(digests, [second])
        elif seen != second:
            self._report(
                offset,
                f"run key {event.run_key!r} of sensor {event.sensor!r} shares its digest "
                f"{digests[0].hex()} with another key",
            )


def _second(sensor: str, run_key: str) -> int:
    text = f"{sensor}\0{run_key}".encode("utf-8", "surrogatepass")
    # An owner is an offset: it has room for 62 bits.
    return int.from_bytes(blake2b(text, digest_size=8, person=b"second").digest(), "little") >> 2
