"""How a run in this process ended, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..authoring.outputs import NodeOutput
from ..authoring.results import AssetEvent
from ..failure import Failure


@dataclass(kw_only=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        step: The first step that failed, None if none did or the run never got to its steps.
        failure: Why the run failed, None if it did not.
        failed_steps: All steps that failed.
        values: What the steps that ended well handed on, by output.
        asset_events: What was noted about assets, with the step that did, in order.
    """

    step: str | None = None
    failure: Failure | None = None
    failed_steps: list[str] = field(default_factory=list)
    values: dict[NodeOutput, Any] = field(default_factory=dict)
    asset_events: list[tuple[str, AssetEvent]] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether every step ended well."""
        return self.failure is None

    @property
    def error(self) -> str | None:
        """Why the run failed, in one line; None if it did not."""
        return None if self.failure is None else self.failure.error

    @property
    def traceback(self) -> str | None:
        """The traceback of the user's code that goes with `error`."""
        return None if self.failure is None else self.failure.traceback
