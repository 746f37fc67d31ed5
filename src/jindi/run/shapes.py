"""The transfers that make a pattern, as a decision's record keeps them: told once, when a rule that speaks of the
pattern is hit, and read ever after. A detector forgets what is older than its windows; whoever works a case must not.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from jindi.engine import Decision, EventProgram, PolicyProgram
from jindi.run.surroundings import Evidence, patterns_of

EVIDENCE_MAX: Final = 100
"""So many transfers of a pattern stand in a record, the newest ones. A design default."""


class ShapeRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A pattern that a decision's transfer completes: of how many transfers, and the newest of them as the numbers of
    their decisions, in the order of arrival; the last is the decision's own.
    """

    pattern: str
    count: int
    seqs: tuple[int, ...]


class Spoken:
    """Which patterns the rules of an event type's policies speak of, also by derived features and models."""

    def __init__(self, ep: EventProgram) -> None:
        self._by_side = tuple(tuple(_of_rules(ep, policy)) for policy in ep.deciders())
        self.all: frozenset[str] = frozenset().union(*(each for side in self._by_side for each in side))
        self._of_facts = {name: patterns_of(ep.definitions, [name]) for name in ep.windows}

    def of(self, decision: Decision, absent: Iterable[str] = ()) -> tuple[str, ...]:
        """The patterns that rules speak of which were hit, by name; not those of which a fact was absent: a rule that
        was presumed to be hit has no evidence, and what is remembered of transfers was not whole then.
        """
        if not self.all:
            return ()
        rules = self._by_side[decision.side]
        found = {name for rule in (*decision.hits, *decision.exempted) for name in rules[rule]}
        for name in absent:
            found -= self._of_facts.get(name, frozenset())
        return tuple(sorted(found))


def shown(evidence: Evidence, wanted: Iterable[str]) -> tuple[ShapeRecord, ...]:
    """What is kept of the evidence of some patterns."""
    return tuple(
        ShapeRecord(name, len(evidence[name]), tuple(int(each) for each in evidence[name][-EVIDENCE_MAX:]))
        for name in wanted
        if evidence.get(name)
    )


def _of_rules(ep: EventProgram, policy: PolicyProgram) -> Iterable[frozenset[str]]:
    for reads in policy.reads:
        roots = frozenset().union(*(ep.roots.get(name, frozenset({name})) for name in reads))
        yield patterns_of(ep.definitions, roots)
