"""What databases return, as plain data and back."""

from __future__ import annotations

import datetime
import ipaddress
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticktrail.adapters.tape.values import NotPlain, plain_value, value_of

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes(timezones=st.none() | st.just(ZoneInfo("Europe/Berlin")) | st.just(datetime.UTC))
    | st.ip_addresses()
    | st.binary().map(bytearray)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda each: (
        st.lists(each) | st.lists(each).map(tuple) | st.dictionaries(st.text() | st.integers(), each)
    ),
    max_leaves=8,
)


@given(_VALUES)
def test_a_value_comes_back_as_what_it_was(value: Any) -> None:
    """Seen to fail when a tuple came back as a list, and a datetime without its zone."""
    stored = msgspec.msgpack.encode(plain_value(value))
    back = value_of(msgspec.msgpack.decode(stored))

    # Not `==`: the name of a zone is a part of it, and of two zones of one name no ambiguous times are equal.
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        Decimal("1.10"),
        Fraction(1, 3),
        UUID(int=1),
        ipaddress.ip_interface("10.0.0.1/8"),
        {"date": "2026-01-01"},
        {"dict": []},
        datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
)
def test_what_looks_like_something_else_is_itself(value: Any) -> None:
    assert repr(value_of(plain_value(value))) == repr(value)


def test_what_is_not_known_is_not_taken_for_something_else() -> None:
    with pytest.raises(NotPlain, match=r"a value of type builtins\.object"):
        plain_value([(1, object())])
