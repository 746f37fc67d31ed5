"""A policy's bands, its own cases and its settings as forms: what stands in their fields, and what a file has of it.

As with rules, what can't be read (a score that is no number) is kept as it was typed, and the check says what is wrong.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from jindi.basics.instants import parse_duration
from jindi.doors.console.rule_form import CASES_MAX, lines_of, said_in, table_from, text_in
from jindi.packs import OUTCOMES, toml_of

BANDS_MAX: Final = 20
SCORE_MAX: Final = 1_000_000
ASKED: Final = tuple(str(each) for each in OUTCOMES if each != "allow")
ALL: Final = tuple(str(each) for each in OUTCOMES)

_WHOLE: Final = re.compile(r"[+-]?\d{1,9}\Z", re.ASCII)
_BAND: Final = re.compile(r"band\.(\d{1,3})\.(from|then|method|wait)\Z", re.ASCII)
_CASE: Final = re.compile(r"case\.(\d{1,3})\.(name|outcome|given|lists|at)\Z", re.ASCII)
_METHOD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z", re.ASCII)

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class BandForm:
    """One band: from which score on, and what then."""

    score: str = ""
    then: str = "review"
    method: str = ""
    wait: str = ""

    @property
    def score_from(self) -> int | None:
        """The score, when it is one."""
        return int(self.score) if _WHOLE.match(self.score) and abs(int(self.score)) <= SCORE_MAX else None


@dataclass(frozen=True, slots=True)
class OutcomeForm:
    """One worked example of the whole policy: what comes out in the end."""

    name: str = ""
    outcome: str = "allow"
    given: str = ""
    lists: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """What a policy says of itself."""

    zh: str = ""
    en: str = ""
    state: str = "live"
    deadline: str = ""
    keeps: str = ""
    split_by: str = ""
    split_share: str = ""
    split_seed: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that is wrong with a row, for the words `bands.wrong.KEY`; `row` is counted from one. A hint may be
    meant all the same.
    """

    key: str
    row: int
    values: Mapping[str, str]
    is_hint: bool = False


# ---- bands


def bands_of(raw: Iterable[Mapping[str, Any]]) -> tuple[BandForm, ...]:
    """Bands that stand in a file, as their form."""
    return tuple(
        BandForm(str(each.get("from", "")), str(each.get("then", "")), str(each.get("method", "")),
                 str(each.get("wait", "")))
        for each in raw
    )  # fmt: skip


def bands_from(fields: Mapping[str, str]) -> tuple[BandForm, ...]:
    """What somebody typed."""
    rows = _rows(fields, _BAND, BANDS_MAX)
    return tuple(
        BandForm(each.get("from", ""), each.get("then", "review"), each.get("method", ""), each.get("wait", ""))
        for each in rows
    )  # fmt: skip


def raw_bands(forms: Sequence[BandForm]) -> list[dict[str, Any]]:
    """Bands as their file has them; rows in which nothing stands are none."""
    found = []
    for form in forms:
        if form == BandForm(then=form.then):
            continue
        score: Any = form.score_from
        raw: dict[str, Any] = {"from": form.score if score is None else score, "then": form.then}
        raw |= {name: text for name, text in (("method", form.method), ("wait", form.wait)) if text}
        found.append(raw)
    return found


def slips(forms: Sequence[BandForm], reach: tuple[int, int]) -> list[Slip]:
    """All that is wrong with bands; `reach` are the lowest and the highest score that the rules can come to."""
    found: list[Slip] = []
    before: tuple[int, BandForm] | None = None
    for row, form in enumerate(forms, 1):
        if form == BandForm(then=form.then):
            continue
        found += _alone(row, form)
        score = form.score_from
        if score is None:
            continue
        if before is not None and score == before[1].score_from:
            found.append(Slip("same", row, {"score": form.score, "other": str(before[0])}))
        elif before is not None and score < (before[1].score_from or 0):
            found.append(Slip("order", row, {"score": form.score, "other": str(before[0]), "at": before[1].score}))
        elif before is not None and _weight(form.then) < _weight(before[1].then):
            found.append(Slip("lighter", row, {"then": form.then, "other": str(before[0]), "before": before[1].then}))
        if score > reach[1]:
            found.append(Slip("far", row, {"score": form.score, "most": str(reach[1])}, is_hint=True))
        if score <= min(0, reach[0]):
            found.append(Slip("all", row, {"score": form.score, "then": form.then}, is_hint=True))
        before = row, form
    return found


def _alone(row: int, form: BandForm) -> Iterator[Slip]:
    if form.score_from is None:
        yield Slip("score", row, {"given": form.score[:32], "most": f"{SCORE_MAX:,}"})
    if form.then not in ASKED:
        yield Slip("then", row, {"given": form.then[:32]})
    if form.then == "challenge" and not form.method:
        yield Slip("method", row, {})
    elif form.method and (form.then != "challenge" or not _METHOD.match(form.method)):
        yield Slip("method_name" if form.then == "challenge" else "no_method", row, {"given": form.method[:32]})
    if form.then == "delay" and not form.wait:
        yield Slip("wait", row, {})
    elif form.wait and (form.then != "delay" or not _is_duration(form.wait)):
        yield Slip("wait_text" if form.then == "delay" else "no_wait", row, {"given": form.wait[:32]})


def reach_of(rules: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """The lowest and the highest score that rules can come to together, whether or not they ever fire together.

    >>> reach_of([{"score": 30}, {"score": -10}, {"then": "deny"}, {"score": 25}])
    (-10, 55)
    """
    scores = [each["score"] for each in rules if type(each.get("score")) is int]
    return sum(each for each in scores if each < 0), sum(each for each in scores if each > 0)


def _weight(outcome: str) -> int:
    return ALL.index(outcome) if outcome in ALL else 0


def _is_duration(text: str) -> bool:
    try:
        return parse_duration(text) > 0
    except ValueError:
        return False


# ---- cases of the whole policy


def cases_of(raw: Iterable[Mapping[str, Any]]) -> tuple[OutcomeForm, ...]:
    """A policy's own cases, as their form."""
    found = []
    for each in raw:
        at = each.get("at", "")
        found.append(OutcomeForm(
            str(each.get("name", "")), str(each.get("outcome", "")), lines_of(each.get("given")),
            lines_of(each.get("lists")), at if isinstance(at, str) else toml_of(at),
        ))  # fmt: skip
    return tuple(found)


def cases_from(fields: Mapping[str, str]) -> tuple[OutcomeForm, ...]:
    """What somebody typed."""
    rows = _rows(fields, _CASE, CASES_MAX)
    return tuple(
        OutcomeForm(each.get("name", ""), each.get("outcome", "allow"), each.get("given", ""), each.get("lists", ""),
                    each.get("at", ""))
        for each in rows
    )  # fmt: skip


def raw_cases(forms: Sequence[OutcomeForm], before: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Cases as their file has them; what is the same as before keeps its form. Raises Unwritable."""
    found: list[Mapping[str, Any]] = []
    for number, form in enumerate(forms):
        if form == OutcomeForm(outcome=form.outcome):
            continue
        raw: dict[str, Any] = {"name": form.name, "given": table_from(number, "given", form.given)}
        if form.lists:
            raw["lists"] = table_from(number, "lists", form.lists)
        if form.at:
            raw["at"] = form.at
        raw["outcome"] = form.outcome
        found.append(next((each for each in before if cases_of([each]) == (form,)), raw))
    return found


# ---- rows of either


def rearranged(rows: tuple[_Row, ...], do: str, new: _Row, most: int) -> tuple[_Row, ...]:
    """Rows with one more or less, or in another order: `add`, `drop.1`, `up.2`, `down.0`. What names nothing changes
    nothing.

    >>> rearranged(("a", "b"), "up.1", "", 9), rearranged(("a",), "add", "", 9), rearranged(("a",), "drop.7", "", 9)
    (('b', 'a'), ('a', ''), ('a',))
    """
    word, _, number = do.partition(".")
    place = int(number) if number.isascii() and number.isdecimal() and len(number) <= 3 else -1
    kept = list(rows)
    if word == "add" and len(kept) < most:
        kept.append(new)
    elif word == "drop" and 0 <= place < len(kept):
        del kept[place]
    elif word in ("up", "down") and 0 <= place < len(kept):
        kept.insert(max(0, place + (-1 if word == "up" else 1)), kept.pop(place))
    return tuple(kept)


def in_order(forms: tuple[BandForm, ...]) -> tuple[BandForm, ...]:
    """Bands by their scores; those without one last."""
    return tuple(sorted(forms, key=lambda each: (each.score_from is None, each.score_from or 0)))


def _rows(fields: Mapping[str, str], pattern: re.Pattern[str], most: int) -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for name in fields:
        if (match := pattern.match(name)) is not None:
            found.setdefault(int(match[1]), {})[match[2]] = text_in(fields, name)
    return [each for _, each in sorted(found.items())[:most]]


# ---- settings


def settings_form(raw: Mapping[str, Any]) -> SettingsForm:
    """What a policy's file says of it, as its form."""
    split = raw["split"] if isinstance(raw.get("split"), Mapping) else {}
    keeps = raw["keeps"] if isinstance(raw.get("keeps"), list) else []
    return SettingsForm(
        said_in(raw.get("doc"), "zh"), said_in(raw.get("doc"), "en"), str(raw.get("state", "")),
        str(raw.get("deadline", "")), "\n".join(map(str, keeps)), str(split.get("by", "")), str(split.get("share", "")),
        str(split.get("seed", "")),
    )  # fmt: skip


def settings_from(fields: Mapping[str, str]) -> SettingsForm:
    """What somebody typed."""
    names = ("zh", "en", "state", "deadline", "keeps", "split_by", "split_share", "split_seed")
    return SettingsForm(*(text_in(fields, name) for name in names))


def raw_settings(form: SettingsForm, before: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as their file has them: what is not in the form, and what is the same, stays."""
    wanted: dict[str, Any] = {**before, "state": form.state, "doc": {"zh": form.zh, "en": form.en}}
    keeps = form.keeps.replace(",", " ").split()
    split = {"by": form.split_by, "share": form.split_share, "seed": form.split_seed}
    for key, value in (
        ("deadline", form.deadline),
        ("keeps", keeps),
        ("split", split if any(split.values()) else None),
    ):
        if value:
            wanted[key] = value
        else:
            wanted.pop(key, None)
    return {key: before[key] if key in before and before[key] == value else value for key, value in wanted.items()}
