"""What all formats share: dates as they are written, kinds of identifiers, entries gathered with their problems."""

import re
from dataclasses import dataclass, field

from jindi.basics.problems import Problem, Problems
from jindi.parties.screening.entries import Birth, Entry, WatchList

_MONTHS = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:T.*)?\Z")
_WORDY = re.compile(r"(?:(\d{1,2}) )?(?:([A-Za-z]{3})[a-z]* )?(\d{4})\Z")
_RANGE = re.compile(r"(\d{4})\s*(?:to|-|–|/)\s*(\d{4})\Z")
KINDS_OF_NUMBERS = (
    ("passport", "passport"),
    ("imo", "imo"),
    ("mmsi", "mmsi"),
    ("swift", "swift"),
    ("bic", "swift"),
    ("unified social credit", "uscc"),
    ("uscc", "uscc"),
    ("national identif", "national_id"),
    ("national id", "national_id"),
    ("identification n", "national_id"),
    ("identity card", "national_id"),
    ("id card", "national_id"),
    ("cedula", "national_id"),
    ("tax", "tax"),
    ("registration", "registration"),
    ("ogrn", "registration"),
    ("lei", "lei"),
    ("birth cert", "birth_certificate"),
    ("driver", "driving_licence"),
    ("aircraft", "tail_number"),
)


def iso_date(text: str) -> str:
    """`YYYY-MM-DD`, or as much of it as is told; nothing when it is no date.

    >>> iso_date("14 Mar 1970"), iso_date("1970"), iso_date("circa 1970"), iso_date("soon")
    ('1970-03-14', '1970', '1970', '')
    """
    text = re.sub(r"^(?:circa|approximately|c\.)\s*", "", text.strip(), flags=re.IGNORECASE)
    year, month, day = "", 0, 0
    if found := _ISO.match(text):
        year, month, day = found[1], int(found[2] or 0), int(found[3] or 0)
    elif found := _WORDY.match(text):
        year, month, day = found[3], _MONTHS.get((found[2] or "").lower(), 0), int(found[1] or 0)
    if not year or month > 12 or day > 31:
        return ""
    return "-".join([year, *([f"{month:02}"] if month else []), *([f"{day:02}"] if month and day else [])])


def birth_of(text: str) -> Birth | None:
    """A birth as a list writes it: a date, a year, years between which.

    >>> birth_of("1960 to 1962"), birth_of("circa 1961"), birth_of("unknown")
    (Birth(date='', year_min=1960, year_max=1962), Birth(date='', year_min=1960, year_max=1962), None)
    """
    if found := _RANGE.match(text.strip()):
        return Birth(year_min=int(found[1]), year_max=int(found[2]))
    date = iso_date(text)
    if date and re.match(r"(?i)circa|approximately|c\.", text.strip()):
        return Birth(year_min=int(date[:4]) - 1, year_max=int(date[:4]) + 1)
    return Birth(date) if date else None


def kind_of_number(text: str) -> str:
    """The house's word for what a publisher calls an identifier.

    >>> kind_of_number("National Identification Number"), kind_of_number("Passport"), kind_of_number("Fax")
    ('national_id', 'passport', 'other')
    """
    low = text.casefold()
    return next((kind for word, kind in KINDS_OF_NUMBERS if word in low), "other")


@dataclass(slots=True)
class Gathered:
    """Entries so far, where each was written, and what is wrong."""

    where: str
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int, problem: str, remedy: str) -> None:
        """One thing that is wrong."""
        self.problems.append(Problem(self.where, f"line {line}", problem, remedy))

    def add(self, entry: Entry, line: int) -> None:
        """An entry that was read whole."""
        if entry.id in self.entries:
            self.wrong(line, "the same reference as an entry before", "leave one of them out, or give each its own id")
        elif not any(any(char.isalnum() for char in name.text) for name in entry.names):
            self.wrong(line, "has no name", "give it one, or leave it out")
        else:
            self.entries[entry.id] = entry

    def as_list(self, name: str, published_on: str) -> WatchList:
        """The list. Raises Problems when anything was wrong, or nothing was there."""
        if not self.entries and not self.problems:
            self.problems.append(Problem(self.where, "", "lists nobody", "give the publisher's whole file"))
        if self.problems:
            raise Problems(self.problems)
        return WatchList.of(name, self.entries.values(), published_on)
