"""What a holder of a key or a session may do."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """A right, named `what:verb`; `admin` contains all the others but those `APART`."""

    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    ENTITIES_READ = "entities:read"
    METRICS_READ = "metrics:read"
    POLICIES_WRITE = "policies:write"
    POLICIES_APPROVE = "policies:approve"
    AUDIT_READ = "audit:read"
    VAULT_OPEN = "vault:open"
    SUBJECTS_ACT = "subjects:act"
    CASES_WORK = "cases:work"
    REPORTS_FILE = "reports:file"
    REPORTS_APPROVE = "reports:approve"
    ADMIN = "admin"


SCOPES: tuple[Scope, ...] = tuple(Scope)
"""All scopes, in the order in which they are shown."""

APART: frozenset[Scope] = frozenset({
    Scope.AUDIT_READ, Scope.VAULT_OPEN, Scope.SUBJECTS_ACT, Scope.REPORTS_FILE, Scope.REPORTS_APPROVE
})  # fmt: skip
"""What `admin` does not contain: nobody is his own auditor, and to run the machine is no reason to see clear text, or
to know who is reported.
"""


def parse_scopes(texts: Iterable[str]) -> frozenset[Scope]:
    """The scopes named; raises ValueError for none or for one that does not exist."""
    wanted = [text.strip() for text in texts]
    known = {scope.value: scope for scope in Scope}
    unknown = sorted({text for text in wanted if text not in known})
    if unknown or not wanted:
        said = f"unknown scope {', '.join(map(repr, unknown))}" if unknown else "no scope given"
        raise ValueError(f"{said}; use some of: {', '.join(known)}")
    return frozenset(known[text] for text in wanted)
