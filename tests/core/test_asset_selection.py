from typing import Any

import pytest

from ticktrail.core.authoring.asset_key import AssetKey
from ticktrail.core.authoring.asset_selection import AssetSelection, coerce_to_asset_selection
from ticktrail.core.authoring.assets import AssetsDefinition, asset
from ticktrail.core.authoring.errors import (
    CheckError,
    DagsterInvalidDefinitionError,
    DagsterInvalidSubsetError,
)


@asset(group_name="in")
def raw() -> int:
    return 1


@asset(key_prefix="stage", group_name="work")
def clean(raw: int) -> int:
    return raw


@asset(deps=[clean], group_name="work")
def report() -> None: ...


@asset
def other() -> None: ...


ASSETS: list[AssetsDefinition] = [report, other, clean, raw]


def names(selection: AssetSelection) -> set[str]:
    return {key.to_user_string() for key in selection.resolve(ASSETS)}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (AssetSelection.all(), {"raw", "stage/clean", "report", "other"}),
        (AssetSelection.assets(raw, "stage/clean", AssetKey("other")), {"raw", "stage/clean", "other"}),
        (AssetSelection.keys(["stage", "clean"]), {"stage/clean"}),
        (AssetSelection.assets(), set()),
        (AssetSelection.groups("in", "default"), {"raw", "other"}),
        (AssetSelection.groups("none"), set()),
        (AssetSelection.assets(report).upstream(), {"report", "stage/clean", "raw"}),
        (AssetSelection.assets(report).upstream(depth=1), {"report", "stage/clean"}),
        (AssetSelection.assets(report).upstream(depth=0), {"report"}),
        (AssetSelection.assets(report).upstream(include_self=False), {"stage/clean", "raw"}),
        (AssetSelection.assets(raw).downstream(), {"report", "stage/clean", "raw"}),
        (AssetSelection.assets(raw).downstream(depth=1), {"stage/clean", "raw"}),
        (AssetSelection.groups("work") | AssetSelection.assets(other), {"stage/clean", "report", "other"}),
        (AssetSelection.groups("work") & AssetSelection.assets(report, raw), {"report"}),
        (AssetSelection.all() - AssetSelection.groups("work"), {"raw", "other"}),
    ],
)
def test_a_selection_finds_its_assets(selection: AssetSelection, expected: set[str]) -> None:
    assert names(selection) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*", {"raw", "stage/clean", "report", "other"}),
        ("stage/clean", {"stage/clean"}),
        ("key:stage/clean", {"stage/clean"}),
        ('key:"raw"', {"raw"}),
        ("group:work", {"stage/clean", "report"}),
        (raw, {"raw"}),
        (AssetKey("raw"), {"raw"}),
        (["raw", AssetKey("other"), report, "group:in"], {"raw", "other", "report"}),
        ((), set()),
        (AssetSelection.assets(raw), {"raw"}),
    ],
)
def test_what_stands_for_a_selection_is_understood(value: Any, expected: set[str]) -> None:
    assert names(coerce_to_asset_selection(value)) == expected


@pytest.mark.parametrize(
    "text", ["", "+raw", "raw+", "*raw", "raw and other", "tag:x", "group:", "owner:a@b.c"]
)
def test_a_text_that_is_no_selection_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match=r"use '\*', 'a/b', 'key:a/b' or 'group:name'"):
        coerce_to_asset_selection(text)


@pytest.mark.parametrize("value", [None, 1, {"a": 1}, lambda: None])
def test_what_does_not_stand_for_a_selection_is_refused(value: Any) -> None:
    with pytest.raises(CheckError, match="cannot select assets by"):
        coerce_to_asset_selection(value)


def test_an_asset_that_is_not_there_cannot_be_selected() -> None:
    with pytest.raises(
        DagsterInvalidSubsetError, match="there is no asset a/b to select, known are: other, raw"
    ):
        AssetSelection.assets("a/b", "raw").resolve([raw, other])


def test_selections_combine_with_selections_only() -> None:
    with pytest.raises(CheckError, match="combines with another one"):
        AssetSelection.all() - raw  # type: ignore[operator]


def test_a_selection_is_shown_as_written() -> None:
    shown = str((AssetSelection.groups("a") | AssetSelection.keys("b")).downstream() - AssetSelection.all())

    assert shown == "(downstream((group:a or key:b)) and not *)"
