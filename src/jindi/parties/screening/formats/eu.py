"""The European Union's consolidated financial sanctions list: its XML (`export`, `sanctionEntity`) and its CSV."""

import csv
import io

from jindi.parties.screening.entries import Birth, Entry, Identifier, Kind, Name, WatchList
from jindi.parties.screening.formats.tidying import Gathered, birth_of, iso_date, kind_of_number
from jindi.parties.screening.formats.xml import Node, read_xml

_KINDS: dict[str, Kind] = {"p": "person", "person": "person", "e": "entity", "enterprise": "entity"}
NEEDED = ("Entity_LogicalId", "Entity_SubjectType", "NameAlias_WholeName")


def read_eu_xml(data: bytes, where: str, name: str = "eu") -> WatchList:
    """The list. Raises Problems."""
    root = read_xml(data, where)
    gathered = Gathered(where)
    if root.tag != "export":
        gathered.wrong(root.line, "is no consolidated list of the EU", "its first element is export")
    for node in root.all("sanctionEntity"):
        if not node.get("logicalId"):
            gathered.wrong(node.line, "has no logicalId", "the number says which entry it is")
            continue
        gathered.add(_entry(node), node.line)
    return gathered.as_list(name, iso_date(root.get("generationDate")))


def _entry(node: Node) -> Entry:
    subject = next(node.all("subjectType"), Node("", 0))
    kind = _KINDS.get((subject.get("classificationCode") or subject.get("code")).casefold(), "unknown")
    names = []
    for at, alias in enumerate(node.all("nameAlias")):
        whole = alias.get("wholeName") or " ".join(
            filter(None, map(alias.get, ("firstName", "middleName", "lastName")))
        )
        if whole:
            names.append(Name(whole, "primary" if at == 0 else "strong" if alias.get("strong") != "false" else "weak"))
    births = []
    for each in node.all("birthdate"):
        first, last = each.get("yearRangeFrom"), each.get("yearRangeTo")
        if first.isdigit() and last.isdigit():
            births.append(Birth(year_min=int(first), year_max=int(last)))
        elif birth := birth_of(
            ("circa " if each.get("circa") == "true" else "") + (each.get("birthdate") or each.get("year"))
        ):
            births.append(birth)
    rules = list(node.all("regulation"))
    return Entry(
        id=node.get("euReferenceNumber") or node.get("logicalId"),
        kind=kind,
        names=tuple(dict.fromkeys(names)),
        births=tuple(births),
        birth_places=_places(node, "birthdate"),
        countries=tuple(
            dict.fromkeys(
                each.get("countryDescription") for each in node.all("citizenship") if each.get("countryDescription")
            )
        ),
        identifiers=tuple(
            Identifier(
                kind_of_number(each.get("identificationTypeDescription") or each.get("identificationTypeCode")),
                each.get("number"),
                each.get("countryDescription"),
            )
            for each in node.all("identification")
            if each.get("number")
        ),
        programmes=tuple(dict.fromkeys(each.get("programme") for each in rules if each.get("programme"))),
        listed_on=min(
            (iso_date(each.get("publicationDate")) for each in rules if each.get("publicationDate")), default=""
        ),
        addresses=_places(node, "address"),
        remarks=" ".join(each.text.strip() for each in node.all("remark") if each.text.strip()),
    )


def _places(node: Node, tag: str) -> tuple[str, ...]:
    parts = ("street", "place", "city", "region", "countryDescription")
    told = (", ".join(filter(None, map(each.get, parts))) for each in node.all(tag))
    return tuple(dict.fromkeys(each for each in told if each))


def read_eu_csv(text: str, where: str, name: str = "eu") -> WatchList:
    """The list of the semicolon-separated file; an entry stands on as many rows as it has names, births and so on."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
    gathered = Gathered(where)
    lacking = [each for each in NEEDED if each not in (reader.fieldnames or ())]
    if lacking:
        gathered.wrong(1, f"no column {', '.join(lacking)}", "give the EU's own CSV, semicolons between columns")
        return gathered.as_list(name, "")
    rows: dict[str, list[dict[str, str]]] = {}
    lines: dict[str, int] = {}
    published = ""
    for raw in reader:
        row = {
            key: (value or "").strip()
            for key, value in raw.items()
            if isinstance(key, str) and isinstance(value, str | None)
        }
        key = row.get("Entity_LogicalId", "")
        if not key:
            gathered.wrong(reader.line_num, "has no Entity_LogicalId", "the number says which entry it is")
            continue
        published = published or _day(row.get("fileGenerationDate", ""))
        rows.setdefault(key, []).append(row)
        lines.setdefault(key, reader.line_num)
    for key, several in rows.items():
        gathered.add(_of_rows(key, several), lines[key])
    return gathered.as_list(name, published)


def _day(text: str) -> str:
    """`29/10/2026` or an ISO date."""
    parts = text[:10].split("/")
    return "-".join(reversed(parts)) if len(parts) == 3 else iso_date(text)


def _of_rows(key: str, rows: list[dict[str, str]]) -> Entry:
    def told(column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row[column] for row in rows if row.get(column)))

    names = [Name(row["NameAlias_WholeName"], "strong") for row in rows if row.get("NameAlias_WholeName")]
    names = [Name(names[0].text), *names[1:]] if names else []
    return Entry(
        id=next(iter(told("Entity_EU_ReferenceNumber")), key),
        kind=_KINDS.get(next(iter(told("Entity_SubjectType")), "").casefold(), "unknown"),
        names=tuple({each.text: each for each in reversed(names)}.values())[::-1],
        births=tuple(filter(None, (birth_of(each) for each in told("BirthDate_BirthDate") or told("BirthDate_Year")))),
        birth_places=told("BirthDate_Country"),
        countries=told("Citizenship_CountryDescription"),
        identifiers=tuple(
            Identifier(
                kind_of_number(row.get("Identification_TypeDescription", "")),
                row["Identification_Number"],
                row.get("Identification_CountryDescription", ""),
            )
            for row in rows
            if row.get("Identification_Number")
        ),
        programmes=told("Entity_Regulation_Programme"),
        listed_on=min(map(_day, told("Entity_Regulation_PublicationDate")), default=""),
        remarks=" ".join(told("Entity_Remark")),
    )
