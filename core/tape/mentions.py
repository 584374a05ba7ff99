"""Mentions: what of a tape a run key was made from."""

from __future__ import annotations

from collections.abc import Iterator

from .tape import Observation, Tape

#: Shorter names are in a key by accident.
_LEAST = 2


def mentions(tape: Tape, run_key: str) -> Iterator[str]:
    """Yield, for people, the reads of a tape by which the evaluation got to know what *run_key* names.

    Listings that have a name that is part of the key, and stats and contents of files of such names.
    """
    told = dict[str, None]()
    for observation in tape.observations("files"):
        if observation.raised is None and (line := _told(observation, run_key)) is not None:
            told[line] = None
    yield from told


def _told(observation: Observation, run_key: str) -> str | None:
    if observation.what in ("listdir", "scandir"):
        names = observation.result if observation.what == "listdir" else observation.result[0]
        here = [name for name in names if _is_part(name, run_key)]
        if not here:
            return None
        others = f"among {len(names):,} names" if len(names) > 1 else "which was all"
        return f"{observation.what} {observation.subject}: {max(here, key=len)!r}, {others}"
    if _is_part(observation.subject.rpartition("/")[2], run_key):
        return f"{observation.what} {observation.subject}"
    return None


def _is_part(name: str, run_key: str) -> bool:
    return len(name) >= _LEAST and name in run_key
