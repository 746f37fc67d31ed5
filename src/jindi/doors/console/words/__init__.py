"""Every sentence of the console in both languages, by one English id; a missing one is an error.

One idea, one word: event 事件, rule 规则, policy 策略, decision 决策, feature 特征, basis 依据.
Chinese takes full-width punctuation and a space between Han and Latin letters or digits.
"""

from collections.abc import Iterator
from typing import Final, Literal

from jindi.doors.console.words import (
    approvals,
    audit,
    cases,
    clear,
    controls,
    customers,
    decisions,
    diligence,
    errors,
    features,
    filings,
    frame,
    heads,
    helping,
    incidents,
    links,
    lists,
    models,
    notices,
    parts,
    people,
    policies,
    screening,
    sources,
    tables,
    watching,
    workbench,
)

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
HTML_LANG: dict[Lang, str] = {"zh": "zh-CN", "en": "en"}

_AREAS: Final = (
    frame.WORDS,
    tables.WORDS,
    cases.WORDS,
    incidents.WORDS,
    screening.WORDS,
    diligence.WORDS,
    filings.WORDS,
    links.WORDS,
    lists.WORDS,
    features.WORDS,
    models.WORDS,
    sources.WORDS,
    watching.WORDS,
    notices.WORDS,
    controls.WORDS,
    audit.WORDS,
    clear.WORDS,
    customers.WORDS,
    approvals.WORDS,
    people.WORDS,
    decisions.WORDS,
    policies.WORDS,
    workbench.WORDS,
    parts.WORDS,
    errors.WORDS,
    helping.WORDS,
    heads.WORDS,
)

WORDS: dict[str, tuple[str, str]] = {name: pair for area in _AREAS for name, pair in area.items()}
assert len(WORDS) == sum(map(len, _AREAS)), "an id belongs to one area"


def say(lang: Lang, message: str, **values: object) -> str:
    """The sentence with this id; raises KeyError for an id that nobody wrote, or a value that is not given.

    >>> say("zh", "policy.rules", n=3), say("en", "policy.rules", n=3), say("en", "policy.rules", n=1)
    ('3 条规则', '3 rules', '1 rule')
    """
    zh, en = WORDS[message]
    sentence = zh if lang == "zh" else en
    return sentence.format(**{name: _Number(value) for name, value in values.items()}) if values else sentence


class _Number:
    """A value of a sentence that may choose its words: `{n:rule|rules}` is the first of one, else the second."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return format(self._value, spec)
        return one if str(self._value) == "1" else many


def preferred(accept_language: str) -> Lang:
    """The language a browser asks for first, of the two that we speak; Chinese when it asks for neither.

    >>> preferred("en-GB,en;q=0.9,zh;q=0.8"), preferred("zh-CN,en;q=0.5"), preferred("")
    ('en', 'zh', 'zh')
    """
    wishes = sorted(_wishes(accept_language), key=lambda wish: -wish[0])
    return next((lang for weight, lang in wishes if weight > 0), "zh")


def _wishes(accept_language: str) -> Iterator[tuple[float, Lang]]:
    for part in accept_language[:256].split(","):
        tag, _, weight = part.strip().partition(";q=")
        primary = tag.partition("-")[0].lower()
        for lang in LANGS:
            if primary == lang:
                try:
                    yield float(weight or "1"), lang
                except ValueError:
                    yield 0.0, lang
