"""The register of controls as a page."""

import json
from importlib.resources import files

from markupsafe import Markup

from jindi.doors.reports.backtests import Document, templates


def controls_page(document: Document) -> str:
    """A report of `jindi controls` as one HTML page, in both languages and for both themes."""
    style = (files("jindi.doors.reports") / "report.css").read_text("utf-8")
    return (
        templates().get_template("controls.html").render(d=document, style=Markup(style), pretty=pretty)  # noqa: S704 - our file
    )


def pretty(evidence: object) -> str:
    """Evidence as people read it.

    >>> print(pretty({"files": 2}))
    {
      "files": 2
    }
    """
    return json.dumps(evidence, ensure_ascii=False, indent=2)
