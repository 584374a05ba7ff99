"""What runs in process told, as the log holds it."""

from __future__ import annotations

from ticktrail.core.authoring import DagsterRun, ExecuteInProcessResult
from ticktrail.core.events import AnyEvent, AssetMaterialized, AssetObserved, StepLogged
from ticktrail.core.instance import Instance


def events(result: ExecuteInProcessResult) -> list[AnyEvent]:
    return [event.event for event in result.all_events]


def materialized(result: ExecuteInProcessResult) -> list[AssetMaterialized]:
    told = [event.event for event in result.get_asset_materialization_events()]
    return [event for event in told if isinstance(event, AssetMaterialized)]


def observed(result: ExecuteInProcessResult) -> list[AssetObserved]:
    told = [event.event for event in result.get_asset_observation_events()]
    return [event for event in told if isinstance(event, AssetObserved)]


def lines(instance: Instance, run: DagsterRun, level: str) -> list[StepLogged]:
    """The lines of a run's log of one level, without the marks of the steps' courses."""
    told = [entry.event for entry in instance.all_logs(run.run_id)]
    return [
        event
        for event in told
        if isinstance(event, StepLogged) and event.level == level and event.kind == "LOG"
    ]
