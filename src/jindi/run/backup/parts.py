"""What a backup is made of, beside the journal: declared parts, each a way to read files that are replaced whole.

A new part is one more entry in the app's wiring. Paths are those in the data folder, where a restore puts them.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from jindi.basics.digests import canonical
from jindi.ports import Files

Opened = tuple[str, Callable[[], BinaryIO]]
"""A path, and what opens the file for reading."""

TRIES = 3
"""So often the files of a part are listed again because one was replaced by another meanwhile."""


class Part(Protocol):
    """Files that belong to the state."""

    @property
    def after_journal(self) -> bool:
        """Read after the journal: then all that the journal's records speak of is in it. Else before: then the journal
        has all that it speaks of.
        """

    @property
    def only_newest(self) -> bool:
        """Kept in the newest backup only: an older copy would bring back what was destroyed since."""

    def files(self) -> Iterator[Opened]:
        """The files as they are now."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some files of a folder. `chosen` picks from their names; what is there is put below `folder`."""

    source: Files
    folder: str
    chosen: Callable[[tuple[str, ...]], Iterable[str]]
    after_journal: bool = False
    only_newest: bool = False

    def files(self) -> Iterator[Opened]:
        """The files that are chosen."""
        for name in self.chosen(self.source.names()):
            yield f"{self.folder}{name}", lambda name=name: self.source.open(name)  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Texts:
    """Files that somebody has read already, such as packs, as one file: path → text. Their names may be any."""

    path: str
    texts: Callable[[], Mapping[str, str]]
    after_journal: bool = False
    only_newest: bool = False

    def files(self) -> Iterator[Opened]:
        """The one file; none when there are no texts."""
        if texts := dict(self.texts()):
            yield self.path, lambda: io.BytesIO(canonical(texts))


@dataclass(frozen=True, slots=True)
class Named:
    """Files that are opened each in its own way: a database, say, as a consistent copy of itself."""

    opens: Mapping[str, Callable[[], BinaryIO]]
    after_journal: bool = False
    only_newest: bool = False

    def files(self) -> Iterator[Opened]:
        """The files by their paths."""
        yield from sorted(self.opens.items(), key=lambda each: each[0])


@dataclass(frozen=True, slots=True)
class Together:
    """Two files that are only of use together, such as wrapped keys and what they are wrapped under: the small one must
    be the same before and after the large one was copied.
    """

    small: tuple[str, Callable[[], bytes | None]]
    large: tuple[str, Callable[[], BinaryIO]]
    after_journal: bool = True
    only_newest: bool = True

    def files(self) -> Iterator[Opened]:
        """Both; none while the small one is not there. Raises FileNotFoundError when it changed meanwhile."""
        (small, read), (large, copied) = self.small, self.large
        raw = read()
        if raw is None:
            return
        copy = copied()
        if read() != raw:
            copy.close()
            raise FileNotFoundError(2, f"{small} changed while {large} was copied", small)
        yield large, lambda: copy
        yield small, lambda: io.BytesIO(raw)
