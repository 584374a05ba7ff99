"""The log over a recorder: what happens when the storage fails in the middle of an append."""

from __future__ import annotations

import pytest

from contracts.event_log import events_of, put, skipped
from contracts.refusing_recorder import RefusingRecorder, log_on
from ticktrail.adapters.event_log.recorder import originator_of
from ticktrail.core.errors import LogUnavailable


def test_an_append_that_was_stored_although_the_connection_broke_is_acknowledged() -> None:
    recorder = RefusingRecorder(ConnectionError("lost"))
    log = log_on(recorder)
    recorder.refuse_inserts = recorder.store_first = True

    assert put(log, [skipped(0)], expected=0) == 0

    recorder.refuse_inserts = False
    assert put(log, [skipped(1)], expected=1) == 1
    assert events_of(log) == [skipped(0), skipped(1)]


def test_an_append_that_was_not_stored_can_be_made_again() -> None:
    recorder = RefusingRecorder(ConnectionError("lost"))
    log = log_on(recorder)
    put(log, [skipped(0)])
    recorder.refuse_inserts = True
    with pytest.raises(LogUnavailable, match="lost"):
        put(log, [skipped(1)], expected=1)

    recorder.refuse_inserts = False

    assert put(log, [skipped(1)], expected=1) == 1


def test_an_append_of_unknown_fate_says_so_and_the_next_one_finds_out() -> None:
    recorder = RefusingRecorder(ConnectionError("lost"))
    log = log_on(recorder)
    put(log, [skipped(0)])
    recorder.refuse_inserts = recorder.refuse_selects = recorder.store_first = True
    with pytest.raises(LogUnavailable, match="nor does it say whether the append was stored"):
        put(log, [skipped(1)], expected=1)

    recorder.refuse_inserts = recorder.refuse_selects = False

    assert put(log, [skipped(2)]) == 2
    assert events_of(log) == [skipped(n) for n in range(3)]


def test_after_an_error_the_log_goes_on_where_the_storage_ends_and_leaves_no_gap() -> None:
    recorder = RefusingRecorder(ConnectionError("lost"))
    log = log_on(recorder)
    put(log, [skipped(0)])
    put(log, [skipped(1)])
    recorder.refuse_inserts = True
    with pytest.raises(LogUnavailable):
        put(log, [skipped(2)])
    recorder.refuse_inserts = False

    recorder.lose(originator_of("main"), number=1)

    assert put(log, [skipped(3)]) == 1
    assert events_of(log_on(recorder)) == [skipped(0), skipped(3)]


def test_the_id_of_a_partition_never_changes() -> None:
    assert str(originator_of("main")) == "5b4b8ca2-4492-5ea0-9f26-8766e5127900"
