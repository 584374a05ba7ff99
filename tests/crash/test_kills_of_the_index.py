"""A short form of the campaign against the mapped run-key index; the long one is `make crash`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_kill_of_its_writer_makes_the_index_answer_wrongly() -> None:
    campaign = Path(__file__).with_name("run_keys.py")

    done = subprocess.run(
        [sys.executable, str(campaign), "--kills", "8"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("8 kills") and done.stdout.endswith("every verdict is right\n")
