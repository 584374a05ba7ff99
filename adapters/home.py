"""The home: the folder that holds one installation's log, projections, run outputs and settings.

::

    .ticktrail/
        ticktrail.toml      what its user says of tapes, if anything
        home.json           layout version, remembered definitions, where the log is
        log.sqlite          the event log, unless home.json names another
        archive/main/       the log's older frames, if they were moved there
        run_keys.index      the run-key index
        states.snapshot     the small read models, as they were saved last
        engine.lock         locked by the running engine; says who it is
        runs/<run id>/      stdout and stderr of each run
        storage/            the last value of each asset that returned one
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec.structs import replace

from ..core.errors import TickTrailError
from .engine_lock import EngineHolder, engine_holder, hold_engine_lock
from .scratch_folder import ScratchFolder

if TYPE_CHECKING:
    from ..core.log import EventLog
    from ..core.run_keys import RunKeyOwners
    from .event_log.recorder import RecorderLog
    from .run_key_index import MappedRunKeyIndex
    from .tape_settings import TapeSettings

#: Versions of the folder's layout: the whole log is in one place; some of it may be in the archive, which
#: releases that know the first one only would take for lost.
_PLAIN, _ARCHIVED = 1, 2

#: A home of a greater one is left alone.
LAYOUT = _ARCHIVED

_RUN_ID = re.compile(r"[A-Za-z0-9_-]+")


class HomeError(TickTrailError):
    """The home folder cannot be used as it is."""


class DefinitionsSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where definitions are loaded from: exactly one of a file and a module.

    Attributes:
        file: Absolute path of a Python file.
        module: Dotted name of a module.
        folder: Absolute path of the folder that the module is importable from.
    """

    file: str | None = None
    module: str | None = None
    folder: str | None = None

    def __str__(self) -> str:
        return self.file or f"module {self.module}"


class _Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    layout: int
    definitions: DefinitionsSource | None = None
    log: str | None = None


class Home:
    """One home folder, opened; build it with `open`.

    Attributes:
        path: The folder, absolute.
    """

    def __init__(self, path: Path, settings: _Settings) -> None:
        self.path = path
        self._settings = settings

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, create: bool) -> Home:
        """Open the home at *path*.

        Args:
            create: Make the folder a home if it is none yet, and make sure that it can be written.

        Raises:
            HomeError: It is missing (and not to be made), no folder, not writable, damaged, or was
                made by a newer release.
        """
        folder = Path(path).absolute()
        settings = _read_settings(folder)
        if settings is None:
            if not create:
                raise HomeError(
                    f"there is no ticktrail home at {folder}: start one with `ticktrail dev -f FILE`, "
                    "or name another with --home or TICKTRAIL_HOME"
                )
            settings = _Settings(layout=_PLAIN)
            _write_settings(folder, settings)
        elif create and not os.access(folder, os.W_OK | os.X_OK):
            raise _not_writable(folder, "permission denied")
        return cls(folder, settings)

    @property
    def definitions(self) -> DefinitionsSource | None:
        """The definitions remembered from the last `remember_definitions`."""
        return self._settings.definitions

    def remember_definitions(self, source: DefinitionsSource) -> None:
        """Use *source* from now on wherever no definitions are named."""
        if source != self._settings.definitions:
            self._change(definitions=source)

    @property
    def log_url(self) -> str:
        """The URL or file path of the event log; may hold a password, see `log_name`."""
        return self._settings.log or str(self.path / "log.sqlite")

    @property
    def log_name(self) -> str:
        """The URL or file path of the event log, without its password: for people."""
        return _without_password(self.log_url)

    def remember_log(self, url: str) -> None:
        """Keep the log at *url* instead of in the home; only its credentials can change later.

        Raises:
            HomeError: The home already has another log, which its projections were folded from.
        """
        current = self._settings.log
        if url == current:
            return
        settled = current is not None or (self.path / "log.sqlite").exists()
        if settled and _place(url) != _place(self.log_url):
            raise HomeError(
                f"the home {self.path} has its log at {self.log_name}, not at {_without_password(url)}: "
                "leave --log out, or choose another home with --home"
            )
        self._change(log=url)

    def log(self) -> RecorderLog:
        """Open the event log; the caller closes it.

        Raises:
            HomeError: Its archive is gone.
            LogUnavailable: It cannot be opened.
        """
        from .event_log import open_event_log

        log = open_event_log(self.log_url, archive=self.path / "archive")
        if self._settings.layout >= _ARCHIVED and not log.archived.exists:
            log.close()
            raise HomeError(
                f"{log.archived.folder} is missing, and with it the frames of the log that were archived there: "
                "put that folder back from a copy of the home"
            )
        return log

    def announce_archive(self) -> None:
        """Make releases that know of no archives leave the home alone."""
        if self._settings.layout < _ARCHIVED:
            self._change(layout=_ARCHIVED)

    @property
    def run_keys_path(self) -> Path:
        """Where the run-key index is."""
        return self.path / "run_keys.index"

    def run_keys(self, log: EventLog) -> MappedRunKeyIndex:
        """Open the run-key index of *log* for its one writer; the caller folds the tail and closes it."""
        from .run_key_index import MappedRunKeyIndex

        return MappedRunKeyIndex(self.run_keys_path, log)

    @property
    def states_path(self) -> Path:
        """Where the snapshot of the small read models is."""
        return self.path / "states.snapshot"

    def run_key_owners(self, log: EventLog) -> RunKeyOwners:
        """Read the run-key index of *log*, whoever writes to it; what the caller folds in is not stored."""
        from .run_key_index.overlaid import read_run_keys

        return read_run_keys(self.run_keys_path, log)

    @contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """Make a folder in the home for the length of the block; those that crashes left are removed.

        Raises:
            HomeError: It cannot be made.
        """
        try:
            folder = ScratchFolder(self.path)
        except OSError as error:
            raise _not_writable(self.path, _why(error)) from error
        try:
            yield folder.path
        finally:
            folder.remove()

    def tape_settings(self) -> TapeSettings:
        """Read what the user says of tapes.

        Raises:
            BadSettings: The file cannot be used as it is.
        """
        from .tape_settings import read_tape_settings

        return read_tape_settings(self.path)

    @property
    def storage_path(self) -> Path:
        """Where the values of assets are."""
        return self.path / "storage"

    def run_folder(self, run: str, *, create: bool = False) -> Path:
        """Return the folder of a run's ``stdout`` and ``stderr`` files."""
        if not _RUN_ID.fullmatch(run):
            raise HomeError(f"{run!r} is no run id: expected letters, digits, '-' and '_'")
        folder = self.path / "runs" / run
        if create:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _not_writable(self.path, _why(error)) from error
        return folder

    @contextmanager
    def engine_lock(self) -> Iterator[None]:
        """Be the home's one engine for the length of the block.

        The operating system frees the lock when the process ends, however it ends; processes that
        are forked meanwhile do not keep it.

        Raises:
            EngineRunning: Another engine has it.
            HomeError: The lock file cannot be written.
        """
        try:
            lock = hold_engine_lock(self.path)
        except OSError as error:
            raise _not_writable(self.path, _why(error)) from error
        try:
            yield
        finally:
            lock.release()

    def engine(self) -> EngineHolder | None:
        """Return who runs this home's engine on this machine, or None if nobody does."""
        return engine_holder(self.path)

    def _change(self, **fields: Any) -> None:
        """Change some settings, and keep what other processes have changed since this home was opened."""
        settings = replace(_read_settings(self.path) or self._settings, **fields)
        _write_settings(self.path, settings)
        self._settings = settings


def is_home(folder: Path) -> bool:
    """Return whether the folder is a home already, in whatever state."""
    return (folder / "home.json").exists()


def _read_settings(folder: Path) -> _Settings | None:
    """Return the settings, or None if *folder* is no home yet."""
    file = folder / "home.json"
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise HomeError(f"{folder} is not a folder: choose another home with --home") from error
    except OSError as error:
        raise HomeError(f"the home {folder} cannot be read: {_why(error)}") from error
    try:
        layout = msgspec.json.decode(text, type=_Layout).layout
        if layout > LAYOUT:
            raise HomeError(
                f"the home {folder} has layout {layout}, this release knows up to {LAYOUT}: "
                "it was made by a newer ticktrail, upgrade to use it"
            )
        return msgspec.json.decode(text, type=_Settings)
    except msgspec.MsgspecError as error:
        raise HomeError(
            f"{file} is damaged ({error}): delete it, the log is not touched by that, "
            "then run `ticktrail dev -f FILE` again"
        ) from error


class _Layout(msgspec.Struct):
    layout: int


def _write_settings(folder: Path, settings: _Settings) -> None:
    """Replace home.json in one step, so that a reader sees the old one or the new one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # mkstemp gives mode 0600: the log's URL may hold a password.
        handle, name = tempfile.mkstemp(dir=folder, prefix=".home-", suffix=".json")
        try:
            with open(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, folder / "home.json")
        except BaseException:
            os.unlink(name)
            raise
    except (FileExistsError, NotADirectoryError) as error:
        raise HomeError(f"{folder} is not a folder: choose another home with --home") from error
    except OSError as error:
        raise _not_writable(folder, _why(error)) from error


def _not_writable(folder: Path, why: str) -> HomeError:
    return HomeError(
        f"the home {folder} cannot be written ({why}): "
        "make it writable, or choose another with --home or TICKTRAIL_HOME"
    )


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def _place(url: str) -> str:
    """What stays the same of a log's address when its credentials change."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
