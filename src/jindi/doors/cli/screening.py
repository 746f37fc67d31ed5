"""`jindi screen`: names against watch lists, with why, in both languages."""

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.parties.screening import Entry, Identifier, Index, Match, Subject, WatchList
from jindi.parties.screening.entries import KINDS, Kind
from jindi.parties.screening.explain import explained
from jindi.parties.screening.formats import FORMATS, read_files

FOUND = 3
"""The exit code when somebody may be listed: programs must not take it for "nothing"."""

FILE_BYTES_MAX = 512 << 20
_BIRTH = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")
_COLUMNS = ("id", "name", "kind", "birth", "country", "identifier")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    names: tuple[str, ...]
    lists: tuple[Path, ...]
    file: str | None
    threshold: int
    kind: str
    birth: str
    country: str
    identifier: tuple[str, ...]


def screen(asked: Asked, output: Output) -> None:
    """Screen and tell; ends with `FOUND` when there is a match. Raises Problems."""
    subjects, lists = _both(asked)
    entries = {f"{watch.name}:{key}": (watch, entry) for watch in lists for key, entry in watch.entries.items()}
    index = Index.of(_renamed(entry, key) for key, (_, entry) in entries.items())
    found: list[dict[str, Any]] = []
    hit = 0
    with output.progress() as progress:
        task = progress.add_task("screening", total=len(subjects))
        for at, subject in enumerate(subjects):
            matches = index.screen(subject, asked.threshold)
            hit += bool(matches)
            for match in matches:
                watch, entry = entries[match.entry.id]
                found.append(_document(subject, match, watch, entry))
                _tell(match, watch, output)
            if at % 200 == 0:
                progress.update(task, completed=at)
    told = [
        {"name": each.name, "version": each.version, "published_on": each.published_on, "entries": len(each.entries)}
        for each in lists
    ]
    output.give({"ok": True, "lists": told, "threshold": asked.threshold, "subjects": len(subjects), "matches": found})
    for each in lists:
        published = f"发布于 published {each.published_on}，" if each.published_on else ""
        output.say(
            f"名单 list {each.name}：{published}版本 version {each.version[:12]}，{len(each.entries):,} 条 entries"
        )
    output.say(
        f"已筛查 {len(subjects):,} 个名称，{hit:,} 个有命中，共 {len(found):,} 条（阈值 {asked.threshold}）。"
        f" {counted(len(subjects), 'name')} screened, {hit:,} with matches, {counted(len(found), 'match', 'matches')}"
        f" (threshold {asked.threshold})."
    )
    if found:
        raise SystemExit(FOUND)


def _both(asked: Asked) -> tuple[list[Subject], list[WatchList]]:
    """Subjects and lists; what is wrong with either is told at once."""
    problems: list[Problem] = []
    subjects: list[Subject] = []
    lists: list[WatchList] = []
    try:
        subjects = list(_subjects(asked))
    except Problems as error:
        problems += error.problems
    try:
        lists = read_files(_files(asked.lists))
    except Problems as error:
        problems += error.problems
    if problems:
        raise Problems(problems)
    return subjects, lists


def _renamed(entry: Entry, key: str) -> Entry:
    return Entry(
        key,
        entry.kind,
        entry.names,
        entry.births,
        entry.birth_places,
        entry.countries,
        entry.identifiers,
        entry.programmes,
        entry.listed_on,
        entry.addresses,
        entry.remarks,
    )


# ---- what is read


def _files(paths: tuple[Path, ...]) -> Mapping[str, bytes]:
    """The files of paths and folders; `.gz` is unpacked."""
    found: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in paths:
        several = sorted(each for each in path.iterdir() if _is_list(each)) if path.is_dir() else [path]
        if not several:
            problems.append(Problem(str(path), "", "holds no list", FORMATS))
        for file in several:
            try:
                data = _read(file)
            except (OSError, EOFError) as error:
                what = (getattr(error, "strerror", None) or "is no whole gzip file").lower()
                problems.append(Problem(str(file), "", what, "name a list that can be read"))
                continue
            found[str(file).removesuffix(".gz")] = data
    if problems:
        raise Problems(problems)
    return found


def _is_list(path: Path) -> bool:
    return path.is_file() and path.name.removesuffix(".gz").rpartition(".")[2] in {"xml", "csv", "toml"}


def _read(path: Path) -> bytes:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise OSError(None, f"is larger than {FILE_BYTES_MAX >> 20} MiB")
    return data


def _subjects(asked: Asked) -> Iterator[Subject]:
    problems: list[Problem] = []
    fields = {
        "kind": asked.kind,
        "birth": asked.birth,
        "country": asked.country,
        "identifier": "|".join(asked.identifier),
    }
    rows = [("", {"name": name, **fields}) for name in asked.names]
    if asked.file is not None:
        rows += [
            (where, {**{key: value for key, value in fields.items() if value}, **row})
            for where, row in _rows(asked.file)
        ]
    if not rows:
        problems.append(
            Problem("", "", "no name is given", "name somebody, or a file with --file (- is standard input)")
        )
    subjects = [_subject(where, row, problems) for where, row in rows]
    if problems:
        raise Problems(problems)
    yield from subjects


def _rows(file: str) -> list[tuple[str, dict[str, str]]]:
    """(place, fields) of a CSV with a header, of NDJSON, or of one name a line."""
    where = "standard input" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except OSError as error:
        raise Problems([Problem(where, "", (error.strerror or "cannot be read").lower(), "name a file")]) from None
    except UnicodeDecodeError:
        raise Problems([Problem(where, "", "is not UTF-8", "save it as UTF-8")]) from None
    if text.lstrip().startswith("{"):
        return _ndjson(where, text)
    header = text.partition("\n")[0].casefold()
    if "name" in next(csv.reader([header]), []):
        reader = csv.DictReader(io.StringIO(text))
        rows = [
            (
                f"{where}: line {reader.line_num}",
                {str(key).strip().casefold(): (value or "") for key, value in row.items() if key is not None},
            )
            for row in reader
        ]
        return [(place, {key: row[key] for key in _COLUMNS if key in row}) for place, row in rows]
    return [(f"{where}: line {at}", {"name": line}) for at, line in enumerate(text.splitlines(), 1) if line.strip()]


def _ndjson(where: str, text: str) -> list[tuple[str, dict[str, str]]]:
    rows, problems = [], []
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            rows.append(
                (f"{where}: line {at}", {key: str(document[key]) for key in _COLUMNS if document.get(key) is not None})
            )
        except (ValueError, AttributeError, RecursionError):
            problems.append(Problem(where, f"line {at}", "no JSON object", 'write {"name": …} on each line'))
    if problems:
        raise Problems(problems)
    return rows


def _subject(where: str, row: Mapping[str, str], problems: list[Problem]) -> Subject:
    name, kind, birth = (row.get(each, "").strip() for each in ("name", "kind", "birth"))
    if not any(char.isalnum() for char in name):
        problems.append(Problem(where, "name", "is empty", "every subject has a name"))
    if kind and kind not in KINDS:
        problems.append(Problem(where, "kind", "is not known", f"use one of: {', '.join(KINDS)}"))
    if birth and not _BIRTH.match(birth):
        problems.append(Problem(where, "birth", "is no date", "write 1970-03-14, 1970-03 or 1970"))
    numbers = []
    for told in filter(None, (part.strip() for part in row.get("identifier", "").split("|"))):
        number_kind, sign, value = told.partition(":")
        if not sign:
            problems.append(Problem(where, "identifier", "has no kind", "write passport:E12345678"))
        numbers.append(Identifier(number_kind, value))
    known: Kind = next((each for each in KINDS if each == kind), "unknown")
    countries = tuple(filter(None, (part.strip() for part in row.get("country", "").split("|"))))
    return Subject((name,), known, birth, countries, tuple(numbers), row.get("id", "").strip())


# ---- what is told


def _document(subject: Subject, match: Match, watch: WatchList, entry: Entry) -> dict[str, Any]:
    told = explained(match)
    return {
        "id": subject.id,
        "name": subject.names[0],
        "list": watch.name,
        "list_version": watch.version,
        "entry": entry.id,
        "entry_digest": entry.digest(),
        "kind": entry.kind,
        "listed_name": match.name.text,
        "quality": match.name.quality,
        "score": match.score,
        "strength": match.strength,
        "rules": list(match.rules),
        "pairs": [
            {"ours": pair.ours, "theirs": pair.theirs, "likeness": round(pair.likeness, 3), "by": pair.by}
            for pair in match.comparison.pairs
        ],
        "programmes": list(entry.programmes),
        "why": {"zh": list(told.zh), "en": list(told.en)},
    }


def _tell(match: Match, watch: WatchList, output: Output) -> None:
    told = explained(match)
    programmes = f" [{', '.join(match.entry.programmes)}]" if match.entry.programmes else ""
    output.say(f"● {match.score} {match.ours} → {match.name.text}  ({watch.name}{programmes})")
    for zh, en in zip(told.zh, told.en, strict=True):
        output.say(f"    {zh}")
        output.say(f"    {en}")
