"""The benchmarks still run, and their page is what the figures that are kept say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent.parent


def run(script: str, *arguments: str | Path) -> str:
    return output(str(ROOT / "benchmarks" / script), *map(str, arguments))


def output(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_benchmark_writes_its_figures_beside_others_and_a_page_with_readable_plots(tmp_path: Path) -> None:
    figures, document = tmp_path / "results.json", tmp_path / "page.md"
    figures.write_text(json.dumps({"machine": {"cores": 7}, "benchmarks": {}}))

    said = run("run.py", "--tiny", "--only", "append", "--json", figures, "--document", document)

    results = json.loads(figures.read_text())
    rows = results["benchmarks"]["append"]["parts"]["append"]
    assert {row["way"] for row in rows} == {"ticktrail", "rows", "aggregates", "disk"}
    assert all(row["rate"] > 0 for row in rows)
    assert results["machine"] == {"cores": 7}
    page = document.read_text()
    assert "## How many events a second become durable" in page
    assert "![append](page/append.svg)" in page
    texts = [text.text for text in ElementTree.parse(tmp_path / "page" / "append.svg").iter() if text.text]
    assert {"ticktrail", "one SQLite row per event", "events/s"} <= set(texts)
    assert said.splitlines()[-1].endswith(f"results are in {figures} and {document}")


def test_the_page_is_the_one_that_the_kept_figures_give(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"

    run("run.py", "--page-only", "--json", ROOT / "benchmarks" / "results.json", "--document", document)

    assert document.read_text() == (ROOT / "docs" / "benchmarks.md").read_text()
    plots = {plot.name: plot.read_text() for plot in (tmp_path / "benchmarks").iterdir()}
    assert plots == {plot.name: plot.read_text() for plot in (ROOT / "docs" / "benchmarks").iterdir()}


def test_a_history_is_the_same_every_time_and_holds_what_every_log_has_to_hold(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("history.py", tmp_path / name, "3000")

    one, two = (
        output("-m", "ticktrail", "log", "--json", "--home", str(tmp_path / n)) for n in ("one", "two")
    )
    assert one == two != ""
    assert "invariants 1, 2" in output("-m", "ticktrail", "verify", "--home", str(tmp_path / "one"))
