"""What every `RunKeyIndex` promises. Subclass, provide `index` and `another`, and every promise runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyed import claim, owners, release
from ticktrail.core.run_keys import NOBODY, RunKeyIndex, run_key_digests

keys = st.sampled_from(["", "a", "b", "ab", "a\0b", "ü", "\ud800"])
steps = st.lists(
    st.tuples(
        st.sampled_from(["claim", "release"]), st.sampled_from(["s", "sa", "t"]), st.lists(keys, max_size=4)
    ),
    max_size=12,
)


class RunKeyIndexContract:
    """Promises of the port.

    Fixtures to provide: `index`, empty; `another`, which makes further empty ones.
    """

    def test_an_empty_index_owns_nothing_and_begins_at_zero(self, index: RunKeyIndex) -> None:
        assert (index.count(), index.checkpoint) == (0, 0)
        assert owners(index, "inbox", ["a", "b"]) == [None, None]
        assert owners(index, "inbox", []) == []

    def test_owners_come_in_the_order_of_the_keys_that_were_asked_for(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3), ("b", 4)])

        assert owners(index, "inbox", ["b", "new", "a", "b"]) == [4, None, 3, 4]

    def test_the_first_claim_of_a_key_stays(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3)])
        claim(index, "inbox", [("a", 9)])

        assert owners(index, "inbox", ["a"]) == [3]

    def test_of_two_claims_in_one_batch_the_first_stays(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3), ("b", 4), ("a", 5)])

        assert owners(index, "inbox", ["a", "b"]) == [3, 4]
        assert index.count() == 2

    def test_an_owner_at_offset_zero_is_an_owner(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 0)])
        claim(index, "inbox", [("a", 7)])

        assert owners(index, "inbox", ["a"]) == [0]

    def test_sensors_do_not_share_keys(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3)])
        claim(index, "outbox", [("a", 4)])

        assert owners(index, "inbox", ["a"]) == [3]
        assert owners(index, "outbox", ["a"]) == [4]

    def test_a_released_key_can_be_claimed_once_more(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3), ("b", 4)])
        release(index, "inbox", ["a", "nobody's", "a"])
        released = owners(index, "inbox", ["a", "b"])

        claim(index, "inbox", [("a", 8), ("b", 9)])

        assert released == [None, 4]
        assert owners(index, "inbox", ["a", "b"]) == [8, 4]

    def test_a_key_released_of_one_sensor_stays_with_the_others(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 3)])
        claim(index, "outbox", [("a", 4)])

        release(index, "inbox", ["a"])

        assert (owners(index, "inbox", ["a"]), owners(index, "outbox", ["a"])) == ([None], [4])

    def test_keys_may_be_any_text(self, index: RunKeyIndex) -> None:
        odd = ["", "\0", "a\0b", "ü" * 1000, "\ud800", "\udfff\ud800", "a\nb", "🜁", "x" * 2**20]
        claim(index, "inbox", [(key, offset) for offset, key in enumerate(odd)])

        assert owners(index, "inbox", odd) == list(range(len(odd)))
        assert index.count() == len(odd)

    def test_the_checkpoint_only_advances(self, index: RunKeyIndex) -> None:
        seen = []
        for checkpoint in (5, 3, 5, 9):
            index.advance(checkpoint)
            seen.append(index.checkpoint)

        assert seen == [5, 5, 5, 9]

    def test_equal_indexes_have_equal_digests_whatever_the_way_there(
        self, index: RunKeyIndex, another: Callable[[], RunKeyIndex]
    ) -> None:
        other = another()
        claim(index, "inbox", [("a", 1), ("b", 2), ("c", 3)])
        claim(other, "inbox", [("c", 3), ("gone", 7), ("b", 2)])
        claim(other, "inbox", [("a", 1)])
        release(other, "inbox", ["gone"])
        other.advance(100)

        assert index.digest() == other.digest()

    def test_a_digest_tells_other_keys_other_owners_and_other_sensors(
        self, another: Callable[[], RunKeyIndex]
    ) -> None:
        digests = set()
        for sensor, claims in (
            ("inbox", []),
            ("inbox", [("a", 1)]),
            ("inbox", [("a", 2)]),
            ("inbox", [("b", 1)]),
            ("outbox", [("a", 1)]),
            ("inbox", [("a", 1), ("b", 1)]),
        ):
            index = another()
            claim(index, sensor, claims)
            digests.add(index.digest())

        assert len(digests) == 6

    def test_a_batch_of_ten_thousand_keys_half_of_them_repeats_is_told_apart(
        self, index: RunKeyIndex
    ) -> None:
        claim(index, "inbox", [(f"file_{n}", n) for n in range(0, 10_000, 2)])

        found = owners(index, "inbox", [f"file_{n}" for n in range(10_000)])

        assert found == [n if n % 2 == 0 else None for n in range(10_000)]

    @pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 1000, 100_000])
    def test_batches_of_any_size_are_told_apart_half_of_them_repeats(
        self, index: RunKeyIndex, size: int
    ) -> None:
        keys = run_key_digests("inbox", [str(n) for n in range(size)])
        index.claim(keys[::2], range(0, size, 2))
        index.claim(keys, range(size, 2 * size))
        index.release(keys[::5])

        found = index.owners(keys)

        expected = [n if n % 2 == 0 else size + n for n in range(size)]
        expected[::5] = [NOBODY] * len(expected[::5])
        assert list(found) == expected
        assert index.count() == size - len(expected[::5])

    def test_a_million_equal_keys_in_one_call_are_one_key_of_the_first(self, index: RunKeyIndex) -> None:
        index.claim(run_key_digests("inbox", ["a"]) * 10**6, range(7, 7 + 10**6))

        assert (owners(index, "inbox", ["a"]), index.count()) == ([7], 1)

    def test_equal_keys_among_others_in_a_large_batch_go_to_the_first_of_them(
        self, index: RunKeyIndex
    ) -> None:
        keys = [str(n % 700) for n in range(5000)]
        claim(index, "inbox", [(key, offset) for offset, key in enumerate(keys)])
        release(index, "inbox", ["3"] * 100)
        claim(index, "inbox", [(key, 9000 + offset) for offset, key in enumerate(keys)])

        assert owners(index, "inbox", ["0", "3", "699"]) == [0, 9003, 699]
        assert index.count() == 700

    def test_an_index_can_be_closed_twice(self, index: RunKeyIndex) -> None:
        claim(index, "inbox", [("a", 1)])

        index.close()
        index.close()

    # One test in several subclasses, each with fixtures that only make further empty indexes.
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(steps=steps)
    def test_it_behaves_as_a_dict_of_pairs(
        self, another: Callable[[], RunKeyIndex], steps: list[tuple[str, str, list[str]]]
    ) -> None:
        index = another()
        model: dict[tuple[str, str], int] = {}
        for offset, (step, sensor, batch) in enumerate(steps):
            if step == "claim":
                claim(index, sensor, [(key, offset) for key in batch])
                for key in batch:
                    model.setdefault((sensor, key), offset)
            else:
                release(index, sensor, batch)
                for key in batch:
                    model.pop((sensor, key), None)

        assert index.count() == len(model)
        for (sensor, key), owner in model.items():
            assert owners(index, sensor, [key]) == [owner]


class KeptRunKeyIndexContract(RunKeyIndexContract):
    """Promises of an index that outlives the process.

    Fixtures to provide, beside the others: `reopen`, which closes an index and opens it again.
    """

    def test_what_was_saved_is_there_after_reopening(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        claim(index, "inbox", [(f"file_{n}", 2**40 + n) for n in range(1000)])
        release(index, "inbox", ["file_7"])
        index.advance(2**41)
        index.save()
        digest = index.digest()

        again = reopen(index)

        assert (again.checkpoint, again.count(), again.digest()) == (2**41, 999, digest)
        assert owners(again, "inbox", ["file_7", "file_8"]) == [None, 2**40 + 8]

    def test_what_was_not_saved_may_be_there_and_folding_from_the_checkpoint_gives_the_same(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        claim(index, "inbox", [("a", 1)])
        index.advance(2)
        index.save()
        claim(index, "inbox", [("b", 2)])
        index.advance(3)
        claim(index, "inbox", [("c", 3)])
        release(index, "inbox", ["a"])

        again = reopen(index)

        assert again.checkpoint in (2, 3)
        if again.checkpoint == 2:
            claim(again, "inbox", [("b", 2)])
        claim(again, "inbox", [("c", 3)])
        release(again, "inbox", ["a"])
        assert owners(again, "inbox", ["a", "b", "c"]) == [None, 2, 3]
        assert again.count() == 2

    def test_an_empty_index_can_be_saved(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        index.advance(12)
        index.save()

        assert reopen(index).checkpoint == 12
