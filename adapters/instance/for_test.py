"""An instance for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .dagster_instance import DagsterInstance


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None, temp_dir: str | None = None, **settings: Any
) -> Iterator[DagsterInstance]:
    """Give an instance in memory for the length of the block.

    Args:
        overrides: Settings of the reference's instance; there are none here, so they change nothing.
        temp_dir: Where the reference keeps the instance's files; there are none here.
        settings: Further settings of the reference's, likewise.
    """
    with DagsterInstance.ephemeral() as instance:
        yield instance
