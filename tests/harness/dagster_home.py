"""A Dagster home that Dagster's own code writes, in a process of its own; see `dagster_side.py`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SIDE = Path(__file__).parents[1] / "dagster_side.py"

#: What runs under Dagster, and under ticktrail with the other import line. Sensors `files` (a run for each file
#: in the folder ``in``), `broken` and `on_table` are RUNNING in code, `manual` is STOPPED.
DEFINITIONS = '''
import os

import dagster as dg


@dg.op
def load():
    """Load."""


@dg.job
def load_files():
    load()


@dg.asset
def table():
    """A table."""


EVERY = {"minimum_interval_seconds": 30, "default_status": dg.DefaultSensorStatus.RUNNING}


@dg.sensor(job=load_files, **EVERY)
def files(context):
    names = sorted(os.listdir("in"))
    context.update_cursor(str(int(context.cursor or 0) + 1))
    return [dg.RunRequest(run_key=name) for name in names] or dg.SkipReason("no files")


@dg.sensor(job=load_files, **EVERY)
def broken(context):
    raise ValueError("cannot look")


@dg.sensor(job=load_files)
def manual(context):
    return dg.SkipReason("by hand")


@dg.asset_sensor(asset_key=dg.AssetKey("table"), job=load_files, **EVERY)
def on_table(context, event):
    return dg.RunRequest(run_key=context.cursor)


defs = dg.Definitions(assets=[table], jobs=[load_files], sensors=[files, broken, manual, on_table])
'''


class DagsterHome:
    """A Dagster home with its definitions, in a folder of its own.

    Attributes:
        path: What DAGSTER_HOME names.
        inbox: The folder in which the sensor `files` looks.
        definitions: The file with the definitions.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path, self.inbox, self.definitions = folder / "dagster", folder / "in", folder / "defs.py"

    def make(self, definitions: str = DEFINITIONS, *, yaml: str = "") -> DagsterHome:
        """Make the folders, with more lines for the ``dagster.yaml``."""
        self.path.mkdir(parents=True)
        self.inbox.mkdir()
        self.definitions.write_text(definitions)
        (self.path / "dagster.yaml").write_text(yaml)
        return self

    def copy(self, folder: Path) -> DagsterHome:
        """Return the same in another folder."""
        shutil.copytree(self._folder, folder)
        return DagsterHome(folder)

    def do(self, *steps: str, location: str = "here") -> None:
        """Let Dagster's daemon and operators do the steps in the folder, see `dagster_side.py`."""
        command = [sys.executable, str(SIDE), str(self.path), str(self.definitions), location, *steps]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def for_ticktrail(self) -> Path:
        """Return a file with the same definitions and the other import line."""
        moved = self.definitions.with_name("moved.py")
        text = self.definitions.read_text().replace("import dagster as dg", "import ticktrail as dg")
        moved.write_text(text.replace('listdir("in")', f'listdir("{self.inbox}")'))
        return moved
