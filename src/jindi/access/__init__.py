"""Who may come in and what he may do: API keys, one-time links, sessions, roles, actions, policies.

Knows: digests of secrets, scopes, time limits. Never: a clock, chance (instants and random bytes are
handed in), or a secret in clear after the moment it was made.
"""

from jindi.access.actions import ACTIONS, Action, Group
from jindi.access.budgets import Budgets, Rate, parse_rate
from jindi.access.keys import ApiKey, ApiKeys
from jindi.access.links import LINK_LIFETIME_US, Invitation, SignInLinks
from jindi.access.names import folded
from jindi.access.permits import FAILED, NOT_PERMITTED, About, Permits, Verdict
from jindi.access.policies import PARTIES
from jindi.access.principal import Kind, Principal, name_mark
from jindi.access.purposes import CASE_REMEDY, PURPOSES, Purpose, is_case
from jindi.access.replays import Replays
from jindi.access.roles import ROLES, Role, clashes, parse_roles
from jindi.access.scopes import SCOPES, Scope, parse_scopes
from jindi.access.secrets import RandomBytes, digest_of
from jindi.access.seeing import level
from jindi.access.sessions import (
    ABSOLUTE_US,
    IDLE_US,
    NewSession,
    Session,
    Sessions,
    csrf_token,
    is_csrf_token,
    session_id,
)

__all__ = [
    "ABSOLUTE_US",
    "ACTIONS",
    "CASE_REMEDY",
    "FAILED",
    "IDLE_US",
    "LINK_LIFETIME_US",
    "NOT_PERMITTED",
    "PARTIES",
    "PURPOSES",
    "ROLES",
    "SCOPES",
    "About",
    "Action",
    "ApiKey",
    "ApiKeys",
    "Budgets",
    "Group",
    "Invitation",
    "Kind",
    "NewSession",
    "Permits",
    "Principal",
    "Purpose",
    "RandomBytes",
    "Rate",
    "Replays",
    "Role",
    "Scope",
    "Session",
    "Sessions",
    "SignInLinks",
    "Verdict",
    "clashes",
    "csrf_token",
    "digest_of",
    "folded",
    "is_case",
    "is_csrf_token",
    "level",
    "name_mark",
    "parse_rate",
    "parse_roles",
    "parse_scopes",
    "session_id",
]
