"""The run-key index in a mapped file: the shared promises, growth, and what becomes of bad files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.run_key_index import KeptRunKeyIndexContract
from ticktrail.adapters.run_key_index import MappedRunKeyIndex
from ticktrail.core.run_keys import RunKeyIndex


class TestMappedRunKeyIndex(KeptRunKeyIndexContract):
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "run-keys"

    @pytest.fixture
    def index(self, file: Path) -> Iterator[MappedRunKeyIndex]:
        index = MappedRunKeyIndex(file)
        yield index
        index.close()

    @pytest.fixture
    def another(self, tmp_path: Path) -> Callable[[], RunKeyIndex]:
        numbers = itertools.count()
        return lambda: MappedRunKeyIndex(tmp_path / f"another{next(numbers)}")

    @pytest.fixture
    def reopen(self, file: Path) -> Callable[[RunKeyIndex], RunKeyIndex]:
        def close_and_open(index: RunKeyIndex) -> RunKeyIndex:
            index.close()
            return MappedRunKeyIndex(file)

        return close_and_open
