"""One process that serves: the platform, its API and its console behind one address."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from jindi.access import ApiKeys, Kind, OidcSettings, Permits, Principal, Scope, SignInLinks
from jindi.doors.api import build_api
from jindi.doors.api.connection import connections
from jindi.doors.api.hot import Events
from jindi.doors.console import build_console
from jindi.doors.console.doors import Doors, MakeGroup
from jindi.doors.console.features import FeaturePages
from jindi.doors.console.links import LinkPages
from jindi.doors.console.lists import ListPages
from jindi.doors.console.models import ModelPages
from jindi.doors.console.notices import NoticePages
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.searching import SearchPages
from jindi.doors.console.settings_notices import NoticeSettingsPages
from jindi.doors.console.settings_webhooks import WebhookPages
from jindi.doors.console.workbench import WorkbenchPages
from jindi.doors.fences import Fences
from jindi.doors.oidc import Company
from jindi.doors.tls import HANDSHAKE_S
from jindi.ports import CaseStore, Clock, Files, LinkStore, Log
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.cases import Closing
from jindi.run.approvals.channels import ChannelChange
from jindi.run.approvals.people import Grant, Invite, Reset
from jindi.run.approvals.webhooks import Change
from jindi.run.backtest.trials import Trials
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following
from jindi.run.exploring import Explorer
from jindi.run.links import Desk as LinkDesk
from jindi.run.links import Following as LinkFollowing
from jindi.run.links.following import KEEP_DAYS
from jindi.run.listed import Roster
from jindi.run.notices.assembling import Notifying
from jindi.run.people import House, Office
from jindi.run.platform import Platform
from jindi.run.reveals import Reveals
from jindi.run.scoring import Models
from jindi.run.subjects import Rights
from jindi.run.versions.desk import OPERATOR, Desk, Keep
from jindi.run.versions.drafts import Drafts
from jindi.run.versions.workbench import Workbench
from jindi.run.webhooks.mailing import Mailing

KEPT_START_KEYS = 5
START_KEY = "start"


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling: the platform is closed in order by whoever runs us. With TLS, whoever
    does not shake hands in time is cut off.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets that are open already."""
        loop = asyncio.get_running_loop()
        config, state = self.config, self.server_state
        await self.lifespan.startup()

        def connection() -> asyncio.Protocol:
            made: Any = config.http_protocol_class
            return cast("asyncio.Protocol", made(config=config, server_state=state, app_state=self.lifespan.state))

        self.servers = [
            await loop.create_server(
                connection, sock=sock, ssl=config.ssl, backlog=config.backlog,
                ssl_handshake_timeout=HANDSHAKE_S if config.ssl is not None else None,
            )
            for sock in sockets or ()
        ]  # fmt: skip
        self.started = True


def listen(host: str, port: int) -> socket.socket:
    """The socket of an address; port 0 takes a free one. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def start_key(keys: ApiKeys, now_us: int) -> str:
    """A key for whoever started us. The few newest stay in force, so that a restart cuts nobody off."""
    old = sorted(
        (key for key in keys.all() if key.name == START_KEY and key.revoked_us is None), key=lambda k: k.created_us
    )
    for key in old[: -(KEPT_START_KEYS - 1)]:
        keys.revoke(key.id, now_us)
    clear, _ = keys.create(START_KEY, frozenset({Scope.ADMIN}), now_us)
    return clear


def company_of(settings: OidcSettings | None, address: str, house: House) -> Company | None:
    """The company's own sign-in, if the settings have one."""
    return None if settings is None else Company(settings, address, house.clock, house.random)


def _casework_people(house: House, permits: Permits) -> Iterator[str]:
    """The names of those who may be given cases."""
    now_us = house.clock.now_us()
    for each in house.staff.principals():
        if permits.may(each, "case.assign", now_us).allowed:
            yield each.name


def _everybody(house: House, keys: ApiKeys, clock: Clock) -> Iterator[Principal]:
    """All who may be told something: people with accounts, and before there are any, who comes in by link or key."""
    if house.staff.has_active():
        yield from house.staff.principals()
        return
    yield Principal(Kind.LINK, OPERATOR, OPERATOR, scopes=frozenset({Scope.ADMIN}))
    now_us = clock.now_us()
    yield from (key.principal for key in keys.all() if key.is_live(now_us) and key.name != START_KEY)


def _workbench(desk: Desk, trials: Trials, doors: Doors) -> WorkbenchPages:
    return WorkbenchPages(Workbench(desk, Drafts(desk.platform.blobs)), trials, doors)


def behind_proxy(application: ASGIApp) -> Any:
    """The application, told by a proxy on this machine by which scheme and from where a request came; what anybody else
    says about that is not heard. The short way of events is spared the look.
    """
    # (The two libraries type the same interface in different words.)
    return ProxyHeadersMiddleware(cast("Any", application), trusted_hosts="127.0.0.1")


async def serve(
    platform: Platform, sock: socket.socket, *, keys: ApiKeys, house: House, links: SignInLinks, clock: Clock,
    base_files: Callable[[], Mapping[str, str]], saved: Callable[[], Mapping[str, str]], ready: Callable[[], None],
    permits: Permits, company: Company | None = None, score: Callable[[], Mapping[str, Any] | None] = lambda: None,
    fences: Fences | None = None, tls: ssl.SSLContext | None = None, mailing: Mailing | None = None,
    cases: CaseStore | None = None, notifying: Notifying | None = None, keep: Keep | None = None,
    view_log: Callable[[], Log] | None = None, archive: Files | None = None, link_store: LinkStore | None = None,
    links_days: int = KEEP_DAYS,
) -> None:  # fmt: skip
    """Serve until the process is told to stop. `platform` has been started; closing it is the caller's. `saved` reads
    the packs' folders, `permits` says who may do what, `house` who there is, `company` is their own sign-in, `fences`
    is what stands around the door, `tls` the context to speak TLS with, `mailing` the webhooks, `cases` where cases are
    kept, `notifying` what people are told with, `keep` writes into the packs' folders, `view_log` and `archive` are the
    past that backtests read, `link_store` where links are kept, for so many days.
    """
    fences = fences or Fences()
    desk = Desk(platform, saved, keep)
    trials = Trials(platform, view_log, archive) if view_log is not None else None
    following = None if cases is None else Following(platform, cases, platform.say)
    casework = None if following is None else CaseDesk(platform, following, partial(_casework_people, house, permits))
    linking = None if link_store is None else LinkFollowing(platform, link_store, platform.say, links_days)
    linked = None if linking is None else LinkDesk(platform, linking)
    closing = [Closing(platform, casework)] if casework is not None else []
    channels = [ChannelChange(platform, notifying.channels)] if notifying is not None else []
    approvals = approvals_of(
        platform, permits, keys, people=house.staff.principals, is_gone=house.staff.is_gone,
        more=[Invite(house), Grant(house), Reset(house), *([Change(platform, mailing)] if mailing is not None else []),
              *closing, *channels],
    )  # fmt: skip
    zone = next(
        (pack.zone for name, pack in platform.program.definitions.packs.items() if name != "core"), ZoneInfo("UTC")
    )
    notices = None
    if notifying is not None:
        store = following.store if following is not None else None
        notices = notifying.on(
            platform, permits, approvals, lambda: _everybody(house, keys, clock), store, mailing, clock, platform.say
        )
    more: list[MakeGroup] = []
    if notices is not None:
        desk_of_notices = notices.desk
        more.append(lambda doors: NoticePages(desk_of_notices, doors))
        more.append(lambda doors: NoticeSettingsPages(desk_of_notices, doors, approvals))
    if mailing is not None:
        more.append(lambda doors: WebhookPages(mailing, platform, doors, approvals))
    # One of each for both doors: one limit, one book.
    reveals, rights = Reveals(platform, house.audit, permits, casework), Rights(platform, house.audit)
    if linked is not None:
        more.append(partial(LinkPages, linked, audit=house.audit, reveals=reveals, cases=casework, approvals=approvals))
    roster = Roster(platform)
    if trials is not None:
        more.append(partial(_workbench, desk, trials))
    more += [
        lambda doors: ListPages(roster, doors, approvals, house.audit, reveals),
        lambda doors: FeaturePages(Explorer(platform), doors, house.audit, reveals),
        lambda doors: SearchPages(platform, doors, house.audit, reveals, linked, casework),
        lambda doors: ModelPages(Models(platform), doors),
    ]
    console = build_console(
        PlatformSource(platform, score), sessions=house.sessions, links=links, clock=clock, zone=zone, desk=desk,
        keys=keys, audit=house.audit, permits=permits, house=house, company=company, controls=platform.rounds.controls,
        approvals=approvals, reveals=reveals, rights=rights, casework=casework, trials=trials, more=more,
    )  # fmt: skip
    events = Events(platform, keys, clock, permits, fences.turnstile)
    application = build_api(
        platform,
        keys,
        clock,
        base_files,
        console,
        events,
        desk,
        permits,
        fences,
        mailing,
        approvals,
        reveals,
        rights,
        casework,
        linked,
        roster,
        notices.desk if notices is not None else None,
    )
    config = uvicorn.Config(
        behind_proxy(application), lifespan="off", ws="none", http=cast("Any", connections(events, fences)),
        proxy_headers=False, log_config=None, access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=65_536, ssl_context_factory=None if tls is None else lambda *_: tls,
    )  # fmt: skip
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, lambda: setattr(server, "should_exit", True))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    works = [approvals.keep(), Office(house).keep(), roster.keep()]
    if following is not None and casework is not None:
        works += [following.keep(), casework.keep()]
    if linking is not None:
        works.append(linking.keep())
    if notices is not None:
        works += notices.works()
    keeping = [asyncio.create_task(work) for work in works]
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by a flag
        await asyncio.sleep(0.005)
    if not serving.done():
        ready()
    try:
        await serving
    finally:
        if trials is not None:
            trials.close()
            await trials.ended()
        for each in keeping:
            each.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        if notices is not None:
            await notices.close()
        if following is not None:
            await following.close()
        if linking is not None:
            await linking.close()
        with contextlib.suppress(OSError):
            keys.save_use()
