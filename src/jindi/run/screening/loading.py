"""What takes long: lists read, put on the shelf, made searchable, held against names.

Everything here is for a thread beside the lane.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jindi.parties.screening import Changes, WatchList, differences
from jindi.parties.screening.explain import Told, explained
from jindi.parties.screening.formats import read_files
from jindi.ports import Blobs
from jindi.run.screening import shelf
from jindi.run.screening.book import Hit
from jindi.run.screening.lists import Lists, card_of
from jindi.run.screening.seeking import Sought
from jindi.run.screening.shelf import Loaded
from jindi.vault import CannotOpen, Opened, Vault

NAMES = "name"
CARDS = "id_card"
"""Kinds of identifiers that lists are held against."""

REST_S = 0.0005
"""After each name the thread rests, so that the lane waits for the interpreter no longer than one comparison takes."""


@dataclass(frozen=True, slots=True)
class Read:
    """A list as it was handed in, beside the version in force: None where there is none yet."""

    list: WatchList
    before: Loaded | None
    changes: Changes

    @property
    def removed_share(self) -> float:
        """How much of the version in force is gone."""
        return 0.0 if self.before is None else len(self.changes.removed) / max(len(self.before.entries), 1)

    @property
    def is_older(self) -> bool:
        """Whether its publisher wrote an earlier day on it than on the version in force."""
        old = "" if self.before is None else self.before.published_on
        return bool(old and self.list.published_on and self.list.published_on < old)

    @property
    def is_same(self) -> bool:
        """Whether it says what the version in force says."""
        return self.before is not None and self.before.version == self.list.version


def read(files: Mapping[str, bytes], standing: Mapping[str, Loaded]) -> list[Read]:
    """Lists from their publishers' files, each beside the version in force. Raises Problems."""
    found = []
    for each in read_files(files):
        before = standing.get(each.name)
        old = WatchList.of(each.name, () if before is None else before.entries)
        found.append(Read(each, before, differences(old, each)))
    return found


def put(blobs: Blobs, each: Read, by: str, files: Sequence[str], now_us: int) -> Loaded:
    """Put a list on the shelf. OSError comes through."""
    old = each.before
    loaded = Loaded(
        each.list.name, each.list.version, each.list.published_on, tuple(each.list.entries.values()), now_us, by,
        tuple(files), "" if old is None else old.version, len(each.changes.added), len(each.changes.removed),
        len(each.changes.changed),
    )  # fmt: skip
    shelf.save(blobs, loaded)
    return loaded


def fresh_keys(each: Read) -> list[str]:
    """What of a list is new or reads otherwise: only that is held against everybody."""
    changed = [*each.changes.added, *(new for _, new in each.changes.changed)]
    return [f"{each.list.name}:{entry.id}" for entry in changed]


def made(loaded: Iterable[Loaded]) -> Lists | None:
    """These lists, searchable; None where there are none."""
    several = list(loaded)
    return Lists.of(several) if several else None


def concerned(
    vault: Vault, some: Lists, threshold: int, told: Callable[[int], None], is_stopping: Callable[[], bool]
) -> Iterator[tuple[str, str, Sought]]:  # fmt: skip
    """Whom of all that the vault holds these entries may mean: whose name, its token, and who; `told` hears of rows.

    A name is looked for by itself first, for that is what most have; whoever is near is looked for with his number.
    """
    numbers = some.numbers
    after: int | None = 0
    seen: set[tuple[str, str]] = set()
    while after is not None and not is_stopping():
        page, after = vault.opened_page((NAMES, CARDS), after)
        told(after or 0)
        for each in page:
            time.sleep(REST_S)
            for user, name, sought in _near(vault, some, each, threshold, numbers):
                if (user, name) not in seen:
                    seen.add((user, name))
                    yield user, name, sought


def _near(
    vault: Vault, some: Lists, each: Opened, threshold: int, numbers: frozenset[str]
) -> Iterator[tuple[str, str, Sought]]:  # fmt: skip
    """Whom one row of the vault makes worth a look: its subject's names."""
    if each.kind == CARDS:
        if card_of(each.clear) in numbers:
            yield from sought_of(vault, each.subject)
    elif some.look(Sought(each.clear), threshold):
        yield from (found for found in sought_of(vault, each.subject) if found[1] == each.token)


def sought_of(vault: Vault, user: str) -> Iterator[tuple[str, str, Sought]]:
    """Everybody of a subject's names, with the number of his identity card where it is known."""
    try:
        rows = vault.export(user)
    except (LookupError, CannotOpen):
        return  # nobody of this name any more, or what is damaged: `jindi vault check` tells of that
    card = next((each.clear for each in rows if each.kind == CARDS), None)
    for each in rows:
        if each.kind == NAMES:
            yield user, each.token, Sought(each.clear, card)


def why(vault: Vault, lists: Lists, hit: Hit, threshold: int) -> Told | None:
    """Why a match was found, sentence by sentence, without the customer's own words. None when it is one no more."""
    for _, token, sought in sought_of(vault, hit.user):
        if token == hit.name:
            # By itself: the index of all is the lane's, and this is another thread.
            some = lists.among([f"{hit.list}:{hit.entry}"])
            for match in some.matches(sought, min(threshold, hit.score)):
                as_published = replace(match, entry=replace(match.entry, id=hit.entry))
                return explained(as_published, is_clear=False)
    return None
