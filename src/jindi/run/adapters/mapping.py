"""A mapping: where a message's values are, what they become, which records are skipped. TOML in, typed and checked.

The format is described where people meet it, in docs/adapters.md.
"""

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.problems import Problem, Problems
from jindi.language import Kind
from jindi.packs import Definitions, FieldDef
from jindi.run.adapters.iso8583 import CARDS, NEVER, Iso8583Reader, Spec, read_spec
from jindi.run.adapters.records import Reader
from jindi.run.adapters.tables import TableReader, TableShape
from jindi.run.adapters.xml import Total, XmlReader, XmlShape
from jindi.run.events import Scalar

FORMATS: Final = ("xml", "iso8583", "csv")
EXTENDS_MAX = 8
MAPPING_CHARS_MAX = 1_000_000
_KINDS: Final = ("from", "value", "literal", "text", "assumed", "same", "first")
_CHANGES: Final = (
    "drop", "slice", "table", "else", "token", "prefix", "unit", "currency", "sign", "time", "zone", "present",
    "default", "when",
)  # fmt: skip
_TESTS: Final = ("is", "in", "looks", "exists", "holds")
_PART = re.compile(r"\{([a-z0-9_]+)\}")

Raw = Mapping[str, object]
Sign = Literal["as_is", "abs", "negate"]
Unit = Literal["major", "minor"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where one value comes from and how it is turned."""

    item: str
    kind: str
    names: tuple[str, ...] = ()
    literal: Scalar = None
    firsts: tuple["Source", ...] = ()
    drop: str = ""
    slice: tuple[int, int] | None = None
    table: Mapping[str, Scalar] | None = None
    otherwise: Scalar = None
    token: str | None = None
    prefix: str = ""
    unit: Unit = "major"
    currency: "Source | None" = None
    sign: Sign = "as_is"
    time: str | None = None
    zone: ZoneInfo | None = None
    present: tuple[Scalar, Scalar] | None = None
    default: Scalar = None
    when: "tuple[Condition, ...]" = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that a record is or is not."""

    source: Source
    among: frozenset[Scalar] | None = None
    looks: str | None = None
    exists: bool | None = None
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Skip:
    """Which records give nothing, on purpose, and why."""

    when: tuple[Condition, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that a record gives: of all that hold the first, and of those with `also` every one."""

    also: bool
    type: str
    when: tuple[Condition, ...]
    id: Source
    at: Source
    fields: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class AdapterMap:
    """A mapping, read. `versions` are those of a format that its author tried."""

    name: str
    format: str
    reader: Reader
    values: Mapping[str, Source]
    skips: tuple[Skip, ...]
    emits: tuple[Emit, ...]
    assumed: Mapping[str, Scalar]
    needs_key: bool


@dataclass(slots=True)
class _Reading:
    """A mapping while it is read."""

    place: str
    definitions: Definitions
    format: str = ""
    tables: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    assumed: dict[str, Scalar] = field(default_factory=dict)
    known: dict[str, Source] = field(default_factory=dict)
    spec: Spec | None = None
    needs_key: bool = False
    problems: list[Problem] = field(default_factory=list)

    def problem(self, item: str, problem: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.place, item, problem, remedy))

    def text(self, item: str, given: object, default: str = "") -> str:
        if given is None:
            return default
        if not isinstance(given, str):
            self.problem(item, "not a text", "put it into quotation marks")
            return default
        return given

    def sub(self, item: str, given: object) -> Raw:
        if given is None:
            return {}
        if not isinstance(given, dict):
            self.problem(item, "not a table", f"write [{item}] and its lines")
            return {}
        return given

    def several(self, item: str, given: object) -> list[Raw]:
        if given is None:
            return []
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self.problem(item, "not a list of tables", f"write [[{item}]] and its lines")
            return []
        return given

    def only(self, item: str, given: Raw, known: tuple[str, ...]) -> None:
        for key in sorted(set(given) - set(known)):
            self.problem(item, f"unknown key '{key[:40]}'", f"use one of: {', '.join(known)}")

    # ---- sources

    def source(self, item: str, given: object) -> Source:
        """A source; `literal` nothing where it is none, and a problem."""
        if not isinstance(given, dict) or len(kinds := [kind for kind in _KINDS if kind in given]) != 1:
            self.problem(item, "not a source", f'give one of {", ".join(_KINDS)}, as in {{ from = "NAME" }}')
            return Source(item, "literal")
        self.only(item, given, (*_KINDS, *_CHANGES))
        (kind,) = kinds
        names, literal, firsts = self._origin(item, kind, given[kind])
        present = self._present(item, given.get("present"))
        if kind == "from":
            self._may_read(item, names, present is not None)
        unit = self._one_of(item, "unit", given, ("major", "minor"))
        sign = self._one_of(item, "sign", given, ("as_is", "abs", "negate"))
        kind_of_token = given.get("token")
        if kind_of_token is not None:
            self.needs_key = True
            if kind_of_token not in NORMAL_FORMS:
                self.problem(item, "unknown kind of token", f"use one of: {', '.join(sorted(NORMAL_FORMS))}")
                kind_of_token = None
        table = self._table(item, given.get("table"))
        if "else" in given and table is None:
            self.problem(item, "`else` belongs to a table", "leave it out, or name a table")
        return Source(
            item, kind, names, literal, firsts,
            drop=self.text(f"{item}: drop", given.get("drop")),
            slice=self._slice(item, given.get("slice")),
            table=table, otherwise=self.scalar(f"{item}: else", given.get("else")),
            token=kind_of_token if isinstance(kind_of_token, str) else None,
            prefix=self.text(f"{item}: prefix", given.get("prefix")),
            unit="minor" if unit == "minor" else "major",
            currency=self.source(f"{item}: currency", given["currency"]) if "currency" in given else None,
            sign="abs" if sign == "abs" else "negate" if sign == "negate" else "as_is",
            time=self._time(item, given.get("time")), zone=self._zone(item, given.get("zone")),
            present=present, default=self.scalar(f"{item}: default", given.get("default")),
            when=self.conditions(item, given.get("when")),
        )  # fmt: skip

    def _origin(self, item: str, kind: str, said: object) -> tuple[tuple[str, ...], Scalar, tuple[Source, ...]]:
        if kind == "literal":
            return (), self.scalar(item, said), ()
        if kind == "first":
            listed = said if isinstance(said, list) else []
            if not listed:
                self.problem(item, "names no sources", "write first = [{ from = … }, { from = … }]")
            return (), None, tuple(self.source(f"{item}: first {at}", each) for at, each in enumerate(listed, 1))
        names = tuple(str(each) for each in (said if isinstance(said, list) else [said]))
        if kind == "text":
            names = tuple(_PART.findall(names[0])) if len(names) == 1 else ()
            literal = str(said)
            if not names:
                self.problem(item, "a text without parts", 'write text = "{one}-{other}" with names of [values]')
            for name in names:
                self._has(item, name)
            return names, literal, ()
        if kind == "assumed" and names[0] not in self.assumed:
            self.problem(item, f"'{names[0][:40]}' is not in [assumed]", "declare it there")
        if kind in ("value", "same"):
            for name in names:
                self._has(item, name)
        if (kind == "same" and len(names) != 2) or (kind in ("value", "assumed") and len(names) != 1):
            self.problem(item, f"{kind}: not the right number of names", "same takes two, the others one")
            return ("", ""), None, ()
        return names, None, ()

    def _has(self, item: str, name: str) -> None:
        if name not in self.known:
            self.problem(item, f"no value '{name[:40]}' before it", "declare it in [values], above where it is used")

    def _may_read(self, item: str, names: tuple[str, ...], is_asked: bool) -> None:
        if self.format != "iso8583":
            return
        for name in names:
            number = int(name) if name.isdecimal() and len(name) < 4 else None
            if name != "mti" and (number is None or not 2 <= number <= 128):
                self.problem(item, "not a field of ISO 8583", 'write the number of a field, or "mti"')
            elif number is not None and not is_asked and self.spec is not None and self.spec.drops(number):
                why = NEVER.get(number, "what a network defines, where security data may lie")
                remedy = 'ask whether it is there: present = ["yes", "no"]'
                self.problem(item, f"field {number} is never passed on: {why}", remedy)

    def _one_of(self, item: str, key: str, given: Raw, of: tuple[str, ...]) -> str:
        said = given.get(key, of[0])
        if said not in of:
            self.problem(item, f"{key}: not known", f"use one of: {', '.join(of)}")
        return str(said)

    def scalar(self, item: str, given: object) -> Scalar:
        if given is None or isinstance(given, str | int | float | bool):
            return given
        self.problem(item, "not a plain value", "give a text, a number, true or false")
        return None

    def _present(self, item: str, given: object) -> tuple[Scalar, Scalar] | None:
        if given is None:
            return None
        if not isinstance(given, list) or len(given) != 2:
            self.problem(item, "present: not two values", 'write present = ["if it is there", "if not"]')
            return None
        return self.scalar(item, given[0]), self.scalar(item, given[1])

    def _slice(self, item: str, given: object) -> tuple[int, int] | None:
        if given is None:
            return None
        if isinstance(given, list) and len(given) == 2 and all(isinstance(at, int) and at >= 0 for at in given):
            return given[0], given[1]
        self.problem(item, "slice: not two places", "write slice = [0, 2] for the first two characters")
        return None

    def _table(self, item: str, given: object) -> Mapping[str, Scalar] | None:
        if given is None:
            return None
        if isinstance(given, str) and given in self.tables:
            return self.tables[given]
        remedy = f"declare [tables.NAME]; there are: {', '.join(self.tables) or 'none'}"
        self.problem(item, "no such table", remedy)
        return None

    def _time(self, item: str, given: object) -> str | None:
        if given is None:
            return None
        said = self.text(f"{item}: time", given, "iso")
        if said != "iso" and "%" not in said:
            self.problem(item, "time: no form of a time", 'write "iso", or a form such as "%Y-%m-%d %H:%M:%S"')
        return said

    def _zone(self, item: str, given: object) -> ZoneInfo | None:
        if given is None:
            return None
        try:
            return ZoneInfo(str(given))
        except (KeyError, ValueError, OSError):
            self.problem(item, "unknown time zone", "use a name such as Asia/Shanghai or UTC")
            return None

    # ---- conditions and what they lead to

    def conditions(self, item: str, given: object) -> tuple[Condition, ...]:
        if given is None:
            return ()
        listed = given if isinstance(given, list) else [given]
        return tuple(self._condition(f"{item}: when {at}", each) for at, each in enumerate(listed, 1))

    def _condition(self, item: str, given: object) -> Condition:
        if not isinstance(given, dict):
            self.problem(item, "not a condition", 'write { from = "NAME", is = "VALUE" }')
            return Condition(Source(item, "literal"))
        rest = {key: value for key, value in given.items() if key not in _TESTS}
        source = self.source(item, rest)
        tests = [key for key in ("is", "in", "looks", "exists") if key in given]
        if len(tests) != 1:
            self.problem(item, "not one test", "give one of is, in, looks, exists")
        listed = given.get("in", [given["is"]] if "is" in given else None)
        looks = given.get("looks")
        if looks is not None and looks not in NORMAL_FORMS:
            self.problem(item, "looks: an unknown kind", f"use one of: {', '.join(sorted(NORMAL_FORMS))}")
            looks = None
        exists, holds = given.get("exists"), given.get("holds", True)
        if not isinstance(exists, bool | None) or not isinstance(holds, bool):
            self.problem(item, "exists and holds are true or false", "write one of the two")
            exists, holds = None, True
        among = None
        if listed is not None:
            among = frozenset(self.scalar(item, each) for each in (listed if isinstance(listed, list) else [listed]))
        return Condition(source, among, looks if isinstance(looks, str) else None, exists, holds)

    def skip(self, item: str, given: Raw) -> Skip:
        self.only(item, given, ("when", "why"))
        why = self.sub(f"{item}: why", given.get("why"))
        zh, en = (self.text(f"{item}: why", why.get(key)) for key in ("zh", "en"))
        if not zh or not en:
            self.problem(item, "does not say why", 'write why = { zh = "…", en = "…" }')
        when = self.conditions(item, given.get("when"))
        if not when:
            self.problem(item, "would skip everything", 'write when = { from = "NAME", is = "VALUE" }')
        return Skip(when, zh, en)

    def emit(self, item: str, given: Raw) -> Emit:
        self.only(item, given, ("type", "when", "also", "id", "at", "fields"))
        also = given.get("also", False)
        if not isinstance(also, bool):
            self.problem(f"{item}: also", "neither true nor false", "write one of the two")
            also = False
        type_name = self.text(f"{item}: type", given.get("type"))
        event = self.definitions.events.get(type_name)
        when = self.conditions(item, given.get("when"))
        event_id, at = (self.source(f"{item}: {key}", given.get(key)) for key in ("id", "at"))
        listed = self.sub(f"{item}: fields", given.get("fields"))
        if event is None or event.own:
            known = ", ".join(sorted(name for name, each in self.definitions.events.items() if not each.own))
            self.problem(item, "not an event type that others may tell", f"use one of: {known}")
            return Emit(also, type_name, when, event_id, at, {})
        declared = {each.name: each for each in event.fields}
        for name in sorted(set(listed) - set(declared)):
            self.problem(
                f"{item}: {name[:40]}", f"not a field of {type_name}", f"its fields are: {', '.join(declared)}"
            )
        for name, each in declared.items():
            if each.required and name not in listed:
                self.problem(f"{item}: {name}", "a required field has no source", "say where it comes from")
        fields = {name: self.source(f"{item}: {name}", listed[name]) for name in declared if name in listed}
        for name, source in fields.items():
            self._fits(declared[name], source)
        for source in (event_id, at):
            self._fits(None, source)
        return Emit(also, type_name, when, event_id, at, fields)

    def _fits(self, target: FieldDef | None, source: Source) -> None:
        """A card number goes only where it becomes a token."""
        is_clear = target is None or target.identifier is None
        if is_clear and self.format == "iso8583" and _clear_card(source, self.known, 0):
            remedy = 'add token = "bank_card", or use a field with identifier = "bank_card"'
            self.problem(source.item, "would keep the card number in clear", remedy)
        if target is not None and target.type.kind is not Kind.MONEY and source.currency is not None:
            self.problem(source.item, "`currency` belongs to an amount", "leave it out")


def _clear_card(source: Source, known: Mapping[str, Source], depth: int) -> bool:
    if source.token or source.present is not None or source.table is not None or depth > 32:
        return False
    if source.kind == "from":
        return any(name.isdecimal() and int(name) in CARDS for name in source.names)
    below = [known[name] for name in source.names if name in known] if source.kind in ("value", "text") else []
    return any(_clear_card(each, known, depth + 1) for each in (*below, *source.firsts))


_TOP: Final = ("extends", "doc", "format", "reader", "tables", "assumed", "values", "skip", "emit")


def read_mapping(
    text: str, definitions: Definitions, place: str, shipped: Mapping[str, str],
    assumed: Mapping[str, str] | None = None, over: str | None = None,
) -> AdapterMap:  # fmt: skip
    """A mapping from its TOML text; `shipped` are those that it may extend, `over` is the one that it lies over if it
    says no other. Raises Problems with all of them.
    """
    given = _extended(_toml(text, place), place, shipped, over)
    reading = _Reading(place, definitions)
    reading.only("", given, _TOP)
    reading.format = reading.text("format", given.get("format"))
    if reading.format not in FORMATS:
        reading.problem("format", "missing or not known", f"use one of: {', '.join(FORMATS)}")
    reader = _reader(reading, reading.sub("reader", given.get("reader")))
    for name, table in reading.sub("tables", given.get("tables")).items():
        rows = reading.sub(f"tables.{name}", table)
        reading.tables[name] = {key: reading.scalar(f"tables.{name}", each) for key, each in rows.items()}
    for name, said in reading.sub("assumed", given.get("assumed")).items():
        reading.assumed[name] = reading.scalar(f"assumed: {name}", said)
    _assume(reading, assumed or {})
    for name, said in reading.sub("values", given.get("values")).items():
        if not re.fullmatch("[a-z0-9_]{1,40}", name):
            reading.problem(f"values: {name[:40]}", "not a name", "small letters, digits and _")
        reading.known[name] = reading.source(f"values: {name}", said)
    skips = tuple(
        reading.skip(f"skip {at}", each) for at, each in enumerate(reading.several("skip", given.get("skip")), 1)
    )
    emits = tuple(
        reading.emit(f"emit {at}", each) for at, each in enumerate(reading.several("emit", given.get("emit")), 1)
    )
    if not emits:
        reading.problem("emit", "gives no event", "write [[emit]] and its lines")
    if reading.problems:
        raise Problems(reading.problems)
    return AdapterMap(
        place, reading.format, reader, reading.known, skips, emits, reading.assumed, reading.needs_key
    )  # fmt: skip


def _assume(reading: _Reading, said: Mapping[str, str]) -> None:
    for name, value in said.items():
        if name not in reading.assumed:
            there = ", ".join(sorted(reading.assumed)) or "nothing"
            reading.problem("assumed", f"'{name[:40]}' is not assumed by this mapping", f"it assumes: {there}")
        elif isinstance(reading.assumed[name], bool):
            if value not in ("true", "false"):
                reading.problem("assumed", f"{name}: neither true nor false", "write one of the two")
            reading.assumed[name] = value == "true"
        else:
            reading.assumed[name] = value


def _toml(text: str, place: str) -> dict[str, object]:
    if len(text) > MAPPING_CHARS_MAX:
        raise Problems([Problem(place, "", "too long for a mapping", f"at most {MAPPING_CHARS_MAX} characters")])
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Problems([Problem(place, "", f"not TOML: {error}")]) from None


def _extended(
    given: dict[str, object], place: str, shipped: Mapping[str, str], over: str | None, depth: int = 0
) -> dict[str, object]:
    """A mapping over the one that it extends: tables are laid over one another, lists stand in the place of lists."""
    below = given.get("extends", over)
    if below is None:
        return given
    if not isinstance(below, str) or below not in shipped or depth > EXTENDS_MAX:
        known = ", ".join(sorted(shipped))
        raise Problems([Problem(place, "extends", "no such mapping", f"use one of: {known}")])
    lower = _extended(_toml(shipped[below], below), below, shipped, None, depth + 1)
    return _laid(lower, {key: value for key, value in given.items() if key != "extends"})


def _laid(lower: dict[str, object], upper: dict[str, object]) -> dict[str, object]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        is_source = isinstance(value, dict) and any(kind in value for kind in _KINDS)
        both = isinstance(below, dict) and isinstance(value, dict) and not is_source
        merged[key] = _laid(below, value) if both and isinstance(below, dict) and isinstance(value, dict) else value
    return merged


# ---- readers


def _reader(reading: _Reading, given: Raw) -> Reader:
    if reading.format == "iso8583":
        reading.only("reader", given, ("spec",))
        before = len(reading.problems)
        reading.spec = read_spec(reading.sub("reader: spec", given.get("spec")), reading.place, reading.problems)
        if len(reading.problems) > before:
            reading.spec = None
        return Iso8583Reader(reading.spec or Spec({}))
    if reading.format == "csv":
        return TableReader(_table_shape(reading, given))
    return XmlReader(_xml_shape(reading, given))


def _path(reading: _Reading, item: str, given: object) -> tuple[str, ...]:
    said = reading.text(item, given)
    parts = tuple(part for part in said.split("/") if part)
    if said and (not parts or any(part in (".", "..") or part.startswith("@") for part in parts)):
        reading.problem(item, "not a path of elements", "write names with / between them")
    return parts


def _xml_shape(reading: _Reading, given: Raw) -> XmlShape:
    reading.only("reader", given, ("namespace", "record", "split", "totals"))
    record = _path(reading, "reader: record", given.get("record"))
    if not record:
        reading.problem("reader: record", "missing", 'write record = "Document/…", the path of what is one transaction')
    totals = []
    for at, each in enumerate(reading.several("reader: totals", given.get("totals")), 1):
        reading.only(f"reader: totals {at}", each, ("declared", "of"))
        declared = reading.text(f"reader: totals {at}", each.get("declared"))
        if not declared.startswith("../"):
            reading.problem(f"reader: totals {at}", "not a path upwards", 'write declared = "../GrpHdr/NbOfTxs"')
        of = each.get("of", [])
        of = of if isinstance(of, list) else [of]
        totals.append(Total(declared, tuple(reading.text(f"reader: totals {at}", path) for path in of)))
    split = _path(reading, "reader: split", given.get("split"))
    return XmlShape(record or ("",), split, reading.text("reader: namespace", given.get("namespace")), tuple(totals))


def _table_shape(reading: _Reading, given: Raw) -> TableShape:
    known = ("needs", "delimiter", "quote", "protect", "comment", "end", "must_end", "encoding", "head", "count")
    reading.only("reader", given, known)
    needs = given.get("needs")
    if not isinstance(needs, list) or not needs or not all(isinstance(each, str) and each for each in needs):
        reading.problem("reader: needs", "names no columns", "list columns by which the header line is known")
        needs = ["?"]
    texts = {key: reading.text(f"reader: {key}", given.get(key)) for key in ("protect", "comment", "end")}
    delimiter = reading.text("reader: delimiter", given.get("delimiter"), ",")
    quote = reading.text("reader: quote", given.get("quote"), '"')
    if len(delimiter) != 1 or len(quote) > 1 or delimiter == quote or not (delimiter + quote).strip("\r\n"):
        reading.problem("reader", "delimiter and quote are one character each, and not the same", 'quote = "" for none')
        delimiter, quote = ",", '"'
    encoding = reading.text("reader: encoding", given.get("encoding"), "auto")
    if encoding != "auto" and not _is_encoding(encoding):
        reading.problem("reader: encoding", "not known", "use auto, utf-8, gb18030 or latin-1")
        encoding = "auto"
    head = {
        name: _compiled(reading, f"reader: head: {name}", said, 1)
        for name, said in reading.sub("reader: head", given.get("head")).items()
    }
    count = _compiled(reading, "reader: count", given["count"], 1) if "count" in given else None
    must_end = given.get("must_end", False)
    if not isinstance(must_end, bool) or (must_end and not texts["end"]):
        reading.problem("reader: must_end", "is true or false, and true needs `end`", "write both, or neither")
    return TableShape(
        tuple(needs), delimiter, quote, encoding=encoding, head=head, count=count, must_end=must_end is True, **texts
    )


def _is_encoding(name: str) -> bool:
    try:
        # Only what keeps a line end one byte: lines are found before they are decoded.
        return codecs.lookup(name).name in ("utf-8", "gb18030", "gbk", "gb2312", "iso8859-1", "ascii", "big5")
    except LookupError:
        return False


def _compiled(reading: _Reading, item: str, given: object, groups: int) -> re.Pattern[str]:
    try:
        pattern = re.compile(reading.text(item, given), re.MULTILINE)
    except (re.error, RecursionError, OverflowError):
        pattern = re.compile("")
    if pattern.groups != groups:
        reading.problem(item, "not a pattern with one group", "write a regular expression with one ( )")
        return re.compile("(?!)()")
    return pattern
