"""A rule or an exemption as a form: what stands in its fields, and what a pack's file has of it.

A draft may be wrong, and is kept all the same: what can't be read (a score that is no number) is kept as a text, and
the check of the packs says what is wrong with it. Only what could not be written down at all is refused.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from jindi.language import ExpressionProblems, Group, Row, Scope, laid_out, read, written
from jindi.packs import Words, toml_of

Mode = Literal["builder", "code"]

CASES_MAX: Final = 30
PLACES_MAX: Final = 60
PLAIN: Final = ("then", "method", "wait", "degrade", "typology", "tell", "share_max", "confirmed_share")
"""Keys of a rule that are one text each; empty: they are not there."""

_PART: Final = re.compile(r"p\.(\d{1,3})\.(?:(\d{1,3})\.)?(left|op|right|join)\Z", re.ASCII)
_CASE: Final = re.compile(r"case\.(\d{1,3})\.(name|fires|given|lists|at)\Z", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,9}\Z", re.ASCII)


class Unwritable(ValueError):  # noqa: N818 - what a person is told
    """Fields of a case that are no TOML: `case` is its number, `field` which of them."""

    def __init__(self, case: int, name: str, what: str) -> None:
        self.case, self.field, self.what = case, name, what
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class CaseForm:
    """One worked example: `given` and `lists` are lines of TOML, such as `amount = "2000.00"`."""

    name: str = ""
    fires: bool = True
    given: str = ""
    lists: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class RuleForm:
    """All fields of the page. `group` is None where rows can't say the condition; `when` is always its text."""

    id: str = ""
    zh: str = ""
    en: str = ""
    mode: Mode = "builder"
    when: str = ""
    group: Group | None = field(default_factory=Group)
    score: str = ""
    basis_zh: str = ""
    basis_en: str = ""
    plain: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[CaseForm, ...] = ()
    lifts: tuple[str, ...] = ()
    """Of an exemption: the outcomes that it lifts."""
    discreet: bool = False

    @property
    def basis(self) -> Words:
        """What the rule rests on, in both languages."""
        return Words(self.basis_zh or self.basis_en, self.basis_en or self.basis_zh)

    def said(self, name: str) -> str:
        """One of the plain fields."""
        return self.plain.get(name, "")


def form_of(raw: Mapping[str, Any], scope: Scope) -> RuleForm:
    """A rule that stands in a file, as its form."""
    doc, basis = raw.get("doc"), raw.get("basis")
    when = str(raw.get("when", ""))
    group = rows_for(when, scope)
    return RuleForm(
        id=str(raw.get("id", "")),
        zh=said_in(doc, "zh"),
        en=said_in(doc, "en"),
        mode="code" if group is None else "builder",
        when=when,
        group=group,
        score=str(raw["score"]) if "score" in raw else "",
        basis_zh=said_in(basis, "zh"),
        basis_en=said_in(basis, "en"),
        plain={name: str(raw[name]) for name in PLAIN if name in raw},
        cases=tuple(_case_of(each) for each in raw.get("case", []) if isinstance(each, dict)),
        lifts=tuple(map(str, raw["lifts"])) if isinstance(raw.get("lifts"), list) else (),
        discreet=raw.get("discreet") is True,
    )


def empty(then: str = "review") -> RuleForm:
    """The form of a rule that is not there yet: with the two cases that a rule must have."""
    group = Group("all", (Row(""),))
    return RuleForm(group=group, plain={"then": then}, cases=(CaseForm(), CaseForm(fires=False)))


def empty_exemption() -> RuleForm:
    """The form of an exemption that is not there yet: it lifts a challenge."""
    return RuleForm(group=Group("all", (Row(""),)), lifts=("challenge",))


def rows_for(text: str, scope: Scope) -> Group | None:
    """The rows that say a condition; None where rows can't say it, or nobody can read it."""
    if not text.strip():
        return Group("all", (Row(""),))
    try:
        return laid_out(read(text, scope), scope)
    except ExpressionProblems:
        return None


def form_from(fields: Mapping[str, str], scope: Scope, before: str = "") -> RuleForm:
    """What somebody typed. Rows that say the same as the text `before` leave it as it was written."""
    mode: Mode = "code" if fields.get("mode") == "code" else "builder"
    group = _group_from(fields)
    when = text_in(fields, "when")
    if mode == "builder":
        when = written(group, scope)
        when = before if _says_the_same(when, before, scope) else when
    return RuleForm(
        id=text_in(fields, "id"),
        zh=text_in(fields, "zh"),
        en=text_in(fields, "en"),
        mode=mode,
        when=when,
        group=group if mode == "builder" else rows_for(when, scope),
        score=text_in(fields, "score"),
        basis_zh=text_in(fields, "basis_zh"),
        basis_en=text_in(fields, "basis_en"),
        plain={name: text for name in PLAIN if (text := text_in(fields, name))},
        cases=tuple(_cases_from(fields)),
        lifts=tuple(name.removeprefix("lifts.") for name in fields if name.startswith("lifts."))[:8],
        discreet="discreet" in fields,
    )


def _says_the_same(one: str, other: str, scope: Scope) -> bool:
    try:
        return read(one, scope).tree == read(other, scope).tree
    except ExpressionProblems:
        return False


def turned(form: RuleForm, mode: Mode, scope: Scope) -> RuleForm:
    """The form with its condition as rows or as text; as text where rows can't say it."""
    group = rows_for(form.when, scope)
    return replace(form, mode="code" if group is None else mode, group=group)


def changed_rows(form: RuleForm, do: str) -> RuleForm:
    """The form with a row, a group or a case more or less: `add`, `add.2` (in a group), `group`, `drop.1`, `drop.1.0`,
    `case`, `uncase.0`. What names nothing changes nothing.
    """
    word, *places = do.split(".")
    numbers = [int(each) for each in places if each.isascii() and each.isdecimal() and len(each) <= 3]
    group = form.group or Group()
    parts = list(group.parts)
    match word, numbers:
        case "case", []:
            return replace(form, cases=(*form.cases, CaseForm(fires=len(form.cases) % 2 == 0)))
        case "uncase", [n] if n < len(form.cases):
            return replace(form, cases=tuple(each for at, each in enumerate(form.cases) if at != n))
        case "add", []:
            parts.append(Row(""))
        case "group", []:
            parts.append(Group("any" if group.join == "all" else "all", (Row(""), Row(""))))
        case "add", [n] if n < len(parts) and isinstance(inner := parts[n], Group):
            parts[n] = replace(inner, parts=(*inner.parts, Row("")))
        case "drop", [n] if n < len(parts):
            del parts[n]
        case "drop", [n, m] if n < len(parts) and isinstance(inner := parts[n], Group) and m < len(inner.parts):
            left = tuple(each for at, each in enumerate(inner.parts) if at != m)
            if left:
                parts[n] = replace(inner, parts=left)
            else:
                del parts[n]
        case _:
            return form
    return replace(form, group=replace(group, parts=tuple(parts)))


def rows_in(group: Group) -> Iterator[tuple[str, Row]]:
    """Every row with the beginning of its fields' names: `p.0`, or `p.1.0` in a group."""
    for place, part in enumerate(group.parts):
        if isinstance(part, Row):
            yield f"p.{place}", part
        else:
            yield from ((f"p.{place}.{at}", row) for at, row in enumerate(part.parts) if isinstance(row, Row))


def parts_of(form: RuleForm, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The rule as its file has it; what is the same as before keeps its form. Raises Unwritable."""
    was: Mapping[str, Any] = before or {}
    parts: dict[str, Any] = {"id": form.id, "doc": {"zh": form.zh, "en": form.en}, "when": form.when}
    parts |= {name: form.said(name) for name in PLAIN if form.said(name)}
    if parts.get("degrade") == "open" and "degrade" not in was:
        del parts["degrade"]
    if form.score:
        parts["score"] = int(form.score) if _WHOLE.match(form.score) else form.score
    if form.discreet:
        parts["discreet"] = True
    if (basis := both_of(form.basis_zh, form.basis_en)) is not None:
        parts["basis"] = basis
    cases = [_case(number, each) for number, each in enumerate(form.cases) if each != CaseForm(fires=each.fires)]
    if cases:
        parts["case"] = cases
    return {name: was[name] if name in was and was[name] == value else value for name, value in parts.items()}


def exemption_of(form: RuleForm, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The exemption as its file has it; what is the same as before keeps its form."""
    was: Mapping[str, Any] = before or {}
    parts = {"id": form.id, "doc": {"zh": form.zh, "en": form.en}, "when": form.when}
    # Its author's order of outcomes means nothing, but is his.
    old = [each for each in was.get("lifts", []) if each in form.lifts] if isinstance(was.get("lifts"), list) else []
    parts["lifts"] = [*old, *(each for each in form.lifts if each not in old)]
    if (basis := both_of(form.basis_zh, form.basis_en)) is not None:
        parts["basis"] = basis
    return {name: was[name] if name in was and was[name] == value else value for name, value in parts.items()}


def both_of(zh: str, en: str) -> Any:
    """A text in both languages, or one for both; None for no text."""
    zh, en = zh or en, en or zh
    return None if not zh else zh if zh == en else {"zh": zh, "en": en}


# ---- fields


def text_in(fields: Mapping[str, str], name: str) -> str:
    """What was typed into a field, without blanks around it."""
    return fields.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()


def said_in(words: object, lang: str) -> str:
    """A text of a file in one language."""
    if isinstance(words, dict):
        return str(words.get(lang, ""))
    return words if isinstance(words, str) else ""


def _group_from(fields: Mapping[str, str]) -> Group:
    """Rows and groups in the order of their numbers; rows in which nothing stands are kept, for somebody fills them."""
    found: dict[int, dict[str, str]] = {}
    inner: dict[int, dict[int, dict[str, str]]] = {}
    for name, text in fields.items():
        if (match := _PART.match(name)) is not None:
            place = int(match[1])
            if match[2] is not None:
                inner.setdefault(place, {}).setdefault(int(match[2]), {})[match[3]] = text.strip()
            else:
                found.setdefault(place, {})[match[3]] = text.strip()
    parts: list[Row | Group] = []
    for place in sorted({*found, *inner})[:PLACES_MAX]:
        if place in inner:
            rows = tuple(_row(inner[place][each]) for each in sorted(inner[place])[:PLACES_MAX])
            parts.append(Group("any" if found.get(place, {}).get("join") == "any" else "all", rows))
        elif "join" not in found[place]:
            parts.append(_row(found[place]))
    return Group("any" if fields.get("join") == "any" else "all", tuple(parts))


def _row(given: Mapping[str, str]) -> Row:
    return Row(given.get("left", ""), given.get("op", ">="), given.get("right", ""))


def _cases_from(fields: Mapping[str, str]) -> list[CaseForm]:
    found: dict[int, dict[str, str]] = {}
    for name in fields:
        if (match := _CASE.match(name)) is not None:
            found.setdefault(int(match[1]), {})[match[2]] = text_in(fields, name)
    return [
        CaseForm(each.get("name", ""), each.get("fires") == "yes", each.get("given", ""), each.get("lists", ""),
                 each.get("at", ""))
        for _, each in sorted(found.items())[:CASES_MAX]
    ]  # fmt: skip


def _case_of(raw: Mapping[str, Any]) -> CaseForm:
    at = raw.get("at", "")
    return CaseForm(
        str(raw.get("name", "")), raw.get("fires") is True, lines_of(raw.get("given")), lines_of(raw.get("lists")),
        at if isinstance(at, str) else toml_of(at),
    )  # fmt: skip


def lines_of(table: object) -> str:
    """A table of a file as lines of `name = value`."""
    if not isinstance(table, dict):
        return ""
    return "\n".join(f"{key} = {toml_of(value)}" for key, value in table.items())


def _case(number: int, form: CaseForm) -> dict[str, Any]:
    case: dict[str, Any] = {"name": form.name, "given": table_from(number, "given", form.given)}
    if form.lists:
        case["lists"] = table_from(number, "lists", form.lists)
    if form.at:
        case["at"] = form.at
    return case | {"fires": form.fires}


def table_from(number: int, name: str, text: str) -> dict[str, Any]:
    """Lines of TOML; as people also write them, in one line with commas. Raises Unwritable."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return dict(tomllib.loads(f"x = {{ {text.strip().strip('{}')} }}")["x"])
        except (ValueError, RecursionError, TypeError):
            raise Unwritable(number, name, str(error)) from None
