"""A report's draft as a form: what stands in its fields, and the draft that a sent form comes to.

Subjects are rows of fields, numbered; one empty row more lets somebody be added. Decisions stand one on a line, as does
each large day.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from jindi.parties.reporting.drafts import Day, Draft, Subject

FORM_BYTES_MAX, FORM_FIELDS_MAX = 400_000, 640
PLAIN: Final = (
    "institution", "institution_name", "sector", "branch", "place", "means", "urgency", "directed", "directed_other",
    "trigger", "trigger_other", "behaviour", "analysis", "measures", "correction_mark", "usd_rate",
)  # fmt: skip
SEVERAL: Final = {"crimes": " ", "features": " ", "evidence": "\n"}
"""Lists, and what stands between their items: a field of one line has no place for line ends."""
PARTS: Final = ("subjects", "others")
OF_SUBJECT: Final = (
    "user", "name", "document", "number", "nationality", "occupation", "phone", "address", "latin_last", "latin_first",
)  # fmt: skip
ROWS_MAX: Final = 30

_SPACE: Final = re.compile(r"[\s,;，；、]+")


def form_of(draft: Draft) -> dict[str, str]:
    """What stands in the fields."""
    found = {name: str(getattr(draft, name)) for name in PLAIN}
    found |= {name: between.join(getattr(draft, name)) for name, between in SEVERAL.items()}
    for part in PARTS:
        for number, each in enumerate(getattr(draft, part)):
            found |= {f"{part}.{number}.{name}": str(getattr(each, name)) for name in OF_SUBJECT}
    found["days"] = "\n".join(
        " ".join((each.user, each.day.isoformat(), each.code, *each.decisions)) for each in draft.days
    )
    return found


def draft_of(form: Mapping[str, str]) -> Draft:
    """The draft that a sent form comes to. Raises ValueError for a line of days that says no day; a line's number is
    all that it tells.
    """
    given: dict[str, Any] = {name: form[name].strip() for name in PLAIN if name in form}
    given |= {name: _words(form.get(name, "")) for name in SEVERAL}
    given |= {part: _subjects(form, part) for part in PARTS}
    return Draft(**given, days=_days(form.get("days", "")))


def rows_of(form: Mapping[str, str], part: str) -> Sequence[int]:
    """The rows that a part of the form has, and an empty one behind them."""
    used = [number for number in range(ROWS_MAX) if form.get(f"{part}.{number}.user", "").strip()]
    return range(min((used[-1] + 1 if used else 0) + 1, ROWS_MAX))


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in _SPACE.split(text) if each))


def _subjects(form: Mapping[str, str], part: str) -> tuple[Subject, ...]:
    found = []
    for number in range(ROWS_MAX):
        given = {name: form.get(f"{part}.{number}.{name}", "").strip() for name in OF_SUBJECT}
        if given["user"]:
            found.append(Subject(**given))
    return tuple(found)


def _days(text: str) -> tuple[Day, ...]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = _words(line)
        if not parts:
            continue
        try:
            user, day, code, *decisions = parts
            found.append(Day(user=user, day=date.fromisoformat(day), code=code, decisions=tuple(decisions)))
        except ValueError:
            raise ValueError(str(number)) from None
    return tuple(found)
