"""Who acts, as the policies see him: a person with roles, or a key with scopes."""

from dataclasses import dataclass
from enum import StrEnum

from jindi.access.names import folded
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
    `via` is the id of the key that a session was opened with. `also` are further marks of the same person: whoever was
    told the secret of his key, the login of his account.
    """

    kind: Kind
    id: str
    name: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    mfa_us: int | None = None
    session: str = ""
    via: str = ""
    also: frozenset[str] = frozenset()

    @property
    def right(self) -> str:
        """The id of the key or account by whose right he acts; ends that, he acts no more."""
        return self.via or self.id

    @property
    def marks(self) -> frozenset[str]:
        """All by which this person is known. Two that have one in common are one person, as far as can be known."""
        return frozenset({self.id, self.session, self.via, name_mark(self.name), *self.also} - {""})

    def is_same_person(self, id_: str, name: str) -> bool:
        """Whether somebody of this id or name is the same one: two keys of one name are one person."""
        return bool(id_ and id_ == self.id) or folded(self.name) == folded(name)


def name_mark(name: str) -> str:
    """The mark that a name is.

    >>> name_mark(" Ann")
    'name:ann'
    """
    return f"name:{folded(name)}"
