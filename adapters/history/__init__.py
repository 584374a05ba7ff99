"""The tick history in DuckDB: sealed Parquet segments and the log's tail, for questions in SQL.

`segments` and `errors` need nothing; the rest needs the extra ``history``.
"""
