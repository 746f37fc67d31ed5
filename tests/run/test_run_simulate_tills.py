"""Card terminals: honest cards come in as public figures say, a tampered till shows what can be copied."""

from collections import Counter
from itertools import pairwise

import pytest

from jindi.basics.instants import DAY_US
from jindi.basics.money import parse_minor
from jindi.run.simulate import START_US, Simulated, World
from jindi.run.simulate.tills import TAP_MINOR_MAX, Copied, Reader, Reading, new_reader, repeated, usable
from jindi.run.simulate.town import TRADES, Card, Merchant, User, stream

CHIPLESS = {"stripe", "fallback", "keyed"}
TRADE = {trade.category: trade for trade in TRADES}


def user(*, taps: float = 0.0) -> User:
    one = User(7, 0, stream("user"))
    one.taps, one.taps_phone = taps, False
    return one


def reader(*, reads_chips: bool = True, reads_taps: bool = True, fails: float = 0.0) -> Reader:
    return Reader(stream("reader"), reads_chips, reads_taps, 0.0, START_US + 10_000 * DAY_US, fails)


def read(till: Reader, card: Card, *, taps: float = 0.0, minor: int = 5_000, times: int = 2_000) -> Counter[str]:
    chance, who = stream("dice"), user(taps=taps)
    return Counter(till.read(who, card, minor, START_US, chance).entry for _ in range(times))


def paid_at_tills(world: World, days: int) -> list[Simulated]:
    said = []
    for simulated in world:
        if world.now_us >= START_US + days * DAY_US:
            return said
        if simulated.event["type"] == "payment" and simulated.event["channel"] == "pos":
            said.append(simulated)
    raise AssertionError("the stream has no end")


@pytest.fixture(scope="module")
def tampered() -> list[Simulated]:
    """Four weeks of card payments in a town whose adversaries are busy."""
    return paid_at_tills(World(32, users=1_000, fraud=30), 28)


def test_honest_cards_come_in_as_public_figures_say():
    entries: Counter[str] = Counter()
    for seed in (51, 52, 53):
        world = World(seed, users=1_000, fraud=0)
        entries.update(event["entry"] for event, _ in paid_at_tills(world, 5))
    share = {entry: count / entries.total() for entry, count in entries.items()}
    assert 0.90 < share["chip"] + share["contactless"] < 0.96
    assert 0.33 < share["contactless"] < 0.50
    assert 0.02 < share["stripe"] < 0.08
    assert 0.003 < share["fallback"] < 0.02  # from 2 % on payment networks suspect a merchant
    assert 0.001 < share["keyed"] < 0.03


def test_a_worn_chip_fails_again_and_again_and_another_hardly_ever():
    assert 0.5 < read(reader(), Card("1", "debit", "worn"))["fallback"] / 2_000 < 0.7
    assert read(reader(), Card("1", "debit", "good"))["fallback"] / 2_000 < 0.02


def test_an_old_terminal_reads_stripes_only_and_so_does_any_a_card_without_chip():
    assert set(read(reader(reads_chips=False), Card("1", "debit"), taps=0.8)) == {"stripe"}
    assert set(read(reader(), Card("1", "debit", "none"), taps=0.8)) == {"stripe"}


def test_only_small_shops_have_terminals_that_read_stripes_only():
    stripe_only: Counter[str] = Counter()
    for number in range(3_000):
        kind = ("company", "sole_trader", "micro")[number % 3]
        shop = Merchant(number, TRADE["grocery"], 0, kind, 1)
        stripe_only[kind] += not new_reader(3, shop, shop.terminals[0], START_US).reads_chips
    assert stripe_only["company"] == 0
    assert 30 < stripe_only["sole_trader"] < 100
    assert 30 < stripe_only["micro"] < 100


def test_a_reader_gets_dirty_and_is_clean_again_later():
    shop = Merchant(1, TRADE["grocery"], 0, "company", 1)
    till = new_reader(3, shop, shop.terminals[0], START_US)
    chance, who, card = stream("dice"), user(), Card("1", "debit")
    states = []
    for day in range(3_000):
        till.read(who, card, 5_000, START_US + day * DAY_US, chance)
        states.append(till.fails > 0)
    turns = sum(one != other for one, other in pairwise(states))
    assert turns >= 6
    assert 0.005 < sum(states) / len(states) < 0.15


def test_a_large_tap_is_checked_and_a_small_one_is_not():
    chance, who, till, card = stream("dice"), user(taps=1.0), reader(), Card("1", "debit")
    small = {till.read(who, card, TAP_MINOR_MAX, START_US, chance) for _ in range(200)}
    large = {till.read(who, card, TAP_MINOR_MAX + 1, START_US, chance) for _ in range(200)}
    assert small == {Reading("contactless", "none")}
    assert {each.check for each in large if each.entry == "contactless"} == {"pin"}


def test_a_stripe_proves_nothing_of_the_card():
    assert Reading("chip", "pin").level == Reading("contactless", "device").level == "two"
    assert {Reading(entry, "pin").level for entry in ("stripe", "fallback", "keyed")} == {"one"}
    assert Reading("chip", "signature").level == "one"
    assert Reading("contactless", "none").level == Reading("keyed", "none").level == "none"


def test_a_copy_of_a_chip_card_has_no_chip_and_a_tap_leaves_no_stripe_to_copy():
    chance, card = stream("dice"), Card("1", "debit")
    inserted = Copied(user(), card, Reading("chip", "pin"))
    tapped, by_phone = (Copied(user(), card, Reading("contactless", check)) for check in ("none", "device"))
    assert {repeated(reader(), inserted, careful=False, chance=chance).entry for _ in range(500)} == CHIPLESS
    assert usable(inserted, careful=False)
    assert not usable(tapped, careful=False)
    assert usable(tapped, careful=True)
    assert not usable(by_phone, careful=True)
    assert not usable(inserted, careful=True)


def test_a_copy_at_an_old_terminal_is_a_stripe_like_its_customers():
    chance, till = stream("dice"), reader(reads_chips=False)
    seen = Copied(user(), Card("1", "debit"), Reading("stripe", "pin"))
    assert {repeated(till, seen, careful=False, chance=chance).entry for _ in range(500)} == {"stripe", "keyed"}


def test_a_tampered_till_shows_no_chip_unless_its_thief_is_careful(tampered):
    episodes: dict[str, set[str]] = {}
    for event, truth in tampered:
        if truth.scenario == "compromised_terminal":
            episodes.setdefault(truth.episode, set()).add(event["entry"])
            if event["entry"] == "contactless":
                assert event["holder_check"] == "none"
                assert parse_minor(event["amount"], "CNY") <= TAP_MINOR_MAX
    careful = sum(entries == {"contactless"} for entries in episodes.values())
    assert all(entries <= CHIPLESS or entries == {"contactless"} for entries in episodes.values())
    assert 0 < careful < len(episodes) / 3


def test_a_tampered_till_repeats_cards_that_it_has_read(tampered):
    read_there: set[tuple[str, str]] = set()
    repeats = 0
    for event, truth in tampered:
        where = (event["card"], event["terminal"])
        if truth.scenario == "compromised_terminal":
            repeats += 1
            assert where in read_there
        else:
            read_there.add(where)
    assert repeats > 100


def test_at_a_till_nothing_is_seen_of_the_customers_phone(tampered):
    for event, _ in tampered:
        assert not {"device", "ip"} & event.keys()
        assert {"terminal", "city", "entry", "holder_check"} <= event.keys()
