"""How alike two names are, from 0 to 100, and why: one definition, used by the index and by whoever looks at a pair.

Words are put together one to one, in whatever order. A pair of words is as alike as the nearest of: the same, the same
group of given names, the same by sound, so many letters apart. The score is what the pairs are worth over what all
words are worth: words that only the longer name has weigh little, words of both that contradict each other weigh fully.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from jindi.parties.screening import han
from jindi.parties.screening.names import COMMON, CONSONANTS, LETTER, LETTERS, PARTICLE, TYPED, Form, Parsed, Read
from jindi.parties.screening.words import NICKNAMES, PLACES

GATE, NO_PAIR, UNSURE = 0.67, 0.5, 0.6
"""Two words more alike than the gate are spellings of one; from there down they quickly become two words.
What is less alike than `NO_PAIR` in the end contradicts; what is less alike than `UNSURE` is no evidence.
"""

NICKNAME, SAME_SOUND, INITIAL = 0.8, 0.96, 0.8
SHORT_SOUND, SAME_CONSONANTS, VOWEL = 0.85, 0.95, 0.4
"""What the same sound is worth in a word of two letters; what the same consonants are worth, and how much other vowels
take of it, by the share of the word that they are.
"""

EDIT, BARE_EDIT, READ_EDIT = 0.8, 1.1, (0.8, 1.6, 2.2, 2.2)
"""How much a letter of one word costs, as a share of the longer word's length; more where hardly a vowel is written,
for each letter tells more; most where another script was put into Latin letters by rule and not by somebody's hand
(by the kind of script).
"""

MANY_CONSONANTS = 6
"""From so many on, one of a whole name's consonants may be wrong."""

ACCENT = 0.75
"""What two syllables of Chinese names are worth that many say alike (fan, fang); others are two names."""

FIRST_LETTER = 0.06
"""People seldom err in the first letter."""

LENGTHS = 3
"""Words whose lengths differ by more are never spellings of one, short forms apart."""

CONTRADICTION, SURPLUS, SURPLUS_ORGANISATION = 1.3, 0.22, 0.55
"""What a contradicting pair of words, and a word of one side only, weigh against the score."""

ONE_WORD, ONE_WORD_OF_MANY, NUMBERS_DIFFER, COMMON_ONLY, ENOUGH, ENOUGH_WHOLE = 90.0, 60.0, 60.0, 79.0, 1.0, 0.6
JOINED, SPELT, SPELT_OTHERWISE, SPELT_IN_PART, HOMOPHONES, CHARACTERS_NEAR, ACRONYM = (
    98.0, 96.0, 90.0, 88.0, 79.0, 79.0, 82.0,
)  # fmt: skip
"""Caps: a single word; a single word of a longer name; other numbers; less alike than `ENOUGH` rare words. What is
given for the same letters cut otherwise; when characters and Pinyin say the same; when another spelling does; when
either does and a word is left out; the most that other characters can have, though they sound the same; and what is
given for the first letters of an organisation.
"""

Weight = Callable[[str], float]
"""How rare a word is among the names compared with, from 0 to 1."""


def alike(_: str) -> float:
    """Every word as rare as every other."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words that were put together: ours, the list's, how alike from 0 to 1, and by what."""

    ours: str
    theirs: str
    likeness: float
    by: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two names are: the score from 0 to 100, the pairs of words, what is left on either side, and the rules
    that capped or gave the score.
    """

    score: float
    pairs: tuple[Pair, ...] = ()
    left_ours: tuple[str, ...] = ()
    left_theirs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


NOTHING = Comparison(0.0)

_SOUNDS = (
    ("schtsch", "c"),
    ("shch", "c"),
    ("tsch", "c"),
    ("sch", "s"),
    ("tch", "c"),
    ("chr", "hr"),
    ("dzh", "j"),
    ("ch", "c"),
    ("sh", "s"),
    ("zh", "z"),
    ("kh", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("dj", "j"),
    ("ck", "k"),
    ("ts", "c"),
    ("tz", "c"),
    ("ks", "x"),
    ("qu", "k"),
    ("q", "k"),
    ("w", "v"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ei", "i"),
    ("iy", "i"),
    ("yi", "i"),
    ("y", "i"),
    ("o", "u"),
    ("e", "i"),
    ("z", "s"),
)


@lru_cache(maxsize=262_144)
def sound(word: str) -> str:
    """A word as many spellings of it sound: doubled letters are one, o is u, e is i.

    >>> sound("mohammed"), sound("muhammad"), sound("sergej"), sound("sergey")
    ('muhamid', 'muhamad', 'sirgi', 'sirgi')
    """
    if word[:1] == "x":
        word = f"s{word[1:]}"
    if len(word) > 5 and word.startswith(("ja", "je", "ju")):
        word = f"y{word[1:]}"
    if len(word) > 3 and word.endswith(("ij", "ej")):
        word = f"{word[:-2]}i"
    for written, heard in _SOUNDS:
        if written in word:
            word = word.replace(written, heard)
    out = word[:1]
    for char in word[1:]:
        if char != out[-1]:
            out += char
    return out


_NO_VOWELS = str.maketrans("", "", "aeiouh")


@lru_cache(maxsize=262_144)
def consonants(word: str) -> str:
    """What is left of a word's sound without its vowels; `A` stands for a vowel at its beginning.

    >>> consonants("mohammed"), consonants("usama"), consonants("osama")
    ('mmd', 'Asm', 'Asm')
    """
    heard = sound(word)
    rest = heard.translate(_NO_VOWELS)
    return f"A{rest}" if heard[:1] in "aeiou" else f"H{rest}" if heard[:1] == "h" else rest


def is_telling(core: str) -> bool:
    """Whether consonants are enough of them to tell one word from others."""
    return len(core) > (3 if core[0] in "AH" else 2)


@lru_cache(maxsize=524_288)
def likeness(ours: str, theirs: str, read: Read = TYPED) -> tuple[float, str]:
    """How alike two words are, from 0 to 1, and by what. `read`: how one of them came into Latin letters.

    >>> likeness("putin", "putin"), likeness("bill", "william"), likeness("lavrov", "putin")
    ((1.0, 'same'), (0.8, 'nickname'), (0.0, ''))
    """
    if ours == theirs:
        return 1.0, "same"
    if len(ours) == 1 or len(theirs) == 1:
        return (INITIAL, "initial") if ours[0] == theirs[0] and ours.isalpha() and theirs.isalpha() else (0.0, "")
    if ours.isdigit() or theirs.isdigit() or (ours in PLACES and theirs in PLACES):
        return 0.0, ""
    best, by = 0.0, ""
    if (mine := NICKNAMES.get(ours)) and (its := NICKNAMES.get(theirs)):
        if not mine & its:
            return 0.0, ""
        best, by = NICKNAME, "nickname"
    if abs(len(ours) - len(theirs)) <= LENGTHS:
        if (near := _near(ours, theirs, read=read)) > best:
            best, by = near, "letters"
        if read <= LETTERS and (heard := _heard(ours, theirs, read))[0] > best:
            best, by = heard
    if best < GATE:
        best -= 1.5 * (GATE - best)
    return (best, by) if best >= NO_PAIR else (0.0, "")


def _heard(ours: str, theirs: str, read: Read) -> tuple[float, str]:
    """How alike two words are by what is heard of them: all of it, or the consonants."""
    heard, said = sound(ours), sound(theirs)
    if heard == said:
        short = SHORT_SOUND if read == TYPED else NO_PAIR
        return SAME_SOUND if min(len(ours), len(theirs)) > 2 else short, "sound"
    if read <= CONSONANTS and is_telling(core := consonants(ours)) and core == consonants(theirs):
        return SAME_CONSONANTS - VOWEL * OSA.distance(ours, theirs) / max(len(ours), len(theirs)), "consonants"
    return 0.0, ""


_FIRST = {char: group for group, chars in enumerate(("jyig", "ckq", "vwbf", "szx", "ou", "aei")) for char in chars}


def _begin_alike(left: str, right: str) -> bool:
    """Whether two first letters are the same, or ones that transliterations exchange."""
    return left == right or _FIRST.get(left, left) == _FIRST.get(right, right)


@lru_cache(maxsize=262_144)
def _is_bare(word: str) -> bool:
    """Whether hardly a vowel is written, as in Arabic and Hebrew: each letter tells more."""
    return len(word) > 3 and sum(char in "aeiouy" for char in word) * 4 < len(word)


LEAST = (NO_PAIR + 1.5 * GATE) / 2.5
"""What is less alike than this is `NO_PAIR` once it is below the gate."""


@cache
def letters_apart(longest: int, read: Read = TYPED) -> int:
    """So many letters may be wrong in a word, by the length of the longer spelling and how it came into letters."""
    most = 1 if longest < 5 else 2 if longest < 11 else 3
    return min(most, int((1.0 - LEAST) * longest / READ_EDIT[read] + 1e-9))


def _near(ours: str, theirs: str, most: int = 3, *, read: Read = TYPED) -> float:
    """How alike two words are by their letters alone; one letter in four may be wrong."""
    longest = max(len(ours), len(theirs))
    most = min(most, letters_apart(longest, read))
    distance = OSA.distance(ours, theirs, score_cutoff=most)
    cost = READ_EDIT[read] if read else BARE_EDIT if _is_bare(ours) or _is_bare(theirs) else EDIT
    near = 1.0 - cost * distance / longest - (0.0 if _begin_alike(ours[0], theirs[0]) else FIRST_LETTER)
    return near if distance <= most and near >= NO_PAIR else 0.0


def _is_both(both: str, word: str, *, read: Read) -> bool:
    """Whether a word is two others written as one, by its sound; where only consonants are written, by those."""
    if len(word) < 4 or abs(len(both) - len(word)) > LENGTHS:
        return False
    if sound(both) == sound(word) and read <= LETTERS:
        return True
    return read == CONSONANTS and len(core := consonants(both)) > 2 and core == consonants(word)


def _merged(ours: Form, theirs: Form) -> Form:
    """Ours with neighbours joined where the other name has them as one word."""
    words, worth = list(ours.words), list(ours.worth)
    known = set(theirs.words)
    read = max(ours.read, theirs.read)
    at = 0
    while at + 1 < len(words):
        both = words[at] + words[at + 1]
        if (
            words[at] not in known
            and words[at + 1] not in known
            and len(both) > 3
            and any(_is_both(both, each, read=read) for each in known)
        ):
            words[at : at + 2], worth[at : at + 2] = [both], [max(worth[at], worth[at + 1], 1.0)]
        at += 1
    return Form(tuple(words), tuple(worth), ours.read) if len(words) != len(ours.words) else ours


def _paired(ours: Form, theirs: Form) -> list[tuple[float, int, int, str]]:
    """The words put together one to one, the most alike first."""
    found = []
    read = max(ours.read, theirs.read)
    is_chinese = ours.is_chinese and theirs.is_chinese
    for i, word in enumerate(ours.words):
        for j, other in enumerate(theirs.words):
            near, by = likeness(word, other, read)
            if is_chinese and near < 1 and han.is_syllable(word) and han.is_syllable(other):
                near = min(near, ACCENT) if han.said_alike(word, other) else 0.0
            if near:
                found.append((near, i, j, by))
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    used_i, used_j, kept = 0, 0, []
    for near, i, j, by in found:
        if not (used_i >> i & 1 or used_j >> j & 1):
            used_i |= 1 << i
            used_j |= 1 << j
            kept.append((near, i, j, by))
    return kept


def compare_forms(ours: Form, theirs: Form, weight: Weight = alike, *, is_organisation: bool = False) -> Comparison:
    """Two readings of names: the words put together, weighed."""
    if ours.words == theirs.words:
        return _judged(Comparison(100.0, tuple(Pair(word, word, 1.0, "same") for word in ours.words)), ours, theirs)
    rules: tuple[str, ...] = ()
    whole = _as_one(ours, theirs)
    if whole.score >= JOINED:
        return whole
    if len(ours.words) != len(theirs.words) or len(ours.words) > 2:
        merged_ours, merged_theirs = _merged(ours, theirs), _merged(theirs, ours)
        if merged_ours is not ours or merged_theirs is not theirs:
            rules = ("joined",)
            ours, theirs = merged_ours, merged_theirs
    kept, read = _paired(ours, theirs), max(ours.read, theirs.read)
    matched = together = 0.0
    carried = 0
    for near, i, j, _ in kept:
        worth = min(ours.worth[i], theirs.worth[j]) * weight(theirs.words[j])
        matched += worth * near
        together += worth
        carried += worth > PARTICLE and near > 0 and min(len(ours.words[i]), len(theirs.words[j])) > 1
    if not carried:
        return whole
    mine, its = {each[1] for each in kept}, {each[2] for each in kept}
    said, listed = {ours.words[i] for i in mine}, {theirs.words[j] for j in its}
    # A word that is written twice is said once.
    left_i = [i for i, word in enumerate(ours.words) if i not in mine and word not in said]
    left_j = [j for j, word in enumerate(theirs.words) if j not in its and word not in listed]
    odd_i = _odd(ours, left_i, weight, is_organisation=is_organisation)
    odd_j = _odd(theirs, left_j, weight, is_organisation=is_organisation)
    both = min(len(odd_i), len(odd_j))
    least = 0.0 if is_organisation else 0.7
    against = sum(max(mine, its, least) for (_, mine), (_, its) in zip(odd_i, odd_j, strict=False))
    surplus = sum(light for light, _ in (*odd_i[both:], *odd_j[both:]))
    # Koreans and Chinese have no middle names that could be left out.
    per_word = SURPLUS_ORGANISATION if is_organisation or read >= LETTERS else SURPLUS
    score = 100.0 * matched / (together + CONTRADICTION * against + per_word * surplus)
    evidence, carrying = 0.0, 0
    for near, i, j, by in kept:
        worth = max(ours.worth[i], theirs.worth[j])
        if by != "initial" and worth > LETTER and near > UNSURE:
            evidence += worth * weight(theirs.words[j]) * (near - UNSURE) / (1 - UNSURE)
            carrying += 1
    told = Comparison(
        min(score, 99.0),
        tuple(Pair(ours.words[i], theirs.words[j], near, by) for near, i, j, by in kept),
        tuple(ours.words[i] for i in left_i),
        tuple(theirs.words[j] for j in left_j),
        (*rules, *(("contradiction",) if both else ()), *(("surplus",) if surplus else ())),
    )
    if whole.score > score:
        return whole
    if score >= 99.0 and not left_i and not left_j and all(each[0] == 1.0 for each in kept):
        told = Comparison(100.0, told.pairs, rules=(*rules, "order"))
    told = _judged(told, ours, theirs, is_organisation=is_organisation)
    if is_organisation or told.score == 100 or _is_enough(ours, theirs, evidence, carrying, is_more=bool(surplus)):
        return told
    return _capped(told, COMMON_ONLY, "common_only")


def _is_enough(ours: Form, theirs: Form, evidence: float, carrying: int, *, is_more: bool) -> bool:
    """Whether what two persons' names share is rare enough: more of it where one has words that the other has not."""
    if len(ours.words) == len(theirs.words) == 1:
        return len(ours.words[0]) > 5 or evidence >= ENOUGH
    return evidence >= (ENOUGH if is_more else ENOUGH_WHOLE) and (carrying > 1 or not is_more)


def _odd(form: Form, left: Iterable[int], weight: Weight, *, is_organisation: bool) -> list[tuple[float, float]]:
    """Words without a partner, the weightiest first: what each weighs when it is only more (a place says little then: a
    branch is of the same house), and when it contradicts.
    """
    found = []
    for at in left:
        if form.worth[at] > PARTICLE:
            full = form.worth[at] * weight(form.words[at])
            is_place = is_organisation and form.words[at] in PLACES
            found.append((full * COMMON if is_place else full, full))
    found.sort(reverse=True)
    return found


def _as_one(ours: Form, theirs: Form) -> Comparison:
    """Names whose words are cut otherwise: all letters as one word, a seventh of them wrong at the most, and no more
    than one of the consonants.
    """
    mine, its = ours.joined, theirs.joined
    if len(ours.words) == len(theirs.words) and not _cut_otherwise(ours.words, theirs.words):
        return NOTHING
    core, other = consonants(mine), consonants(its)
    if core != other and (min(len(core), len(other)) < MANY_CONSONANTS or OSA.distance(core, other) > 1):
        return NOTHING
    bare = any(map(_is_bare, ours.words)) or any(map(_is_bare, theirs.words))
    most = 0 if bare else min(len(mine), len(its)) // 7
    if len(mine) < 5 or abs(len(mine) - len(its)) > most:
        return NOTHING
    distance = OSA.distance(mine, its, score_cutoff=most)
    if distance > most:
        return NOTHING
    likeness_of_all = 1.0 - distance / len(its)
    pair = Pair(" ".join(ours.words), " ".join(theirs.words), likeness_of_all, "joined")
    return Comparison(JOINED * likeness_of_all, (pair,), rules=("joined",))


def _cut_otherwise(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether as many words end at other places, by more than a letter that somebody forgot or wrote twice."""
    at = 0
    for mine, its in zip(ours, theirs, strict=True):
        at += len(mine) - len(its)
        if abs(at) > 1:
            return True
    return False


def _judged(told: Comparison, ours: Form, theirs: Form, *, is_organisation: bool = False) -> Comparison:
    """Caps for what has too little to go by."""
    mine = sum(worth > LETTER for worth in ours.worth)
    its = sum(worth > LETTER for worth in theirs.worth)
    if is_organisation or told.score == 0:
        return told
    if min(mine, its) <= 1 < max(mine, its):
        more = ours if mine > its else theirs
        left = told.left_ours if mine > its else told.left_theirs
        if any(worth > LETTER and word in left for word, worth in zip(more.words, more.worth, strict=True)):
            return _capped(told, ONE_WORD_OF_MANY, "one_word")
    if mine == its == 1 and told.score < 100.0:
        return _capped(told, COMMON_ONLY if "joined" in told.rules else ONE_WORD, "one_word")
    return told


def _capped(told: Comparison, cap: float, rule: str) -> Comparison:
    if told.score <= cap:
        return told
    return Comparison(cap, told.pairs, told.left_ours, told.left_theirs, (*told.rules, rule))


def compare(ours: Parsed, theirs: Parsed, weight: Weight = alike) -> Comparison:
    """How alike two names are.

    >>> from jindi.parties.screening.names import parse
    >>> round(compare(parse("Vladimir Putin"), parse("PUTIN, Vladimir Vladimirovich")).score)
    96
    >>> compare(parse("任志强"), parse("任志強")).score, compare(parse("单雄信"), parse("SHAN Xiongxin")).score
    (99.0, 96.0)
    >>> compare(parse("张伟"), parse("章伟")).score
    79.0
    """
    if ours.han and theirs.han:
        return _compare_han(ours, theirs)
    is_organisation = ours.is_organisation or theirs.is_organisation
    best = NOTHING
    for mine in ours.forms:
        for its in theirs.forms:
            told = compare_forms(mine, its, weight, is_organisation=is_organisation)
            if told.score > best.score:
                best = told
    if ours.han or theirs.han:
        if best.score > SPELT:
            best = Comparison(SPELT, best.pairs, rules=(*best.rules, "reading"))
        if best.score < SPELT and not is_organisation and (spelt := _compare_spelt(ours, theirs)).score > best.score:
            best = spelt
    elif (
        best.score < HOMOPHONES
        and not is_organisation
        and (spelt := _compare_spellings(ours, theirs)).score > best.score
    ):
        best = spelt
    if is_organisation:
        best = _numbers(ours, theirs, best)
        if best.score < ACRONYM and (ours.initials & {theirs.plain} or theirs.initials & {ours.plain}):
            best = Comparison(ACRONYM, (Pair(ours.plain, theirs.plain, 1.0, "acronym"),), rules=("acronym",))
    return best


def _numbers(ours: Parsed, theirs: Parsed, told: Comparison) -> Comparison:
    """Two organisations or ships with other numbers are two."""
    if ours.numbers and theirs.numbers and ours.numbers != theirs.numbers:
        return _capped(told, NUMBERS_DIFFER, "numbers")
    if ours.legal and theirs.legal and not ours.legal & theirs.legal and told.score == 100.0:
        return Comparison(97.0, told.pairs, told.left_ours, told.left_theirs, (*told.rules, "legal_form"))
    return told


def _compare_han(ours: Parsed, theirs: Parsed) -> Comparison:
    best = NOTHING
    for mine in ours.han:
        for its in theirs.han:
            told = _characters(mine, its, same_text=ours.text == theirs.text, is_organisation=ours.is_organisation)
            if told.score > best.score:
                best = told
    return best


def _characters(mine: str, its: str, *, same_text: bool, is_organisation: bool) -> Comparison:
    if mine == its:
        score = 100.0 if same_text or len(mine) > 4 else 99.0
        return Comparison(score, (Pair(mine, its, 1.0, "characters"),), rules=() if same_text else ("variant",))
    longest = max(len(mine), len(its))
    if is_organisation or longest > 4:
        distance = OSA.distance(mine, its)
        score = 100.0 * (1 - 1.5 * distance / longest)
        return _capped(
            Comparison(max(score, 0.0), (Pair(mine, its, 1 - distance / longest, "characters"),)),
            CHARACTERS_NEAR,
            "other_characters",
        )
    ours, theirs = han.sounds(mine), han.sounds(its)
    if len(ours) == len(theirs) > 1 and all(left & right for left, right in zip(ours, theirs, strict=True)):
        return Comparison(HOMOPHONES, (Pair(mine, its, 1.0, "reading"),), rules=("other_characters",))
    return NOTHING


def _meets(left: han.Sounds, right: han.Sounds) -> bool:
    return len(left) == len(right) and all(mine & its for mine, its in zip(left, right, strict=True))


def _compare_spelt(ours: Parsed, theirs: Parsed) -> Comparison:
    """Characters against a spelling."""
    chinese, other = (ours, theirs) if ours.han else (theirs, ours)
    best = NOTHING
    for form in other.forms[:1]:
        for spelt in han.spelt(form.words):
            if any(_meets(han.sounds(order), spelt.sounds) for order in chinese.han):
                is_read = spelt.is_pinyin and any(_is_spelling(han.sounds(order), spelt) for order in chinese.han)
                score = SPELT if is_read else SPELT_OTHERWISE
                if not spelt.is_whole:
                    # With a word left out, two syllables that only another spelling makes fit are too little.
                    score = SPELT_IN_PART if is_read or len(spelt.sounds) > 2 else COMMON_ONLY
                if score > best.score:
                    pair = (
                        Pair(ours.han[0], theirs.plain, 1.0, "reading")
                        if ours.han
                        else Pair(ours.plain, theirs.han[0], 1.0, "reading")
                    )
                    rules = ("reading" if is_read else "spelling", *(() if spelt.is_whole else ("surplus",)))
                    best = Comparison(score, (pair,), rules=rules)
    return best


def _is_spelling(sounds: han.Sounds, spelt: han.Spelt) -> bool:
    """Whether each syllable is written as Pinyin writes a reading of the character."""
    return all(
        any(each.replace("v", "u") == syllable for each in can)
        for can, syllable in zip(sounds, spelt.written, strict=True)
    )


def _compare_spellings(ours: Parsed, theirs: Parsed) -> Comparison:
    """Two spellings of what can be one Chinese name; characters are not known, so it can be no more than weak."""
    if not ours.forms or not theirs.forms:
        return NOTHING
    mine, its = han.spelt(ours.forms[0].words), han.spelt(theirs.forms[0].words)
    for one in mine:
        for other in its:
            if len(one.sounds) > 2 and one.is_pinyin != other.is_pinyin and _meets(one.sounds, other.sounds):
                return Comparison(HOMOPHONES, (Pair(ours.plain, theirs.plain, 1.0, "reading"),), rules=("spelling",))
    return NOTHING
