"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError, Parameter

from ...core.errors import TickTrailError
from . import cursor, key, limit, partition, run, sensor, tick
from .archive import archive
from .audit import log
from .backtest import backtest
from .bisect import bisect
from .dev import dev
from .diff import diff
from .import_history import app as import_app
from .info import info
from .rebuild import rebuild
from .replay import replay
from .slice import slice_
from .text import UsageError
from .verify import verify
from .why import why
from .why_not import why_not
from .why_silent import why_silent

#: The whole tree of commands.
app = App(
    name="ticktrail",
    help="A sensor engine whose only source of truth is an append-only event log.",
    version=lambda: version("ticktrail"),
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
app.command(dev)
app.command(sensor.app)
app.command(cursor.app)
app.command(key.app)
app.command(tick.app)
app.command(run.app)
app.command(limit.app)
app.command(partition.app)
app.command(why)
app.command(why_not)
app.command(why_silent)
app.command(log)
app.command(replay)
app.command(backtest)
app.command(bisect)
app.command(slice_, name="slice")
app.command(diff)
app.command(verify)
app.command(rebuild)
app.command(archive)
app.command(info)
app.command(import_app)


def execute(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 0, 1 for what went wrong, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows an escape instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_text(arguments)
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
