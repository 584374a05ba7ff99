"""Dynamic partitions with the whole engine: a sensor adds them, and their runs are for them."""

from __future__ import annotations

from collections.abc import Callable

from harness.daemon import Daemon
from ticktrail.core.events import AssetMaterialized, DynamicPartitionsChanged, StepLogged

Make = Callable[[str], Daemon]

CUSTOMERS = """
CUSTOMERS = dg.DynamicPartitionsDefinition(name="customers")

@dg.asset(partitions_def=CUSTOMERS)
def bill(context):
    text = (HERE / "inbox" / f"{context.partition_key}.csv").read_text()
    context.log.info(f"{context.partition_key} owes {text}")

@every(1, asset_selection=[bill])
def inbox(context):
    there = {path.stem for path in (HERE / "inbox").glob("*.csv")}
    known = set(context.instance.get_dynamic_partitions("customers"))
    if there == known:
        return dg.SkipReason("nobody new")
    new = sorted(there - known)
    return dg.SensorResult(
        [dg.RunRequest(run_key=name, partition_key=name) for name in new],
        dynamic_partitions_requests=[CUSTOMERS.build_add_request(new)],
    )

defs = dg.Definitions(assets=[bill], sensors=[inbox])
"""


def test_a_partition_per_file_is_added_and_run_in_the_tick_that_finds_the_file(daemon: Make) -> None:
    engine = daemon(CUSTOMERS)
    inbox = engine.folder / "inbox"
    inbox.mkdir()
    (inbox / "ann.csv").write_text("3")
    engine.start()
    engine.wait_for("RunSucceeded", 1)
    (inbox / "bob.csv").write_text("5")

    engine.wait_for("RunSucceeded", 2)

    assert engine.stop() == 0
    assert engine.violations() == []
    made = [event for event in engine.events(AssetMaterialized) if isinstance(event, AssetMaterialized)]
    assert [event.partition_key for event in made] == ["ann", "bob"]
    changes = [e for e in engine.events(DynamicPartitionsChanged) if isinstance(e, DynamicPartitionsChanged)]
    assert [(change.partitions, change.added) for change in changes] == [
        ("customers", ["ann"]),
        ("customers", ["bob"]),
    ]
    said = {event.message for event in engine.events(StepLogged) if isinstance(event, StepLogged)}
    assert {"ann owes 3", "bob owes 5"} <= said
