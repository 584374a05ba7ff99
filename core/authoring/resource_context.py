"""What a resource gets to know when it is set up."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..records import DagsterRun


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResourceContext:
    """The context of one set-up, for one tick or one run.

    Attributes:
        log: A logger whose lines are kept with the tick or the run.
        run: The run, None in a tick.
        resource_config: What the run config says for a resource made with `resource`; plain data.
    """

    log: logging.Logger
    run: DagsterRun | None = None
    resource_config: Any = field(default_factory=dict)

    @property
    def run_id(self) -> str | None:
        """Id of the run, None in a tick."""
        return None if self.run is None else self.run.run_id

    @property
    def run_tags(self) -> Mapping[str, str]:
        """All tags of the run; none in a tick."""
        return {} if self.run is None else self.run.tags
