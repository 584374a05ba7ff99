"""Which events a projection gets of those that there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticktrail.core.events import AnyEvent, CursorUpdated, RunRequested, TickSkipped
from ticktrail.projections.fold import chosen

requests = st.just(RunRequested(at=1, run="r", job="j"))
skips = st.just(TickSkipped(at=1, tick=1, sensor="s", reason=None, duration=0.0))
cursors = st.just(CursorUpdated(at=1, tick=1, sensor="s", before=None, after="1"))
KINDS = [RunRequested, TickSkipped, CursorUpdated]


@given(
    st.lists(requests | skips | cursors, max_size=30),
    st.sampled_from([0, 1, 100]),
    st.frozensets(st.sampled_from(KINDS)),
)
def test_it_gets_those_of_its_types_with_their_offsets_in_order(
    some: list[AnyEvent], times: int, wanted: frozenset[type]
) -> None:
    """Rare ones and many. Seen to fail when rare ones of several types came type by type."""
    events = [*some, *some[:1] * times, *some]

    expected = [(offset, event) for offset, event in enumerate(events, 7) if type(event) in wanted]
    assert chosen(7, events, wanted) == expected
