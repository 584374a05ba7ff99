"""How a sensor stands, in one word."""

from __future__ import annotations

from ...core.sensor_state import SensorState


def sensor_status(state: SensorState) -> str:
    """Return ``RUNNING``, ``STOPPED``, ``QUARANTINED``, or ``RETIRED``."""
    if not state.defined:
        return "RETIRED"
    held = state.status == "RUNNING" and state.quarantined is not None
    return "QUARANTINED" if held else state.status
