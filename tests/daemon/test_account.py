"""The account of `ticktrail dev`: what holds a sensor back is told when it happens."""

from __future__ import annotations

import io

from rich.console import Console

from ticktrail.adapters.daemon.account import Account
from ticktrail.core.events import AnyEvent, RequestsPutOff, SensorQuarantined


def told(*events: AnyEvent) -> str:
    written = io.StringIO()
    Account(Console(file=written, width=200), json=False).tell(0, events)
    return written.getvalue()


def test_a_quarantine_is_told_with_what_lifts_it() -> None:
    line = told(SensorQuarantined(at=0, sensor="inbox", tick=1, failures=3, error="ValueError: no"))

    assert "inbox" in line
    assert (
        "quarantined after 3 failed ticks in a row; start it again with `ticktrail sensor start inbox`"
        in line
    )


def test_what_is_put_off_is_told_with_the_limit() -> None:
    line = told(RequestsPutOff(at=0, tick=1, sensor="inbox", count=7, limit=5, why="per hour", again_at=1))

    assert "7 run requests put off: 5 are allowed per hour" in line
