"""The storages of a Dagster instance, opened by Dagster's own library from its home; nothing is made or migrated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from .errors import DagsterHomeError

#: The files of Dagster's own storages on SQLite, by class.
_FILES = {"SqliteRunStorage": "runs.db", "SqliteScheduleStorage": "schedules.db"}

#: Storages that make their tables where they find none, unless they are told not to.
_SERVERS = ("dagster_postgres", "dagster_mysql")

#: Whose errors are about the home and not about us: those of its storages have no common class.
_RAISING = (*_SERVERS, "dagster", "dagster_shared", "sqlalchemy", "yaml")


class DagsterStorages(msgspec.Struct, frozen=True, kw_only=True):
    """The open storages.

    Attributes:
        folder: The Dagster home.
        runs: Dagster's `SqlRunStorage`.
        schedules: Dagster's `SqlScheduleStorage`.
        where: Where they are and which release reads them, for people.
    """

    folder: Path
    runs: Any
    schedules: Any
    where: str


@contextmanager
def open_storages(folder: Path) -> Iterator[DagsterStorages]:
    """Open the storages for the length of the block; what Dagster raises in it becomes a `DagsterHomeError`.

    Raises:
        DagsterHomeError: There is no such home, it has no storage yet, or one that Dagster cannot read here.
    """
    if not folder.is_dir():
        raise DagsterHomeError(folder, "there is no such folder; give the one that DAGSTER_HOME names")
    try:
        from dagster import __version__ as release
    except ImportError as error:
        what = f'Dagster is not installed here ({error}): pip install "ticktrail[dagster]"'
        raise DagsterHomeError(folder, what) from error
    with _errors_told(folder, release):
        storages = _opened(folder, release)
        try:
            yield storages
        finally:
            storages.runs.dispose()
            storages.schedules.dispose()


@contextmanager
def _errors_told(folder: Path, release: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in _RAISING and not isinstance(error, ImportError):
            raise
        said = f"Dagster {release} says {_told(error)}"
        if error.__cause__ is not None:
            said += f", after {_told(error.__cause__)}"
        raise DagsterHomeError(folder, said) from error


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _opened(folder: Path, release: str) -> DagsterStorages:
    from dagster._core.instance.ref import InstanceRef
    from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
    from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage

    ref = InstanceRef.from_dir(str(folder))
    runs = _storage(folder, ref.run_storage_data, SqlRunStorage)
    schedules = _storage(folder, ref.schedule_storage_data, SqlScheduleStorage)
    for storage, table in ((runs, "runs"), (schedules, "job_ticks")):
        _check_schema(folder, storage, table, release)
    with schedules.connect() as connection:
        place = connection.engine.url.render_as_string(hide_password=True)
    return DagsterStorages(
        folder=folder, runs=runs, schedules=schedules, where=f"{place}, read by Dagster {release}"
    )


def _storage(folder: Path, data: Any, kind: type) -> Any:
    from dagster._serdes import ConfigurableClassData

    if data is None:
        raise DagsterHomeError(
            folder, "its dagster.yaml names a storage of which only Dagster knows the parts"
        )
    config = data.config_dict
    if (name := _FILES.get(data.class_name)) and not (file := Path(config["base_dir"]) / name).exists():
        raise DagsterHomeError(folder, f"it has no storage, as {file} is missing: no daemon ever ran on it")
    if data.module_name.split(".")[0] in _SERVERS:
        config = {**config, "should_autocreate_tables": False}
    storage = ConfigurableClassData(data.module_name, data.class_name, json.dumps(config)).rehydrate()
    if not isinstance(storage, kind):
        raise DagsterHomeError(
            folder, f"its storage {data.module_name}.{data.class_name} is none of Dagster's own on SQL"
        )
    return storage


def _check_schema(folder: Path, storage: Any, table: str, release: str) -> None:
    import dagster._core.storage as package
    from alembic.script import ScriptDirectory
    from sqlalchemy import inspect

    with storage.connect() as connection:
        tables = inspect(connection).get_table_names()
    if table not in tables:
        raise DagsterHomeError(folder, f"its storage has no table {table}: no daemon ever ran on it")
    revision, _ = storage.alembic_version()
    scripts = ScriptDirectory(str(Path(package.__path__[0]) / "alembic"))
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise DagsterHomeError(
            folder,
            f"its storage has the schema {revision}, which Dagster {release} does not know: "
            "a newer Dagster made it, so install that one here",
        )
