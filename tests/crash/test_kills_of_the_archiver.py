"""A short form of the campaign against the archiver; the long one is `make crash`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_kill_of_an_archiver_loses_doubles_or_changes_a_frame() -> None:
    campaign = Path(__file__).with_name("archive.py")

    done = subprocess.run(
        [sys.executable, str(campaign), "--kills", "8"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("8 kills") and done.stdout.endswith("once, byte for byte\n")
