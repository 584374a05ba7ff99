"""Runs of partitions, in processes of their own."""

from __future__ import annotations

from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.core.events import AssetMaterialized, RunSucceeded, StepLogged

Make = Callable[[str], Daemon]

DAILY = """
@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2024-01-01", "2024-02-01", timezone="Europe/Paris"))
def report(context):
    context.log.info(f"{context.partition_key} from {context.partition_time_window.start.isoformat()}")
@every(30, asset_selection=[report])
def s():
    return [dg.RunRequest(run_key=day, partition_key=day) for day in ("2024-01-01", "2024-01-31")]
defs = dg.Definitions(assets=[report], sensors=[s])
"""


def test_each_day_that_a_sensor_asks_for_is_made_in_a_run_of_its_own(daemon: Make) -> None:
    engine = daemon(DAILY).start()

    engine.wait_for("RunSucceeded", 2)

    assert engine.stop() == 0
    assert engine.violations() == []
    made = [event for event in engine.events(AssetMaterialized) if isinstance(event, AssetMaterialized)]
    assert {(event.asset, event.partition_key) for event in made} == {
        ("report", "2024-01-01"),
        ("report", "2024-01-31"),
    }
    assert len({event.run for event in made}) == len(engine.events(RunSucceeded)) == 2
    said = {event.message for event in engine.events(StepLogged) if isinstance(event, StepLogged)}
    assert "2024-01-31 from 2024-01-31T00:00:00+01:00" in said
