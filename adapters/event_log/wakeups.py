"""Who wants to be woken by one log object, and when its watcher of other writers runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from ...core.log import Subscription

logger = logging.getLogger(__name__)

#: Starts to notice the appends of others, calling what it is given; closing the result ends it.
Watch = Callable[[Callable[[], None]], Subscription]


class Wakeups:
    """The subscriptions of one log object.

    Args:
        watch: Runs from the first subscription until the last one is closed. None if nobody else
            can append.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._lock = Lock()
        self._wakes: dict[_Subscription, Callable[[], None]] = {}
        self._watching: Subscription | None = None

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Call *wake* at every `wake_all` until the subscription is closed."""
        subscription = _Subscription(self)
        with self._lock:
            if self._watching is None and self._watch is not None:
                self._watching = self._watch(self.wake_all)
            self._wakes[subscription] = wake
        return subscription

    def wake_all(self) -> None:
        """Call every subscriber; one that raises is logged and keeps nobody else from being woken."""
        if not self._wakes:
            return
        with self._lock:
            wakes = tuple(self._wakes.values())
        for wake in wakes:
            try:
                wake()
            except Exception:
                logger.exception("a subscriber of the event log raised when it was woken")

    def close(self) -> None:
        """End all subscriptions; safe to call twice."""
        with self._lock:
            subscriptions = tuple(self._wakes)
        for subscription in subscriptions:
            subscription.close()

    def _drop(self, subscription: _Subscription) -> None:
        with self._lock:
            self._wakes.pop(subscription, None)
            if self._wakes or self._watching is None:
                return
            watching, self._watching = self._watching, None
        # Outside the lock: the watcher may be in the middle of waking a subscriber that needs it.
        watching.close()


class _Subscription:
    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    def close(self) -> None:
        self._wakeups._drop(self)
