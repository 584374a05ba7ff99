"""The story of ticktrail in under a minute: real files, real runs, and only the public command.

python examples/demo.py
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent
PATIENCE = 20.0


class Story:
    """A folder with files, a home, and the `ticktrail` command at work on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "TICKTRAIL_HOME": str(folder / "home"),
            "INBOX": str(folder / "inbox"),
            "ARCHIVE": str(folder / "archive"),
            "DATA": str(folder / "data"),
            "COLUMNS": "120",
        }
        self.engines: list[subprocess.Popen[bytes]] = []
        for name in ("inbox", "data"):
            (folder / name).mkdir()

    def engine(self, example: str) -> subprocess.Popen[bytes]:
        """Start `ticktrail dev` in the background; its account goes to engine.log."""
        print(f"\n$ ticktrail dev -f examples/{example} &")
        with open(self.folder / "engine.log", "ab") as account:
            engine = subprocess.Popen(
                [sys.executable, "-m", "ticktrail", "dev", "-f", str(EXAMPLES / example)],
                env=self.environment,
                stdout=account,
                stderr=account,
            )
        self.engines.append(engine)
        self.wait("the engine", self.answers)
        return engine

    def show(self, *command: str) -> None:
        """Run a command as a user would, and show what it prints."""
        print(f"\n$ ticktrail {' '.join(command)}", flush=True)
        subprocess.run([sys.executable, "-m", "ticktrail", *command], env=self.environment, check=True)

    def ask(self, *command: str) -> list[dict[str, Any]]:
        """Run a command with ``--json`` and return its rows."""
        done = subprocess.run(
            [sys.executable, "-m", "ticktrail", *command, "--json"],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait(self, what: str, until: Callable[[], bool]) -> None:
        """Wait for *until*, or end the story."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > deadline:
                sys.exit(f"the demo waited {PATIENCE:g} s for {what}; see {self.folder / 'engine.log'}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the home is there to be asked."""
        command = [sys.executable, "-m", "ticktrail", "info"]
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode == 0

    def runs(self, status: str = "SUCCESS") -> int:
        """Return how many runs stand so."""
        return sum(run["status"] == status for run in self.ask("run", "list"))

    def tick_that(self, **wanted: Any) -> dict[str, Any] | None:
        """Return the latest tick whose fields are as wanted."""
        for tick in self.ask("tick", "list"):
            if all(tick[field] == value for field, value in wanted.items()):
                return tick
        return None


def say(text: str) -> None:
    print(f"\n── {text} " + "─" * max(0, 90 - len(text)))


def basic_sensor(story: Story) -> None:
    say("1. Files land in a folder: each gets a run that materializes an asset")
    for name in ("north.csv", "south.csv"):
        (story.folder / "inbox" / name).write_text("id,amount\n1,10\n")
    engine = story.engine("basic_sensor.py")
    story.wait("two runs", lambda: story.runs() == 2)
    story.show("run", "list")

    say("2. Nothing new: the tick is skipped, and says why")
    story.wait("a skip", lambda: story.tick_that(status="SKIPPED", repeated=0) is not None)
    story.show("tick", "list", "--status", "SKIPPED", "--limit", "1")

    say("3. The same file again: no second run, and the tick says whose key it was")
    (story.folder / "inbox" / "north.csv").write_text("id,amount\n1,10\n")
    story.wait("a repeated key", lambda: story.tick_that(repeated=1) is not None)
    (story.folder / "inbox" / "north.csv").unlink()
    tick = story.tick_that(repeated=1)
    assert tick is not None
    story.show("tick", "show", str(tick["tick"]))
    assert story.runs() == 2, "the same file must not run twice"
    stop(engine)


def cursor_sensor(story: Story) -> None:
    story.environment["TICKTRAIL_HOME"] = str(story.folder / "home2")
    say("4. A sensor with a cursor: a touched file has a new run key, so it gets a new run")
    report = story.folder / "data" / "report.txt"
    report.write_text("one\ntwo\n")
    engine = story.engine("cursor_sensor.py")
    story.wait("a run", lambda: story.runs() == 1)
    os.utime(report)
    story.wait("a second run", lambda: story.runs() == 2)
    story.show("run", "list")

    say("5. An operator clears the cursor: the sensor looks at everything again, nothing launches twice")
    story.show(
        "sensor", "cursor", "updated_file_sensor", "--clear", "--reason", "demo: look at everything again"
    )
    story.wait("a repeated key", lambda: story.tick_that(repeated=1) is not None)
    tick = story.tick_that(repeated=1)
    assert tick is not None
    story.show("tick", "show", str(tick["tick"]))
    assert story.runs() == 2, "a cursor reset must not launch anything twice"

    say("6. The engine is killed with -9 while files land; a new one goes on where the log ends")
    for number in range(5):
        (story.folder / "data" / f"late-{number}.txt").write_text("x\n")
    time.sleep(0.9)
    print(f"\n$ kill -9 {engine.pid}")
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    (story.folder / "data" / "while-it-was-dead.txt").write_text("y\n")
    engine = story.engine("cursor_sensor.py")
    story.wait("all runs", lambda: story.runs() == 8)
    keys = [run["run_key"] for run in story.ask("run", "list")]
    assert len(keys) == len(set(keys)) == 8, f"a file ran twice or never: {keys}"
    print(f"\n{len(keys)} runs, {len(set(keys))} run keys: nothing lost, nothing twice")
    story.show("log", "--since", "2s")

    say("7. Every invariant holds over the whole log")
    stop(engine)
    story.show("verify")


def stop(engine: subprocess.Popen[bytes]) -> None:
    engine.send_signal(signal.SIGTERM)
    if engine.wait(timeout=PATIENCE) != 0:
        sys.exit(f"the engine ended with exit code {engine.returncode}")


def main() -> None:
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="ticktrail-demo-"))
    story = Story(folder)
    try:
        basic_sensor(story)
        cursor_sensor(story)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)} ended with exit code {error.returncode}; see {folder}")
    finally:
        for engine in story.engines:
            engine.kill()
    shutil.rmtree(folder)
    print(f"\nThat was the whole story, in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
