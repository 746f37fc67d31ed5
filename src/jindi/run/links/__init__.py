"""Links on a running platform: made of all decisions by a follower, and asked for by people and programs.

Knows: how records become links, which events link nobody, for how long a link is kept, who may not be looked at. Never:
how a graph is expanded or laid out (`parties` says that), nor where links are kept.
"""

from jindi.run.links.beside import Beside, follow
from jindi.run.links.desk import Desk, Unknown
from jindi.run.links.following import Following

__all__ = ["Beside", "Desk", "Following", "Unknown", "follow"]
