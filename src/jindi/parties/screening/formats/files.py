"""Files as somebody has them: which format each is, told by what is in it; OFAC's three files belong together."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from jindi.basics.problems import Problem, Problems
from jindi.parties.screening.entries import WatchList
from jindi.parties.screening.formats.eu import read_eu_csv, read_eu_xml
from jindi.parties.screening.formats.ofac import read_ofac
from jindi.parties.screening.formats.own import read_own_csv, read_own_toml
from jindi.parties.screening.formats.un import read_un

_OFAC = re.compile(r"(?i)(sdn|alt|add|cons_prim|cons_alt|cons_add)(?:_\w+)?\.csv\Z|ofac_(\w+)\.csv\Z")
FORMATS = "UN or EU consolidated XML, EU CSV, OFAC's sdn.csv with alt.csv and add.csv, or our own TOML or CSV"


def read_files(files: Mapping[str, bytes]) -> list[WatchList]:
    """All lists of these files (a name and its content), in the order of names. Raises Problems, all of all files."""
    lists: list[WatchList] = []
    problems: list[Problem] = []
    parts = {_part(where): where for where in files if _part(where)}

    def read(reading: Callable[[], WatchList]) -> None:
        try:
            lists.append(reading())
        except Problems as error:
            problems.extend(error.problems)

    for where, data in sorted(files.items()):
        part = _part(where)
        if part in {"sdn", "cons_prim"}:
            others = ("cons_alt", "cons_add") if part == "cons_prim" else ("alt", "add")
            alt, add = (text_of(files[parts[each]]) if each in parts else "" for each in others)
            name = "ofac" if part == "sdn" else "ofac_consolidated"
            read(partial(read_ofac, text_of(data), where, alt, add, name))
        elif part:
            if ("cons_prim" if part.startswith("cons") else "sdn") not in parts:
                problems.append(
                    Problem(where, "", "aliases or addresses without their list", "put OFAC's sdn.csv beside it")
                )
        else:
            read(partial(_other, where, data))
    names = [each.name for each in lists]
    problems += [
        Problem(name, "", "two lists have this name", "rename one file, or leave one out")
        for name in sorted({each for each in names if names.count(each) > 1})
    ]
    if not files:
        problems.append(Problem("", "", "no list is given", FORMATS))
    if problems:
        raise Problems(problems)
    return lists


def text_of(data: bytes) -> str:
    """A file's text: UTF-8, or Latin-1 where it is none (OFAC's older files)."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _part(where: str) -> str:
    found = _OFAC.search(where.rpartition("/")[2])
    return (found[1] or found[2]).lower() if found else ""


def _other(where: str, data: bytes) -> WatchList:
    stem = re.sub(r"\.\w+\Z", "", where.rpartition("/")[2])
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        return read_un(data, where) if b"CONSOLIDATED_LIST" in head else read_eu_xml(data, where)
    text = text_of(data)
    if where.endswith(".toml"):
        return read_own_toml(text, where, stem)
    if b"Entity_LogicalId" in head:
        return read_eu_csv(text, where)
    if where.endswith(".csv"):
        return read_own_csv(text, where, stem)
    raise Problems([Problem(where, "", "not a list that is known here", FORMATS)])
