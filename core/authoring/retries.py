"""Steps that are tried again: by a policy, or because their function asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .errors import CheckError, DagsterInvalidDefinitionError
from .metadata import normalize_metadata


class Backoff(Enum):
    """How the delay grows from retry to retry.

    Attributes:
        LINEAR: Delay, twice the delay, three times the delay ...
        EXPONENTIAL: Delay, three times the delay, seven times the delay ...
    """

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """How chance changes the delay, so that steps that failed together are not tried again together.

    Attributes:
        FULL: Anything between none and all of the delay.
        PLUS_MINUS: Up to the base delay more or less.
    """

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


@dataclass(frozen=True)
class RetryPolicy:
    """How often and when a step that failed is tried again, within its run.

    Attributes:
        max_retries: Retries after the first attempt.
        delay: Seconds before a retry; None is none.
        backoff: How the delay grows; None if it does not.
        jitter: How chance changes the delay; None if it does not.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            CheckError: One has the wrong type, or is negative.
            DagsterInvalidDefinitionError: There is a backoff or a jitter of no delay.
        """
        _check_retries(self.max_retries, "RetryPolicy")
        _check_seconds(self.delay, "delay of a RetryPolicy")
        for name, kind in (("backoff", Backoff), ("jitter", Jitter)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise CheckError(
                    f"{name} of a RetryPolicy must be a {kind.__name__} such as {next(iter(kind))}, got {value!r}"
                )
            if value is not None and self.delay is None:
                raise DagsterInvalidDefinitionError(
                    f"a RetryPolicy has the {name} {value.name} and no delay for it to change: give delay=..."
                )

    def seconds_before(self, retry: int, chance: Callable[[], float]) -> float:
        """Return how long to wait before a retry.

        Args:
            retry: 1 for the first.
            chance: Returns a random number from 0 up to 1.
        """
        base = self.delay or 0.0
        if self.backoff is Backoff.LINEAR:
            seconds = base * retry
        elif self.backoff is Backoff.EXPONENTIAL:
            seconds = base * (2**retry - 1)
        else:
            seconds = base
        if self.jitter is Jitter.FULL:
            seconds *= chance()
        elif self.jitter is Jitter.PLUS_MINUS:
            seconds += base * (2 * chance() - 1)
        return max(0.0, seconds)


class Failure(Exception):
    """Raised by a step's function to fail it, with what is to be known about why.

    Attributes:
        description: Why.
        metadata: By name; told in the run's log.
        allow_retries: Whether the step's retry policy applies.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        allow_retries: bool = True,
    ) -> None:
        if description is not None and not isinstance(description, str):
            raise CheckError(f"description of a Failure must be a str or None, got {description!r}")
        super().__init__(*(() if description is None else (description,)))
        self.description = description
        self.metadata = normalize_metadata(metadata)
        self.allow_retries = allow_retries


class RetryRequested(Exception):
    """Raised by a step's function to be tried again.

    Attributes:
        max_retries: Retries after the first attempt; then the step fails.
        seconds_to_wait: Before the retry; None is none.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float | None = None) -> None:
        _check_retries(max_retries, "RetryRequested")
        _check_seconds(seconds_to_wait, "seconds_to_wait of a RetryRequested")
        super().__init__(f"after {max_retries} retries")
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait


def seconds_to_retry(
    error: BaseException, policy: RetryPolicy | None, retry: int, chance: Callable[[], float]
) -> float | None:
    """Return how long to wait before the step is tried again; None if it is not.

    Args:
        error: What the step raised.
        policy: The step's, if it has one.
        retry: The number that the next attempt would have: 1 for the first retry.
        chance: Returns a random number from 0 up to 1.
    """
    if isinstance(error, RetryRequested):
        return (error.seconds_to_wait or 0.0) if retry <= error.max_retries else None
    # Not BaseException: what calls sys.exit() wants to end.
    if policy is None or retry > policy.max_retries or not isinstance(error, Exception):
        return None
    if isinstance(error, Failure) and not error.allow_retries:
        return None
    return policy.seconds_before(retry, chance)


def check_policy(policy: RetryPolicy | None, what: str) -> RetryPolicy | None:
    """Return *policy*.

    Raises:
        CheckError: It is neither a `RetryPolicy` nor None.
    """
    if policy is not None and not isinstance(policy, RetryPolicy):
        raise CheckError(f"retry policy of {what} must be a RetryPolicy, got {policy!r}")
    return policy


def _check_retries(value: object, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CheckError(f"max_retries of a {what} must be an int of at least 0, got {value!r}")


def _check_seconds(value: object, what: str) -> None:
    if value is None:
        return
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise CheckError(f"{what} must be a number of seconds, at least 0, got {value!r}")
