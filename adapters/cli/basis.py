"""What a tick is decided on, at the head of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.log import EventLog
from ...core.run_keys import RunKeyOwners
from ...projections.dynamic_partitions import DynamicPartitions
from ...projections.outbox import Outbox
from ...projections.run_keys import RunKeys
from ...projections.sensor_states import SensorStates
from ..folding import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...core.authoring.run_key_policy import RunKeyPolicy
    from ...core.evaluation import Evaluation


class Basis:
    """The states of sensors, the owners of run keys, the dynamic partitions and the open runs of a log.

    Attributes:
        head: The offset up to which the log is known.
    """

    def __init__(self, log: EventLog, index: RunKeyOwners) -> None:
        """Take the log and the index of its run keys, which stays the caller's; `catch_up` reads."""
        self.log, self.head = log, 0
        self.states, self.keys, self.partitions = SensorStates(), RunKeys(index), DynamicPartitions()
        self._outbox = Outbox()

    def catch_up(self) -> int:
        """Fold in what is new, and return the head."""
        self.head = fold(self.log, self.states, self.keys, self.partitions, self._outbox)
        return self.head

    def owners(
        self, sensor: str, policy: RunKeyPolicy, evaluation: Evaluation
    ) -> tuple[Sequence[int], Mapping[str, int]]:
        """Return what is known of the run keys that are asked for.

        Returns:
            For each request in order, the offset of the request that owns its run key, or `NOBODY`; and the
            keys that the policy frees for one more run, with the number of that try.
        """
        from ...core.run_key_tries import with_tries

        requests = evaluation.requests
        owners = self.keys.owners(sensor, [request.run_key or "" for request in requests])
        return with_tries(policy, requests, owners, self._outbox.failed_try)
