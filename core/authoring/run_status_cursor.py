"""How far a run status sensor has come: the cursor of such sensors, as the reference writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_CLASS = "RunStatusSensorCursor"


@dataclass(frozen=True, slots=True)
class RunStatusCursor:
    """The place of the last event that needs no further look.

    Attributes:
        record_id: Offset of that event, -1 before the first.
        record_timestamp: When it happened, seconds since the epoch; None before the first.
    """

    record_id: int
    record_timestamp: float | None = None

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """Return the cursor that *text* stands for, None if it stands for none."""
        try:
            fields = json.loads(text or "")
        except ValueError:
            return None
        if not isinstance(fields, dict) or type(fields.get("record_id")) is not int:
            return None
        return cls(fields["record_id"], _seconds(fields.get("record_timestamp")))

    def __str__(self) -> str:
        at = self.record_timestamp
        return json.dumps(
            {
                "__class__": _CLASS,
                "record_id": self.record_id,
                "record_timestamp": None if at is None else datetime.fromtimestamp(at, UTC).isoformat(),
                "update_timestamp": None,
            }
        )


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None
