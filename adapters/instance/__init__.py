"""The instance API over an event log: what sensors, steps and tests ask and report."""

from .dagster_instance import DagsterInstance
from .for_test import instance_for_test

__all__ = ["DagsterInstance", "instance_for_test"]
