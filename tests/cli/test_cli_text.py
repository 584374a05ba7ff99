"""How moments, durations, cursors and events are read and written."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from ticktrail.adapters.cli import text
from ticktrail.adapters.cli.describe import as_record, cause, details, subject
from ticktrail.core.events import AnyEvent, RunStarted, TickSkipped, TickStarted

NOW = 1_767_225_600_000_000
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("24h", 86400),
        ("7d", 604800),
        ("2w", 1209600),
        ("1.5h", 5400),
        (" 5m ", 300),
    ],
)
def test_a_length_of_time_counts_back_from_now(written: str, seconds: int) -> None:
    assert text.moment(written, NOW) == NOW - seconds * SECOND


@pytest.mark.parametrize("written", ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T01:00:00+01:00"])
def test_an_iso_time_is_local_unless_it_says_otherwise(written: str) -> None:
    assert text.moment(written, 0) == NOW


@pytest.mark.parametrize(
    "written", ["", "soon", "5", "5y", "-5m", "2026-13-01", "99999999w", "9" * 400 + "s", "0001-01-01"]
)
def test_anything_else_is_no_moment(written: str) -> None:
    with pytest.raises(text.UsageError, match="is no moment: expected a length of time"):
        text.moment(written, NOW)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s ago"),
        (119, "119s ago"),
        (120, "2m ago"),
        (7200, "2h ago"),
        (2 * 86400, "2d ago"),
        (-5, "in 5s"),
    ],
)
def test_an_age_has_one_unit(seconds: int, written: str) -> None:
    assert text.ago(NOW - seconds * SECOND, NOW) == written


def test_what_never_was_has_no_age() -> None:
    assert text.ago(None, NOW) == "-"


def test_what_happened_while_the_command_was_reading_is_not_in_the_future() -> None:
    assert text.ago(NOW + SECOND, NOW) == "0s ago"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "-"),
        (0.0004, "0.4 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1.00 s"),
        (59.0, "59.00 s"),
        (65.0, "1m 05s"),
        (7384.0, "2h 03m"),
    ],
)
def test_a_duration_fits_its_size(seconds: float | None, written: str) -> None:
    assert text.took(seconds) == written


def test_a_time_is_written_to_the_millisecond() -> None:
    assert text.local_time(NOW + 250_999) == "2026-01-01 00:00:00.250"


@pytest.mark.parametrize(
    ("cursor", "written"),
    [
        (None, "none"),
        ("", "''"),
        ("none", "'none'"),
        ("123456", "'123456'"),
        ("1234567", "'12345…'"),
        ("x" * 10_000_000, "'xxxxx…'"),
    ],
)
def test_a_cursor_is_cut_to_its_width(cursor: str | None, written: str) -> None:
    assert text.cursor_text(cursor, 8) == written


def test_a_text_is_put_on_one_line_and_cut() -> None:
    assert text.one_line("a\n b", 10) == "a b"
    assert text.one_line("word " * 100, 12) == "word word w…"
    assert text.one_line(None, 10) == ""


def sample(kind: type[Any]) -> AnyEvent:
    """An event of that kind with some value in every field."""
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        values[field.name] = _value(field.type)
    event: AnyEvent = kind(**values)
    return event


def _value(declared: Any) -> Any:
    for candidate in (
        7,
        0.5,
        "text",
        ["a"],
        {"key": "value"},
        "RUNNING",
        "LOG",
        "SUCCESS",
        True,
        b"bytes",
        {"key": b"bytes"},
    ):
        try:
            return msgspec.convert(candidate, declared, strict=True)
        except msgspec.ValidationError:
            continue
    raise AssertionError(f"no value for {declared}")


@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=lambda kind: str(kind.__name__))
def test_every_event_of_the_catalogue_can_be_told(kind: type[Any]) -> None:
    event = sample(kind)

    assert isinstance(details(event), str)
    assert subject(event)
    record = msgspec.json.decode(msgspec.json.encode(as_record(5, event)))
    assert (record["offset"], record["event"]) == (5, kind.__name__)


def test_the_cause_of_an_event_is_the_event_that_led_to_it() -> None:
    started = TickStarted(at=1, sensor="s", cursor=None, fingerprint="f", engine="e", cause=3)
    skipped = TickSkipped(at=1, tick=4, sensor="s", reason=None, duration=0.1)
    run = RunStarted(at=1, run="r", cause=9, where="w", host="h", pid=1)

    assert [cause(event) for event in (started, skipped, run)] == [3, 4, 9]
