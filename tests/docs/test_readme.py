"""What the README and the documents show runs as it stands, and prints what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.fences import ROOT, Fence, assert_printed, fences_of, run_all
from harness.dagster_home import DagsterHome

#: Why blocks are marked ``no-run``: each calls a tool that installs, or needs a server.
NOT_RUN = ("make ", "pip ", "postgresql://")

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_blocks_run_and_print_what_the_document_says(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    fences = fences_of(document)
    if any("$DAGSTER_HOME" in fence.text for fence in fences):
        monkeypatch.setenv("DAGSTER_HOME", str(_dagster_home(fences, tmp_path / "there")))

    outputs = run_all(fences, tmp_path)

    for number, fence in enumerate(fences):
        if fence.language == "text" and number - 1 in outputs:
            assert_printed(fence.text, outputs[number - 1])


def _dagster_home(fences: list[Fence], folder: Path) -> Path:
    """Let Dagster's daemon evaluate the document's first sensor twice."""
    [sensors] = [fence.text for fence in fences if fence.file == "first_sensor.py"]
    home = DagsterHome(folder).make(sensors.replace("import ticktrail as dg", "import dagster as dg"))
    (folder / "inbox").mkdir()
    (folder / "inbox" / "north.csv").touch()
    home.do("tick", "tick", "end:north.csv=SUCCESS", location="first_sensor.py")
    return home.path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_block_is_left_out_only_for_a_tool_that_installs_or_a_server(document: Path) -> None:
    left_out = [fence.text for fence in fences_of(document) if "no-run" in fence.options]

    assert [text for text in left_out if not any(word in text for word in NOT_RUN)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_what_is_not_printed_is_noticed() -> None:
    with pytest.raises(AssertionError, match="not printed"):
        assert_printed("ID  STATUS\n12  SUCCESS\n", "ID  STATUS\n13  SKIPPED\n")


def test_ids_times_and_numbers_may_differ() -> None:
    assert_printed(
        "4f1c22ab  2026-01-01 10:00:00.123  took 3.8 ms, process 12 on vm\n",
        "99aa00ff   2027-02-02 11:11:11.456 took 0.4 s, process 7 on other-host\n",
    )
