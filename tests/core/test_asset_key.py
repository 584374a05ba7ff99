import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.errors import CheckError

#: What can be stored: text without lone surrogates.
parts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1)


@given(parts)
def test_a_written_key_is_read_back_as_the_same_key(path: list[str]) -> None:
    key = AssetKey(path)

    assert AssetKey.from_user_string(key.to_user_string()) == key


@given(parts, parts)
def test_different_keys_are_written_differently(one: list[str], other: list[str]) -> None:
    assert (AssetKey(one).to_user_string() == AssetKey(other).to_user_string()) == (one == other)


def test_a_key_is_written_with_slashes_between_its_parts() -> None:
    assert AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert AssetKey("a/b").to_user_string() == r"a\/b"


def test_a_str_is_one_part_and_a_list_is_a_path() -> None:
    assert AssetKey("a").path == ["a"]
    assert AssetKey(("a", "b")).path == ["a", "b"]


def test_a_coerced_str_is_read_as_people_write_it() -> None:
    assert AssetKey.from_coercible("a/b") == AssetKey(["a", "b"]) == AssetKey.from_coercible(["a", "b"])
    assert AssetKey.from_coercible(key := AssetKey("a")) is key


@pytest.mark.parametrize("path", [[], "", ["a", ""], 1, None, ["a", 1], {"a"}, "\udcff"])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(CheckError, match="asset key"):
        AssetKey(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a//b"])
def test_a_written_key_with_an_empty_part_is_refused(text: str) -> None:
    with pytest.raises(CheckError, match="empty part"):
        AssetKey.from_user_string(text)


def test_a_key_cannot_be_changed() -> None:
    key = AssetKey("a")

    with pytest.raises(AttributeError, match="cannot be changed"):
        key.parts = ("b",)
    with pytest.raises(AttributeError, match="cannot be changed"):
        del key.parts


def test_a_key_survives_pickling_and_is_found_in_a_set() -> None:
    key = AssetKey(["a", "b"])

    assert pickle.loads(pickle.dumps(key)) in {key}


def test_the_step_of_an_asset_is_its_parts_joined_by_two_underscores() -> None:
    assert AssetKey(["p", "q-r"]).to_python_identifier() == "p__q_r"


def test_prefixes_are_whole_parts() -> None:
    key = AssetKey(["a", "b"])

    assert key.has_prefix(["a"])
    assert not key.has_prefix(["a", "bb"])
    assert AssetKey("c").with_prefix(["a", "b"]) == AssetKey(["a", "b", "c"])
    assert AssetKey("c").with_prefix("a") == AssetKey(["a", "c"])


def test_keys_are_ordered_by_their_parts() -> None:
    assert sorted([AssetKey("b"), AssetKey(["a", "z"]), AssetKey("a")]) == [
        AssetKey("a"),
        AssetKey(["a", "z"]),
        AssetKey("b"),
    ]


def test_a_key_is_not_equal_to_its_text() -> None:
    assert AssetKey("a") != "a"
