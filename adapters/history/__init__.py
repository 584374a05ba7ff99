"""The tick history in DuckDB: sealed Parquet segments and the log's tail, for questions in SQL.

Needs the extra ``history``.
"""

from __future__ import annotations

from .database import History
from .errors import HistoryDamaged, HistoryError, HistoryQueryError

__all__ = ["History", "HistoryDamaged", "HistoryError", "HistoryQueryError"]
