"""What a read that is recorded does to answer is no other read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.tapes import play, record
from ticktrail.adapters.tape import install, rebind
from ticktrail.core.tape import observe


@pytest.fixture(autouse=True)
def installed() -> None:
    install()
    rebind(sys.modules[__name__])


def test_files_that_are_read_to_answer_are_not_on_the_tape(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")

    def answer() -> list[str]:
        os.stat(tmp_path)
        assert [entry.name for entry in os.scandir(tmp_path)] == ["a"]
        assert (tmp_path / "a").read_text() == "1"
        return os.listdir(tmp_path)

    then, tape = record(lambda: observe("custom", "names", "", answer))

    assert list(tape.channels) == ["custom"] and tape.complete
    (tmp_path / "a").unlink()
    assert play(tape, lambda: observe("custom", "names", "", answer)) == then == ["a"]
