"""Options that many commands have, and what they stand for."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..home import DefinitionsSource, Home
from .text import UsageError

if TYPE_CHECKING:
    from ..definitions_file import LoadedDefinitions


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Common:
    """What every command takes."""

    home: Annotated[
        Path,
        Parameter(env_var="TICKTRAIL_HOME", help="Folder of the log and of everything derived from it."),
    ] = Path(".ticktrail")
    json: Annotated[bool, Parameter(help="Write one JSON object per line.", show_default=False)] = False

    def open(self) -> Home:
        """Open the home, which must exist.

        Raises:
            HomeError: It does not, or cannot be used.
        """
        return Home.open(self.home, create=False)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Code:
    """Where the definitions are."""

    file: Annotated[
        Path | None,
        Parameter(
            name=["--file", "-f"],
            help="Python file with the definitions; without -f and -m, those that the home remembers.",
        ),
    ] = None
    module: Annotated[
        str | None, Parameter(name=["--module", "-m"], help="Importable module with the definitions.")
    ] = None

    def named(self) -> DefinitionsSource | None:
        """Return the definitions named on the command line, None if there are none.

        Raises:
            UsageError: Both a file and a module are named.
        """
        if self.file is not None and self.module is not None:
            raise UsageError("give one of -f FILE and -m MODULE, not both")
        if self.file is not None:
            return DefinitionsSource(file=str(self.file.absolute()))
        if self.module is not None:
            return DefinitionsSource(module=self.module, folder=str(Path.cwd()))
        return None

    def source(self, remembered: DefinitionsSource | None) -> DefinitionsSource | None:
        """Return the definitions named on the command line, else those that are remembered."""
        return self.named() or remembered

    def load(self, home: Home) -> LoadedDefinitions:
        """Load the definitions, else those that *home* remembers; raises as `load_or` does."""
        return self.load_or(home.definitions)

    def load_or(self, remembered: DefinitionsSource | None) -> LoadedDefinitions:
        """Load the definitions named on the command line, else those that are remembered.

        Raises:
            UsageError: None are named and none remembered.
            DefinitionsError: They cannot be loaded.
        """
        source = self.source(remembered)
        if source is None:
            raise UsageError(
                "no definitions are named: give -f FILE or -m MODULE, "
                "or run `ticktrail dev -f FILE` once, which remembers them"
            )
        return load(source)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class When:
    """As of when the log is looked at."""

    as_of: Annotated[
        str | None,
        Parameter(
            help="Show all of it as it was: at a position, which is a number of events (those at the offsets "
            "below it are in); or at a time, 30m, 24h, 7d before now or an ISO time, local unless it says "
            "otherwise (what was recorded at it or before is in)."
        ),
    ] = None


#: What a command gets when nothing is said.
COMMON, CODE, WHEN = Common(), Code(), When()


def load(source: DefinitionsSource) -> LoadedDefinitions:
    """Load definitions; what the user's code prints goes to standard error.

    Raises:
        DefinitionsError: They cannot be loaded.
    """
    from ..definitions_file import load_definitions

    if source.folder is not None and source.folder not in sys.path:
        sys.path.insert(0, source.folder)
    with contextlib.redirect_stdout(sys.stderr):
        return load_definitions(None if source.file is None else Path(source.file), source.module)


def open_for_action(common: Common, code: Code) -> Home:
    """Open the home for a change: one that does not exist is made if definitions are named.

    Raises:
        HomeError: It does not exist and no definitions are named, or it cannot be used.
    """
    return Home.open(common.home, create=code.named() is not None)
