"""How customers are rated on a running platform: followed in the journal, assessed when that is owed, told as events.

Knows: which events begin a relationship, which make it be looked at anew, when facts are noted, when people are told.
Never: what a level means (packs say), where standings are kept, anybody's clear text.
"""

from jindi.run.rating.desk import Declined, Desk, History
from jindi.run.rating.following import Following
from jindi.run.rating.taking import PACK, RatingTaking

__all__ = ["PACK", "Declined", "Desk", "Following", "History", "RatingTaking"]
