"""Who acts, as the policies see him: a person with roles, or a key with scopes."""

from dataclasses import dataclass
from enum import StrEnum

from jindi.access.roles import Role
from jindi.access.scopes import Scope


class Kind(StrEnum):
    """What came in by."""

    PERSON = "person"
    """A staff account."""
    KEY = "key"
    """An API key, or a session that was opened with one."""
    LINK = "link"
    """A session that was opened with a one-time link, before there are staff accounts."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts. `id` is public: of the account, the key or the session; `name` is whose it is, in records, too.

    People have `roles`, keys and links have `scopes`; neither has both. `mfa_us` is the instant at which a second
    factor was last shown in this session, None: never. `session` names the session (no secret), "" when there is none.
    """

    kind: Kind
    id: str
    name: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    mfa_us: int | None = None
    session: str = ""

    def is_same_person(self, id_: str, name: str) -> bool:
        """Whether somebody of this id or name is the same one: two keys of one name are one person."""
        return bool(id_ and id_ == self.id) or self.name.strip().casefold() == name.strip().casefold()
