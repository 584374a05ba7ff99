"""The order in which the local launcher learns of things, message by message, without its thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ticktrail.adapters.home import DefinitionsSource, Home
from ticktrail.adapters.runs.host import Launch, Ready
from ticktrail.adapters.runs.launcher import LocalLauncher
from ticktrail.core.events import RunFailed, RunRequested, RunStarted, RunSucceeded

RUN, CAUSE = "run-1", 5
REQUEST = RunRequested(at=0, sensor="s", tick=4, run=RUN, job="j")
STARTED = RunStarted(at=1, run=RUN, cause=CAUSE, where="elsewhere", host="elsewhere", pid=7)


class SteppedLauncher(LocalLauncher):
    """A launcher whose messages a test lets it take; what it would tell its run host is kept."""

    launches: list[Launch]

    def _start_host(self) -> None:
        pass

    def _write(self, launch: Launch) -> None:
        self.launches.append(launch)

    def settle(self) -> None:
        """Take everything that waits, then launch what there is room for."""
        while not self._inbox.empty():
            self._take(self._inbox.get())
        self._fill()


@pytest.fixture
def launcher(tmp_path: Path) -> SteppedLauncher:
    source = DefinitionsSource(folder=str(tmp_path), file="defs.py")
    launcher = SteppedLauncher(Home.open(tmp_path, create=True), source, max_runs=1, report=lambda _: None)
    launcher.launches = []
    return launcher


def test_a_run_is_launched_once_the_host_is_ready(launcher: SteppedLauncher) -> None:
    launcher.offer(CAUSE, REQUEST)
    launcher.settle()
    assert launcher.launches == []

    launcher._inbox.put(Ready())
    launcher.settle()
    assert [launch.run for launch in launcher.launches] == [RUN]


@pytest.mark.parametrize(
    "end",
    [
        lambda: RunSucceeded(at=2, run=RUN, cause=CAUSE),
        lambda: RunFailed(at=2, run=RUN, cause=CAUSE, error="lost"),
    ],
)
def test_an_offer_does_not_outlast_the_run(
    launcher: SteppedLauncher, end: Callable[[], RunSucceeded | RunFailed]
) -> None:
    """Another worker may claim and end a run whose second offer still waits for a host.

    Seen to fail when `_hear` left the offer in the queue: it was launched, to read on from behind the claim.
    """
    launcher.offer(CAUSE, REQUEST)
    launcher.heed(8, STARTED)
    launcher.heed(9, end())
    launcher._inbox.put(Ready())
    launcher.settle()

    assert launcher.launches == []


def test_a_worker_reads_on_from_where_the_launcher_knew_its_run_unclaimed(launcher: SteppedLauncher) -> None:
    """A claim that the launcher has not heard of lies behind that offset, so the worker will see it."""
    other = RunSucceeded(at=2, run="another", cause=3)
    launcher.offer(CAUSE, REQUEST)
    launcher.heed(20, other)
    launcher._inbox.put(Ready())
    launcher.settle()

    assert launcher.launches == [Launch(run=RUN, cause=CAUSE, since=21)]
