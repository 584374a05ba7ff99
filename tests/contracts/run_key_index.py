"""What every `RunKeyIndex` promises. Subclass, provide `index` and `another`, and every promise runs."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticktrail.core.run_keys import RunKeyIndex

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
        assert index.owners("inbox", ["a", "b"]) == [None, None]
        assert index.owners("inbox", []) == []

    def test_owners_come_in_the_order_of_the_keys_that_were_asked_for(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3), ("b", 4)])

        assert index.owners("inbox", ["b", "new", "a", "b"]) == [4, None, 3, 4]

    def test_the_first_claim_of_a_key_stays(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3)])
        index.claim("inbox", [("a", 9)])

        assert index.owners("inbox", ["a"]) == [3]

    def test_of_two_claims_in_one_batch_the_first_stays(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3), ("b", 4), ("a", 5)])

        assert index.owners("inbox", ["a", "b"]) == [3, 4]
        assert index.count() == 2

    def test_an_owner_at_offset_zero_is_an_owner(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 0)])
        index.claim("inbox", [("a", 7)])

        assert index.owners("inbox", ["a"]) == [0]

    def test_sensors_do_not_share_keys(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3)])
        index.claim("outbox", [("a", 4)])

        assert index.owners("inbox", ["a"]) == [3]
        assert index.owners("outbox", ["a"]) == [4]

    def test_a_released_key_can_be_claimed_once_more(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3), ("b", 4)])
        index.release("inbox", ["a", "nobody's", "a"])
        released = index.owners("inbox", ["a", "b"])

        index.claim("inbox", [("a", 8), ("b", 9)])

        assert released == [None, 4]
        assert index.owners("inbox", ["a", "b"]) == [8, 4]

    def test_a_key_released_of_one_sensor_stays_with_the_others(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 3)])
        index.claim("outbox", [("a", 4)])

        index.release("inbox", ["a"])

        assert (index.owners("inbox", ["a"]), index.owners("outbox", ["a"])) == ([None], [4])

    def test_keys_may_be_any_text(self, index: RunKeyIndex) -> None:
        odd = ["", "\0", "ü" * 1000, "\ud800", "a\nb", "🜁"]
        index.claim("inbox", [(key, offset) for offset, key in enumerate(odd)])

        assert index.owners("inbox", odd) == list(range(len(odd)))
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
        index.claim("inbox", [("a", 1), ("b", 2), ("c", 3)])
        other.claim("inbox", [("c", 3), ("gone", 7), ("b", 2)])
        other.claim("inbox", [("a", 1)])
        other.release("inbox", ["gone"])
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
            index.claim(sensor, claims)
            digests.add(index.digest())

        assert len(digests) == 6

    def test_a_batch_of_ten_thousand_keys_half_of_them_repeats_is_told_apart(
        self, index: RunKeyIndex
    ) -> None:
        index.claim("inbox", [(f"file_{n}", n) for n in range(0, 10_000, 2)])

        owners = index.owners("inbox", [f"file_{n}" for n in range(10_000)])

        assert owners == [n if n % 2 == 0 else None for n in range(10_000)]

    def test_an_index_can_be_closed_twice(self, index: RunKeyIndex) -> None:
        index.claim("inbox", [("a", 1)])

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
                index.claim(sensor, [(key, offset) for key in batch])
                for key in batch:
                    model.setdefault((sensor, key), offset)
            else:
                index.release(sensor, batch)
                for key in batch:
                    model.pop((sensor, key), None)

        assert index.count() == len(model)
        for (sensor, key), owner in model.items():
            assert index.owners(sensor, [key]) == [owner]


class KeptRunKeyIndexContract(RunKeyIndexContract):
    """Promises of an index that outlives the process.

    Fixtures to provide, beside the others: `reopen`, which closes an index and opens it again.
    """

    def test_what_was_saved_is_there_after_reopening(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        index.claim("inbox", [(f"file_{n}", 2**40 + n) for n in range(1000)])
        index.release("inbox", ["file_7"])
        index.advance(2**41)
        index.save()
        digest = index.digest()

        again = reopen(index)

        assert (again.checkpoint, again.count(), again.digest()) == (2**41, 999, digest)
        assert again.owners("inbox", ["file_7", "file_8"]) == [None, 2**40 + 8]

    def test_what_was_not_saved_is_not_there_and_the_checkpoint_says_so(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        index.claim("inbox", [("a", 1)])
        index.advance(2)
        index.save()
        index.claim("inbox", [("b", 2)])
        index.advance(3)

        again = reopen(index)

        assert again.checkpoint == 2
        assert again.owners("inbox", ["a", "b"]) == [1, None]

    def test_an_empty_index_can_be_saved(
        self, index: RunKeyIndex, reopen: Callable[[RunKeyIndex], RunKeyIndex]
    ) -> None:
        index.advance(12)
        index.save()

        assert reopen(index).checkpoint == 12
