"""The prompt of `ticktrail query`, typed into."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from history.seen import log_of, opened
from story import Story
from ticktrail.adapters.cli.output import Output
from ticktrail.adapters.cli.sql_prompt import SqlCompleter, SqlPrompt
from ticktrail.projections.history.stored import STORED
from ticktrail.projections.history.views import VIEWS


def typed(text: str, remembered: Path) -> int:
    story = Story()
    story.end_tick(story.start_tick("inbox"))
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(text)
        with opened(None, log_of(*story.appends)) as history:
            return SqlPrompt(history, Output(json=False), remembered).run()


def test_questions_over_several_lines_are_answered_and_remembered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = typed("select sensor, status\nfrom ticks;\n\\q\n", tmp_path / "asked")

    printed = capsys.readouterr().out
    assert code == 0
    assert printed.split() == ["sensor", "status", "inbox", "SKIPPED"]
    assert "from ticks;" in (tmp_path / "asked").read_text()


def test_a_mistake_does_not_end_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("select * from tikcs;\nselect 41 + 1;\n\x04", tmp_path / "asked") == 0

    printed = capsys.readouterr()
    assert 'Did you mean "ticks"' in printed.err
    assert "42" in printed.out


def test_a_command_on_a_new_line_leaves_a_question_that_was_begun(tmp_path: Path) -> None:
    assert typed("select\n\\q\n", tmp_path / "asked") == 0


def test_relations_are_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed("\\d silence\n\\d\n\\q\n", tmp_path / "asked")

    printed = capsys.readouterr().out
    assert "engine_down" in printed
    assert "run_requests" in printed


def test_names_are_completed() -> None:
    completer = SqlCompleter([*STORED, *VIEWS])

    found = [each.text for each in completer.get_completions(Document("select dedup"), CompleteEvent())]

    assert found == ["dedup_rate"]
