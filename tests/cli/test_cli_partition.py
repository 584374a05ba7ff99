"""`ticktrail partition`: the keys of dynamic partitions, through the log alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from story import Story
from ticktrail.adapters.cli.partition import _append
from ticktrail.adapters.event_log import MemoryEventLog
from ticktrail.adapters.home import Home
from ticktrail.adapters.identity import actor
from ticktrail.core.events import AnyEvent, DynamicPartitionsChanged
from ticktrail.core.partitions_store import PartitionsChange

DYNAMIC = """
import ticktrail as dg

CUSTOMERS = dg.DynamicPartitionsDefinition(name="customers")

@dg.op
def look(): ...

@dg.job(partitions_def=CUSTOMERS)
def per_customer():
    look()

@dg.sensor(job=per_customer)
def s(context):
    if context.cursor == "delete":
        return dg.SensorResult(dynamic_partitions_requests=[CUSTOMERS.build_delete_request(["a"])])
    return dg.SensorResult(
        [dg.RunRequest(partition_key="a")], dynamic_partitions_requests=[CUSTOMERS.build_add_request(["a", "b"])]
    )

defs = dg.Definitions(jobs=[per_customer], sensors=[s])
"""


@pytest.fixture
def told(ticktrail: CommandLine) -> CommandLine:
    """A home with the keys ``a`` and ``b`` in ``customers``."""
    story = Story()
    story.change_partitions("customers", add=["b", "a"])
    ticktrail.tell(story)
    return ticktrail


def last_event(home: Path) -> AnyEvent:
    with closing(Home.open(home, create=False).log()) as log:
        return [event for frame in log.read() for event in frame.events][-1]


def test_keys_are_listed_in_the_order_in_which_they_were_added(told: CommandLine) -> None:
    result = told("partition", "list", "customers")

    assert (result.code, result.out, result.err) == (0, "b\na\n", "")
    assert told("partition", "list", "customers", "--json").records == [
        {"partitions": "customers", "key": "b"},
        {"partitions": "customers", "key": "a"},
    ]


def test_a_set_without_keys_is_told_as_such(told: CommandLine) -> None:
    result = told("partition", "list", "others")

    assert (result.code, result.out) == (0, "")
    assert "the dynamic partitions 'others' have no keys" in result.err


def test_adding_tells_of_each_key_what_became_of_it(told: CommandLine) -> None:
    result = told("partition", "add", "customers", "c", "a", "--actor", "ann")

    assert (result.code, result.out) == (0, "added c\na is there already\n")
    event = last_event(told.home)
    assert isinstance(event, DynamicPartitionsChanged)
    assert (event.partitions, event.added, event.unchanged) == ("customers", ["c"], ["a"])
    assert (event.actor, event.tick, event.run) == ("ann", None, None)
    assert told("partition", "list", "customers").out == "b\na\nc\n"


def test_deleting_tells_of_each_key_what_became_of_it(told: CommandLine) -> None:
    result = told("partition", "delete", "customers", "a", "x")

    assert (result.code, result.out) == (0, "deleted a\nx is not there\n")
    event = last_event(told.home)
    assert isinstance(event, DynamicPartitionsChanged)
    assert (event.deleted, event.unchanged, event.actor) == (["a"], ["x"], actor())


def test_what_is_so_already_appends_nothing(told: CommandLine) -> None:
    head = told.head()

    record = told("partition", "add", "customers", "a", "--json").record

    assert record == {
        "partitions": "customers",
        "added": [],
        "deleted": [],
        "unchanged": ["a"],
        "offset": None,
    }
    assert told.head() == head


def test_a_change_as_json_tells_its_offset(told: CommandLine) -> None:
    head = told.head()

    record = told("partition", "delete", "customers", "b", "--json").record

    assert (record["deleted"], record["offset"]) == (["b"], head)


def test_a_key_that_cannot_be_is_refused(told: CommandLine) -> None:
    result = told("partition", "add", "customers", "a...b")

    assert result.code == 1
    assert "the partition key 'a...b' contains '...'" in result.err


class OvertakenLog(MemoryEventLog):
    """A log to which somebody else adds the key ``a`` just before the first append."""

    overtaken = False

    def append(self, events: Any, **how: Any) -> int:
        if not self.overtaken:
            self.overtaken = True
            self.append([changed("a")], expected=None, recorded_at=1, writer="cli:bob")
        return super().append(events, **how)


def changed(*added: str) -> DynamicPartitionsChanged:
    return DynamicPartitionsChanged(at=1, partitions="p", added=list(added), actor="bob")


def test_a_change_is_decided_again_if_somebody_was_faster() -> None:
    log = OvertakenLog()

    offset, news = _append(log, PartitionsChange(partitions="p", add=["a", "b"]), "ann")

    assert (offset, news.added, news.unchanged) == (1, ["b"], ["a"])


# --- in other commands ----------------------------------------------------------------------------


def test_a_run_is_launched_for_a_key_of_the_log_only(told: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "dynamic.py").write_text(DYNAMIC)
    launch = ("run", "launch", "per_customer", "-f", tmp_path / "dynamic.py")

    assert told(*launch, "--partition", "a").code == 0
    unknown, none = told(*launch, "--partition", "x"), told(*launch)

    assert unknown.code == none.code == 1
    assert "there is no partition 'x': keys are b, a in the dynamic partitions 'customers'" in unknown.err
    assert "say with --partition which one to run: keys are b, a" in none.err


def test_a_change_by_a_tick_is_shown_with_the_tick(ticktrail: CommandLine) -> None:
    story = Story()
    story.define("files")
    tick = story.start_tick("files")
    event = DynamicPartitionsChanged(
        at=story.at, partitions="customers", added=["a", "b"], unchanged=["c"], tick=tick
    )
    end = story.end_of_skipped(tick)
    story.add(event, end)
    ticktrail.tell(story)

    out = ticktrail("tick", "show", tick).out

    assert "DynamicPartitionsChanged customers: added a, b; unchanged c" in out


def test_a_preview_tells_which_keys_would_change(told: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "dynamic.py").write_text(DYNAMIC)
    preview = ("sensor", "preview", "s", "-f", tmp_path / "dynamic.py")

    added, deleted = told(*preview), told(*preview, "--cursor", "delete")

    assert "partitions customers: would add a, b\n" in added.out
    assert "would launch" in added.out
    assert "partitions customers: would delete a\n" in deleted.out
    assert told(*preview, "--json").record["partitions"] == [
        {"partitions": "customers", "add": ["a", "b"], "delete": []}
    ]
