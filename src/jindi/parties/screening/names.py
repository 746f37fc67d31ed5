"""A name as it is compared: its words, what each is worth, and for Chinese names its characters and readings."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from jindi.parties.screening import han
from jindi.parties.screening.romanise import is_han, latin
from jindi.parties.screening.words import (
    FORMS,
    GENERIC,
    HAN_FORMS,
    LONG_FORMS,
    NUMBERS,
    PARTICLES,
    PATRONYMIC,
    SHORT,
    TITLES,
    UNSPECIFIC,
)

_WORD = re.compile(r"[a-z0-9]+")
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_SERVANT = re.compile(r"abd[aeiou]{1,2}(?:l|([rsnzdt])(?=\1))?(?=[a-z]{4})(?!ll)")
_KEPT_WHOLE = frozenset({"abdallah", "abdullah", "abdoulaye", "abdullahi", "abdoullah", "abdulla", "abdallahi"})
_SERVANT_OF = re.compile(r"abd(?:[aeiou]{1,2}[lrsnzdt]?)?\Z")
_HALVES = re.compile(r"\b([^\W\d_]{2,5})[-‐‑–]([^\W\d_]{2,5})\b(?![-‐‑–])")
_LEET = str.maketrans("0134579", "oieasjg")
_STRAY_FORMS = frozenset({"sa", "llc", "ltd", "inc", "gmbh", "plc", "limited"})

PARTICLE, LETTER, FATHER, SERVANT, SHORT_WORD, COMMON, VAGUE, DIGITS = 0.1, 0.4, 0.4, 0.45, 0.7, 0.35, 0.2, 0.8
"""What a word is worth that says little, before rarity: al, an initial, a patronymic, Abdul (servant of), two letters,
a word of every second company, group or holding, a number.
"""


Read = int
TYPED, CONSONANTS, LETTERS, CHARACTERS = 0, 1, 2, 3
"""How a name came into Latin letters: as it was typed (Cyrillic and Greek, too); by rule from a script that writes
consonants (Arabic, Hebrew), or all sounds (Hangul, Kana …); by the readings of Chinese characters.
"""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to read a name: its words in order, and what each is worth at most. `read`: in what kind of script it is
    written, if we put it into Latin letters by rule: another letter is another sound then, not a slip of somebody's
    hand.
    `is_chinese`: each word of it is made of syllables of Pinyin, so that it may be a Chinese name.
    """

    words: tuple[str, ...]
    worth: tuple[float, ...]
    read: Read = TYPED
    is_chinese: bool = False

    @property
    def joined(self) -> str:
        """All words as one."""
        return "".join(self.words)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A name, ready to be compared. `han` holds it in simplified characters, surname first (more than one way where the
    order can't be told), without legal forms.
    """

    text: str
    plain: str
    is_organisation: bool
    forms: tuple[Form, ...]
    han: tuple[str, ...] = ()
    legal: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    initials: frozenset[str] = frozenset()


def _worth(word: str, count: int, *, is_organisation: bool, is_last: bool = False) -> float:
    if _SERVANT_OF.match(word) and not is_organisation:
        return SERVANT
    if word in PARTICLES or (word in TITLES and not is_organisation):
        return PARTICLE
    if word.isdigit():
        return DIGITS
    if is_organisation:
        # A short word at the end is mostly a legal form that we don't know.
        if word in UNSPECIFIC:
            return VAGUE
        is_light = word in GENERIC or (is_last and count > 1 and len(word) < 4)
        return COMMON if is_light else 1.0 if len(word) > 2 else SHORT_WORD
    if len(word) == 1:
        return LETTER
    if count > 2 and PATRONYMIC.match(word):
        return FATHER
    return 1.0 if len(word) > 2 else SHORT_WORD


def _form(
    words: Iterable[str], *, is_organisation: bool, read: Read = TYPED, cut: frozenset[int] = frozenset()
) -> Form:
    kept = tuple(words)
    worth = [
        PARTICLE if at - 1 in cut else _worth(word, len(kept), is_organisation=is_organisation, is_last=at == len(kept))
        for at, word in enumerate(kept, 1)
    ]
    if not is_organisation and len(kept) == 2 and worth[0] == PARTICLE and len(kept[0]) > 2 and 0 not in cut:
        worth[0] = SHORT_WORD  # Ben, Van, Des: a given name where it stands first and alone
    if kept and max(worth) <= PARTICLE:
        worth = [1.0] * len(kept)
    is_chinese = not is_organisation and 1 < len(kept) < 5 and all(map(han.is_pinyin, kept))
    return Form(kept, tuple(worth), read, is_chinese)


def _one_word(halves: re.Match[str]) -> str:
    """`Jong-un` is one name; `al-Assad` is not."""
    return halves[0] if halves[1] in PARTICLES or halves[2] in PARTICLES else halves[1] + halves[2]


_ARTICLE = re.compile(r"(?<!\w)ال(?=\w{3})")
_HANGUL = re.compile(
    r"\s*([김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국])([가-힣]{1,3})\s*\Z"
)


def _parted(text: str) -> str:
    """What is written as one word and said as two: the Arabic article, a Korean surname before the given name."""
    if text.isascii():
        return text
    korean = _HANGUL.match(text)
    return f"{korean[1]} {korean[2]}" if korean else _ARTICLE.sub("ال ", text)


def _person_words(text: str) -> tuple[list[str], frozenset[int]]:
    """The words of a person's name, and where one of them is the servant of a name that was written as one word."""
    if " " not in text.strip() and len(text) > 9:
        text = _CAMEL.sub(" ", text)
    plain = _HALVES.sub(_one_word, latin(_parted(text)).replace("'", ""))
    words = _WORD.findall(plain)
    words = [word.translate(_LEET) if not word.isdigit() and not word.isalpha() else word for word in words]
    while len(words) > 2 and words[-1] in _STRAY_FORMS:
        words.pop()
    out: list[str] = []
    cut: set[int] = set()
    for word in words:
        if len(word) > 7 and word not in _KEPT_WHOLE and (servant := _SERVANT.match(word)):
            cut.add(len(out))
            out += [servant[0], word[servant.end() :]]
        else:
            out.append(word)
    return out, frozenset(cut)


_FORM_WORDS = tuple(
    sorted(
        {word for long, _ in LONG_FORMS for word in long.split() if len(word) > 4}
        | {"limited", "incorporated", "corporation"}
    )
)


@lru_cache(maxsize=65_536)
def _mended(word: str) -> str:
    """A word of a legal form with a letter wrong, as it should be."""
    if len(word) > 4 and word not in _FORM_WORDS:
        for right in _FORM_WORDS:
            if word != right and abs(len(word) - len(right)) < 2 and OSA.distance(word, right, score_cutoff=1) <= 1:
                return right
    return word


def _organisation_words(text: str) -> tuple[list[str], frozenset[str]]:
    plain = _DOTTED.sub(lambda found: found[0].replace(".", "") + " ", latin(text).replace("'s ", " "))
    plain = " ".join(_mended(word) for word in _WORD.findall(plain.replace("'", "")))
    for long, short in LONG_FORMS:
        if long in plain:
            plain = re.sub(rf"\b{long}\b", short, plain)
    words = [SHORT.get(word, word) for word in plain.split()]
    legal = frozenset(word for word in words if word in FORMS)
    kept = [NUMBERS.get(word, word) for word in words if word not in legal]
    kept = [word for word in kept if word != "the"] or kept
    return (kept or words), legal


def _initials(text: str) -> frozenset[str]:
    """The first letters of an organisation's words, with and without particles, where they are four or more: three
    letters are short for too many.
    """
    words = _WORD.findall(latin(text).replace("'", ""))
    ways = (words, [word for word in words if word not in PARTICLES])
    return frozenset("".join(word[0] for word in way) for way in ways if 3 < len(way) < 9)


def _tens(words: list[str]) -> list[str]:
    """`40 4` is 44: numbers written in words."""
    out: list[str] = []
    for word in words:
        if (
            out
            and len(word) == 1
            and word.isdigit()
            and len(out[-1]) == 2
            and out[-1].endswith("0")
            and out[-1].isdigit()
        ):
            out[-1] = out[-1][0] + word
        else:
            out.append(word)
    return out


_SCRIPTS = {"LATIN": TYPED, "CYRILLIC": TYPED, "GREEK": TYPED, "ARABIC": CONSONANTS, "HEBREW": CONSONANTS}


def _read(text: str) -> Read:
    """How a name comes into Latin letters, by its first letter."""
    letter = next((char for char in text if char.isalpha()), "a")
    return TYPED if letter.isascii() else _SCRIPTS.get(unicodedata.name(letter, "LATIN").split()[0], LETTERS)


def _han_orders(text: str, *, is_organisation: bool) -> tuple[str, ...]:
    parts = ["".join(char for char in part if is_han(char)) for part in re.split(r"[\s·•・,，]+", han.simple(text))]
    parts = [part for part in parts if part]
    whole = "".join(parts)
    if is_organisation:
        for form in HAN_FORMS:
            if whole.endswith(form) and len(whole) - len(form) > 1:
                whole = whole.removesuffix(form)
        return (whole,)
    if len(parts) > 1 and len(parts[-1]) <= 2 and len(whole) <= 6:
        return (whole, parts[-1] + "".join(parts[:-1]))
    return (whole,)


@lru_cache(maxsize=65_536)
def parse(text: str, *, is_organisation: bool = False) -> Parsed:
    """A name as it is compared.

    >>> parse("NURISTANI, Abdul Aziz").forms[0].words
    ('nuristani', 'abdul', 'aziz')
    >>> parse("習近平").han, parse("習近平").forms[0].words
    (('习近平',), ('xi', 'jinping'))
    >>> parse("OOO Oboronnye Initsiativy", is_organisation=True).forms[0].words
    ('oboronnye', 'initsiativy')
    """
    legal: frozenset[str] = frozenset()
    orders: tuple[str, ...] = ()
    if han.has_han(text):
        orders = tuple(each for each in dict.fromkeys(_han_orders(text, is_organisation=is_organisation)) if each)
    if orders and sum(is_han(char) for char in text) * 2 > sum(char.isalnum() for char in text):
        forms = [
            _form(each, is_organisation=is_organisation, read=CHARACTERS)
            for order in orders
            if len(order) <= 4
            for each in han.latin_forms(order)
        ]
        plain = orders[0]
    else:
        cut: frozenset[int] = frozenset()
        if is_organisation:
            words, legal = _organisation_words(text)
            words = _tens(words)
        else:
            words, cut = _person_words(text)
        read = _read(text)
        forms = [_form(words, is_organisation=is_organisation, read=read, cut=cut)] if words else []
        if cut:
            # As it was written, too: a slip of the hand may hide where the servant ends.
            whole = [word for at, word in enumerate(words) if at not in cut and at - 1 not in cut]
            whole += [words[at] + words[at + 1] for at in sorted(cut)]
            forms.append(_form(whole, is_organisation=is_organisation, read=read))
        if read == LETTERS and any("eo" in word or "eu" in word for word in words):
            northern = [word.replace("eo", "o").replace("eu", "u") for word in words]
            forms.append(_form(northern, is_organisation=is_organisation, read=read, cut=cut))
        if is_organisation and "/" in text:
            parts = [_organisation_words(part)[0] for part in text.split("/")]
            forms += [_form(part, is_organisation=True) for part in parts if sum(map(len, part)) > 4]
        plain = " ".join(words)
    numbers = (
        frozenset(word for form in forms[:1] for word in form.words if word.isdigit())
        if is_organisation
        else frozenset()
    )
    initials = _initials(text) if is_organisation else frozenset()
    return Parsed(text, plain, is_organisation, tuple(forms), orders, legal, numbers, initials)
