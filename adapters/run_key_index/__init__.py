"""The run-key index's adapters: in memory, and in a mapped file."""

from ...projections.run_keys_in_memory import MemoryRunKeyIndex
from .mapped import MappedRunKeyIndex

__all__ = ["MappedRunKeyIndex", "MemoryRunKeyIndex"]
