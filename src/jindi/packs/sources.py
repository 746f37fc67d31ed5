"""sources.toml → the register of documents that bases rest on, and who cites which article of them.

A basis stays a sentence that a person wrote: the register says by which names a sentence calls a document, and finds
them and the articles behind them. So nothing changes in a policy when its source is looked up, and a basis of years
ago is understood as well as today's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from jindi.basics.problems import Problem
from jindi.packs.definitions import ArticleDef, Definitions, PackDef, SourceDef, Words
from jindi.packs.tables import Table, opened_table
from jindi.packs.values import read_day
from jindi.packs.vocabulary import MARKS, SOURCE_STATES

NAME_LENGTH_MIN: Final = 2
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9.-]+(?:/[!-~]*)?\Z")
_ARTICLE_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.()]{0,23}\Z", re.ASCII)
_DIGITS: Final = {each: number for number, each in enumerate("零一二三四五六七八九")}

_CN: Final = "[一二三四五六七八九十百]{1,7}"
_PARTS: Final = rf"(?:[（(](?:{_CN}|\d{{1,3}})[)）])"
_TOKEN: Final = re.compile(
    rf"(?P<outer>{_CN}、(?=[（(]))"
    rf"|(?:[Aa]rt(?:icle)?s?\.?\s*)?(?:第(?P<cn>{_CN})条?|(?P<bare>{_CN})条|(?P<number>\d+(?:\.\d+)*|TY\d\d))"
    rf"(?P<parts>{_PARTS}*)"
    rf"|(?P<only>{_PARTS}+)"
)
_FIRST: Final = re.compile(r"[\s,，]*")
_JOIN: Final = re.compile(r"\s*(?P<range>至|到|to(?=\s)|[-–—])?(?:[,，、]|和|与|及|and(?=\s)|or(?=\s))?\s*")
_PART: Final = re.compile(rf"[（(]({_CN}|\d{{1,3}})[)）]")
_SEEMING: Final = re.compile(
    rf"《[^》]{{2,60}}》|[^\s，。；：、（()）\0]{{0,12}}〔\d{{4}}〕(?:第\s*)?\d+\s*号|\b(?:GB|JR|GM|YD)/[TZ] ?\d[\d.-]*"
    rf"|\bPCI DSS\b|\bASVS\b|\bRFC ?\d+|\bNIST SP [\w-]+|\bISO(?:/IEC)? ?\d+|\bTY\d\d\b|第{_CN}条"
)
"""What looks like a document, or like an article of one, though no name of the register is in it."""


class Cited(NamedTuple):
    """A source, and the article of it that is meant; "" for the whole."""

    source: str
    article: str


class Span(NamedTuple):
    """Where in a text a source or an article of it is named."""

    start: int
    end: int
    cited: Cited


Kind = Literal["rule", "exemption", "limit", "control", "typology", "report", "pattern", "calendar", "large"]
"""What rests on sources; `large` is a criterion or an exemption of reports of large transactions."""


class Resting(NamedTuple):
    """What rests on an article of a source. `within` is the policy of a rule or an exemption, else "". `state` is its
    policy's; a typology rests on what the rules rest on that point to it.
    """

    kind: Kind
    within: str
    id: str
    doc: Words
    articles: tuple[str, ...]
    state: str = ""


def read_source(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> SourceDef | None:
    """One source; None when anything is wrong with it, which stands in the problems then."""
    before = len(problems)
    table = opened_table(raw, "source", name, where, problems)
    if table is None:
        return None
    since = None
    if table.has("since"):
        try:
            since = read_day(table.raw["since"])
        except ValueError as error:
            table.problem(f"`since` {error}")
    mark = _mark(table, None)
    address = table.text("address", "")
    if address and not _ADDRESS.match(address):
        table.problem("`address` is no https address", "write https://…, or leave it out")
    names = table.names("names", required=True)
    for each in names:
        if len(each.strip()) < NAME_LENGTH_MIN:
            table.problem(f"`names`: '{each}' is too short", "a name that is found in any text finds too much")
    articles = tuple(_articles(table, name, where, problems, mark))
    source = SourceDef(
        id=name,
        pack=pack.name,
        title=table.sentence("title"),
        body=table.sentence("body"),
        number=table.text("number", ""),
        since=since,
        status=cast("Literal['in force', 'repealed', 'draft', 'ours']", table.choice("status", SOURCE_STATES)),
        mark=mark,
        names=names,
        address=address,
        note=table.sentence("note") if table.has("note") else None,
        articles=articles,
    )
    return source if len(problems) == before else None


def _mark(table: Table, default: str | None) -> Literal["verified", "from memory", "design default"]:
    return cast("Literal['verified', 'from memory', 'design default']", table.choice("mark", MARKS, default))


def _articles(
    table: Table, name: str, where: str, problems: list[Problem], mark: str
) -> Iterator[ArticleDef]:  # fmt: skip
    met = set[str]()
    for number, given in enumerate(table.tables("article"), 1):
        each = Table(given, "article", where, f"{name}: article {number}", problems)
        identifier = each.text("id")
        if identifier and not _ARTICLE_ID.match(identifier):
            each.problem("`id` is not an article's number", 'write it as "18", "11(3)", "8.1.4.2" or "TY07"')
        if identifier in met:
            each.problem(f"{identifier} stands here twice", "keep one of the two")
        met.add(identifier)
        yield ArticleDef(identifier, each.sentence("says"), _mark(each, mark))


class Register:
    """The sources of some packs, and what finds them in a sentence."""

    def __init__(self, sources: Mapping[str, SourceDef]) -> None:
        self.sources = sources
        self._named = {_folded(name): each.id for each in sources.values() for name in each.names}
        self._articles = {each.id: {article.id for article in each.articles} for each in sources.values()}
        names = sorted((name for each in sources.values() for name in each.names), key=len, reverse=True)
        one = "|".join(_pattern(name) for name in names)
        self._names = re.compile(rf"《({one})》|（({one})）|\(({one})\)|({one})", re.IGNORECASE) if names else None

    def spans(self, text: str) -> tuple[Span, ...]:
        """Where a text names sources and articles, in its order; what the register lacks is not among them."""
        return tuple(each for each in self._spans(text) if self._has(each.cited))

    def cited(self, words: Words) -> tuple[Cited, ...]:
        """What a basis rests on, each once, in the order of its sentences. Where a document is named with an article,
        the document alone is not named again.
        """
        found = dict.fromkeys(each.cited for text in (words.zh, words.en) for each in self.spans(text))
        closer = {each.source for each in found if each.article}
        return tuple(each for each in found if each.article or each.source not in closer)

    def lacking(self, words: Words) -> tuple[str, ...]:
        """What a basis names that the register lacks: documents, and articles of those it has."""
        found: dict[str, None] = {}
        for text in dict.fromkeys((words.zh, words.en)):
            rest = list(text)
            for span in self._spans(text):
                rest[span.start : span.end] = "\0" * (span.end - span.start)
                if not self._has(span.cited):
                    found[f"article {span.cited.article} of {span.cited.source}"] = None
            for match in _SEEMING.finditer("".join(rest)):
                found[match[0]] = None
        return tuple(found)

    def _has(self, cited: Cited) -> bool:
        return not cited.article or cited.article in self._articles[cited.source]

    def _spans(self, text: str) -> Iterator[Span]:
        at = 0
        while self._names is not None and (match := self._names.search(text, at)) is not None:
            source = self._named[_folded(next(filter(None, match.groups())))]
            yield Span(match.start(), match.end(), Cited(source, ""))
            at = match.end()
            if self._articles[source]:
                for span in self._behind(text, at, source):
                    at = span.end
                    yield span

    def _behind(self, text: str, at: int, source: str) -> Iterator[Span]:
        """The articles that follow the name of a source without another word between."""
        gap, last, is_range, base = _FIRST.match(text, at), "", False, ""
        while gap is not None and (token := _TOKEN.match(text, gap.end())) is not None:
            if not token["outer"]:
                numbers = _PART.findall(token["parts"] or token["only"] or "")
                parts = [_number(each) for each in numbers]
                named = token["cn"] or token["bare"] or token["number"]
                found = self._ids(source, _number(named) if named else "", parts, base)
                if is_range and last:
                    found = [*self._between(source, last, found[0]), *found]
                base, last = (_number(named) if named else base), found[-1]
                for each in found:
                    yield Span(token.start(), token.end(), Cited(source, each))
                gap = _JOIN.match(text, token.end())
                is_range = gap is not None and bool(gap["range"])
            else:
                gap = re.compile("").match(text, token.end())

    def _ids(self, source: str, named: str, parts: list[str], base: str) -> list[str]:
        """The articles that a number with parts in brackets means: 11(2) where that is declared, else 11."""
        known = self._articles[source]
        if not named and not base:  # （八） behind a document is its eighth part, (1)(6) the sixth of its first
            return [parts[-1]]
        stem = named or base
        deep = [f"{stem}({each})" for each in parts if f"{stem}({each})" in known]
        return deep or [stem]

    def _between(self, source: str, first: str, last: str) -> list[str]:
        low, high = _place(first), _place(last)
        articles = (each.id for each in self.sources[source].articles)
        return [each for each in articles if low < _place(each) < high and len(_place(each)) == len(low)]


def check_bases(
    bases: Iterable[tuple[str, str, Words]], register: Register
) -> Iterator[Problem]:  # fmt: skip
    """The problems of bases that name what the register lacks; each basis with its file and its item."""
    for where, item, words in bases:
        for what in register.lacking(words):
            yield Problem(
                where, item, f"the basis names {what}, which the register of sources lacks",
                "declare it in a pack's sources.toml, or mend the name",
            )  # fmt: skip


def check_names(sources: Mapping[str, SourceDef], places: Mapping[str, str]) -> Iterator[Problem]:
    """What only all sources together show: a name leads to one of them."""
    held: dict[str, str] = {}
    for source in sources.values():
        for name in source.names:
            other = held.setdefault(_folded(name), source.id)
            if other != source.id:
                yield Problem(
                    places[source.id], source.id, f"`names`: '{name}' is a name of {other} too", "keep it in one"
                )


def resting(definitions: Definitions, register: Register) -> Mapping[str, Sequence[Resting]]:
    """What rests on each source: rules and exemptions, limits, controls, reports of incidents, patterns, calendars,
    reports of large transactions, and the typologies of those rules.
    """
    found: dict[str, list[Resting]] = {source: [] for source in register.sources}
    typed: dict[str, dict[str, dict[str, None]]] = {}

    def put(kind: Kind, within: str, identifier: str, doc: Words, bases: Iterable[Words], state: str = "") -> None:
        for source, articles in _by_source(each for basis in bases for each in register.cited(basis)).items():
            found[source].append(Resting(kind, within, identifier, doc, articles, state))

    for policy in definitions.policies:
        for rule in policy.rules:
            put("rule", policy.id, rule.id, rule.doc, [rule.basis], policy.state)
            if rule.typology is not None:
                for each in register.cited(rule.basis):
                    typed.setdefault(rule.typology, {}).setdefault(each.source, {})[each.article] = None
        for exemption in policy.exemptions:
            put("exemption", policy.id, exemption.id, exemption.doc, [exemption.basis], policy.state)
    for limit in definitions.limits.values():
        put("limit", "", limit.name, limit.doc, [step.basis for step in limit.steps])
    for control in definitions.controls.values():
        put("control", "", control.id, control.doc, [control.basis])
    for report in definitions.reports.values():
        put("report", "", report.name, report.doc, [report.basis])
    for pattern in definitions.patterns.values():
        put("pattern", "", pattern.name, pattern.doc, [pattern.basis])
    for calendar in definitions.calendars.values():
        put("calendar", "", calendar.name, calendar.doc, [each.basis for each in calendar.years])
    for criterion in definitions.criteria.values():
        put("large", "", criterion.name, criterion.doc, [criterion.basis])
    for exempt in definitions.large_exemptions.values():
        put("large", "", exempt.name, exempt.doc, [exempt.basis])
    for name, sources in sorted(typed.items()):
        for source, articles in sources.items():
            found[source].append(
                Resting("typology", "", name, definitions.typologies[name].doc, tuple(filter(None, articles)))
            )
    return found


def _by_source(cited: Iterable[Cited]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for each in cited:
        articles = found.setdefault(each.source, {})
        if each.article:
            articles[each.article] = None
    return {source: tuple(articles) for source, articles in found.items()}


def _folded(name: str) -> str:
    return re.sub(r"\s+", " ", name.casefold())


def _pattern(name: str) -> str:
    """A name as it is found: whole words where it is written in letters, any space for a space."""
    said = r"\s+".join(re.escape(part) for part in name.split())
    begin = r"(?<![0-9A-Za-z])" if name[0].isascii() and name[0].isalnum() else ""
    end = r"(?![0-9A-Za-z])" if name[-1].isascii() and name[-1].isalnum() else ""
    return f"{begin}{said}{end}"


def _number(text: str) -> str:
    """A number as articles are named by.

    >>> _number("二十二"), _number("十"), _number("一百零三"), _number("8.1.4.2")
    ('22', '10', '103', '8.1.4.2')
    """
    if text[0] not in "零一二三四五六七八九十百":
        return text
    total = digit = 0
    for each in text:
        if each in "十百":
            total += (digit or 1) * (10 if each == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[each]
    return str(total + digit)


def _place(article: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", article))
