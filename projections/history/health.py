"""How sensors fared in a span of time: what a report tells, as plain values."""

from __future__ import annotations

from collections import Counter

import msgspec

from .stored import BUCKET

#: Into how many parts the span is divided in which ticks and requests are counted.
BINS = 120

#: Of how many sensors at most a report tells one by one.
WORST = 1_000

#: What is counted in each of them: how ticks ended, and what they asked for.
ENDINGS = ("succeeded", "skipped", "failed", "interrupted")
REQUESTS = ("requested", "repeated")

#: Of how long ticks took, what is told.
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

#: Why a sensor was silent.
WHYS = ("unexplained", "engine down", "stopped")


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time without ticks, longer than twice the interval.

    Attributes:
        began_at: Start of the last tick before; UTC, microseconds since the epoch.
        ended_at: Start of the tick after, None while it goes on.
        seconds: Its length.
        interval_seconds: The sensor's interval.
        missed: How many ticks could have been in it.
        stopped_by: The operator who stopped the sensor in it.
        engine_down: Whether an engine was started in it, so that none ran before.
    """

    sensor: str
    began_at: int
    ended_at: int | None
    seconds: float
    interval_seconds: float
    missed: int
    stopped_by: str | None
    engine_down: bool

    @property
    def why(self) -> str:
        """The reason, for people."""
        if self.stopped_by is not None:
            return f"stopped by {self.stopped_by}"
        return "no engine ran" if self.engine_down else "unexplained"


class Said(msgspec.Struct, frozen=True):
    """A reason or an error, and in how many ticks it was given; ``#`` is in the place of numbers that differ."""

    text: str
    ticks: int


class CursorAge(msgspec.Struct, frozen=True, kw_only=True):
    """How long a cursor has stayed as it is.

    Attributes:
        cursor: What it is, None if it was cleared.
        changed_by: The operator, or ``tick`` and its id.
        seconds: Since it came to be so.
    """

    cursor: str | None
    changed_by: str
    seconds: float


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How long after their sources runs were asked for.

    Attributes:
        runs: Of how many runs that is known.
        p50, p95: Seconds.
    """

    runs: int
    p50: float
    p95: float


class Health(msgspec.Struct, kw_only=True):
    """How one sensor fared, or all of them together.

    Attributes:
        sensor: Its name, None for all.
        last_status: Status of its last tick, None if it never ticked; this and what follows up to *cursor* is
            as of the end, whatever the span.
        last_started_at: When that started; UTC, microseconds since the epoch.
        silent_for: Seconds since then.
        interval_seconds: Its interval, None for schedules and for sensors that events wake.
        last_failed_at: Start of the last failed tick.
        cursor: None if it never had one.
        counts: By `ENDINGS` and `REQUESTS`, how many there were in each of the `BINS`.
        durations: How many evaluations took about as long, by bucket: `BUCKET` to its power, in seconds, to the next.
        gaps: The longest, longest first.
        gap_count: How many there are.
        skip_reasons, errors: The commonest, commonest first.
        detection: None if no source's time is known.
    """

    sensor: str | None
    last_status: str | None = None
    last_started_at: int | None = None
    silent_for: float | None = None
    interval_seconds: float | None = None
    last_failed_at: int | None = None
    cursor: CursorAge | None = None
    counts: dict[str, list[int]] = msgspec.field(
        default_factory=lambda: {name: [0] * BINS for name in (*ENDINGS, *REQUESTS)}
    )
    durations: Counter[int] = msgspec.field(default_factory=Counter)
    gaps: list[Gap] = msgspec.field(default_factory=list)
    gap_count: int = 0
    skip_reasons: list[Said] = msgspec.field(default_factory=list)
    errors: list[Said] = msgspec.field(default_factory=list)
    detection: Detection | None = None

    def total(self, *names: str) -> int:
        """Return how many there were of *names* in the whole span."""
        return sum(sum(self.counts[name]) for name in names)

    def over_time(self, *names: str) -> list[int]:
        """Return how many there were of *names* in each part of the span."""
        return [sum(counts) for counts in zip(*(self.counts[name] for name in names), strict=True)]

    @property
    def ticks(self) -> int:
        """How many ticks ended."""
        return self.total(*ENDINGS)

    @property
    def skip_rate(self) -> float | None:
        """Skipped ticks of all, 0 to 1; None without ticks."""
        return _share(self.total("skipped"), self.ticks)

    @property
    def failure_rate(self) -> float | None:
        """Failed ticks of all, 0 to 1; None without ticks."""
        return _share(self.total("failed"), self.ticks)

    @property
    def dedup_rate(self) -> float | None:
        """Requests that repeat a run key of all, 0 to 1; None without requests."""
        return _share(self.total("repeated"), self.total(*REQUESTS))

    def duration(self, quantile: float) -> float | None:
        """Return how long evaluations took, seconds, to about 1 %; None without any.

        Args:
            quantile: Of so many of them, 0 to 1, it took no longer.
        """
        upto, total = 0, self.durations.total()
        for bucket in sorted(self.durations):
            upto += self.durations[bucket]
            if upto >= quantile * total:
                return float(BUCKET ** (bucket + 0.5))
        return None


class Report(msgspec.Struct, kw_only=True):
    """How sensors fared in a span of time.

    Attributes:
        start, end: The span; UTC, microseconds since the epoch.
        position: How many events of the log were looked at.
        moment: As of when; UTC, microseconds since the epoch.
        whole: All of them together.
        sensors: The `WORST` of them, the worst first: what fails most, then what is silent longest for its interval.
        sensor_count: How many there are.
        silent: By `WHYS`, the share of the sensors' time that was in gaps, 0 to 1, in each of the `BINS`.
    """

    start: int
    end: int
    position: int
    moment: int
    whole: Health
    sensors: list[Health]
    sensor_count: int
    silent: dict[str, list[float]]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
