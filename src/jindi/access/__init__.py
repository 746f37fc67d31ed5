"""Who may come in: API keys, one-time sign-in links, sessions of people.

Knows: digests of secrets, scopes, time limits. Never: a clock, chance (instants and random bytes are
handed in), or a secret in clear after the moment it was made.
"""

from jindi.access.budgets import Budgets, Rate, parse_rate
from jindi.access.keys import ApiKey, ApiKeys
from jindi.access.links import LINK_LIFETIME_US, Invitation, SignInLinks
from jindi.access.replays import Replays
from jindi.access.scopes import SCOPES, Scope, allows, parse_scopes
from jindi.access.secrets import RandomBytes, digest_of
from jindi.access.sessions import (
    ABSOLUTE_US,
    IDLE_US,
    NewSession,
    Session,
    Sessions,
    csrf_token,
    is_csrf_token,
)

__all__ = [
    "ABSOLUTE_US",
    "IDLE_US",
    "LINK_LIFETIME_US",
    "SCOPES",
    "ApiKey",
    "ApiKeys",
    "Budgets",
    "Invitation",
    "NewSession",
    "RandomBytes",
    "Rate",
    "Replays",
    "Scope",
    "Session",
    "Sessions",
    "SignInLinks",
    "allows",
    "csrf_token",
    "digest_of",
    "is_csrf_token",
    "parse_rate",
    "parse_scopes",
]
