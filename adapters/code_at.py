"""Other code: the definitions of a file, a module, or a revision of a git repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import TickTrailError

if TYPE_CHECKING:
    from .definitions_file import LoadedDefinitions
    from .home import DefinitionsSource

_GIT = "git:"


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

    if named.startswith(_GIT):
        with tempfile.TemporaryDirectory(prefix="ticktrail-code-") as folder:
            yield load_definitions(_file_at(named.removeprefix(_GIT), remembered, Path(folder)), None)
        return
    path = Path(named)
    if path.suffix == ".py" or path.exists():
        yield load_definitions(path, None)
    else:
        yield load_definitions(None, named)


def _file_at(revision: str, remembered: DefinitionsSource | None, folder: Path) -> Path:
    """Take the repository of the remembered definitions at a revision out to *folder*, and return their file there."""
    file = None if remembered is None else _file_of(remembered)
    if file is None:
        raise CodeNotFound(
            f"{_GIT}{revision} stands for the home's definitions at that revision, and it remembers none in a file: "
            "name the file at that revision yourself, after `git worktree add`"
        )
    root = Path(_git(file.parent, "rev-parse", "--show-toplevel").decode().strip())
    archive = _git(root, "archive", "--format=tar", revision)
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        content.extractall(folder, filter="data")
    there = folder / file.resolve().relative_to(root.resolve())
    if not there.is_file():
        raise CodeNotFound(
            f"revision {revision} of {root} has no {file.resolve().relative_to(root.resolve())}"
        )
    return there


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
