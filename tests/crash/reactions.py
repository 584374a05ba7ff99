"""Kill the engine again and again while a failure sensor works off finished runs; then look whether each counts once.

    python tests/crash/reactions.py --runs 14000 --kills 20

Runs are finished in the log by this process, as workers do, while engines start and die at named points (see
``inject/crash_points.py``) and at random. Afterwards: the log holds one reaction for each failed run of the monitored
job, in the order of the log, none for any other run; each reaction that asked for a run has exactly one, executed once;
the function was entered for every failure; ``ticktrail verify`` is green.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crash.campaign import PATIENCE, Campaign
from ticktrail.adapters.event_log import open_event_log
from ticktrail.core.events import (
    AnyEvent,
    CursorUpdated,
    EngineStarted,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
    SensorReacted,
)

#: As in the definitions.
ANSWERED = 100


class ReactionCampaign(Campaign):
    """One home with a failure sensor, under fire."""

    definitions = "reacting_sensors.py"

    def __init__(self, folder: Path, *, runs: int, kills: int, seed: int) -> None:
        super().__init__(folder, kills=kills, seed=seed)
        self.runs_wanted, self.finished = runs, 0

    def fire(self) -> None:
        """Finish runs while engines die, until there are enough of both."""
        self._begin()
        share = -(-self.runs_wanted // self.wanted)
        log = open_event_log(self.home / "log.sqlite")
        while self.killed() < self.wanted or self.finished < self.runs_wanted:
            engine = self.start(crashing=True)
            goal = min(self.finished + share, self.runs_wanted)
            end = time.monotonic() + self.random.uniform(0.5, 2.0)
            while engine.poll() is None and (self.finished < goal or time.monotonic() < end):
                if self.finished < goal:
                    self._finish_runs(log, min(self.random.randint(1, 20), goal - self.finished))
                else:
                    time.sleep(0.02)
            if engine.poll() is None:
                self.note_kill("engine: at random")
                engine.kill()
            if engine.wait() != -signal.SIGKILL:
                raise SystemExit(f"an engine ended by itself with {engine.returncode}: {self.account()}")
        log.close()

    def killed(self) -> int:
        """How many engines died; their launchers are threads of theirs."""
        return sum(
            count for point, count in self.kills().items() if point.startswith(("engine:", "launcher:"))
        )

    def _begin(self) -> None:
        """Let the sensor take its first place, before which it never reacts."""
        engine, deadline = self.start(crashing=False), time.monotonic() + PATIENCE
        while not (self.home / "log.sqlite").exists() or not self._has(CursorUpdated):
            if time.monotonic() > deadline or engine.poll() is not None:
                raise SystemExit(f"the sensor did not begin: {self.account()}")
            time.sleep(0.05)
        engine.send_signal(signal.SIGTERM)
        engine.wait()

    def _has(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events())

    def _finish_runs(self, log: object, count: int) -> None:
        """Append what *count* runs have done, in one append, as their workers would in many."""
        events: list[AnyEvent] = []
        at, head = time.time_ns() // 1000, log.head()  # type: ignore[attr-defined]
        for _ in range(count):
            run, cause = f"run-{self.finished:06}", head + len(events)
            job = "other_job" if self.finished % 7 == 3 else "failing_job"
            events.append(RunRequested(at=at, run=run, job=job, actor="campaign"))
            events.append(_started(run, cause, at))
            failed = self.finished % 7 != 5
            events.append(
                RunFailed(at=at, run=run, cause=cause, error="ValueError: no")
                if failed
                else RunSucceeded(at=at, run=run, cause=cause)
            )
            self.finished += 1
        log.append(events, expected=None, recorded_at=at, writer="run:campaign")  # type: ignore[attr-defined]

    def settle(self) -> None:
        """Let an engine without crash points work off what is left."""
        before = self._engines_started()
        engine, deadline = self.start(crashing=False), time.monotonic() + PATIENCE
        known = -1
        while (self._engines_started() == before or self._open_work()) and time.monotonic() < deadline:
            time.sleep(0.5)
            count = len(self.events())
            if count != known:
                known, deadline = count, time.monotonic() + PATIENCE
        engine.send_signal(signal.SIGTERM)
        if engine.wait(timeout=60) != 0:
            raise SystemExit(f"the quiet engine ended with exit code {engine.returncode}: {self.account()}")

    def _engines_started(self) -> int:
        return sum(isinstance(event, EngineStarted) for event in self.events())

    def _open_work(self) -> bool:
        reacted = {event.cause for event in self.events() if isinstance(event, SensorReacted)}
        _, _, ended = self.runs()
        mending = [event.run for event in self.events() if isinstance(event, RunRequested) and event.sensor]
        return not reacted >= set(self._failures()) or not ended >= set(mending)

    def _failures(self) -> dict[int, str]:
        """Return the offsets of the failures that count, each with its run."""
        jobs = {event.run: event.job for event in self.events() if isinstance(event, RunRequested)}
        return {
            offset: event.run
            for offset, event in enumerate(self.events())
            if isinstance(event, RunFailed) and jobs[event.run] == "failing_job"
        }

    def problems(self) -> list[str]:
        """Everything that is not as it must be."""
        return [
            *self._wrong_reactions(),
            *self._wrong_answers(),
            *self._missing_acks(),
            *self._not_verified(),
        ]

    def _wrong_reactions(self) -> list[str]:
        failures = self._failures()
        causes = [event.cause for event in self.events() if isinstance(event, SensorReacted)]
        seen = {line.removeprefix("seen ") for line in self._traces() if line.startswith("seen ")}
        wrong = [
            f"{count} reactions to event {cause}" for cause, count in Counter(causes).items() if count != 1
        ]
        wrong += [
            f"no reaction to event {cause}, {run}" for cause, run in failures.items() if cause not in causes
        ]
        wrong += [
            f"a reaction to event {cause}, which does not count" for cause in causes if cause not in failures
        ]
        wrong += [] if causes == sorted(causes) else ["the reactions are not in the order of the log"]
        return wrong + [f"the function never saw {run}" for run in failures.values() if run not in seen]

    def _wrong_answers(self) -> list[str]:
        expected = {run for run in self._failures().values() if int(run[-6:]) % ANSWERED == 0}
        requested = Counter(e.run_key for e in self.events() if isinstance(e, RunRequested) and e.sensor)
        mended = Counter(
            line.removeprefix("mended ") for line in self._traces() if line.startswith("mended ")
        )
        wrong = [f"{run} was answered {requested[run]} times" for run in expected if requested[run] != 1]
        wrong += [f"{run} was answered, and should not have been" for run in requested.keys() - expected]
        return wrong + [f"{run} was mended {count} times" for run, count in mended.items() if count > 1]

    def _traces(self) -> list[str]:
        return (self.folder / "traces").read_text().splitlines()

    def report(self) -> str:
        """Say what died, and what was left standing."""
        calls = sum(line.startswith("seen ") for line in self._traces())
        kills = "\n".join(f"{count:6}  {point}" for point, count in sorted(self.kills().items()))
        return (
            f"{kills}\n{self.killed():6}  engines killed, of {self.engines}\n"
            f"{self.finished:6}  runs finished, {len(self._failures())} of them failures that count\n"
            f"{calls:6}  calls of the function; those above one for each were cut off by a kill"
        )


def _started(run: str, cause: int, at: int) -> RunStarted:
    host, pid = socket.gethostname(), os.getpid()
    return RunStarted(at=at, run=run, cause=cause, where="the campaign", host=host, pid=pid)


def run(runs: int, kills: int, *, seed: int, folder: Path) -> tuple[ReactionCampaign, list[str]]:
    """Run one campaign; returns it and all problems found."""
    campaign = ReactionCampaign(folder, runs=runs, kills=kills, seed=seed)
    campaign.fire()
    campaign.settle()
    return campaign, campaign.problems()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs", type=int, default=14_000, help="how many runs finish; five in seven are failures that count"
    )
    parser.add_argument("--kills", type=int, default=20, help="how many engines to kill at least")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="seed of the campaign's choices"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticktrail-reactions-"))
    began = time.monotonic()
    campaign, problems = run(options.runs, options.kills, seed=options.seed, folder=folder)
    print(campaign.report())
    print(f"{time.monotonic() - began:6.0f}  seconds")
    if problems:
        sys.exit("\n".join([*problems[:50], f"{len(problems)} problems; everything is kept in {folder}"]))
    shutil.rmtree(folder)
    print("each failure reacted to once, in order; verify green")


if __name__ == "__main__":
    main()
