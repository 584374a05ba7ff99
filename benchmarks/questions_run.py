"""Asks a home's history, again and again in one process.

python questions_run.py seal HOME
python questions_run.py ask HOME ROUNDS
"""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

from children import show
from files import disk_bytes

from ticktrail.adapters.history import segments
from ticktrail.adapters.history.database import History
from ticktrail.adapters.history.sealing import sealing
from ticktrail.adapters.home import Home

_OF_ONE = (
    "SELECT tick, started_at, status, duration, skip_reason, error FROM ticks WHERE sensor = 'sensor_007'"
)

#: What people ask, by name: aggregates of ticks,
AGGREGATES = {
    "skip rate by sensor and day": "FROM skip_rate",
    "durations by sensor": "FROM tick_duration",
    "durations by status": "SELECT status, count(*), avg(duration) FROM ticks GROUP BY status",
    "ticks by status": "SELECT status, count(*) FROM ticks GROUP BY status",
    "dedup rate by sensor and day": "FROM dedup_rate",
    "health of all sensors": "FROM sensor_health",
    "requests by day": "SELECT CAST(started_at AS DATE) AS day, sum(requested) FROM ticks GROUP BY day",
    "commonest skip reasons": "SELECT skip_reason, count(*) AS n FROM ticks WHERE status = 'SKIPPED' GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    "lag of cursors": "FROM cursor_lag",
}
#: gaps between ticks, by the relations that tell of them,
WINDOWED = {
    "silence": "FROM silence",
    "longest gaps": "SELECT sensor, max(since_previous) FROM ticks GROUP BY sensor",
}
#: questions about runs and their keys,
OF_RUNS = {
    "runs by status": "SELECT status, count(*) FROM runs GROUP BY status",
    "run keys taken": "SELECT count(*) FROM run_keys WHERE released_at IS NULL",
    "last ten runs": "SELECT run_id, job, status, requested_at FROM runs ORDER BY requested_at DESC LIMIT 10",
}
#: and those that pick a few ticks out of all.
PICKING = {
    "last ten ticks of a sensor": f"{_OF_ONE} ORDER BY tick DESC LIMIT 10",
    "an hour of a sensor": (
        f"{_OF_ONE} AND started_at >= TIMESTAMP '2024-01-01 00:00:00' AND started_at < TIMESTAMP '2024-01-01 01:00:00'"
    ),
}
#: What no relation tells, so that all ticks are sorted for it.
OWN = {
    "gaps by a window of one's own": (
        "SELECT count(*) FROM (SELECT started_at - lag(started_at) OVER (PARTITION BY sensor ORDER BY tick) AS gap "
        "FROM ticks) WHERE gap > INTERVAL 5 MINUTES"
    ),
}
QUESTIONS = AGGREGATES | WINDOWED | OF_RUNS | PICKING | OWN


def seal(home: Home) -> None:
    """Seal what is ripe, and remove what was merged."""
    begin = time.perf_counter()
    with closing(home.log()) as log, sealing(home.history_path, log) as sealer:
        assert sealer is not None
        stop = sealer.seal()
    seconds = time.perf_counter() - begin
    folder = home.history_path / "segments"
    segments.remove_merged(folder, segments.chained(folder), grace=0.0)
    show(
        what="sealing",
        events=stop,
        seconds=seconds,
        log_bytes=disk_bytes(home.path / "log.sqlite"),
        history_bytes=disk_bytes(home.history_path),
    )


def ask(home: Home, rounds: int) -> None:
    """Ask everything, after one round that is not counted."""
    with closing(home.log()) as log:
        history = History(home.history_path, log, now=lambda: time.time_ns() // 1000)
        with closing(history):
            for name, question in QUESTIONS.items():
                times = []
                for _ in range(rounds + 1):
                    begin = time.perf_counter()
                    rows = len(history.rows(question))
                    times.append(time.perf_counter() - begin)
                show(what="warm", question=name, rows=rows, seconds=statistics.median(times[1:]))


def main() -> None:
    home = Home.open(Path(sys.argv[2]), create=False)
    if sys.argv[1] == "seal":
        seal(home)
    else:
        ask(home, int(sys.argv[3]))


if __name__ == "__main__":
    main()
