"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError, Parameter

from ...core.errors import TickTrailError
from .text import UsageError

#: Where each command is, by its name. A command's module is loaded when the command is run or told of.
_COMMANDS = {
    "dev": "dev:dev",
    "sensor": "sensor:app",
    "cursor": "cursor:app",
    "key": "key:app",
    "tick": "tick:app",
    "run": "run:app",
    "limit": "limit:app",
    "partition": "partition:app",
    "why": "why:why",
    "why-not": "why_not:why_not",
    "why-silent": "why_silent:why_silent",
    "log": "audit:log",
    "query": "query:query",
    "report": "report:report",
    "export": "export:export",
    "replay": "replay:replay",
    "backtest": "backtest:backtest",
    "bisect": "bisect:bisect",
    "slice": "slice:slice_",
    "diff": "diff:diff",
    "verify": "verify:verify",
    "rebuild": "rebuild:rebuild",
    "archive": "archive:archive",
    "info": "info:info",
    "import": "import_history:app",
}

#: The whole tree of commands.
app = App(
    name="ticktrail",
    help="A sensor engine whose only source of truth is an append-only event log.",
    version=lambda: version("ticktrail"),
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for _name, _place in _COMMANDS.items():
    app.command(f"{__package__}.{_place}", name=_name)


def execute(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 0, 1 for what went wrong, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows an escape instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_text(arguments)
        if not arguments or arguments[0] in app.help_flags:
            _load_all()
        code = app(list(arguments), exit_on_error=False, print_error=False)
        sys.stdout.flush()
        return int(code or 0)
    except CycloptsError as error:
        return _complain(str(error), 2)
    except UsageError as error:
        return _complain(str(error), 2)
    except TickTrailError as error:
        traceback: str | None = getattr(error, "traceback", None)
        if traceback:
            sys.stderr.write(traceback.rstrip() + "\n")
        return _complain(str(error), 1)
    except BrokenPipeError:
        # The reader has gone; what the interpreter would flush at its end must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _load_all() -> None:
    """Load every command: what each is for is said by its own module."""
    for name in _COMMANDS:
        app[name]


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text: the log holds text only."""
    for place, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"argument {place} is not valid UTF-8 (at character {error.start}): "
                "pass it as UTF-8 text, for instance base64 of what it holds"
            ) from error


def _complain(text: str, code: int) -> int:
    line = " ".join(text.split())
    sys.stderr.write(f"ticktrail: {line}\n")
    return code
