"""What patterns mean: each in plain Python over all transfers, the definition that the detector must equal.

A transfer `now` from u to v is looked at with all before it. Of the others count those

* of the pattern's feeds, in the same currency, not from an account to itself,
* whose instant lies in (now - over, now], `now` itself among them,
* with `only_new`: that were new when they were made (no transfer of the same feed from the same payer to the same
  payee in the `new_for` before it; one exactly so long ago does not make it old).

The order is that of arrival; instants never decrease. Every figure is of the shape around `now`; what a kind does not
tell is None. Ties have one answer: the newest transfers first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jindi.packs import PatternDef

PPM = 1_000_000
SHARE_CAP_PPM = 10**15
"""A share above this is told as this."""


Name = str | int
"""What a transfer is called in evidence: an event's id, or a decision's place in a journal."""


class Transfer(NamedTuple):
    """Money from one account to another. `id` is whatever evidence is to name it by, `feed` which kind of transfer."""

    id: Name
    at_us: int
    payer: str
    payee: str
    amount_minor: int
    currency: str
    feed: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a pattern is around a transfer. `evidence` are the ids of its transfers in the order of arrival, empty
    where it is not complete. `whole` is false where the detector could not look at everything: then `hit` is still
    true only of what is there, and every count is one of at least.
    """

    hit: bool = False
    members: int | None = None
    others: int | None = None
    length: int | None = None
    money_minor: int | None = None
    span_us: int | None = None
    share_ppm: int | None = None
    new_pairs: int | None = None
    evidence: tuple[Name, ...] = ()
    whole: bool = True


NOTHING = Found()


@dataclass(frozen=True, slots=True)
class _Edge:
    seq: int
    given: Transfer
    is_new: bool

    @property
    def payer(self) -> str:
        return self.given.payer

    @property
    def payee(self) -> str:
        return self.given.payee

    @property
    def amount(self) -> int:
        return self.given.amount_minor


def meant(pattern: PatternDef, mask: int, transfers: Sequence[Transfer]) -> Found:
    """What the last of some transfers makes of a pattern. Bit n of `mask`: transfers of feed n count."""
    now = transfers[-1]
    if now.payer == now.payee or not mask >> now.feed & 1:
        return NOTHING
    edges = [
        edge
        for edge in _edges(pattern, transfers)
        if mask >> edge.given.feed & 1
        and edge.given.currency == now.currency
        and edge.payer != edge.payee
        and now.at_us - pattern.over_us < edge.given.at_us
        and (edge.is_new or not pattern.only_new)
    ]
    if not edges or edges[-1].seq != len(transfers) - 1:
        return NOTHING
    return _MEANINGS[pattern.kind](pattern, edges)


def share_of(part: int, whole: int) -> int | None:
    """How much of the whole a part is, in parts per million and rounded down; None of nothing.

    >>> share_of(9, 10), share_of(1, 3), share_of(1, 0)
    (900000, 333333, None)
    """
    return min(part * PPM // whole, SHARE_CAP_PPM) if whole > 0 else None


def _edges(pattern: PatternDef, transfers: Sequence[Transfer]) -> Iterator[_Edge]:
    last: dict[tuple[str, str, str, int], int] = {}
    for seq, each in enumerate(transfers):
        pair = each.payer, each.payee, each.currency, each.feed
        is_new = pair not in last or each.at_us - last[pair] >= pattern.new_for_us
        last[pair] = each.at_us
        yield _Edge(seq, each, is_new)


def _told(
    edges: Sequence[_Edge], evidence: Sequence[_Edge], *, hit: bool, members: int | None = None,
    others: int | None = None, length: int | None = None, money_minor: int | None = None, share_ppm: int | None = None,
) -> Found:  # fmt: skip
    """Facts with the evidence, each transfer once."""
    kept = sorted({edge.seq: edge for edge in evidence}.values(), key=lambda edge: edge.seq)
    return Found(
        hit=hit, members=members, others=others, length=length, money_minor=money_minor,
        span_us=edges[-1].given.at_us - kept[0].given.at_us if kept else None, share_ppm=share_ppm,
        new_pairs=sum(edge.is_new for edge in kept) if kept else None,
        evidence=tuple(edge.given.id for edge in kept) if hit else (),
    )  # fmt: skip


def _fits(pattern: PatternDef, part: int, whole: int) -> bool:
    if pattern.share_ppm is None:
        return True
    share = share_of(part, whole)
    return share is not None and pattern.share_ppm[0] <= share <= pattern.share_ppm[1]


def _newest(edges: Sequence[_Edge], by: Callable[[_Edge], str]) -> dict[str, _Edge]:
    """The newest transfer of each counterparty."""
    return {by(edge): edge for edge in edges}


def _payer(edge: _Edge) -> str:
    return edge.payer


def _payee(edge: _Edge) -> str:
    return edge.payee


def _fan(pattern: PatternDef, edges: Sequence[_Edge]) -> Found:
    """fan_in: the payers of v, and all that they paid it; fan_out: the payees of u."""
    is_in = pattern.kind == "fan_in"
    mine, other = (_payee, _payer) if is_in else (_payer, _payee)
    counted = [edge for edge in edges if mine(edge) == mine(edges[-1])]
    members = _newest(counted, other)
    return _told(
        edges, list(members.values()), hit=len(members) >= (pattern.payers if is_in else pattern.payees),
        members=len(members), money_minor=sum(edge.amount for edge in counted),
    )  # fmt: skip


def _hub(pattern: PatternDef, edges: Sequence[_Edge]) -> Found:
    """pass_through, gather_scatter: what came to u, and what left it after `payers` of its payers had paid."""
    u = edges[-1].payer
    ins = [edge for edge in edges if edge.payee == u]
    seen: set[str] = set()
    enough = None
    for edge in ins:
        seen.add(edge.payer)
        if len(seen) >= pattern.payers:
            enough = edge.seq
            break
    outs = [edge for edge in edges if edge.payer == u and enough is not None and edge.seq > enough]
    payers, payees = _newest(ins, _payer), _newest(outs, _payee)
    came, left = sum(edge.amount for edge in ins), sum(edge.amount for edge in outs)
    hit = enough is not None and len(payees) >= pattern.payees and _fits(pattern, left, came)
    return _told(
        edges, [*payers.values(), *payees.values()], hit=hit, members=len(payers), others=len(payees),
        money_minor=min(came, left), share_ppm=share_of(left, came),
    )  # fmt: skip


def _relay(pattern: PatternDef, edges: Sequence[_Edge]) -> Found:
    """scatter_gather: s pays middlemen who then pay v, the last of them now. Of each middleman counts the newest pair
    of transfers that fits (by the first of the two, then by the second), of several s who has most middlemen, then who
    paid the last of them latest.
    """
    now = edges[-1]
    x, v = now.payer, now.payee
    pairs: dict[str, dict[str, tuple[_Edge, _Edge]]] = defaultdict(dict)
    for first in edges:
        for second in edges:
            if (
                second.payee != v or second.payer != first.payee or second.seq <= first.seq or first.payer == v
                or (second.payer == x and second is not now) or not _fits(pattern, second.amount, first.amount)
            ):  # fmt: skip
                continue
            held = pairs[first.payer].get(second.payer)
            if held is None or (held[0].seq, held[1].seq) < (first.seq, second.seq):
                pairs[first.payer][second.payer] = first, second
    sources = [(len(held), held[x][0].seq, held) for held in pairs.values() if x in held]
    if not sources:
        return Found(members=0)
    count, _, best = max(sources, key=lambda each: each[:2])
    paid, got = (sum(pair[n].amount for pair in best.values()) for n in (0, 1))
    return _told(
        edges, [edge for pair in best.values() for edge in pair], hit=count >= pattern.middlemen, members=count,
        money_minor=got, share_ppm=share_of(got, paid),
    )  # fmt: skip


def _cycle(pattern: PatternDef, edges: Sequence[_Edge]) -> Found:
    """The shortest way of money from v back to u, which now pays v: no account twice, each leg fitting the one before
    it. Of several as short: the newest first leg, then the newest second, and so on.
    """
    now = edges[-1]

    def ways(legs: list[_Edge], been: set[str], left: int) -> Iterator[list[_Edge]]:
        at = legs[-1].payee if legs else now.payee
        for edge in sorted((each for each in edges if each.payer == at), key=lambda each: -each.seq):
            if legs and (
                (pattern.in_time and edge.seq <= legs[-1].seq) or not _fits(pattern, edge.amount, legs[-1].amount)
            ):
                continue
            if left == 1:
                if edge.payee == now.payer and _fits(pattern, now.amount, edge.amount):
                    yield [*legs, edge]
            elif edge.payee != now.payer and edge.payee not in been:
                yield from ways([*legs, edge], been | {edge.payee}, left - 1)

    for length in range(pattern.length_least, pattern.length_most + 1):
        for way in ways([], {now.payee}, length - 1):
            legs = [*way, now]
            return _told(
                edges, legs, hit=True, length=length, money_minor=min(edge.amount for edge in legs),
                share_ppm=share_of(now.amount, legs[0].amount),
            )  # fmt: skip
    return NOTHING


def _layers(pattern: PatternDef, edges: Sequence[_Edge]) -> Found:
    """bipartite: payers of v who share at least `payees` payees with u; stack: and at least `sources` payers. Nobody
    stands in two layers next to each other.
    """
    u, v = edges[-1].payer, edges[-1].payee
    payees = {edge.payee for edge in edges if edge.payer == u}
    sources = {edge.payer for edge in edges if edge.payee == u} - payees if pattern.sources else set()

    def stands(who: str) -> bool:
        shared = {edge.payee for edge in edges if edge.payer == who} & payees
        behind = {edge.payer for edge in edges if edge.payee == who} & sources
        return who not in payees and len(shared) >= pattern.payees and len(behind) >= pattern.sources

    if not stands(u):
        return Found(members=0, others=len(payees))
    members = {edge.payer for edge in edges if edge.payee == v and stands(edge.payer)}
    below = [edge for edge in edges if edge.payer in members and edge.payee in payees]
    above = [edge for edge in edges if edge.payee in members and edge.payer in sources]
    return _told(
        edges, [*below, *above], hit=len(members) >= pattern.payers, members=len(members), others=len(payees),
        money_minor=sum(edge.amount for edge in below),
    )  # fmt: skip


_MEANINGS: dict[str, Callable[[PatternDef, Sequence[_Edge]], Found]] = {
    "fan_in": _fan,
    "fan_out": _fan,
    "pass_through": _hub,
    "gather_scatter": _hub,
    "scatter_gather": _relay,
    "cycle": _cycle,
    "bipartite": _layers,
    "stack": _layers,
}
