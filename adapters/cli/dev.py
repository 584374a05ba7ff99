"""``ticktrail dev``: the engine in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..home import Home
from ..tape import install
from .options import CODE, COMMON, Code, Common, load
from .output import Output
from .text import UsageError


def dev(
    *,
    max_runs: Annotated[
        int | None, Parameter(help="How many runs go on at once; by default as many as there are cores.")
    ] = None,
    log: Annotated[
        str | None,
        Parameter(help="Keep the log there instead of in the home: a file, or postgresql://...; remembered."),
    ] = None,
    code: Code = CODE,
    common: Common = COMMON,
) -> int:
    """Run the engine until interrupted, with a live account of ticks and runs.

    The definitions are remembered in the home, which is made if it does not exist.
    """
    if max_runs is not None and max_runs < 1:
        raise UsageError(f"--max-runs is {max_runs}: give 1 or more")
    if (source := code.named()) is None and (source := common.open().definitions) is None:
        raise UsageError("no definitions are named and none remembered: give -f FILE or -m MODULE")
    # Connections that the definitions open are to be such as can be recorded.
    install()
    loaded = load(source)
    home = Home.open(common.home, create=True)
    if log is not None:
        home.remember_log(log if "://" in log else str(Path(log).absolute()))
    home.remember_definitions(source)
    from ..daemon.dev import run

    return run(home, loaded, max_runs=max_runs, json=common.json, say=Output(json=common.json).results)
