"""Filters of the queue that people keep under a name, for themselves or for all who work cases.

They are nobody's evidence, so they lie in a small file of their own and not in the journal; that somebody keeps one is
an action like any other.
"""

from typing import Final, Literal

import msgspec

from jindi.basics.identifiers import holds_personal_number
from jindi.ports import Blobs

BLOB: Final = "case-filters.json"
NAME_MAX: Final = 40
KEPT_MAX: Final = 50
"""So many has a person, and so many have all together."""

Trouble = Literal["no_name", "name_too_long", "personal", "too_many", "not_there"]


class SavedFilter(msgspec.Struct, frozen=True):
    """A filter by its name. `asked` is what the address says; `by` "" is nobody any more. `shared`: all see it."""

    name: str
    asked: dict[str, str]
    by: str
    shared: bool = False


class NotKept(Exception):  # noqa: N818 - what a person is told
    """A filter can't be kept or forgotten; `why` says why."""

    def __init__(self, why: Trouble) -> None:
        self.why = why
        super().__init__(why)


_decode = msgspec.json.Decoder(list[SavedFilter]).decode


class Filters:
    """All kept filters of a platform."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        kept = blobs.load(BLOB)
        try:
            self._kept = [] if kept is None else _decode(kept)
        except msgspec.MsgspecError:
            self._kept = []  # a damaged list of names is no reason not to work

    def of(self, who: str) -> list[SavedFilter]:
        """Those that somebody may use: his own first, each by name."""
        mine = [each for each in self._kept if each.by == who or each.shared]
        return sorted(mine, key=lambda each: (each.by != who, each.name))

    def keep(self, who: str, name: str, asked: dict[str, str], *, shared: bool) -> None:
        """Keep a filter, in the place of his own one of that name. Raises NotKept."""
        name = " ".join(name.split())
        if not name or not name.isprintable():
            raise NotKept("no_name")
        if len(name) > NAME_MAX:
            raise NotKept("name_too_long")
        if holds_personal_number(name) or any(holds_personal_number(each) for each in asked.values()):
            raise NotKept("personal")
        others = [each for each in self._kept if (each.by, each.name) != (who, name)]
        owned = sum(each.by == who for each in others)
        if owned >= KEPT_MAX or (shared and sum(each.shared for each in others) >= KEPT_MAX):
            raise NotKept("too_many")
        self._save([*others, SavedFilter(name, asked, who, shared)])

    def forget(self, who: str, name: str) -> None:
        """Forget one of his own. Raises NotKept."""
        left = [each for each in self._kept if (each.by, each.name) != (who, name)]
        if len(left) == len(self._kept):
            raise NotKept("not_there")
        self._save(left)

    def _save(self, kept: list[SavedFilter]) -> None:
        self._blobs.save(BLOB, [msgspec.json.encode(kept)])
        self._kept = kept
