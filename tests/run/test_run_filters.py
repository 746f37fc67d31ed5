"""Kept filters: whose they are, what they are called, and that what an earlier version kept is taken over."""

import json

import pytest

from jindi.run.filters import BLOB, KEPT_MAX, OF_CASES, Filters, NotKept
from jindi.stores.files import MemoryBlobs
from shop_world import CARD

ASKED = {"state": "live", "sort": "-since"}


def test_a_filter_is_found_by_its_owner_and_a_shared_one_by_all_of_its_own_table_alone():
    filters = Filters(MemoryBlobs())
    mine = filters.keep("ann", "keys", "in force", ASKED, shared=False)
    shared = filters.keep("ann", "keys", "ending", ASKED, shared=True)
    assert [each.name for each in filters.of("ann", "keys")] == ["ending", "in force"]
    assert filters.of("bob", "keys") == [shared]
    assert filters.of("ann", "models") == []
    assert filters.one("bob", shared.id) == shared
    with pytest.raises(NotKept) as error:
        filters.one("bob", mine.id)
    assert error.value.why == "not_there"


def test_only_its_owner_renames_and_forgets_a_filter_and_its_address_stays():
    blobs = MemoryBlobs()
    filters = Filters(blobs)
    shared = filters.keep("ann", "keys", "ending", ASKED, shared=True)
    for step in (lambda: filters.rename("bob", shared.id, "his"), lambda: filters.forget("bob", shared.id)):
        with pytest.raises(NotKept):
            step()
    assert filters.rename("ann", shared.id, "ends soon").id == shared.id
    again = Filters(blobs)
    assert (again.one("bob", shared.id).name, again.one("bob", shared.id).asked) == ("ends soon", ASKED)
    again.forget("ann", shared.id)
    assert Filters(blobs).of("ann", "keys") == []


def test_a_filter_of_the_same_name_takes_the_place_of_the_old_one_and_renaming_does_not():
    filters = Filters(MemoryBlobs())
    first = filters.keep("ann", "keys", "one", ASKED, shared=False)
    second = filters.keep("ann", "keys", "two", ASKED, shared=False)
    assert filters.keep("ann", "keys", "one", {"text": "x"}, shared=True).id == first.id
    with pytest.raises(NotKept) as error:
        filters.rename("ann", second.id, " one ")
    assert error.value.why == "name_taken"
    assert len(filters.of("ann", "keys")) == 2


def test_no_address_is_given_twice():
    blobs = MemoryBlobs()
    gone = Filters(blobs).keep("ann", "keys", "one", ASKED, shared=True)
    Filters(blobs).forget("ann", gone.id)
    assert Filters(blobs).keep("ann", "models", "two", ASKED, shared=True).id != gone.id


def test_filters_are_counted_for_each_table():
    filters = Filters(MemoryBlobs())
    for n in range(KEPT_MAX):
        filters.keep("ann", "keys", f"filter {n}", ASKED, shared=False)
    with pytest.raises(NotKept) as error:
        filters.keep("ann", "keys", "one more", ASKED, shared=False)
    assert error.value.why == "too_many"
    filters.keep("ann", "models", "of another table", ASKED, shared=False)


@pytest.mark.parametrize(
    ("name", "asked", "why"),
    [(" ", {}, "no_name"), ("x" * 41, {}, "name_too_long"), ("a\u202eb", {}, "no_name"), (CARD, {}, "personal"),
     ("one", {"text": CARD}, "personal")],
)  # fmt: skip
def test_what_can_not_be_kept_says_why(name, asked, why):
    filters = Filters(MemoryBlobs())
    with pytest.raises(NotKept) as error:
        filters.keep("ann", "keys", name, asked, shared=False)
    assert error.value.why == why
    assert filters.of("ann", "keys") == []


def test_filters_of_cases_of_an_earlier_version_are_taken_over():
    blobs = MemoryBlobs()
    old = [{"name": "大额", "asked": {"tab": "all"}, "by": "ann", "shared": True}]
    blobs.save(OF_CASES, [json.dumps(old).encode()])
    filters = Filters(blobs)
    (taken,) = filters.of("bob", "cases")
    assert (taken.name, taken.asked, taken.by) == ("大额", {"tab": "all"}, "ann")
    filters.keep("bob", "cases", "mine", {}, shared=False)
    assert blobs.load(OF_CASES) is None
    assert {each.id for each in Filters(blobs).of("bob", "cases")} == {taken.id, taken.id + 1}


@pytest.mark.parametrize("damaged", [b"", b"[1]", b'{"following": 1}'])
def test_a_damaged_file_of_filters_is_as_if_there_were_none(damaged):
    blobs = MemoryBlobs()
    blobs.save(BLOB, [damaged])
    assert Filters(blobs).of("ann", "cases") == []
