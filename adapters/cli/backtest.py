"""``ticktrail backtest``: other code on the ticks of the past."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from ...core.events import RunRequested
from ..system import SystemClock
from .options import COMMON, Common
from .output import Output
from .past_code import Slice, chosen_sensors, opened_past, other_code, quietly
from .side_by_side import side_by_side
from .text import UsageError, local_time, moment, one_line

if TYPE_CHECKING:
    from ...core.replay import BacktestTick, PastTick, RequestChange
    from ...core.replay.summary import Summary
    from ..definitions_file import LoadedDefinitions

#: How many ticks, run keys and reads are told of.
_SHOWN = 10

_BARS = " ▁▂▃▄▅▆▇█"
_MARKS = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "changed": ("~", "yellow"),
    "unchanged": ("=", "dim"),
}


def backtest(
    *names: Annotated[str, Parameter(help="Names of sensors.")],
    all_: Annotated[bool, Parameter(name="--all", help="All sensors whose ticks are recorded.")] = False,
    code: Annotated[
        str,
        Parameter(
            help="The new code: a Python file, a module, or git:REV for the definitions at a revision."
        ),
    ],
    from_: Annotated[
        str | None, Parameter(name="--from", help="Only ticks started since: 7d, or an ISO time.")
    ] = None,
    to: Annotated[str | None, Parameter(help="Only ticks started before: 1d, or an ISO time.")] = None,
    start_cursor: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True, help="The cursor to begin with, in place of that of the first tick."
        ),
    ] = None,
    every: Annotated[
        str | None,
        Parameter(help="Pass over ticks that started sooner than that after the one before: 5m, 1h."),
    ] = None,
    fresh_keys: Annotated[bool, Parameter(help="Begin with no run key taken.")] = False,
    missing: Annotated[
        Literal["fail", "nearest", "live"],
        Parameter(
            help="A read that the tape lacks fails, is answered by the tape before that has it, or is made now."
        ),
    ] = "fail",
    parquet: Annotated[
        Path | None,
        Parameter(help="Write the tables backtest_ticks and backtest_requests to this folder, too."),
    ] = None,
    html: Annotated[Path | None, Parameter(help="Write the report to this file, too, with a plot.")] = None,
    slice_file: Slice = None,
    common: Common = COMMON,
) -> int:
    """Run other code on the ticks of the past, and tell which runs it would have asked for, and which not any more.

    It reads what the ticks read then, and has a cursor and run keys of its own that go on from tick to tick.
    Nothing is stored, and nothing goes out. Several sensors are tested side by side. Exits with 1 if a tick of
    the new code failed.
    """
    out, now = Output(json=common.json), SystemClock().now()
    since = 0 if from_ is None else moment(from_, now)
    before = sys.maxsize if to is None else moment(to, now)
    gap = 0 if every is None else now - moment(every, now)
    from ...core.replay.summary import Summary
    from ..backtest_tables import parquet_files
    from ..backtesting import summary_of

    with opened_past(common, slice_file) as past, other_code(code, past.remembered) as loaded:
        sensors = chosen_sensors(loaded, names, all_)
        if start_cursor is not None and len(sensors) > 1:
            raise UsageError("--start-cursor is of one sensor: give the name of one")
        start = ... if start_cursor is None else start_cursor

        span = summary_of(past.log, since, before)

        def tested(sensor: str, pasts: Iterator[PastTick]) -> Summary:
            summary = Summary(start=span.start, end=span.end)
            chosen = _chosen(pasts, since, before, gap)
            with nullcontext(_pass_over) if parquet is None else parquet_files(parquet, sensor) as write:
                for tick in _tested(sensor, loaded, chosen, start, fresh_keys, missing):
                    summary.add(tick)
                    write(tick)
                    if out.json:
                        out.record({"sensor": sensor, **msgspec.structs.asdict(tick)})
            return summary

        summaries = dict[str, Summary]()
        for sensor, summary in side_by_side(past, sensors, tested, doing="testing"):
            summaries[sensor] = summary
            if out.json:
                out.record({"sensor": sensor, "summary": _as_record(summary)})
            else:
                _tell(out, sensor, code, summary)
    if parquet is not None:
        out.note(f"the tables are in {parquet}/backtest_ticks and {parquet}/backtest_requests")
    if html is not None:
        from .backtest_page import page

        html.write_text(page(code, summaries), encoding="utf-8")
        out.note(f"the report with its plot is in {html}")
    return 1 if any(summary.errors for summary in summaries.values()) else 0


def _pass_over(tick: BacktestTick) -> None:
    """Write no table."""


def _chosen(pasts: Iterator[PastTick], since: int, before: int, gap: int) -> Iterator[PastTick]:
    last = -sys.maxsize
    for past in pasts:
        at = past.started.at
        if since <= at < before and at - last >= gap:
            last = at
            yield past


def _tested(
    sensor: str,
    loaded: LoadedDefinitions,
    chosen: Iterator[PastTick],
    start_cursor: Any,
    fresh_keys: bool,
    missing: Literal["fail", "nearest", "live"],
) -> Iterator[BacktestTick]:
    from ...core.replay import Backtest

    run = Backtest(
        loaded.sensors[sensor],
        loaded.definitions,
        start_cursor=start_cursor,
        fresh_keys=fresh_keys,
        missing=missing,
    ).run(chosen)
    while (tick := quietly(lambda: next(run, None))) is not None:
        yield tick


def _as_record(summary: Summary) -> dict[str, Any]:
    record = msgspec.structs.asdict(summary)
    for left_out in ("diverging", "balance", "first_error"):
        del record[left_out]
    return {**record, "only_new": summary.only_new, "only_old": summary.only_old}


def _tell(out: Output, sensor: str, code: str, summary: Summary) -> None:
    out.line((sensor, "bold"), f": {code} on {summary.ticks:,} ticks")
    for name, counts in (("before", summary.old), ("after", summary.new)):
        out.line(f"  {name:<7} {sum(counts):>8,} run requests  ", (_sparkline(counts, summary), "cyan"))
    parts = [f"{summary.counts[change]:,} {change}" for change in _MARKS if summary.counts[change]]  # type: ignore[index]
    out.line(f"  {', '.join(parts) or 'nobody asks for anything'}")
    _tell_keys(out, "only the new code asks for", summary.only_new, "green")
    _tell_keys(out, "only the old code asked for", summary.only_old, "red")
    _tell_divergence(out, summary)
    _tell_troubles(out, summary)


def _tell_keys(out: Output, what: str, keys: list[str], style: str) -> None:
    if keys:
        more = f", and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        out.line(
            f"  {what} {len(keys):,} run key{'' if len(keys) == 1 else 's'}: ",
            (", ".join(keys[:_SHOWN]), style),
            more,
        )


def _tell_divergence(out: Output, summary: Summary) -> None:
    if not summary.diverging:
        out.line("  no tick asks for anything else")
        return
    ask = "tick asks" if summary.diverged == 1 else "ticks ask"
    out.line(f"  {summary.diverged:,} {ask} for something else, the first of them:")
    for tick in summary.diverging[:_SHOWN]:
        out.line(f"    tick {tick.tick} of {local_time(tick.at)}")
        others = [request for request in tick.requests if request.change != "unchanged"]
        for request in others[:_SHOWN]:
            mark, style = _MARKS[request.change]
            out.line("      ", (f"{mark} {_shown(request)}", style))
        if len(others) > _SHOWN:
            out.line(f"      and {len(others) - _SHOWN} more")


def _tell_troubles(out: Output, summary: Summary) -> None:
    if (first := summary.first_error) is not None:
        out.line(
            f"  {summary.errors:,} ticks failed, the first is {first.tick} of {local_time(first.at)}: ",
            (one_line(first.error, 200), "red"),
        )
    for what, count in summary.missing.most_common(_SHOWN):
        out.line(f"  read in {count:,} ticks, and not on their tapes: ", (one_line(what, 120), "yellow"))
    for note, count in summary.versions.items():
        out.line(f"  of these ticks, {count:,}: ", (note, "yellow"))
    for why, count in summary.not_evaluated.items():
        out.line(f"  {count:,} ticks left out: ", (why, "dim"))


def _shown(request: RequestChange) -> str:
    if request.change != "changed":
        return _named(request.new or request.old)
    old, new = request.old, request.new
    assert old is not None and new is not None
    fields = [
        f"{field} {getattr(old, field)!r} → {getattr(new, field)!r}"
        for field in ("job", "run_config", "given_tags", "partition_key", "asset_selection")
        if getattr(old, field) != getattr(new, field)
    ]
    return one_line(f"{_named(new)}: {'; '.join(fields)}", 160)


def _named(request: RunRequested | None) -> str:
    assert request is not None
    return f"{request.run_key or 'no run key'} ({request.job})"


def _sparkline(counts: list[int], summary: Summary) -> str:
    most = max(*summary.old, *summary.new, 1)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
