"""Names in other scripts, in Latin letters: Cyrillic, Greek, Arabic, Hebrew, Armenian, Georgian, Hangul, Kana, and
whatever Unicode names by its sound.

It makes a name comparable, not pretty: long vowels, tones and stresses are dropped. Han characters are not its business
(see `han`).
"""

import re
import unicodedata
from functools import lru_cache


def _table(text: str) -> dict[str, str]:
    """`а=a б=b`: a letter and what stands for it; nothing after the sign means that it falls away."""
    return {left: right for left, _, right in (each.partition("=") for each in text.split())}


_CYRILLIC = _table(
    "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh"
    " ц=ts ч=ch ш=sh щ=shch"
    " ъ= ы=y ь= э=e ю=yu я=ya і=i ї=yi є=ye ґ=g ў=u ј=j љ=lj њ=nj ћ=c ђ=dj џ=dz ѓ=gj ќ=kj ѕ=dz ә=a ғ=gh қ=q ң=n ө=o ұ=u"
    " ү=u һ=h ҳ=h ҷ=j ӣ=i ӯ=u ѝ=i ѐ=e"
)
_GREEK = _table(
    "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
)
_ARABIC = _table(
    "ا=a آ=a أ=a إ=i ٱ=a ء= ئ=i ؤ=u ب=b پ=p ت=t ث=th ج=j چ=ch ح=h خ=kh د=d ذ=dh ر=r ز=z ژ=zh س=s ش=sh ص=s ض=d ط=t ظ=z"
    " ع=a غ=gh ف=f ق=q ک=k ك=k گ=g ل=l م=m ن=n ه=h ھ=h ہ=h ۀ=h ة=a و=u ي=i ی=i ى=a ے=e ں=n ٹ=t ڈ=d"
    " ڑ=r ـ= ٷ=u ې=e ۍ=i ټ=t"
    " ډ=d ړ=r ږ=g ښ=sh ڼ=n ڤ=v"
)
_HEBREW = _table(
    "א=a ב=b ג=g ד=d ה=h ו=u ז=z ח=h ט=t י=i כ=k ך=k ל=l מ=m ם=m נ=n ן=n ס=s ע=a פ=p ף=f צ=ts ץ=ts ק=k ר=r ש=sh ת=t"
)
_GEORGIAN = _table(
    "ა=a ბ=b გ=g დ=d ე=e ვ=v ზ=z თ=t ი=i კ=k ლ=l მ=m ნ=n ო=o პ=p ჟ=zh რ=r ს=s ტ=t უ=u ფ=p ქ=k ღ=gh ყ=q შ=sh ჩ=ch ც=ts"
    " ძ=dz წ=ts ჭ=ch ხ=kh ჯ=j ჰ=h"
)
_ARMENIAN = _table(
    "ա=a բ=b գ=g դ=d ե=e զ=z է=e ը=e թ=t ժ=zh ի=i լ=l խ=kh ծ=ts կ=k հ=h ձ=dz ղ=gh ճ=ch մ=m յ=y ն=n"
    " շ=sh ո=o չ=ch պ=p ջ=j"
    " ռ=r ս=s վ=v տ=t ր=r ց=ts ւ=u փ=p ք=k օ=o ֆ=f և=ev"
)
_LATIN = _table("ß=ss æ=ae œ=oe ø=o ł=l đ=d ð=d þ=th ı=i ŋ=ng ħ=h ŧ=t ə=a ʻ= ʼ= ʹ= ʺ= ʿ= ʾ=")
LETTERS = {**_CYRILLIC, **_GREEK, **_ARABIC, **_HEBREW, **_GEORGIAN, **_ARMENIAN, **_LATIN}

_KANA = {"si": "shi", "ti": "chi", "tu": "tsu", "hu": "fu", "zi": "ji", "di": "ji", "du": "zu", "n": "n"}
_NAMED = re.compile(r"(?:SMALL )?LETTER (?:SMALL )?(?:INDEPENDENT VOWEL )?([A-Z]+)\Z|INDEPENDENT VOWEL ([A-Z]+)\Z")
_SIGN = re.compile(r"VOWEL SIGN ([A-Z]+)\Z")
_SILENT = ("VIRAMA", "NUKTA", "CANDRABINDU", "COENG", "VISARGA", "TONE", "MAI", "BANTOC", "TOANDAKHIAT", "MUUSIKATOAN")


_CARRYING = (
    "DEVANAGARI", "BENGALI", "GUJARATI", "GURMUKHI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "ORIYA", "SINHALA",
    "KHMER",
    "MYANMAR",
)  # fmt: skip
_INHERENT = "\1"
"""Stands for the vowel that a consonant of these scripts carries until another sign takes it away."""


def _by_name(char: str, so_far: list[str]) -> None:
    """One letter of a script that has no table, by what Unicode calls it: the sound is a part of the name."""
    name = unicodedata.name(char, "")
    if name.startswith("HANGUL SYLLABLE "):
        so_far.append(name[16:].lower())
    elif sign := _SIGN.search(name):
        _end_of_word(so_far)
        so_far.append(re.sub(r"(.)\1+", r"\1", sign[1].lower()))
    elif "VIRAMA" in name or "COENG" in name:
        _end_of_word(so_far)
    elif "ANUSVARA" in name:
        so_far.append("n")
    elif any(word in name for word in _SILENT):
        return
    elif named := _NAMED.search(name):
        sound = (named[1] or named[2]).lower()
        if name.startswith(("HIRAGANA", "KATAKANA")):
            if "SMALL" in name and sound in {"ya", "yu", "yo"} and so_far and so_far[-1].endswith("i"):
                so_far[-1] = so_far[-1][:-1]
                sound = sound[1:] if so_far[-1][-1:] in {"h", "j"} else sound
            elif "SMALL" in name and sound == "tu":
                return
            sound = _KANA.get(sound, sound)
        elif name.startswith(_CARRYING) and sound.endswith("a") and len(sound) > 1:
            sound = sound[:-1] + _INHERENT
        so_far.append(re.sub(r"(.)\1+", r"\1", sound))


def _end_of_word(so_far: list[str]) -> None:
    """The vowel that a last consonant carries by itself is not spoken (as in Bharat)."""
    if so_far and so_far[-1].endswith(_INHERENT):
        so_far[-1] = so_far[-1][:-1]


def is_han(char: str) -> bool:
    """Whether it is a Chinese character (the blocks in which names are written, and the marks 〇 and 々)."""
    return "一" <= char <= "鿿" or "㐀" <= char <= "䶿" or char in "〇々" or "豈" <= char <= "龎"


def _is_latin(char: str) -> bool:
    return char < "ɐ" or "Ḁ" <= char <= "ỿ"


_KOREAN_SURNAMES = {
    "이": "ri",
    "김": "kim",
    "박": "pak",
    "최": "choe",
    "임": "rim",
    "류": "ryu",
    "조": "jo",
    "오": "oh",
}
"""Where one stands alone it is a surname, which is not spelt by its sound."""


@lru_cache(maxsize=65_536)
def latin(text: str) -> str:
    """The text in lower-case ASCII letters, digits and signs; Han characters stay, marks fall away.

    >>> latin("Сергей Лавров"), latin("Nicolás Maduro"), latin("バラク"), latin("김정은"), latin("Þórður")
    ('sergei lavrov', 'nicolas maduro', 'baraku', 'gimjeongeun', 'thordur')
    """
    if text.isascii():
        return text.lower()
    if any(each in _KOREAN_SURNAMES for each in text.split(" ")):
        text = " ".join(_KOREAN_SURNAMES.get(each, each) for each in text.split(" "))
    # NFKC first: full-width letters and ligatures; Hangul stays composed, Latin and Greek letters lose their marks
    # below.
    out: list[str] = []
    for char in unicodedata.normalize("NFKC", text).lower():
        if char.isascii() or is_han(char):
            if out and not char.isalnum():
                _end_of_word(out)
            out.append(char)
        elif (found := LETTERS.get(char)) is not None:
            out.append(found)
        else:
            base = unicodedata.normalize("NFKD", char)
            if (
                base != char
                and not ("가" <= char <= "힣")
                and base[0] not in "かきくけこさしすせそたちつてとはひふへほ"
            ):
                for part in base:
                    if part.isascii():
                        out.append(part)
                    elif not unicodedata.combining(part):
                        out.append(LETTERS.get(part, ""))
                if any(each.isascii() or each in LETTERS for each in base):
                    continue
            if unicodedata.category(char)[0] in "LM":
                _by_name(char, out)
            else:
                _end_of_word(out)
                out.append("'" if char in "’‘`´′" else "" if unicodedata.category(char) == "Cf" else " ")
    _end_of_word(out)
    return "".join(out).replace(_INHERENT, "a")
