"""Notifications: what happened that a person should know of, told to him once, where he wants to be told.

Knows: occasions, whom each concerns, what was told to whom and by which channel, when somebody sleeps, and who is next
when nobody looks. Never: personal data; a notification says what, how urgent, which id, and where to look.
"""

from jindi.run.notices.channels import KINDS, Channel, Channels
from jindi.run.notices.courier import Courier
from jindi.run.notices.desk import Desk
from jindi.run.notices.follower import Follower
from jindi.run.notices.mail import MailSettings
from jindi.run.notices.occasions import CHAIN, OCCASIONS, Notice, Occasion, Rung, parse_chain
from jindi.run.notices.preferences import PreferenceBook, Preferences
from jindi.run.notices.rules import Rules

__all__ = [
    "CHAIN",
    "KINDS",
    "OCCASIONS",
    "Channel",
    "Channels",
    "Courier",
    "Desk",
    "Follower",
    "MailSettings",
    "Notice",
    "Occasion",
    "PreferenceBook",
    "Preferences",
    "Rules",
    "Rung",
    "parse_chain",
]
