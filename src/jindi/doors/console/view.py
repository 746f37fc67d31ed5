"""One page view: who looks, in which language and theme, and the words and figures that the templates use."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from jindi import __version__
from jindi.access import Action, Permits, Role, Session, csrf_token
from jindi.access.roles import TITLES
from jindi.basics.identifiers import holds_personal_number, is_written_as_name
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem
from jindi.doors.console import figures
from jindi.doors.console.assets import Assets
from jindi.doors.console.glossary import BY_ID
from jindi.doors.console.words import HTML_LANG, LANGS, WORDS, Lang, preferred, say
from jindi.doors.console.words.problems import Said, problem_in, said_in, values_in_chinese
from jindi.packs.definitions import OUTCOMES, Words

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "lang": LANGS,
    "theme": ("system", "light", "dark"),
    "rows": ("normal", "compact", "roomy"),
    "keys": ("on", "off"),
}
"""What a browser may remember, each in a cookie of its own; the first is the default."""

MENU: Final = (
    ("overview", "/console", "overview.read"),
    ("cases", "/console/cases", "cases.read"),
    ("screening", "/console/screening", "screening.read"),
    ("diligence", "/console/diligence", "kyc.read"),
    ("filings", "/console/reports", "filings.read"),
    ("incidents", "/console/incidents", "incidents.read"),
    ("links", "/console/links", "links.read"),
    ("team", "/console/team", "cases.team"),
    ("decisions", "/console/decisions", "decisions.read"),
    ("policies", "/console/policies", "policies.read"),
    ("lists", "/console/lists", "lists.read"),
    ("features", "/console/features", "features.read"),
    ("models", "/console/models", "models.read"),
    ("sources", "/console/sources", "sources.read"),
    ("find", "/console/find", "vault.search"),
    ("subjects", "/console/subjects", "subjects.read"),
    ("approvals", "/console/approvals", "approvals.read"),
    ("keys", "/console/keys", "keys.read"),
    ("audit", "/console/audit", "audit.read"),
    ("staff", "/console/staff", "staff.read"),
    ("controls", "/console/controls", "controls.read"),
    ("staff_alerts", "/console/staff-alerts", "staff_alerts.read"),
    ("settings_notices", "/console/settings/notifications", "notices.prefer"),
    ("settings_webhooks", "/console/settings/webhooks", "webhooks.read"),
    ("help", "/console/help", "help.read"),
)
"""The menu: a page's name, its address, and what somebody must be allowed to do to see it."""

SEARCH: Final = "/console/search"
COOKIE = "jindi_"


@dataclass(frozen=True, slots=True)
class View:
    """All that depends on who looks: handed to every template as `v`."""

    lang: Lang
    theme: str
    rows: str
    keys: str
    session: Session | None
    permits: Permits
    csrf: str | None
    back: str
    zone: ZoneInfo
    now_us: int
    request_id: str
    _may: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was asked already: a page asks for the same right in many places, and one request has one answer."""

    def may(self, action: str) -> bool:
        """Whether the reader may do an action, as far as can be told before it is asked for."""
        return self._may_each((action,))[0]

    @property
    def menu(self) -> list[tuple[str, str]]:
        """The pages that the reader may see: names and addresses."""
        allowed = self._may_each([action for _, _, action in MENU])
        return [(name, path) for (name, path, _), may in zip(MENU, allowed, strict=True) if may]

    def _may_each(self, actions: Sequence[str]) -> list[bool]:
        if self.session is None:
            return [False] * len(actions)
        if asked := [each for each in dict.fromkeys(actions) if each not in self._may]:
            verdicts = self.permits.each(self.session.principal, asked, self.now_us)
            self._may.update((action, verdict.allowed) for action, verdict in zip(asked, verdicts, strict=True))
        return [self._may[each] for each in actions]

    def action(self, action: Action) -> str:
        """An action in this page's language."""
        return action.zh if self.lang == "zh" else action.en

    @property
    def html_lang(self) -> str:
        """The language as HTML names it."""
        return HTML_LANG[self.lang]

    def t(self, message: str, **values: object) -> str:
        """A sentence in this page's language."""
        return say(self.lang, message, **values)

    def words(self, words: Words) -> str:
        """A pack's sentence in this page's language."""
        return words.zh if self.lang == "zh" else words.en

    def at(self, at_us: int) -> str:
        """An instant to the second, in the page's zone."""
        return figures.instant(at_us, self.zone)

    def at_exact(self, at_us: int) -> str:
        """An instant to the microsecond, in the page's zone."""
        return figures.instant_exact(at_us, self.zone)

    def clock(self, at_us: int) -> str:
        """The time of day, in the page's zone."""
        return figures.clock(at_us, self.zone)

    def utc(self, at_us: int) -> str:
        """An instant in UTC, for the pointer to tell."""
        return format_instant(at_us)

    def kind(self, name: str) -> str:
        """What an identifier is, in words."""
        return self.t("kind." + name) if "kind." + name in WORDS else name

    def entity(self, name: str) -> str:
        """What an entity is, in words, or its plain name when nobody named it."""
        return self.t("links.kind." + name) if "links.kind." + name in WORDS else name

    def scenario(self, name: str) -> str:
        """A fraud scenario's name, or its plain identifier when nobody named it."""
        return self.t("scenario." + name) if "scenario." + name in WORDS else name.replace("_", " ")

    def event(self, name: str) -> str:
        """An event type's name, or its plain identifier when nobody named it: packs bring types of their own."""
        return self.t("event." + name) if "event." + name in WORDS else name

    def status(self, name: str) -> str:
        """What became of a decision, in words."""
        return self.t("status." + name) if "status." + name in WORDS else name

    def mark(self, name: str) -> str:
        """How sure a figure is, in words."""
        return self.t("mark." + name.replace(" ", "_"))

    @property
    def offset(self) -> str:
        """How far the page's zone is from UTC now."""
        return figures.offset(self.now_us, self.zone)

    def amount(self, minor: int, currency: str) -> str:
        """Money in full."""
        return figures.amount(minor, currency, self.lang)

    def amount_short(self, minor: int, currency: str) -> str:
        """Money for a tile."""
        return figures.amount_short(minor, currency, self.lang)

    def count_short(self, number: int) -> str:
        """A whole number for a tile."""
        return figures.count_short(number, self.lang)

    def duration(self, us: int) -> str:
        """A length of time in words."""
        return figures.duration(us, self.lang)


def view_of(
    request: Request, *, session: Session | None, permits: Permits, clear_id: str | None, zone: ZoneInfo, now_us: int
) -> View:  # fmt: skip
    """The view of a request: its cookies where they hold something we know, the browser's wish otherwise."""
    chosen = {}
    for name, allowed in CHOICES.items():
        given = request.cookies.get(COOKIE + name)
        chosen[name] = given if given in allowed else allowed[0]
    lang: Lang = "zh" if chosen["lang"] == "zh" else "en"
    if request.cookies.get(COOKIE + "lang") not in LANGS:
        lang = preferred(request.headers.get("accept-language", ""))
    query, path = request.url.query, request.url.path
    if request.method == "POST":  # what a form answers can't be opened again; the page that it was on can
        path, query = own_path(urlsplit(request.headers.get("referer", "")).path), ""
    return View(
        lang=lang,
        theme=chosen["theme"],
        rows=chosen["rows"],
        keys=chosen["keys"],
        session=session,
        permits=permits,
        csrf=csrf_token(clear_id) if session is not None and clear_id is not None else None,
        back=_back(path + (f"?{query}" if query else "")),
        zone=zone,
        now_us=now_us,
        request_id=request.state.request_id,
    )


def _back(here: str) -> str:
    """Where a form that changes the language leads back to. A number in an address is not written into a page again."""
    return "/console" if holds_personal_number(unquote_plus(here)) else here


class Pages:
    """The templates, compiled once; a name that a template uses and nobody gave is an error, not a blank."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=PackageLoader("jindi.doors.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            asset=assets.address,
            outcomes=OUTCOMES,
            version=__version__,
            count=figures.count,
            share=figures.share,
            heat=figures.heat,
            words_known=WORDS.keys(),
            term=BY_ID.get,
            milliseconds=figures.milliseconds,
            plain_amount=figures.plain_amount,
            address=address,
            is_fit=is_fit_for_address,
            role_title=role_title,
            alone=False,
            absent=(),
            search_path="/console/decisions",
            unread=_nothing,
            cited=_plainly,
            value_words=_unnamed,
            problem_of=self.problem,
            told_of=self.told,
            case_name=self.case,
            values_of=self.values,
        )
        self._called: Callable[[str, str], str | None] = _unnamed
        self.absent: frozenset[str] = frozenset()

    def alone(self, alone: bool) -> None:
        """Whether four eyes are off, which every page then says."""
        self._templates.globals["alone"] = alone

    def bell(self, unread: Callable[[View], int]) -> None:
        """How many notifications wait for whoever looks: from now on every page says so."""
        self._templates.globals["unread"] = unread

    def cites(self, cited: Callable[[View, Words], Any]) -> None:
        """How a basis is taken apart into words and ways to its sources: from now on every page shows it so."""
        self._templates.globals["cited"] = cited

    def says(self, words: Callable[[str, object], Words | None]) -> None:
        """What a value of a field or of a feature is called: from now on every page shows it so."""
        self._templates.globals["value_words"] = words

    def calls(self, called: Callable[[str, str], str | None]) -> None:
        """What a case is called in Chinese, by its name and its pack's: from now on every page calls it so."""
        self._called = called

    def case(self, view: View, name: str, path: str = "") -> str:
        """A case's name in the page's language, as far as its pack has one; `path` is the file that the case is in."""
        return (self._called(name, path.partition("/")[0]) if view.lang == "zh" else None) or name

    def told(self, view: View, text: str, path: str = "") -> Markup:
        """A sentence of the rooms below in the page's language; marked as English where it is still that."""
        return _marked(said_in(text, view.lang, self._caller(path)))

    def values(self, view: View, text: str) -> str:
        """Values by their names, as the engine tells them of a case, in the page's language."""
        return values_in_chinese(text) if view.lang == "zh" else text

    def problem(self, view: View, problem: Problem) -> Markup:
        """A problem in the page's language: where it is, what is wrong, what to do about it."""
        address, wrong, remedy = problem_in(problem, view.lang, self._caller(problem.where))
        colon, opening, closing = ("：", "（", "）") if view.lang == "zh" else (": ", " (", ")")
        told = escape(f"{address}{colon}" if address else "") + _marked(wrong)
        return told + opening + _marked(remedy) + closing if remedy.text else told

    def problems(self, view: View, problems: Iterable[Problem]) -> Markup:
        """Several problems as one sentence."""
        return escape("；" if view.lang == "zh" else "; ").join(self.problem(view, each) for each in problems)

    def _caller(self, path: str) -> Callable[[str], str | None]:
        pack = path.partition("/")[0]
        return lambda name: self._called(name, pack)

    def only_with(self, paths: AbstractSet[str]) -> None:
        """The addresses that this console has: the menu shows no page without one."""
        self.absent = frozenset(name for name, path, _ in MENU if path not in paths)
        self._templates.globals["absent"] = self.absent
        self._templates.globals["search_path"] = SEARCH if SEARCH in paths else "/console/decisions"

    def show(self, template: str, view: View, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from its template."""
        text = self._templates.get_template(template).render(v=view, **values)
        return HTMLResponse(text, status_code=status)


def _nothing(_: View) -> None:
    """This console has no notifications."""


def _plainly(view: View, words: Words) -> list[dict[str, str]]:
    """This console has no register of sources: a basis is its words."""
    return [{"text": view.words(words), "path": ""}]


def _unnamed(_name: str, _value: object) -> None:
    """This console has no packs at hand: a value, or a case, is what it is."""


def _marked(said: Said) -> Markup:
    """A text for a page; what is English on a page that is not tells readers' voices so."""
    return Markup('<span lang="en">{}</span>').format(said.text) if said.is_english else escape(said.text)


def role_title(role: Role, lang: Lang) -> str:
    """A role's name on screen."""
    return TITLES[role][0 if lang == "zh" else 1]


def own_path(text: str) -> str:
    """One of our own pages, or the first one: a path that begins with two slashes, or a backslash, would leave us.

    >>> own_path("/console/audit"), own_path("//evil.example"), own_path("https://evil.example")
    ('/console/audit', '/console', '/console')
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text and not text.startswith("//")
    ours = text.startswith(("/console", "/sign-in", "/invitation/", "/set-up"))
    return text if plain and ours and len(text) <= 2048 else "/console"


def is_fit_for_address(text: str) -> bool:
    """Whether what somebody typed may stand in an address: in a history, a proxy's log, a message to a colleague."""
    return not holds_personal_number(text) and not is_written_as_name(text)


def address(path: str, **query: object) -> str:
    """A path with those query values that are set.

    >>> address("/console/decisions", outcome="deny", rule=None, text="a b")
    '/console/decisions?outcome=deny&text=a+b'
    """
    kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return path + ("?" + urlencode(kept) if kept else "")
