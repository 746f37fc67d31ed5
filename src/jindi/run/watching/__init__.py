"""Staff are watched by the engine that watches customers: what they do becomes events of the pack `staff`.

Knows: what a record of the journal says somebody did, and how the pack names it. Never: what is suspicious; the pack
says that. It speaks only by sending events through the front door.
"""

from jindi.run.watching.alerts import Alert, AlertPage, Alerts
from jindi.run.watching.bridge import Watching
from jindi.run.watching.sight import NOBODY, Sight, Viewer
from jindi.run.watching.telling import DAY, EVENTS, Day, Facts, Told, tell

__all__ = [
    "DAY", "EVENTS", "NOBODY", "Alert", "AlertPage", "Alerts", "Day", "Facts", "Sight", "Told", "Viewer", "Watching",
    "tell",
]  # fmt: skip
