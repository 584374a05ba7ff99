"""An instance for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...core.authoring.errors import CheckError
from ..event_log import open_event_log
from .dagster_instance import DagsterInstance


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None, set_dagster_home: bool = True, temp_dir: str | None = None
) -> Iterator[DagsterInstance]:
    """Give an instance of its own for the length of the block.

    Args:
        overrides: Settings of the reference's instance; there are none here.
        set_dagster_home: Whether it is what `DagsterInstance.get` returns in the block.
        temp_dir: An existing folder to keep the log in; in memory if None.

    Raises:
        CheckError: There are *overrides*.
        LogUnavailable: The log cannot be kept in *temp_dir*.
    """
    if overrides:
        raise CheckError(
            f"instance_for_test: an instance has no settings here, so {', '.join(overrides)} would change "
            "nothing: leave overrides out"
        )
    with _instance(temp_dir) as instance:
        before = DagsterInstance._of_test
        if set_dagster_home:
            DagsterInstance._of_test = instance
        try:
            yield instance
        finally:
            DagsterInstance._of_test = before


@contextmanager
def _instance(folder: str | None) -> Iterator[DagsterInstance]:
    if folder is None:
        yield DagsterInstance.ephemeral()
        return
    log = open_event_log(Path(folder) / "log.sqlite")
    try:
        yield DagsterInstance(log)
    finally:
        log.close()
