"""Who is reached from whom, against a plain search that looks at everything."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.parties import expand, shortest
from jindi.ports import Link, LinkEntity, LinkQuery
from memory_links import MemoryLinks

NAMES = [f"{kind}:{n}" for kind in ("user", "device", "ip") for n in range(6)]
HUB = 4


@st.composite
def towns(draw):
    """A store of some entities and links."""
    store, keys = MemoryLinks(), set()
    for _ in range(draw(st.integers(1, 26))):
        a, b = sorted(draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True)))
        keys.add((a, b, draw(st.sampled_from(["x-y", "x-z"]))))
    links = [
        Link(*key, at, at + draw(st.integers(0, 3)), 1, 0, draw(st.integers(0, 4)))
        for key in sorted(keys)
        for at in [draw(st.integers(0, 9))]
    ]
    entities = [LinkEntity(name, 0, 12, 1, 0, 0) for name in {end for each in links for end in each[:2]}]
    store.put(entities, links, 1, b"", 100)
    return store


QUERIES = st.builds(
    LinkQuery, since_us=st.none() | st.integers(0, 10), until_us=st.none() | st.integers(0, 10),
    roles=st.sampled_from([(), ("x-y",)]),
)  # fmt: skip


def edges(store, query):
    found = {}
    for each in store.between(NAMES, query):
        found.setdefault(each.a, set()).add(each.b)
        found.setdefault(each.b, set()).add(each.a)
    return found


def far_from(start, beside, through):
    """How far everybody is, gone through whom one may go through: the plain search."""
    far, level = {start: 0}, [start]
    while level:
        fresh = []
        for name in level:
            if name == start or through(name):
                fresh += [other for other in beside.get(name, ()) if other not in far and not far.update(
                    {other: far[name] + 1}
                )]  # fmt: skip
        level = fresh
    return far


def one(store, name):
    return store.entities([name])[name]


def looks(store, query):
    return (lambda name: store.near(name, query, 1_000)), (lambda names: store.between(names, query))


@settings(deadline=None, max_examples=150)
@given(towns(), QUERIES, st.integers(1, 3), st.data())
def test_without_a_cap_all_that_is_near_enough_is_found_with_all_links_between(store, query, depth, data):
    start = data.draw(st.sampled_from(sorted(store.known)))
    graph = expand(one(store, start), *looks(store, query), depth=depth, cap=1_000, hub=HUB)
    far = far_from(start, edges(store, query), lambda name: store.degree(name) <= HUB)
    wanted = {name for name, n in far.items() if n <= depth}
    assert {each.name for each in graph.entities} == wanted
    assert graph.depths == {name: far[name] for name in wanted}
    assert list(graph.links) == store.between(wanted, query)
    assert graph.found == len(wanted)
    assert not graph.is_cut
    assert graph.hubs <= {name for name in wanted if store.degree(name) > HUB}


@settings(deadline=None, max_examples=100)
@given(towns(), QUERIES, st.integers(1, 3), st.integers(1, 6), st.data())
def test_with_a_cap_the_most_relevant_are_shown_and_it_is_said_how_many_there_are(store, query, depth, cap, data):
    start = data.draw(st.sampled_from(sorted(store.known)))
    look, between = looks(store, query)
    whole = expand(one(store, start), look, between, depth=depth, cap=1_000, hub=HUB)
    graph = expand(one(store, start), look, between, depth=depth, cap=cap, hub=HUB)
    assert len(graph.entities) == min(cap, len(whole.entities))
    assert {each.name for each in graph.entities} <= {each.name for each in whole.entities}
    assert graph.is_cut == (len(whole.entities) > cap)
    if graph.is_cut:
        best = {}
        for near in look(start):
            key = (-near.link.worst, -near.link.last_us, near.other.name)
            best[near.other.name] = min(best.get(near.other.name, key), key)
        first = sorted(best, key=best.get)[: cap - 1]
        assert [each.name for each in graph.entities][1 : len(first) + 1] == first


@settings(deadline=None, max_examples=100)
@given(towns(), st.data())
def test_who_is_opened_is_gone_through_wherever_he_stands(store, data):
    query = LinkQuery()
    start = data.draw(st.sampled_from(sorted(store.known)))
    opened = frozenset(data.draw(st.lists(st.sampled_from(NAMES), max_size=4)))
    graph = expand(one(store, start), *looks(store, query), depth=1, cap=1_000, hub=HUB, opened=opened)
    beside = edges(store, query)
    wanted, fresh = {start}, [start]
    while fresh:
        name = fresh.pop()
        if name == start or name in opened:
            more = beside.get(name, set()) - wanted
            wanted |= more
            fresh += more
    assert {each.name for each in graph.entities} == wanted
    assert not graph.hubs & opened


@settings(deadline=None, max_examples=300)
@given(towns(), QUERIES, st.data())
def test_a_way_is_a_shortest_one_that_goes_through_no_hub(store, query, data):
    start, goal = (data.draw(st.sampled_from(sorted(store.known))) for _ in range(2))
    look, _ = looks(store, query)
    path = shortest(one(store, start), one(store, goal), look, hub=HUB)
    beside = edges(store, query)
    far = far_from(start, beside, lambda name: store.degree(name) <= HUB and name != goal)
    names = [each.name for each in path.entities]
    assert not path.gave_up
    if goal not in far:
        assert names == []
        return
    assert (names[0], names[-1], len(names)) == (start, goal, far[goal] + 1)
    assert all(b in beside[a] for a, b in pairwise(names))
    assert all(store.degree(name) <= HUB for name in names[1:-1])


def chain(count, *, fan=0):
    store = MemoryLinks()
    names = [f"user:{n}" for n in range(count)]
    pairs = list(pairwise(names))
    pairs += [(name, f"ip:{name[5:]}.{n}") for name in names for n in range(fan)]
    links = [Link(a, b, "x-y", 1, 1, 1, 0, 0) for a, b in pairs]
    store.put([LinkEntity(name, 1, 1, 1, 0, 0) for pair in pairs for name in pair], links, 1, b"", 9)
    return store, names


def test_a_search_that_looks_at_too_much_says_that_it_gave_up():
    store, names = chain(40, fan=3)
    look, _ = looks(store, LinkQuery())
    ends = one(store, names[0]), one(store, names[-1])
    given_up = shortest(*ends, look, hub=HUB + 2, looked_max=50)
    assert (given_up.gave_up, given_up.entities, given_up.looked) == (True, (), 50)
    assert len(shortest(*ends, look, hub=HUB + 2).entities) == 40


def test_two_who_have_only_a_hub_in_common_are_told_so():
    store = MemoryLinks()
    links = [Link("ip:hub", f"user:{n}", "ip-user", 1, 1, 1, 0, 0) for n in range(20)]
    store.put([LinkEntity(name, 1, 1, 1, 0, 0) for each in links for name in each[:2]], links, 1, b"", 9)
    look, between = looks(store, LinkQuery())
    path = shortest(one(store, "user:1"), one(store, "user:2"), look, hub=HUB)
    assert (path.entities, [each.name for each in path.hubs]) == ((), ["ip:hub"])
    near = expand(one(store, "user:1"), look, between, depth=2, hub=HUB)
    assert ([each.name for each in near.entities], near.hubs) == (["user:1", "ip:hub"], {"ip:hub"})
    assert len(expand(one(store, "ip:hub"), look, between, hub=HUB, cap=9).entities) == 9
