"""The engine as a process: threads that evaluate, one loop that decides and appends."""
