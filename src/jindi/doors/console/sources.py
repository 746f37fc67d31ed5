"""The console's pages of sources: the documents that rules, limits and controls rest on, and what rests on each.

Wherever a basis is shown its words lead here. Where a text was read is told as an address that the reader may open
himself; nothing here asks for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About
from jindi.doors.console.doors import Doors
from jindi.doors.console.view import View, address, is_fit_for_address
from jindi.doors.guarding import by_method
from jindi.packs import PolicyDef, Register, Resting, SourceDef, Words, resting
from jindi.packs.vocabulary import SOURCE_STATES
from jindi.run.platform import Platform

PLACE, ACTION = "/console/sources", "sources.read"
TEXT_MAX: Final = 80
KINDS: Final = ("rule", "exemption", "limit", "control", "typology", "report", "pattern", "calendar", "large")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a basis: plain words, or words that lead to a source's page."""

    text: str
    path: str = ""


class SourcePages:
    """The pages over the register of one platform. From now on every page of the console leads to them."""

    def __init__(self, platform: Platform, doors: Doors) -> None:
        self._platform, self._doors = platform, doors
        self._known: tuple[str, Register, dict[str, Sequence[Resting]]] | None = None
        doors.pages.cites(self.parts)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        # The form only makes an address, and whoever opens it is recorded then.
        search = needs(ACTION, self.search, is_recorded=False, about=lambda _: About())
        return [
            Route(PLACE, by_method(GET=needs(ACTION, self.all), POST=search), methods=["GET", "POST"]),
            Route(f"{PLACE}/{{id}}", needs(ACTION, self.one)),
        ]

    def parts(self, view: View, words: Words) -> list[Part]:
        """A basis as it is shown: where it names a source, its words lead to the article."""
        text = view.words(words)
        if not view.may(ACTION):
            return [Part(text)]
        found, at = list[Part](), 0
        for span in self._register()[0].spans(text):
            if span.start < at:  # two articles by one number: the first is led to
                continue
            if span.start > at:
                found.append(Part(text[at : span.start]))
            found.append(Part(text[span.start : span.end], path_of(*span.cited)))
            at = span.end
        return [*found, Part(text[at:])] if text[at:] else found

    def _register(self) -> tuple[Register, dict[str, Sequence[Resting]]]:
        """The register in force and what rests on it, reckoned once for each definitions."""
        definitions = self._platform.program.definitions
        if self._known is None or self._known[0] != definitions.digest:
            register = Register(definitions.sources)
            self._known = definitions.digest, register, dict(resting(definitions, register))
        return self._known[1], self._known[2]

    def _path(self, view: View, each: Resting) -> str:
        """Where the page of what rests on a source is; "" where there is none for whoever looks."""
        match each.kind:
            case "rule" | "exemption" if view.may("policy.read"):
                return f"/console/policies/{quote(each.within)}#{quote(each.id)}"
            case "limit" if view.may("policy.read"):
                reader = dict(_readers(self._platform.program.definitions.policies)).get(each.id)
                return f"/console/policies/{quote(reader)}#limit-{quote(each.id)}" if reader is not None else ""
            case "control" if view.may("controls.read"):
                return f"/console/controls/{quote(each.id)}"
            case "typology" if view.may("cases.read") and "cases" not in self._doors.pages.absent:
                return address("/console/cases", tab="all", typology=each.id)
            case _:
                return ""

    # ---- pages

    async def search(self, request: Request, _: View) -> Response:
        """The way from a filter that somebody chose to an address that can be kept."""
        form = await self._doors.form(request)
        text = form.get("text", "").strip()[:TEXT_MAX]
        asked = {"text": text if is_fit_for_address(text) else "", "status": form.get("status", "")[:TEXT_MAX]}
        return RedirectResponse(address(PLACE, **asked), HTTPStatus.SEE_OTHER)

    async def all(self, request: Request, view: View) -> Response:
        """Every source, filtered by the address, those that most rests on first within their state."""
        register, rests = self._register()
        text, status = request.query_params.get("text", "").strip()[:TEXT_MAX], request.query_params.get("status", "")
        found = [
            (each, rests[each.id]) for each in register.sources.values()
            if status in ("", each.status) and (not text or _has(each, text))
        ]  # fmt: skip
        found.sort(key=lambda pair: (SOURCE_STATES.index(pair[0].status), -len(pair[1]), pair[0].id))
        return self._doors.pages.show(
            "sources.html", view, page="sources", found=found, count_of=len(register.sources), text=text,
            status_asked=status, states=SOURCE_STATES, is_unknown=status not in ("", *SOURCE_STATES),
        )  # fmt: skip

    async def one(self, request: Request, view: View) -> Response:
        """One source: the document, its articles in our words, and all that rests on it."""
        register, rests = self._register()
        source = register.sources.get(request.path_params["id"])
        if source is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_source")
        there = rests[source.id]
        return self._doors.pages.show(
            "source.html", view, page="sources", it=source, kinds=KINDS,
            by_kind={kind: [each for each in there if each.kind == kind] for kind in KINDS}, count_of=len(there),
            by_article={
                article.id: [each for each in there if article.id in each.articles] for article in source.articles
            },
            path_of=partial(self._path, view), anchor=anchor,
        )  # fmt: skip


def _readers(policies: Iterable[PolicyDef]) -> Iterator[tuple[str, str]]:
    """The limits that each policy asks for, live policies last, so that they are kept of several."""
    for policy in sorted(policies, key=lambda each: each.state == "live"):
        conditions = [rule.when for rule in policy.rules] + [exemption.when for exemption in policy.exemptions]
        for when in conditions:
            for asked in when.inputs:
                if asked.startswith("limit('"):
                    yield asked[len("limit('") : -2], policy.id


def path_of(source: str, article: str = "") -> str:
    """Where a source's page is, at one of its articles.

    >>> path_of("pipl"), path_of("online_payment_measures", "11(3)")
    ('/console/sources/pipl', '/console/sources/online_payment_measures#a-11-3')
    """
    return f"{PLACE}/{quote(source)}" + (f"#{anchor(article)}" if article else "")


def anchor(article: str) -> str:
    """The name of an article's place on its source's page.

    >>> anchor("11(3)"), anchor("8.1.4.2")
    ('a-11-3', 'a-8.1.4.2')
    """
    return "a-" + article.replace("(", "-").replace(")", "")


def _has(source: SourceDef, text: str) -> bool:
    told = (source.title.zh, source.title.en, source.body.zh, source.body.en, source.number, source.id, *source.names)
    return any(text.casefold() in each.casefold() for each in told)
