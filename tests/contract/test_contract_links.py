"""What every store of links promises, asked of every store that we have; and what one that is a file does when it
breaks.
"""

import contextlib
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.ports import Link, LinkEntity, LinkQuery, LinkStoreFailure
from jindi.stores import SqliteLinks
from memory_links import MemoryLinks

KINDS = ("disk", "memory", "oracle")
KEEP = 5
NAMES = ("user:u1", "user:u2", "user:用户:3", "device:d1", "device:d'\"2", "ip:i1")
ROLES = ("device-user", "ip-user", "payee-user")
MONEY = st.dictionaries(st.sampled_from(["CNY", "USD"]), st.integers(-5, 10**12), max_size=2).map(
    lambda held: tuple(sorted(held.items()))
)


@st.composite
def pieces(draw):
    """What some rounds of a follower bring, in the order of time."""
    made, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        links, entities = {}, {}
        for _ in range(draw(st.integers(0, 6))):
            a, b = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True))
            first, length, seen = at + draw(st.integers(0, 4)), draw(st.integers(0, 3)), draw(st.integers(1, 3))
            key = (a, b, draw(st.sampled_from(ROLES)))
            worst, stopped = draw(st.integers(0, 4)), draw(st.integers(0, seen))
            links[key] = Link(*key, first, first + length, seen, stopped, worst, draw(MONEY))
            for name in (a, b):
                entities[name] = LinkEntity(name, first, first + length, seen, stopped, worst)
        made.append((list(entities.values()), list(links.values())))
        at += draw(st.integers(4, 9))
    return made


QUERIES = st.builds(
    LinkQuery, since_us=st.none() | st.integers(0, 30), until_us=st.none() | st.integers(0, 30),
    roles=st.lists(st.sampled_from(ROLES), unique=True).map(tuple),
)  # fmt: skip


@contextlib.contextmanager
def opened(kind):
    folder = Path(tempfile.mkdtemp())
    store = {
        "disk": lambda: SqliteLinks(folder / "links.sqlite"), "memory": lambda: SqliteLinks(":memory:"),
        "oracle": MemoryLinks,
    }[kind]()  # fmt: skip
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


def link(a="device:d1", b="user:u1", at=1, **more):
    given = {"roles": "device-user", "first_us": at, "last_us": at, "seen": 1, "stopped": 0, "worst": 0}
    return Link(a, b, **(given | more))


def ends(*links):
    return [
        LinkEntity(name, each.first_us, each.last_us, each.seen, each.stopped, each.worst)
        for each in links
        for name in each[:2]
    ]


def put(store, *links, cursor=1, mark=b"m", keep_us=KEEP):
    for each in links:
        store.put(ends(each), [each], cursor, mark, keep_us)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_begins_empty_at_the_first_record(kind):
    with opened(kind) as store:
        assert store.cursor() == (0, b"")
        assert store.entities(NAMES) == {}
        assert store.roles() == {}
        assert store.near("user:u1", LinkQuery(), 9) == []
        assert store.drop(10, 0, 5) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_seen_again_is_added_and_what_was_not_seen_for_long_begins_anew(kind):
    with opened(kind) as store:
        put(store, link(at=1, worst=3, stopped=1, money=(("CNY", 5),)))
        put(store, link(at=6, money=(("CNY", 2), ("USD", 1))), cursor=2)
        (near,) = store.near("user:u1", LinkQuery(), 9)
        assert near.link == link(at=1)._replace(last_us=6, seen=2, stopped=1, worst=3, money=(("CNY", 7), ("USD", 1)))
        assert near.other == LinkEntity("device:d1", 1, 6, 2, 1, 3, 1)
        put(store, link(at=12, money=(("USD", 4),)), cursor=3)
        (near,) = store.near("device:d1", LinkQuery(), 9)
        assert near.link == link(at=12, money=(("USD", 4),))
        assert near.other == LinkEntity("user:u1", 12, 12, 1, 0, 0, 1)
        assert store.cursor() == (3, b"m")


@pytest.mark.parametrize("kind", KINDS)
def test_links_come_with_the_heaviest_first_then_the_newest(kind):
    with opened(kind) as store:
        put(store, link("device:d1", at=1), link("device:d2", at=3), link("device:d3", at=2, worst=4))
        found = [near.other.name for near in store.near("user:u1", LinkQuery(), 9)]
        assert found == ["device:d3", "device:d2", "device:d1"]
        assert [near.other.name for near in store.near("user:u1", LinkQuery(), 2)] == found[:2]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_old_is_dropped_with_whoever_has_no_other_link(kind):
    with opened(kind) as store:
        put(store, link(at=1), link("ip:i1", at=9, roles="ip-user"))
        assert store.entities(["user:u1"])["user:u1"].degree == 2
        after = 0
        while after is not None:
            after = store.drop(5, after, 1)
        assert set(store.entities(["user:u1", "device:d1", "ip:i1"])) == {"user:u1", "ip:i1"}
        assert store.entities(["user:u1"])["user:u1"].degree == 1
        assert store.roles() == {"ip-user": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_is_cleared_is_as_new(kind):
    with opened(kind) as store:
        put(store, link(), cursor=7)
        store.clear()
        assert store.cursor() == (0, b"")
        assert store.entities(NAMES) == {}
        assert store.roles() == {}
        put(store, link(), cursor=1)
        assert store.entities(["user:u1"])["user:u1"].degree == 1


@settings(deadline=None, max_examples=80)
@given(pieces(), QUERIES, st.integers(0, 9), st.integers(0, 40))
def test_every_store_answers_as_the_plain_one(rounds, query, limit, before):
    with opened("memory") as store, opened("oracle") as oracle:
        for held in (store, oracle):
            for n, (entities, links) in enumerate(rounds, 1):
                held.put(entities, links, n, bytes([n]), KEEP)

        def told(held):
            return (
                held.cursor(), dict(held.entities(NAMES)), dict(held.roles()), held.between(NAMES[:4], query),
                [held.near(name, query, limit) for name in NAMES],
            )  # fmt: skip

        assert told(store) == told(oracle)
        for held in (store, oracle):
            after = 0
            while after is not None:
                after = held.drop(before, after, 2)
        assert told(store) == told(oracle)


def test_a_file_keeps_what_it_was_given(tmp_path):
    store = SqliteLinks(tmp_path / "links.sqlite")
    put(store, link(), cursor=5)
    store.close()
    again = SqliteLinks(tmp_path / "links.sqlite")
    assert again.cursor() == (5, b"m")
    assert [near.link for near in again.near("user:u1", LinkQuery(), 9)] == [link()]
    again.close()


@pytest.mark.parametrize("damage", ["no database", "other tables", "other version", "torn"])
def test_a_file_that_is_not_ours_any_more_is_made_anew(tmp_path, damage):
    path = tmp_path / "links.sqlite"
    store = SqliteLinks(path)
    put(store, *(link(f"device:d{n}", at=n) for n in range(400)), cursor=5)
    store.close()
    if damage == "no database":
        path.write_bytes(b"not a database, but long enough to look like one" * 40)
    elif damage == "torn":
        raw = bytearray(path.read_bytes())
        raw[5_000:9_000] = b"\xff" * 4_000
        path.write_bytes(raw)
    else:
        with contextlib.closing(sqlite3.connect(path)) as base:
            said = "drop table roles" if damage == "other tables" else "pragma user_version = 7"
            base.execute(said)
            base.commit()
    again = SqliteLinks(path)
    assert again.cursor() == (0, b"")
    assert again.roles() == {}
    put(again, link())
    assert again.roles() == {"device-user": 1}
    again.close()


def test_what_can_not_be_reached_is_a_failure_that_names_the_file(tmp_path):
    (tmp_path / "links.sqlite").mkdir()
    with pytest.raises(LinkStoreFailure, match=r"links\.sqlite"):
        SqliteLinks(tmp_path / "links.sqlite")


def test_what_fails_while_it_is_kept_leaves_nothing_behind(tmp_path):
    store = SqliteLinks(tmp_path / "links.sqlite")
    put(store, link(), cursor=3)
    with pytest.raises(LinkStoreFailure):
        store.put(ends(link(at=2)), [link(at=2), link("device:who", at=2)], 4, b"x", KEEP)
    assert store.cursor() == (3, b"m")
    assert store.entities(["user:u1"])["user:u1"].seen == 1
    store.close()


def test_whoever_looks_does_not_wait_for_what_is_being_kept(tmp_path):
    store = SqliteLinks(tmp_path / "links.sqlite")
    put(store, link())
    seen = []

    def entities():
        # In the middle of a put, from another thread, as pages do.
        looker = threading.Thread(target=lambda: seen.append(len(store.near("user:u1", LinkQuery(), 9))))
        looker.start()
        looker.join(20)
        yield from ends(link("device:d2", at=2))

    store.put(entities(), [link("device:d2", at=2)], 2, b"m", KEEP)
    assert seen == [1]
    assert len(store.near("user:u1", LinkQuery(), 9)) == 2
    store.close()


def test_no_question_reads_a_whole_table():
    with opened("memory") as store:
        put(store, *(link(f"device:d{n}", at=n) for n in range(50)))
        for query in (LinkQuery(), LinkQuery(since_us=1, until_us=9, roles=("device-user",))):
            plans = store.plans(query)
            assert not [step for step in plans if step.startswith("SCAN") and "(subquery" not in step], plans


@pytest.mark.parametrize("kind", KINDS)
def test_how_many_of_a_kind_somebody_stands_with_is_counted_on_both_sides_once_each(kind):
    with opened(kind) as store:
        put(
            store, link("device:d1", "user:u1"), link("device:d1", "user:u2"),
            link("device:d1", "user:u2", roles="device-payee"), link("ip:i1", "device:d1", roles="ip-device"),
        )  # fmt: skip
        assert store.company("device:d1", "user", 50) == (2, True)
        assert store.company("device:d1", "ip", 50) == (1, True)
        assert store.company("device:nobody", "user", 50) == (0, True)


def test_of_a_hub_only_so_many_links_are_looked_at_and_it_says_so():
    with opened("memory") as store:
        put(store, *(link("device:d1", f"user:u{n}", at=n) for n in range(9)))
        assert store.company("device:d1", "user", 5) == (5, False)
