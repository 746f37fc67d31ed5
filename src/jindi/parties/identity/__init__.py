"""What an identifier tells of whoever holds it, without telling who that is: a region, an age, a kind of card.

Knows: how the numbers of people, organisations, cards and telephones are built, and which can't be right. Never: whose
a number is, where it is kept, what the time is: the day is given. A number goes in in clear and only what is told of it
comes out; messages hold no part of a number.
"""

from jindi.parties.identity.attributes import attribute, fault_of
from jindi.parties.identity.cards import CARD_RANGES, CardRange
from jindi.parties.identity.regions import PROVINCES

__all__ = ["CARD_RANGES", "PROVINCES", "CardRange", "attribute", "fault_of"]
