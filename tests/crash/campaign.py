"""Kill the engine, its run host and its workers again and again; then look whether anything was lost.

    python tests/crash/campaign.py --kills 1000

Sensors request keyed runs over real files while processes die at named points (see
``inject/crash_points.py``) and at random. Afterwards a quiet engine works off what is left, and:
every file has exactly one run per sensor, started exactly once and ended; no step was executed
twice; every acknowledged append is in the log as it was acknowledged; ``ticktrail verify`` is green.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "inject"))

from crash_points import POINTS, content_digest

from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import RunFailed, RunRequested, RunStarted, RunSucceeded

#: Seconds for which the quiet engine may make no progress while it works off what is left.
PATIENCE = 60.0

#: Probabilities of death at the points an engine passes often, and at those a worker passes once.
ODDS = {point: 0.006 if point.startswith("engine:") else 0.06 for point in POINTS} | {
    "host: before a fork": 0.02
}


class Campaign:
    """One home under fire.

    Attributes:
        definitions: The file beside this one that has the sensors.
    """

    definitions = "sensors.py"

    def __init__(self, folder: Path, *, kills: int, seed: int) -> None:
        self.folder, self.wanted, self.random = folder, kills, random.Random(seed)
        self.home, self.files = folder / "home", folder / "files"
        self.files.mkdir(parents=True)
        (folder / "odds.json").write_text(json.dumps(ODDS))
        self.engines = 0
        self.written = 0

    # --- under fire --------------------------------------------------------------------------

    def fire(self) -> None:
        """Start engines and kill what lives until enough has died."""
        while self.killed() < self.wanted:
            engine = self.start(crashing=True)
            self.write_files(self.random.randint(2, 6))
            end = time.monotonic() + self.random.uniform(0.6, 2.5)
            while engine.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
                if self.random.random() < 0.02:
                    self.write_files(1)
            if engine.poll() is None:
                self.note_kill("engine: at random")
                engine.kill()
            if engine.wait() != -signal.SIGKILL:
                raise SystemExit(
                    f"an engine ended by itself with exit code {engine.returncode}: {self.account()}"
                )
            if self.random.random() < 0.3:
                self.kill_host()

    def start(self, *, crashing: bool) -> subprocess.Popen[bytes]:
        """Start an engine on the home; a crashing one has the crash points planted."""
        environment = os.environ | {
            "CRASH_FILES": str(self.files),
            "CRASH_TRACES": str(self.folder / "traces"),
            "TICKTRAIL_HOME": str(self.home),
        }
        if crashing:
            inject = str(HERE / "inject")
            environment |= {"TICKTRAIL_CRASH": str(self.folder), "PYTHONPATH": inject}
        self.engines += 1
        command = [
            sys.executable,
            "-m",
            "ticktrail",
            "dev",
            "-f",
            str(HERE / self.definitions),
            "--max-runs",
            "3",
        ]
        with open(self.folder / "engine.log", "ab") as account:
            return subprocess.Popen(command, env=environment, stdout=account, stderr=account)

    def write_files(self, count: int) -> None:
        """Put *count* new files where the sensors look."""
        for _ in range(count):
            (self.files / f"file-{self.written:06}").write_text("real\n")
            self.written += 1

    def kill_host(self) -> None:
        """Kill the orphaned run host, if it has not ended yet."""
        found = subprocess.run(
            ["pgrep", "-f", f"ticktrail.adapters.runs.host {self.home} "],
            capture_output=True,
            text=True,
            check=False,
        )
        for pid in found.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.note_kill("host or worker: at random")

    def note_kill(self, point: str) -> None:
        with open(self.folder / "kills", "a") as kills:
            kills.write(point + "\n")

    def kills(self) -> Counter[str]:
        """How often each point killed."""
        file = self.folder / "kills"
        return Counter(file.read_text().splitlines()) if file.exists() else Counter()

    def killed(self) -> int:
        return sum(self.kills().values())

    def account(self) -> str:
        """The last lines that engines wrote."""
        return "\n".join((self.folder / "engine.log").read_text().splitlines()[-15:])

    # --- afterwards --------------------------------------------------------------------------

    def settle(self) -> None:
        """Let an engine without crash points work off what is left."""
        engine, log = self.start(crashing=False), open_event_log(self.home / "log.sqlite")
        offset, ended, deadline = 0, 0, time.monotonic() + PATIENCE
        while ended < 2 * self.written and time.monotonic() < deadline:
            time.sleep(0.5)
            for frame in log.read(offset):
                offset = frame.next_offset
                if news := sum(isinstance(event, RunSucceeded | RunFailed) for event in frame.events):
                    ended, deadline = ended + news, time.monotonic() + PATIENCE
        log.close()
        engine.send_signal(signal.SIGTERM)
        if engine.wait(timeout=60) != 0:
            raise SystemExit(f"the quiet engine ended with exit code {engine.returncode}: {self.account()}")

    def runs(self) -> tuple[list[RunRequested], Counter[str], set[str]]:
        """The requests, how often each run started, and which have ended."""
        requested: list[RunRequested] = []
        started: Counter[str] = Counter()
        ended: set[str] = set()
        for event in self.events():
            match event:
                case RunRequested():
                    requested.append(event)
                case RunStarted():
                    started[event.run] += 1
                case RunSucceeded() | RunFailed():
                    ended.add(event.run)
        return requested, started, ended

    def events(self) -> list[Any]:
        log = open_event_log(self.home / "log.sqlite")
        try:
            return [event for frame in log.read() for event in frame.events]
        finally:
            log.close()

    def problems(self) -> list[str]:
        """Everything that is not as it must be."""
        return [*self._wrong_runs(), *self._executed_twice(), *self._missing_acks(), *self._not_verified()]

    def _wrong_runs(self) -> list[str]:
        requested, started, ended = self.runs()
        by_file = Counter((request.sensor, request.run_key) for request in requested)
        names = [f"file-{number:06}" for number in range(self.written)]
        expected = {(sensor, name) for sensor in ("every_file", "new_files") for name in names}
        wrong = [f"{key} has {by_file[key]} runs" for key in sorted(expected) if by_file[key] != 1]
        wrong += [f"{key} was requested but never written" for key in by_file.keys() - expected]
        wrong += [f"run {r.run} started {started[r.run]} times" for r in requested if started[r.run] != 1]
        return wrong + [f"run {r.run} has no end" for r in requested if r.run not in ended]

    def _executed_twice(self) -> list[str]:
        traces = Counter((self.folder / "traces").read_text().splitlines())
        return [f"{name} was executed {count} times" for name, count in traces.items() if count > 1]

    def _missing_acks(self) -> list[str]:
        events = self.events()
        missing = []
        for line in (self.folder / "acks").read_text().splitlines():
            first, count, digest = line.split()
            found = events[int(first) : int(first) + int(count)]
            if content_digest(found) != digest:
                missing.append(f"the append acknowledged at {first} with {count} events is not in the log")
        return missing

    def _not_verified(self) -> list[str]:
        command = [sys.executable, "-m", "ticktrail", "verify", "--home", str(self.home)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return [] if done.returncode == 0 else [f"verify: {done.stdout}{done.stderr}"]


def run(kills: int, *, homes: int, seed: int, folder: Path) -> tuple[list[Campaign], list[str]]:
    """Run campaigns side by side; returns them and all problems found."""
    share = -(-kills // homes)
    campaigns = [Campaign(folder / str(i), kills=share, seed=seed + i) for i in range(homes)]
    failures: list[str] = []

    def one(campaign: Campaign) -> None:
        try:
            campaign.fire()
            campaign.settle()
        except (SystemExit, Exception) as error:  # noqa: BLE001 reported below, with the others
            failures.append(f"{campaign.folder}: {error!r}")

    threads = [threading.Thread(target=one, args=(campaign,)) for campaign in campaigns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return campaigns, failures or [problem for campaign in campaigns for problem in campaign.problems()]


def report(campaigns: list[Campaign]) -> str:
    """Say what died, how often, and what was left standing."""
    kills = sum((campaign.kills() for campaign in campaigns), Counter[str]())
    lines = [f"{count:6}  {point}" for point, count in sorted(kills.items())]
    lines += [f"     0  {point}" for point in POINTS if point not in kills]
    acks = sum(len((c.folder / "acks").read_text().splitlines()) for c in campaigns)
    files = sum(campaign.written for campaign in campaigns)
    runs = sum(len(campaign.runs()[0]) for campaign in campaigns)
    lines.append(
        f"{kills.total():6}  kills in all, of {sum(c.engines for c in campaigns)} engines on {len(campaigns)} homes"
    )
    lines.append(f"{files:6}  files, {runs} keyed runs, {acks} acknowledged appends")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000, help="how many processes to kill at least")
    parser.add_argument("--homes", type=int, default=2, help="how many homes are under fire at once")
    parser.add_argument("--seed", type=int, default=1, help="seed of what the campaign itself does at random")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticktrail-crash-"))
    began = time.monotonic()
    campaigns, problems = run(options.kills, homes=options.homes, seed=options.seed, folder=folder)
    print(report(campaigns))
    print(f"{time.monotonic() - began:6.0f}  seconds")
    if problems:
        sys.exit("\n".join([*problems[:50], f"{len(problems)} problems; everything is kept in {folder}"]))
    shutil.rmtree(folder)
    print("nothing lost, nothing twice, verify green")


if __name__ == "__main__":
    main()
