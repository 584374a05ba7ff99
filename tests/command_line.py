"""Calls the command line as people do: the real `main`, the real log."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from story import Story
from ticktrail.adapters.cli import main
from ticktrail.adapters.home import Home

#: A definitions file: `files` is RUNNING in code and goes by its cursor, `manual` is STOPPED.
SENSORS = '''
import ticktrail as dg


class Size(dg.Config):
    rows: int = 1


@dg.op
def load(config: Size):
    """Load."""


@dg.job(tags={"team": "x"})
def load_files():
    load()


@dg.sensor(job=load_files, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def files(context):
    print("looking around")
    context.log.info(f"from {context.cursor}")
    if context.cursor == "fail":
        raise ValueError("cannot look")
    if context.cursor == "skip":
        return dg.SkipReason("no new file")
    if context.cursor == "bad":
        return dg.RunRequest(run_key="k", run_config={"ops": {"load": {"config": {"rows": "many"}}}})
    context.update_cursor("2")
    return [dg.RunRequest(run_key="1"), dg.RunRequest(run_key="2"), dg.RunRequest(run_key="2")]


@dg.sensor(job=load_files)
def manual(context):
    pass


defs = dg.Definitions(jobs=[load_files], sensors=[files, manual])
'''


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        (record,) = self.records
        return record


class CommandLine:
    """Calls `ticktrail` in this process, on one home."""

    def __init__(
        self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.home = home
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: object) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["ticktrail", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = self._capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Result(end.value.code, captured.out, captured.err)

    def tell(self, story: Story) -> None:
        """Make the home, and append what the story has beyond the log."""
        self.tell_at(self.home, story)

    def tell_at(self, home: Path, story: Story) -> None:
        """Do the same in another home."""
        log = Home.open(home, create=True).log()
        head, offset = log.head(), 0
        for append in story.appends:
            if offset >= head:
                log.append(append, expected=offset, recorded_at=append[-1].at, writer="engine:1")
            offset += len(append)
        log.close()

    def head(self) -> int:
        log = Home.open(self.home, create=False).log()
        try:
            return log.head()
        finally:
            log.close()
