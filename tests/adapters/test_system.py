"""Ids of runs."""

from __future__ import annotations

import uuid

import pytest

from ticktrail.adapters import system
from ticktrail.adapters.system import new_run_ids


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000])
def test_as_many_ids_as_are_asked_for_are_all_different(count: int) -> None:
    """Seen to fail when the heads were counted without what is skipped of the first."""
    for _ in range(20):
        ids = new_run_ids(count)

        assert len(set(ids)) == len(ids) == count
        assert [str(uuid.UUID(run)) for run in ids] == ids


def test_ids_count_on_from_a_random_one_and_begin_anew_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen to fail when numbers had nine digits at the end."""
    monkeypatch.setattr(system, "new_run_id", lambda: "fffffffe-rest")

    assert new_run_ids(3) == ["fffffffe-rest", "ffffffff-rest", "00000000-rest"]
