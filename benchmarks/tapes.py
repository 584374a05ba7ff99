"""What does it cost to record what sensors read, and how fast is the past evaluated again?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from children import measure as child
from environments import Environments
from plot import Bar, Line, bars, lines, short
from report import Figures, Row, Section, number, only, times
from scale import Scale
from surroundings import temporary_folder

_WHAT = {
    "lists": "os.listdir",
    "scans": "os.scandir, is_file() of each",
    "stats": "os.listdir, two stats of each",
}


def measure(scale: Scale, environments: Environments) -> Figures:
    """Evaluate sensors with and without tapes, then go through logs of growing size."""
    record: list[Row] = []
    for files in scale.pick([20], [100, 10_000], [100, 10_000, 100_000]):
        with temporary_folder() as folder:
            record += child("tapes_run.py", "record", folder, files, scale.pick(0.01, 2.0, 10.0))
    past: list[Row] = []
    for ticks in scale.pick([50], [5_000, 20_000], [20_000, 100_000, 1_000_000]):
        with temporary_folder() as folder:
            log = folder / "log.sqlite"
            [made] = child("tapes_run.py", "history", log, ticks)
            for sensor in ("trivial", "lists"):
                past += (
                    {**row, "bytes per tick": made["bytes"] / made["ticks"]}
                    for row in child("tapes_run.py", "past", log, sensor)
                )
    return {"record": record, "past": past}


def tell(figures: Figures) -> Section:
    """Say what a tape costs, and how fast the past goes by."""
    record, past = figures["record"], figures["past"]
    files = max(row["files"] for row in record if row["files"] <= 10_000)
    listing = only(record, sensor="lists", files=files)[0]
    most = max(row["ticks"] for row in past)
    backtest = only(past, way="backtest", sensor="trivial", ticks=most)[0]
    replay = only(past, way="replay", sensor="trivial", ticks=most)[0]
    return Section(
        sentences=[
            (
                f"A sensor that lists {files:,} files takes {number(_more(listing))}% longer with a tape; a listing that did "
                f"not change adds {listing['again_bytes']} bytes to the log, a new one {number(listing['first_bytes'] / 1e3)} kB."
            ),
            (
                f"Over {most:,} ticks of a trivial sensor a backtest goes at {number(backtest['rate'])} ticks a second, a "
                f"replay at {number(replay['rate'])}; the process grows by {number(max(backtest['grown_mb'], 0))} MB meanwhile."
            ),
        ],
        method=(
            "Evaluations with a tape and without one take turns in one process, over a folder that does not change; "
            "medians. What is added to the log is encoded as there, without its share of a frame. The past is a log "
            "of two sensors, made by an engine on a clock that is moved by hand: one counts and asks for a run every "
            "tenth time, the other lists a folder of two files. Each way through it begins by reading the log, and "
            "decides on every tick again."
        ),
        plots={
            "tapes-past": lines(
                "Ticks of the past a second, a trivial sensor",
                "ticks in the log",
                "ticks/s",
                [_line(way, past) for way in ("replay", "backtest")],
            ),
            "tapes-record": bars(
                f"Evaluation over {files:,} files, longer by the tape",
                "%",
                [
                    Bar(_WHAT[row["sensor"]], _more(row), short(_more(row)))
                    for row in only(record, files=files)
                ],
            ),
        },
        tables={"Recording": list(map(_recording, record)), "The past": list(map(_past, past))},
        weaknesses=list(_weaknesses(record, files)),
    )


def _more(row: Row) -> float:
    """Return by how many percent the tape makes an evaluation longer."""
    more: float = (row["taped_ms"] / row["plain_ms"] - 1) * 100
    return max(more, 0.0)


def _line(way: str, past: Any) -> Line:
    rows = only(past, way=way, sensor="trivial")
    return Line(way, [(row["ticks"], row["rate"]) for row in rows], ours=way == "backtest")


def _recording(row: Row) -> Row:
    return {
        "sensor": _WHAT[row["sensor"]],
        "files": row["files"],
        "without, ms": row["plain_ms"],
        "with a tape, ms": row["taped_ms"],
        "first, bytes": row["first_bytes"],
        "unchanged, bytes": row["again_bytes"],
    }


def _past(row: Row) -> Row:
    return {
        "way": row["way"],
        "sensor": row["sensor"],
        "ticks": row["ticks"],
        "ticks/s": row["rate"],
        "grown, MB": row["grown_mb"],
        "log, bytes per tick": row["bytes per tick"],
    }


def _weaknesses(record: Any, files: int) -> Iterator[str]:
    for row in only(record, files=files):
        if _more(row) > 5:
            ratio = times(row["taped_ms"] / row["plain_ms"])
            yield f"A tape makes an evaluation of {files:,} files by {_WHAT[row['sensor']]} {ratio} as long."
