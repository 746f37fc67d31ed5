"""A world of transfers, made of a seed: people who pay whom they know, now and then somebody new, and launderers whose
amounts are drawn like everybody's.

Planted are ten kinds of scheme, with other shapes than AMLSim's, and random walks, which no pattern is for. Members are
people with a life of their own; only what they would do beside the scheme, while it runs, is left out where a share of
their money is looked at: a scheme that its own people spoil is none.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jindi.basics.instants import DAY_US, HOUR_US
from jindi.packs import Definitions, FeedDef
from jindi.parties.patterns import Detector, Transfer

FEED = FeedDef("transfer", "user", "payee", "amount")
Legs = list[tuple[int, str, str, int]]


@dataclass(frozen=True)
class World:
    """Transfers in order; which scheme a planted one is of; the kind of each scheme."""

    transfers: tuple[Transfer, ...]
    scheme_of: dict[str, int]
    kinds: tuple[str, ...]
    accounts: int


@dataclass(frozen=True)
class Findings:
    """How many schemes of each declared pattern were found by it, and of each kind by any; alerts for 1,000 accounts,
    and the share of them that a scheme is in; the share of facts that were whole.
    """

    recall: dict[str, float]
    any_recall: dict[str, float]
    alerts: dict[str, float]
    precision: dict[str, float]
    whole: float


def world(*, seed: int, accounts: int, days: int, per_account: int, each: int, kinds: tuple[str, ...] = ()) -> World:
    """A world with `each` schemes of every kind (or of some)."""
    draw = random.Random(seed)
    people = [f"user:p{n}" for n in range(accounts)]
    rows: list[tuple[int, str, str, int, int]] = list(_lives(draw, people, days, per_account))
    quiet: dict[str, list[tuple[int, int]]] = defaultdict(list)
    schemes: list[str] = []
    planted: list[tuple[int, str, str, int, int]] = []
    for kind, make in SCHEMES.items():
        if kinds and kind not in kinds:
            continue
        for _ in range(each):
            begin_us = draw.randrange(int(days * 0.1) * DAY_US, int(days * 0.8) * DAY_US)
            legs = make(draw, people, begin_us)
            planted += [(*leg, len(schemes)) for leg in legs]
            if kind in SPOILT:
                for name in {name for leg in legs for name in leg[1:3]}:
                    quiet[name].append((legs[0][0] - 8 * DAY_US, legs[-1][0] + DAY_US))
            schemes.append(kind)
    # Other schemes, too, may run through the same people; whoever is quiet is so only for what is no scheme.
    rows = [row for row in rows if not any(a < row[0] < b for name in row[1:3] for a, b in quiet.get(name, ()))]
    rows = sorted([*rows, *planted])
    transfers = tuple(
        Transfer(f"t{n}", at_us, payer, payee, amount, "CNY") for n, (at_us, payer, payee, amount, _) in enumerate(rows)
    )
    scheme_of = {f"t{n}": row[4] for n, row in enumerate(rows) if row[4] >= 0}
    return World(transfers, scheme_of, tuple(schemes), accounts)


def _amount(draw: random.Random) -> int:
    """Minor units: the same for all, some 300 on average and a long tail."""
    return max(100, int(math.exp(draw.gauss(10.0, 1.0))))


def _lives(
    draw: random.Random, people: list[str], days: int, per_account: int
) -> Iterator[tuple[int, str, str, int, int]]:
    """Everybody pays a few that he knows, sometimes somebody new; few are paid by many."""
    popular = [draw.paretovariate(1.5) for _ in people]
    known = {name: draw.choices(people, popular, k=draw.randint(2, 6)) for name in people}
    strangers = draw.choices(people, popular, k=len(people) * per_account)
    for name in people:
        for _ in range(max(1, int(per_account * draw.lognormvariate(-0.3, 0.8)))):
            payee = draw.choice(known[name]) if draw.random() < 0.9 or not strangers else strangers.pop()
            if payee != name:
                yield draw.randrange(days * DAY_US), name, payee, _amount(draw), -1


def _members(draw: random.Random, people: list[str], count: int) -> list[str]:
    return draw.sample(people, count)


def _spread(draw: random.Random, begin_us: int, over_us: int, count: int) -> list[int]:
    """Instants of `count` steps in order, all within a window that is a little shorter than `over_us`."""
    return sorted(begin_us + draw.randrange(int(over_us * 0.95)) for _ in range(count))


def _less(draw: random.Random, amount: int, least: float = 0.92) -> int:
    return max(1, math.ceil(amount * draw.uniform(least, 1.0)))


def _gathering(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    hub, *others = _members(draw, people, draw.randint(11, 16))
    at = _spread(draw, begin_us, DAY_US, len(others))
    return [(at[n], other, hub, _amount(draw)) for n, other in enumerate(others)]


def _scattering(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    return [(at, hub, other, amount) for at, other, hub, amount in _gathering(draw, people, begin_us)]


def _gathered_and_sent(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    legs = _gathering(draw, people, begin_us)
    hub, target = legs[0][2], draw.choice([name for name in people if all(name not in leg[1:3] for leg in legs)])
    begin = legs[0][0]
    legs = [(begin + (at - begin) // 2, payer, payee, amount) for at, payer, payee, amount in legs]
    return [*legs, (legs[-1][0] + 2 * HOUR_US, hub, target, _less(draw, sum(leg[3] for leg in legs)))]


def _in_and_out(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    a, mule, b = _members(draw, people, 3)
    amount = _amount(draw)
    return [(begin_us, a, mule, amount), (begin_us + draw.randrange(1, 20) * HOUR_US, mule, b, _less(draw, amount))]


def _hub(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    count, outs = draw.randint(3, 6), draw.randint(3, 5)
    hub, *others = _members(draw, people, 1 + count + outs)
    at = _spread(draw, begin_us, 3 * DAY_US, count + outs)
    legs = [(at[n], others[n], hub, _amount(draw)) for n in range(count)]
    left = _less(draw, sum(leg[3] for leg in legs))
    parts = [left // outs] * (outs - 1) + [left - left // outs * (outs - 1)]
    return legs + [(at[count + n], hub, others[count + n], part) for n, part in enumerate(parts)]


def _middlemen(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    count = draw.randint(3, 7)
    source, target, *between = _members(draw, people, 2 + count)
    at = _spread(draw, begin_us, 7 * DAY_US, 2 * count)
    amounts = [_amount(draw) for _ in between]
    ins = [(at[n], source, each, amounts[n]) for n, each in enumerate(between)]
    return ins + [(at[count + n], each, target, _less(draw, amounts[n])) for n, each in enumerate(between)]


def _ring(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    names = _members(draw, people, draw.randint(3, 6))
    at, amount, legs = _spread(draw, begin_us, 7 * DAY_US, len(names)), _amount(draw), []
    for n, name in enumerate(names):
        legs.append((at[n], name, names[(n + 1) % len(names)], amount))
        amount = _less(draw, amount)
    return legs


def _ring_of_new(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    """The legs come in whatever order, each of an amount of its own."""
    names = _members(draw, people, draw.randint(3, 6))
    pairs = [(name, names[(n + 1) % len(names)]) for n, name in enumerate(names)]
    draw.shuffle(pairs)
    at = _spread(draw, begin_us, 25 * DAY_US, len(pairs))
    return [(at[n], *pair, _amount(draw)) for n, pair in enumerate(pairs)]


def _two_layers(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    count, below = draw.randint(3, 4), draw.randint(3, 4)
    names = _members(draw, people, count + below)
    pairs = [(a, b) for a in names[:count] for b in names[count:]]
    draw.shuffle(pairs)
    at = _spread(draw, begin_us, 7 * DAY_US, len(pairs))
    return [(at[n], *pair, _amount(draw)) for n, pair in enumerate(pairs)]


def _three_layers(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    top, middle, below = draw.randint(2, 3), draw.randint(2, 4), draw.randint(2, 3)
    names = _members(draw, people, top + middle + below)
    above = [(a, b) for a in names[:top] for b in names[top : top + middle]]
    under = [(a, b) for a in names[top : top + middle] for b in names[top + middle :]]
    draw.shuffle(above)
    draw.shuffle(under)
    at = _spread(draw, begin_us, 14 * DAY_US, len(above) + len(under))
    return [(at[n], *pair, _amount(draw)) for n, pair in enumerate([*above, *under])]


def _random_walk(draw: random.Random, people: list[str], begin_us: int) -> Legs:
    """Money wanders from hand to hand and comes nowhere; no pattern is declared for it."""
    names = _members(draw, people, draw.randint(5, 9))
    amount, legs = _amount(draw), []
    for n in range(len(names) - 1):
        legs.append((begin_us, names[n], names[n + 1], amount))
        begin_us, amount = begin_us + draw.randrange(1, 60) * HOUR_US, _less(draw, amount, 0.7)
    return legs


SCHEMES: dict[str, Callable[[random.Random, list[str], int], Legs]] = {
    "gathering": _gathering, "scattering": _scattering, "gathered_and_sent": _gathered_and_sent,
    "in_and_out": _in_and_out, "hub": _hub, "middlemen": _middlemen, "ring": _ring, "ring_of_new": _ring_of_new,
    "two_layers": _two_layers, "three_layers": _three_layers, "random_walk": _random_walk,
}  # fmt: skip
SPOILT = ("gathered_and_sent", "in_and_out", "hub")


def found(made: World, definitions: Definitions) -> Findings:
    """What the payment pack's patterns find of a world; alerts are transfers that complete a pattern."""
    patterns = tuple(definitions.patterns.values())
    detector = Detector(patterns, definitions.events)
    number = detector.feeds.all.index(FEED)
    transfers = [Transfer(t.id, t.at_us, t.payer, t.payee, t.amount_minor, t.currency, number) for t in made.transfers]
    hits: dict[str, set[int]] = defaultdict(set)
    anybody: dict[int, set[str]] = defaultdict(set)
    alerts, true, whole, told = Counter[str](), Counter[str](), 0, 0
    for transfer, row in zip(transfers, detector.observed(transfers), strict=True):
        for pattern, each in zip(patterns, row, strict=True):
            whole, told = whole + each.whole, told + 1
            if not each.hit:
                continue
            alerts[pattern.name] += 1
            of = {made.scheme_of[name] for name in each.evidence if name in made.scheme_of}
            true[pattern.name] += bool(of)
            if transfer.id in made.scheme_of:
                scheme = made.scheme_of[transfer.id]
                hits[pattern.name].add(scheme)
                anybody[scheme].add(pattern.name)
    by_kind = {kind: [n for n, each in enumerate(made.kinds) if each == kind] for kind in dict.fromkeys(made.kinds)}
    return Findings(
        recall={
            kind: sum(n in hits[kind] for n in schemes) / len(schemes)
            for kind, schemes in by_kind.items() if kind in definitions.patterns
        },
        any_recall={kind: sum(n in anybody for n in schemes) / len(schemes) for kind, schemes in by_kind.items()},
        alerts={pattern.name: alerts[pattern.name] / made.accounts * 1_000 for pattern in patterns},
        precision={name: true[name] / count for name, count in alerts.items()},
        whole=whole / told,
    )  # fmt: skip
