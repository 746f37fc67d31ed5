"""What entities did, looked up by entity: a customer's decisions among a million without reading the others.

Knows: how records become an index of their entities, whom it leaves out, for how long it is kept. Never: where it is
kept, what a page shows of it, anybody's clear text.
"""

from jindi.run.customers.desk import Around, Desk, Neighbour
from jindi.run.customers.following import Beside, Following
from jindi.run.customers.taking import ActTaking

__all__ = ["ActTaking", "Around", "Beside", "Desk", "Following", "Neighbour"]
