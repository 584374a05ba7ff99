"""Run the benchmarks, print their figures, and write them as JSON and as a page.

python benchmarks/run.py [--full | --tiny] [--only NAME] [--without PEER] [--json FILE] [--document FILE]
python benchmarks/run.py --page-only --json FILE --document FILE
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import append
import archiving
import dedup_index
import dedup_tick
import footprint
import latency
import on_postgres
import page
import questions
import questions_beside
import reactions
import rebuild
import tapes
import ticks
from children import ChildFailed
from environments import Environments
from report import Figures, Section, cell
from rich.console import Console
from rich.table import Table
from scale import Scale
from surroundings import machine


class Benchmark(Protocol):
    """A module that answers the question that its docstring asks."""

    __doc__: str | None
    measure: Callable[[Scale, Environments], Figures]
    tell: Callable[[Figures], Section]


#: In the order of the page.
BENCHMARKS: dict[str, Benchmark] = {
    module.__name__: module
    for module in (
        dedup_index,
        dedup_tick,
        ticks,
        append,
        rebuild,
        archiving,
        latency,
        reactions,
        tapes,
        questions,
        questions_beside,
        footprint,
        on_postgres,
    )
}


def main() -> None:
    options = _options()
    # An installed package has its bytecode; the processes that measure ours are to have it as well.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kept = _kept(options.json) if options.only or options.page_only else {}
    results: dict[str, Any] = {"machine": machine(), "benchmarks": {}, **kept}
    begin, failed = time.monotonic(), list[str]()
    environments = Environments(without=options.without)
    for name, benchmark in BENCHMARKS.items():
        if options.page_only or options.only not in (None, name):
            continue
        try:
            results["benchmarks"][name] = _measured(name, benchmark, options.scale, environments)
        except ChildFailed as error:
            print(f"{name} could not be measured: {error}", file=sys.stderr)
            failed.append(name)
            continue
        results["machine"] |= environments.versions
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(results, indent=1) + "\n")
    written = [options.json] if options.json else []
    if options.document:
        options.document.parent.mkdir(parents=True, exist_ok=True)
        page.write(options.document, _answers(results["benchmarks"]), results["machine"])
        written.append(options.document)
    took = time.monotonic() - begin
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    print(f"{took:.0f} s; results are in {' and '.join(map(str, written)) or 'what is above'}")
    sys.exit(1 if failed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument(
        "--full", dest="scale", action="store_const", const=Scale.FULL, help="all sizes: an hour or two"
    )
    scale.add_argument(
        "--tiny", dest="scale", action="store_const", const=Scale.TINY, help="just to see that it works"
    )
    parser.set_defaults(scale=Scale.SHORT)
    parser.add_argument("--only", choices=BENCHMARKS, help="run only this one; the others' figures stay")
    parser.add_argument(
        "--without", choices=("dagster", "stores"), action="append", default=[], help="leave these peers out"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--document", type=Path, help="also write a page to this file, and plots beside it")
    parser.add_argument(
        "--page-only", action="store_true", help="measure nothing: the page of the figures there are"
    )
    return parser.parse_args()


def _kept(file: Path | None) -> dict[str, Any]:
    """Return the figures of an earlier call."""
    if file is None or not file.exists():
        return {}
    kept: dict[str, Any] = json.loads(file.read_text())
    return kept


def _measured(name: str, benchmark: Benchmark, scale: Scale, environments: Environments) -> dict[str, Any]:
    console, here, begin = Console(width=150), machine(), time.monotonic()
    console.print(f"[bold]{name}[/bold]: {_question(benchmark)}", highlight=False)
    parts = benchmark.measure(scale, environments)
    section = benchmark.tell(parts)
    for caption, rows in section.tables.items():
        if rows:
            console.print(_table(caption, rows))
    for sentence in section.sentences:
        console.print(sentence, highlight=False)
    console.print(f"[dim]{time.monotonic() - begin:.0f} s[/dim]\n", highlight=False)
    measured = {"date": here["date"], "commit": here["commit"], "scale": scale.value}
    return {"measured": measured, "parts": parts}


def _answers(measured: dict[str, Any]) -> list[page.Answer]:
    return [
        page.Answer(_question(benchmark), benchmark.tell(measured[name]["parts"]), measured[name]["measured"])
        for name, benchmark in BENCHMARKS.items()
        if name in measured
    ]


def _question(benchmark: Benchmark) -> str:
    return (benchmark.__doc__ or "").strip().splitlines()[0]


def _table(caption: str, rows: Any) -> Table:
    shown = Table(title=caption, title_justify="left")
    for column in rows[0]:
        shown.add_column(str(column), justify="left" if isinstance(rows[0][column], str) else "right")
    for row in rows:
        shown.add_row(*(cell(row.get(column)) for column in rows[0]))
    return shown


if __name__ == "__main__":
    main()
