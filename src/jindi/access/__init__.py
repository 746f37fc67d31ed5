"""Who may come in and what he may do: API keys, one-time links, staff accounts with their factors, sessions, roles,
actions, policies.

Knows: digests of secrets, scopes and roles, rules for passwords, time limits. Never: a clock, chance (instants and
random bytes are handed in), or a secret in clear after the moment it was made.
"""

from jindi.access.actions import ACTIONS, Action, Group
from jindi.access.budgets import Budgets, Rate, parse_rate
from jindi.access.devices import STRANGER, Device, Lock, Lockouts, known_device, nobody
from jindi.access.drafts import Drafts
from jindi.access.keys import ApiKey, ApiKeys
from jindi.access.links import LINK_LIFETIME_US, Invitation, SignInLinks
from jindi.access.logins import normal_login, person_name
from jindi.access.names import folded
from jindi.access.oidc import (
    RSA_BITS_MIN,
    RSA_BITS_OPENED,
    Asked,
    Identity,
    OidcRefused,
    OidcSettings,
    Provider,
    answered_code,
    ask,
    identity,
    is_safe_address,
    read_provider,
    roles_of,
)
from jindi.access.passkeys import (
    Passkey,
    PasskeyRefused,
    Site,
    asserted,
    assertion,
    new_challenge,
    registered,
    registration,
)
from jindi.access.passwords import PROFILES, Hasher, PasswordProfile, ProfileName, Ranges, Trouble, troubles
from jindi.access.people import IDLE_DAYS, INVITATION_LIFETIME_US, Factor, Staff, StaffAccount, State
from jindi.access.permits import FAILED, NOT_PERMITTED, About, Permits, Verdict
from jindi.access.policies import PARTIES
from jindi.access.principal import Kind, Principal, name_mark
from jindi.access.purposes import CASE_REMEDY, PURPOSES, Purpose, is_case
from jindi.access.replays import Replays
from jindi.access.roles import ROLES, Role, clashes, parse_roles, refuse_clash
from jindi.access.scopes import SCOPES, Scope, parse_scopes
from jindi.access.secrets import RandomBytes, digest_of
from jindi.access.seeing import level
from jindi.access.sessions import (
    ABSOLUTE_US,
    FRESH_US,
    IDLE_US,
    NewSession,
    Session,
    Sessions,
    csrf_token,
    is_csrf_token,
    session_id,
)
from jindi.access.totp import AppClock, Shown, first_clock, new_totp, totp_link, totp_shown, totp_text

__all__ = [
    "ABSOLUTE_US",
    "ACTIONS",
    "CASE_REMEDY",
    "FAILED",
    "FRESH_US",
    "IDLE_DAYS",
    "IDLE_US",
    "INVITATION_LIFETIME_US",
    "LINK_LIFETIME_US",
    "NOT_PERMITTED",
    "PARTIES",
    "PROFILES",
    "PURPOSES",
    "ROLES",
    "RSA_BITS_MIN",
    "RSA_BITS_OPENED",
    "SCOPES",
    "STRANGER",
    "About",
    "Action",
    "ApiKey",
    "ApiKeys",
    "AppClock",
    "Asked",
    "Budgets",
    "Device",
    "Drafts",
    "Factor",
    "Group",
    "Hasher",
    "Identity",
    "Invitation",
    "Kind",
    "Lock",
    "Lockouts",
    "NewSession",
    "OidcRefused",
    "OidcSettings",
    "Passkey",
    "PasskeyRefused",
    "PasswordProfile",
    "Permits",
    "Principal",
    "ProfileName",
    "Provider",
    "Purpose",
    "RandomBytes",
    "Ranges",
    "Rate",
    "Replays",
    "Role",
    "Scope",
    "Session",
    "Sessions",
    "Shown",
    "SignInLinks",
    "Site",
    "Staff",
    "StaffAccount",
    "State",
    "Trouble",
    "Verdict",
    "answered_code",
    "ask",
    "asserted",
    "assertion",
    "clashes",
    "csrf_token",
    "digest_of",
    "first_clock",
    "folded",
    "identity",
    "is_case",
    "is_csrf_token",
    "is_safe_address",
    "known_device",
    "level",
    "name_mark",
    "new_challenge",
    "new_totp",
    "nobody",
    "normal_login",
    "parse_rate",
    "parse_roles",
    "parse_scopes",
    "person_name",
    "read_provider",
    "refuse_clash",
    "registered",
    "registration",
    "roles_of",
    "session_id",
    "totp_link",
    "totp_shown",
    "totp_text",
    "troubles",
]
