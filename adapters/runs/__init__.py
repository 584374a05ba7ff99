"""Running jobs on this machine: one process per run, each of which claims its run in the log."""
