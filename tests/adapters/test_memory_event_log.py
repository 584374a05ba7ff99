"""The event log in memory."""

import pytest

from contracts.event_log import EventLogContract
from ticktrail.adapters.event_log import MemoryEventLog


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def log(self) -> MemoryEventLog:
        return MemoryEventLog()

    @pytest.fixture
    def other(self, log: MemoryEventLog) -> MemoryEventLog:
        return log
