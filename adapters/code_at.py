"""Other code: the definitions of a file, a module, or a revision of a git repository."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..core.errors import TickTrailError
from .tape import is_users, rebind

if TYPE_CHECKING:
    from .definitions_file import LoadedDefinitions
    from .home import DefinitionsSource

_GIT = "git:"

#: Modules of other code, which live on with it.
_modules: list[ModuleType] = []


class CodeNotFound(TickTrailError):
    """There is no such code."""


@contextmanager
def code_at(named: str, remembered: DefinitionsSource | None) -> Iterator[LoadedDefinitions]:
    """Load other definitions; what is taken out of git is there as long as the context is.

    Args:
        named: A Python file, an importable module, or ``git:REV``, which stands for the remembered
            definitions as they were at that revision.
        remembered: Where the definitions are.

    Raises:
        CodeNotFound: There is no such revision, or the definitions are in no repository.
        DefinitionsError: They cannot be loaded.
    """
    from .definitions_file import load_definitions

    with ExitStack() as opened:
        file: Path | None = None
        if named.startswith(_GIT):
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="ticktrail-code-"))
            file = _file_at(named.removeprefix(_GIT), remembered, Path(folder))
        elif named.endswith(".py") or Path(named).is_file():
            file = Path(named)
        with _modules_of_its_own():
            loaded = load_definitions(file, None if file is not None else named)
        yield loaded


@contextmanager
def _modules_of_its_own() -> Iterator[None]:
    """Have what is imported meanwhile ready for tapes, and out of the way of the next code, which may have other
    modules of these names.
    """
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if is_users(sys.modules[name]):
                module = sys.modules.pop(name)
                rebind(module)
                _modules.append(module)


def _file_at(revision: str, remembered: DefinitionsSource | None, folder: Path) -> Path:
    """Take the repository of the remembered definitions at a revision out to *folder*, and return their file there."""
    file = None if remembered is None else _file_of(remembered)
    if file is None:
        raise CodeNotFound(
            f"{_GIT}{revision} stands for the home's definitions at that revision, and it remembers none in a file: "
            "name the file at that revision yourself, after `git worktree add`"
        )
    root = repository_of(file)
    archive = _git(root, "archive", "--format=tar", revision)
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        content.extractall(folder, filter="data")
    there = folder / file.resolve().relative_to(root.resolve())
    if not there.is_file():
        raise CodeNotFound(
            f"revision {revision} of {root} has no {file.resolve().relative_to(root.resolve())}"
        )
    return there


def repository_of(file: Path) -> Path:
    """Return the root of the git repository that a file is in."""
    return Path(_git(file.parent, "rev-parse", "--show-toplevel").decode().strip())


def revisions(good: str, bad: str, remembered: DefinitionsSource | None) -> list[tuple[str, str]]:
    """Return the revisions of the remembered definitions' repository after one up to another, the oldest first.

    Each with its subject. Raises as `code_at` does.
    """
    file = None if remembered is None else _file_of(remembered)
    if file is None:
        raise CodeNotFound(
            f"{good}..{bad} are revisions of the home's definitions, and it remembers none in a file"
        )
    told = _git(repository_of(file), "log", "--reverse", "--format=%h %s", f"{good}..{bad}").decode()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in told.splitlines()]


def _file_of(source: DefinitionsSource) -> Path | None:
    if source.file is not None:
        return Path(source.file)
    if source.folder is None or source.module is None:
        return None
    path = Path(source.folder, *source.module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True)
    except FileNotFoundError as error:
        raise CodeNotFound("git is not installed: name a file or a module instead") from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise CodeNotFound(f"`git {' '.join(arguments)}` in {folder} failed: {told}")
    return done.stdout
