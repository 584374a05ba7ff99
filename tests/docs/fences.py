"""The fenced blocks of a Markdown document, and how to run them as they stand.

The words after the language say what a block is:

* ``sh`` is run; ``sh no-run`` is not. A ``text`` block right after it is what it prints.
* ``python`` is run; ``python file=NAME`` is saved under that name; ``python no-run`` is neither.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Seconds that all blocks of a document may take together.
PATIENCE = 120

_FENCE = re.compile(r"^```([\w-]+)(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- end of block {} ---"

#: What differs from one run of a command to the next, and what stands for it.
_VARYING = (
    (r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f-]+)?\b…?", "<id>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<time>"),
    (r"\b\d+(\.\d+)? (µs|ms|s|min)\b", "<span>"),
    (r"\bon [\w.-]+", "on <host>"),
    (r"[\w.-]+@[\w.-]+", "<who>"),
    (r"\d+", "<n>"),
    (r"\s+", " "),
)


@dataclass(frozen=True, slots=True)
class Fence:
    """One block.

    Attributes:
        language: The first word after the fence.
        options: The other words.
        text: What is in it, with its last line's end.
    """

    language: str
    options: tuple[str, ...]
    text: str

    @property
    def file(self) -> str | None:
        """The name to save the block under."""
        return next((option.removeprefix("file=") for option in self.options if "file=" in option), None)

    @property
    def runs(self) -> bool:
        return self.language in ("sh", "python") and "no-run" not in self.options


def fences_of(document: Path) -> list[Fence]:
    """Return the blocks of *document*, in order."""
    return [
        Fence(match[1], tuple(match[2].split()), match[3]) for match in _FENCE.finditer(document.read_text())
    ]


def run_all(fences: list[Fence], folder: Path) -> dict[int, str]:
    """Run the blocks in one shell, in order, in *folder*.

    Returns:
        What each block that was run printed, by its place in *fences*.
    """
    numbers = [number for number, fence in enumerate(fences) if fence.runs]
    script = "".join(
        f"{_command(fences[number])}\necho; echo {shlex.quote(_END.format(number))}\n" for number in numbers
    )
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            printed, _ = shell.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            _end_group(shell.pid)
            printed = f"{shell.communicate()[0]}\nnothing more came within {PATIENCE} s"
        finally:
            _end_group(shell.pid)
    assert shell.returncode == 0, f"a block ended with exit code {shell.returncode}:\n{printed}"
    outputs = {}
    for number in numbers:
        outputs[number], _, printed = printed.partition(_END.format(number))
    return outputs


def assert_printed(expected: str, printed: str) -> None:
    """Check that the lines of *expected* were printed in this order, but for ids, times and numbers."""
    lines = iter([_shape(line) for line in printed.splitlines()])
    for line in expected.splitlines():
        if line.strip() in ("", "…"):
            continue
        assert _shape(line) in lines, f"not printed, or not in this order: {line!r}\nprinted was:\n{printed}"


def _shape(line: str) -> str:
    for pattern, word in _VARYING:
        line = re.sub(pattern, word, line)
    return line.strip()


def _command(fence: Fence) -> str:
    if fence.language == "sh":
        return fence.text
    if fence.file is not None:
        return f"printf %s {shlex.quote(fence.text)} > {shlex.quote(fence.file)}"
    return f"PYTHONPATH=.:${{PYTHONPATH:-}} python -c {shlex.quote(fence.text)}"


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKTRAIL_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "COLUMNS": "110", "LANG": "C.UTF-8", "HOME": str(folder)}


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
