"""A proposal that ended becomes its author's draft again, over what decides by now: nothing has to be typed twice."""

from dataclasses import dataclass

import msgspec

from jindi.packs import NotEditable, policy_files, rebased, rebased_values
from jindi.run.versions.desk import Declined, Person
from jindi.run.versions.drafts import Draft
from jindi.run.versions.figures import ALONG_MAX, Figures
from jindi.run.versions.ledger import Proposal
from jindi.run.versions.workbench import Refused, Sheet, Workbench, refuse_numbers

ENDED = ("overtaken", "expired", "rejected", "withdrawn")


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What came of it: the drafts, with what others changed meanwhile, too (`both`, as `packs.rebased` tells it; the
    author's content stands there), and the files of which nothing could be made a draft.
    """

    drafts: tuple[tuple[Draft, tuple[str, ...]], ...]
    left: tuple[str, ...]


def may_take_up(proposal: Proposal, person: Person) -> bool:
    """Whether it ended without coming in force, and was this person's."""
    return proposal.state in ENDED and person.did(proposal.step.record)


class TakingUp:
    """Over one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self._bench, self._figures, self._desk = bench, Figures(bench), bench.desk

    async def take_up(self, proposal: Proposal, person: Person, owner: str, who: str) -> TakenUp:
        """Make drafts of what a proposal changes in policies and in parameters, over what decides now.

        Raises Declined, Moved or OSError. An existing draft of the same is never written over.
        """
        if proposal.state not in ENDED:
            raise Declined("not_ended", id=proposal.id)
        if not person.did(proposal.step.record):
            raise Declined("not_author")
        base = self._desk.files_of(proposal.base) or {}
        made: list[tuple[Draft, tuple[str, ...]]] = []
        left: list[str] = []
        for path, text in self._desk.patch(proposal).items():
            try:
                made.append(self._draft(path, base.get(path, ""), text, owner, who))
            except (NotEditable, Refused):
                left.append(path)
        if not made:
            raise Declined("nothing_to_take_up", files=", ".join(sorted(left)))
        for draft, _ in made:
            if self._bench.drafts.of(owner, draft.policy) is not None:
                raise Declined("has_draft", policy=draft.policy)
        # Policies first: parameters that were proposed with them take them along again, which must be there then.
        made.sort(key=lambda each: each[0].path in self._figures.files().values())
        policies = tuple(draft.policy for draft, _ in made if draft.path not in self._figures.files().values())
        made = [
            (msgspec.structs.replace(each, along=policies[:ALONG_MAX]) if each.policy not in policies else each, both)
            for each, both in made
        ]
        kept = tuple([(await self._bench.drafts.save(draft, seen=0), both) for draft, both in made])
        return TakenUp(kept, tuple(sorted(left)))

    def _draft(self, path: str, before: str, text: str | None, owner: str, who: str) -> tuple[Draft, tuple[str, ...]]:
        """One file's change on the file that decides now. Raises NotEditable or Refused where that can't be a draft."""
        live = self._desk.platform.base.get(path, "")
        if text is None or bool(before) != bool(live):
            raise NotEditable("the file goes away, went, or came")
        figures = {each: name for name, each in self._figures.files().items()}
        if path in figures:
            name = figures[path]
            mine, both = rebased_values(before, text, live)
        else:
            found = next((each for each in policy_files({path: text}) if not each.aside), None)
            if found is None:
                raise NotEditable("no policy and no parameters")
            name = found.id
            mine, both = rebased(before, text, live) if before else (text, ())
        refuse_numbers(mine, live)
        draft = Draft(owner, who, name, path, live, mine, 0, self._desk.platform.now_us())
        self._refuse_stranger(draft, is_policy=path not in figures)
        return draft, both

    def _refuse_stranger(self, draft: Draft, *, is_policy: bool) -> None:
        """A draft must have its place on the workbench: a policy whose file lies elsewhere by now has none."""
        if not is_policy:
            return
        places = {each.id: each.path for each in self._bench.policies()}
        if places.get(draft.policy, draft.path) != draft.path:
            raise NotEditable("its policy lies elsewhere")


def parts_in(sheet: Sheet) -> frozenset[str]:
    """Everything of a policy that can be in `both`, by the draft and by what decides."""
    named = {line.id for line in sheet.named("rule")}
    named |= {f"exemptions/{line.id}" for line in sheet.named("exemption")}
    return frozenset(named | {"bands/", "cases/"} | {f"settings/{key}" for key in sheet.settings()})
