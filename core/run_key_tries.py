"""What a sensor's run key policy makes of the requests of a tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec

from .authoring.run_key_policy import RunKeyPolicy
from .evaluation import Evaluation
from .events import RUN_KEY_TAG, TRY_TAG, RunRequested
from .moment_text import moment_text
from .requests import Request
from .run_keys import NOBODY

#: Returns, for the offset of a request whose run has failed, which try of its key that was; None for any other.
FailedTry = Callable[[int], int | None]


def try_of(request: RunRequested) -> int:
    """Return which try of its run key a request is, from 1 on."""
    return int(request.given_tags.get(TRY_TAG, "1"))


def with_tries(
    policy: RunKeyPolicy, requests: Sequence[Request], owners: Sequence[int], failed_try: FailedTry
) -> tuple[Sequence[int], Mapping[str, int]]:
    """Return the owners as they are once the policy has freed keys, and those keys.

    Args:
        owners: For each request, the offset of the request that owns its run key, or `NOBODY`.

    Returns:
        `NOBODY` in place of runs that have failed and whose keys may get one more; and the number of that try.
    """
    if not policy.retries:
        return owners, {}
    asked = list(zip(requests, owners, strict=True))
    tries = {
        request.run_key: failed + 1
        for request, owner in asked
        if request.run_key and (failed := failed_try(owner)) is not None and failed <= policy.retries
    }
    return [NOBODY if request.run_key in tries else owner for request, owner in asked], tries


def in_period(evaluation: Evaluation, policy: RunKeyPolicy, at: int) -> Evaluation:
    """Return the evaluation with its run keys as they are in the period of a tick that began at *at*."""
    if policy.once_per is None:
        return evaluation
    length = policy.once_per // timedelta(microseconds=1)
    period = moment_text(at - at % length)
    requests = [_of_period(request, period) for request in evaluation.requests]
    return msgspec.structs.replace(evaluation, requests=requests)


def _of_period(request: Request, period: str) -> Request:
    if not request.run_key:
        return request
    key = f"{request.run_key} @ {period}"
    if request.problem is not None:
        return msgspec.structs.replace(request, run_key=key)
    # The run's tag has the key as it was given.
    tags = {**request.tags, RUN_KEY_TAG: request.run_key}
    return msgspec.structs.replace(request, run_key=key, tags=tags)
