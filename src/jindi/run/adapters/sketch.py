"""A mapping to begin with, from a sample: what is there, what the event wants, and what is still to be said.

No value of the sample stands in it, only names of columns, paths and fields.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat  # nosec - declarations are refused below, so nothing is expanded

from jindi.basics.problems import Problem, Problems
from jindi.packs import Definitions, EventDef, FieldDef
from jindi.run.adapters.mapping import AdapterMap, read_mapping
from jindi.run.adapters.records import Record
from jindi.run.adapters.xml import DEPTH_MAX

SAMPLE_BYTES_MAX = 1 << 20
SOURCES_MAX = 400
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Sample:
    """What a sample shows: how it is read, and what of it can be a source, with how many records have it."""

    format: str
    reader: tuple[str, ...]
    sources: tuple[str, ...]


def sketch(sample: bytes, name: str, type_name: str, definitions: Definitions, shipped: Mapping[str, str]) -> str:
    """The TOML text of a mapping for this sample's format. Raises Problems."""
    sample = sample[:SAMPLE_BYTES_MAX]
    known = _known(sample, definitions, shipped)
    if known is not None:
        return _over(*known, shipped)
    event = definitions.events.get(type_name)
    if event is None or event.own:
        names = ", ".join(sorted(each for each, one in definitions.events.items() if not one.own))
        raise Problems(
            [Problem("--type", "", "missing or not an event type that others may tell", f"use one of: {names}")]
        )
    found = _xml(sample, name) if _is_xml(sample) else _table(sample, name)
    return _whole(found, event)


def _is_xml(sample: bytes) -> bool:
    return sample.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _known(sample: bytes, definitions: Definitions, shipped: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """The shipped mapping whose reader takes the sample's beginning, with the sources seen."""
    best: tuple[str, list[str]] | None = None
    is_xml = _is_xml(sample)
    for name, text in shipped.items():
        mapping = read_mapping(text, definitions, name, shipped)
        seen = _seen(mapping, sample) if is_xml == (mapping.format == "xml") else []
        if seen and (best is None or len(seen) > len(best[1])):
            best = name, seen
    return best


def _seen(mapping: AdapterMap, sample: bytes) -> list[str]:
    names: dict[str, None] = {}
    try:
        for at, record in enumerate(mapping.reader.records(io.BytesIO(sample), "sample")):
            if at >= 20:
                break
            if isinstance(record, Record):
                names.update(dict.fromkeys(record.shown()))
    except Problems:
        pass  # a sample may end anywhere
    return list(names)


def _over(name: str, seen: Iterable[str], shipped: Mapping[str, str]) -> str:
    assumed = re.search(r"^\[assumed\]\n(?:[a-z_]+ *= .*\n)+", shipped[name], re.MULTILINE)
    below = re.search(r'^extends = "(.*)"', shipped[name], re.MULTILINE)
    if assumed is None and below is not None:
        assumed = re.search(r"^\[assumed\]\n(?:[a-z_]+ *= .*\n)+", shipped[below[1]], re.MULTILINE)
    lines = [
        f"# The sample is of a known format: this lies over the shipped mapping {name}. Tables are laid over its",
        "# tables, [[skip]] and [[emit]] stand in the place of its own. Leave out what may stay as it is.",
        f"extends = {json.dumps(name)}",
        "",
        "# What the messages do not say; put in what is so with you.",
        *((assumed[0].rstrip() if assumed is not None else "[assumed]").splitlines()),
        "",
        "# Sources that the sample has:",
        *(f"#   {_plain(each)}" for each in list(seen)[:SOURCES_MAX]),
    ]
    return "\n".join(lines) + "\n"


def _whole(found: _Sample, event: EventDef) -> str:
    key = _quoted(found.sources[0]) if found.sources else '""'
    lines = [
        "# A mapping to begin with. Say where each value is; `jindi adapt own` names what is still missing.",
        f"format = {json.dumps(found.format)}",
        "",
        "[reader]",
        *found.reader,
        "",
        '# What the file does not say: channel = "app", then { assumed = "channel" } as a source.',
        "[assumed]",
        "",
        '# Values with a name, for ids and conditions: { value = "number" }, { text = "{number}-{part}" }.',
        "[values]",
        f"number = {{ from = {key} }}",
        "",
        "[[emit]]",
        f"type = {json.dumps(event.name)}",
        'id   = { value = "number", prefix = "own-" }',
        f'at   = {{ from = {key}, time = "iso", zone = "Asia/Shanghai" }}',
        "[emit.fields]",
        *_fields(event.fields, found.sources),
        "",
        "# Sources that the sample has:",
        *(f"#   {_plain(each)}" for each in found.sources[:SOURCES_MAX]),
    ]
    return "\n".join(lines) + "\n"


def _fields(fields: Iterable[FieldDef], sources: Iterable[str]) -> Iterator[str]:
    there = {each.rpartition("/")[2].casefold(): each for each in reversed(list(sources))}
    for each in fields:
        match = there.get(each.name)
        needed = "required" if each.required else "may be missing"
        what = f"one of {', '.join(each.values)}" if each.values else str(each.type)
        line = f"{each.name} = {{ from = {_quoted(match or '')} }}"
        yield f"{'' if match else '# '}{line}  # {needed}; {what}; {each.doc.en}"


def _plain(text: str) -> str:
    """A name from the sample as a comment may hold it: what can't be printed stands as a question mark."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _xml(sample: bytes, name: str) -> _Sample:
    """The element that repeats with most below it is the record; where none does, the root."""
    open_: list[str] = []
    counts: Counter[tuple[str, ...]] = Counter()
    leaves: dict[tuple[str, ...], None] = {}
    space = ""
    parser = expat.ParserCreate(namespace_separator=" ")

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal space
        if not open_:
            space = tag.rpartition(" ")[0]
        open_.append(tag.rpartition(" ")[2])
        if len(open_) > DEPTH_MAX or len(counts) > 10_000:
            raise Problems([Problem(name, "", "too deep or too much in it for a sample", "give a smaller one")])
        counts[tuple(open_)] += 1
        for each in attributes:
            leaves[(*open_, "@" + each.rpartition(" ")[2])] = None

    def end(_: str) -> None:
        open_.pop()

    def say(text: str) -> None:
        if text.strip():
            leaves[tuple(open_)] = None

    def refuse(*_: object) -> None:
        raise Problems([Problem(name, "", "declares a document type", "give a sample without DOCTYPE")])

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, say
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(sample, False)
    except (expat.ExpatError, ValueError, LookupError):
        raise Problems([Problem(name, "", "is no XML", "give a whole file as a sample")]) from None
    if not counts:
        raise Problems([Problem(name, "", "has no element", "give a whole file as a sample")])
    below = {path: sum(1 for leaf in leaves if len(leaf) > len(path) and leaf[: len(path)] == path) for path in counts}
    often = [path for path, count in counts.items() if count > 1 and below[path] > 1]
    record = max(often, key=lambda path: below[path]) if often else next(iter(counts))
    inside = [leaf[len(record) :] for leaf in leaves if len(leaf) > len(record) and leaf[: len(record)] == record]
    above = [_upwards(leaf, record) for leaf in leaves if leaf[: len(record)] != record]
    reader = [f"record = {_quoted('/'.join(record))}"]
    if space:
        reader.insert(0, f"namespace = {_quoted(space)}")
    return _Sample("xml", tuple(reader), ("#number", *("/".join(each) for each in inside), *above))


def _upwards(leaf: tuple[str, ...], record: tuple[str, ...]) -> str:
    shared = 0
    while shared < min(len(leaf), len(record)) and leaf[shared] == record[shared]:
        shared += 1
    return "../" * (len(record) - shared) + "/".join(leaf[shared:])


def _table(sample: bytes, name: str) -> _Sample:
    """The first line with as many cells as most lines have is the header."""
    try:
        text = sample.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = sample[: error.start].decode("utf-8-sig") if error.start > len(sample) - 4 else _chinese(sample, name)
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    best: tuple[int, str, list[str]] = (1, ",", [])
    for delimiter in (",", ";", "\t", "|"):
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths and (width := max(widths, key=lambda each: (widths[each], each))) > best[0]:
            header = next(row for row in rows if len(row) == width)
            best = width, delimiter, [cell.strip(" \t`") for cell in header]
    columns = [each for each in best[2] if each]
    if not columns:
        raise Problems([Problem(name, "", "neither XML, ISO 8583 nor a table with a header", "give another sample")])
    reader = [f"needs = [{', '.join(map(_quoted, columns[:3]))}]"]
    if best[1] != ",":
        reader.append(f"delimiter = {_quoted(best[1])}")
    return _Sample("csv", tuple(reader), tuple(columns))


def _chinese(sample: bytes, name: str) -> str:
    try:
        return sample[: sample.rfind(b"\n") + 1].decode("gb18030")
    except UnicodeDecodeError:
        raise Problems([Problem(name, "", "neither UTF-8 nor GB 18030", "convert it to UTF-8")]) from None
