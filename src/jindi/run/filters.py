"""Filters of tables that people keep under a name, for themselves or for all who may read the table.

They are nobody's evidence, so they lie in a small file of their own and not in the journal; that somebody keeps one is
an action like any other.
"""

from typing import Final, Literal

import msgspec

from jindi.basics.identifiers import holds_personal_number
from jindi.ports import Blobs

BLOB: Final = "table-filters.json"
OF_CASES: Final = "case-filters.json"
"""Where the filters of cases lay when no other table had any. Read once, and dropped when they are kept anew."""

CASES: Final = "cases"
NAME_MAX: Final = 40
KEPT_MAX: Final = 50
"""So many has a person for a table, and so many have all together."""

Trouble = Literal["no_name", "name_too_long", "name_taken", "personal", "too_many", "not_there"]


class SavedFilter(msgspec.Struct, frozen=True):
    """A filter of a table by its name. `asked` is what the address says; `by` "" is nobody any more. `shared`: all see
    it who may read the table. `id` is its place in addresses, and no other one's ever.
    """

    name: str
    asked: dict[str, str]
    by: str
    shared: bool = False
    table: str = CASES
    id: int = 0


class _Kept(msgspec.Struct, frozen=True):
    following: int
    filters: list[SavedFilter]


class NotKept(Exception):  # noqa: N818 - what a person is told
    """A filter can't be kept, renamed, forgotten or opened; `why` says why."""

    def __init__(self, why: Trouble) -> None:
        self.why = why
        super().__init__(why)


_decode = msgspec.json.Decoder(_Kept).decode
_decode_of_cases = msgspec.json.Decoder(list[SavedFilter]).decode


class Filters:
    """All kept filters of a platform."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        loaded = _loaded(blobs)
        self._following, self._kept = loaded.following, loaded.filters

    def of(self, who: str, table: str) -> list[SavedFilter]:
        """Those of a table that somebody may use: his own first, each by name."""
        mine = [each for each in self._kept if each.table == table and (each.by == who or each.shared)]
        return sorted(mine, key=lambda each: (each.by != who, each.name))

    def one(self, who: str, number: int) -> SavedFilter:
        """One that somebody may use. Raises NotKept."""
        for each in self._kept:
            if each.id == number and (each.by == who or each.shared):
                return each
        raise NotKept("not_there")

    def keep(self, who: str, table: str, name: str, asked: dict[str, str], *, shared: bool) -> SavedFilter:
        """Keep a filter, in the place of his own one of that name. Raises NotKept."""
        name = _name(name)
        if any(holds_personal_number(each) for each in asked.values()):
            raise NotKept("personal")
        before = next((each for each in self._kept if (each.by, each.table, each.name) == (who, table, name)), None)
        others = [each for each in self._kept if each is not before]
        beside = [each for each in others if each.table == table]
        owned = sum(each.by == who for each in beside)
        if owned >= KEPT_MAX or (shared and sum(each.shared for each in beside) >= KEPT_MAX):
            raise NotKept("too_many")
        number = self._following if before is None else before.id
        kept = SavedFilter(name, asked, who, shared, table, number)
        self._save([*others, kept], self._following + (before is None))
        return kept

    def rename(self, who: str, number: int, name: str) -> SavedFilter:
        """Call one of his own otherwise. Raises NotKept."""
        mine, name = self._own(who, number), _name(name)
        if any((each.by, each.table, each.name) == (who, mine.table, name) and each is not mine for each in self._kept):
            raise NotKept("name_taken")
        renamed = msgspec.structs.replace(mine, name=name)
        self._save([renamed if each is mine else each for each in self._kept], self._following)
        return renamed

    def forget(self, who: str, number: int) -> SavedFilter:
        """Forget one of his own; answers what it was. Raises NotKept."""
        mine = self._own(who, number)
        self._save([each for each in self._kept if each is not mine], self._following)
        return mine

    def _own(self, who: str, number: int) -> SavedFilter:
        found = self.one(who, number)
        if found.by != who:
            raise NotKept("not_there")
        return found

    def _save(self, kept: list[SavedFilter], following: int) -> None:
        self._blobs.save(BLOB, [msgspec.json.encode(_Kept(following, kept))])
        self._blobs.drop(OF_CASES)
        self._kept, self._following = kept, following


def _name(text: str) -> str:
    """A name as it is kept. Raises NotKept."""
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise NotKept("no_name")
    if len(name) > NAME_MAX:
        raise NotKept("name_too_long")
    if holds_personal_number(name):
        raise NotKept("personal")
    return name


def _loaded(blobs: Blobs) -> _Kept:
    """What was kept. A damaged list of names is no reason not to work."""
    try:
        if (kept := blobs.load(BLOB)) is not None:
            return _decode(kept)
        if (kept := blobs.load(OF_CASES)) is not None:
            old = _decode_of_cases(kept)
            numbered = [msgspec.structs.replace(each, id=number) for number, each in enumerate(old, 1)]
            return _Kept(len(old) + 1, numbered)
    except msgspec.MsgspecError:
        pass
    return _Kept(1, [])
