"""How often a run key may be requested."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from .errors import CheckError


class RunKeyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a sensor gets a run for a run key that it has asked for before; ours. By default never.

    The sensor has to ask for the key again: one that moves its cursor on does not.

    Attributes:
        retries: How many more runs a key may get, each once the one before has failed.
        once_per: A key gets a run in each period of this length, > 0; None for one in all time. Periods follow
            each other from 1970-01-01 UTC on. The log has the keys with the beginning of their period, as in
            ``a @ 2026-01-31T00:00:00+00:00``.

    Raises:
        CheckError: One is of another type, or negative, or *once_per* is no time.
    """

    retries: int = 0
    once_per: timedelta | None = None

    def __post_init__(self) -> None:
        if type(self.retries) is not int or self.retries < 0:
            raise CheckError(f"RunKeyPolicy.retries is {self.retries!r}: give an int >= 0")
        if self.once_per is None:
            return
        if not isinstance(self.once_per, timedelta) or self.once_per <= timedelta(0):
            raise CheckError(
                f"RunKeyPolicy.once_per is {self.once_per!r}: give a timedelta > 0, such as timedelta(days=1)"
            )


def checked_policy(policy: object, what: str) -> RunKeyPolicy:
    """Return the policy; that by default for None.

    Raises:
        CheckError: It is something else.
    """
    if policy is None:
        return RunKeyPolicy()
    if not isinstance(policy, RunKeyPolicy):
        raise CheckError(
            f"run_key_policy of {what} is {policy!r} ({type(policy).__name__}): give a RunKeyPolicy"
        )
    return policy
