"""Every read model with how to build it, and what it holds as values that can be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from story import BEGIN
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex
from ticktrail.core.events import AssetObserved
from ticktrail.core.wake_ups import STATUS_EVENTS
from ticktrail.projections.assets import Assets
from ticktrail.projections.blobs import Blobs
from ticktrail.projections.changes import Changes
from ticktrail.projections.concurrency_limits import ConcurrencyLimits
from ticktrail.projections.dynamic_partitions import DynamicPartitions
from ticktrail.projections.imports import Imports
from ticktrail.projections.key_story import KeyStory
from ticktrail.projections.milestones import Milestones
from ticktrail.projections.outbox import Outbox
from ticktrail.projections.positions import AssetPositions, StatusPositions
from ticktrail.projections.run_key_history import RunKeyHistory
from ticktrail.projections.run_keys import RunKeys
from ticktrail.projections.run_search import RunSearch
from ticktrail.projections.runs import Runs
from ticktrail.projections.sensor_states import SensorStates
from ticktrail.projections.tick_record import TickRecord
from ticktrail.projections.ticks import Ticks


def outbox_content(outbox: Outbox) -> object:
    return list(outbox.pending()), list(outbox.running())


def run_content(runs: Runs) -> object:
    return (
        msgspec.to_builtins(list(runs)),
        [run.run for run in runs.unfinished()],
        [run.run for run in runs.of_job("j")],
    )


def history_content(history: RunKeyHistory) -> object:
    return (
        [msgspec.to_builtins(history.of(key)) for key in ("1", "2", "3")],
        [(key, run.run) for key, run in history.owned()],
    )


def asset_content(positions: AssetPositions) -> object:
    return [
        (
            name,
            list(positions.all(name, ascending=True)),
            [(partition, positions.latest(name, partition)) for partition in (None, "1", "2")],
            positions.partitions(name),
        )
        for name in positions.names()
    ]


def status_content(positions: StatusPositions) -> object:
    return [
        (status, positions.after(status, -1, 10**6), positions.latest(status)) for status in STATUS_EVENTS
    ]


def change_content(changes: Changes) -> object:
    return (
        msgspec.to_builtins(changes.sensors),
        changes.requested,
        changes.started,
        changes.ended,
        changes.actions,
    )


def record_content(record: TickRecord) -> object:
    return (
        (record.ticks, record.imported, record.first_tick_at, record.requested),
        (record.last_end, record.last_skip, record.last_failure, record.last_request, record.put_off),
        (record.failing, record.outcomes()),
    )


def story_content(story: KeyStory) -> object:
    return story.requested, story.released, story.rejected, story.repeated, story.repeats


def import_content(imports: Imports) -> object:
    return (
        sorted((source, sorted(ticks)) for source, ticks in imports._ticks.items()),
        sorted(imports._run_keys),
        sorted(imports._origins.items()),
        sorted(imports._here),
    )


READ_MODELS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "sensor states": (SensorStates, lambda states: states.digest()),
    "run keys": (lambda: RunKeys(MemoryRunKeyIndex()), lambda keys: keys.index.digest()),
    "outbox": (Outbox, outbox_content),
    "runs": (Runs, run_content),
    "ticks": (Ticks, lambda ticks: msgspec.to_builtins(ticks.rows())),
    "latest ticks": (lambda: Ticks(limit=2), lambda ticks: msgspec.to_builtins(ticks.rows())),
    "dynamic partitions": (
        DynamicPartitions,
        lambda partitions: (partitions.digest(), partitions.get_dynamic_partitions("p")),
    ),
    "positions of statuses": (StatusPositions, status_content),
    "positions of materializations": (AssetPositions, asset_content),
    "positions of observations": (lambda: AssetPositions(AssetObserved), asset_content),
    "assets": (Assets, lambda assets: [(key, assets.latest(key)) for key in assets.names()]),
    "milestones": (Milestones, lambda milestones: (milestones.engine, milestones._told)),
    "run search": (lambda: RunSearch("run-1"), lambda search: (search.requests, search._courses)),
    "tick record": (lambda: TickRecord("a"), record_content),
    "tick record of a window": (lambda: TickRecord("a", BEGIN + 20_000_000), record_content),
    "history of run keys": (lambda: RunKeyHistory("a"), history_content),
    "key story": (lambda: KeyStory("a", "1"), story_content),
    "changes": (lambda: Changes(0), change_content),
    "blobs": (Blobs, lambda blobs: list(blobs._digests)),
    "imports": (Imports, import_content),
    "limits": (ConcurrencyLimits, lambda limits: list(limits.all().items())),
}
