"""The matrix: every address × every role and scope, as written in docs/permissions.md and as the doors answer."""

import random
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from api_world import Api

from jindi.access import (
    ACTIONS,
    PARTIES,
    PROFILES,
    ROLES,
    SCOPES,
    Kind,
    Lock,
    Lockouts,
    OidcSettings,
    Permits,
    Principal,
    Sessions,
    SignInLinks,
    Staff,
)
from jindi.access.roles import TITLES
from jindi.doors.api.app import HOT, Routes
from jindi.doors.console.console import Console
from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.diligence import DiligencePages
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
from jindi.doors.guarding import doors_of
from jindi.doors.oidc import Company
from jindi.run.approvals.approvals import approvals_of
from jindi.run.audit import Audit
from jindi.run.backtest.trials import Trials
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following
from jindi.run.exploring import Explorer
from jindi.run.filings.desk import Desk as FilingDesk
from jindi.run.freezes import Freezes
from jindi.run.incidents.desk import Desk as IncidentDesk
from jindi.run.links import Desk as LinkDesk
from jindi.run.links import Following as LinkFollowing
from jindi.run.listed import Roster
from jindi.run.notices import Channels, PreferenceBook, Rules
from jindi.run.notices.assembling import Notifying
from jindi.run.people import House
from jindi.run.rating import Desk as RatingDesk
from jindi.run.rating import Following as RatingFollowing
from jindi.run.reveals import Reveals
from jindi.run.scoring import Models
from jindi.run.screening.desk import Desk as ScreeningDesk
from jindi.run.subjects import Rights
from jindi.run.versions.desk import Desk
from jindi.run.versions.drafts import Drafts
from jindi.run.versions.workbench import Workbench
from jindi.run.webhooks import Endpoints, Reach
from jindi.run.webhooks.mailing import Mailing
from jindi.stores.sqlite_cases import SqliteCases
from jindi.stores.sqlite_links import SqliteLinks
from jindi.stores.sqlite_notices import SqliteNotices
from jindi.stores.sqlite_ratings import SqliteRatings
from shop_world import run
from staff_world import HASHER, sealer

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
NOW = 1_795_320_903_000_000

OPEN = {
    ("GET", "/"): "leads to the console",
    ("GET", "/sign-in"): "nobody is there yet",
    ("POST", "/sign-in"): "uses up a one-time link",
    ("POST", "/sign-in/key"): "takes an API key",
    ("POST", "/sign-in/password"): "the first of two factors",
    ("GET", "/sign-in/factor"): "asks for the second, of whoever has shown the first",
    ("POST", "/sign-in/totp"): "takes it",
    ("POST", "/sign-in/recovery"): "takes a recovery code in its place",
    ("POST", "/sign-in/passkey/options"): "what the browser is to ask a passkey",
    ("POST", "/sign-in/passkey"): "takes its answer",
    ("POST", "/sign-in/new-password"): "for whoever has shown both, and whose password is too old",
    ("GET", "/sign-in/company"): "leads to the company's own sign-in",
    ("GET", "/sign-in/company/back"): "comes back from there",
    ("GET", "/invitation/{token}"): "asks for a password, of whoever holds the link",
    ("POST", "/invitation"): "takes the password",
    ("POST", "/invitation/check"): "says what is wrong with it so far, to whoever holds the link",
    ("GET", "/set-up"): "asks for a second factor, of whoever has set the password",
    ("POST", "/set-up/totp"): "takes it, and uses up the link",
    ("POST", "/set-up/passkey/options"): "what the browser is to ask a device",
    ("POST", "/set-up/passkey"): "takes the new passkey, and uses up the link",
    ("GET", "/sign-in/{token}"): "shows a button",
    ("POST", "/sign-out"): "ends one's own session",
    ("POST", "/console/preferences"): "language and theme, kept in the browser",
    ("GET", "/assets/{digest}/{name}"): "our own style sheet and scripts",
    ("GET", "/healthz"): "says that the process is alive",
    ("GET", "/readyz"): "says whether the lane decides",
    ("GET", "/openapi.json"): "describes the API",
}
"""Addresses that ask nobody who he is, each with why. A new one must be written down here."""


def console_of(api):
    platform, chance = api.shop.platform, random.Random(3).randbytes
    audit, desk = Audit(platform), Desk(platform, lambda: platform.base)
    trials = Trials(platform, lambda: platform.log)
    links = LinkDesk(platform, LinkFollowing(platform, SqliteLinks(":memory:"), print))
    ratings = RatingDesk(platform, RatingFollowing(platform, SqliteRatings(":memory:"), print), audit)
    approvals, reveals = approvals_of(platform, Permits(), api.keys), Reveals(platform, audit, Permits())
    groups = [
        lambda doors: IncidentPages(IncidentDesk(platform), doors, approvals, audit),
        lambda doors: ScreeningPages(ScreeningDesk(platform, audit), doors, approvals, audit, reveals),
        lambda doors: DiligencePages(ratings, Freezes(platform, audit), doors, approvals, audit),
        lambda doors: FilingPages(FilingDesk(platform, audit), doors),
        lambda doors: ListPages(Roster(platform), doors, approvals, audit, reveals),
        lambda doors: FeaturePages(Explorer(platform), doors, audit, reveals),
        lambda doors: SearchPages(platform, doors, audit, reveals, links, None),
        lambda doors: ModelPages(Models(platform), doors),
        lambda doors: SourcePages(platform, doors),
        lambda doors: CustomerPages(platform, doors, audit, reveals),
        lambda doors: WorkbenchPages(Workbench(desk, Drafts(platform.blobs)), trials, doors),
    ]
    return Console(
        PlatformSource(platform, lambda: None), Sessions(api.shop.blobs, chance), SignInLinks(api.shop.blobs, chance),
        api.shop.clock, ZoneInfo("Asia/Shanghai"), desk, api.keys, audit,
        Permits(), *people_of(api, chance), approvals=approvals, trials=trials,
        reveals=reveals, rights=Rights(platform, audit),
        casework=CaseDesk(platform, Following(platform, SqliteCases(":memory:"), print)),
        more=[partial(LinkPages, links, audit=audit), *groups, *settings_of(api, approvals)],
    )  # fmt: skip


def settings_of(api, approvals):
    """Notifications and their settings, and those of webhooks."""
    platform, blobs, chance = api.shop.platform, api.shop.blobs, random.Random(4).randbytes
    mailing = Mailing(Endpoints(blobs, chance), Reach(), None)
    notifying = Notifying(
        SqliteNotices(":memory:"),
        Channels(blobs, chance),
        PreferenceBook(blobs),
        None,
        Rules(),
        "https://jindi.example",
    )
    desk = notifying.on(platform, Permits(), approvals, tuple, None, mailing, api.shop.clock, print).desk
    return [
        lambda doors: NoticePages(desk, doors),
        lambda doors: NoticeSettingsPages(desk, doors, approvals),
        lambda doors: WebhookPages(mailing, platform, doors, approvals),
    ]


def people_of(api, chance):
    """A house of people, and their company's own sign-in: so that their addresses are in the matrix."""
    blobs, clock = api.shop.blobs, api.shop.clock
    staff, profile = Staff(blobs, chance, sealer), PROFILES["nist"]
    house = House(
        staff, Sessions(blobs, chance, roles_now=staff.roles_now), Lockouts(blobs, Lock(10, 1)), HASHER, profile,
        Audit(api.shop.platform), clock, chance,
    )  # fmt: skip
    settings = OidcSettings("https://id.example.com", "jindi", "secret")
    return house, Company(settings, "https://jindi.example.com", clock, chance)


async def all_doors(api):
    routes = Routes(
        api.shop.platform, api.keys, dict, Desk(api.shop.platform, lambda: api.shop.platform.base), Permits()
    )
    return [HOT, *doors_of(routes.routes())], list(doors_of(console_of(api).routes()))


def principal(who):
    if who in SCOPES:
        return Principal(Kind.KEY, "key_1", "x", scopes=frozenset({who}))
    return Principal(Kind.PERSON, "per_1", "x", frozenset({who}), mfa_us=NOW)


def may(who, action):
    return Permits().may(principal(who), action, NOW).allowed


def table(title, doors, columns, heads):
    lines = ["", f"## {title}", "", f"| address | action | {' | '.join(heads)} |", "|---|---|" + ":-:|" * len(heads)]
    for door in doors:
        if door.action is not None:
            marks = " | ".join("●" if may(column, door.action) else "·" for column in columns)
            lines.append(f"| {door.method} `{door.path}` | {door.action} | {marks} |")
    return lines


def kinds():
    """Who may ask for which operation, and who may answer."""
    lines = [
        "", "## Operations that take four eyes: who asks, who answers", "",
        "Beside the right to the address. Nobody answers what he asked for himself ([approvals.md](approvals.md)).", "",
        "| operation | asked for by | with a key of | answered by | with a key of |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for kind, parties in PARTIES.items():
        roles = [", ".join(TITLES[role][1].split(",")[0] for role in side) for side in (parties.ask, parties.answer)]
        scopes = [", ".join(f"`{scope}`" for scope in side) for side in (parties.ask_with, parties.answer_with)]
        lines.append(f"| `{kind}` | {roles[0]} | {scopes[0]} | {roles[1]} | {scopes[1]} |")
    return lines


def page(api_doors, console_doors):
    """The matrix as it stands in the documents."""
    lines = [
        "# Who may do what · 谁可以做什么",
        "",
        "Made from the doors' own routes and the policies (`src/jindi/access/policies.py`); a test compares both with",
        "this page and asks the addresses themselves. `●` may, `·` may not. Whatever reveals clear text, changes keys",
        "or staff, or answers a request needs a second factor shown within the last five minutes, too; nobody answers",
        "what he proposed himself. People come by the console, programs by the API with keys.",
        "",
        "本页由系统路由与访问策略生成，并由测试逐项核对。查看明文、变更密钥或员工、审批事项，还须在五分钟内完成二次验证；任何人不得审批自己提出的事项。",
        "",
        "## Addresses that ask nobody who he is",
        "",
        "| address | why |",
        "|---|---|",
        *(f"| {method} `{path}` | {why} |" for (method, path), why in OPEN.items()),
    ]
    lines += table("Console: roles of staff", console_doors, ROLES, [TITLES[role][1].split(",")[0] for role in ROLES])
    lines += table("API and console: scopes of keys and links", (*api_doors, *console_doors), SCOPES, SCOPES)
    lines += kinds()
    return "\n".join(lines) + "\n"


def test_the_page_of_permissions_is_what_doors_and_policies_say(request):
    async def go():
        async with Api() as api:
            made = page(*await all_doors(api))
            if request.config.getoption("--rewrite"):
                PAGE.write_text(made, encoding="utf-8")
            assert PAGE.read_text("utf-8") == made, "run pytest tests/doors/test_doors_matrix.py --rewrite, and look"

    run(go())


def test_every_address_asks_for_an_action_of_the_table_or_is_open_for_a_written_reason():
    async def go():
        async with Api() as api:
            doors = [door for doors in await all_doors(api) for door in doors]
            unasked = {(door.method, door.path) for door in doors if door.action is None}
            assert unasked == set(OPEN)
            assert all(door.action is None or door.action in ACTIONS for door in doors)

    run(go())


def _address(path):
    for name, value in (
        ("{id}", "dec_000000000000"), ("{key}", "user"), ("{value:path}", "x"), ("{version}", "x@000000000000"),
    ):  # fmt: skip
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("scope", SCOPES)
def test_every_address_of_the_api_answers_each_scope_as_the_matrix_says(scope):
    async def go():
        async with Api() as api:
            key = api.key(scope)
            for door in (await all_doors(api))[0]:
                if door.action is None:
                    continue
                body = None if door.method == "GET" else b"{}"
                answer = await api.ask(door.method, _address(door.path), body, key=key)
                assert (answer.status_code != 403) == may(scope, door.action), (door, answer.status_code)
                assert (await api.ask(door.method, _address(door.path), body, key="jk_nobody")).status_code == 401

    run(go())
