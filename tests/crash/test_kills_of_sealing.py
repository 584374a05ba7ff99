"""A short form of the campaign against sealing and archiving; the long one is `make crash`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_kill_loses_or_doubles_a_row_of_the_history() -> None:
    campaign = Path(__file__).with_name("sealing.py")

    done = subprocess.run(
        [sys.executable, str(campaign), "--kills", "12"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("12 kills at")
    assert done.stdout.endswith("rows and digests are the log's every time\n")
