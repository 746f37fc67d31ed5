"""case_words.toml → what the cases of a pack are called in Chinese, so that people need not read English names.

One table: a key is a case's name as its policy or its pattern has it, its value the same in Chinese. The names in the
policies stay what they are, English and one to a case; these words change no decision. A name that no case has (any
more) is no problem: a case is renamed in the console, and is then shown by its new name as it is.
"""

from collections.abc import Mapping
from typing import Any

from jindi.basics.problems import Problem
from jindi.packs.tables import kind_of

CaseWords = Mapping[str, Mapping[str, str]]
"""For a pack and the name of one of its cases, what that is called in Chinese."""

LENGTH_MAX = 64
"""A case's name stands on one line, beside what came out."""

_REMEDY = 'write "its name" = "它的中文名"'


def read_case_words(raw: Mapping[str, Any], where: str) -> tuple[dict[str, str], list[Problem]]:
    """The Chinese names of one pack's cases, and what is wrong with them."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for name, called in raw.items():
        if not isinstance(called, str):
            problems.append(Problem(where, name[:64], f"must be a text, not {kind_of(called)}", _REMEDY))
        elif not called.strip():
            problems.append(Problem(where, name[:64], "is empty", _REMEDY))
        elif len(called) > LENGTH_MAX:
            problems.append(Problem(where, name[:64], f"longer than {LENGTH_MAX} characters", "say it shorter"))
        else:
            found[name] = called
    return found, problems


def case_called(words: CaseWords, name: str, pack: str = "") -> str | None:
    """What a case is called in Chinese; None where nobody said.

    Where its pack is not known, or calls it nothing, another pack's word serves if all packs that have one agree.

    >>> words = {"shop": {"at noon": "正午"}, "zoo": {"at noon": "中午"}}
    >>> case_called(words, "at noon", "zoo"), case_called(words, "at noon"), case_called(words, "at night", "zoo")
    ('中午', None, None)
    """
    own = words.get(pack, {}).get(name)
    if own is not None:
        return own
    several = {each[name] for each in words.values() if name in each}
    return several.pop() if len(several) == 1 else None
