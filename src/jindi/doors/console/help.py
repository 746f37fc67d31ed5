"""Help where it is needed: what each page is for, what a word means, and a first quarter of an hour that leads through.

The quarter of an hour ticks itself: a step is done when the journal says that the reader has done it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.basics.instants import MINUTE_US
from jindi.doors.console.doors import Doors
from jindi.doors.console.glossary import TERMS
from jindi.doors.console.view import MENU, View
from jindi.run.audit import Audit
from jindi.run.trail import SCAN_MAX, Wanted


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step of the way: its words (`guide.<id>` and `guide.<id>.how`), where it is done, which actions say that it
    was, and which action somebody must be allowed to do for it to be his. `by_anyone`: whoever did it.
    """

    id: str
    path: str
    actions: tuple[str, ...]
    needs: str
    by_anyone: bool = False


STEPS: Final = (
    GuideStep("watch", "/console", ("overview.read",), "overview.read"),
    GuideStep("why", "/console/decisions?outcome=review", ("decision.read",), "decision.read"),
    GuideStep("take", "/console/cases?tab=unassigned", ("case.next", "case.assign"), "case.next"),
    GuideStep("note", "/console/cases?tab=my", ("case.note",), "case.note"),
    GuideStep("links", "/console/links", ("links.read",), "links.read"),
    GuideStep("close", "/console/cases?tab=my", ("case.close",), "case.close"),
    GuideStep("colleague", "/console/staff", ("staff.invite",), "overview.read", by_anyone=True),
    GuideStep("two", "/console/cases?tab=all&order=money", ("approval.propose",), "approval.propose"),
    GuideStep("rule", "/console/policies", ("draft.save",), "draft.save"),
    GuideStep("past", "/console/policies", ("backtest.run",), "backtest.run"),
    GuideStep("propose", "/console/policies", ("version.propose",), "version.propose"),
    GuideStep("approve", "/console/policies", ("version.approve", "approval.approve"), "version.approve"),
    GuideStep("audit", "/console/audit", ("audit.read",), "audit.read"),
)


NEW_BELOW: Final = 4
"""Who has done fewer of the steps than so is new here."""

KNOWN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as the page shows it: done, or not the reader's to do."""

    step: GuideStep
    is_done: bool
    is_his: bool


class HelpPages:
    """The pages. With `audit` the way through ticks itself; `has` says whether this console has a page."""

    def __init__(self, doors: Doors, audit: Audit | None, has: Callable[[str], bool]) -> None:
        self._doors, self._audit, self._has = doors, audit, has
        self._known: dict[str, tuple[int, bool]] = {}
        self._did: dict[str, tuple[int, frozenset[str]]] = {}

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route("/console/help", needs("help.read", self.help, is_recorded=False)),
            Route("/console/help/words", needs("help.read", self.words, is_recorded=False)),
            Route("/console/help/guide", needs("help.read", self.guide, is_recorded=False)),
        ]

    async def help(self, _: Request, view: View) -> Response:
        """What each page of the reader's menu is for."""
        pages = [(name, path) for name, path, action in MENU if name != "help" and view.may(action) and self._has(path)]
        return self._doors.pages.show("help.html", view, page="help", pages=pages)

    async def words(self, _: Request, view: View) -> Response:
        """All words, in the order of the page's language."""
        terms = sorted(TERMS, key=lambda term: view.words(term.name).casefold())
        return self._doors.pages.show("help_words.html", view, page="help", terms=terms)

    async def guide(self, _: Request, view: View) -> Response:
        """The first quarter of an hour, with what the reader has done of it."""
        steps = await self._steps(view)
        following = next((each.step.id for each in steps if not each.is_done and each.is_his), None)
        return self._doors.pages.show(
            "help_guide.html", view, page="help", steps=steps, following=following,
            number=sum(each.is_done for each in steps),
        )  # fmt: skip

    async def is_new(self, view: View) -> bool:
        """Whether the reader has done so little yet that he is shown the way; asked of the journal once a minute."""
        if self._audit is None or view.session is None:
            return False
        who = view.session.principal.name
        known = self._known.get(who)
        if known is None or view.now_us - known[0] > MINUTE_US:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            done = sum(each.is_done for each in await self._steps(view))
            self._known[who] = known = view.now_us, done < NEW_BELOW
        return known[1]

    async def _steps(self, view: View) -> list[Shown]:
        own, all_ = await self._done(view), await self._done_by_anyone()
        return [
            Shown(step, any(each in (all_ if step.by_anyone else own) for each in step.actions), view.may(step.needs))
            for step in STEPS
            if self._has(step.path.partition("?")[0])
        ]

    async def _done(self, view: View) -> frozenset[str]:
        """What the reader has done lately, as the journal has it."""
        if view.session is None:
            return frozenset()
        return await self._found(view.session.principal.name)

    async def _done_by_anyone(self) -> frozenset[str]:
        """Those steps that count whoever did them: accounts are made at the machine, too."""
        return await self._found("", "staff.invite")

    async def _found(self, who: str, what: str | None = None) -> frozenset[str]:
        if self._audit is None:
            return frozenset()
        # What was found before is remembered: of a busy day only what came since is read.
        until = self._audit.platform.archive.log.next_seq() - 1
        after, known = self._did.get(who, (None, frozenset[str]()))
        found = await self._audit.look(Wanted(who=who or None, what=what, after=after, limit=SCAN_MAX))
        done = known | {each.what for each in found.doings if each.outcome == "allowed"}
        if len(self._did) >= KNOWN_MAX:
            self._did.clear()
        self._did[who] = until, done
        return done
