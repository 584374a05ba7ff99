"""The sensors by whose reactions a run came about: what tells a loop from a chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .run_request import RunRequest

#: The tag of a run that names the sensors by whose reactions it came about, the oldest first.
CHAIN_TAG = "ticktrail/reaction_of"

_SENSOR_TAG = "dagster/sensor_name"


def chain_of(run_tags: Mapping[str, str]) -> list[str]:
    """Return the sensors by whose reactions a run with these tags came about, the one that asked for it last."""
    asked = run_tags.get(_SENSOR_TAG)
    earlier = [name for name in run_tags.get(CHAIN_TAG, "").split(",") if name and name != asked]
    return earlier if asked is None else [*earlier, asked]


def chained(requests: Iterable[RunRequest], chain: Sequence[str]) -> list[RunRequest]:
    """Return the requests with the tag of what they came about by."""
    if not chain:
        return list(requests)
    tag = {CHAIN_TAG: ",".join(chain)}
    return [request.with_replaced_attrs(tags={**request.tags, **tag}) for request in requests]
