"""What does archiving half of a log cost, and what do its readers pay for it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from children import measure as child
from environments import Environments
from plot import short
from report import Figures, Row, Section, number, times
from scale import Scale
from surroundings import temporary_folder

_COSTS = (
    "log before, MB",
    "log after, MB",
    "archived frames, MB",
    "archive, MB",
    "archiving, s",
    "giving room back, s",
    "longest append, ms",
)


def measure(scale: Scale, environments: Environments) -> Figures:
    """Make homes of growing size, archive half of a copy of each, and read both by turns."""
    homes: list[dict[str, Any]] = []
    for events in scale.pick([2_000], [300_000], [1_000_000, 10_000_000]):
        with temporary_folder() as folder:
            child("history.py", folder / "home", events)
            [figures] = child("archiving_run.py", folder / "home")
            homes.append(figures)
    return {"homes": homes}


def tell(figures: Figures) -> Section:
    """Say what becomes of the bytes, and of the rates."""
    homes = figures["homes"]
    home = max(homes, key=lambda row: row["events"])
    before, after = home["log before, MB"], home["log after, MB"]
    read, rebuilt = (home[f"{what}, archived"] / home[what] for what in ("reading", "rebuilding"))
    return Section(
        sentences=[
            (
                f"With half of a log of {short(home['events'])} events archived, its {number(before)} MB become {number(after)} MB and "
                f"{number(home['archive, MB'])} MB in segments. All of it is read at {times(read)} the rate, and rebuilt at "
                f"{times(rebuilt)}; an event of the archived half is found in {number(home['one event, archived, ms'])} ms "
                f"instead of {number(home['one event, ms'])}."
            ),
            (
                f"It takes {number(home['archiving, s'])} s, of which {number(home['giving room back, s'])} s to make the file "
                f"smaller; meanwhile the longest append of another process took {number(home['longest append, ms'])} ms."
            ),
        ],
        method=(
            "The log is the one of the benchmark of reading. Half of its events are archived in a copy of its home, while "
            "another process appends a small frame every 5 ms. Both are then read by turns, three times, with a warm "
            "cache, medians: every event decoded; and folded as `ticktrail rebuild` does it. One event is any of the "
            "first half, 100 times."
        ),
        tables={
            "Archiving half of it": _columns(homes, "events", *_COSTS),
            "Reading it then, rates in events/s": _columns(
                homes, "events", *(name for name in home if name not in ("events", *_COSTS))
            ),
        },
        weaknesses=[
            f"A log that is half archived is rebuilt at {times(rebuilt)} the rate of one that is not."
            for _ in range(rebuilt < 0.97)
        ],
    )


def _columns(rows: Sequence[Row], *names: str) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]
