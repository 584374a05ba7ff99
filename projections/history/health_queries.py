"""The questions of a report: how sensors fared in a span of time."""

from __future__ import annotations

from typing import NamedTuple

from .health import BINS, ENDINGS, REQUESTS, WORST
from .stored import DURATION_PARTS

#: Gaps, reasons and errors that are told of each sensor, and of all of them.
MOST = 10

#: Characters of a reason or an error by which ticks are counted.
_SAID = 300

#: What may be another in each tick of the same kind: ids and numbers.
_VARYING = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+"


class Window(NamedTuple):
    """Which ticks a report is about.

    Attributes:
        sensor: The only sensor, as SQL writes a text; None for all.
        since: Only ticks that started then or later; UTC, microseconds since the epoch. None for all.
        told: The sensors that are told of one by one, as SQL writes texts.
    """

    sensor: str | None = None
    since: int | None = None
    told: tuple[str, ...] = ()

    def among(self, time: str = "") -> str:
        """Return the condition on rows, which begin or end at the column *time* if there is one."""
        conditions = ["true"]
        if self.sensor is not None:
            conditions.append(f"sensor = {self.sensor}")
        if self.since is not None and time:
            conditions.append(f"{time} >= make_timestamp({self.since})")
        return " AND ".join(conditions)

    @property
    def _told(self) -> str:
        return f"sensor IN ({', '.join(self.told) or 'NULL'})"

    @property
    def _ticks(self) -> str:
        return (
            "WITH ticks AS (SELECT * FROM main.ticks "
            f"WHERE end_offset IS NOT NULL AND {self.among('started_at')})"
        )

    def span(self) -> str:
        """The first and the last start of a tick."""
        return f"{self._ticks} SELECT epoch_us(min(started_at)), epoch_us(max(started_at)) FROM ticks"

    def worst(self) -> str:
        """The sensors that there are, ticked or not, the worst first up to `WORST`; and how many there are."""
        kinds = "kind IN ('SensorDefined', 'SensorImported')"
        return f"""{self._ticks},
failing AS (SELECT sensor, count(*) FILTER (status = 'FAILURE') / count(*) AS share FROM ticks GROUP BY sensor),
named AS (
    SELECT sensor FROM events WHERE {kinds} AND {self.among()}
    UNION SELECT sensor FROM sensor_health WHERE {self.among()}
)
SELECT n.sensor, count(*) OVER () FROM named n LEFT JOIN failing f ON f.sensor = n.sensor
LEFT JOIN sensor_health h ON h.sensor = n.sensor
ORDER BY COALESCE(f.share, 0) DESC, COALESCE(h.silent_for / h.interval_seconds, 0) DESC, n.sensor LIMIT {WORST}"""

    def counts(self, start: int, length: int) -> str:
        """Sensor or NULL for all, part of the span, and what was counted in it, in the order of `ENDINGS` and `REQUESTS`."""
        names = (*ENDINGS, *REQUESTS)
        return f"""{self._ticks},
counted AS MATERIALIZED (
    SELECT sensor, CAST(greatest(least((epoch_us(started_at) - {start}) * {BINS} // {length}, {BINS - 1}), 0) AS INTEGER)
        AS bin, count(*) FILTER (status = 'SUCCESS') AS succeeded, count(*) FILTER (status = 'SKIPPED') AS skipped,
        count(*) FILTER (status = 'FAILURE') AS failed, count(*) FILTER (status = 'INTERRUPTED') AS interrupted,
        CAST(sum(t.requested) AS BIGINT) AS requested, CAST(sum(t.repeated) AS BIGINT) AS repeated
    FROM ticks t GROUP BY ALL
)
SELECT sensor, bin, {", ".join(names)} FROM counted WHERE {self._told}
UNION ALL SELECT NULL, bin, {", ".join(f"CAST(sum(c.{name}) AS BIGINT)" for name in names)} FROM counted c GROUP BY bin"""

    def durations(self) -> str:
        """Sensor or NULL for all, bucket, and how many evaluations there are in it."""
        parts = "SELECT sensor, bucket, evaluated FROM duration_parts"
        if self.since is not None:
            parts = f"{self._ticks} {DURATION_PARTS.query}"
        return f"""
WITH parts AS MATERIALIZED ({parts})
SELECT sensor, bucket, CAST(sum(p.evaluated) AS BIGINT) FROM parts p WHERE {self._told} GROUP BY ALL
UNION ALL
SELECT NULL, bucket, CAST(sum(p.evaluated) AS BIGINT) FROM parts p WHERE {self.among()} GROUP BY bucket"""

    def standing(self) -> str:
        """Sensor, and how its last tick was."""
        return (
            "SELECT sensor, last_status, epoch_us(last_started_at), silent_for, interval_seconds, "
            f"epoch_us(last_failed_at) FROM sensor_health WHERE {self._told}"
        )

    def cursors(self) -> str:
        """Sensor, and its cursor."""
        return f"SELECT sensor, cursor_now, changed_by, seconds FROM cursor_lag WHERE {self._told}"

    def said(self) -> str:
        """Sensor or NULL for all, whether it is an error, text and number of ticks; the commonest first.

        Texts that differ in ids and numbers only are counted as one, with ``#`` in their place.
        """
        return f"""{self._ticks},
words AS (
    SELECT sensor, status <> 'SKIPPED' AS failed, left(CASE WHEN status <> 'SKIPPED' THEN error
        WHEN skip_reason IS NOT NULL THEN skip_reason WHEN repeated > 0 THEN 'all run keys already used'
        ELSE 'no reason given' END, {_SAID}) AS words
    FROM ticks WHERE status <> 'SUCCESS'
),
shapes AS (
    SELECT sensor, failed, regexp_replace(words, '{_VARYING}', '#', 'g') AS shape, count(*) AS n,
        min(words) AS least, max(words) AS greatest
    FROM words GROUP BY ALL
)
SELECT sensor, failed, CASE WHEN min(s.least) = max(s.greatest) THEN min(s.least) ELSE shape END AS words,
    CAST(sum(n) AS BIGINT) AS ticks
FROM shapes s GROUP BY GROUPING SETS ((sensor, failed, shape), (failed, shape))
HAVING GROUPING(sensor) = 1 OR {self._told}
QUALIFY row_number() OVER (PARTITION BY GROUPING(sensor), sensor, failed ORDER BY ticks DESC, words) <= {MOST}
ORDER BY ticks DESC, words"""

    def gaps(self) -> str:
        """How many gaps there are, how many the sensor has, if this is among the longest of all, and the fields of a `Gap`."""
        return f"""
SELECT count(*) OVER (), count(*) OVER (PARTITION BY sensor), row_number() OVER (ORDER BY seconds DESC, began_at, sensor) <= {MOST} AS longest,
    sensor, epoch_us(began_at), epoch_us(ended_at), seconds, interval_seconds, missed, stopped_by, engine_down
FROM silence WHERE {self._gaps}
QUALIFY longest OR ({self._told} AND row_number() OVER (PARTITION BY sensor ORDER BY seconds DESC, began_at) <= {MOST})
ORDER BY seconds DESC, began_at, sensor"""

    def silent(self, start: int, length: int) -> str:
        """Part of the span, why, and the seconds that sensors were silent in it."""
        end, part = start + length, length / BINS
        return f"""
WITH gaps AS (
    SELECT greatest(epoch_us(began_at), {start}) AS began, least(COALESCE(epoch_us(ended_at), {end}), {end}) AS ended,
        CASE WHEN stopped_by IS NOT NULL THEN 'stopped' WHEN engine_down THEN 'engine down' ELSE 'unexplained' END AS why
    FROM silence WHERE {self._gaps}
),
parts AS (
    SELECT *, unnest(range((began - {start}) * {BINS} // {length}, (ended - 1 - {start}) * {BINS} // {length} + 1)) AS bin
    FROM gaps WHERE ended > began
)
SELECT CAST(bin AS INTEGER), why, sum(least(ended, {start} + (bin + 1) * {part}) - greatest(began, {start} + bin * {part})) / 1e6
FROM parts GROUP BY ALL"""

    def detection(self) -> str:
        """Sensor or NULL for all, of how many runs the time to detect is known, its median and 95th percentile."""
        return f"""
SELECT sensor, count(*), quantile_cont(seconds, 0.5), quantile_cont(seconds, 0.95)
FROM time_to_detect WHERE {self.among("requested_at")} GROUP BY GROUPING SETS ((sensor), ())
HAVING count(*) > 0 AND (GROUPING(sensor) = 1 OR {self._told})"""

    @property
    def _gaps(self) -> str:
        return self.among("COALESCE(ended_at, (SELECT moment FROM as_of))")


AS_OF_NOW = "SELECT position, epoch_us(moment) FROM as_of"
