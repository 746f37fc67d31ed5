"""A backtest's document as a page."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from jindi.basics.money import EXPONENTS
from jindi.doors.console.charts import Chart, lines
from jindi.doors.console.figures import amount, count
from jindi.doors.reports.words import both
from jindi.packs import OUTCOMES

Document = Mapping[str, Any]
ORDER = tuple(str(outcome) for outcome in OUTCOMES)
_STOPPED = ORDER[1:]
_HALF = 480
DAYS_MAX = 120
"""Days that a chart shows; the table beside it has all."""


def backtest_page(document: Document) -> str:
    """A report of `jindi backtest` as one HTML page, in both languages and for both themes."""
    candidates = [
        {**each, "number": number, "types": {name: _shown(found) for name, found in _most_changed(each["types"])}}
        for number, each in enumerate(document["candidates"], start=1)
    ]
    template = templates().get_template("backtest.html")
    style = (files("jindi.doors.reports") / "report.css").read_text("utf-8")
    return template.render(d=document, candidates=candidates, style=Markup(style), order=ORDER)  # noqa: S704 - our file


def _most_changed(types: Mapping[str, Document]) -> list[tuple[str, Document]]:
    return sorted(types.items(), key=lambda pair: (-pair[1]["changed"], pair[0]))


@cache
def templates() -> Environment:
    """The templates of all reports, with the words they use."""
    made = Environment(
        loader=PackageLoader("jindi.doors.reports"), autoescape=select_autoescape(), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals.update(t=_both, words=_words, count=count, percent=percent, interval=interval, amount=_amount)
    return made


def _both(key: str, **values: str) -> Markup:
    """A sentence in both languages, of which the page shows one."""
    return _words(*both(key, **values))


def _words(zh: str, en: str) -> Markup:
    return Markup('<span lang="zh-CN">{}</span><span lang="en">{}</span>').format(zh, en)


def percent(value: float | None) -> str:
    """A share as people read it.

    >>> percent(0.1234), percent(0.00012), percent(None)
    ('12.3 %', '0.012 %', '–')
    """
    if value is None:
        return "–"
    return f"{value:.1%}".replace("%", " %") if value == 0 or value >= 0.01 else f"{value * 100:.2g} %"


def interval(figure: Mapping[str, float | None] | None) -> str:
    """A share with its interval.

    >>> interval({"value": 0.5, "low": 0.4, "high": 0.6}), interval({"value": 0.5, "low": None, "high": None})
    ('50.0 % [40.0 % … 60.0 %]', '50.0 %')
    """
    if figure is None:
        return "–"
    if figure["low"] is None:
        return percent(figure["value"])
    return f"{percent(figure['value'])} [{percent(figure['low'])} … {percent(figure['high'])}]"


def _amount(minor: int, currency: str | None) -> str | Markup:
    return "–" if currency is None else _words(amount(minor, currency, "zh"), amount(minor, currency, "en"))


def _shown(found: Document) -> dict[str, Any]:
    """What the template needs beside the document: charts, and tables' rows by day."""
    days = list(found["days"])
    charts: list[tuple[str, Chart]] = []
    if len(days) > 1:
        charts.append(("chart.stopped", _chart(found, lambda part: _sum(part, _STOPPED, "events"))))
        charts.append(("chart.reviews", _chart(found, lambda part: _sum(part, ("review",), "events"))))
        if found["labelled"]["true"] and found["currency"]:
            unit = 10 ** EXPONENTS[found["currency"]]
            charts.append(("chart.caught", _chart(found, lambda part: _sum(part, _STOPPED, "true_minor") / unit)))
            charts.append(("chart.wrongly", _chart(found, lambda part: _sum(part, _STOPPED, "false_minor") / unit)))
    rows = [
        (day, found["days"][day]["decided"]["events"], *(_sum(found["days"][day][side], _STOPPED, "events")
                                                         for side in ("live", "candidate")))
        for day in days
    ]  # fmt: skip
    return {**found, "charts": charts, "day_rows": rows}


def _sum(part: Mapping[str, Mapping[str, int]], outcomes: tuple[str, ...], what: str) -> int:
    return sum(part[name][what] for name in outcomes if name in part)


def _chart(found: Document, of: Any) -> Chart:
    days = list(found["days"])[-DAYS_MAX:]
    live = [float(of(found["days"][day]["live"])) for day in days]
    candidate = [float(of(found["days"][day]["candidate"])) for day in days]
    titles = [
        f"{day}: 现行 live {was:,.0f}, 候选 candidate {would:,.0f}"
        for day, was, would in zip(days, live, candidate, strict=True)
    ]
    return lines([day[5:] for day in days], [("live", live), ("candidate", candidate)], titles, width=_HALF)
