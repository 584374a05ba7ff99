"""How many events a second are read back and folded, and how long does it take to be there again?"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from children import ChildFailed, timed
from children import measure as child
from environments import Environments
from plot import Bar, Line, bars, lines, short
from report import Figures, Headline, Row, Section, number, only, times
from scale import Scale
from surroundings import skipping_sensors, temporary_folder

#: The passes by which the text compares.
READING, ROWS, ENGINE, ALL = (
    "reading and decoding",
    "one row per event: reading and decoding",
    "+ open runs, partitions (an engine)",
    "+ ticks, runs, assets (all read models)",
)


def measure(scale: Scale, environments: Environments) -> Figures:
    """Make homes of growing size and read them in every way."""
    passes: list[dict[str, Any]] = []
    homes: list[dict[str, Any]] = []
    for events in scale.pick([2_000], [100_000, 1_000_000], [100_000, 1_000_000, 10_000_000]):
        with temporary_folder() as folder:
            home = folder / "home"
            child("history.py", home, events)
            read, rows = child("rebuild_run.py", home), child("rebuild_run.py", home, "rows")
            [size] = only(read, what="size")
            (home / "rows.sqlite").unlink()
            passes += ({**row, "events": size["events"]} for row in [*read, *rows] if "rate" in row)
            [peak] = only(read, what="peak")
            [row_bytes] = only(rows, what="rows")
            homes.append(
                {
                    "events": size["events"],
                    "frames": size["frames"],
                    "bytes per event": size["bytes"] / size["events"],
                    "bytes per event in rows": row_bytes["bytes"] / size["events"],
                    "all read models, peak MB": peak["bytes"] / 1e6,
                    **_home(folder, home),
                }
            )
    return {"passes": passes, "homes": homes}


def _home(folder: Path, home: Path) -> dict[str, float]:
    first = _opening(folder, home)
    again = _opening(folder, home)
    seconds, most = timed([sys.executable, "-m", "ticktrail", "rebuild", "--check", "--home", str(home)])
    return {
        "open, nothing kept, s": first,
        "open again, s": again,
        "rebuild --check, s": seconds,
        "rebuild --check, peak MB": most,
    }


def _opening(folder: Path, home: Path) -> float:
    """Return the seconds from the start of `ticktrail dev` until its first word, and stop it."""
    file = folder / "definitions.py"
    file.write_text(skipping_sensors(1, interval=3600))
    command = [sys.executable, "-m", "ticktrail", "dev", "--json", "-f", str(file), "--home", str(home)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.readline()
    took = time.perf_counter() - begin
    process.terminate()
    process.communicate(timeout=120)
    if b"EngineStarted" not in said or process.returncode:
        raise ChildFailed(f"{' '.join(command)} said {said!r} and ended with {process.returncode}")
    return took


def tell(figures: Figures) -> Section:
    """Say what each layer costs, and what a home of that size costs."""
    passes, homes = figures["passes"], figures["homes"]
    most = max(row["events"] for row in passes)
    rates = {row["what"]: row["rate"] for row in only(passes, events=most)}
    home = max(homes, key=lambda row: row["events"])
    return Section(
        sentences=[
            (
                f"A log of {short(most)} events is read and decoded at {number(rates[READING])} events a second; what an "
                f"engine keeps of it is folded in the same pass at {number(rates[ENGINE])} events a second in all, all "
                f"read models at {number(rates[ALL])}."
            ),
            (
                f"An engine on that home is there after {number(home['open, nothing kept, s'])} s if nothing but the log is "
                f"left, and after {number(home['open again, s'])} s otherwise; `ticktrail rebuild --check` takes "
                f"{number(home['rebuild --check, s'])} s and {number(home['rebuild --check, peak MB'])} MB."
            ),
        ],
        method=(
            "The log is made by `benchmarks/history.py` through the real log: 1,000 sensors, ticks of 2 to 4 events, "
            "each hundredth of which asks for 1,000 keyed runs, which start and end; 250 ticks start and end in an "
            "append. Workers append the events of their runs one by one, which makes for many more and smaller "
            "frames than this log has. Decoding alone has the frames in memory. One row per event is the same "
            "events, encoded alike, in a SQLite table, read 500 at a time, all of them decoded whole. Read models are "
            "folded as the commands do it, which decodes what is wanted. All of it with a warm cache. Opening is "
            "from the start of the command to its first word."
        ),
        plots={
            "rebuild": lines(
                "Reading the log: events a second",
                "events in the log",
                "events/s",
                [_line(what, passes) for what in dict.fromkeys(row["what"] for row in passes)],
            ),
            "rebuild-layers": bars(
                f"Reading {short(most)} events",
                "events/s",
                [_bar(what, rate) for what, rate in rates.items()],
            ),
        },
        tables={"Homes": homes},
        headlines=[
            Headline(
                f"reading and decoding {short(most)} events",
                rates[READING],
                "one SQLite row per event",
                rates[ROWS],
                "events/s",
            )
        ],
        weaknesses=list(_weaknesses(rates, home)),
    )


def _line(what: str, passes: Any) -> Line:
    points = [(row["events"], row["rate"]) for row in only(passes, what=what)]
    return Line(_short(what), points, ours=what == ENGINE, dashed=what.startswith("one row"))


def _bar(what: str, rate: float) -> Bar:
    return Bar(_short(what), rate, short(rate), ours=not what.startswith("one row"))


def _short(what: str) -> str:
    return {
        ENGINE: "+ the rest of an engine",
        ALL: "all read models",
        ROWS: "row per event, decoded",
        "one row per event: + sensor states": "row per event, + states",
    }.get(what, what)


def _weaknesses(rates: dict[str, float], home: Row) -> Iterator[str]:
    slowest = rates[READING] / rates[ALL]
    yield (
        f"Folding all read models takes {times(slowest)} as long as reading the log, and "
        f"{number(home['all read models, peak MB'])} MB for {short(home['events'])} events."
    )
    if rates[READING] < rates[ROWS]:
        yield f"One row per event is read {times(rates[ROWS] / rates[READING])} as fast as our frames are."
    if (took := home["open again, s"]) > 1:
        yield (
            f"An engine on a log of {short(home['events'])} events takes {number(took)} s to be there again, and longer "
            "as the log grows."
        )
