"""Makes `src/jindi/parties/screening/han_tables.py`: readings and simplified forms of the characters of names.

    python -m benchmarks.han_tables --names FOLDER

From pypinyin (MIT) the readings, without tones; from OpenCC (Apache-2.0) the simplified form of each character; from
the tables of sinonym (Apache-2.0; `surname_romanizations.csv` and `givenname_orcid.csv` in FOLDER) the spellings of
surnames and the characters of given names that GB 2312 has not. Kept are the characters of GB 2312, of given names, and
whatever simplifies to one of them. Run it again when a new release of one of them has better readings.
"""

import argparse
import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

OUT = Path(__file__).parents[1] / "src/jindi/parties/screening/han_tables.py"
HEAD = '''"""Readings, simplified forms and spellings of Chinese names.

Made by `python -m benchmarks.han_tables`; not edited.
Derived from pypinyin {pypinyin} (MIT), OpenCC {opencc} (Apache-2.0) and the name tables of sinonym (Apache-2.0).
See NOTICE.
"""
'''
BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000))
SPOKEN = re.compile(r"[a-z]*[aeiouv][a-z]*")
ROW = 54
"""Characters of a line; each is as wide as two."""


def gb2312() -> set[str]:
    """The 6,763 characters of GB 2312."""
    found = set()
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.add(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return found


def wrapped(name: str, doc: str, text: str, row: int = ROW) -> str:
    """A constant whose text is split over lines."""
    lines = "\n".join(f'    "{text[at : at + row]}"' for at in range(0, len(text), row))
    return f'\n{name} = (\n{lines}\n)\n"""{doc}"""\n'


def rows(readings: dict[str, list[str]]) -> str:
    """All readings with their characters, as one text."""
    return " ".join(f"{reading} {''.join(chars)}" for reading, chars in sorted(readings.items()))


def made(names: Path) -> str:
    """The module's text."""
    import opencc
    import pypinyin

    simple = opencc.OpenCC("t2s")
    with (names / "givenname_orcid.csv").open(encoding="utf-8") as file:
        given = {row["character"] for row in csv.DictReader(file)}
    with (names / "surname_romanizations.csv").open(encoding="utf-8") as file:
        spelt = [(row["spelling"], row["mandarin_target"].replace("ü", "v")) for row in csv.DictReader(file)]
    kept = gb2312() | {simple.convert(each) for each in given if len(each) == 1}
    pairs = []
    for begin, end in BLOCKS:
        for point in range(begin, end):
            char = chr(point)
            plain = simple.convert(char)
            if plain != char and plain in kept:
                pairs.append(char + plain)
    first, others = defaultdict(list), defaultdict(list)
    for char in sorted(kept - {pair[0] for pair in pairs}):
        found = pypinyin.pinyin(char, style=pypinyin.Style.NORMAL, heteronym=True)[0]
        spoken = [each for each in dict.fromkeys(each.replace("ü", "v") for each in found) if SPOKEN.fullmatch(each)]
        for rank, each in enumerate(spoken):
            (others if rank else first)[each].append(char)
    spellings = " ".join(f"{spelling}:{target}" for spelling, target in spelt if spelling != target)
    return (
        HEAD.format(pypinyin=pypinyin.__version__, opencc=opencc.__version__)
        + wrapped("SIMPLE", "A character and its simplified form, one pair after the other.", "".join(pairs))
        + wrapped("READINGS", "A reading without its tone, then the characters that are mostly read so.", rows(first))
        + wrapped("OTHERS", "The same for the less common readings of characters.", rows(others))
        + wrapped(
            "SURNAMES", "How surnames are spelt (Cantonese, Wade-Giles and others) and their pinyin.", spellings, 108
        )
    )


def main() -> int:
    """Write the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=Path, required=True, help="the folder with sinonym's two tables")
    OUT.write_text(made(parser.parse_args().names), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
