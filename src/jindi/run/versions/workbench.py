"""Where authors write rules: a draft on the text of what decides, the rule in it, what is wrong with it, what it does.

Nothing here decides anything. What comes of a draft goes the desk's one road: a shadow, a proposal, an approval.
"""

import asyncio
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jindi import packs
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import MINUTE_US
from jindi.basics.problems import Problem, Problems
from jindi.engine import CaseRun, Program, build, check_policy, run_cases
from jindi.language import Expression, ExpressionProblems, Scope, read
from jindi.packs import (
    DECIDING,
    NotEditable,
    PolicyDef,
    PolicyFile,
    digest_of,
    policy_files,
    rebased,
    rules_of,
    scope_for,
    with_new_rule,
    with_rule,
    without_rule,
)
from jindi.run.versions.desk import Declined, Desk, Review
from jindi.run.versions.drafts import Draft, Drafts

STAFF = "staff"
"""The pack that watches staff: what it would find is for few eyes."""

_KEPT_CHECKS = 8
REVIEWED_US = 5 * MINUTE_US
"""(design default) How long an author sees what recent events said of his draft; who approves sees it anew."""

Rule = Mapping[str, Any]


class Refused(Exception):  # noqa: N818 - what a person is told
    """A draft can't be changed so; `code` names why, and nothing was kept."""

    def __init__(self, code: str, **values: str) -> None:
        self.code, self.values = code, values
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule on the workbench: as it is in the draft (None: it is removed there), and as it decides (None: new)."""

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
        return tomllib.loads(self.text) != tomllib.loads(self.live)

    def rules(self) -> list[RuleLine]:
        """All rules, in the order of the draft, removed ones last."""
        live = {str(each.get("id", "")): each for each in rules_of(self.live)}
        now = {str(each.get("id", "")): each for each in rules_of(self.text)}
        return [
            *(RuleLine(name, each, live.get(name)) for name, each in now.items()),
            *(RuleLine(name, None, each) for name, each in live.items() if name not in now),
        ]

    def rule(self, name: str) -> RuleLine | None:
        """One rule."""
        return next((each for each in self.rules() if each.id == name), None)


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


class Workbench:
    """Drafts over one platform's desk."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self.desk, self._drafts = desk, drafts
        self._checks: dict[str, Check] = {}
        self._reviews: dict[str, tuple[int, Review]] = {}

    # ---- looking

    def policies(self) -> list[PolicyFile]:
        """The policies that can be worked on: those that lie in the packs' own folders."""
        return [each for each in policy_files(self.desk.platform.base) if not each.aside]

    def sheet(self, owner: str, policy: str) -> Sheet | None:
        """A policy with its author's draft on it; None when there is no such policy."""
        found = next((each for each in self.policies() if each.id == policy), None)
        if found is None:
            return None
        base = self.desk.platform.base
        return Sheet(found.id, found.on, found.path, base[found.path], self._drafts.of(owner, policy))

    def sheets(self, owner: str) -> list[Sheet]:
        """All drafts of an author, on what decides now."""
        found = (self.sheet(owner, each.policy) for each in self._drafts.all_of(owner))
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
        base = self.desk.platform.base
        return {path: text for path, text in base.items() if path.partition("/")[0] == pack} | {sheet.path: sheet.text}

    def digest(self, sheet: Sheet) -> str:
        """What the whole set would be called with the draft in it."""
        return digest_of({**self.desk.platform.base, sheet.path: sheet.text})

    def is_confidential(self, sheet: Sheet) -> bool:
        """Whether what the policy finds in the past is not for its authors."""
        return sheet.path.partition("/")[0] == STAFF

    async def check(self, sheet: Sheet) -> Check:
        """Load the whole set with the draft in it and run the policy's cases, beside the loop."""
        return await self._checked(sheet.policy, {**self.desk.platform.base, sheet.path: sheet.text})

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
            review = await self.desk.preview([sheet.policy], self.files(sheet))
        except (Declined, Problems):
            return None
        while len(self._reviews) >= _KEPT_CHECKS:
            del self._reviews[next(iter(self._reviews))]
        self._reviews[name] = now_us, review
        return review

    async def check_with(self, sheet: Sheet, rule: str | None, parts: Rule) -> tuple[Check, str]:
        """The same with other content of a rule, which nobody has saved; and the file's text then.

        Raises Refused when the file can't be changed so.
        """
        text = changed(sheet.text, rule, parts)
        return await self._checked(sheet.policy, {**self.desk.platform.base, sheet.path: text}), text

    async def _checked(self, policy: str, files: Mapping[str, str]) -> Check:
        name = f"{policy} {digest_of(files)}"
        if name not in self._checks:
            check = await asyncio.to_thread(_check, policy, files)
            while len(self._checks) >= _KEPT_CHECKS:
                del self._checks[next(iter(self._checks))]
            self._checks[name] = check
        return self._checks[name]

    # ---- writing

    async def save_rule(
        self, sheet: Sheet, owner: str, who: str, rule: str | None, parts: Rule, *, seen: int
    ) -> Sheet:  # fmt: skip
        """Keep a rule in the draft, in the place of `rule` or behind all. Raises Refused, Moved, OSError."""
        if _holds_number(parts):
            raise Refused("personal")
        name = parts.get("id")
        taken = isinstance(name, str) and name != rule and sheet.rule(name) is not None
        if taken and any(each.get("id") == name for each in rules_of(sheet.text)):
            raise Refused("taken", id=str(name)[:64])
        return await self._keep(sheet, owner, who, changed(sheet.text, rule, parts), seen=seen)

    async def remove_rule(self, sheet: Sheet, owner: str, who: str, rule: str, *, seen: int) -> Sheet:
        """Take a rule out of the draft. Raises Refused, Moved, OSError."""
        return await self._keep(sheet, owner, who, _edited(lambda: without_rule(sheet.text, rule)), seen=seen)

    async def restore_rule(self, sheet: Sheet, owner: str, who: str, rule: str, *, seen: int) -> Sheet:
        """Give a rule the content with which it decides. Raises Refused, Moved, OSError."""
        line = sheet.rule(rule)
        if line is None or not line.change:
            return sheet
        if line.live is None:
            return await self.remove_rule(sheet, owner, who, rule, seen=seen)
        live = line.live
        text = _edited(
            lambda: with_new_rule(sheet.text, live) if line.now is None else with_rule(sheet.text, rule, live)
        )  # fmt: skip
        return await self._keep(sheet, owner, who, text, seen=seen)

    async def take_over(self, sheet: Sheet, owner: str, who: str, *, seen: int) -> tuple[Sheet, tuple[str, ...]]:
        """The draft's changes on what decides now; and the rules that others changed, too. Raises Refused, Moved."""
        if sheet.draft is None:
            return sheet, ()
        draft = sheet.draft
        both: tuple[str, ...] = ()

        def made() -> str:
            nonlocal both
            text, both = rebased(draft.base, draft.text, sheet.live)
            return text

        return await self._keep(sheet, owner, who, _edited(made), seen=seen, base=sheet.live), both

    async def discard(self, owner: str, policy: str, *, seen: int | None = None) -> None:
        """Give the draft up. Raises Moved."""
        await self._drafts.drop(owner, policy, seen=seen)

    async def _keep(
        self, sheet: Sheet, owner: str, who: str, text: str, *, seen: int, base: str | None = None
    ) -> Sheet:  # fmt: skip
        base = base or (sheet.draft.base if sheet.draft is not None else sheet.live)
        now_us = self.desk.platform.now_us()
        draft = Draft(owner, who, sheet.policy, sheet.path, base, text, seen, now_us)
        return replace(sheet, draft=await self._drafts.save(draft, seen=seen))


def changed(text: str, rule: str | None, parts: Rule) -> str:
    """The file with a rule's other content, or with a new rule. Raises Refused."""
    return _edited(lambda: with_new_rule(text, parts) if rule is None else with_rule(text, rule, parts))


def _edited(make: Callable[[], str]) -> str:
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


def decides(state: str) -> bool:
    """Whether a policy of this state decides."""
    return state in DECIDING


def _holds_number(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_number(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(map(_holds_number, value))
    return isinstance(value, str) and holds_personal_number(value)
