"""The United Nations Security Council's consolidated list, as its XML schema has it (`CONSOLIDATED_LIST`)."""

from collections.abc import Iterator

from jindi.parties.screening.entries import Birth, Entry, Identifier, Name, Quality, WatchList
from jindi.parties.screening.formats.tidying import Gathered, birth_of, iso_date, kind_of_number
from jindi.parties.screening.formats.xml import Node, read_xml

_QUALITY: dict[str, Quality] = {"good": "strong", "low": "weak", "a.k.a.": "strong", "f.k.a.": "strong"}
_NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def read_un(data: bytes, where: str, name: str = "un") -> WatchList:
    """The list. Raises Problems."""
    root = read_xml(data, where)
    gathered = Gathered(where)
    if root.tag != "CONSOLIDATED_LIST":
        gathered.wrong(root.line, "is no consolidated list of the UN", "its first element is CONSOLIDATED_LIST")
    for group, tag, kind in (("INDIVIDUALS", "INDIVIDUAL", "person"), ("ENTITIES", "ENTITY", "entity")):
        for node in (each for holder in root.all(group) for each in holder.all(tag)):
            key = node.first("REFERENCE_NUMBER") or node.first("DATAID")
            if not key:
                gathered.wrong(
                    node.line, "has no reference number", "REFERENCE_NUMBER or DATAID says which entry it is"
                )
                continue
            gathered.add(_entry(node, tag, key, kind), node.line)
    return gathered.as_list(name, iso_date(root.get("dateGenerated")))


def _entry(node: Node, tag: str, key: str, kind: str) -> Entry:
    whole = " ".join(part for part in (node.first(each) for each in _NAMES) if part)
    names = [Name(whole)] if whole else []
    names += [Name(each, "strong") for each in _split(node.first("NAME_ORIGINAL_SCRIPT"))]
    for alias in node.all(f"{tag}_ALIAS"):
        quality = _QUALITY.get(alias.first("QUALITY").casefold(), "strong")
        names += [Name(each, quality) for each in _split(alias.first("ALIAS_NAME"))]
    return Entry(
        id=key,
        kind="person" if kind == "person" else "entity",
        names=tuple(dict.fromkeys(names)),
        births=tuple(_births(node)),
        birth_places=_places(node.all("INDIVIDUAL_PLACE_OF_BIRTH")),
        countries=tuple(
            dict.fromkeys(
                each.text.strip()
                for holder in node.all("NATIONALITY")
                for each in holder.all("VALUE")
                if each.text.strip()
            )
        ),
        identifiers=tuple(_numbers(node)),
        programmes=tuple(filter(None, (node.first("UN_LIST_TYPE"),))),
        listed_on=iso_date(node.first("LISTED_ON")),
        addresses=_places(node.all(f"{tag}_ADDRESS")),
        remarks=node.first("COMMENTS1"),
    )


def _split(text: str) -> Iterator[str]:
    """An alias that holds several, as the list writes them."""
    return (part.strip() for part in text.split(";") if part.strip())


def _births(node: Node) -> Iterator[Birth]:
    for each in node.all("INDIVIDUAL_DATE_OF_BIRTH"):
        first, last = each.first("FROM_YEAR"), each.first("TO_YEAR")
        if first.isdigit() and last.isdigit():
            yield Birth(year_min=int(first), year_max=int(last))
            continue
        about = "circa " if each.first("TYPE_OF_DATE").casefold() == "approximately" else ""
        if birth := birth_of(about + (iso_date(each.first("DATE")) or each.first("YEAR"))):
            yield birth


def _places(nodes: Iterator[Node]) -> tuple[str, ...]:
    parts = ("STREET", "CITY", "STATE_PROVINCE", "COUNTRY")
    told = (", ".join(filter(None, (node.first(part) for part in parts))) for node in nodes)
    return tuple(dict.fromkeys(each for each in told if each))


def _numbers(node: Node) -> Iterator[Identifier]:
    for each in node.all("INDIVIDUAL_DOCUMENT"):
        number = each.first("NUMBER")
        if number:
            kind = kind_of_number(each.first("TYPE_OF_DOCUMENT") or each.first("TYPE_OF_DOCUMENT2"))
            yield Identifier(kind, number, each.first("ISSUING_COUNTRY") or each.first("COUNTRY_OF_ISSUE"))
