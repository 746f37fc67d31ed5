"""Our own formats, for national lists and a house's own: TOML with a table for each entry, or CSV with a header."""

import csv
import io
import re
import tomllib

from jindi.basics.problems import Problem, Problems
from jindi.parties.screening.entries import KINDS, Entry, Identifier, Kind, Name, WatchList
from jindi.parties.screening.formats.tidying import Gathered, birth_of, iso_date

COLUMNS = (
    "id", "kind", "name", "aliases", "weak_aliases", "births", "birth_places", "countries", "identifiers", "programmes",
    "listed_on", "addresses", "remarks",
)  # fmt: skip
_SEVERAL = ("aliases", "weak_aliases", "births", "birth_places", "countries", "identifiers", "programmes", "addresses")


def read_own_toml(text: str, where: str, name: str) -> WatchList:
    """`published_on = "2026-11-01"`, then `[[entry]]` tables with the fields of the CSV. Raises Problems."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problems([Problem(where, "", f"is no TOML: {error}", "look at the line that it names")]) from None
    gathered = Gathered(where)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*entry\s*\]\]", line)]
    tables = document.pop("entry", [])
    published = str(document.pop("published_on", ""))
    for extra in sorted(document):
        gathered.problems.append(Problem(where, extra, "not known here", "published_on, then [[entry]] tables"))
    if published and not iso_date(published):
        gathered.problems.append(Problem(where, "published_on", "no date", "write it as 2026-11-01"))
    for line, table in zip([*lines, *[0] * len(tables)], tables, strict=False):
        fields = {}
        for key, value in table.items():
            if key in _SEVERAL and isinstance(value, list) and all(isinstance(each, str) for each in value):
                fields[key] = "|".join(each.replace("|", " ") for each in value)
            elif isinstance(value, str) or hasattr(value, "isoformat"):
                fields[key] = str(value)
            else:
                gathered.wrong(line, f"{key}: no text, nor a list of texts", "put it into quotation marks")
        _add(gathered, fields, line)
    return gathered.as_list(name, published)


def read_own_csv(text: str, where: str, name: str) -> WatchList:
    """A header with some of `COLUMNS` (`id` and `name` at least); several values of a cell have `|` between them."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    gathered = Gathered(where)
    header = [each.strip() for each in reader.fieldnames or ()]
    for lacking in (each for each in ("id", "name") if each not in header):
        gathered.wrong(1, f"no column {lacking}", f"the first line names columns: {', '.join(COLUMNS)}")
    if gathered.problems:
        raise Problems(gathered.problems)
    for row in reader:
        if None in row:
            gathered.wrong(
                reader.line_num, "more cells than the header has", "put texts with commas into quotation marks"
            )
            continue
        _add(gathered, {key.strip(): (value or "").strip() for key, value in row.items()}, reader.line_num)
    return gathered.as_list(name, "")


def _add(gathered: Gathered, fields: dict[str, str], line: int) -> None:
    before = len(gathered.problems)
    for extra in sorted(fields.keys() - set(COLUMNS)):
        gathered.wrong(line, f"{extra}: not known here", f"use {', '.join(COLUMNS)}")
    for needed in ("id", "name"):
        if not fields.get(needed, "").strip():
            gathered.wrong(line, f"{needed}: missing", "every entry has an id and a name")
    kind = _kind(gathered, fields.get("kind", ""), line)
    births = []
    for told in _split(fields.get("births", "")):
        if birth := birth_of(told):
            births.append(birth)
        else:
            gathered.wrong(line, "births: no date", "write 1970-03-14, 1970-03, 1970, circa 1970 or 1968 to 1972")
    numbers = []
    for told in _split(fields.get("identifiers", "")):
        number_kind, sign, value = told.partition(":")
        if not sign or not value.strip():
            gathered.wrong(line, "identifiers: no kind", "write kind:number, as in passport:E12345678")
        else:
            numbers.append(Identifier(number_kind.strip(), value.strip()))
    listed_on = fields.get("listed_on", "")
    if listed_on and not iso_date(listed_on):
        gathered.wrong(line, "listed_on: no date", "write it as 2026-11-01")
    if len(gathered.problems) > before:
        return
    names = [Name(fields["name"].strip())]
    names += [Name(each, "strong") for each in _split(fields.get("aliases", ""))]
    names += [Name(each, "weak") for each in _split(fields.get("weak_aliases", ""))]
    several = {each: tuple(_split(fields.get(each, ""))) for each in _SEVERAL}
    gathered.add(
        Entry(
            id=fields["id"].strip(), kind=kind, names=tuple(dict.fromkeys(names)), births=tuple(births),
            birth_places=several["birth_places"], countries=several["countries"], identifiers=tuple(numbers),
            programmes=several["programmes"], listed_on=iso_date(listed_on), addresses=several["addresses"],
            remarks=fields.get("remarks", ""),
        ),
        line,
    )  # fmt: skip


def _kind(gathered: Gathered, told: str, line: int) -> Kind:
    for kind in KINDS:
        if told.strip().casefold() == kind:
            return kind
    if told.strip():
        gathered.wrong(line, "kind: not known", f"use one of: {', '.join(KINDS)}")
    return "unknown"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]
