from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.errors import CheckError, DagsterInvalidMetadata
from ticktrail.core.authoring.metadata import MetadataValue, normalize_metadata, plain_metadata
from ticktrail.core.plain_data import as_plain, plain_problems, storable_text


class Colour(str, Enum):  # noqa: UP042 - the older spelling is the tricky one
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        (None, "null", None),
        (True, "bool", True),
        (3, "int", 3),
        (Level.HIGH, "int", 3),
        (1.5, "float", 1.5),
        ("x", "text", "x"),
        (Path("/a/b"), "path", "/a/b"),
        (AssetKey(["a", "b"]), "asset", "a/b"),
        ({"a": (1, 2)}, "json", {"a": [1, 2]}),
        ([1], "json", [1]),
        (MetadataValue.url("https://x"), "url", "https://x"),
    ],
)
def test_a_plain_value_becomes_the_metadata_value_of_its_type(
    given: object, kind: str, value: object
) -> None:
    noted = normalize_metadata({"m": given})["m"]

    assert (noted.kind, noted.value) == (kind, value)
    assert type(noted.value) is type(value)


def test_the_bare_values_of_metadata_can_be_stored() -> None:
    metadata = normalize_metadata(
        {"a": MetadataValue.md("# x"), "b": MetadataValue.float(1), "c": "\udcff", "\udcff": Colour.RED}
    )

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plain_metadata(metadata))) == {
        "a": "# x",
        "b": 1.0,
        "c": "\\udcff",
        "\\udcff": "red",
    }


@pytest.mark.parametrize("value", [object(), 1j, {1: 2}, {"a": object()}, 2**70, [b"x"]])
def test_a_value_that_cannot_be_kept_is_refused_by_name(value: Any) -> None:
    with pytest.raises(DagsterInvalidMetadata, match="metadata 'rows'"):
        normalize_metadata({"rows": value})


@pytest.mark.parametrize(
    ("make", "value"),
    [(MetadataValue.int, "1"), (MetadataValue.text, 1), (MetadataValue.path, 1), (MetadataValue.asset, "a")],
)
def test_a_metadata_value_of_the_wrong_type_is_refused(make: Any, value: object) -> None:
    with pytest.raises(CheckError, match="must be"):
        make(value)


def test_metadata_must_be_a_mapping_by_name() -> None:
    for wrong in ([("a", 1)], {1: 2}):
        with pytest.raises(CheckError, match="mapping from str"):
            normalize_metadata(wrong)  # type: ignore[arg-type]


def test_problems_of_plain_data_name_their_places() -> None:
    data = {"a": [1, {2}], "b": {"c": 2**64}, 3: 4, "d": "\ud800"}

    assert list(plain_problems(data, "x")) == [
        "x.a[1]: set is not plain data",
        "x.b.c: the integer 18446744073709551616 does not fit into 64 bits",
        "x: the key 3 is not valid Unicode text",
        "x.d: '\\ud800' is not valid Unicode text",
    ]


def test_data_that_holds_itself_is_a_problem_and_not_an_endless_search() -> None:
    data: list[Any] = []
    data.append(data)

    assert len(list(plain_problems(data, "x"))) == 1


def test_plain_data_is_made_of_builtin_types_only() -> None:
    plain = as_plain({Colour.RED: (Level.HIGH, True, Colour.RED)})

    assert plain == {"red": [3, True, "red"]}
    assert [type(item) for item in plain["red"]] == [int, bool, str]
    assert [type(key) for key in plain] == [str]


def test_text_that_cannot_be_stored_is_escaped_and_other_text_is_kept() -> None:
    assert storable_text("a\udcffé") == "a\\udcffé"
