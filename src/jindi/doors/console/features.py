"""The console's pages of features: all of them, each in words and figures, and what one says of an entity now.

What somebody typed goes by form: an entity that is asked for stands in no address, and the audit has its token.
"""

from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.money import EXPONENTS
from jindi.doors.console.charts import stacked
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.feature_words import in_words, value_words
from jindi.doors.console.figures import amount_short
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View, is_fit_for_address
from jindi.doors.console.words import WORDS
from jindi.language import Type, Value
from jindi.run.audit import Audit, NotRecorded
from jindi.run.exploring import Asked, Distribution, Explorer, Seen
from jindi.run.reveals import Reveals

READERS_SHOWN: Final = 40


def _fold(view: View, fold: str) -> str:
    word = f"features.fold.{fold}"
    return view.t(word) if word in WORDS else fold


SHAPE: Final = Shape[Seen](
    "features", "/console/features", "features.read",
    (
        Column("name", "features.name", lambda each: each.name),
        Column("words", "features.words", lambda each: _says(each), sorts=False, searched=False),  # noqa: PLW0108
        Column("type", "features.type", lambda each: str(each.definition.type), searched=False),
        Column("pack", "features.pack", lambda each: each.definition.pack, chosen=True),
        Column(
            "standing", "features.standing", lambda each: each.standing, chosen=True, searched=False,
            said=lambda view, standing: view.t(f"features.standing.{standing}"),
        ),
        Column("readers", "features.readers", lambda each: len(each.readers), kind="number", searched=False),
        Column(
            "entity", "features.entity", lambda each: each.entities, chosen=True, shown=False, searched=False,
            said=lambda view, name: view.entity(name),
        ),
        Column(
            "event", "features.event", lambda each: each.events, chosen=True, shown=False, searched=False,
            said=lambda view, name: view.event(name),
        ),
        Column(
            "fold", "features.fold", lambda each: each.fold, chosen=True, shown=False, searched=False, said=_fold,
        ),
        Column("zh", "features.words", lambda each: each.definition.doc.zh, sorts=False, shown=False),
        Column("en", "features.words", lambda each: each.definition.doc.en, sorts=False, shown=False),
    ),
    key=lambda each: each.name, export="definitions.export", order="name",
)  # fmt: skip


def _says(each: Seen) -> str:
    """What a feature is, as its pack has it: the expression of a derived one, the window's length of another."""
    if each.derived is not None:
        return each.derived.expression.text
    if each.window is not None and each.window.pattern is not None:
        return f"{each.window.pattern.name} {each.window.fact}"
    return "" if each.window is None else f"{each.window.fold} {each.window.over}"


class FeaturePages:
    """The pages over the features of one platform. Without `reveals` nobody's value is told."""

    def __init__(self, explorer: Explorer, doors: Doors, audit: Audit, reveals: Reveals | None) -> None:
        self._explorer, self._doors = explorer, doors
        self._audit, self._reveals, self._platform = audit, reveals, audit.platform
        self._table = Table(SHAPE, doors, self._rows)
        doors.pages.says(lambda name, value: value_words(explorer.definitions, name, value))

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        routes = [
            Route("/console/features", needs("features.read", self.all)),
            *self._table.routes(),
            Route("/console/features/{id}", needs("feature.read", self._told(self.one))),
        ]
        if self._reveals is not None:
            # Whose value is asked for is in the form, so what is recorded is known only when that has been read.
            value = needs("entity.read", self._told(self.value), is_recorded=False, about=lambda _: About())
            routes.append(Route("/console/features/{id}/value", value, methods=["POST"]))
        return routes

    def _told(self, show: Shown) -> Shown:
        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_feature") from None

        return telling

    # ---- all of them

    async def all(self, request: Request, view: View) -> Response:
        """Every feature of the packs in force, filtered by the address."""
        return self._doors.pages.show(
            "features.html", view, page="features", t=await self._table.listed(request, view), in_words=in_words,
            warming=len(self._platform.lane.state.warming),
        )  # fmt: skip

    async def _rows(self, _: View) -> list[Seen]:
        return self._explorer.all(Asked())

    # ---- one

    async def one(self, request: Request, view: View) -> Response:
        """One feature: as written, in words, who reads it, what it said lately."""
        return await self._show(request, view)

    async def _show(self, request: Request, view: View, **more: Any) -> Response:
        seen = self._explorer.one(request.path_params["id"])
        lately = None if seen.is_confidential else await self._explorer.distribution(seen.name)
        values: dict[str, Any] = {"entity_value": "", "told": None, "refused": "", "status": HTTPStatus.OK} | more
        status = values.pop("status")
        return self._doors.pages.show(
            "feature.html", view, status=int(status), page="features", it=seen,
            written=self._explorer.written(seen.name),
            words=in_words(seen.window, view) if seen.window is not None else "", lately=lately,
            chart=_chart(lately, seen.definition.type, view) if lately is not None and lately.bins else None,
            label=_bin_label, quantiles=_named_quantiles(lately), text=feature_text, readers_shown=READERS_SHOWN,
            may_value=self._may_value(seen, view), definitions=self._explorer.definitions, **values,
        )  # fmt: skip

    def _may_value(self, seen: Seen, view: View) -> bool:
        """Whether the reader may ask what it says of an entity: it has to be the key alone."""
        return self._reveals is not None and len(seen.entities) == 1 and view.may("entity.read")

    async def value(self, request: Request, view: View) -> Response:
        """What the feature says of an entity now. That it was asked for is recorded first, under its token."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        assert self._reveals is not None, "else there is no such address"
        seen, value = self._explorer.one(request.path_params["id"]), form.get("value", "").strip()
        if len(seen.entities) != 1 or not 1 <= len(value) <= 256:
            return await self._show(request, view, refused=view.t("features.value.bad"), status=HTTPStatus.BAD_REQUEST)
        entity = seen.entities[0]
        await self._audit.act(
            self._doors.actor(request, view.session), "entity.read", self._audit.subject(entity, value)
        )  # fmt: skip
        if not self._reveals.may_ask(_who(view), entity, value):
            return await self._show(request, view, refused=view.t("error.no_entity"), status=HTTPStatus.NOT_FOUND)
        try:
            features = self._platform.entity_features(entity, value)
        except LookupError:
            # Why not would repeat what was typed, or name what is kept.
            return await self._show(request, view, refused=view.t("features.value.bad"), status=HTTPStatus.BAD_REQUEST)
        is_token = self._platform.entity_is_token(entity)
        named = self._platform.token_of(entity, value) if is_token else value
        told = {
            "value": features.get(seen.name), "named": named, "as_of_us": self._platform.asked_at_us,
            "is_read": seen.name in features, "mask": await self._reveals.mask(_who(view), named) if is_token else None,
            "path": f"/console/entities/{entity}/{named}" if is_token or is_fit_for_address(named) else None,
        }  # fmt: skip
        return await self._show(request, view, told=told)


def feature_text(view: View, value: Value, kind: Type) -> str:
    """A feature's value as a page says it."""
    if value is None:
        return view.t("missing")
    if isinstance(value, bool):
        return view.t("yes" if value else "no")
    if kind.kind == "duration" and isinstance(value, int | float):
        return view.duration(int(value))
    if kind.kind == "time" and isinstance(value, int):
        return view.at(value)
    if kind.kind == "money" and kind.of and isinstance(value, int | float):
        return view.amount(round(value), kind.of)
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _bin_label(view: View, each: Any, kind: Type, last: bool) -> str:
    """A bar's name in words: a range, or a word."""
    if each.word:
        return view.t("yes" if each.word == "true" else "no") if each.word in ("true", "false") else each.word
    whole = kind.kind in ("int", "money", "duration", "time")
    low, high = (round(each.low), round(each.high)) if whole else (each.low, each.high)
    if low == high or (kind.kind == "int" and high - low == 1 and not last):
        return feature_text(view, low, kind)
    return f"{feature_text(view, low, kind)} – {feature_text(view, high, kind)}"


def _short(view: View, each: Any, kind: Type) -> str:
    """A bar's name under the drawing: where it begins."""
    if each.word:
        return _bin_label(view, each, kind, last=False)
    if kind.kind == "money" and kind.of in EXPONENTS:
        return amount_short(round(each.low), str(kind.of), view.lang)
    if kind.kind == "duration":
        return view.duration(int(each.low))
    return f"{each.low:,.4g}"


def _chart(lately: Distribution, kind: Type, view: View) -> Any:
    last = len(lately.bins) - 1
    return stacked(
        [_short(view, each, kind) for each in lately.bins],
        [[("volume", float(each.count))] for each in lately.bins],
        [f"{_bin_label(view, each, kind, place == last)}: {each.count:,}" for place, each in enumerate(lately.bins)],
    )


def _named_quantiles(lately: Distribution | None) -> list[tuple[str, float]]:
    """The quantiles with their names."""
    if lately is None or not lately.quantiles:
        return []
    return list(zip(("min", "p10", "p50", "p90", "p99", "max"), lately.quantiles, strict=True))


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


__all__ = ["FeaturePages", "feature_text"]
