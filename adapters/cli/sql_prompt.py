"""A prompt for questions in SQL, with completion and what was asked before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from ...projections.history.schema import Relation
from ..history.database import History
from .output import Output
from .query import told
from .result import write_table

_WORDS = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "LIMIT",
        "HAVING",
        "DISTINCT",
        "LEFT JOIN",
        "ON",
        "USING",
    ),
    *(
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS NULL",
        "CASE WHEN",
        "THEN",
        "ELSE",
        "END",
        "DESC",
        "WITH",
    ),
    *(
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "DESCRIBE",
        "SHOW TABLES",
        "SUMMARIZE",
        "INTERVAL",
        "FILTER",
        "OVER",
    ),
)

_HELP = "A question ends with ;   \\d lists the relations, \\d ticks its columns   \\q or Ctrl-D ends"


class SqlPrompt:
    """Asks, answers and asks again, until its reader ends it."""

    def __init__(self, history: History, out: Output, remembered: Path) -> None:
        """Take the history.

        Args:
            remembered: File with what was asked before.
        """
        self._history, self._out = history, out
        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(remembered)),
            completer=SqlCompleter(history.relations),
            lexer=PygmentsLexer(SqlLexer),
            multiline=Condition(lambda: not self._complete()),
            complete_while_typing=False,
        )

    def run(self) -> int:
        """Go on until Ctrl-D or ``\\q``."""
        self._out.note(_HELP)
        while True:
            try:
                question = _meant(self._session.prompt("ticktrail> "))
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            if question in ("\\q", "exit", "quit"):
                return 0
            if question:
                self._answer(question)

    def _complete(self) -> bool:
        text = _meant(self._session.default_buffer.text)
        return not text or text.endswith(";") or text.startswith("\\") or text in ("exit", "quit")

    def _answer(self, question: str) -> None:
        if question.startswith("\\d"):
            self._describe(question[2:].strip())
        elif question.startswith("\\"):
            self._out.note(_HELP)
        else:
            with told(self._history):
                write_table(self._history.sql(question), self._out)

    def _describe(self, name: str) -> None:
        known = {relation.name: relation for relation in self._history.relations}
        if name in known:
            rows = [[column.name, column.type, column.about] for column in known[name].columns]
            self._out.table(["COLUMN", "TYPE", "MEANING"], rows, wide="MEANING")
        elif name:
            self._out.note(f"there is no relation {name}: \\d lists them", "yellow")
        else:
            self._out.table(
                ["RELATION", "ROWS ARE"],
                ([each.name, each.about] for each in known.values()),
                wide="ROWS ARE",
            )


def _meant(text: str) -> str:
    """Return what is asked; a command on the last line stands for all of it."""
    last = text.rstrip().rpartition("\n")[2].strip()
    return last if last.startswith("\\") else text.strip()


class SqlCompleter(Completer):
    """Completes relations, columns and SQL's words."""

    def __init__(self, relations: Sequence[Relation]) -> None:
        names = [relation.name for relation in relations]
        columns = {column.name for relation in relations for column in relation.columns}
        self._words = [*names, *sorted(columns.difference(names)), *_WORDS]

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield the words that begin as the one before the cursor does."""
        begun = document.get_word_before_cursor(WORD=False)
        for word in self._words:
            if begun and word.lower().startswith(begun.lower()):
                yield Completion(word, start_position=-len(begun))
