"""Loading the definitions from the user's file or module."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from ..core.authoring.definitions import Definitions
from ..core.authoring.errors import DagsterInvariantViolationError
from ..core.authoring.lazy_definitions import LazyDefinitions
from ..core.authoring.sensor_definition import SensorDefinition
from ..core.errors import TickTrailError
from ..core.failure import Failure
from .source_text import code_digest, source_text

Made = TypeVar("Made")


class DefinitionsError(TickTrailError):
    """The definitions cannot be loaded.

    Attributes:
        traceback: The traceback of the user's code, None if no code of theirs failed.
    """

    def __init__(self, message: str, traceback: str | None = None) -> None:
        super().__init__(message)
        self.traceback = traceback


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDefinitions:
    """Definitions and where they come from.

    Attributes:
        definitions: What was loaded.
        origin: The file or module, for people.
        fingerprints: For each sensor and schedule, the digest of its function's code.
        sources: For each sensor and schedule, the source text of its function; None if it cannot be had.
    """

    definitions: Definitions
    origin: str
    fingerprints: dict[str, str]
    sources: dict[str, str | None]

    @property
    def sensors(self) -> dict[str, SensorDefinition]:
        """The sensors and schedules by name."""
        return self.definitions.get_repository_def().all_sensors


def load_definitions(file: Path | None, module: str | None) -> LoadedDefinitions:
    """Import *file* or *module*, whichever is given, and return the one `Definitions` in it, resolved.

    The file's folder, or for a module the current folder, is put first on ``sys.path`` and stays
    there. The file is imported under a name of its own, the same for the same path. A package may have
    its `Definitions` in its module ``definitions``.

    Raises:
        DefinitionsError: There is no such file or module, its code failed, it has no
            `Definitions`, or their parts do not fit together.
        DagsterInvariantViolationError: It has more than one.
    """
    if file is not None and module is None:
        origin = str(file)
        imported = _guarded(origin, lambda: _import_file(file))
    elif module is not None and file is None:
        origin = f"module {module}"
        imported = _guarded(origin, lambda: _import_module(module))
    else:
        raise DefinitionsError("say where the definitions are: a file (-f FILE) or a module (-m MODULE)")
    definitions = _definitions_of(imported, origin)
    sensors = _guarded(origin, definitions.get_repository_def).all_sensors
    sources = {name: source_text(sensor.evaluation_fn) for name, sensor in sensors.items()}
    return LoadedDefinitions(
        definitions=definitions,
        origin=origin,
        fingerprints={
            name: _fingerprint(sensor.evaluation_fn, sources[name]) for name, sensor in sensors.items()
        },
        sources=sources,
    )


def _guarded(origin: str, load: Callable[[], Made]) -> Made:
    """Call *load*; whatever the user's code raises becomes a `DefinitionsError`."""
    try:
        return load()
    except (KeyboardInterrupt, DefinitionsError):
        raise
    except BaseException as error:
        failure = Failure.of(error)
        told = failure.has_frames or isinstance(error, SyntaxError)
        raise DefinitionsError(
            f"{origin} cannot be loaded: {failure.error}", failure.traceback if told else None
        ) from error


def _import_file(file: Path) -> ModuleType:
    path = file.resolve()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DefinitionsError(f"the definitions file {file} {what}: give the path of a Python file")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DefinitionsError(f"the definitions file {file} cannot be read: {error.strerror}") from error
    digest = blake2b(str(path).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    module = ModuleType(f"ticktrail_definitions_{digest}")
    module.__file__, module.__package__ = str(path), ""
    _first_on_path(path.parent)
    sys.modules[module.__name__] = module
    try:
        # Not through a loader: its cache of compiled code misses an edit within the same second.
        exec(compile(text, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - it is the user's
    except BaseException as error:
        del sys.modules[module.__name__]
        if isinstance(error, ImportError) and "no known parent package" in str(error):
            error.add_note(f"A file by itself is in no package: name the module, -m PACKAGE.{path.stem}")
        raise
    return module


def _import_module(name: str) -> ModuleType:
    _first_on_path(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise DefinitionsError(
            f"there is no module {name!r}: give the dotted name of a module that can be imported from "
            f"{Path.cwd()} or that is installed"
        ) from error


def _first_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _definitions_of(module: ModuleType, origin: str) -> Definitions:
    found = _found_in(module, origin)
    if found is None and (inner := _module_definitions(module)) is not None:
        name = f"{origin}.definitions"
        found = _found_in(_guarded(name, lambda: importlib.import_module(inner)), name)
    if found is None:
        raise DefinitionsError(
            f"{origin} has no Definitions: put a `defs = Definitions(...)` with your sensors, jobs and assets "
            + (
                "at its top level"
                if not hasattr(module, "__path__")
                else "into its __init__.py or definitions.py"
            )
        )
    return _guarded(origin, found) if isinstance(found, LazyDefinitions) else found


def _found_in(module: ModuleType, origin: str) -> Definitions | LazyDefinitions | None:
    found: dict[int, tuple[str, Definitions | LazyDefinitions]] = {}
    for name, value in vars(module).items():
        if isinstance(value, (Definitions, LazyDefinitions)):
            found.setdefault(id(value), (name, value))
    if len(found) > 1:
        names = " and ".join(name for name, _ in found.values())
        raise DagsterInvariantViolationError(
            f"{origin} has {len(found)} Definitions ({names}), exactly one is expected: put everything into "
            "one, or Definitions.merge them"
        )
    return next((value for _, value in found.values()), None)


def _module_definitions(package: ModuleType) -> str | None:
    """Return the name of the package's module ``definitions``, None if there is none."""
    name = f"{package.__name__}.definitions"
    return name if hasattr(package, "__path__") and importlib.util.find_spec(name) is not None else None


def _fingerprint(function: Callable[..., object], source: str | None) -> str:
    if source is None:
        return code_digest(function)
    return blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
