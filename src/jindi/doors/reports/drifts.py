"""A drift report's document as a page."""

from importlib.resources import files
from typing import Any

from markupsafe import Markup

from jindi.doors.reports.backtests import Document, templates
from jindi.packs import OUTCOMES

ORDER = tuple(str(outcome) for outcome in OUTCOMES)
_WIDTH, _ROW = 320, 16


def drift_page(document: Document) -> str:
    """A report of `jindi drift` as one HTML page, in both languages and for both themes."""
    types = [
        (name, {**found, "fact_rows": _ordered(found["facts"])}) for name, found in sorted(document["types"].items())
    ]  # fmt: skip
    style = (files("jindi.doors.reports") / "report.css").read_text("utf-8")
    return templates().get_template("drift.html").render(
        d=document, types=types, style=Markup(style), order=ORDER, bars=bars, figure=figure,  # noqa: S704 - our file
    )  # fmt: skip


def _ordered(facts: Document) -> list[tuple[str, Any]]:
    def order(pair: tuple[str, Any]) -> tuple[bool, bool, float, str]:
        name, each = pair
        return not each["alarm"], each["growing"] or each["redefined"], -each["psi"], name

    return sorted(facts.items(), key=order)


def figure(value: float | None) -> str:
    """A figure as people read it.

    >>> figure(0.12345), figure(0.0000123), figure(None)
    ('0.123', '1.2e-05', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.1e}"


def bars(bins: list[dict[str, Any]]) -> dict[str, Any]:
    """The shares of each bin in both stretches, as bars on paper.

    >>> found = bars([{"name": "a", "reference": 3, "current": 1}, {"name": "b", "reference": 1, "current": 1}])
    >>> [(bar["name"], bar["was"], bar["now"]) for bar in found["bars"]]
    [('a', 320.0, 213.3), ('b', 106.7, 213.3)]
    """
    whole = [max(sum(each[side] for each in bins), 1) for side in ("reference", "current")]
    shares = [(each["name"], each["reference"] / whole[0], each["current"] / whole[1]) for each in bins]
    most = max((max(was, now) for _, was, now in shares), default=1.0) or 1.0
    return {
        "width": _WIDTH,
        "height": _ROW * 2 * len(bins) + 4 * len(bins),
        "bars": [
            {
                "name": name, "y": number * (2 * _ROW + 4), "was": round(was / most * _WIDTH, 1),
                "now": round(now / most * _WIDTH, 1), "was_share": was, "now_share": now,
            }
            for number, (name, was, now) in enumerate(shares)
        ],
    }  # fmt: skip
