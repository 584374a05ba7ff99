"""The tables of the documents name what the code has, no more and no less."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args

import pytest

import ticktrail as dg
from docs.fences import ROOT
from ticktrail.core.authoring.absent import ABSENT
from ticktrail.core.events import AnyEvent

COMPATIBILITY = (ROOT / "docs" / "compatibility.md").read_text()
DESIGN = (ROOT / "docs" / "design.md").read_text()


def rows(document: str, section: str) -> list[list[str]]:
    """The cells of the rows of the tables in a section."""
    text = document.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_exported_name_is_in_the_table_and_nothing_else() -> None:
    named = [row[0].strip("`") for row in rows(COMPATIBILITY, "The names that are here")]

    assert sorted(named) == sorted(dg.__all__)


def test_a_row_says_same_or_differs_and_how() -> None:
    table = rows(COMPATIBILITY, "The names that are here")

    assert [row for row in table if row[1] not in ("same", "differs")] == []
    assert [row for row in table if row[1] == "differs" and not row[2]] == []


def test_every_absent_name_is_in_the_table_with_what_to_use_instead() -> None:
    table = rows(COMPATIBILITY, "The names that are not here")
    told = {name: row[1] for row in table for name in row[0].replace("`", "").split()}

    assert told == ABSENT


def test_every_name_that_the_reference_exports_is_here_or_absent() -> None:
    # As `dir(dagster)` of 1.13.27 has them, without modules and what it takes from typing.
    names = (ROOT / "tests" / "compat" / "names_of_dagster_1.13.txt").read_text().split()

    assert [name for name in names if name not in dg.__all__ and name not in ABSENT] == []
    assert len(names) > 400


def test_no_name_is_both_here_and_absent() -> None:
    assert set(ABSENT) & set(dg.__all__) == set()


@pytest.mark.parametrize("name", ["asset_check", "io_manager", "StringSource"])
def test_asking_for_an_absent_name_tells_what_to_use_instead(name: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(dg, name)

    assert str(error.value) == f"ticktrail has no {name} yet: {ABSENT[name]}"
    assert not hasattr(dg, name)


def test_asking_for_a_name_nobody_has_is_the_usual_error() -> None:
    with pytest.raises(AttributeError, match="module 'ticktrail' has no attribute 'RunRequst'"):
        getattr(dg, "RunRequst")  # noqa: B009 - a type checker knows that it is not there


def test_every_event_is_in_the_catalogue_with_its_tag_and_fields() -> None:
    documented = {row[0]: (row[1].strip("`"), row[3]) for row in rows(DESIGN, "Events")}

    assert documented == {
        str(event.__struct_config__.tag): (
            event.__name__,
            ", ".join(field for field in event.__struct_fields__ if field != "at"),
        )
        for event in get_args(AnyEvent)
    }


def test_every_test_file_that_the_design_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", DESIGN)

    assert [path for path in named if not (ROOT / path).exists()] == []
    assert named


def test_the_names_are_loaded_when_one_is_used() -> None:
    code = (
        "import sys, ticktrail as dg; assert 'ticktrail.core.authoring' not in sys.modules; "
        "assert set(dg.__all__) <= set(dir(dg)); names = {}; exec('from ticktrail import *', names); "
        "assert set(dg.__all__) <= set(names); assert names['sensor'] is dg.sensor is vars(dg)['sensor']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
