"""How much of an identifier somebody sees without a reason: the table of masks by role, class and kind.

Knows: roles, scopes, classes. Never: the identifier. Who may ask for clear text is a question for the policies; this is
only about what his screen shows until then. What stands in no line is hidden.
"""

from collections.abc import Mapping

from jindi.access.principal import Principal
from jindi.access.roles import Role
from jindi.access.scopes import Scope
from jindi.vault import LEVELS, SHOWN_MAX, Level

_EVERY = frozenset(SHOWN_MAX)
_MONEY = frozenset({"name", "bank_card", "account", "uscc"})

BY_ROLE: Mapping[Role, tuple[Level, frozenset[str]]] = {
    Role.ANALYST: (Level.PARTIAL, _EVERY),
    Role.SENIOR_ANALYST: (Level.PARTIAL, _EVERY),
    Role.AML_OFFICER: (Level.PARTIAL, _EVERY),
    Role.TREASURER: (Level.NARROW, _MONEY),
    Role.SUPERVISOR: (Level.NARROW, _EVERY),
}
"""Who works with customers sees masks, who moves money sees whose account it is, who comes from outside sees what a
stranger sees. Those who write policies, approve, audit or administer need nobody's number: to them all is hidden.
Design default, after ASVS 5.0, 14.2.6 (masked by default)."""

BY_SCOPE: Mapping[Scope, Level] = {Scope.VAULT_OPEN: Level.PARTIAL, Scope.SUBJECTS_ACT: Level.PARTIAL}
"""A program that may not open anything has no use for half of it; and `admin` contains neither scope."""

NEVER = frozenset({"C3"})
"""Classes of which nothing is shown to anybody, by a reveal neither: JR/T 0171-2020 keeps what authenticates a customer
off every screen (mark: from memory)."""


def level(principal: Principal, data_class: str, kind: str) -> Level:
    """How much of an identifier of this kind, in a field of this class, somebody sees.

    Whoever has several roles sees what the one of them sees that sees most.
    """
    if data_class in NEVER:
        return Level.HIDDEN
    of_roles = [seen for seen, kinds in (BY_ROLE.get(role, _NOTHING) for role in principal.roles) if kind in kinds]
    of_scopes = [BY_SCOPE[scope] for scope in principal.scopes if scope in BY_SCOPE and kind in _EVERY]
    return max([Level.HIDDEN, *of_roles, *of_scopes], key=LEVELS.index)


_NOTHING: tuple[Level, frozenset[str]] = (Level.HIDDEN, frozenset())
