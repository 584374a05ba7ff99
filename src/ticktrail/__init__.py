"""ticktrail: a sensor engine whose only source of truth is an append-only event log."""
