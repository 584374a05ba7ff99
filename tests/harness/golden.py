"""The stored samples of events, and the values that they stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from ticktrail.core import events
from ticktrail.core.events import AnyEvent

GOLDEN = Path(__file__).parents[1] / "golden"
SAMPLES: list[dict[str, Any]] = json.loads((GOLDEN / "events-1.json").read_text("utf-8"))


def value(sample: dict[str, Any]) -> AnyEvent:
    """Return the event that a sample stands for."""
    kind = getattr(events, sample["event"])
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    # JSON has no bytes.
    fields = {name: msgspec.convert(given, types[name]) for name, given in sample["fields"].items()}
    event: AnyEvent = kind(**fields)
    return event
