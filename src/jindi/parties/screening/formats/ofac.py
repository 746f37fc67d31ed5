"""OFAC's delimited lists: the primary file (SDN or consolidated), aliases (ALT), addresses (ADD).

None has a header; `-0-` is nothing.
"""

import csv
import io
import re
from collections.abc import Iterator

from jindi.parties.screening.entries import Birth, Entry, Identifier, Kind, Name, WatchList
from jindi.parties.screening.formats.tidying import Gathered, birth_of, kind_of_number

COLUMNS, ALIAS_COLUMNS, ADDRESS_COLUMNS = 12, 5, 6
_KINDS: dict[str, Kind] = {"individual": "person", "vessel": "vessel", "aircraft": "aircraft", "": "entity"}
_BORN = re.compile(r"(?:^|; |alt\. )(?:alt\. )?DOB ([^;.]+)")
_AT = re.compile(r"(?:^|; )(?:alt\. )?POB ([^;]+?)(?=;|\.$|$)")
_FROM = re.compile(r"(?:^|; )(?:alt\. )?(?:nationality|citizen) ([A-Z][A-Za-z ,'()-]+?)(?=;|\.$|$)")
_NUMBER = re.compile(
    r"(?:^|; )((?:Passport|National ID No\.|Tax ID No\.|Registration (?:ID|Number)|Identification Number|Cedula No\.|"
    r"Unified Social Credit Code \(USCC\)|SWIFT/BIC|Vessel Registration Identification IMO|MMSI|C\.U\.R\.P\.|R\.F\.C\.|"
    r"Birth Certificate Number|Driver's License No\.|SSN|LE Number|Aircraft Manufacturer's Serial Number \(MSN\)|"
    r"Aircraft Tail Number)) ?#? ?([A-Z0-9][A-Z0-9./ -]*[A-Z0-9])(?: \(([^)]+)\))?"
)


def read_ofac(
    primary: str, where: str, alt: str = "", add: str = "", name: str = "ofac", published_on: str = ""
) -> WatchList:
    """The list of three files; the second and third may be away. Raises Problems."""
    gathered = Gathered(where)
    aliases: dict[str, list[Name]] = {}
    addresses: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(alt, f"{where} (ALT)", ALIAS_COLUMNS, gathered):
        aliases.setdefault(row[0], []).append(Name(row[3], "strong"))
        lines[row[0]] = line
    for _, row in _rows(add, f"{where} (ADD)", ADDRESS_COLUMNS, gathered):
        if told := ", ".join(filter(None, row[2:5])):
            addresses.setdefault(row[0], []).append(told)
    for line, row in _rows(primary, where, COLUMNS, gathered):
        kind = _KINDS.get(row[2].casefold())
        if kind is None:
            gathered.wrong(line, "an unknown type", "use individual, vessel, aircraft, or -0- for an entity")
            continue
        gathered.add(_entry(row, kind, aliases.pop(row[0], []), addresses.get(row[0], [])), line)
    for key in aliases:
        gathered.wrong(
            lines[key], "an alias (ALT) of an entry that is not in the primary file", "give files of one day"
        )
    return gathered.as_list(name, published_on)


def _rows(text: str, where: str, columns: int, gathered: Gathered) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text))
    for row in reader:
        cells = [_cell(each) for each in row]
        if not any(cells) or cells == ["\x1a"]:
            continue
        if len(cells) < columns or not cells[0].isdigit():
            remedy = f"{columns} columns, the first a number; no header"
            gathered.wrong(reader.line_num, f"{where.rpartition('/')[2]}: not a row of this layout", remedy)
            continue
        yield reader.line_num, cells


def _cell(text: str) -> str:
    text = text.strip()
    return "" if text == "-0-" else text


def _entry(row: list[str], kind: Kind, aliases: list[Name], addresses: list[str]) -> Entry:
    remarks = row[11]
    quoted = [Name(each, "weak") for each in re.findall(r"a\.k\.a\. '([^']+)'", remarks)]
    births: list[Birth] = [birth for each in _BORN.findall(remarks) if (birth := birth_of(each))]
    numbers = [Identifier(kind_of_number(each[0]), each[1].strip(), each[2]) for each in _NUMBER.findall(remarks)]
    if row[5] and kind == "vessel":
        numbers.append(Identifier("call_sign", row[5]))
    return Entry(
        id=row[0],
        kind=kind,
        names=tuple(dict.fromkeys([Name(row[1]), *aliases, *quoted])),
        births=tuple(births),
        birth_places=tuple(_AT.findall(remarks)),
        countries=tuple(dict.fromkeys(_FROM.findall(remarks))),
        identifiers=tuple(dict.fromkeys(numbers)),
        programmes=tuple(filter(None, re.split(r"\] \[|; ", row[3].strip("[]")))),
        addresses=tuple(addresses),
        remarks=remarks,
    )
