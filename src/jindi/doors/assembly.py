"""What one serving process is put together from: who works in it, which doors it has, what goes on beside them.

A new group of pages, desk or follower is named here once. `Given` is what the wiring hands over; `Assembly` builds from
it, in one order, what both doors share, so that there is one limit and one book for both.
"""

import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from jindi.access import ApiKeys, Kind, OidcSettings, Permits, Principal, Scope, SignInLinks
from jindi.basics.instants import DAY_US
from jindi.doors.api import build_api
from jindi.doors.api.hot import Events
from jindi.doors.console import build_console
from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.diligence import DiligencePages
from jindi.doors.console.doors import Doors, MakeGroup
from jindi.doors.console.features import FeaturePages
from jindi.doors.console.filings import FilingPages
from jindi.doors.console.incidents import IncidentPages
from jindi.doors.console.links import LinkPages
from jindi.doors.console.lists import ListPages
from jindi.doors.console.models import ModelPages
from jindi.doors.console.notices import NoticePages
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.screening import ScreeningPages
from jindi.doors.console.searching import SearchPages
from jindi.doors.console.settings_notices import NoticeSettingsPages
from jindi.doors.console.settings_webhooks import WebhookPages
from jindi.doors.console.sources import SourcePages
from jindi.doors.console.workbench import WorkbenchPages
from jindi.doors.fences import Fences
from jindi.doors.oidc import Company
from jindi.ports import ActStore, CaseStore, Clock, Files, LinkStore, Log, MovementStore, RatingStore
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.cases import Closing
from jindi.run.approvals.channels import ChannelChange
from jindi.run.approvals.incidents import ClosingIncident
from jindi.run.approvals.operations import Operation
from jindi.run.approvals.people import Grant, Invite, Reset
from jindi.run.approvals.rating import ByHand
from jindi.run.approvals.screening import operations_of
from jindi.run.approvals.webhooks import Change
from jindi.run.backtest.trials import Trials
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following, Scanning
from jindi.run.customers import Beside as CustomersBeside
from jindi.run.customers import Desk as CustomerDesk
from jindi.run.customers import Following as CustomerFollowing
from jindi.run.customers.taking import zone_of
from jindi.run.exploring import Explorer
from jindi.run.filings.desk import Desk as FilingDesk
from jindi.run.filings.following import Following as MovementFollowing
from jindi.run.filings.large_days import LargeDays
from jindi.run.freezes import Freezes
from jindi.run.incidents.desk import Desk as IncidentDesk
from jindi.run.links import Beside as LinksBeside
from jindi.run.links import Desk as LinkDesk
from jindi.run.links import Following as LinkFollowing
from jindi.run.links.following import KEEP_DAYS
from jindi.run.listed import Roster
from jindi.run.notices.assembling import Notices, Notifying
from jindi.run.people import House, Office
from jindi.run.platform import Platform
from jindi.run.rating import Desk as RatingDesk
from jindi.run.rating import Following as RatingFollowing
from jindi.run.reveals import Reveals
from jindi.run.scoring import Models
from jindi.run.screening.desk import Desk as ScreeningDesk
from jindi.run.subjects import Rights
from jindi.run.versions.desk import OPERATOR, Desk, Keep
from jindi.run.versions.drafts import Drafts
from jindi.run.versions.workbench import Workbench
from jindi.run.webhooks.mailing import Mailing

KEPT_START_KEYS = 5
START_KEY, START_KEY_DAYS = "start", 30
"""Design default: by then there are accounts, and keys that two people agreed upon."""


def start_key(keys: ApiKeys, now_us: int) -> str:
    """A key for whoever started us. The few newest stay in force for a month, so that a restart cuts nobody off."""
    old = sorted(
        (key for key in keys.all() if key.name == START_KEY and key.is_live(now_us)), key=lambda k: k.created_us
    )
    for key in old[: -(KEPT_START_KEYS - 1)]:
        keys.revoke(key.id, now_us)
    clear, _ = keys.create(START_KEY, frozenset({Scope.ADMIN}), now_us, expires_us=now_us + START_KEY_DAYS * DAY_US)
    return clear


def company_of(settings: OidcSettings | None, address: str, house: House) -> Company | None:
    """The company's own sign-in, if the settings have one."""
    return None if settings is None else Company(settings, address, house.clock, house.random)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the wiring hands over. `saved` reads the packs' folders and `keep` writes into them, `permits` says who may
    do what, `house` who there is, `company` is their own sign-in, `fences` is what stands around the door, `mailing`
    the webhooks, `cases` where cases are kept, `notifying` what people are told with, `view_log` and `archive` are the
    past that backtests read, `link_store` where links are kept, for so many days, `act_store` what entities did,
    `link_child` the command and the environment of a process that makes both (without, threads do), `rating_store`
    how customers are rated, `movement_store` what they moved, `scanning` who looks for malware in files, `score` the
    demo's board, `staff` brings its own analysts to the cases.
    """

    keys: ApiKeys
    house: House
    links: SignInLinks
    clock: Clock
    permits: Permits
    base_files: Callable[[], Mapping[str, str]]
    saved: Callable[[], Mapping[str, str]]
    keep: Keep | None = None
    company: Company | None = None
    score: Callable[[], Mapping[str, Any] | None] = lambda: None
    staff: Callable[[Following], None] | None = None
    fences: Fences | None = None
    mailing: Mailing | None = None
    cases: CaseStore | None = None
    notifying: Notifying | None = None
    view_log: Callable[[], Log] | None = None
    archive: Files | None = None
    link_store: LinkStore | None = None
    links_days: int = KEEP_DAYS
    link_child: tuple[Sequence[str], Mapping[str, str]] | None = None
    act_store: ActStore | None = None
    rating_store: RatingStore | None = None
    movement_store: MovementStore | None = None
    scanning: Scanning | None = None


class Assembly:
    """Everything behind one address, over a platform that has been started."""

    def __init__(self, platform: Platform, given: Given) -> None:
        self._platform, self._given = platform, given
        house, permits = given.house, given.permits
        self._desk = Desk(platform, given.saved, given.keep)
        # One for both doors: whoever saves a draft second is told so.
        self._bench = Workbench(self._desk, Drafts(platform.blobs))
        self._trials = Trials(platform, given.view_log, given.archive) if given.view_log is not None else None
        self._following = Following(platform, given.cases, platform.say) if given.cases is not None else None
        self._casework = (
            CaseDesk(platform, self._following, partial(_people_who, house, permits, "case.assign"), given.scanning)
            if self._following
            else None
        )
        if given.staff is not None and self._following is not None:
            given.staff(self._following)
        self._incidents = IncidentDesk(
            platform, partial(_people_who, house, permits, "incident.entry"), self._casework
        )  # fmt: skip
        self._screening = ScreeningDesk(platform, house.audit)
        self._rating = self._ratings()
        self._freezes = Freezes(platform, house.audit)
        self._filings = FilingDesk(platform, house.audit, self._casework)
        self._moving = self._movements()
        self._large = LargeDays(platform, self._filings, self._moving) if self._moving is not None else None
        self._linking = self._links()
        self._linked = LinkDesk(platform, self._linking) if self._linking is not None else None
        self._acting = self._acts()
        self._approvals = approvals_of(
            platform, permits, given.keys, people=house.staff.principals, is_gone=house.staff.is_gone,
            more=self._operations(),
        )  # fmt: skip
        self._notices = self._told()
        self._reveals = Reveals(platform, house.audit, permits, self._casework)
        self._rights = Rights(platform, house.audit)
        self._roster = Roster(platform)
        self.fences = given.fences or Fences()
        self.events = Events(platform, given.keys, given.clock, permits, self.fences.turnstile)
        self.application = self._api(self._console())

    def _links(self) -> LinkFollowing | LinksBeside | None:
        """What makes the links; None where none are kept."""
        platform, given = self._platform, self._given
        if given.link_store is None:
            return None
        if given.link_child is None:
            return LinkFollowing(platform, given.link_store, platform.say, given.links_days)
        return LinksBeside(platform, given.link_store, platform.say, *given.link_child, given.links_days)

    def _ratings(self) -> RatingDesk | None:
        """What rates customers; None where it is not kept how they are."""
        platform, store = self._platform, self._given.rating_store
        if store is None:
            return None
        return RatingDesk(platform, RatingFollowing(platform, store, platform.say), self._given.house.audit)

    def _acts(self) -> CustomerFollowing | CustomersBeside | None:
        """What keeps the index of what entities did; None where none is kept."""
        platform, given = self._platform, self._given
        if given.act_store is None:
            return None
        if isinstance(self._linking, LinksBeside):
            return CustomersBeside(platform, given.act_store, self._linking)
        return CustomerFollowing(platform, given.act_store, platform.say, given.links_days)

    def _movements(self) -> MovementFollowing | None:
        """What keeps customers' movements; None where none are kept."""
        store = self._given.movement_store
        return None if store is None else MovementFollowing(self._platform, store, self._platform.say)

    def _operations(self) -> list[Operation[Any, Any]]:
        """What takes four eyes beside what always does."""
        given, house, platform = self._given, self._given.house, self._platform
        more: list[Operation[Any, Any]] = [
            Invite(house), Grant(house), Reset(house), ClosingIncident(platform, self._incidents),
            *operations_of(platform, self._screening),
        ]  # fmt: skip
        if given.mailing is not None:
            more.append(Change(platform, given.mailing))
        if self._casework is not None:
            more.append(Closing(platform, self._casework))
        if self._rating is not None:
            more.append(ByHand(platform, self._rating))
        if given.notifying is not None:
            more.append(ChannelChange(platform, given.notifying.channels))
        return more

    def _told(self) -> Notices | None:
        """How people are told what waits for them."""
        given, store = self._given, self._following.store if self._following is not None else None
        if given.notifying is None:
            return None
        return given.notifying.on(
            self._platform, given.permits, self._approvals, lambda: _everybody(given.house, given.keys, given.clock),
            store, given.mailing, given.clock, self._platform.say,
        )  # fmt: skip

    def _groups(self) -> Iterator[MakeGroup]:
        """The groups of pages of the console that stand on what is there."""
        platform, audit = self._platform, self._given.house.audit
        casework, linked, approvals, reveals = self._casework, self._linked, self._approvals, self._reveals
        if self._notices is not None:
            desk = self._notices.desk
            yield lambda doors: NoticePages(desk, doors)
            yield lambda doors: NoticeSettingsPages(desk, doors, approvals)
        if (mailing := self._given.mailing) is not None:
            yield lambda doors: WebhookPages(mailing, platform, doors, approvals)
        if linked is not None:
            yield partial(LinkPages, linked, audit=audit, reveals=reveals, cases=casework, approvals=approvals)
        if self._trials is not None:
            yield partial(_workbench, self._bench, self._trials)
        yield lambda doors: IncidentPages(self._incidents, doors, approvals, audit)
        yield lambda doors: ScreeningPages(self._screening, doors, approvals, audit, reveals)
        if (rating := self._rating) is not None:
            yield lambda doors: DiligencePages(rating, self._freezes, doors, approvals, audit)
        yield lambda doors: FilingPages(self._filings, doors, self._large)
        yield lambda doors: ListPages(self._roster, doors, approvals, audit, reveals)
        yield lambda doors: FeaturePages(Explorer(platform), doors, audit, reveals)
        yield lambda doors: SearchPages(platform, doors, audit, reveals, linked, casework, self._incidents)
        yield partial(
            CustomerPages, platform, audit=audit, reveals=reveals, casework=casework, approvals=approvals,
            roster=self._roster, ratings=self._rating,
            desk=CustomerDesk(platform, self._acting, self._linking) if self._acting is not None else None,
        )  # fmt: skip
        yield lambda doors: ModelPages(Models(platform), doors)
        yield lambda doors: SourcePages(platform, doors)

    def _console(self) -> ASGIApp:
        given, platform, house = self._given, self._platform, self._given.house
        return build_console(
            PlatformSource(platform, given.score), sessions=house.sessions, links=given.links, clock=given.clock,
            zone=zone_of(platform.program.definitions), desk=self._desk, keys=given.keys, audit=house.audit,
            permits=given.permits, house=house, company=given.company, controls=platform.rounds.controls,
            approvals=self._approvals, reveals=self._reveals, rights=self._rights, casework=self._casework,
            trials=self._trials, more=list(self._groups()),
        )  # fmt: skip

    def _api(self, console: ASGIApp) -> ASGIApp:
        given = self._given
        return build_api(
            self._platform, given.keys, given.clock, given.base_files, console, self.events, self._desk, given.permits,
            self.fences, given.mailing, self._approvals, self._reveals, self._rights, self._casework, self._linked,
            self._roster, self._notices.desk if self._notices is not None else None, self._bench,
            self._incidents, self._screening, self._rating, self._filings, self._large, given.house.breached,
        )  # fmt: skip

    def works(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on as long as the doors are open."""
        works = [self._approvals.keep(), Office(self._given.house).keep(), self._roster.keep()]
        works += [self._screening.keep(), self._freezes.keep()]
        if self._rating is not None:
            works.append(self._rating.keep())
        if self._following is not None and self._casework is not None:
            works += [self._following.keep(), self._casework.keep()]
        if self._moving is not None and self._large is not None:
            works += [self._moving.keep(), self._large.keep()]
        if self._linking is not None:
            works.append(self._linking.keep())
        if isinstance(self._acting, CustomerFollowing):
            works.append(self._acting.keep())
        if self._notices is not None:
            works += self._notices.works()
        return works

    async def end_trials(self) -> None:
        """Break off backtests that still run."""
        if self._trials is not None:
            self._trials.close()
            await self._trials.ended()

    async def close(self) -> None:
        """Close what was opened here, after its works have ended."""
        if self._notices is not None:
            await self._notices.close()
        if self._following is not None:
            await self._following.close()
        if self._rating is not None:
            await self._rating.close()
        if self._moving is not None:
            await self._moving.close()
        if self._linking is not None:
            await self._linking.close()
        if self._acting is not None:
            await self._acting.close()
        with contextlib.suppress(OSError):
            self._given.keys.save_use()


def _people_who(house: House, permits: Permits, action: str) -> Iterator[str]:
    """The names of those who may do something: whoever may be given cases, say."""
    now_us = house.clock.now_us()
    for each in house.staff.principals():
        if permits.may(each, action, now_us).allowed:
            yield each.name


def _everybody(house: House, keys: ApiKeys, clock: Clock) -> Iterator[Principal]:
    """All who may be told something: people with accounts, and before there are any, who comes in by link or key."""
    if house.staff.has_active():
        yield from house.staff.principals()
        return
    yield Principal(Kind.LINK, OPERATOR, OPERATOR, scopes=frozenset({Scope.ADMIN}))
    now_us = clock.now_us()
    yield from (key.principal for key in keys.all() if key.is_live(now_us) and key.name != START_KEY)


def _workbench(bench: Workbench, trials: Trials, doors: Doors) -> WorkbenchPages:
    return WorkbenchPages(bench, trials, doors)
