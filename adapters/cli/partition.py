"""``ticktrail partition``: the keys of dynamic partitions, and their change by an operator."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from ...core.authoring.dynamic_partitions import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    partition_changes,
)
from ...core.events import AnyEvent, DynamicPartitionsChanged
from ...core.log import EventLog
from ...core.partitions_store import Changed, ChangedPartitions, PartitionsChange
from ...projections.dynamic_partitions import DynamicPartitions
from ..folding import fold
from ..identity import actor as current_actor
from .deciding import append_decided
from .options import COMMON, WHEN, Common, When
from .output import Output
from .reading import opened, viewed

app = App(name="partition", help="List the keys of dynamic partitions, add and delete some.")

Name = Annotated[str, Parameter(name="NAME", help="Name of the dynamic partitions.")]
Keys = Annotated[tuple[str, ...], Parameter(name="KEY", help="Key of a partition.", negative=())]
Actor = Annotated[str | None, Parameter(help="Who acts; the operating system's user@host by default.")]


@app.command(name="list")
def list_(name: Name, /, *, when: When = WHEN, common: Common = COMMON) -> int:
    """List the keys of dynamic partitions, in the order in which they were added."""
    out, partitions = Output(json=common.json), DynamicPartitions()
    with viewed(common.open(), when) as view:
        fold(view.log, partitions)
    keys = partitions.get_dynamic_partitions(name)
    for key in keys:
        if out.json:
            out.record({"partitions": name, "key": key})
        else:
            out.line(key)
    if not keys:
        out.note(f"the dynamic partitions {name!r} have no keys")
    return 0


@app.command
def add(name: Name, key: Keys, /, *, actor: Actor = None, common: Common = COMMON) -> int:
    """Add keys to dynamic partitions; those that are there stay as they are."""
    return _change([AddDynamicPartitionsRequest(name, key)], actor, common)


@app.command
def delete(name: Name, key: Keys, /, *, actor: Actor = None, common: Common = COMMON) -> int:
    """Delete keys of dynamic partitions; what was made of them is kept."""
    return _change([DeleteDynamicPartitionsRequest(name, key)], actor, common)


def _change(
    requests: list[AddDynamicPartitionsRequest] | list[DeleteDynamicPartitionsRequest],
    actor: str | None,
    common: Common,
) -> int:
    [change] = partition_changes(requests)
    with opened(common.open()) as log:
        offset, changed = _append(log, change, actor or current_actor())
    out = Output(json=common.json)
    if out.json:
        told = {"added": changed.added, "deleted": changed.deleted, "unchanged": changed.unchanged}
        out.record({"partitions": change.partitions, **told, "offset": offset})
        return 0
    for what, keys in zip(("added", "deleted"), (changed.added, changed.deleted), strict=True):
        for key in keys:
            out.line(f"{what} {key}")
    state = "is not there" if change.delete else "is there already"
    for key in changed.unchanged:
        out.line(f"{key} {state}")
    return 0


def _append(log: EventLog, change: PartitionsChange, actor: str) -> tuple[int | None, Changed]:
    """Append what the change amounts to at the head, if to anything, and return its offset and what it was."""
    partitions = DynamicPartitions()
    changed: list[Changed] = []

    def decide(now: int) -> list[AnyEvent]:
        changed[:] = [found := ChangedPartitions(partitions).apply(change)]
        event = DynamicPartitionsChanged(at=now, partitions=change.partitions, actor=actor, **found._asdict())
        return [event] if found.added or found.deleted else []

    offset = append_decided(log, actor, decide, partitions)
    return offset, changed[0]
