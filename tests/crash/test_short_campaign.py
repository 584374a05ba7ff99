"""The crash campaign in its short form; ``make crash`` is the long one.

Seen to fail when the worker's claim appends wherever the head is (``RunWriter.claim`` in
``adapters/runs/worker.py`` with ``expected=None``, its look at the log left out): runs start twice.
"""

from __future__ import annotations

from pathlib import Path

from crash import reactions
from crash.campaign import report, run


def test_nothing_is_lost_and_nothing_is_done_twice_while_processes_die(tmp_path: Path) -> None:
    campaigns, problems = run(25, homes=1, seed=7, folder=tmp_path)

    assert problems == [], report(campaigns)
    assert campaigns[0].killed() >= 25


def test_each_failure_is_reacted_to_once_while_engines_die(tmp_path: Path) -> None:
    """Seen to fail when a failure sensor asked for events from a little before its cursor on."""
    campaign, problems = reactions.run(700, 5, seed=7, folder=tmp_path)

    assert problems == [], campaign.report()
    assert campaign.killed() >= 5
