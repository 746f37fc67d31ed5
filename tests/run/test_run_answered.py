"""The index of answered ids: a bounded memory that never lets an event count twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.run.answered import FILTER_BYTES, Answered, fingerprint, warm


def restored(index):
    header, buffers = index.save()
    young, old = (bytes(buffer) for buffer in buffers)
    return Answered.load(header, young, old)


def test_a_fingerprint_is_128_bits_of_the_id_and_the_same_everywhere():
    high, low = fingerprint("p1")
    assert fingerprint("p1") == (high, low) != fingerprint("p2")
    assert all(-(2**63) <= half < 2**63 for half in (high, low))


def test_what_was_never_added_is_not_found():
    assert Answered().find(fingerprint("p1")) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=300), st.integers(1, 12))
def test_the_index_is_a_dictionary_that_forgets_only_what_lies_before_its_floor(steps, most):
    """The oracle is a dict that forgets nothing: what the index has forgotten must be refused by its floor."""
    index, oracle, as_of_us, seq = Answered(most=most), {}, 0, 0
    for name, pause in steps:
        # Time stands still often: several events of one microsecond are the hard case.
        as_of_us += max(0, pause - 2)
        mark = fingerprint(f"e{name}")
        found = index.find(mark)
        if found is not None:
            assert found == oracle[name][0]
            continue
        if name in oracle:
            # Forgotten. An event's own time is at most the instant it was answered at, so the same event
            # sent again lies before the floor, where it is refused.
            assert oracle[name][1] < index.floor_us
            continue
        index.add(mark, seq, as_of_us)
        oracle[name] = (seq, as_of_us)
        seq += 1
    assert len(index) <= 2 * most
    if seq <= most:
        assert index.floor_us == 0


@settings(max_examples=20)
@given(st.sets(st.text(max_size=8), max_size=60), st.integers(1, 40))
def test_an_index_that_was_saved_and_loaded_is_the_same_index(names, most):
    index = Answered(most=most)
    for seq, name in enumerate(sorted(names)):
        index.add(fingerprint(name), seq, seq)
    again = restored(index)
    assert (again.floor_us, len(again), again.bytes_held()) == (index.floor_us, len(index), index.bytes_held())
    assert [again.find(fingerprint(n)) for n in sorted(names)] == [index.find(fingerprint(n)) for n in sorted(names)]
    for number in range(2 * most):  # and it goes on alike
        for each in (index, again):
            each.add(fingerprint(f"new {number}"), 1000 + number, 1000 + number)
    assert again.floor_us == index.floor_us


def test_a_table_that_grows_keeps_all_that_it_held():
    index = Answered()
    for seq in range(20_000):
        index.add(fingerprint(f"e{seq}"), seq, seq)
    assert all(index.find(fingerprint(f"e{seq}")) == seq for seq in range(0, 20_000, 7))
    assert len(index) == 20_000


def test_ids_that_fall_on_one_place_of_the_table_are_told_apart():
    index, low = Answered(), 5
    for high in range(50):
        index.add((high, low), high, 0)
    assert [index.find((high, low)) for high in range(50)] == list(range(50))
    assert index.find((50, low)) is None


def test_memory_is_bounded_by_two_generations():
    index = Answered(most=1000)
    for seq in range(20_000):
        index.add(fingerprint(f"e{seq}"), seq, seq)
    assert index.bytes_held() <= 2 * 4096 * (24 + FILTER_BYTES)
    assert index.floor_us > 0


def test_an_id_is_found_through_growth_forgetting_and_loading_and_others_are_not():
    index = Answered(most=3000)
    for seq in range(7_000):
        index.add(fingerprint(f"e{seq}"), seq, seq)
    header, buffers = index.save()
    loaded = Answered.load(header, *(bytes(buffer) for buffer in buffers))
    for each in (index, loaded):
        assert [each.find(fingerprint(f"e{seq}")) for seq in range(3000, 7_000)] == list(range(3000, 7_000))
        assert all(each.find(fingerprint(f"other {seq}")) is None for seq in range(7_000))
        assert each.find(fingerprint("e0")) is None


def test_warming_touches_no_index():
    index = Answered()
    warm()
    assert len(index) == 0


def test_a_damaged_table_does_not_load():
    header, buffers = Answered().save()
    young, old = (bytes(buffer) for buffer in buffers)
    with pytest.raises(ValueError, match="reshape"):
        Answered.load(header, young[:-8], old)
    assert np.frombuffer(young, np.int64).size % 3 == 0
