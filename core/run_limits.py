"""Limits on how many runs go on at once: what they are called, and which of them a run falls under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .errors import TickTrailError

#: The limit that all runs fall under.
ALL_RUNS = "runs"

#: The tag of a run that says how soon it is to start: an integer, higher ones first.
PRIORITY_TAG = "dagster/priority"

_JOB, _TAG, _EACH = "job:", "tag:", "*"


class UnknownLimit(TickTrailError):
    """A text that names no limit."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} names no limit: give runs (all of them), job:NAME, tag:KEY, tag:KEY=VALUE, or tag:KEY=* "
            "(as many for each value)"
        )


def check_limit(name: str) -> str:
    """Return *name* if it names a limit.

    Raises:
        UnknownLimit: It does not.
    """
    kind, _, rest = name.partition(":")
    if name == ALL_RUNS or (kind in ("job", "tag") and rest.partition("=")[0]):
        return name
    raise UnknownLimit(name)


def groups_of(job: str, tags: Mapping[str, str], limits: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the limits that a run falls under, each with the group of runs that it counts.

    Args:
        limits: The names of the limits that there are.
    """
    for name in limits:
        if name == ALL_RUNS or name == _JOB + job:
            yield name, name
        elif name.startswith(_TAG):
            key, is_value, value = name.removeprefix(_TAG).partition("=")
            if key in tags and (not is_value or value in (_EACH, tags[key])):
                yield name, f"{_TAG}{key}={tags[key]}" if value == _EACH else name


def priority_of(tags: Mapping[str, str]) -> int:
    """Return the priority that the tags give; 0 if they give none, or no integer."""
    try:
        return int(tags.get(PRIORITY_TAG, "0"))
    except ValueError:
        return 0
