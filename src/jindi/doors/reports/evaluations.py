"""A model's evaluation as a page."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from jindi.doors.console.charts import Chart, lines
from jindi.doors.reports.backtests import templates

Document = Mapping[str, Any]
FIGURES = ("auc", "average_precision", "card_precision", "ks", "macro_f1", "calibration_error", "savings")
_HALF = 480


def evaluation_page(document: Document) -> str:
    """What `jindi learn` found, as one HTML page in both languages and for both themes."""
    template = templates().get_template("evaluation.html")
    style = (files("jindi.doors.reports") / "report.css").read_text("utf-8")
    last = document["folds"][-1]
    return template.render(
        d=document, r=document["recipe"], last=last, figures=FIGURES, number=number, within=within,
        charts=_charts(last), style=Markup(style),  # noqa: S704 - our file
    )  # fmt: skip


def number(value: float | None) -> str:
    """A figure to four digits; what could not be made is a dash.

    >>> number(0.87654321), number(None)
    ('0.8765', '–')
    """
    return "–" if value is None else f"{value:.4g}"


def within(interval: Sequence[float | None] | None) -> str:
    """An interval.

    >>> within([0.1, 0.2]), within(None)
    ('0.1 … 0.2', '–')
    """
    return "–" if interval is None or interval[0] is None else f"{number(interval[0])} … {number(interval[1])}"


def _charts(fold: Document) -> list[tuple[str, Chart]]:
    curve, bands = fold["curves"]["precision_recall"], fold["curves"]["calibration"]
    told = [f"{point['told']:,}" for point in curve]
    titles = [
        f"{point['told']:,}: 查准 precision {point['precision']:.3f}, 查全 recall {point['recall']:.3f}, "
        f"{point['cost_per_day']:,.0f}"
        for point in curve
    ]
    ranking: list[tuple[str, list[float | None]]] = [
        ("live", [point["precision"] for point in curve]), ("candidate", [point["recall"] for point in curve]),
    ]  # fmt: skip
    calibration: list[tuple[str, list[float | None]]] = [
        ("live", [band["is"] for band in bands]), ("candidate", [band["told"] for band in bands]),
    ]  # fmt: skip
    cost: list[tuple[str, list[float | None]]] = [("live", [point["cost_per_day"] for point in curve])]
    numbers = [str(place) for place, _ in enumerate(bands, 1)]
    said = [f"{band['told']:.4f} → {band['is']:.4f} ({band['rows']:,})" for band in bands]
    return [
        ("chart.ranking", lines(told, ranking, titles, width=_HALF)),
        ("chart.cost", lines(told, cost, titles, width=_HALF)),
        ("chart.calibration", lines(numbers, calibration, said, width=_HALF)),
    ]
