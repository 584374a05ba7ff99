"""What commands write: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Columns that a table gets where there is no terminal to ask.
WIDTH = 100

_STYLES = {
    "RUNNING": "green",
    "SUCCESS": "green",
    "FAILURE": "red",
    "INTERRUPTED": "yellow",
    "CANCELED": "yellow",
    "STARTED": "cyan",
    "STARTING": "cyan",
    "SKIPPED": "dim",
    "STOPPED": "dim",
    "RETIRED": "dim",
}


class Output:
    """Where one command writes to.

    Attributes:
        json: Whether results are JSON objects, one per line, instead of text.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.results = _console(sys.stdout)
        self.notes = _console(sys.stderr)

    def record(self, value: msgspec.Struct | Mapping[str, Any]) -> None:
        """Write one JSON object on a line of its own."""
        sys.stdout.write(msgspec.json.encode(value).decode() + "\n")

    def records(self, values: Iterable[msgspec.Struct | Mapping[str, Any]]) -> None:
        """Write JSON objects, each on a line of its own."""
        for value in values:
            self.record(value)

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Write one line of results; a part is a text, or a text with its style."""
        self.results.print(Text.assemble(*parts), soft_wrap=True)

    def note(self, text: str, style: str = "dim") -> None:
        """Write one line that is no result."""
        self.notes.print(Text(text, style=style), soft_wrap=True)

    def facts(self, facts: Mapping[str, str | None]) -> None:
        """Write named values below each other, leaving out those that are None."""
        width = max(map(len, facts))
        for name, value in facts.items():
            if value is not None:
                self.line((f"{name:<{width}}  ", "dim"), value)

    def section(self, title: str) -> None:
        """Write a heading."""
        self.line()
        self.line((title, "bold"))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]], *, wide: str) -> None:
        """Write a table; a column whose header ends in ``#`` is aligned to the right.

        Args:
            wide: Header of the column that is cut when the terminal is too narrow.
        """
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
        for header in headers:
            table.add_column(
                header.rstrip("#"),
                justify="right" if header.endswith("#") else "left",
                # Of columns that may wrap, rich takes the room that is missing; the cells do not wrap.
                no_wrap=header != wide,
                min_width=16 if header == wide else None,
            )
        for row in rows:
            table.add_row(*map(_cell, row))
        self.results.print(table)


def status_text(status: str) -> tuple[str, str]:
    """Return a status with the style it is written in."""
    return status, _STYLES.get(status, "")


def _cell(text: str) -> Text:
    return Text(text, style=_STYLES.get(text, ""), no_wrap=True, overflow="ellipsis")


def _console(file: IO[str]) -> Console:
    width = None if file.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)
