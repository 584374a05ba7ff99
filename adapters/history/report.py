"""Making the report of how sensors fared, out of a history."""

from __future__ import annotations

from ...projections.history.health import (
    BINS,
    ENDINGS,
    REQUESTS,
    WHYS,
    CursorAge,
    Detection,
    Gap,
    Health,
    Report,
    Said,
)
from ...projections.history.health_queries import AS_OF_NOW, Window
from .database import History
from .parquet import quoted


def report_of(history: History, sensor: str | None = None, since: int | None = None) -> Report:
    """Return how the sensors fared.

    Args:
        sensor: The only one to tell of.
        since: Only ticks that started then or later; UTC, microseconds since the epoch. The span is from then
            to the history's moment; without it, from the first tick to the last.

    Raises:
        HistoryError: The history cannot be read.
    """
    window = Window(None if sensor is None else quoted(sensor), since)
    with history.still():
        return _Inquiry(history, window).report()


class _Inquiry:
    """The questions of one report."""

    def __init__(self, history: History, window: Window) -> None:
        self._history = history
        worst = self._history.rows(window.worst())
        self._count_of_sensors = worst[0][1] if worst else 0
        self._of = {name: Health(sensor=name) for name, _ in worst}
        self._whole = Health(sensor=None)
        self._window = window._replace(told=tuple(map(quoted, self._of)))
        self._position, self._moment = self._history.rows(AS_OF_NOW)[0]
        self._start, self._length = self._span()

    def report(self) -> Report:
        self._count()
        self._stand()
        self._tell()
        self._detect()
        return Report(
            start=self._start,
            end=self._start + self._length,
            position=self._position,
            moment=self._moment,
            whole=self._whole,
            sensors=list(self._of.values()),
            sensor_count=self._count_of_sensors,
            silent=self._silent(),
        )

    def _span(self) -> tuple[int, int]:
        if self._window.since is not None:
            return self._window.since, max(self._moment - self._window.since, 1)
        ((first, last),) = self._history.rows(self._window.span())
        return (self._moment, 1) if first is None else (first, last - first + 1)

    def _health(self, sensor: str | None) -> Health:
        return self._whole if sensor is None else self._of[sensor]

    def _count(self) -> None:
        for sensor, part, *counts in self._history.rows(self._window.counts(self._start, self._length)):
            health = self._health(sensor)
            for name, count in zip((*ENDINGS, *REQUESTS), counts, strict=True):
                health.counts[name][part] = count
        for sensor, bucket, count in self._history.rows(self._window.durations()):
            self._health(sensor).durations[bucket] = count

    def _stand(self) -> None:
        names = ("last_status", "last_started_at", "silent_for", "interval_seconds", "last_failed_at")
        for sensor, *values in self._history.rows(self._window.standing()):
            health = self._health(sensor)
            for name, value in zip(names, values, strict=True):
                setattr(health, name, value)
        for sensor, cursor, changed_by, seconds in self._history.rows(self._window.cursors()):
            age = CursorAge(cursor=cursor, changed_by=changed_by, seconds=seconds)
            self._health(sensor).cursor = age

    def _tell(self) -> None:
        for sensor, failed, words, ticks in self._history.rows(self._window.said()):
            health = self._health(sensor)
            (health.errors if failed else health.skip_reasons).append(Said(words or "", ticks))
        for total, count, among_longest, *values in self._history.rows(self._window.gaps()):
            self._whole.gap_count = total
            gap = Gap(**dict(zip(Gap.__struct_fields__, values, strict=True)))
            if among_longest:
                self._whole.gaps.append(gap)
            if gap.sensor in self._of:
                self._of[gap.sensor].gaps.append(gap)
                self._of[gap.sensor].gap_count = count

    def _detect(self) -> None:
        for sensor, runs, p50, p95 in self._history.rows(self._window.detection()):
            self._health(sensor).detection = Detection(runs=runs, p50=p50, p95=p95)

    def _silent(self) -> dict[str, list[float]]:
        shares = {why: [0.0] * BINS for why in WHYS}
        whole = self._length / BINS / 1e6 * max(self._count_of_sensors, 1)
        for part, why, seconds in self._history.rows(self._window.silent(self._start, self._length)):
            shares[why][part] = seconds / whole
        return shares
