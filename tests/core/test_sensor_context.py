"""`SensorEvaluationContext` and `build_sensor_context`."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ticktrail.core.authoring.errors import CheckError, DagsterInvariantViolationError
from ticktrail.core.authoring.sensor_context import SensorEvaluationContext, build_sensor_context


def test_a_context_built_of_nothing_knows_nothing() -> None:
    context = build_sensor_context()

    assert context.cursor is None
    assert context.cursor_updated is False
    assert context.last_run_key is None
    assert context.last_tick_completion_time is None
    assert context.last_sensor_start_time is None
    assert context.repository_name is None
    assert context.repository_def is None
    assert context.log_key is None


@pytest.mark.parametrize("cursor", ["", "7", None])
def test_the_cursor_reads_as_what_was_set_last(cursor: str | None) -> None:
    context = build_sensor_context(cursor="before")

    context.update_cursor("between")
    context.update_cursor(cursor)

    assert context.cursor == cursor
    assert context.cursor_updated is True


@pytest.mark.parametrize("cursor", [1, b"7", ["7"]])
def test_a_cursor_that_is_no_text_is_refused_and_changes_nothing(cursor: Any) -> None:
    context = build_sensor_context(cursor="before")

    with pytest.raises(CheckError, match="a cursor is a str or None"):
        context.update_cursor(cursor)

    assert context.cursor == "before"
    assert context.cursor_updated is False


@pytest.mark.parametrize(
    "wrong", [{"cursor": 1}, {"sensor_name": 1}, {"repository_name": 1}, {"resources": [1]}]
)
def test_a_builder_argument_of_the_wrong_type_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CheckError):
        build_sensor_context(**wrong)


@pytest.mark.parametrize("name", ["last_run_key", "last_tick_completion_time"])
def test_the_builder_does_not_take_what_only_the_engine_knows(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        build_sensor_context(**{name: None})


@pytest.mark.parametrize(
    ("started", "ticked", "first"),
    [
        (None, None, True),
        (5.0, None, True),
        (None, 5.0, False),
        (5.0, 4.0, True),
        (5.0, 5.0, False),
        (5.0, 6.0, False),
    ],
)
def test_the_first_tick_since_the_start_is_told_from_the_two_times(
    started: float | None, ticked: float | None, first: bool
) -> None:
    context = SensorEvaluationContext(last_sensor_start_time=started, last_tick_completion_time=ticked)

    assert context.is_first_tick_since_sensor_start is first


def test_the_old_name_of_the_completion_time_still_works_and_warns() -> None:
    context = SensorEvaluationContext(last_tick_completion_time=3.0)

    with pytest.warns(DeprecationWarning, match="use last_tick_completion_time"):
        assert context.last_completion_time == 3.0


def test_the_instance_is_what_the_context_was_built_with() -> None:
    instance = object()

    assert build_sensor_context(instance=instance).instance is instance


def test_a_context_without_an_instance_says_so_when_asked_for_it() -> None:
    with pytest.raises(DagsterInvariantViolationError, match="no instance reference was provided"):
        _ = build_sensor_context().instance


def test_the_sensor_name_is_an_error_when_unset() -> None:
    assert build_sensor_context(sensor_name="s").sensor_name == "s"
    with pytest.raises(CheckError, match="no sensor_name"):
        _ = build_sensor_context().sensor_name


def test_resources_are_attributes() -> None:
    context = build_sensor_context(resources={"api": "client"})

    assert context.resources.api == "client"
    assert not hasattr(context.resources, "database")


def test_a_context_is_a_context_manager_that_yields_itself() -> None:
    context = build_sensor_context(cursor="1")

    with context as entered:
        entered.update_cursor("2")

    assert context.cursor == "2"


def test_the_log_keeps_level_text_and_time() -> None:
    context = build_sensor_context(sensor_name="s")

    context.log.info("found %d files", 3)
    context.log.debug("details")
    context.log.critical("stop")

    assert [(level, text) for _, level, text in context.log_records] == [
        ("INFO", "found 3 files"),
        ("DEBUG", "details"),
        ("CRITICAL", "stop"),
    ]
    # Microseconds of this century, not seconds and not milliseconds.
    assert all(10**15 < at < 10**16 for at, _, _ in context.log_records)


def test_a_logged_exception_brings_its_traceback() -> None:
    context = build_sensor_context()

    try:
        raise ValueError("no such file")
    except ValueError:
        context.log.exception("could not read")

    [(_, level, text)] = context.log_records
    assert level == "ERROR"
    assert text.startswith("could not read\nTraceback (most recent call last):")
    assert text.endswith("ValueError: no such file")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "arguments", "expected"),
    [
        ("%d files", ("three",), "%d files (arguments ('three',) do not fit: TypeError)"),
        ("%s", (Unprintable(),), "do not fit: RuntimeError"),
        (Unprintable(), (), "do not fit: RuntimeError"),
    ],
)
def test_a_line_that_cannot_be_formatted_is_kept_unformatted(
    message: Any, arguments: tuple[Any, ...], expected: str
) -> None:
    context = build_sensor_context()

    context.log.info(message, *arguments)

    [(_, _, text)] = context.log_records
    assert expected in text


def test_a_line_that_is_no_valid_text_is_escaped() -> None:
    context = build_sensor_context()

    context.log.info("bad name: %s", b"caf\xe9.csv".decode("utf-8", "surrogateescape"))

    [(_, _, text)] = context.log_records
    assert text == "bad name: caf\\udce9.csv"


def test_the_log_is_unknown_to_the_logging_module_and_reaches_no_handler_there(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    build_sensor_context(sensor_name="unheard_of").log.error("only for the tick")

    assert "unheard_of" not in logging.root.manager.loggerDict
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_a_handler_of_the_users_own_gets_the_lines_too() -> None:
    class Kept(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.texts: list[str] = []

        def emit(self, record: logging.LogRecord) -> None:
            self.texts.append(record.getMessage())

    context, kept = build_sensor_context(), Kept()

    context.log.addHandler(kept)
    context.log.info("hello")

    assert kept.texts == ["hello"]
    assert len(context.log_records) == 1


def test_the_log_key_is_handed_out_as_a_list() -> None:
    assert SensorEvaluationContext(log_key=("r", "s", "7")).log_key == ["r", "s", "7"]
