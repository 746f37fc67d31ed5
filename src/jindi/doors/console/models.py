"""The console's pages of models: what each is and was tested to do, and how the drift watcher finds it by now."""

from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.doors.console.charts import stacked
from jindi.doors.console.doors import Doors
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.run.scoring import FIGURES, Models, Scored, Since

WEIGHTS_SHOWN: Final = 20
_BAR = 100


class Line(NamedTuple):
    """One model as the list shows it: since when it scores, and what the drift watcher says of it."""

    model: Scored
    since: Since | None
    drift: Any

    @property
    def proposal(self) -> str | None:
        """What is proposed about it; None where nobody watches."""
        return None if self.drift is None else str(self.drift["proposal"])


SHAPE: Final = Shape[Line](
    "models", "/console/models", "models.read",
    (
        Column("model", "models.model", lambda each: each.model.name),
        Column(
            "event", "models.on", lambda each: each.model.definition.on, chosen=True,
            said=lambda view, name: view.event(name),
        ),
        Column(
            "kind", "models.kind", lambda each: each.model.kind, chosen=True, searched=False,
            said=lambda view, kind: view.t(f"models.kind.{kind}"),
        ),
        Column(
            "inputs", "models.inputs", lambda each: len(each.model.definition.inputs), kind="number", searched=False
        ),
        Column("readers", "models.readers", lambda each: len(each.model.readers), kind="number", searched=False),
        Column(
            "since", "models.since", lambda each: each.since.at_us if each.since is not None else None, kind="time",
            searched=False,
        ),
        Column(
            "proposal", "models.proposal", lambda each: each.proposal, chosen=True, searched=False,
            said=lambda view, proposal: view.t(f"models.proposal.{proposal}"),
        ),
        Column("digest", "models.model", lambda each: each.model.definition.digest, shown=False, sorts=False),
        Column(
            "approved_by", "models.since", lambda each: each.since.approved_by if each.since is not None else None,
            shown=False, sorts=False,
        ),
    ),
    key=lambda each: each.model.name, export="definitions.export",
)  # fmt: skip


class ModelPages:
    """The pages over the models of one platform."""

    def __init__(self, models: Models, doors: Doors) -> None:
        self._models, self._doors = models, doors
        self._table = Table(SHAPE, doors, self._rows)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route("/console/models", needs("models.read", self.all)),
            *self._table.routes(),
            Route("/console/models/{id}", needs("model.read", self.one)),
        ]

    async def all(self, request: Request, view: View) -> Response:
        """Every model, what reads it, since when it scores, and what is proposed about it; or how to make one."""
        return self._doors.pages.show(
            "models.html", view, page="models", t=await self._table.listed(request, view), looked=self._models.looked,
            figure=figure, is_watched=self._models.is_watched,
        )  # fmt: skip

    async def _rows(self, _: View) -> list[Line]:
        return [
            Line(each, await self._models.since(each.name), self._models.drift(each.name))
            for each in self._models.all()
        ]

    async def one(self, request: Request, view: View) -> Response:
        """One model: its card, who approved it, what reads it, drift and decay, and which inputs weigh most."""
        try:
            model = self._models.one(request.path_params["id"])
        except LookupError:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_model") from None
        evaluation = await self._models.evaluation(model.name)
        drift, weights = self._models.drift(model.name), await self._models.weights(model.name)
        most = max((weight for _, weight in weights.inputs), default=0.0) or 1.0
        score = drift["score"] if drift is not None else None
        return self._doors.pages.show(
            "model.html", view, page="models", it=model, since=await self._models.since(model.name),
            evaluation=evaluation, drift=drift, weights=weights, looked=self._models.looked, figure=figure,
            is_watched=self._models.is_watched, figures=FIGURES, within=within, features=self._models.features,
            bars=[(title, weight, round(_BAR * weight / most, 1)) for title, weight in weights.inputs[:WEIGHTS_SHOWN]],
            more=max(0, len(weights.inputs) - WEIGHTS_SHOWN), chart=_scores(score, view) if score else None,
        )  # fmt: skip


def figure(value: float | None) -> str:
    """A figure to four digits; what could not be made is a dash.

    >>> figure(0.87654321), figure(None), figure(12345.0)
    ('0.8765', '–', '1.234e+04')
    """
    return "–" if value is None else f"{value:.4g}"


def within(interval: Any) -> str:
    """An interval, or nothing where none could be made.

    >>> within((0.1, 0.2)), within(None)
    ('0.1 – 0.2', '')
    """
    return "" if interval is None else f"{figure(interval[0])} – {figure(interval[1])}"


def _scores(score: Any, view: View) -> Any:
    """The score's distribution in both stretches, as shares of each, side by side."""
    bins = score["bins"]
    was, now = (max(sum(each[side] for each in bins), 1) for side in ("reference", "current"))
    labels, stacks, titles = [], [], []
    for each in bins:
        shares = 100 * each["reference"] / was, 100 * each["current"] / now
        for kind, share, word in (("muted", shares[0], "reference"), ("volume", shares[1], "current")):
            labels.append(each["name"] if kind == "volume" else "")
            stacks.append([(kind, share)])
            titles.append(f"{each['name']} · {view.t('models.drift.' + word)}: {share:.1f}%")
    return stacked(["" for _ in labels], stacks, titles, "%")
