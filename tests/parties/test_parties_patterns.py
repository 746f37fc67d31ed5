"""Patterns: the detector equals their meaning on any stream, says when it could not look whole, and can be kept."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.problems import Problems
from jindi.packs import PATTERN_KINDS, FeedDef, load
from jindi.parties.patterns import AMOUNT_MAX, Detector, Feeds, Found, NotUsable, Transfer, check_patterns, meant

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import patterns, patterns_world  # noqa: E402 - found beside the sources

FEED = FeedDef("transfer", "user", "payee", "amount")
TOP_UP = FeedDef("top_up", "card", "user", "amount")


def files():
    packs = ROOT / "packs"
    return {path.relative_to(packs).as_posix(): path.read_text("utf-8") for path in packs.rglob("*.toml")}


@pytest.fixture(scope="module")
def shipped():
    return load(files())


SHIPPED = load(files())
BASE = SHIPPED.patterns["ring"]


def pattern(kind, **given):
    """A pattern of a kind; what is not given is as small as it can be."""
    small = {
        "fan_in": {"payers": 2}, "fan_out": {"payees": 2}, "pass_through": {"payers": 1, "payees": 1},
        "gather_scatter": {"payers": 2, "payees": 2}, "scatter_gather": {"middlemen": 2},
        "cycle": {"length_least": 2, "length_most": 6}, "bipartite": {"payers": 2, "payees": 2},
        "stack": {"payers": 2, "payees": 2, "sources": 2},
    }[kind]  # fmt: skip
    bare = replace(
        BASE, kind=kind, of=(FEED,), over_us=20, new_for_us=20, share_ppm=None, length_least=0, length_most=0,
        in_time=False, cases=(),
    )  # fmt: skip
    return replace(bare, **{**small, **given})


def detector(*patterns, **limits):
    return Detector(tuple(patterns), SHIPPED.events, **limits)


def stream(rows):
    """Transfers of (at, payer, payee) or (at, payer, payee, amount)."""
    return [
        Transfer(f"t{n}", at, payer, payee, *(rest or (100,)), "CNY")
        for n, (at, payer, payee, *rest) in enumerate(rows)
    ]


def last(kind, rows, **given):
    """What the last of some transfers makes of a pattern, by its meaning and by the detector: they agree."""
    which, transfers = pattern(kind, **given), stream(rows)
    held = detector(which)
    told = [held.observe(each)[0] for each in transfers][-1]
    assert told == meant(which, 1, transfers)
    return told


# ---- any stream


SHARES = st.sampled_from([None, (800_000, 1_000_000), (500_000, 2_000_000), (0, 999_999)])


@st.composite
def declared(draw):
    found = []
    for kind in draw(st.lists(st.sampled_from(PATTERN_KINDS), min_size=1, max_size=4)):
        more = {
            "over_us": draw(st.sampled_from([1, 5, 12, 40])), "new_for_us": draw(st.sampled_from([1, 6, 50])),
            "only_new": draw(st.booleans()), "of": draw(st.sampled_from([(FEED,), (FEED, TOP_UP)])),
        }  # fmt: skip
        if kind in ("pass_through", "gather_scatter", "scatter_gather", "cycle"):
            more["share_ppm"] = draw(SHARES)
        if kind == "pass_through":
            more["payers"] = draw(st.sampled_from([1, 2]))
        if kind == "cycle":
            least = draw(st.integers(2, 6))
            more |= {"length_least": least, "length_most": draw(st.integers(least, 6)), "in_time": draw(st.booleans())}
        found.append(pattern(kind, **more))
    return found


@st.composite
def streams(draw):
    at, found = 0, []
    names = st.sampled_from("abcde"[: draw(st.integers(2, 5))])
    for n in range(draw(st.integers(1, 30))):
        at += draw(st.sampled_from([0, 0, 1, 1, 2, 5, 6, 12]))
        found.append(
            Transfer(
                f"t{n}", at, draw(names), draw(names), draw(st.sampled_from([0, 50, 80, 90, 100])),
                draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"])), draw(st.sampled_from([0, 0, 0, 1])),
            )
        )  # fmt: skip
    return found


def with_feeds(which):
    """At least one pattern is fed by both kinds, so that the second kind has a number."""
    return [*which, pattern("fan_in", of=(FEED, TOP_UP))]


@settings(max_examples=150)
@given(declared(), streams())
def test_the_detector_equals_the_meaning_on_any_stream(which, transfers):
    which = with_feeds(which)
    held = detector(*which)
    feeds = held.feeds
    for n, each in enumerate(transfers):
        wanted = tuple(meant(one, feeds.mask(one), transfers[: n + 1]) for one in which)
        assert held.observe(each) == wanted


@settings(max_examples=120)
@given(declared(), streams(), st.integers(2, 8), st.integers(1, 25))
def test_whatever_is_told_to_be_whole_equals_the_meaning_however_little_may_be_kept_and_looked_at(
    which, transfers, edges_max, looks_max
):
    which = with_feeds(which)
    held = detector(*which, edges_max=edges_max, looks_max=looks_max)
    for n, each in enumerate(transfers):
        for one, told in zip(which, held.observe(each), strict=True):
            if told.whole:
                assert told == meant(one, held.feeds.mask(one), transfers[: n + 1])
        assert len(held) <= edges_max


@settings(max_examples=30)
@given(declared(), streams(), st.integers(0, 30), st.integers(2, 40))
def test_a_state_read_back_goes_on_as_if_nothing_had_been_and_is_that_of_a_replay(which, transfers, cut, edges_max):
    which = with_feeds(which)
    held = detector(*which, edges_max=edges_max)
    held.observed(transfers[:cut])
    kept = held.to_bytes()
    again = detector(*which, edges_max=edges_max)
    again.restore(kept)
    assert again.to_bytes() == kept
    replayed = detector(*which, edges_max=edges_max)
    for each in transfers[:cut]:
        replayed.observe(each)
    assert replayed.to_bytes() == kept
    assert again.observed(transfers[cut:]) == held.observed(transfers[cut:])
    assert again.to_bytes() == held.to_bytes()


@settings(max_examples=30)
@given(declared(), streams())
def test_many_at_once_are_told_as_one_after_the_other(which, transfers):
    which = with_feeds(which)
    one, many = detector(*which), detector(*which)
    assert many.observed(transfers) == [one.observe(each) for each in transfers]


# ---- what is meant, by hand


def test_a_transfer_exactly_one_window_back_does_not_count():
    assert last("fan_in", [(0, "a", "m"), (19, "b", "m")]).members == 2
    assert last("fan_in", [(0, "a", "m"), (20, "b", "m")]).members == 1


def test_transfers_of_one_instant_count_in_the_order_in_which_they_came():
    assert last("cycle", [(5, "a", "b"), (5, "b", "c"), (5, "c", "a")], in_time=True).length == 3
    assert not last("cycle", [(5, "b", "c"), (5, "a", "b"), (5, "c", "a")], in_time=True).hit


def test_a_fan_counts_people_once_and_all_their_money():
    told = last("fan_in", [(0, "a", "m", 10), (1, "a", "m", 20), (2, "b", "m", 30)])
    assert told == Found(True, 2, None, None, 60, 1, None, 1, ("t1", "t2"))


def test_who_pays_himself_makes_nothing():
    assert last("fan_out", [(0, "a", "b"), (1, "a", "a")]) == Found()
    assert last("fan_out", [(0, "a", "a"), (1, "a", "b"), (2, "a", "c")]).members == 2


def test_what_left_before_enough_had_paid_is_not_passed_on():
    rows = [(0, "a", "m"), (1, "m", "x"), (2, "b", "m"), (3, "m", "y", 150)]
    told = last("gather_scatter", rows, payees=1)
    assert (told.members, told.others, told.money_minor, told.share_ppm) == (2, 1, 150, 750_000)


def test_shares_are_rounded_down_and_their_ends_belong_to_them():
    rows = [(0, "a", "m", 300), (1, "m", "x", 240)]
    assert last("pass_through", rows, share_ppm=(800_000, 1_000_000)).hit
    assert not last("pass_through", [rows[0], (1, "m", "x", 239)], share_ppm=(800_000, 1_000_000)).hit


def test_middlemen_must_have_been_paid_before_they_pay():
    rows = [(0, "s", "x"), (1, "y", "g"), (2, "s", "y"), (3, "x", "g")]
    assert last("scatter_gather", rows).members == 1
    assert last("scatter_gather", [*rows, (4, "y", "g")]).members == 2


@pytest.mark.parametrize("length", range(2, 7))
def test_rings_of_every_length_are_found_with_all_their_legs(length):
    names = "abcdef"[:length]
    rows = [(n, payer, payee) for n, (payer, payee) in enumerate(itertools.pairwise([*names, names[0]]))]
    told = last("cycle", rows, in_time=True)
    assert (told.length, told.evidence) == (length, tuple(f"t{n}" for n in range(length)))


def test_of_two_rings_the_shorter_is_told_and_of_two_as_short_the_newer():
    rows = [(0, "a", "b"), (1, "b", "c"), (2, "b", "d"), (3, "d", "c"), (4, "b", "c"), (5, "c", "a")]
    assert last("cycle", rows).evidence == ("t0", "t4", "t5")


def test_a_ring_of_seven_is_too_long():
    rows = [(n, payer, payee) for n, (payer, payee) in enumerate(itertools.pairwise([*"abcdefg", "a"]))]
    assert not last("cycle", rows).hit


def test_only_new_ties_close_a_ring_of_new_ties():
    rows = [(0, "a", "b"), (5, "a", "b"), (6, "b", "c"), (7, "c", "a")]
    assert last("cycle", rows, only_new=True, over_us=4).hit is False
    assert last("cycle", rows, only_new=True, over_us=20, new_for_us=5).evidence == ("t1", "t2", "t3")


def test_money_of_another_currency_is_of_another_world():
    which, held = pattern("cycle"), detector(pattern("cycle"))
    transfers = [*stream([(0, "a", "b")]), Transfer("t1", 1, "b", "a", 100, "USD")]
    told = [held.observe(each)[0] for each in transfers]
    assert told[-1] == meant(which, 1, transfers) == Found()


def test_three_layers_want_a_layer_above():
    below = [(4, "a", "x"), (5, "a", "y"), (6, "b", "x"), (7, "b", "y")]
    above = [(0, "s", "a"), (1, "s", "b"), (2, "t", "a"), (3, "t", "b")]
    assert last("bipartite", below).members == 2
    assert not last("stack", below).hit
    told = last("stack", [*above, *below])
    assert (told.hit, told.members, len(told.evidence)) == (True, 2, 8)


# ---- ends


def test_what_had_to_go_for_want_of_room_is_told_until_it_would_be_too_old_anyway():
    held = detector(pattern("fan_in"), edges_max=2)
    told = [held.observe(each)[0] for each in stream([(0, "a", "m"), (1, "b", "m"), (2, "c", "m"), (30, "d", "m")])]
    assert [each.whole for each in told] == [True, True, False, True]
    assert [each.members for each in told] == [1, 2, 2, 1]
    assert held.lost_at_us == 0


def test_a_walk_that_is_too_long_says_so():
    held = detector(pattern("fan_in"), looks_max=3)
    told = [held.observe(each)[0] for each in stream([(0, name, "m") for name in "abcd"])]
    assert [(each.whole, each.members) for each in told] == [(True, 1), (True, 2), (True, 3), (False, 3)]


def test_who_was_not_seen_for_long_is_forgotten_and_memory_stays_what_it_was():
    held = detector(pattern("fan_in"), pattern("cycle"), edges_max=500)
    first = None
    for n in range(40):
        held.observed(stream([(n * 100 + i // 10, f"u{n}-{i}", f"u{n}-{i + 1}") for i in range(200)]))
        if n == 5:
            first = held.memory_bytes
    assert held.memory_bytes == first
    assert held.accounts <= 2 * len(held) <= 1_000


def test_time_never_goes_back_and_amounts_have_a_bound_and_what_is_refused_leaves_no_trace():
    held = detector(pattern("fan_in"))
    held.observed(stream([(5, "a", "b")]))
    kept = held.to_bytes()
    for at, amount in ((4, 1), (5, -1), (5, AMOUNT_MAX + 1)):
        with pytest.raises(ValueError, match="x"):
            held.observe(Transfer("x", at, "new", "b", amount, "CNY"))
    assert held.to_bytes() == kept


def test_sums_of_the_largest_amounts_are_exact():
    rows = [(0, f"p{n}", "m", AMOUNT_MAX) for n in range(2_000)] + [(1, "m", "x", AMOUNT_MAX)]
    told = last("pass_through", rows)
    assert (told.money_minor, told.share_ppm) == (AMOUNT_MAX, 500)


@pytest.mark.parametrize("harm", [lambda data: data[:-1], lambda data: data[:60] + b"\0" + data[61:], lambda _: b"no"])
def test_a_state_that_was_harmed_is_refused(harm):
    held = detector(pattern("fan_in"))
    held.observed(stream([(0, "a", "b"), (1, "b", "c")]))
    with pytest.raises(NotUsable, match="replay"):
        detector(pattern("fan_in")).restore(harm(held.to_bytes()))


def test_a_state_of_other_transfers_or_limits_is_refused():
    kept = detector(pattern("fan_in")).to_bytes()
    for other in (
        detector(pattern("fan_in", over_us=21)), detector(pattern("fan_in", of=(TOP_UP,))),
        detector(pattern("fan_in"), edges_max=9), detector(pattern("fan_in"), looks_max=9),
    ):  # fmt: skip
        with pytest.raises(NotUsable, match="other transfers or limits"):
            other.restore(kept)
    used = detector(pattern("fan_in"))
    used.observed(stream([(0, "a", "b")]))
    with pytest.raises(NotUsable, match="new one"):
        used.restore(kept)


# ---- packs


def test_the_shipped_patterns_do_what_their_cases_say(shipped):
    assert check_patterns(shipped) == []
    assert {each.kind for each in shipped.patterns.values()} == set(PATTERN_KINDS)


def test_a_case_that_does_not_hold_is_told_with_what_was_found(shipped):
    ring = shipped.patterns["ring"]
    wrong = replace(ring, cases=tuple(replace(case, completes=not case.completes) for case in ring.cases))
    told = check_patterns(replace(shipped, patterns={"ring": wrong}))
    assert len(told) == len(ring.cases)
    assert "expected not to complete it but does (length 3, money 9000" in str(told[0])
    gives = replace(ring, cases=(replace(ring.cases[0], gives={"length": 4}),))
    assert "length is 3, not 4" in str(check_patterns(replace(shipped, patterns={"ring": gives}))[0])


BROKEN = """
[ring]
doc = { zh = "环", en = "a ring" }
kind = "cycle"
order = "in_time"
length = [3, 7]
over = "7d"
share = ["100%", "80%"]
payers = 3
basis = "b"
mark = "design default"
of = [{ event = "transfer", payer = "user", payee = "amount", amount = "payee" }]
[[ring.case]]
name = "one"
completes = true
transfers = [["1h", "a", "b", "1.00"], ["0h", "a", "b", "1.00"], ["2h", "a"], ["3h", "a", "b", "1.00", "XYZ"]]
gives = { lenght = 3 }

[fan]
doc = { zh = "扇", en = "a fan" }
kind = "fan_out"
over = "401d"
basis = "b"
mark = "design default"
length = [3, 4]
"""


def test_everything_wrong_with_patterns_is_told_at_once_with_its_address(shipped):
    with pytest.raises(Problems) as caught:
        load({**shipped.source, "payment/patterns.toml": BROKEN})
    told = "\n".join(str(each) for each in caught.value.problems)
    for line in (
        "ring: `length` is not the fewest and the most transfers of a cycle",
        "ring: `payers` says nothing of a cycle",
        "ring: `share` is not the least and the most",
        "ring: of 1: `payee`: amount names no entity",
        "ring: of 1: `amount`: payee is no money",
        "ring: no case shows transfers that don't",
        "ring: case 1: transfer 2 lies before the one before it",
        "ring: case 1: transfer 3 is none",
        "ring: case 1: transfer 4: unknown currency 'XYZ'",
        "ring: case 1: `gives`: unknown fact 'lenght' (did you mean 'length'?)",
        "fan: `payees` is missing",
        "fan: `length` says nothing of a fan_out",
        "fan: `over` is longer than 400 days",
        "fan: no event feeds it",
    ):
        assert f"payment/patterns.toml: {line}" in told


def test_more_kinds_of_transfers_than_can_be_told_apart_are_a_problem_of_the_packs(shipped):
    ends = ("user", "card", "device", "ip")
    kinds = {
        "transfer": ends, "top_up": ends, "withdrawal": ends, "payment": (*ends, "merchant", "terminal"),
    }  # fmt: skip
    feeds = ", ".join(
        f'{{ event = "{event}", payer = "{payer}", payee = "{payee}", amount = "amount" }}'
        for event, fields in kinds.items()
        for payer in fields
        for payee in fields
        if payer != payee
    )
    text = shipped.source["payment/patterns.toml"]
    many = text.replace("of     = [{", f"of     = [{feeds}, {{", 1)
    with pytest.raises(Problems, match="more than 62"):
        load({**shipped.source, "payment/patterns.toml": many})


def test_an_event_becomes_transfers_between_accounts_named_by_what_they_are(shipped):
    feeds = Feeds(shipped.patterns.values(), shipped.events)
    event = shipped.events["transfer"]
    values = [None] * len(event.fields)
    for place, each in enumerate(event.fields):
        values[place] = {"user": "u1", "payee": "u2", "amount": 500}.get(each.name)
    number = feeds.all.index(FEED)
    assert list(feeds.transfers("transfer", values, 7, "evt")) == [
        Transfer("evt", 7, "user:u1", "user:u2", 500, "CNY", number)
    ]
    values[[each.name for each in event.fields].index("payee")] = None
    assert list(feeds.transfers("transfer", values, 7, "evt")) == []
    assert list(feeds.transfers("login", [], 7, "evt")) == []


# ---- planted, and other people's data


def test_every_planted_scheme_of_a_declared_pattern_is_found(shipped):
    world = patterns_world.world(seed=11, accounts=400, days=40, per_account=10, each=3)
    found = patterns_world.found(world, shipped)
    assert {name: share for name, share in found.recall.items() if share < 1.0} == {}
    assert set(found.recall) == {"gathering", "scattering", "gathered_and_sent", "hub", "middlemen", "ring",
                                 "ring_of_new", "two_layers", "three_layers", "in_and_out"}  # fmt: skip
    assert found.whole == 1.0


def test_worlds_are_made_of_their_seed_alone():
    one, again, other = (patterns_world.world(seed=s, accounts=50, days=10, per_account=5, each=1) for s in (1, 1, 2))
    assert one == again
    assert one.transfers != other.transfers
    amounts = [
        np.median([each.amount_minor for each in one.transfers if (each.id in one.scheme_of) is planted])
        for planted in (False, True)
    ]
    assert 0.3 < amounts[0] / amounts[1] < 3  # they are drawn alike


def test_transfers_of_amlsim_are_seen_as_the_meaning_says():
    given = patterns.amlsim()
    if given is None:
        pytest.skip("amlsim_generated is not beside the project: set SHARED_DATA to where it is")
    pack, core = patterns.PACK, ROOT / "packs" / "core"
    files = {f"{at.name}/{path.relative_to(at).as_posix()}": path for at in (pack, core) for path in at.rglob("*.toml")}
    ours = load({name: path.read_text("utf-8") for name, path in files.items()})
    held = Detector(tuple(ours.patterns.values()), ours.events)
    told = held.observed(given.rows[:1_000])[-1]
    assert told == tuple(meant(each, 1, given.rows[:1_000]) for each in held.patterns)
    assert check_patterns(ours) == []
