"""Calls of a run-key index by sensor and key in place of digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ticktrail.core.run_keys import NOBODY, RunKeyOwners, run_key_digests


def owners(index: RunKeyOwners, sensor: str, keys: Sequence[str]) -> list[int | None]:
    """Return the owner of each key, None for nobody."""
    return [None if owner == NOBODY else owner for owner in index.owners(run_key_digests(sensor, keys))]


def claim(index: RunKeyOwners, sensor: str, claims: Iterable[tuple[str, int]]) -> None:
    """Claim (key, offset) pairs in one batch."""
    pairs = list(claims)
    index.claim(run_key_digests(sensor, [key for key, _ in pairs]), [offset for _, offset in pairs])


def release(index: RunKeyOwners, sensor: str, keys: Sequence[str]) -> None:
    """Release keys in one batch."""
    index.release(run_key_digests(sensor, keys))
