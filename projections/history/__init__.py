"""The tick history: relations made of the log's events, for questions in SQL. What they are, no database."""
