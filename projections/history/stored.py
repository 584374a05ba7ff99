"""The relations that are stored in segments, and what one segment hands on to the next.

Rows are made of the events of a range. Of ticks that are open at its end, and of when each sensor ticked
last, the next range has to know: that is carried. So the rows do not depend on where ranges end.
"""

from __future__ import annotations

from .catalogue import all_events
from .schema import Column, Relation

_OFFSET = Column("event_offset", "BIGINT", "Offset of the event in the log, unique.")
_OCCURRED = Column("occurred_at", "TIMESTAMP", "When it happened, UTC.")
_SENSOR = Column("sensor", "VARCHAR", "Name of the sensor or schedule.")
_TICK = Column("tick", "BIGINT", "Id of the tick, the offset of its start.")
_RUN = Column("run_id", "VARCHAR", "Id of the run.")

EVENTS = Relation(
    "events",
    "Every event of the log.",
    (
        _OFFSET,
        _OCCURRED,
        Column("kind", "VARCHAR", "Type of the event, such as `TickSkipped`."),
        Column("sensor", "VARCHAR", "The sensor that it is about, NULL if none."),
        Column("tick", "BIGINT", "The tick that it is part of, NULL if none."),
        Column("run_id", "VARCHAR", "The run that it is about, NULL if none."),
        Column("asset", "VARCHAR", "The asset that it is about, path joined by `/`; NULL if none."),
        Column("actor", "VARCHAR", "The operator who acted, NULL if none did."),
        Column("cause", "BIGINT", "Offset of the event that led to it, NULL if none did."),
        Column("writer", "VARCHAR", "Who wrote it, such as `engine:4f1c` or `cli:ann@host`."),
        Column("body", "JSON", "Its other fields."),
    ),
    all_events(),
    ("sensor", "event_offset"),
)

#: What a tick's start says.
STARTED_COLUMNS = (
    _TICK,
    Column("sensor", "VARCHAR", "Name of the sensor or schedule."),
    Column("started_at", "TIMESTAMP", "When it started, UTC."),
    Column("cursor_before", "VARCHAR", "The cursor handed to the sensor, NULL if there was none."),
    Column("fingerprint", "VARCHAR", "Digest of the code that was evaluated."),
    Column(
        "engine", "VARCHAR", "Id of the engine that evaluated it, or of the system that it was imported from."
    ),
    Column("cause", "BIGINT", "Offset of the event that woke the sensor, NULL if its interval was over."),
    Column(
        "scheduled_for", "TIMESTAMP", "The moment that a schedule's tick stands for, UTC; NULL for sensors."
    ),
    Column(
        "interval_seconds",
        "DOUBLE",
        "The sensor's interval when it started, seconds; NULL for schedules and for sensors that events wake.",
    ),
    Column(
        "since_previous",
        "DOUBLE",
        "Seconds since the sensor's tick before started, NULL for the first and for imported ones; negative if the "
        "clock was set back.",
    ),
    Column(
        "lag",
        "DOUBLE",
        "Seconds from when it was due: from its moment for a schedule, else from the end of the interval; "
        "NULL if it was woken by an event or is the sensor's first.",
    ),
)

#: What the columns that its end tells say of a tick that goes on; the others are NULL.
ONGOING = {
    "cursor_after": "cursor_before",
    "tape": "CASE WHEN tape IS NOT NULL THEN 'complete' END",
    "requested": "0",
    "repeated": "0",
    "rejected": "0",
    "put_off": "0",
    "status": "'STARTED'",
    "reacted": "0",
}

_TICK_COLUMNS = (
    *STARTED_COLUMNS,
    Column("cursor_after", "VARCHAR", "The cursor that the tick left."),
    Column(
        "tape",
        "VARCHAR",
        "`complete` if all that it read is recorded, `partial` if not, NULL if it was not to be recorded.",
    ),
    Column("requested", "BIGINT", "How many runs it asked for."),
    Column("repeated", "BIGINT", "How many requests were dropped because their run key is taken."),
    Column("rejected", "BIGINT", "How many requests could not become runs."),
    Column("put_off", "BIGINT", "How many requests were put off by a limit of the sensor's."),
    Column("origin", "BIGINT", "Id of the tick in the system that it was imported from, NULL if it was not."),
)

_STARTED = """
SELECT s.event_offset AS tick, s.sensor, make_timestamp(s."at") AS started_at, s."cursor" AS cursor_before,
    s."cursor" AS cursor_after, s.fingerprint, s.engine, s.cause,
    make_timestamp(s.scheduled_for) AS scheduled_for, s.recorded,
    (s."at" - COALESCE(LAG(s."at") OVER (PARTITION BY s.sensor ORDER BY s.event_offset),
                       epoch_us(m.last_started_at))) / 1e6 AS since_previous,
    CASE WHEN d.sensor IS NULL THEN m.interval_seconds WHEN d.kind = 'STANDARD' THEN d.interval END
        AS interval_seconds
FROM TickStarted s
LEFT JOIN carried_sensors m ON m.sensor = s.sensor
ASOF LEFT JOIN SensorDefined d ON d.sensor = s.sensor AND d.event_offset <= s.event_offset
"""

#: All ticks that are open somewhere in the range, with what of theirs is in it.
OPENED = Relation(
    "opened",
    "A tick that was open in the range.",
    _TICK_COLUMNS,
    f"""
WITH started AS ({_STARTED}),
known AS (
    SELECT * FROM carried_ticks
    UNION ALL BY NAME
    SELECT * EXCLUDE (recorded),
        CASE WHEN cause IS NOT NULL THEN NULL
             WHEN scheduled_for IS NOT NULL THEN (epoch_us(started_at) - epoch_us(scheduled_for)) / 1e6
             ELSE since_previous - interval_seconds END AS lag,
        CASE WHEN recorded THEN 'complete' END AS tape, 0 AS requested, 0 AS repeated, 0 AS rejected, 0 AS put_off, NULL AS origin
    FROM started
),
requests AS (SELECT tick, count(*) AS requested FROM RunRequested WHERE tick IS NOT NULL GROUP BY tick),
repeats AS (SELECT tick, count(*) AS repeated FROM RunKeyRepeated GROUP BY tick),
rejections AS (SELECT tick, count(*) AS rejected FROM RequestRejected GROUP BY tick),
delays AS (SELECT tick, sum("count") AS put_off FROM RequestsPutOff GROUP BY tick)
SELECT k.* REPLACE (
    CASE WHEN c.tick IS NULL THEN k.cursor_after ELSE c."after" END AS cursor_after,
    CASE WHEN len(t.uncovered) > 0 THEN 'partial' ELSE k.tape END AS tape,
    k.requested + COALESCE(q.requested, 0) AS requested, k.repeated + COALESCE(d.repeated, 0) AS repeated,
    k.rejected + COALESCE(r.rejected, 0) AS rejected, k.put_off + COALESCE(p.put_off, 0) AS put_off)
FROM known k
LEFT JOIN CursorUpdated c ON c.tick = k.tick
LEFT JOIN TapeRecorded t ON t.tick = k.tick
LEFT JOIN requests q ON q.tick = k.tick
LEFT JOIN repeats d ON d.tick = k.tick
LEFT JOIN rejections r ON r.tick = k.tick
LEFT JOIN delays p ON p.tick = k.tick
""",
)

_ENDED = """
SELECT event_offset AS end_offset, "at" AS ended_at, tick, 'SKIPPED' AS status, reason AS skip_reason,
    NULL AS error, duration, reacted FROM TickSkipped
UNION ALL SELECT event_offset, "at", tick, 'SUCCESS', NULL, NULL, duration, reacted FROM TickCompleted
UNION ALL SELECT event_offset, "at", tick, 'FAILURE', NULL, error, duration, reacted FROM TickFailed
UNION ALL SELECT event_offset, "at", tick, 'INTERRUPTED', NULL, reason, NULL, 0 FROM TickInterrupted
"""

_IMPORTED = """
SELECT event_offset AS tick, sensor, make_timestamp(started_at) AS started_at, "cursor" AS cursor_after,
    source AS engine, 0 AS rejected, 0 AS put_off, len(runs) AS requested,
    greatest(len(run_keys) - len(runs), 0) AS repeated, origin, event_offset AS end_offset,
    make_timestamp(ended_at) AS ended_at, status, (ended_at - started_at) / 1e6 AS duration,
    reason AS skip_reason, error, reacted
FROM TickImported
"""

TICKS = Relation(
    "ticks",
    "Every tick, one row each.",
    (
        *_TICK_COLUMNS,
        Column("end_offset", "BIGINT", "Offset of the event that ended it, NULL while it goes on."),
        Column("ended_at", "TIMESTAMP", "When it ended, UTC; NULL while it goes on."),
        Column("status", "VARCHAR", "`STARTED`, `SKIPPED`, `SUCCESS`, `FAILURE` or `INTERRUPTED`."),
        Column(
            "duration",
            "DOUBLE",
            "Wall time of the evaluation in seconds; NULL while it goes on or if interrupted.",
        ),
        Column("skip_reason", "VARCHAR", "Why it asked for nothing, NULL if no reason was given."),
        Column("error", "VARCHAR", "Why it failed or was interrupted, one line."),
        Column("reacted", "BIGINT", "How many events it reacted to."),
    ),
    f"""
SELECT o.*, make_timestamp(e.ended_at) AS ended_at, e.* EXCLUDE (tick, ended_at)
FROM opened o JOIN ({_ENDED}) e ON e.tick = o.tick
UNION ALL BY NAME {_IMPORTED}
""",
    ("sensor", "tick"),
)

CARRIED_TICKS = Relation(
    "carried_ticks",
    "A tick that is open at the end of the range.",
    _TICK_COLUMNS,
    f"SELECT * FROM opened WHERE tick NOT IN (SELECT tick FROM ({_ENDED}))",
    ("tick",),
)

CARRIED_SENSORS = Relation(
    "carried_sensors",
    "When a sensor ticked last, and its interval.",
    (
        _SENSOR,
        Column("last_started_at", "TIMESTAMP", "Start of its last tick, UTC; NULL if it had none."),
        Column(
            "interval_seconds",
            "DOUBLE",
            "Its interval, seconds; NULL for schedules and for sensors that events wake.",
        ),
    ),
    """
SELECT sensor, COALESCE(make_timestamp(s.last_at), c.last_started_at) AS last_started_at,
    CASE WHEN d.sensor IS NULL THEN c.interval_seconds WHEN d.kind = 'STANDARD' THEN d.interval END
        AS interval_seconds
FROM carried_sensors c
FULL JOIN (SELECT sensor, arg_max("at", event_offset) AS last_at FROM TickStarted GROUP BY sensor) s USING (sensor)
FULL JOIN (SELECT sensor, arg_max(kind, event_offset) AS kind, arg_max("interval", event_offset) AS "interval"
           FROM SensorDefined GROUP BY sensor) d USING (sensor)
""",
    ("sensor",),
)

RUN_REQUESTS = Relation(
    "run_requests",
    "Every run that a sensor or an operator asked for, with what became of the request.",
    (
        _OFFSET,
        _OCCURRED,
        Column(
            "verdict",
            "VARCHAR",
            "`REQUESTED`, `REPEATED` (its run key is taken), `REJECTED`, or `IMPORTED` (another system's run "
            "owns the key).",
        ),
        Column("sensor", "VARCHAR", "The asking sensor, NULL for an operator."),
        Column("tick", "BIGINT", "The asking tick, NULL for an operator."),
        Column("job", "VARCHAR", "Name of the job."),
        Column("run_key", "VARCHAR", "The run key, NULL if it has none."),
        Column(
            "run_id", "VARCHAR", "Id of the run that is owed, or of the one that was imported; else NULL."
        ),
        Column("owner_offset", "BIGINT", "Offset of the request that owns the key, for `REPEATED`."),
        Column("why", "VARCHAR", "Why it was rejected."),
        Column("partition_key", "VARCHAR", "Partition of the run, NULL if it has none."),
        Column("asset_selection", "VARCHAR[]", "Assets to materialize, NULL for all of the job's."),
        Column("tags", "MAP(VARCHAR, VARCHAR)", "Tags of the run as they were given: `tags['name']`."),
        Column("run_config", "JSON", "Run config."),
        Column("actor", "VARCHAR", "The operator, NULL for a sensor."),
    ),
    """
SELECT event_offset, make_timestamp("at") AS occurred_at, 'REQUESTED' AS verdict, sensor, tick, job, run_key,
    run AS run_id, NULL AS owner_offset, NULL AS why, partition_key, asset_selection, given_tags AS tags,
    run_config, actor
FROM RunRequested
UNION ALL
SELECT event_offset, make_timestamp("at"), 'REPEATED', sensor, tick, job, run_key, NULL, owner, NULL, NULL, NULL,
    NULL, NULL, NULL
FROM RunKeyRepeated
UNION ALL
SELECT event_offset, make_timestamp("at"), 'REJECTED', sensor, tick, job, run_key, NULL, NULL, why, NULL, NULL,
    NULL, NULL, NULL
FROM RequestRejected
UNION ALL
SELECT event_offset, make_timestamp(requested_at), 'IMPORTED', sensor, NULL, job, run_key, run, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL
FROM RunKeyImported
""",
    ("sensor", "event_offset"),
)

RELEASED_KEYS = Relation(
    "released_keys",
    "Every run key that an operator or a policy freed, so that it can be requested once more.",
    (
        _OFFSET,
        _OCCURRED,
        _SENSOR,
        Column("run_key", "VARCHAR", "The run key."),
        Column("actor", "VARCHAR", "Who freed it."),
        Column("reason", "VARCHAR", "Why, NULL if nothing was said."),
        Column(
            "tick", "BIGINT", "The tick that asks for it again by the sensor's policy, NULL for an operator."
        ),
    ),
    """
SELECT event_offset, make_timestamp("at") AS occurred_at, sensor, unnest(run_keys) AS run_key, actor, reason, tick
FROM RunKeysReleased
""",
    ("sensor", "event_offset", "run_key"),
)

CURSORS = Relation(
    "cursors",
    "Every change of a cursor.",
    (
        _OFFSET,
        _OCCURRED,
        _SENSOR,
        Column("cursor_before", "VARCHAR", "The cursor until then, NULL if there was none."),
        Column("cursor_after", "VARCHAR", "The cursor from then on, NULL if it was cleared."),
        Column("tick", "BIGINT", "The tick that changed it, NULL for an operator."),
        Column(
            "actor",
            "VARCHAR",
            "The operator who changed it, or the system that it was imported from; NULL for a tick.",
        ),
        Column("reason", "VARCHAR", "The operator's reason, NULL if nothing was said."),
        Column("plan", "VARCHAR", "Digest of the plan that was applied, NULL if there was none."),
    ),
    """
SELECT event_offset, make_timestamp("at") AS occurred_at, sensor, "before" AS cursor_before,
    "after" AS cursor_after, tick, NULL AS actor, NULL AS reason, NULL AS plan
FROM CursorUpdated
UNION ALL
SELECT event_offset, make_timestamp("at"), sensor, "before", "after", NULL, actor, reason, plan FROM CursorReset
UNION ALL
SELECT event_offset, make_timestamp("at"), sensor, "before", "after", NULL, source, 'imported', NULL
FROM SensorImported WHERE "before" IS DISTINCT FROM "after"
""",
    ("sensor", "event_offset"),
)

RUN_EVENTS = Relation(
    "run_events",
    "Every step in the life of a run after it was asked for.",
    (
        _OFFSET,
        _OCCURRED,
        _RUN,
        Column("request_offset", "BIGINT", "Offset of the run's request."),
        Column("status", "VARCHAR", "`STARTING`, `STARTED`, `SUCCESS`, `FAILURE` or `CANCELED`."),
        Column("error", "VARCHAR", "Why it failed or was canceled, NULL otherwise."),
        Column("actor", "VARCHAR", "The operator who canceled it, NULL otherwise."),
    ),
    """
SELECT event_offset, make_timestamp("at") AS occurred_at, run AS run_id, cause AS request_offset,
    'STARTING' AS status, NULL AS error, NULL AS actor FROM RunLaunched
UNION ALL SELECT event_offset, make_timestamp("at"), run, cause, 'STARTED', NULL, NULL FROM RunStarted
UNION ALL SELECT event_offset, make_timestamp("at"), run, cause, 'SUCCESS', NULL, NULL FROM RunSucceeded
UNION ALL SELECT event_offset, make_timestamp("at"), run, cause, 'FAILURE', error, NULL FROM RunFailed
UNION ALL SELECT event_offset, make_timestamp("at"), run, cause, 'CANCELED', reason, actor FROM RunCanceled
""",
    ("event_offset",),
)

_ASSET_FIELDS = "asset, partition_key, run AS run_id, tick, step, description, metadata, tags"

ASSETS = Relation(
    "assets",
    "Every materialization and observation of an asset.",
    (
        _OFFSET,
        _OCCURRED,
        Column("kind", "VARCHAR", "`MATERIALIZED` or `OBSERVED`."),
        Column("asset", "VARCHAR", "Asset key, path joined by `/`."),
        Column("partition_key", "VARCHAR", "Its partition, NULL if it has none."),
        Column("run_id", "VARCHAR", "The run that reported it, NULL if none did."),
        Column("tick", "BIGINT", "The tick that reported it, NULL if none did."),
        Column("step", "VARCHAR", "The run's step, NULL if none."),
        Column("description", "VARCHAR", "What was said of it."),
        Column("metadata", "JSON", "Metadata by name."),
        Column("tags", "MAP(VARCHAR, VARCHAR)", "Tags by name."),
    ),
    f"""
SELECT event_offset, make_timestamp("at") AS occurred_at, 'MATERIALIZED' AS kind, {_ASSET_FIELDS}
FROM AssetMaterialized
UNION ALL
SELECT event_offset, make_timestamp("at"), 'OBSERVED', {_ASSET_FIELDS} FROM AssetObserved
""",
    ("asset", "event_offset"),
)

OBSERVATIONS = Relation(
    "observations",
    "What ticks read of the outside world: a row for each kind of source, and for each read that no tape has.",
    (
        _OFFSET,
        _OCCURRED,
        _SENSOR,
        _TICK,
        Column("source", "VARCHAR", "Kind of source, such as `files`; NULL for what is not on the tape."),
        Column(
            "digest", "VARCHAR", "Digest under which it is stored, NULL if it is short or not on the tape."
        ),
        Column("bytes", "BIGINT", "Its size on the tape if it is short, else NULL."),
        Column("uncovered", "VARCHAR", "What was read and is not on the tape, NULL otherwise."),
    ),
    """
SELECT event_offset, make_timestamp("at") AS occurred_at, sensor, tick, e.key AS source, NULL AS digest,
    octet_length(e.value) AS bytes, NULL AS uncovered
FROM (SELECT *, unnest(map_entries(short)) AS e FROM TapeRecorded)
UNION ALL
SELECT event_offset, make_timestamp("at"), sensor, tick, e.key, lower(hex(e.value)), NULL, NULL
FROM (SELECT *, unnest(map_entries(stored)) AS e FROM TapeRecorded)
UNION ALL
SELECT event_offset, make_timestamp("at"), sensor, tick, NULL, NULL, NULL, unnest(uncovered) FROM TapeRecorded
""",
    ("sensor", "event_offset"),
)

DAY_PARTS = Relation(
    "day_parts",
    "The ended ticks of a sensor that started on one day, as far as they ended in one range.",
    (
        _SENSOR,
        Column("day", "DATE", "The day, UTC."),
        Column("ticks", "BIGINT", "How many there are."),
        Column("skipped", "BIGINT", "How many skipped."),
        Column("succeeded", "BIGINT", "How many asked for runs, or reacted."),
        Column("failed", "BIGINT", "How many failed."),
        Column("requested", "BIGINT", "Runs asked for."),
        Column("repeated", "BIGINT", "Requests whose run key is taken."),
        Column("evaluated", "BIGINT", "How many evaluations came to an end."),
        Column("total_duration", "DOUBLE", "Wall time of the evaluations, seconds."),
        Column("longest_duration", "DOUBLE", "The longest of them, seconds."),
        Column("longest_gap", "DOUBLE", "Longest time since the tick before, seconds."),
        Column("last_tick", "BIGINT", "Id of the last one."),
        Column("last_status", "VARCHAR", "Its status."),
        Column("last_started_at", "TIMESTAMP", "When it started, UTC."),
        Column("last_failed_at", "TIMESTAMP", "When the last failed one started, UTC."),
        Column("interval_seconds", "DOUBLE", "The interval at the last one, seconds."),
    ),
    """
SELECT sensor, CAST(started_at AS DATE) AS day, count(*) AS ticks,
    count(*) FILTER (status = 'SKIPPED') AS skipped, count(*) FILTER (status = 'SUCCESS') AS succeeded,
    count(*) FILTER (status = 'FAILURE') AS failed, sum(t.requested) AS requested, sum(t.repeated) AS repeated,
    count(duration) AS evaluated, sum(duration) AS total_duration, max(duration) AS longest_duration,
    max(since_previous) AS longest_gap,
    arg_max(tick, struct_pack(at := started_at, id := tick)) AS last_tick, arg_max(status, struct_pack(at := started_at, id := tick)) AS last_status,
    max(started_at) AS last_started_at, max(started_at) FILTER (status = 'FAILURE') AS last_failed_at,
    arg_max_null(interval_seconds, struct_pack(at := started_at, id := tick)) AS interval_seconds
FROM ticks t WHERE end_offset IS NOT NULL GROUP BY ALL
""",
    ("sensor", "day"),
)

#: Durations in one bucket differ by less than this factor, see `DURATION_PARTS`.
BUCKET = 1.02

DURATION_PARTS = Relation(
    "duration_parts",
    "How many evaluations of a sensor took about the same time, of those that ended in one range.",
    (
        _SENSOR,
        Column("bucket", "INTEGER", f"From {BUCKET} to the power of it, in seconds, to the next."),
        Column("evaluated", "BIGINT", "How many there are."),
    ),
    f"""
SELECT sensor, CAST(floor(ln(greatest(duration, 1e-6)) / ln({BUCKET})) AS INTEGER) AS bucket,
    count(*) AS evaluated
FROM ticks WHERE duration IS NOT NULL GROUP BY ALL
""",
    ("sensor", "bucket"),
)

#: Whether a tick of `ticks` ended a silence: what wakes a sensor does not keep to its interval.
AFTER_SILENCE = "since_previous > 2 * interval_seconds AND cause IS NULL"

GAP_PARTS = Relation(
    "gap_parts",
    "The ended ticks that came more than twice their interval after the sensor's tick before.",
    (
        _SENSOR,
        _TICK,
        Column("started_at", "TIMESTAMP", "When it started, UTC."),
        Column("since_previous", "DOUBLE", "Seconds since the tick before started."),
        Column("interval_seconds", "DOUBLE", "The sensor's interval, seconds."),
    ),
    f"""
SELECT sensor, tick, started_at, since_previous, interval_seconds FROM ticks
WHERE end_offset IS NOT NULL AND {AFTER_SILENCE}
""",
    ("sensor", "tick"),
)

RUN_PARTS = Relation(
    "run_parts",
    "The life of a run, as far as it lies in one range.",
    (
        Column("request_offset", "BIGINT", "Offset of the run's request."),
        Column(
            "whole", "BOOLEAN", "Whether all of its life is in the range; else other ranges have parts of it."
        ),
        Column(
            "run_id", "VARCHAR", "Id of the run; NULL, as all that the request says, if that is elsewhere."
        ),
        Column("job", "VARCHAR", "Name of the job."),
        Column("sensor", "VARCHAR", "The asking sensor, NULL for an operator."),
        Column("tick", "BIGINT", "The asking tick, NULL for an operator."),
        Column("run_key", "VARCHAR", "Its run key, NULL if it has none."),
        Column("requested_at", "TIMESTAMP", "When it was asked for, UTC."),
        Column("tags", "MAP(VARCHAR, VARCHAR)", "Tags of the run as they were given."),
        Column("last_offset", "BIGINT", "Offset of the last event of its life."),
        Column("status", "VARCHAR", "Its status by then."),
        Column("launched_at", "TIMESTAMP", "When it was last handed to a worker, UTC; NULL if not here."),
        Column("started_at", "TIMESTAMP", "When a worker took it up, UTC; NULL if not here."),
        Column("ended_at", "TIMESTAMP", "When it ended, UTC; NULL if not here."),
        Column("error", "VARCHAR", "Why it failed or was canceled."),
    ),
    """
WITH life AS (
    SELECT request_offset, max(event_offset) AS last_offset, arg_max(status, event_offset) AS status,
        arg_max_null(error, event_offset) AS error, max(occurred_at) FILTER (status = 'STARTING') AS launched_at,
        min(occurred_at) FILTER (status = 'STARTED') AS started_at,
        max(occurred_at) FILTER (status IN ('SUCCESS', 'FAILURE', 'CANCELED')) AS ended_at
    FROM run_events GROUP BY request_offset
),
requests AS (
    SELECT event_offset AS request_offset, run_id, job, sensor, tick, run_key, occurred_at AS requested_at, tags
    FROM run_requests WHERE verdict = 'REQUESTED'
)
SELECT request_offset, r.requested_at IS NOT NULL AND l.ended_at IS NOT NULL AS whole, r.* EXCLUDE (request_offset),
    COALESCE(l.last_offset, request_offset) AS last_offset, COALESCE(l.status, 'QUEUED') AS status,
    l.launched_at, l.started_at, l.ended_at, l.error
FROM requests r FULL JOIN life l USING (request_offset)
""",
    ("request_offset",),
)

#: What people ask, stored in segments.
STORED = (EVENTS, TICKS, RUN_REQUESTS, RELEASED_KEYS, CURSORS, RUN_EVENTS, ASSETS, OBSERVATIONS)

#: What the ticks and runs of a range add up to, from which the usual questions are answered without reading every event.
PARTS = (DAY_PARTS, DURATION_PARTS, GAP_PARTS, RUN_PARTS)

#: What each segment hands on; `OPENED` is made before the others, and is not kept.
CARRIED = (CARRIED_TICKS, CARRIED_SENSORS)

#: All that a segment has.
SEALED = (*STORED, *PARTS, *CARRIED)
