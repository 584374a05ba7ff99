"""The run-key index in memory."""

from __future__ import annotations

import pytest

from contracts.run_key_index import RunKeyIndexContract
from ticktrail.adapters.run_key_index import MemoryRunKeyIndex


class TestMemoryRunKeyIndex(RunKeyIndexContract):
    @pytest.fixture
    def index(self) -> MemoryRunKeyIndex:
        return MemoryRunKeyIndex()

    @pytest.fixture
    def another(self) -> type[MemoryRunKeyIndex]:
        return MemoryRunKeyIndex
