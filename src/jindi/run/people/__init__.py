"""People and their accounts on one running platform: coming in, one's own account, and the accounts of others.

Knows: in which order things are checked, journalled and done. Never: HTTP, or what a page looks like.
"""

from jindi.run.people.entrance import Entered, Entrance, Entry
from jindi.run.people.house import AddressLimit, House, Refused, roles_changed
from jindi.run.people.office import Office
from jindi.run.people.own import STALE, Begun, Own

__all__ = [
    "STALE",
    "AddressLimit",
    "Begun",
    "Entered",
    "Entrance",
    "Entry",
    "House",
    "Office",
    "Own",
    "Refused",
    "roles_changed",
]
