"""What a customer is told of a decision: first what the outcome means for him, then why, by the rules that hit."""

from collections.abc import Sequence
from typing import Final

from jindi.engine.program import EventProgram
from jindi.packs.definitions import AdviceDef, Outcome

WHYS_MAX: Final = 3
"""(design default) So many reasons are told beside the outcome's own text; nobody reads a fourth."""


def advice_of(program: EventProgram, side: int, outcome: Outcome, hits: Sequence[int]) -> tuple[AdviceDef, ...]:
    """What the customer is told of a decision with this outcome and these hits (the places of rules that stand).

    The outcome's own advice comes first. Then that of rules which asked for this very outcome, then that of rules which
    only gave points: what a lighter or lifted outcome would have meant does not concern him now. Discreet rules say
    nothing; where they alone hit, nothing at all is told. Of events that only the platform tells no customer knows.
    """
    decider = program.decider(side)
    if outcome is Outcome.ALLOW or program.event.own or decider is None:
        return ()
    advice, standing = program.definitions.advice, [decider.policy.rules[hit] for hit in hits]
    if standing and all(rule.discreet for rule in standing):
        return ()
    general = [each for each in advice.values() if each.outcome is outcome]
    speaking = [rule for asks in (outcome, None) for rule in standing if rule.then is asks and not rule.discreet]
    whys = [advice[name] for name in dict.fromkeys(rule.tell for rule in speaking if rule.tell is not None)]
    return (*general, *[each for each in whys if each not in general][:WHYS_MAX])
