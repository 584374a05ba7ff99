"""The run-key index's adapters: in memory, and in memory with a snapshot file."""

from .memory import MemoryRunKeyIndex
from .snapshot import SnapshotRunKeyIndex

__all__ = ["MemoryRunKeyIndex", "SnapshotRunKeyIndex"]
