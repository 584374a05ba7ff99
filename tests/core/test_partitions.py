"""Fixed lists of partitions, and pairs of partitions."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import ticktrail as dg
from ticktrail.core.authoring.errors import CheckError

COLORS = dg.StaticPartitionsDefinition(["red", "green", "blue"])
DAYS = dg.DailyPartitionsDefinition("2024-01-01", "2024-01-03")
PAIRS = dg.MultiPartitionsDefinition({"day": DAYS, "color": COLORS})


def test_a_list_keeps_its_order() -> None:
    assert COLORS.get_partition_keys() == ["red", "green", "blue"]
    assert (COLORS.get_first_partition_key(), COLORS.get_last_partition_key()) == ("red", "blue")
    assert COLORS.has_partition_key("green")
    assert not COLORS.has_partition_key("Green")


def test_a_list_may_be_empty() -> None:
    nothing = dg.StaticPartitionsDefinition([])

    assert (nothing.get_partition_keys(), nothing.get_last_partition_key()) == ([], None)
    with pytest.raises(dg.DagsterUnknownPartitionError, match="there are no keys"):
        nothing.validate_partition_key("a")


def test_a_range_of_a_list_goes_by_its_order() -> None:
    assert COLORS.get_partition_keys_in_range(dg.PartitionKeyRange("green", "blue")) == ["green", "blue"]


def test_an_unknown_key_is_told_with_a_few_that_are_known() -> None:
    many = dg.StaticPartitionsDefinition([str(number) for number in range(1000)])

    with pytest.raises(dg.DagsterUnknownPartitionError) as error:
        many.validate_partition_key("x")

    assert str(error.value) == (
        "there is no partition 'x': keys are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more"
    )


def test_lists_are_equal_if_their_keys_are_in_their_order() -> None:
    assert dg.StaticPartitionsDefinition(("red", "green", "blue")) == COLORS
    assert hash(COLORS) == hash(dg.StaticPartitionsDefinition(("red", "green", "blue")))
    assert dg.StaticPartitionsDefinition(["green", "red", "blue"]) != COLORS


@pytest.mark.parametrize(
    ("keys", "kind", "why"),
    [
        (["a", "a"], dg.DagsterInvalidDefinitionError, "'a' is there twice"),
        (["a...b"], dg.DagsterInvalidDefinitionError, "contains '...'"),
        (["a\nb"], dg.DagsterInvalidDefinitionError, "contains"),
        (["\udcff"], dg.DagsterInvalidDefinitionError, "not valid text"),
        ([1], CheckError, "keys are str"),
        ("abc", CheckError, "give a list of str"),
    ],
)
def test_a_list_that_cannot_be_is_refused(keys: Any, kind: type[Exception], why: str) -> None:
    with pytest.raises(kind, match=why):
        dg.StaticPartitionsDefinition(keys)


# --- two dimensions -------------------------------------------------------------------------------


def test_a_pair_is_joined_in_the_order_of_the_names_of_the_dimensions() -> None:
    key = dg.MultiPartitionKey({"day": "2024-01-01", "color": "red"})

    assert key == "red|2024-01-01"
    assert key.keys_by_dimension == {"color": "red", "day": "2024-01-01"}


def test_a_key_survives_copying() -> None:
    key = dg.MultiPartitionKey({"day": "2024-01-01", "color": "red"})

    for copied in (copy.deepcopy(key), pickle.loads(pickle.dumps(key))):
        assert (copied, copied.keys_by_dimension) == (key, key.keys_by_dimension)


def test_there_is_a_partition_for_each_pair() -> None:
    assert PAIRS.get_partition_keys() == [
        "red|2024-01-01",
        "red|2024-01-02",
        "green|2024-01-01",
        "green|2024-01-02",
        "blue|2024-01-01",
        "blue|2024-01-02",
    ]
    assert all(PAIRS.has_partition_key(key) for key in PAIRS.get_partition_keys())
    assert (PAIRS.get_first_partition_key(), PAIRS.get_last_partition_key()) == (
        "red|2024-01-01",
        "blue|2024-01-02",
    )


@pytest.mark.parametrize("key", ["", "red", "2024-01-01|red", "red|2024-01-03", "red|2024-01-01|", "red|"])
def test_what_is_no_pair_of_keys_is_none(key: str) -> None:
    assert not PAIRS.has_partition_key(key)


def test_there_is_no_pair_before_each_dimension_has_a_key() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)

    assert PAIRS.get_partition_keys(now) == []
    assert PAIRS.get_first_partition_key(now) is None


def test_a_pair_has_the_window_of_its_dimension_in_time() -> None:
    assert PAIRS.time_window_for_partition_key("red|2024-01-02").end == datetime(2024, 1, 3, tzinfo=UTC)

    timeless = dg.MultiPartitionsDefinition({"a": COLORS, "b": COLORS})
    with pytest.raises(CheckError, match=r"0 dimensions .* are in time"):
        timeless.time_window_for_partition_key("red|red")


@pytest.mark.parametrize(
    ("define", "kind", "why"),
    [
        (lambda: {"a": COLORS}, dg.DagsterInvalidDefinitionError, "two dimensions, got 1"),
        (lambda: {"a": COLORS, "b": PAIRS}, dg.DagsterInvalidDefinitionError, "has dimensions itself"),
        (
            lambda: {"a": COLORS, "b": dg.StaticPartitionsDefinition(["x|y"])},
            dg.DagsterInvalidDefinitionError,
            "'b' contain '|'",
        ),
        (lambda: {"a": COLORS, "b": ["x"]}, CheckError, "give a mapping"),
        (lambda: [COLORS, DAYS], CheckError, "give a mapping"),
    ],
)
def test_dimensions_that_cannot_be_are_refused(
    define: Callable[[], Any], kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why):
        dg.MultiPartitionsDefinition(define())


def test_a_key_of_what_is_no_mapping_is_refused() -> None:
    not_keys: Any = {"day": 1}

    with pytest.raises(CheckError, match="mapping of str to str"):
        dg.MultiPartitionKey(not_keys)
