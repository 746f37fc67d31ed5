"""The figures by which people are told, all of them settings."""

from dataclasses import dataclass

from jindi.basics.instants import HOUR_US, MINUTE_US
from jindi.run.notices.occasions import CHAIN, Rung


@dataclass(frozen=True, slots=True)
class Rules:
    """Design defaults. What is older than `fold_us` when it is found comes in one digest; `soon_us` before a case is
    due its assignee is told, `ends_us` before an approval ends its people; a critical case may wait `take_us` for
    somebody to take it; `chain` says who is next.
    """

    fold_us: int = 6 * HOUR_US
    soon_us: int = 2 * HOUR_US
    ends_us: int = 12 * HOUR_US
    take_us: int = 15 * MINUTE_US
    chain: tuple[Rung, ...] = CHAIN
