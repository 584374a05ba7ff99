"""Run every benchmark and print the figures; with Dagster beside us in an environment of its own.

python benchmarks/run.py [--full] [--only NAME] [--without-dagster] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import large_tick
import reaction
import run_reaction
import start_up
import ticks_per_second
from rich.console import Console
from rich.table import Table
from surroundings import machine

DAGSTER = "dagster==1.13.27"
ENVIRONMENT = Path(__file__).resolve().parent.parent / ".venv-dagster"


def dagster_python() -> Path:
    """Return the Python of Dagster's environment, made at the first call."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".installed").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", DAGSTER], check=True)
        (ENVIRONMENT / ".installed").touch()
    return python


def table(name: str, result: dict[str, Any]) -> Table:
    """Return one benchmark's rows, readable."""
    unit = f", {result['unit']}" if "unit" in result else ""
    shown = Table(title=f"{name}{unit}", caption=str(result["question"]).strip(), title_justify="left")
    for column in result["rows"][0]:
        shown.add_column(column)
    for row in result["rows"]:
        shown.add_row(*(_cell(value) for value in row.values()))
    return shown


def document(results: dict[str, Any]) -> str:
    """Return all figures as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        (
            "Written by `make bench-full`; do not edit. Where a figure has two more in parentheses, it is the "
            "median, and they are the least and the greatest."
        ),
        "",
        *(f"- {name}: {value}" for name, value in results["machine"].items()),
    ]
    for name, result in results.items():
        if name != "machine":
            lines += ["", f"## {result['question'].strip()}", "", *_markdown(result)]
            if measured := result.get("measured"):
                lines += ["", f"Measured on {measured['date']} at commit {measured['commit']}."]
    return "\n".join(lines) + "\n"


def _markdown(result: dict[str, Any]) -> list[str]:
    unit = f"In {result['unit']}.\n\n" if "unit" in result else ""
    columns = list(result["rows"][0])
    rows = [[_cell(value) for value in row.values()] for row in result["rows"]]
    table = [columns, ["---"] * len(columns), *rows]
    return [unit + "\n".join("| " + " | ".join(row) + " |" for row in table)]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['median']:,} ({value['min']:,} to {value['max']:,})"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _kept(file: Path | None) -> dict[str, Any]:
    """Return the figures of an earlier call, which one benchmark alone leaves as they are."""
    if file is None or not file.exists():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text())
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="more rounds, longer peers")
    parser.add_argument("--only", help="run only the benchmark of this name; the others' figures stay")
    parser.add_argument("--without-dagster", action="store_true", help="leave the peer out")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--document", type=Path, help="also write the figures as a page to this file")
    options = parser.parse_args()
    rounds = 7 if options.full else 3
    peer = None if options.without_dagster else dagster_python
    benchmarks: dict[str, Callable[[], dict[str, Any]]] = {
        "start_up": lambda: start_up.run(rounds=rounds),
        "reaction": lambda: reaction.run(rounds=1),
        "run_reaction": lambda: run_reaction.run(peer and peer(), full=options.full),
        "large_tick": lambda: large_tick.run(rounds=rounds),
        "ticks_per_second": lambda: ticks_per_second.run(peer and peer(), rounds=rounds, full=options.full),
    }
    if options.only and options.only not in benchmarks:
        sys.exit(f"no benchmark {options.only!r}: there are {', '.join(benchmarks)}")
    here = machine()
    results = _kept(options.json) if options.only else {}
    results.setdefault("machine", here)
    for name, benchmark in benchmarks.items():
        if options.only in (None, name):
            results[name] = {**benchmark(), "measured": {key: here[key] for key in ("date", "commit")}}
            Console().print(table(name, results[name]))
    text = json.dumps(results, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    if options.document:
        options.document.write_text(document(results))
    print(text)


if __name__ == "__main__":
    main()
