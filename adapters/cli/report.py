"""``ticktrail report``: how sensors fared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from ...core.errors import TickTrailError
from .extras import needing_history
from .operator import UnknownName
from .options import COMMON, WHEN, Common, When
from .output import Output
from .query import asked
from .text import moment
from .why_silent import DEFINE_IT

if TYPE_CHECKING:
    from ...projections.history.health import Health, Report
    from ..history.database import History


def report(
    sensor: Annotated[str | None, Parameter(name="SENSOR", help="Only this one, in detail.")] = None,
    /,
    *,
    last: Annotated[
        str | None,
        Parameter(help="Only ticks started since: 30m, 24h, 30d, or an ISO time; all of them without it."),
    ] = None,
    html: Annotated[
        Path | None,
        Parameter(help="Write the report to this file, as a page with plots; it needs no network."),
    ] = None,
    when: When = WHEN,
    common: Common = COMMON,
) -> int:
    """Tell how sensors fared: outcomes, durations, requests, silences, and what was said why.

    Worst first. A silence is a gap of more than twice the interval. Durations are told to about 1 %. Reasons and errors
    that differ in numbers only are counted as one, with # in the place of these.
    """
    home, out = common.open(), Output(json=common.json)
    with asked(home, when) as history:
        found = _report(history, sensor, last)
    if html is not None:
        from .report_page import page

        _save(page(found, sensor), html)
        out.note(f"the report with its plots is in {html}")
    if out.json:
        out.records(map(_record, found.sensors))
        if more := found.sensor_count - len(found.sensors):
            out.note(f"{more:,} more sensors fare better: `ticktrail query` has all of them in sensor_health")
    else:
        from .report_text import write_report

        write_report(found, sensor, out)
    return 0


def _report(history: History, sensor: str | None, last: str | None) -> Report:
    with needing_history():
        from ..history.report import report_of
    ((now,),) = history.rows("SELECT epoch_us(moment) FROM as_of")
    found = report_of(history, sensor, None if last is None else moment(last, now))
    if sensor is not None and not found.sensors:
        raise UnknownName("sensor", sensor, _like(history, sensor), to_do=DEFINE_IT)
    return found


def _like(history: History, sensor: str) -> list[str]:
    """Return the names of sensors that are most like this one."""
    from ..history.parquet import quoted

    alike = f"jaro_winkler_similarity(sensor, {quoted(sensor)})"
    return [
        name for (name,) in history.rows(f"SELECT sensor FROM sensor_health ORDER BY {alike} DESC LIMIT 21")
    ]


def _record(health: Health) -> dict[str, Any]:
    from ...projections.history.health import ENDINGS, QUANTILES, REQUESTS

    record = msgspec.structs.asdict(health)
    del record["counts"], record["durations"]
    rates = ("skip_rate", "failure_rate", "dedup_rate")
    return {
        "sensor": record.pop("sensor"),
        "ticks": health.ticks,
        **{name: health.total(name) for name in (*ENDINGS, *REQUESTS)},
        **{name: getattr(health, name) for name in rates},
        **{name: health.duration(quantile) for name, quantile in QUANTILES.items()},
        **record,
    }


def _save(text: str, target: Path) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TickTrailError(f"{target} cannot be written: {error.strerror or error}") from error
