"""The relations that are worked out when they are asked for: keys, runs, operators, and the usual questions.

``as_of`` has one row: the position and the moment, UTC, up to which the history is looked at.
"""

from __future__ import annotations

from .schema import Column, Relation
from .stored import AFTER_SILENCE, BUCKET

_SENSOR = Column("sensor", "VARCHAR", "Name of the sensor or schedule.")
_DAY = Column("day", "DATE", "The day, UTC.")

AS_OF = Relation(
    "as_of",
    "Up to when the history is looked at: one row.",
    (
        Column("position", "BIGINT", "How many events of the log are in it."),
        Column("moment", "TIMESTAMP", "The moment that ages count back from, UTC."),
    ),
    "",
)

RUN_KEYS = Relation(
    "run_keys",
    "Every run key that a request came to own, and when it was freed.",
    (
        _SENSOR,
        Column("run_key", "VARCHAR", "The run key."),
        Column("owner_offset", "BIGINT", "Offset of the request that owns it, or owned it."),
        Column("run_id", "VARCHAR", "Id of the run that it was asked for by."),
        Column("requested_at", "TIMESTAMP", "When it was asked for, UTC."),
        Column("released_at", "TIMESTAMP", "When it was freed, UTC; NULL while it is taken."),
        Column("released_by", "VARCHAR", "Who freed it, NULL while it is taken."),
    ),
    """
WITH freed AS (
    SELECT r.event_offset, arg_min(l.occurred_at, l.event_offset) AS released_at,
        arg_min(l.actor, l.event_offset) AS released_by
    FROM run_requests r JOIN released_keys l
        ON l.sensor = r.sensor AND l.run_key = r.run_key AND l.event_offset > r.event_offset
    WHERE r.verdict IN ('REQUESTED', 'IMPORTED') GROUP BY r.event_offset
)
SELECT r.sensor, r.run_key, r.event_offset AS owner_offset, r.run_id, r.occurred_at AS requested_at,
    f.released_at, f.released_by
FROM run_requests r LEFT JOIN freed f ON f.event_offset = r.event_offset
WHERE r.verdict IN ('REQUESTED', 'IMPORTED') AND r.sensor IS NOT NULL AND r.run_key <> ''
""",
)

RUNS = Relation(
    "runs",
    "Every run that is or was owed.",
    (
        Column("run_id", "VARCHAR", "Id of the run."),
        Column("job", "VARCHAR", "Name of the job."),
        Column("status", "VARCHAR", "`QUEUED`, `STARTING`, `STARTED`, `SUCCESS`, `FAILURE` or `CANCELED`."),
        Column("sensor", "VARCHAR", "The asking sensor, NULL for an operator."),
        Column("tick", "BIGINT", "The asking tick, NULL for an operator."),
        Column("run_key", "VARCHAR", "Its run key, NULL if it has none."),
        Column("requested_at", "TIMESTAMP", "When it was asked for, UTC."),
        Column("launched_at", "TIMESTAMP", "When it was last handed to a worker, UTC; NULL if not yet."),
        Column("started_at", "TIMESTAMP", "When a worker took it up, UTC; NULL if not yet."),
        Column("ended_at", "TIMESTAMP", "When it ended, UTC; NULL if not yet."),
        Column("waited", "DOUBLE", "Seconds from the request to the start, NULL if not started."),
        Column("duration", "DOUBLE", "Seconds from the start to the end, NULL if either is not there."),
        Column("error", "VARCHAR", "Why it failed or was canceled."),
        Column("tags", "MAP(VARCHAR, VARCHAR)", "Tags of the run as they were given."),
    ),
    """
WITH joined AS (
    SELECT any_value(run_id) AS run_id, any_value(job) AS job, arg_max(status, last_offset) AS status,
        any_value(sensor) AS sensor, any_value(tick) AS tick, any_value(run_key) AS run_key,
        any_value(requested_at) AS requested_at, max(launched_at) AS launched_at, min(started_at) AS started_at,
        max(ended_at) AS ended_at, arg_max_null(error, last_offset) AS error, any_value(tags) AS tags
    FROM run_parts WHERE NOT whole GROUP BY request_offset
),
lives AS (
    SELECT run_id, job, status, sensor, tick, run_key, requested_at, launched_at, started_at, ended_at, error, tags
    FROM run_parts WHERE whole
    UNION ALL FROM joined
)
SELECT *, epoch(started_at - requested_at) AS waited, epoch(ended_at - started_at) AS duration FROM lives
""",
)

OPERATORS = Relation(
    "operators",
    "Everything that operators and policies did: the audit trail.",
    (
        Column("event_offset", "BIGINT", "Offset of the event."),
        Column("occurred_at", "TIMESTAMP", "When it was done, UTC."),
        Column("actor", "VARCHAR", "Who did it, such as `ann@host`."),
        Column("action", "VARCHAR", "Type of the event, such as `CursorReset`."),
        Column("sensor", "VARCHAR", "The sensor that it was done to, NULL if none."),
        Column("run_id", "VARCHAR", "The run that it was done to, NULL if none."),
        Column("reason", "VARCHAR", "Why, NULL if nothing was said."),
        Column("body", "JSON", "The event's other fields."),
    ),
    """
SELECT event_offset, occurred_at, actor, kind AS action, sensor, run_id, body->>'reason' AS reason, body
FROM events WHERE actor IS NOT NULL
""",
)

SKIP_RATE = Relation(
    "skip_rate",
    "Outcomes of ticks, by sensor and day.",
    (
        _SENSOR,
        _DAY,
        Column("ticks", "BIGINT", "How many ended."),
        Column("skipped", "BIGINT", "How many skipped."),
        Column("succeeded", "BIGINT", "How many asked for runs, or reacted."),
        Column("failed", "BIGINT", "How many failed."),
        Column("skip_rate", "DOUBLE", "Skipped ones of all, 0 to 1."),
        Column("failure_rate", "DOUBLE", "Failed ones of all, 0 to 1."),
    ),
    """
SELECT sensor, day, sum(p.ticks) AS ticks, sum(p.skipped) AS skipped, sum(p.succeeded) AS succeeded,
    sum(p.failed) AS failed, sum(p.skipped) / sum(p.ticks) AS skip_rate, sum(p.failed) / sum(p.ticks) AS failure_rate
FROM day_parts p GROUP BY sensor, day
""",
)

TICK_DURATION = Relation(
    "tick_duration",
    "How long evaluations took, by sensor.",
    (
        _SENSOR,
        Column("ticks", "BIGINT", "How many evaluations came to an end."),
        Column("mean", "DOUBLE", "Mean, seconds."),
        Column("p50", "DOUBLE", "Median, seconds, to about 1 %."),
        Column("p95", "DOUBLE", "95th percentile, seconds, to about 1 %."),
        Column("p99", "DOUBLE", "99th percentile, seconds, to about 1 %."),
        Column("longest", "DOUBLE", "Longest, seconds."),
        Column("total", "DOUBLE", "Sum, seconds."),
    ),
    f"""
WITH buckets AS (SELECT sensor, bucket, sum(evaluated) AS n FROM duration_parts GROUP BY sensor, bucket),
ranked AS (
    SELECT sensor, bucket, sum(n) OVER (PARTITION BY sensor ORDER BY bucket) AS upto,
        sum(n) OVER (PARTITION BY sensor) AS total
    FROM buckets
),
quantiles AS (
    SELECT sensor, min(bucket) FILTER (upto >= 0.5 * total) AS p50, min(bucket) FILTER (upto >= 0.95 * total) AS p95,
        min(bucket) FILTER (upto >= 0.99 * total) AS p99
    FROM ranked GROUP BY sensor
),
sums AS (
    SELECT sensor, sum(evaluated) AS ticks, max(longest_duration) AS longest, sum(total_duration) AS total
    FROM day_parts GROUP BY sensor
)
SELECT s.sensor, s.ticks, s.total / s.ticks AS mean, pow({BUCKET}, q.p50 + 0.5) AS p50,
    pow({BUCKET}, q.p95 + 0.5) AS p95, pow({BUCKET}, q.p99 + 0.5) AS p99, s.longest, s.total
FROM sums s LEFT JOIN quantiles q ON q.sensor = s.sensor
""",
)

DEDUP_RATE = Relation(
    "dedup_rate",
    "How many requests repeated a run key, by sensor and day.",
    (
        _SENSOR,
        _DAY,
        Column("requests", "BIGINT", "New runs and repeats."),
        Column("requested", "BIGINT", "New runs."),
        Column("repeated", "BIGINT", "Requests whose run key is taken."),
        Column("dedup_rate", "DOUBLE", "Repeats of all requests, 0 to 1."),
    ),
    """
SELECT sensor, day, sum(p.requested + p.repeated) AS requests, sum(p.requested) AS requested,
    sum(p.repeated) AS repeated, sum(p.repeated) / sum(p.requested + p.repeated) AS dedup_rate
FROM day_parts p GROUP BY sensor, day HAVING sum(p.requested + p.repeated) > 0
""",
)

SILENCE = Relation(
    "silence",
    "Gaps between two ticks of a sensor of more than twice its interval, and the one that goes on.",
    (
        _SENSOR,
        Column("began_at", "TIMESTAMP", "Start of the last tick before the gap, UTC."),
        Column("ended_at", "TIMESTAMP", "Start of the tick after it, UTC; NULL while it goes on."),
        Column("seconds", "DOUBLE", "Its length in seconds."),
        Column("interval_seconds", "DOUBLE", "The sensor's interval, seconds."),
        Column("missed", "BIGINT", "How many ticks could have been in it."),
        Column("stopped_by", "VARCHAR", "The operator who stopped the sensor in it, NULL if none did."),
        Column("engine_down", "BOOLEAN", "Whether an engine was started in it, so that none ran before."),
    ),
    f"""
WITH late AS (
    SELECT sensor, started_at, since_previous, interval_seconds FROM gap_parts
    UNION ALL
    SELECT sensor, started_at, since_previous, interval_seconds FROM ticks
    WHERE end_offset IS NULL AND {AFTER_SILENCE}
),
gaps AS (
    SELECT sensor, started_at - to_microseconds(CAST(since_previous * 1e6 AS BIGINT)) AS began_at,
        started_at AS ended_at, since_previous AS seconds, interval_seconds
    FROM late
    UNION ALL
    SELECT sensor, last_started_at, NULL, silent_for, interval_seconds
    FROM sensor_health WHERE silent_for > 2 * interval_seconds
),
stops AS (SELECT sensor, occurred_at, actor FROM events WHERE kind = 'SensorStopped'),
engines AS (SELECT occurred_at FROM events WHERE kind = 'EngineStarted')
SELECT g.*, CAST(floor(g.seconds / g.interval_seconds) - 1 AS BIGINT) AS missed,
    CASE WHEN s.occurred_at >= g.began_at THEN s.actor END AS stopped_by,
    COALESCE(e.occurred_at >= g.began_at, false) AS engine_down
FROM gaps g
ASOF LEFT JOIN stops s ON s.sensor = g.sensor AND s.occurred_at <= COALESCE(g.ended_at, TIMESTAMP 'infinity')
ASOF LEFT JOIN engines e ON e.occurred_at <= COALESCE(g.ended_at, TIMESTAMP 'infinity')
""",
)

TIME_TO_DETECT = Relation(
    "time_to_detect",
    "How long after its source a run was asked for. The source's time is what the run's tag "
    "`ticktrail/source_time` says (ISO 8601, or seconds since the epoch), else that of the event that woke the tick.",
    (
        _SENSOR,
        Column("run_id", "VARCHAR", "Id of the run."),
        Column("run_key", "VARCHAR", "Its run key, NULL if it has none."),
        Column("source_at", "TIMESTAMP", "When the thing came about, UTC."),
        Column("requested_at", "TIMESTAMP", "When the run was asked for, UTC."),
        Column("seconds", "DOUBLE", "From the one to the other, seconds."),
        Column("known_by", "VARCHAR", "`tag` or `cause`."),
    ),
    """
WITH causes AS (
    SELECT t.tick, e.occurred_at FROM ticks t JOIN events e ON e.event_offset = t.cause WHERE t.cause IS NOT NULL
),
sources AS (
    SELECT r.sensor, r.run_id, r.run_key, r.occurred_at AS requested_at, c.occurred_at AS caused_at,
        r.tags['ticktrail/source_time'] AS said
    FROM run_requests r LEFT JOIN causes c ON c.tick = r.tick WHERE r.verdict = 'REQUESTED'
),
told AS (
    SELECT *, COALESCE(make_timestamp(CAST(TRY_CAST(said AS DOUBLE) * 1e6 AS BIGINT)),
                       TRY_CAST(TRY_CAST(said AS TIMESTAMPTZ) AS TIMESTAMP)) AS said_at
    FROM sources
)
SELECT sensor, run_id, run_key, COALESCE(said_at, caused_at) AS source_at, requested_at,
    epoch(requested_at - source_at) AS seconds, CASE WHEN said_at IS NULL THEN 'cause' ELSE 'tag' END AS known_by
FROM told WHERE source_at IS NOT NULL
""",
)

CURSOR_LAG = Relation(
    "cursor_lag",
    "How long each sensor's cursor has stayed as it is.",
    (
        _SENSOR,
        Column("cursor_now", "VARCHAR", "The cursor, NULL if it was cleared."),
        Column("changed_at", "TIMESTAMP", "When it came to be so, UTC."),
        Column("changed_by", "VARCHAR", "The operator, or `tick` and its id."),
        Column("seconds", "DOUBLE", "Since then, seconds."),
        Column("ticks", "BIGINT", "Ticks that started since then."),
    ),
    """
WITH last AS (
    SELECT sensor, arg_max(struct_pack(c := cursor_after, o := event_offset, t := occurred_at, a := actor, k := tick),
                           event_offset) AS v
    FROM cursors GROUP BY sensor
)
SELECT l.sensor, l.v.c AS cursor_now, l.v.t AS changed_at, COALESCE(l.v.a, 'tick ' || l.v.k) AS changed_by,
    epoch((SELECT moment FROM as_of) - l.v.t) AS seconds, count(t.tick) AS ticks
FROM last l LEFT JOIN ticks t ON t.sensor = l.sensor AND t.tick > l.v.o
GROUP BY ALL
""",
)

SENSOR_HEALTH = Relation(
    "sensor_health",
    "One row for each sensor: how it fares.",
    (
        _SENSOR,
        Column("ticks", "BIGINT", "How many ended."),
        Column("last_status", "VARCHAR", "Status of its last tick."),
        Column("last_started_at", "TIMESTAMP", "When that started, UTC."),
        Column("silent_for", "DOUBLE", "Seconds since then."),
        Column("interval_seconds", "DOUBLE", "Its interval, seconds."),
        Column("skip_rate", "DOUBLE", "Skipped ticks of all, 0 to 1."),
        Column("failure_rate", "DOUBLE", "Failed ticks of all, 0 to 1."),
        Column("last_failed_at", "TIMESTAMP", "Start of the last failed tick, UTC; NULL if none failed."),
        Column("requested", "BIGINT", "Runs asked for."),
        Column("repeated", "BIGINT", "Requests whose run key is taken."),
        Column("mean_duration", "DOUBLE", "Mean wall time of an evaluation, seconds."),
        Column("longest_duration", "DOUBLE", "Longest wall time of an evaluation, seconds."),
        Column("longest_gap", "DOUBLE", "Longest time from one tick's start to the next one's, seconds."),
    ),
    """
WITH ended AS (
    SELECT sensor, sum(p.ticks) AS ticks,
        arg_max(p.last_status, struct_pack(at := p.last_started_at, id := p.last_tick)) AS last_status,
        max(p.last_started_at) AS last_started_at,
        arg_max_null(p.interval_seconds, struct_pack(at := p.last_started_at, id := p.last_tick)) AS interval_seconds,
        sum(skipped) / sum(p.ticks) AS skip_rate,
        sum(failed) / sum(p.ticks) AS failure_rate, max(p.last_failed_at) AS last_failed_at,
        sum(requested) AS requested, sum(repeated) AS repeated, sum(total_duration) / sum(evaluated) AS mean_duration,
        max(longest_duration) AS longest_duration, max(longest_gap) AS longest_gap
    FROM day_parts p GROUP BY sensor
),
ongoing AS (SELECT sensor, started_at, interval_seconds, since_previous FROM ticks WHERE end_offset IS NULL)
SELECT COALESCE(e.sensor, o.sensor) AS sensor, COALESCE(e.ticks, 0) AS ticks,
    CASE WHEN o.sensor IS NULL THEN e.last_status ELSE 'STARTED' END AS last_status,
    COALESCE(o.started_at, e.last_started_at) AS last_started_at,
    epoch((SELECT moment FROM as_of) - COALESCE(o.started_at, e.last_started_at)) AS silent_for,
    COALESCE(o.interval_seconds, e.interval_seconds) AS interval_seconds, e.skip_rate, e.failure_rate,
    e.last_failed_at, COALESCE(e.requested, 0) AS requested, COALESCE(e.repeated, 0) AS repeated,
    e.mean_duration, e.longest_duration, greatest(e.longest_gap, o.since_previous) AS longest_gap
FROM ended e FULL JOIN ongoing o ON o.sensor = e.sensor
""",
)

#: In an order in which each needs only those before it.
VIEWS = (
    RUN_KEYS,
    RUNS,
    OPERATORS,
    SENSOR_HEALTH,
    SKIP_RATE,
    TICK_DURATION,
    DEDUP_RATE,
    SILENCE,
    TIME_TO_DETECT,
    CURSOR_LAG,
)
