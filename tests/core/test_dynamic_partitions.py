"""Partitions whose keys come and go, the requests to change them, and stores of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ticktrail as dg
from story import Story
from ticktrail.core.authoring.dynamic_partitions import partition_changes
from ticktrail.core.authoring.errors import CheckError
from ticktrail.core.partitions_store import (
    Changed,
    ChangedPartitions,
    PartitionsChange,
    RememberedPartitions,
)
from ticktrail.projections.dynamic_partitions import DynamicPartitions

CUSTOMERS = dg.DynamicPartitionsDefinition(name="customers")


def store(**sets: Sequence[str]) -> DynamicPartitions:
    """A real read model with these keys."""
    story, partitions = Story(), DynamicPartitions()
    for name, keys in sets.items():
        story.change_partitions(name, add=keys)
    partitions.apply(0, story.events)
    return partitions


# --- the definition -------------------------------------------------------------------------------


def test_keys_are_those_of_the_store_in_the_order_in_which_they_were_added() -> None:
    known = store(customers=["z", "a", "m"], others=["x"])

    assert CUSTOMERS.get_partition_keys(dynamic_partitions_store=known) == ["z", "a", "m"]
    assert CUSTOMERS.get_first_partition_key(dynamic_partitions_store=known) == "z"
    assert CUSTOMERS.get_last_partition_key(dynamic_partitions_store=known) == "m"
    assert CUSTOMERS.has_partition_key("a", dynamic_partitions_store=known)
    assert not CUSTOMERS.has_partition_key("x", dynamic_partitions_store=known)
    assert CUSTOMERS.get_partition_keys_in_range(dg.PartitionKeyRange("a", "m"), known) == ["a", "m"]


def test_a_set_that_nobody_has_added_to_is_empty() -> None:
    assert CUSTOMERS.get_partition_keys(dynamic_partitions_store=store()) == []
    assert CUSTOMERS.get_first_partition_key(dynamic_partitions_store=store()) is None
    assert CUSTOMERS.get_last_partition_key(dynamic_partitions_store=store()) is None


def test_an_unknown_key_is_told_with_the_set_and_what_is_in_it() -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError) as error:
        CUSTOMERS.validate_partition_key("x", dynamic_partitions_store=store(customers=["a"]))

    assert str(error.value) == ("there is no partition 'x': keys are a in the dynamic partitions 'customers'")


@pytest.mark.parametrize(
    "asking",
    [
        lambda: CUSTOMERS.get_partition_keys(),
        lambda: CUSTOMERS.has_partition_key("a"),
        lambda: CUSTOMERS.validate_partition_key("a"),
        lambda: CUSTOMERS.get_last_partition_key(),
        lambda: dg.MultiPartitionsDefinition(
            {"who": CUSTOMERS, "what": dg.StaticPartitionsDefinition(["a"])}
        ).get_partition_keys(),
    ],
)
def test_without_a_store_the_error_says_to_give_an_instance(asking: Any) -> None:
    with pytest.raises(
        dg.DagsterInvariantViolationError,
        match=r"Must provide an instance: it keeps the keys of the dynamic partitions 'customers'\. Give instance=",
    ):
        asking()


def test_definitions_are_equal_if_their_names_are() -> None:
    assert dg.DynamicPartitionsDefinition(name="customers") == CUSTOMERS
    assert hash(dg.DynamicPartitionsDefinition(name="customers")) == hash(CUSTOMERS)
    assert dg.DynamicPartitionsDefinition(name="others") != CUSTOMERS
    assert repr(CUSTOMERS) == "DynamicPartitionsDefinition(name='customers')"


@pytest.mark.parametrize(
    ("fields", "kind", "why"),
    [
        ({}, dg.DagsterInvalidDefinitionError, "has no name: give name="),
        ({"name": ""}, dg.DagsterInvalidDefinitionError, "is empty"),
        (
            {"name": "a\nb"},
            dg.DagsterInvalidDefinitionError,
            "the name of dynamic partitions 'a.nb' contains",
        ),
        ({"name": 3}, CheckError, r"is 3 \(int\): give a str"),
        (
            {"partition_fn": lambda _: ["a"]},
            dg.DagsterInvalidDefinitionError,
            "'partition_fn' is not supported",
        ),
    ],
)
def test_a_definition_that_cannot_be_is_refused(
    fields: dict[str, Any], kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why):
        dg.DynamicPartitionsDefinition(**fields)


def test_static_and_time_partitions_need_no_store_and_take_one() -> None:
    for partitions, key in (
        (dg.StaticPartitionsDefinition(["2024-01-01"]), "2024-01-01"),
        (dg.DailyPartitionsDefinition("2024-01-01", "2024-01-03"), "2024-01-01"),
    ):
        assert partitions.has_partition_key(key, dynamic_partitions_store=store())
        assert partitions.get_partition_keys(None, store()) == partitions.get_partition_keys()
        assert partitions.get_first_partition_key(None, store()) == key


# --- as a dimension -------------------------------------------------------------------------------

PAIRS = dg.MultiPartitionsDefinition(
    {"who": CUSTOMERS, "color": dg.StaticPartitionsDefinition(["red", "blue"])}
)


def test_a_dynamic_dimension_takes_its_keys_from_the_store() -> None:
    known = store(customers=["ann", "bob"])

    assert PAIRS.get_partition_keys(None, known) == ["red|ann", "red|bob", "blue|ann", "blue|bob"]
    assert PAIRS.has_partition_key("blue|bob", dynamic_partitions_store=known)
    assert not PAIRS.has_partition_key("blue|cid", dynamic_partitions_store=known)
    assert PAIRS.get_first_partition_key(None, known) == "red|ann"
    assert PAIRS.get_last_partition_key(None, known) == "blue|bob"
    assert PAIRS.get_last_partition_key(None, store()) is None


# --- requests -------------------------------------------------------------------------------------


def test_a_definition_builds_requests_for_its_set() -> None:
    added, deleted = CUSTOMERS.build_add_request(["a", "b"]), CUSTOMERS.build_delete_request(["c"])

    assert added == dg.AddDynamicPartitionsRequest("customers", ["a", "b"])
    assert deleted == dg.DeleteDynamicPartitionsRequest("customers", ["c"])
    assert (added.partitions_def_name, added.partition_keys) == ("customers", ["a", "b"])
    assert [added, CUSTOMERS.build_delete_request(["a", "b"])].count(added) == 1


@pytest.mark.parametrize("request_of", [dg.AddDynamicPartitionsRequest, dg.DeleteDynamicPartitionsRequest])
@pytest.mark.parametrize(
    ("keys", "kind", "why"),
    [
        (["a...b"], dg.DagsterInvalidDefinitionError, r"the partition key 'a\.\.\.b' contains '\.\.\.'"),
        (["\udcff"], dg.DagsterInvalidDefinitionError, "not valid text"),
        ([1], CheckError, "keys are str"),
        ("abc", CheckError, "partition_keys of .* for 'p' is 'abc': give a list of str"),
    ],
)
def test_keys_are_checked_as_those_of_a_list_are(
    request_of: Any, keys: Any, kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why):
        request_of("p", keys)


def test_requests_of_one_result_are_gathered_by_set() -> None:
    others = dg.DynamicPartitionsDefinition(name="others")

    changes = partition_changes(
        [
            CUSTOMERS.build_delete_request(["x"]),
            others.build_add_request(["a", "a"]),
            CUSTOMERS.build_add_request(["b"]),
            CUSTOMERS.build_delete_request(["x", "y"]),
        ]
    )

    assert changes == [
        PartitionsChange(partitions="customers", add=["b"], delete=["x", "y"]),
        PartitionsChange(partitions="others", add=["a"]),
    ]


def test_of_several_results_the_last_that_names_a_key_counts() -> None:
    first, second = CUSTOMERS.build_add_request(["a", "b"]), CUSTOMERS.build_delete_request(["c"])

    assert partition_changes([first, second, CUSTOMERS.build_delete_request(["a"]), first]) == [
        PartitionsChange(partitions="customers", add=["b", "a"], delete=["c"])
    ]
    assert partition_changes([first, CUSTOMERS.build_delete_request(["a"])]) == [
        PartitionsChange(partitions="customers", add=["b"], delete=["a"])
    ]


# --- evaluate_tick --------------------------------------------------------------------------------


@dg.op
def look(context: dg.OpExecutionContext) -> str:
    return context.partition_key


@dg.job(partitions_def=CUSTOMERS)
def per_customer() -> None:
    look()


def evaluated(
    result: dg.SensorResult, instance: Any = None, job: dg.JobDefinition = per_customer
) -> dg.SensorExecutionData:
    sensor: dg.SensorDefinition = dg.sensor(name="s", job=job)(lambda: result)
    definitions = dg.Definitions(sensors=[sensor])
    return sensor.evaluate_tick(dg.build_sensor_context(instance=instance, definitions=definitions))


def test_the_requests_of_a_result_are_in_the_data_of_its_evaluation() -> None:
    added, deleted = CUSTOMERS.build_add_request(["a"]), CUSTOMERS.build_delete_request(["b"])

    data = evaluated(dg.SensorResult(dynamic_partitions_requests=[added, deleted]))

    assert data.dynamic_partitions_requests == [added, deleted]
    assert data.skip_message == "Sensor function returned an empty result"


@pytest.mark.parametrize(
    "requests",
    [
        [CUSTOMERS.build_add_request(["a"]), CUSTOMERS.build_delete_request(["a"])],
        [CUSTOMERS.build_delete_request(["a"]), CUSTOMERS.build_add_request(["b", "a"])],
        [CUSTOMERS.build_add_request(["a"]), CUSTOMERS.build_add_request(["a"])],
    ],
)
def test_a_key_in_two_requests_of_which_one_adds_it_fails_the_evaluation(requests: Any) -> None:
    with pytest.raises(
        dg.DagsterInvariantViolationError, match="the key 'a' of the dynamic partitions 'customers' is in two"
    ):
        evaluated(dg.SensorResult(dynamic_partitions_requests=requests))


@pytest.mark.parametrize(
    ("known", "requests", "found"),
    [
        (["a"], [], True),
        ([], [], False),
        ([], [CUSTOMERS.build_add_request(["a"])], True),
        ([], [dg.AddDynamicPartitionsRequest("others", ["a"])], False),
        (["a"], [CUSTOMERS.build_delete_request(["a"])], False),
        (["a"], [dg.DeleteDynamicPartitionsRequest("others", ["a"])], True),
    ],
)
def test_a_run_request_is_checked_as_if_the_results_requests_were_applied(
    known: list[str], requests: Any, found: bool
) -> None:
    result = dg.SensorResult([dg.RunRequest(partition_key="a")], dynamic_partitions_requests=requests)
    instance = store(customers=known)

    if found:
        [request] = evaluated(result, instance).run_requests
        assert request.tags["dagster/partition"] == "a"
    else:
        with pytest.raises(
            dg.DagsterUnknownPartitionError, match="job 'per_customer': there is no partition 'a'"
        ):
            evaluated(result, instance)
    assert instance.get_dynamic_partitions("customers") == known


def test_a_dynamic_partition_needs_an_instance() -> None:
    result = dg.SensorResult(
        [dg.RunRequest(partition_key="a")], dynamic_partitions_requests=[CUSTOMERS.build_add_request(["a"])]
    )

    with pytest.raises(dg.DagsterInvariantViolationError, match="Must provide an instance"):
        evaluated(result)


def test_other_partitions_need_no_instance() -> None:
    job = dg.job(name="j", partitions_def=dg.StaticPartitionsDefinition(["a"]))(lambda: None)

    [request] = evaluated(dg.SensorResult([dg.RunRequest(partition_key="a")]), job=job).run_requests

    assert request.partition_key == "a"


# --- changes over a store -------------------------------------------------------------------------

CHANGES = st.lists(
    st.builds(
        PartitionsChange,
        partitions=st.sampled_from(["p", "q"]),
        add=st.lists(st.sampled_from("abc"), unique=True),
        delete=st.lists(st.sampled_from("abc"), unique=True),
    ),
    max_size=6,
)


@given(before=CHANGES, after=CHANGES)
def test_changes_over_a_store_are_as_those_that_are_stored(
    before: list[PartitionsChange], after: list[PartitionsChange]
) -> None:
    story, stored = Story(), DynamicPartitions()
    for change in before:
        story.change_partitions(change.partitions, add=change.add, delete=change.delete)
    stored.apply(0, story.events)
    over = ChangedPartitions(stored.copy(), after)
    head = story.head

    for change in after:
        story.change_partitions(change.partitions, add=change.add, delete=change.delete)
    stored.apply(head, story.events[head:])

    for name in ("p", "q"):
        assert over.get_dynamic_partitions(name) == stored.get_dynamic_partitions(name)
        for key in "abc":
            assert over.has_dynamic_partition(name, key) == stored.has_dynamic_partition(name, key)


def test_a_remembered_set_stays_as_it_was_when_it_was_first_asked_for() -> None:
    story, stored = Story(), DynamicPartitions()
    remembered = RememberedPartitions(stored)
    story.change_partitions("p", add=["a"])
    stored.apply(0, story.events)
    assert remembered.has_dynamic_partition("p", "a")

    story.change_partitions("p", add=["b"])
    story.change_partitions("q", add=["c"])
    stored.apply(1, story.events[1:])

    assert remembered.get_dynamic_partitions("p") == ["a"]
    assert not remembered.has_dynamic_partition("p", "b")
    assert remembered.get_dynamic_partitions("q") == ["c"]


def test_a_change_tells_what_of_it_is_news() -> None:
    over = ChangedPartitions(store(p=["a", "b"]))

    changed = over.apply(PartitionsChange(partitions="p", add=["a", "c"], delete=["b", "x"]))

    assert changed == Changed(added=["c"], deleted=["b"], unchanged=["x", "a"])
    assert over.get_dynamic_partitions("p") == ["a", "c"]
