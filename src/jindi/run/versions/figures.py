"""Where authors change parameters: dated values to come, as drafts of a parameters' file, and what they would do.

What has been in force is not changed: decisions of those days were made with it. A value to come may be added, changed
and taken out again, until its day has come.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from jindi import packs
from jindi.basics.instants import day_of
from jindi.basics.problems import Problem, Problems
from jindi.engine import EventProgram, Program, build, check_policy
from jindi.language import Kind
from jindi.packs import (
    DECIDING,
    LimitDef,
    LimitStep,
    NotEditable,
    PolicyDef,
    digest_of,
    parsed,
    rebased_values,
    values_of,
    with_values,
)
from jindi.packs.values import read_value
from jindi.run.versions.desk import Declined, Review
from jindi.run.versions.drafts import Draft, Moved
from jindi.run.versions.workbench import REVIEWED_US, STAFF, Refused, Sheet, Workbench, refuse_numbers

BASIS_LENGTH_MAX = 500
SOURCE_LENGTH_MIN = 6
"""(design default) A source shorter than this names no article of anything."""

ALONG_MAX = 50
_KEPT = 4
Time = Literal["past", "now", "coming"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One dated value of a parameter: what it is, from when on, since when it counts and whether the draft has it new
    (`change` "added", "changed", "removed", or "").
    """

    step: LimitStep
    raw: Mapping[str, Any]
    time: Time
    change: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, the file that it stands in, and its values as they decide."""

    limit: LimitDef
    file: str
    figures: tuple[Figure, ...]
    readers: tuple[str, ...]

    @property
    def now(self) -> Figure | None:
        """The value in force."""
        return next((each for each in self.figures if each.time == "now"), None)

    @property
    def coming(self) -> tuple[Figure, ...]:
        """The values to come."""
        return tuple(each for each in self.figures if each.time == "coming")

    @property
    def is_regulated(self) -> bool:
        """Whether its figure is somebody else's, so that another one needs a source."""
        now = self.now
        return (self.limit.mark_of(now.step) if now is not None else self.limit.mark) != "design default"


@dataclass(frozen=True, slots=True)
class FigureSheet:
    """A file of parameters on its author's table: as it decides, the draft on it if there is one, and the author's
    drafts of policies that go along with it.
    """

    name: str
    path: str
    live: str
    draft: Draft | None
    along: tuple[Sheet, ...] = ()

    @property
    def text(self) -> str:
        """The file as its author has it."""
        return self.live if self.draft is None else self.draft.text

    @property
    def version(self) -> int:
        """How often the draft was saved; 0: there is none."""
        return 0 if self.draft is None else self.draft.version

    @property
    def is_behind(self) -> bool:
        """Whether what decides has changed since the draft, or one that goes along, began."""
        return (self.draft is not None and self.draft.base != self.live) or any(each.is_behind for each in self.along)

    @property
    def is_changed(self) -> bool:
        """Whether the draft says anything else than what decides."""
        return parsed(self.text) != parsed(self.live)

    def changed(self) -> list[str]:
        """The parameters that the draft changes."""
        live, now = parsed(self.live), parsed(self.text)
        return [name for name in now if now[name] != live.get(name)]

    def files(self) -> dict[str, str]:
        """The texts of the draft and of what goes along with it, by their paths."""
        return {self.path: self.text, **{each.path: each.text for each in self.along}}


@dataclass(frozen=True, slots=True)
class Checked:
    """All problems of the whole set with the draft in it, or the program that it makes."""

    problems: tuple[Problem, ...]
    program: Program | None


class Figures:
    """Drafts of parameters' files, over the same table as policies."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.desk = bench, bench.desk
        self._checks: dict[str, Checked] = {}
        self._reviews: dict[str, tuple[int, Review]] = {}

    # ---- looking

    def files(self) -> dict[str, str]:
        """The files of parameters by the names of their drafts: `payment:own` is payment/parameters/own.toml."""
        found = {}
        for path in sorted(self.desk.platform.base):
            pack, _, rest = path.partition("/parameters/")
            if rest.endswith(".toml") and "/" not in pack + rest:
                found[f"{pack}:{rest.removesuffix('.toml')}"] = path
        return found

    def all(self) -> list[Parameter]:
        """All parameters that stand in files of their own, by their packs and names."""
        files = self._places()
        limits = self.desk.platform.program.definitions.limits.values()
        readers = self._readers()
        return [self._parameter(limit, files[limit.name], readers) for limit in limits if limit.name in files]

    def one(self, name: str) -> Parameter | None:
        """One parameter."""
        limit, file = self.desk.platform.program.definitions.limits.get(name), self._places().get(name)
        return self._parameter(limit, file, self._readers()) if limit is not None and file is not None else None

    def sheet(self, owner: str, name: str) -> FigureSheet | None:
        """A file of parameters with its author's draft on it; None when there is no such file."""
        path = self.files().get(name)
        if path is None:
            return None
        draft = self.bench.drafts.of(owner, name)
        along = (self.bench.sheet(owner, each) for each in (draft.along if draft is not None else ()))
        kept = tuple(each for each in along if each is not None and each.draft is not None and not each.removes)
        return FigureSheet(name, path, self.desk.platform.base[path], draft, kept)

    def sheets(self, owner: str) -> list[FigureSheet]:
        """All drafts of parameters of an author."""
        found = (self.sheet(owner, each.policy) for each in self.bench.drafts.all_of(owner))
        return [each for each in found if each is not None and each.draft is not None]

    def figures(self, sheet: FigureSheet, name: str) -> list[Figure]:
        """The values of a parameter as the draft has them, with what it changes; removed ones at their days."""
        limit = self.desk.platform.program.definitions.limits[name]
        live = {each["since"]: each for each in _values(sheet.live, name)}
        now = {each["since"]: each for each in _values(sheet.text, name)}
        times = self._times(limit, sorted({*live, *now}))
        found = []
        for since in sorted({*live, *now}):
            raw = now.get(since, live.get(since)) or {}
            change = "" if live.get(since) == now.get(since) else "changed"
            change = "added" if since not in live else "removed" if since not in now else change
            found.append(Figure(_step(raw, limit), raw, times[since], change))
        return found

    def tomorrow(self, limit: LimitDef) -> date:
        """The first day for which a value may be changed: where the parameter's pack is at home."""
        return self._today(limit) + timedelta(days=1)

    def others(self, owner: str, sheet: FigureSheet) -> list[str]:
        """The author's drafts of policies that could go along."""
        found = (each for each in self.bench.sheets(owner) if each.draft is not None and not each.removes)
        return [each.policy for each in found if each not in sheet.along]

    def readers(self, sheet: FigureSheet) -> list[PolicyDef]:
        """The policies that stand on what the draft changes, and that an author may try it on."""
        names = set(sheet.changed())
        policies = self.desk.platform.program.definitions.policies
        return [
            each for each in policies
            if each.pack != STAFF and each.state in DECIDING and "@" not in each.id and names & self._reads(each)
        ]  # fmt: skip

    def digest(self, sheet: FigureSheet) -> str:
        """What the whole set would be called with the draft in it."""
        return digest_of({**self.desk.platform.base, **sheet.files()})

    async def check(self, sheet: FigureSheet) -> Checked:
        """Load the whole set with the draft in it and run the cases of all policies that stand on it."""
        files = {**self.desk.platform.base, **sheet.files()}
        name = digest_of(files)
        if name not in self._checks:
            concerned = frozenset({*(each.policy for each in sheet.along), *self._concerned(sheet)})
            checked = await asyncio.to_thread(_check, files, concerned)
            while len(self._checks) >= _KEPT:
                del self._checks[next(iter(self._checks))]
            self._checks[name] = checked
        return self._checks[name]

    async def review(self, sheet: FigureSheet) -> Review | None:
        """What the draft would put in force, some minutes ago at most; None when it can't be said."""
        now_us, name = self.desk.platform.now_us(), f"{self.desk.platform.program.digest} {self.digest(sheet)}"
        found = self._reviews.get(name)
        if found is not None and now_us - found[0] < REVIEWED_US:
            return found[1]
        check = await self.check(sheet)
        if check.program is not None and not check.problems:
            self.desk.learn(check.program)  # cases that stand on nothing of this are as they were
        try:
            review = await self.desk.preview((), self.packs_of(sheet))
        except (Declined, Problems):
            return None
        while len(self._reviews) >= _KEPT:
            del self._reviews[next(iter(self._reviews))]
        self._reviews[name] = now_us, review
        return review

    def packs_of(self, sheet: FigureSheet) -> dict[str, str]:
        """The packs of the draft and of what goes along, whole, as the desk takes them."""
        files = sheet.files()
        names = {path.partition("/")[0] for path in files}
        kept = {path: text for path, text in self.desk.platform.base.items() if path.partition("/")[0] in names}
        return kept | files

    async def as_if(self, sheet: FigureSheet) -> Program:
        """The program in which what the draft changes holds since ever: what the past would have been with it. Of
        several values to come the last one counts. Raises Problems.
        """
        check = await self.check(sheet)
        if check.program is None:
            raise Problems(check.problems)
        definitions = check.program.definitions
        limits = {
            name: _since_ever(limit) if name in sheet.changed() else limit for name, limit in definitions.limits.items()
        }
        return await asyncio.to_thread(build, replace(definitions, limits=limits))

    # ---- writing

    async def save(
        self, sheet: FigureSheet, owner: str, who: str, name: str, value: Mapping[str, Any], *, seen: int
    ) -> FigureSheet:  # fmt: skip
        """Keep a value to come in the draft; in the place of the one of the same day, if there is one. `value` is as
        the file has it: since, is, basis, mark.

        Raises Refused (the past; no source; no value of its type), Moved, OSError.
        """
        parameter = self.one(name)
        if parameter is None or parameter.file != sheet.name:
            raise Refused("no_parameter", id=name[:64])
        self._refuse_value(parameter, value)
        values = [each for each in _values(sheet.text, name) if each["since"] != value["since"]]
        kept = {key: each for key, each in value.items() if key != "mark" or each != parameter.limit.mark}
        wanted = sorted([*values, kept], key=lambda each: each["since"])
        return await self._keep(sheet, owner, who, _with_values(sheet.text, name, wanted), seen=seen)

    async def remove(
        self, sheet: FigureSheet, owner: str, who: str, name: str, since: date, *, seen: int
    ) -> FigureSheet:  # fmt: skip
        """Take a value to come out of the draft. Raises Refused, Moved, OSError."""
        parameter = self.one(name)
        if parameter is None or parameter.file != sheet.name:
            raise Refused("no_parameter", id=name[:64])
        self._refuse_day(parameter.limit, since)
        values = _values(sheet.text, name)
        left = [each for each in values if each["since"] != since]
        if len(left) == len(values):
            raise Refused("no_value", since=since.isoformat())
        return await self._keep(sheet, owner, who, _with_values(sheet.text, name, left), seen=seen)

    async def save_text(
        self, sheet: FigureSheet, owner: str, who: str, text: str, *, seen: int, along: tuple[str, ...] | None = None
    ) -> FigureSheet:  # fmt: skip
        """Keep a whole file in the draft. Raises Refused when more than values to come is other, Moved, OSError."""
        self._refuse_text(sheet.live, text)
        return await self._keep(sheet, owner, who, text, seen=seen, along=along)

    async def take_along(
        self, sheet: FigureSheet, owner: str, who: str, policies: Sequence[str], *, seen: int
    ) -> FigureSheet:  # fmt: skip
        """Let drafts of policies go along with this one, and no others. Raises Refused, Moved, OSError."""
        if sheet.draft is None:
            raise Refused("no_value", since="")
        return await self._keep(sheet, owner, who, sheet.text, seen=seen, along=tuple(dict.fromkeys(policies)))

    async def take_over(
        self, sheet: FigureSheet, owner: str, who: str, *, seen: int
    ) -> tuple[FigureSheet, tuple[str, ...]]:  # fmt: skip
        """The draft's values on what decides now; and the parameters that others changed. Raises Refused, Moved."""
        if sheet.draft is None:
            return sheet, ()
        try:
            text, both = rebased_values(sheet.draft.base, sheet.draft.text, sheet.live)
        except NotEditable as error:
            raise Refused("not_editable", what=str(error)) from None
        self._refuse_text(sheet.live, text)
        return await self._keep(sheet, owner, who, text, seen=seen, base=sheet.live), both

    async def discard(self, owner: str, name: str, *, seen: int | None = None) -> None:
        """Give the draft up; those that went along stay. Raises Moved."""
        await self.bench.drafts.drop(owner, name, seen=seen)

    def refuse_proposal(self, sheet: FigureSheet, seen: int) -> None:
        """Raises Moved, Declined or Refused when the draft can't be proposed as it was seen."""
        if sheet.is_behind:
            raise Declined("behind")
        if sheet.version != seen:
            raise Moved(sheet.draft)
        self._refuse_text(sheet.live, sheet.text)

    async def _keep(
        self, sheet: FigureSheet, owner: str, who: str, text: str, *, seen: int, base: str | None = None,
        along: tuple[str, ...] | None = None,
    ) -> FigureSheet:  # fmt: skip
        refuse_numbers(text, sheet.live)
        draft = sheet.draft
        base = base or (draft.base if draft is not None else sheet.live)
        along = along if along is not None else draft.along if draft is not None else ()
        drafts = self.bench.drafts
        along = tuple(each for each in dict.fromkeys(along[:ALONG_MAX]) if drafts.of(owner, each) is not None)
        now_us = self.desk.platform.now_us()
        kept = Draft(owner, who, sheet.name, sheet.path, base, text, seen, now_us, along)
        await drafts.save(kept, seen=seen)
        found = self.sheet(owner, sheet.name)
        assert found is not None, "it was there just now"
        return found

    # ---- what may not be

    def _refuse_value(self, parameter: Parameter, value: Mapping[str, Any]) -> None:
        limit = parameter.limit
        self._refuse_day(limit, value["since"])
        try:
            read_value(value.get("is"), limit.type)
        except ValueError:
            raise Refused(f"value_{limit.type.kind}", given=str(value.get("is", ""))[:64]) from None
        basis = value.get("basis") or ""
        said = list(basis.values()) if isinstance(basis, Mapping) else [basis]
        if not all(isinstance(each, str) and each.strip() for each in said):
            raise Refused("no_source" if parameter.is_regulated else "no_basis")
        if any(len(each) > BASIS_LENGTH_MAX for each in said):
            raise Refused("long_basis", n=str(BASIS_LENGTH_MAX))
        if value.get("mark", limit.mark) != "design default" and any(len(each) < SOURCE_LENGTH_MIN for each in said):
            raise Refused("no_source")

    def _refuse_day(self, limit: LimitDef, since: date) -> None:
        if since < self.tomorrow(limit):
            raise Refused("past", since=since.isoformat(), first=self.tomorrow(limit).isoformat())

    def _refuse_text(self, live: str, text: str) -> None:
        """Raises Refused when a file differs in more than values to come, or in one that may not be."""
        try:
            was, now = parsed(live), parsed(text)
        except NotEditable as error:
            raise Refused("not_editable", what=str(error)) from None
        if list(was) != list(now) or any(_but_values(was[name]) != _but_values(now[name]) for name in was):
            raise Refused("only_values")
        for name in now:
            if was[name] == now[name]:
                continue
            parameter = self.one(name)
            if parameter is None:
                raise Refused("no_parameter", id=name[:64])
            self._refuse_changes(parameter, _values(live, name), _values(text, name))

    def _refuse_changes(
        self, parameter: Parameter, was: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
    ) -> None:  # fmt: skip
        for each in now:
            if each not in was:
                self._refuse_value(parameter, each)
        for each in was:
            if each not in now:
                self._refuse_day(parameter.limit, each["since"])

    # ---- what they have in common

    def _places(self) -> dict[str, str]:
        """In which file each parameter stands."""
        base = self.desk.platform.base
        return {limit: name for name, path in self.files().items() for limit in parsed(base[path])}

    def _readers(self) -> dict[str, frozenset[str]]:
        """What each policy stands on, the policies in order."""
        policies = self.desk.platform.program.definitions.policies
        return {each.id: self._reads(each) for each in policies if "@" not in each.id}

    def _parameter(self, limit: LimitDef, file: str, readers: Mapping[str, frozenset[str]]) -> Parameter:
        raws = {each["since"]: each for each in _values(self.desk.platform.base[self.files()[file]], limit.name)}
        times = self._times(limit, [step.since for step in limit.steps])
        figures = tuple(Figure(step, raws.get(step.since, {}), times[step.since]) for step in limit.steps)
        return Parameter(limit, file, figures, tuple(each for each, reads in readers.items() if limit.name in reads))

    def _times(self, limit: LimitDef, days: Sequence[date]) -> dict[date, Time]:
        today = self._today(limit)
        now = max((each for each in days if each <= today), default=None)
        return {each: "now" if each == now else "past" if each <= today else "coming" for each in days}

    def _today(self, limit: LimitDef) -> date:
        zone = self.desk.platform.program.definitions.packs[limit.pack].zone
        return day_of(self.desk.platform.now_us(), zone)

    def _concerned(self, sheet: FigureSheet) -> Iterator[str]:
        names = set(sheet.changed())
        for each in self.desk.platform.program.definitions.policies:
            if names & self._reads(each):
                yield each.id

    def _reads(self, policy: PolicyDef) -> frozenset[str]:
        """The parameters that a policy stands on, directly or through what it reads."""
        event = self.desk.platform.program.events.get(policy.on)
        return frozenset() if event is None else _reads(event, policy)


def _reads(event: EventProgram, policy: PolicyDef) -> frozenset[str]:
    inputs: set[str] = set()
    for when in (*(each.when for each in policy.rules), *(each.when for each in policy.exemptions)):
        inputs |= when.inputs
        for name in when.inputs & event.roots.keys():
            inputs |= event.roots[name]
    return frozenset(
        name.removeprefix("limit('").removesuffix("')") for name in inputs if name.startswith("limit('")
    )  # fmt: skip


def _values(text: str, name: str) -> list[Mapping[str, Any]]:
    """The dated values of a parameter; those without a day can't be spoken of here. Raises Refused."""
    try:
        values = values_of(text, name)
    except NotEditable as error:
        raise Refused("not_editable", what=str(error)) from None
    if not all(type(each.get("since")) is date for each in values):
        raise Refused("not_editable", what=f"{name}: a value without a day")
    return values


def _with_values(text: str, name: str, wanted: Sequence[Mapping[str, Any]]) -> str:
    try:
        return with_values(text, name, wanted)
    except NotEditable as error:
        raise Refused("not_editable", what=str(error)) from None


def _but_values(table: object) -> object:
    return {key: each for key, each in table.items() if key != "value"} if isinstance(table, Mapping) else table


def _step(raw: Mapping[str, Any], limit: LimitDef) -> LimitStep:
    """A value of a file as it loads; one that does not is shown as unset."""
    basis = raw.get("basis", "")
    words = (
        packs.Words.alike(basis) if isinstance(basis, str) else packs.Words(basis.get("zh", ""), basis.get("en", ""))
    )
    try:
        value: Any = None if raw.get("is") == "placeholder" else read_value(raw.get("is"), limit.type)
    except ValueError:
        value = None
    return LimitStep(raw["since"], value, words, raw.get("mark"))


def _since_ever(limit: LimitDef) -> LimitDef:
    return replace(limit, steps=(replace(limit.steps[-1], since=limit.steps[0].since),))


def _check(files: Mapping[str, str], concerned: frozenset[str]) -> Checked:
    try:
        program = build(packs.load(files))
    except Problems as error:
        return Checked(error.problems, None)
    policies = [each for each in program.definitions.policies if each.id in concerned]
    return Checked(tuple(each for policy in policies for each in check_policy(program.definitions, policy)), program)


def read_figure(text: str, kind: Kind) -> Any:
    """What somebody typed, as a parameters' file has it: whole numbers and ratios as numbers, all else as text.

    >>> read_figure("12", Kind.INT), read_figure("0.02", Kind.RATIO), read_figure("2%", Kind.RATIO)
    (12, 0.02, '2%')
    >>> read_figure(" 500.00 ", Kind.MONEY), read_figure("many", Kind.INT)
    ('500.00', 'many')
    """
    text = text.strip()
    try:
        if kind is Kind.INT:
            return int(text)
        return float(text) if kind is Kind.RATIO and not text.endswith("%") else text
    except ValueError:
        return text
