"""Where people change what decides: shadow versions, proposals, approvals, roll-backs.

Who may write and who may approve is asked at the doors; that nobody approves what he proposed himself is asked here.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from jindi.access import folded, name_mark
from jindi.basics.problems import Problem, Problems
from jindi.engine import Finding, Program, build, check_policy
from jindi.packs import DECIDING, Definitions, PolicyDef, PolicyFile, canonical_files, digest_of, policy_files
from jindi.run.platform import NotNow, Platform, Saving
from jindi.run.records import (
    STEP,
    DefinitionsRecord,
    Patch,
    StepRecord,
    Verb,
    base_of,
    pack_patch,
    patch_of,
    patched,
    source_of,
    step_id,
)
from jindi.run.records import step_seq as seq_of
from jindi.run.versions.comparing import Difference, compare, compare_policies, unified
from jindi.run.versions.ledger import Proposal, Version
from jindi.run.versions.overlay import Aside, compiled, difference, extends, is_aside, laid

WHY_LENGTH_MAX = 500
OWN_KEY, OPERATOR = "start", "operator"
"""The keys that a start prints, and the person whom its sign-in link lets in: one and the same."""

CARRIER = "jindi"
"""Who carries proposals over: no person."""

_KEPT_PROGRAMS = 4

_DECLINED: Mapping[str, tuple[str, str]] = {
    "files_mode": (
        '平台以“文件”方式运行，且无法写入行业包文件夹：保存即生效；须设 changes = "approved" 方可提案、批准与回退',
        'saved files are in force at once here; set changes = "approved" to propose, approve and roll back',
    ),
    "moved": (
        "行业包文件夹里的文件已不是生效的内容（有人改过，或改动未被采用）；请先处理这些文件，再批准或回退",
        "the files in the packs' folder are not what is in force (edited, or not taken); settle that first",
    ),
    "behind": (
        "草稿开始之后，生效内容已有变化；请先并入草稿",
        "what decides has changed since the draft began; take that over first",
    ),
    "undecided": (
        "该类事件只由策略 {policy} 决策，删除后将一律放行；请先把其状态改为影子或草稿，或改写此策略",
        "only {policy} decides its events; without it all are allowed. Set it to shadow or draft first, or rewrite it",
    ),
    "not_there": ("没有策略 {policy}，无需删除", "there is no policy {policy} to delete"),
    "no_draft": ("草稿中没有策略 {policy}", "the drafts have no policy {policy}"),
    "already_live": ("版本 {version} 已生效", "{version} is live already"),
    "already_shadow": ("版本 {version} 已在影子运行", "{version} is a shadow already"),
    "no_shadow": ("没有影子版本 {version}", "there is no shadow version {version}"),
    "in_files": (
        "影子版本 {version} 在行业包文件中，请在文件中移除",
        "the shadow version {version} lies in the packs' own files; remove it there",
    ),
    "changes_base": (
        "影子版本所需的文件会改动正在决策的定义：{names}；请先将其提案",
        "what the shadow version needs would change what decides: {names}; propose that first",
    ),
    "nothing": ("草稿与生效内容没有差别", "the drafts are what is in force"),
    "already_proposed": ("同样的内容已在提案 {id} 中", "{id} proposes the same content already"),
    "not_open": ("提案 {id} 已结束：{state}", "{id} is not open any more: {state}"),
    "own_proposal": (
        "提案人不能批准自己的提案：须由另一把密钥（另一人）批准",
        "nobody approves a proposal of his own: another person's key must",
    ),
    "not_yours": (
        "只有提案人可以撤回，只有批准人可以驳回",
        "only its author may withdraw it, only an approver reject it",
    ),
    "other_digest": ("提案的内容摘要与所给的不符", "the proposal's digest is not the one that was given"),
    "carried": (
        "提案 {id} 已顺延到新的生效内容之上，其内容摘要已改变：请看过之后带上摘要再批准",
        "{id} was carried over to what came in force meanwhile, so its digest is another: look, and name it",
    ),
    "edited": (
        "提案之后草稿已被修改，提案失效，请重新提案",
        "the draft has been edited since it was proposed; propose it again",
    ),
    "not_ended": (
        "提案 {id} 仍待批准，或已生效：只有未获采用而结束的提案可以重新起草",
        "{id} waits, or came in force: only a proposal that ended otherwise can be taken up again",
    ),
    "not_author": ("只有提案人可以重新起草自己的提案", "only its author may take a proposal up again"),
    "has_draft": (
        "您已有 {policy} 的草稿：请先提案或放弃该草稿，再重新起草",
        "you have a draft of {policy} already: propose it or give it up first",
    ),
    "nothing_to_take_up": (
        "提案所改的文件都无法在工作台上起草，请改文件后重新提案：{files}",
        "none of its files can be a draft on the workbench; change the files and propose them: {files}",
    ),
    "nowhere": ("没有更早的版本可回退", "there is no earlier version to go back to"),
    "why": ("请说明理由（不超过 500 字）", "say why, in at most 500 characters"),
}  # fmt: skip


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand; nothing was changed. `zh` and `en` say why."""

    def __init__(self, code: str, **values: str) -> None:
        zh, en = _DECLINED[code]
        self.code, self.zh, self.en = code, zh.format(**values), en.format(**values)
        super().__init__(self.en)


@dataclass(frozen=True, slots=True)
class Person:
    """Who takes a step: an API key's id and name, or a session's person with an empty key.

    Two keys of one name are one person. `marks` are all by which he is known (`Principal.marks`).
    """

    key: str
    name: str
    marks: frozenset[str] = frozenset()

    def did(self, step: StepRecord) -> bool:
        """Whether a step was this person's."""
        if (self.key and self.key == step.key) or folded(self.name) == folded(step.name):
            return True
        return step.key in self.marks - {""} or name_mark(step.name) in self.marks


@dataclass(frozen=True, slots=True)
class Review:
    """What would come in force: digests before and after, all differences, the texts' diff, how many cases hold, and
    what speaks against it. `problems` is not empty when it can't come in force at all. `undecided` are the event types
    that a policy decides now and none would decide then: their events would all be allowed.
    """

    base: str
    digest: str
    differences: tuple[Difference, ...]
    text: str
    cases: int
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """A version and what can be said of it: its policy (None when its text is not at hand), the live policy it is held
    against (None when it is that itself, or there is none), the differences, its cases, what guards say, and cases
    that fail.
    """

    version: Version
    policy: PolicyDef | None
    live: PolicyDef | None
    differences: tuple[Difference, ...]
    cases: int
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


Keep = Callable[[Patch], None]
"""Writes changed pack files into the packs' folders, all or none; raises Problems when that can't be done."""


class Desk:
    """All that people can do with versions of a running platform. `saved` reads the packs' folders, `keep` writes into
    them what comes in force where saved files are what is in force; without it, nothing does.
    """

    def __init__(
        self, platform: Platform, saved: Callable[[], Mapping[str, str]], keep: Keep | None = None
    ) -> None:  # fmt: skip
        self.platform, self._saved, self._keep = platform, saved, keep
        self._programs: dict[str, Program] = {}

    @property
    def is_approved_mode(self) -> bool:
        """Whether it takes an approval to change what decides."""
        return self.platform.settings.changes == "approved"

    @property
    def takes_proposals(self) -> bool:
        """Whether what is proposed here can come in force: by the journal alone, or written into the packs' folders."""
        return self.is_approved_mode or self._keep is not None

    @property
    def is_alone(self) -> bool:
        """Whether one person may approve his own: where whoever saves a file changes what decides anyway, and four eyes
        are off, as every page says.
        """
        return not self.is_approved_mode and not self.platform.settings.four_eyes

    # ---- looking

    def versions(self) -> list[Version]:
        """All versions: in force, proposed, watched, saved, retired."""
        return self.platform.ledger.versions(self.platform.now_us(), self._readable_drafts())

    def proposals(self) -> list[Proposal]:
        """All proposals, the newest first."""
        return self.platform.ledger.proposals(self.platform.now_us())

    def proposal(self, identifier: str) -> Proposal:
        """One proposal. Raises LookupError."""
        try:
            seq = seq_of(identifier)
        except ValueError as error:
            raise LookupError(str(error)) from None
        found = self.platform.ledger.proposal(seq, self.platform.now_us())
        if found is None:
            raise LookupError(f"there is no proposal {identifier}")
        return found

    def is_edited(self, proposal: Proposal) -> bool:
        """Whether the files that were proposed lie otherwise in the packs' folders by now."""
        if not proposal.step.record.saved:
            return False
        drafts = self._readable_drafts()
        patch = self._patch(proposal.seq)
        return any(drafts.get(path) != text for path, text in patch.items())

    async def review(self, proposal: Proposal) -> Review:
        """What a proposal would put in force, against what it was proposed for."""
        base = self.files_of(proposal.base) or dict(self.platform.base)
        return await self._review(base, patched(base, self._patch(proposal.seq)))

    async def preview(
        self, policies: Collection[str] = (), files: Mapping[str, str] | None = None, removed: Collection[str] = ()
    ) -> Review:  # fmt: skip
        """What the drafts would put in force, without the policies that are `removed`. Raises Declined or Problems."""
        new, _ = self._wanted(files)
        base = self.platform.base
        return await self._review(base, patched(base, self._patch_for(new, policies, removed)))

    def target(self, policies: Collection[str], files: Mapping[str, str]) -> dict[str, str]:
        """The whole set of pack files with the given policies' files in it. Raises Declined."""
        new, _ = self._wanted(files)
        return patched(self.platform.base, self._patch_for(new, policies))

    def proposed(self, proposal: Proposal) -> dict[str, str] | None:
        """The whole set of pack files that a proposal would put in force; None when its base is not at hand."""
        base = self.files_of(proposal.base)
        return None if base is None else patched(base, self._patch(proposal.seq))

    async def inspect(self, name: str) -> "Inspection | None":
        """One version looked at closely, against the live one of its event type; None when it is not known.

        Raises Problems when its definitions don't load any more.
        """
        version = next((each for each in self.versions() if each.name == name), None)
        if version is None:
            return None
        program = await self._program_with(name)
        if program is None:
            return Inspection(version, None, None, (), 0, (), ())
        policy = next(each for each in program.definitions.policies if each.version == name)
        live = self.platform.program.definitions.live_policy(policy.on)
        told, alone = await asyncio.to_thread(_inspected, version, program, policy, live)
        found = tuple(each for each in await self.platform.findings(alone) if each.policy == version.id)
        return replace(told, findings=found)

    async def _program_with(self, name: str) -> Program | None:
        """A program in which a version stands: in force, proposed, saved, or once in force."""

        def stands(program: Program) -> bool:
            return any(each.version == name for each in program.definitions.policies)

        if stands(self.platform.program):
            return self.platform.program
        for proposal in self.proposals():
            if any(each.version == name for each in proposal.step.policies):
                base = self.files_of(proposal.base)
                if base is not None:
                    return await self._compiled(patched(base, self._patch(proposal.seq)))
        for taken in reversed(self.platform.ledger.taken):
            if any(each.version == name for each in taken.policies):
                return await self._program_of(taken.seq)
        program = await self._compiled(self._readable_drafts())
        return program if stands(program) else None

    async def _program_of(self, seq: int) -> Program:
        """The program of a definitions record, compiled beside the loop if it is not at hand."""
        archive = self.platform.archive
        program = archive.known(seq)
        if program is None:
            record = archive.record(seq)
            assert isinstance(record, DefinitionsRecord), "the ledger says so"
            program = await asyncio.to_thread(compiled, source_of(record), cases=False)
            archive.learn(seq, program)
        return program

    async def _review(self, base: Mapping[str, str], target: Mapping[str, str]) -> Review:
        try:
            was, program = await self._compiled(base), await self._compiled(target)
        except Problems as error:
            return Review(digest_of(base), digest_of(target), (), unified(base, target), 0, (), error.problems)
        cases = sum(
            len(policy.cases) + sum(len(rule.cases) for rule in policy.rules) for policy in program.definitions.policies
        )
        return Review(
            was.digest, program.digest, compare(was.definitions, program.definitions), unified(base, target), cases,
            tuple(await self.platform.findings(program)), (),
            tuple(name for name in was.definitions.events if was.definitions.live_policy(name) is not None
                  and program.definitions.live_policy(name) is None),
        )  # fmt: skip

    async def _compiled(self, files: Mapping[str, str]) -> Program:
        """Files compiled and proved by their cases; the last few are remembered, and what is in force is at hand."""
        name = digest_of(files)
        if name == self.platform.program.digest:
            return self.platform.program
        if name not in self._programs:
            self.learn(await asyncio.to_thread(compiled, files))
        return self._programs[name]

    def learn(self, program: Program) -> None:
        """Remember a program whose cases hold, so that it need not be compiled again."""
        if program.digest not in self._programs:
            while len(self._programs) >= _KEPT_PROGRAMS:
                del self._programs[next(iter(self._programs))]
            self._programs[program.digest] = program

    # ---- authors

    async def shadow(
        self, person: Person, policy: str, *, files: Mapping[str, str] | None = None, why: str = ""
    ) -> str:  # fmt: skip
        """Put a policy's draft beside what decides, as a version that only is watched; returns the version's name.

        Raises Declined, Problems or NotNow.
        """
        async with self.platform.changing():
            base, aside = self.platform.base, self.platform.aside
            new, _ = self._wanted(files)
            draft = _policy(new, policy)
            self._refuse_known(draft)
            folder = draft.path.rpartition("/")[0]
            path = f"{folder}/shadow/{draft.id}-{draft.digest[:12]}.toml"
            wanted: dict[str, tuple[str, str | None]] = {**aside, path: (new[draft.path], base.get(path))}
            try:
                program = await asyncio.to_thread(compiled, laid(base, wanted))
            except Problems:
                # It may stand on features or limits that are drafts, too.
                support = {
                    each: (text, base.get(each))
                    for each, text in new.items()
                    if base.get(each) != text and "policies/" not in each
                }
                if not support:
                    raise
                wanted |= support
                program = await asyncio.to_thread(compiled, laid(base, wanted))
            if changed := extends(self.platform.program.definitions, program.definitions):
                raise Declined("changes_base", names=", ".join(changed))
            step = self._step("shadow", person, _said(why, must=False), version=draft.version)
            await self.platform.put_in_force(base, wanted, step, ready=program, guarded=False)
            return draft.version

    def _refuse_known(self, draft: PolicyFile) -> None:
        for each in policy_files(laid(self.platform.base, self.platform.aside)):
            if each.digest == draft.digest and each.state in DECIDING:
                raise Declined("already_live", version=draft.version)
            if each.digest == draft.digest and each.state == "shadow":
                raise Declined("already_shadow", version=draft.version)

    async def retire(self, person: Person, version: str, *, why: str = "") -> None:
        """Take a shadow version away. Raises Declined or NotNow."""
        async with self.platform.changing():
            aside = self.platform.aside
            texts = {path: text for path, (text, _) in aside.items()}
            path = next((each.path for each in policy_files(texts) if each.version == version and each.aside), None)
            if path is None:
                in_force = policy_files(self.platform.base)
                known = any(each.version == version and each.state == "shadow" for each in in_force)
                raise Declined("in_files" if known else "no_shadow", version=version)
            rest: Aside = {each: aside[each] for each in aside if each != path}
            step = self._step("retire", person, _said(why, must=False), version=version)
            await self.platform.put_in_force(
                self.platform.base, rest if any(map(is_aside, rest)) else {}, step, guarded=False
            )  # fmt: skip

    async def propose(
        self, person: Person, policies: Collection[str] = (), *, files: Mapping[str, str] | None = None, why: str,
        removed: Collection[str] = (),
    ) -> Proposal:  # fmt: skip
        """Propose the drafts, or only the files of some policies, exactly as they are now. Of `policies` those that are
        `removed` are to be deleted: none without which nothing would decide its event type.

        Raises Declined, Problems (they don't load, or a case fails) or NotNow.
        """
        self._must_take_proposals()
        async with self.platform.changing():
            new, saved = self._wanted(files)
            base = self.platform.base
            for each in removed:
                if is_needed(self.platform.program.definitions, each):
                    raise Declined("undecided", policy=each)
            patch = self._patch_for(new, policies, removed)
            if not patch:
                raise Declined("nothing")
            try:
                program = await self._compiled(patched(base, patch))
            except Problems as error:
                raise Problems([*error.problems, *_left_out(patch, self._patch_for(new, ()))]) from None
            same = [p for p in self.proposals() if p.state == "open" and p.digest == program.digest]
            if same:
                raise Declined("already_proposed", id=same[0].id)
            step = self._step(
                "propose", person, _said(why), digest=program.digest, base=digest_of(base),
                expires_us=self.platform.now_us() + self.platform.settings.proposal_us, saved=saved,
                patch=pack_patch(patch),
            )  # fmt: skip
            seq = await self.platform.note(step)
            return self.proposal(step_id(seq))

    # ---- approvers

    async def approve(
        self,
        person: Person,
        identifier: str,
        *,
        why: str = "",
        confirm: Collection[str] = (),
        digest: str | None = None,
    ) -> tuple[str, ...]:
        """Put a proposal in force, exactly as it was proposed. Returns the features that still catch up.

        `confirm` names rules that may fire on more than their share; `digest`, where it is given, must be the
        proposal's (its first twelve digits or more). Raises LookupError, Declined, Problems or NotNow.
        """
        self._must_take_proposals()
        async with self.platform.changing():
            proposal = self._open_one(identifier)
            asked = proposal.step.record
            if person.did(asked) and not self.is_alone:
                raise Declined("own_proposal")
            if digest is None and proposal.carried is not None:
                raise Declined("carried", id=identifier)
            if digest is not None and (len(digest) < 12 or not proposal.digest.startswith(digest)):
                raise Declined("other_digest")
            target = patched(self.platform.base, self._patch(proposal.seq))
            if self.is_edited(proposal) or digest_of(target) != proposal.digest:
                raise Declined("edited")
            step = self._step(
                "approve", person, _said(why, must=False), of=proposal.seq, digest=proposal.digest, base=proposal.base,
                confirmed=tuple(sorted(set(confirm))),
            )  # fmt: skip
            return await self._put_in_force(target, step, confirmed=frozenset(confirm))

    async def reject(self, person: Person, identifier: str, *, why: str, may_reject: bool = True) -> None:
        """End a proposal: its author withdraws it, somebody who approves (`may_reject`) rejects it.

        Raises LookupError, Declined or NotNow.
        """
        async with self.platform.changing():
            proposal = self._open_one(identifier)
            own = person.did(proposal.step.record)
            if not own and not may_reject:
                raise Declined("not_yours")
            verb: Verb = "withdraw" if own else "reject"
            await self.platform.note(self._step(verb, person, _said(why), of=proposal.seq))

    async def roll_back(
        self, person: Person, policy: str | None = None, *, why: str
    ) -> tuple[str, tuple[Difference, ...]]:
        """Go back to what was in force before, or to a policy's version before.

        Returns the digest that is now in force, and what is otherwise than it was a moment ago. Guards are not asked:
        it was in force before. Raises Declined, Problems or NotNow.
        """
        self._must_take_proposals()
        async with self.platform.changing():
            ledger, base = self.platform.ledger, self.platform.base
            taken = ledger.previous(policy)
            if taken is None:
                raise Declined("nowhere")
            record = self.platform.archive.record(taken.seq)
            assert isinstance(record, DefinitionsRecord), "the ledger says so"
            target = base_of(record)
            if policy is not None:
                target = patched(base, _exchange(base, target, policy))
            digest = digest_of(target)
            step = self._step("roll_back", person, _said(why), digest=digest, base=digest_of(base))
            # What was in force in this process is compiled still: going back must not take long.
            known = self.platform.archive.known(taken.seq) if not self.platform.aside else None
            ready = known if known is not None and known.digest == digest else None
            left = self.platform.program.definitions
            await self._put_in_force(target, step, ready=ready, guarded=False)
            return digest, compare(left, self.platform.program.definitions)

    # ---- what they have in common

    def _must_take_proposals(self) -> None:
        if not self.takes_proposals:
            raise Declined("files_mode")

    async def _put_in_force(
        self, target: Mapping[str, str], step: StepRecord, *, ready: Program | None = None, guarded: bool = True,
        confirmed: frozenset[str] = frozenset(),
    ) -> tuple[str, ...]:  # fmt: skip
        """Other definitions come in force; where saved files are what is in force, they are written there first.
        Proposals that wait and have nothing to do with it go on waiting.
        """
        waiting, before = [each for each in self.proposals() if each.state == "open"], dict(self.platform.base)
        missing = await self.platform.put_in_force(
            target, self.platform.aside, step, ready=ready, guarded=guarded, confirmed=confirmed,
            saving=None if self.is_approved_mode else self._saving(target),
        )  # fmt: skip
        for each in waiting:
            if each.seq != step.of:
                await self._carry_over(each, before)
        return missing

    async def _carry_over(self, proposal: Proposal, before: Mapping[str, str]) -> None:
        """A proposal goes on over what is in force now, if it changes exactly what its readers saw that it changes:
        no file of it is another by now, and it loads, holds and differs as before. Otherwise it is overtaken.
        """
        base, patch = self.platform.base, self._patch(proposal.seq)
        if any(base.get(path) != before.get(path) for path in patch):
            return
        try:
            target = await self._compiled(patched(base, patch))
            was, would = await self._compiled(before), await self._compiled(patched(before, patch))
            now = self.platform.program if not self.platform.aside else await self._compiled(base)
            if compare(now.definitions, target.definitions) != compare(was.definitions, would.definitions):
                return
            step = StepRecord(
                STEP, self.platform.now_us(), "carry", "", CARRIER, "", of=proposal.seq, digest=target.digest,
                base=digest_of(base),
            )  # fmt: skip
            await self.platform.note(step)
        except (Problems, NotNow):
            return  # it is overtaken, which is always safe

    def _saving(self, target: Mapping[str, str]) -> Saving | None:
        """How the saved files become these. Raises Declined when they are not those that are in force any more."""
        assert self._keep is not None, "asked before"
        try:
            saved = canonical_files(self._saved())
        except OSError:
            raise Declined("moved") from None
        if digest_of(saved) == digest_of(target):
            return None
        if digest_of(saved) != digest_of(self.platform.base):
            raise Declined("moved")
        forth, back = difference(saved, target), difference(target, saved)
        return Saving(partial(self._keep, forth), partial(self._keep, back))

    def _open_one(self, identifier: str) -> Proposal:
        proposal = self.proposal(identifier)
        if proposal.state != "open":
            raise Declined("not_open", id=identifier, state=proposal.state)
        return proposal

    def _step(self, verb: Verb, person: Person, why: str, **more: object) -> StepRecord:
        return StepRecord(STEP, self.platform.now_us(), verb, person.key, person.name, why, **more)  # type: ignore[arg-type]

    def patch(self, proposal: Proposal) -> Mapping[str, str | None]:
        """What a proposal changes: path → new text, None for a file that goes away."""
        return self._patch(proposal.seq)

    def _patch(self, seq: int) -> Mapping[str, str | None]:
        record = self.platform.archive.record(seq)
        assert isinstance(record, StepRecord), "the ledger says so"
        return patch_of(record.patch)

    def files_of(self, base: str) -> dict[str, str] | None:
        """The files that had a digest when they were in force."""
        for taken in reversed(self.platform.ledger.taken):
            if taken.base == base:
                record = self.platform.archive.record(taken.seq)
                assert isinstance(record, DefinitionsRecord), "the ledger says so"
                return base_of(record)
        return None

    def _wanted(self, files: Mapping[str, str] | None) -> tuple[dict[str, str], bool]:
        """The drafts: what lies in the packs' folders, or the given packs in the place of their namesakes."""
        if files is None:
            return canonical_files(self._saved()), True
        given = canonical_files(files)
        replaced = {path.partition("/")[0] for path in given}
        kept = {path: text for path, text in self.platform.base.items() if path.partition("/")[0] not in replaced}
        return kept | given, False

    def _readable_drafts(self) -> Mapping[str, str]:
        try:
            return self._wanted(None)[0]
        except (Problems, OSError):
            return {}

    def _patch_for(
        self, new: Mapping[str, str], policies: Collection[str], removed: Collection[str] = ()
    ) -> dict[str, str | None]:  # fmt: skip
        """All that the drafts change, or only the files of some policies; those of removed ones go."""
        base = self.platform.base
        if not policies:
            return difference(base, new)
        patch: dict[str, str | None] = {}
        for name in policies:
            patch |= _gone(base, name) if name in removed else _exchange(base, new, name)
        return patch


def _inspected(
    version: Version, program: Program, policy: PolicyDef, live: PolicyDef | None
) -> tuple[Inspection, Program]:
    """A version beside the live policy, and the program in which it is live instead of that."""
    as_live = replace(policy, id=version.id, state="live", split=None)
    beside = None if live is None or live.version == version.name else live
    differences = tuple(compare_policies(replace(beside, id=version.id), as_live)) if beside is not None else ()
    others = tuple(each for each in program.definitions.policies if each.on != policy.on)
    alone = build(replace(program.definitions, policies=(*others, as_live)))
    problems = tuple(check_policy(program.definitions, policy))
    cases = len(policy.cases) + sum(len(rule.cases) for rule in policy.rules)
    return Inspection(version, policy, beside, differences, cases, (), problems), alone


def _exchange(base: Mapping[str, str], new: Mapping[str, str], policy: str) -> dict[str, str | None]:
    """The patch that gives a policy the file that it has in other files."""
    draft = _policy(new, policy)
    patch: dict[str, str | None] = {
        each.path: None for each in policy_files(base) if each.id == policy and each.path != draft.path
    }
    if base.get(draft.path) != new[draft.path]:
        patch[draft.path] = new[draft.path]
    return patch


def _gone(base: Mapping[str, str], policy: str) -> dict[str, str | None]:
    """The patch that takes a policy's file away."""
    patch: dict[str, str | None] = {
        each.path: None for each in policy_files(base) if each.id == policy and not each.aside
    }  # fmt: skip
    if not patch:
        raise Declined("not_there", policy=policy[:64])
    return patch


def is_needed(definitions: Definitions, policy: str) -> bool:
    """Whether nothing would decide a policy's event type without it."""
    return any(
        each.id == policy and definitions.live_policy(each.on) is each for each in definitions.policies
    )  # fmt: skip


def _policy(files: Mapping[str, str], policy: str) -> PolicyFile:
    found = next((each for each in policy_files(files) if each.id == policy and not each.aside), None)
    if found is None:
        raise Declined("no_draft", policy=policy[:64])
    return found


def _left_out(patch: Mapping[str, str | None], whole: Mapping[str, str | None]) -> list[Problem]:
    """What a proposal of some policies leaves behind, and may well rest on: limits, features, models."""
    rest = sorted(set(whole) - set(patch))
    if not rest:
        return []
    what = f"edited, too, and no part of a proposal of policies by name: {', '.join(rest)}"
    return [Problem("the drafts", "", what, "propose without a name: that takes all that they change")]


def _said(why: str, *, must: bool = True) -> str:
    text = why.strip()
    if len(text) > WHY_LENGTH_MAX or (must and not text):
        raise Declined("why")
    return text
