"""What tests of sensors get by themselves, once ticktrail is installed: the fixture `backtest`."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def backtest() -> Callable[..., object]:
    """`ticktrail.backtest`, for tests that assert what changed code would have asked for."""
    from .backtesting import backtest as run

    return run
