"""Engines as processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[str], Daemon]]:
    """Make a home with a definitions file; its engine ends with the test."""
    made: list[Daemon] = []

    def make(definitions: str) -> Daemon:
        made.append(Daemon(tmp_path, definitions))
        return made[-1]

    yield make
    for one in made:
        one.close()
