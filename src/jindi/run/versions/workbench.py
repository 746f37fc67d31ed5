"""Where authors write policies: a draft on the text of what decides, a part of it, what is wrong with it, what it does.

Nothing here decides anything. What comes of a draft goes the desk's one road: a shadow, a proposal, an approval.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from jindi import packs
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import MINUTE_US
from jindi.basics.problems import Problem, Problems
from jindi.engine import CaseRun, OutcomeRun, Program, build, check_policy, run_cases, run_outcomes, scores_of
from jindi.language import Expression, ExpressionProblems, Scope, read
from jindi.packs import (
    DECIDING,
    Definitions,
    EventDef,
    NotEditable,
    PartKind,
    PolicyDef,
    PolicyFile,
    digest_of,
    named,
    parsed,
    parts_of,
    policy_files,
    policy_skeleton,
    rebased,
    scope_for,
    settings_of,
    with_moved_part,
    with_new_part,
    with_part,
    with_parts,
    with_settings,
    without_part,
)
from jindi.run.versions.desk import Declined, Desk, Review, is_needed
from jindi.run.versions.drafts import Draft, Drafts, Moved

STAFF = "staff"
"""The pack that watches staff: what it would find is for few eyes."""

_KEPT_CHECKS = 8
REVIEWED_US = 5 * MINUTE_US
"""(design default) How long an author sees what recent events said of his draft; who approves sees it anew."""

Named = Literal["rule", "exemption"]
Listed = Literal["band", "case"]
"""Parts with an id of their own are edited one by one; those without are edited together."""

TEXT_BYTES_MAX = 1_048_576
_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z", re.ASCII)
_LIMIT = re.compile(r"limit\('(.+)'\)\Z")
_MEMBER = re.compile(r".+ in list\('(.+)'\)\Z")

Rule = Mapping[str, Any]
_Made = TypeVar("_Made")


class Refused(Exception):  # noqa: N818 - what a person is told
    """A draft can't be changed so; `code` names why, and nothing was kept."""

    def __init__(self, code: str, **values: str) -> None:
        self.code, self.values = code, values
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule or an exemption on the workbench: as it is in the draft (None: it is removed there), and as it decides
    (None: new).
    """

    id: str
    now: Rule | None
    live: Rule | None

    @property
    def change(self) -> str:
        """What the draft does to it."""
        if self.now is None:
            return "removed"
        if self.live is None:
            return "added"
        return "" if self.now == self.live else "changed"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One policy on its author's table: the file that decides and the draft on it, if there is one."""

    policy: str
    on: str
    path: str
    live: str
    draft: Draft | None

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
        """Whether what decides has changed since the draft began."""
        return self.draft is not None and self.draft.base != self.live

    @property
    def is_changed(self) -> bool:
        """Whether the draft says anything else than what decides."""
        return self.removes or (self.text != self.live and dict(parsed(self.text)) != parsed(self.live))

    @property
    def removes(self) -> bool:
        """Whether the draft is to delete the policy."""
        return self.draft is not None and self.draft.removes

    @property
    def is_new(self) -> bool:
        """Whether nothing decides under this name yet."""
        return not self.live

    def rules(self) -> list[RuleLine]:
        """All rules, in the order of the draft, removed ones last."""
        return self.named("rule")

    def named(self, kind: Named) -> list[RuleLine]:
        """All rules or all exemptions, in the order of the draft, removed ones last."""
        live = {str(each.get("id", "")): each for each in parts_of(self.live, kind)}
        now = {str(each.get("id", "")): each for each in parts_of(self.text, kind)}
        return [
            *(RuleLine(name, each, live.get(name)) for name, each in now.items()),
            *(RuleLine(name, None, each) for name, each in live.items() if name not in now),
        ]

    def rule(self, name: str, kind: Named = "rule") -> RuleLine | None:
        """One rule or exemption."""
        return next((each for each in self.named(kind) if each.id == name), None)

    def listed(self, kind: Listed) -> list[Rule]:
        """The bands or the policy's own cases, as the draft has them."""
        return parts_of(self.text, kind)

    def listed_rules(self) -> list[Rule]:
        """The rules, as the draft has them."""
        return parts_of(self.text, "rule")

    def settings(self) -> dict[str, Any]:
        """What the draft says of the policy itself."""
        return settings_of(self.text)

    def changes(self) -> list[str]:
        """What the draft changes: rules and exemptions by their ids, else `bands`, `cases`, `settings`; `policy`: it
        deletes the whole of it.
        """
        if self.removes:
            return ["policy"]
        found = [line.id for kind in ("rule", "exemption") for line in self.named(kind) if line.change]
        if self.is_changed_in("band"):
            found.append("bands")
        if self.is_changed_in("case"):
            found.append("cases")
        return found if self.settings() == settings_of(self.live) else [*found, "settings"]

    def is_changed_in(self, kind: PartKind) -> bool:
        """Whether the draft has other parts of a kind than what decides, or has them in another order."""
        return parts_of(self.text, kind) != parts_of(self.live, kind)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What goes with a policy: what only it reads, which version then decides its event type (None: none does), and its
    shadow versions, which lie beside and stay. `review` is None while the packs don't load without it. Where it
    `is_needed` no policy would decide the event type any more, and it is not deleted.
    """

    definition: PolicyDef
    unread: tuple[tuple[str, tuple[str, ...]], ...]
    decider: PolicyDef | None
    shadows: tuple[str, ...]
    problems: tuple[Problem, ...]
    review: Review | None
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Check:
    """What the check of a draft found: all problems of the whole set at once, or the program that it makes."""

    problems: tuple[Problem, ...]
    program: Program | None

    def policy(self, name: str) -> PolicyDef | None:
        """A policy as it loads."""
        if self.program is None:
            return None
        return next((each for each in self.program.definitions.policies if each.id == name), None)

    def runs(self, policy: str, rule: str) -> tuple[CaseRun, ...]:
        """A rule's own cases, run."""
        found = self.policy(policy)
        if found is None or self.program is None:
            return ()
        try:
            return run_cases(self.program.definitions, found, rule)
        except Problems:
            return ()

    def outcomes(self, policy: str) -> tuple[OutcomeRun, ...]:
        """The policy's own cases, run."""
        found = self.policy(policy)
        if found is None or self.program is None:
            return ()
        try:
            return run_outcomes(self.program.definitions, found)
        except Problems:
            return ()


class Workbench:
    """Drafts over one platform's desk."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self.desk, self.drafts = desk, drafts
        self._checks: dict[str, Check] = {}
        self._reviews: dict[str, tuple[int, Review]] = {}
        self._scores: dict[str, tuple[int, tuple[int, ...]]] = {}

    # ---- looking

    def policies(self) -> list[PolicyFile]:
        """The policies that can be worked on: those that lie in the packs' own folders."""
        return [each for each in policy_files(self.desk.platform.base) if not each.aside]

    def sheet(self, owner: str, policy: str) -> Sheet | None:
        """A policy with its author's draft on it; None when there is no such policy."""
        found = next((each for each in self.policies() if each.id == policy), None)
        draft = self.drafts.of(owner, policy)
        if found is None:
            return self._new_sheet(draft) if draft is not None else None
        base = self.desk.platform.base
        return Sheet(found.id, found.on, found.path, base[found.path], draft)

    def _new_sheet(self, draft: Draft) -> Sheet | None:
        """A draft of a policy that is not there yet; None for one that was there, or speaks of no event type."""
        try:
            on = settings_of(draft.text).get("on")
        except NotEditable:
            return None
        if draft.base or not isinstance(on, str) or on not in self.desk.platform.program.definitions.events:
            return None
        return Sheet(draft.policy, on, draft.path, "", draft)

    def sheets(self, owner: str) -> list[Sheet]:
        """All drafts of an author, on what decides now."""
        found = (self.sheet(owner, each.policy) for each in self.drafts.all_of(owner))
        return [each for each in found if each is not None]

    def scope(self, on: str) -> Scope:
        """What a condition on an event type may speak of, by the definitions in force. Raises KeyError."""
        return scope_for(self.desk.platform.program.definitions, on)

    def read(self, text: str, on: str) -> Expression:
        """A condition, read. Raises ExpressionProblems, also for what is not true or false, and KeyError."""
        expression = read(text, self.scope(on))
        if str(expression.type) != "bool":
            what = f"it must be bool, not {expression.type}"
            raise ExpressionProblems((f"{what} (compare something, or ask missing(x))",))
        return expression

    def files(self, sheet: Sheet) -> dict[str, str]:
        """The policy's whole pack with the draft in it, as the desk takes it."""
        pack = sheet.path.partition("/")[0]
        return {path: text for path, text in self._with(sheet).items() if path.partition("/")[0] == pack}

    def removed(self, sheet: Sheet) -> tuple[str, ...]:
        """The policies that the draft deletes: its own, or none."""
        return (sheet.policy,) if sheet.removes else ()

    def _with(self, sheet: Sheet) -> dict[str, str]:
        """The whole set of files with the draft in it."""
        base = self.desk.platform.base
        if sheet.removes:
            return {path: text for path, text in base.items() if path != sheet.path}
        return {**base, sheet.path: sheet.text}

    def digest(self, sheet: Sheet) -> str:
        """What the whole set would be called with the draft in it."""
        return digest_of(self._with(sheet))

    async def leaving(self, sheet: Sheet) -> Leaving | None:
        """What would go with the policy; None where nothing is there to go, or the file does not load."""
        definitions = self.desk.platform.program.definitions
        policy = next((each for each in definitions.policies if each.id == sheet.policy), None)
        if policy is None or sheet.is_new:
            return None
        gone = as_removed(sheet)
        check = await self.check(gone)
        rest = [each for each in definitions.policies if each.id != policy.id]
        only = _read_by(definitions, policy) - frozenset().union(*(_read_by(definitions, each) for each in rest))
        unread = (
            ("feature", tuple(sorted(only & {*definitions.features, *definitions.derived}))),
            ("model", tuple(sorted(only & set(definitions.models)))),
            ("limit", tuple(sorted(match[1] for name in only if (match := _LIMIT.match(name))))),
            ("list", tuple(sorted(match[1] for name in only if (match := _MEMBER.match(name))))),
        )  # fmt: skip
        decider = definitions.live_policy(policy.on)
        return Leaving(
            policy, tuple(each for each in unread if each[1]),
            None if decider is None or decider.id == policy.id else decider,
            tuple(each.version for each in rest if each.id.partition("@")[0] == policy.id),
            check.problems, await self.review(gone) if not check.problems else None,
            is_needed(definitions, policy.id),
        )  # fmt: skip

    def open_events(self) -> list[tuple[EventDef, bool]]:
        """The event types that a new policy may be for, each with whether it is decided already: then a new one only
        watches. Those of a decision's life are no matter for policies.
        """
        definitions = self.desk.platform.program.definitions
        return [
            (event, definitions.live_policy(event.name) is not None)
            for event in definitions.events.values()
            if event.lifecycle is None
        ]

    async def scores(self, sheet: Sheet) -> tuple[int, ...]:
        """The scores that the draft gives to the newest events, some minutes ago at most; none when it can't be said,
        or is not for its authors.
        """
        if self.is_confidential(sheet):
            return ()
        now_us = self.desk.platform.now_us()
        # With its name: whatever has no draft makes the same set, and each policy scores its own events.
        name = f"{self.desk.platform.program.digest} {self.digest(sheet)} {sheet.policy}"
        found = self._scores.get(name)
        if found is not None and now_us - found[0] < REVIEWED_US:
            return found[1]
        check = await self.check(sheet)
        event = check.program.events.get(sheet.on) if check.program is not None else None
        if check.program is None or event is None:
            return ()
        recent = (await self.desk.platform.recent_facts(check.program)).get(sheet.on, [])
        scores = await asyncio.to_thread(scores_of, event, sheet.policy, recent) or ()
        while len(self._scores) >= _KEPT_CHECKS:
            del self._scores[next(iter(self._scores))]
        self._scores[name] = now_us, scores
        return scores

    def is_confidential(self, sheet: Sheet) -> bool:
        """Whether what the policy finds in the past is not for its authors."""
        return sheet.path.partition("/")[0] == STAFF

    async def check(self, sheet: Sheet) -> Check:
        """Load the whole set with the draft in it and run the policy's cases, beside the loop."""
        return await self._checked(sheet.policy, self._with(sheet), removes=sheet.removes)

    async def review(self, sheet: Sheet) -> Review | None:
        """What the draft would put in force, held against recent events some minutes ago at most; None when it can't
        be said.
        """
        now_us, name = self.desk.platform.now_us(), f"{self.desk.platform.program.digest} {self.digest(sheet)}"
        found = self._reviews.get(name)
        if found is not None and now_us - found[0] < REVIEWED_US:
            return found[1]
        check = await self.check(sheet)
        if check.program is not None and not check.problems:
            # Only this policy is another, and its cases hold: so do all.
            self.desk.learn(check.program)
        try:
            review = await self.desk.preview([sheet.policy], self.files(sheet), self.removed(sheet))
        except (Declined, Problems):
            return None
        while len(self._reviews) >= _KEPT_CHECKS:
            del self._reviews[next(iter(self._reviews))]
        self._reviews[name] = now_us, review
        return review

    async def check_with(
        self, sheet: Sheet, rule: str | None, parts: Rule, kind: Named = "rule"
    ) -> tuple[Check, str]:  # fmt: skip
        """The same with other content of a rule or an exemption, which nobody has saved; and the file's text then.

        Raises Refused when the file can't be changed so.
        """
        text = changed(sheet.text, rule, parts, kind)
        return await self.check_text(sheet, text), text

    async def check_text(self, sheet: Sheet, text: str) -> Check:
        """The same with another text of the file."""
        return await self._checked(sheet.policy, {**self.desk.platform.base, sheet.path: text})

    async def _checked(self, policy: str, files: Mapping[str, str], *, removes: bool = False) -> Check:
        name = f"{policy} {digest_of(files)}"
        if name not in self._checks:
            check = await asyncio.to_thread(_check_without if removes else _check, policy, files)
            while len(self._checks) >= _KEPT_CHECKS:
                del self._checks[next(iter(self._checks))]
            self._checks[name] = check
        return self._checks[name]

    # ---- writing

    async def save_rule(
        self, sheet: Sheet, owner: str, who: str, rule: str | None, parts: Rule, *, seen: int, kind: Named = "rule"
    ) -> Sheet:  # fmt: skip
        """Keep a rule or an exemption in the draft, in the place of `rule` or behind all of its kind.

        Raises Refused, Moved, OSError.
        """
        name = parts.get("id")
        ids = {each.get("id") for known in ("rule", "exemption") for each in parts_of(sheet.text, known)}
        if isinstance(name, str) and name != rule and name in ids:
            raise Refused("taken", id=name[:64])
        return await self._keep(sheet, owner, who, changed(sheet.text, rule, parts, kind), seen=seen)

    async def remove_rule(
        self, sheet: Sheet, owner: str, who: str, rule: str, *, seen: int, kind: Named = "rule"
    ) -> Sheet:  # fmt: skip
        """Take a rule or an exemption out of the draft. Raises Refused, Moved, OSError."""
        text = _edited(lambda: without_part(sheet.text, kind, named(sheet.text, kind, rule)))
        return await self._keep(sheet, owner, who, text, seen=seen)

    async def move_rule(
        self, sheet: Sheet, owner: str, who: str, rule: str, by: int, *, seen: int, kind: Named = "rule"
    ) -> Sheet:  # fmt: skip
        """Put a rule or an exemption before (-1) or behind (1) its neighbour. Raises Refused, Moved, OSError."""

        def made() -> str:
            place = named(sheet.text, kind, rule)
            return with_moved_part(sheet.text, kind, place, max(0, place + by))

        return await self._keep(sheet, owner, who, _edited(made), seen=seen)

    async def restore_rule(
        self, sheet: Sheet, owner: str, who: str, rule: str, *, seen: int, kind: Named = "rule"
    ) -> Sheet:  # fmt: skip
        """Give a rule or an exemption the content with which it decides. Raises Refused, Moved, OSError."""
        line = sheet.rule(rule, kind)
        if line is None or not line.change:
            return sheet
        if line.live is None:
            return await self.remove_rule(sheet, owner, who, rule, seen=seen, kind=kind)
        text = changed(sheet.text, None if line.now is None else rule, line.live, kind)
        return await self._keep(sheet, owner, who, text, seen=seen)

    async def save_list(
        self, sheet: Sheet, owner: str, who: str, kind: Listed, wanted: Sequence[Rule], *, seen: int
    ) -> Sheet:  # fmt: skip
        """Keep the policy's bands, or its own cases, in the draft. Raises Refused, Moved, OSError."""
        return await self._keep(sheet, owner, who, with_list(sheet.text, kind, wanted), seen=seen)

    async def save_settings(self, sheet: Sheet, owner: str, who: str, wanted: Rule, *, seen: int) -> Sheet:
        """Keep what the policy says of itself in the draft. Raises Refused, Moved, OSError."""
        return await self._keep(sheet, owner, who, with_other_settings(sheet.text, wanted), seen=seen)

    async def save_text(self, sheet: Sheet, owner: str, who: str, text: str, *, seen: int) -> Sheet:
        """Keep a whole file in the draft. Raises Refused, Moved, OSError."""
        self._refuse_file(sheet.policy, sheet.on, text)
        return await self._keep(sheet, owner, who, text, seen=seen)

    async def create(self, owner: str, who: str, on: str, policy: str, zh: str, en: str) -> Sheet:
        """Begin a policy that is not there yet, with a first rule that adds a point and a case: it loads, and allows.

        Where the event type is decided already, it is a shadow. Raises Refused, Moved, OSError.
        """
        event, path = self._place_of_new(owner, on, policy)
        definitions = self.desk.platform.program.definitions
        state = "live" if definitions.live_policy(on) is None else "shadow"
        zone = definitions.packs[event.pack].zone
        night = datetime(2026, 11, 20, 3, tzinfo=zone)
        text = _edited(lambda: policy_skeleton(policy, on, state, zh, en, night))
        return await self._keep(Sheet(policy, on, path, "", None), owner, who, text, seen=0)

    async def create_from(self, owner: str, who: str, policy: str, text: str) -> Sheet:
        """Begin a policy that is not there yet from a whole file. Raises Refused, Moved, OSError."""
        on = _edited(lambda: str(settings_of(text).get("on", "")))
        _, path = self._place_of_new(owner, on, policy)
        self._refuse_file(policy, on, text)
        return await self._keep(Sheet(policy, on, path, "", None), owner, who, text, seen=0)

    def _place_of_new(self, owner: str, on: str, policy: str) -> tuple[EventDef, str]:
        """The event type of a new policy, and where its file will lie. Raises Refused."""
        event = next((each for each, _ in self.open_events() if each.name == on), None)
        if event is None:
            raise Refused("no_event", on=on[:64])
        if not _ID.match(policy):
            raise Refused("no_id", id=policy[:64])
        paths = {f"{event.pack}/policies/{policy.replace('-', '_')}.toml", f"{event.pack}/policies/{policy}.toml"}
        if any(each.id == policy for each in policy_files(self.desk.platform.base)) or self.sheet(owner, policy):
            raise Refused("policy_taken", id=policy)
        free = sorted(paths - set(self.desk.platform.base), reverse=True)
        if not free:
            raise Refused("policy_taken", id=policy)
        return event, free[0]

    def _refuse_file(self, policy: str, on: str, text: str) -> None:
        """A draft stays of its policy and its event type."""
        if len(text.encode()) > TEXT_BYTES_MAX:
            raise Refused("too_long")
        said = _edited(lambda: settings_of(text))
        if said.get("id") != policy or said.get("on") != on:
            raise Refused("other_policy", id=policy, on=on)

    async def remove_policy(self, sheet: Sheet, owner: str, who: str, *, seen: int) -> Sheet:
        """Make the draft one that deletes the policy; what else it said is given up. Raises Refused, Moved, OSError.

        A policy without which nothing decides its event type is not deleted: every such event would be allowed.
        """
        if sheet.is_new:
            raise Refused("not_there", id=sheet.policy)
        if is_needed(self.desk.platform.program.definitions, sheet.policy):
            raise Refused("undecided", id=sheet.policy, on=sheet.on)
        return await self._keep(sheet, owner, who, sheet.live, seen=seen, base=sheet.live, removes=True)

    async def take_over(self, sheet: Sheet, owner: str, who: str, *, seen: int) -> tuple[Sheet, tuple[str, ...]]:
        """The draft's changes on what decides now; and the rules that others changed, too. Raises Refused, Moved."""
        if sheet.draft is None:
            return sheet, ()
        if sheet.removes:
            return await self.remove_policy(sheet, owner, who, seen=seen), ()
        draft = sheet.draft
        both: tuple[str, ...] = ()

        def made() -> str:
            nonlocal both
            text, both = rebased(draft.base, draft.text, sheet.live)
            return text

        return await self._keep(sheet, owner, who, _edited(made), seen=seen, base=sheet.live), both

    async def discard(self, owner: str, policy: str, *, seen: int | None = None) -> None:
        """Give the draft up. Raises Moved."""
        await self.drafts.drop(owner, policy, seen=seen)

    def refuse_proposal(self, sheet: Sheet, seen: int) -> None:
        """Raises Declined or Moved when the draft can't be proposed as it was seen."""
        if sheet.is_behind:
            raise Declined("behind")
        if sheet.version != seen:
            raise Moved(sheet.draft)

    async def _keep(
        self, sheet: Sheet, owner: str, who: str, text: str, *, seen: int, base: str | None = None,
        removes: bool = False,
    ) -> Sheet:  # fmt: skip
        if sheet.removes and not removes:
            raise Refused("removes", id=sheet.policy)
        refuse_numbers(text, sheet.live)
        if base is None:
            base = sheet.draft.base if sheet.draft is not None else sheet.live
        now_us = self.desk.platform.now_us()
        draft = Draft(owner, who, sheet.policy, sheet.path, base, text, seen, now_us, (), removes)
        return replace(sheet, draft=await self.drafts.save(draft, seen=seen))


def changed(text: str, rule: str | None, parts: Rule, kind: Named = "rule") -> str:
    """The file with other content of a rule or an exemption, or with a new one. Raises Refused."""

    def made() -> str:
        if rule is None:
            return with_new_part(text, kind, parts)
        return with_part(text, kind, named(text, kind, rule), parts)

    return _edited(made)


def with_list(text: str, kind: Listed, wanted: Sequence[Rule]) -> str:
    """The file with other bands or cases. Raises Refused."""
    return _edited(lambda: with_parts(text, kind, wanted))


def with_other_settings(text: str, wanted: Rule) -> str:
    """The file with other settings. Raises Refused."""
    return _edited(lambda: with_settings(text, wanted))


def _edited(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except NotEditable as error:
        raise Refused("not_editable", what=str(error)) from None


def _check(policy: str, files: Mapping[str, str]) -> Check:
    try:
        program = build(packs.load(files))
    except Problems as error:
        return Check(error.problems, None)
    found = next((each for each in program.definitions.policies if each.id == policy), None)
    if found is None:
        return Check((Problem(policy, "", "the policy is gone", "give it its id again"),), program)
    return Check(tuple(check_policy(program.definitions, found)), program)


def _check_without(policy: str, files: Mapping[str, str]) -> Check:
    """What is wrong with a set of files from which a policy is gone."""
    try:
        program = build(packs.load(files))
    except Problems as error:
        return Check(error.problems, None)
    assert all(each.id != policy for each in program.definitions.policies), "its file is gone"
    return Check((), program)


def as_removed(sheet: Sheet) -> Sheet:
    """The policy as it would stand with a draft that deletes it."""
    if sheet.removes:
        return sheet
    draft = Draft("", "", sheet.policy, sheet.path, sheet.live, sheet.live, 0, 0, (), removes=True)
    return replace(sheet, draft=draft)


def _read_by(definitions: Definitions, policy: PolicyDef) -> frozenset[str]:
    """All that a policy's conditions read, as they write it, directly or through a derived feature or a model."""
    conditions = [*(each.when for each in policy.rules), *(each.when for each in policy.exemptions)]
    waiting, found = {*policy.keeps, *(name for when in conditions for name in when.inputs)}, set[str]()
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in definitions.derived:
            waiting |= definitions.derived[name].expression.inputs - found
        elif name in definitions.models:
            waiting |= {each.name for each in definitions.models[name].inputs} - found
    return frozenset(found)


def decides(state: str) -> bool:
    """Whether a policy of this state decides."""
    return state in DECIDING


def refuse_numbers(text: str, live: str) -> None:
    """Raises Refused when somebody's number stands in a file and not in what decides."""
    new = set(_texts(_edited(lambda: parsed(text)))) - set(_texts(parsed(live)))
    if any(map(holds_personal_number, new)):
        raise Refused("personal")


def _texts(value: Any) -> Iterator[str]:
    """All texts of a TOML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
