import pickle
from pathlib import Path
from typing import Any

import pytest

from ticktrail.adapters.runs.pickled_values import PickledValues
from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.execution.values import ValueMissing

KEY = AssetKey("a")


@pytest.fixture
def values(tmp_path: Path) -> PickledValues:
    return PickledValues(tmp_path / "storage")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("value", [0, "", [], {"x": (1, {2})}, b"\x00"])
def test_a_value_is_there_for_another_process(values: PickledValues, tmp_path: Path, value: Any) -> None:
    values.save(KEY, None, value)

    assert PickledValues(tmp_path / "storage").load(KEY, None) == value


def test_the_last_value_is_kept_and_none_keeps_nothing(values: PickledValues, tmp_path: Path) -> None:
    values.save(KEY, None, 1)
    values.save(KEY, None, 2)
    assert values.load(KEY, None) == 2

    values.save(KEY, None, None)
    with pytest.raises(ValueMissing):
        values.load(KEY, None)
    assert files(tmp_path) == []


def test_each_partition_has_its_own_and_falls_back_on_that_of_none(values: PickledValues) -> None:
    values.save(KEY, "1", "first")
    values.save(KEY, "2", "second")
    with pytest.raises(ValueMissing):
        values.load(KEY, None)
    values.save(KEY, None, "whole")

    assert [values.load(KEY, key) for key in ("1", "2", "3", None)] == ["first", "second", "whole", "whole"]


def test_keys_that_look_alike_as_paths_have_files_of_their_own_within_the_folder(
    values: PickledValues, tmp_path: Path
) -> None:
    odd: list[tuple[AssetKey, str | None]] = [
        (AssetKey("a"), None),
        (AssetKey("a"), "b"),
        (AssetKey("a@b"), None),
        (AssetKey(["a", "b"]), None),
        (AssetKey("a/b"), None),
        (AssetKey("a.pickle"), None),
        (AssetKey(["a.pickle", "b"]), None),
        (AssetKey(["..", "b"]), None),
        (AssetKey("."), None),
        (AssetKey(".."), "../../x"),
    ]
    for number, (key, partition) in enumerate(odd):
        values.save(key, partition, number + 1)

    assert [values.load(key, partition) for key, partition in odd] == list(range(1, len(odd) + 1))
    assert len(files(tmp_path / "storage")) == len(files(tmp_path)) == len(odd)


def test_a_value_that_cannot_be_pickled_leaves_the_one_before(values: PickledValues, tmp_path: Path) -> None:
    values.save(KEY, None, 1)

    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        values.save(KEY, None, lambda: 1)
    assert values.load(KEY, None) == 1
    assert files(tmp_path / "storage") == ["a.pickle"]
