"""The archive of a log: its older frames in compressed files, read as if they were in the log's storage still."""
