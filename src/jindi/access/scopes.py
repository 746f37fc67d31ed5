"""What a holder of a key or a session may do."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """A right, named `what:verb`; `admin` contains all the others but `audit:read`: nobody is his own auditor."""

    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    ENTITIES_READ = "entities:read"
    METRICS_READ = "metrics:read"
    POLICIES_WRITE = "policies:write"
    POLICIES_APPROVE = "policies:approve"
    AUDIT_READ = "audit:read"
    ADMIN = "admin"


SCOPES: tuple[Scope, ...] = tuple(Scope)
"""All scopes, in the order in which they are shown."""


def allows(scopes: frozenset[Scope], wanted: Scope) -> bool:
    """Whether holding `scopes` includes the right `wanted`.

    >>> allows(frozenset({Scope.ADMIN}), Scope.AUDIT_READ)
    False
    >>> allows(frozenset({Scope.ADMIN}), Scope.METRICS_READ)
    True
    >>> allows(frozenset({Scope.EVENTS_WRITE}), Scope.DECISIONS_READ)
    False
    """
    return wanted in scopes or (Scope.ADMIN in scopes and wanted is not Scope.AUDIT_READ)


def parse_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """The scopes named; raises ValueError for none or for one that does not exist."""
    wanted = [text.strip() for text in texts]
    known = {scope.value: scope for scope in Scope}
    unknown = sorted({text for text in wanted if text not in known})
    if unknown or not wanted:
        said = f"unknown scope {', '.join(map(repr, unknown))}" if unknown else "no scope given"
        raise ValueError(f"{said}; use some of: {', '.join(known)}")
    return frozenset(known[text] for text in wanted)
