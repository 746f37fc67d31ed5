"""That every page of the matrix of addresses is opened and looked over in a real browser by some test."""

import ast
import re
from pathlib import Path

import pytest
from console_browser import Profile, Served, Tab, chromium
from looking_over import found_here

HERE = Path(__file__).parent
BENCH = "/console/workbench/pay"
MATRIX = HERE.parents[1] / "docs" / "permissions.md"
NO_PAGE = re.compile(
    r"\.\{form\}|\.(csv|xlsx|json|svg|pdf)\b|/(file|panel|panels|live|bell|report)\Z|/files/|/filters/"
)
"""What is no page of its own: files, parts of pages, and what only leads to another page."""


FOLLOWED = {
    "/console/audit/{id}": ("test_doors_trail_browser.py", "/console/audit/"),
    "/console/audit/proofs/{id}": ("test_doors_trail_browser.py", "/console/audit/proofs/"),
    "/console/case-work/{id}": ("test_doors_cases_browser.py", "/console/case-work/"),
}
"""Pages that a test comes to by a link or a form: in which file, and a part of what it waits for."""


def written(tree):
    """Every text in a file as it may be: what is filled in stands as a letter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else _filled(part) for part in node.values)


def _filled(part):
    return BENCH if isinstance(part.value, ast.Name) and part.value.id == "BENCH" else "x"


def test_every_page_is_looked_over_by_some_browser_test():
    texts = set()
    for path in HERE.glob("*.py"):
        text = path.read_text("utf-8")
        if "import looked_over" in text or "found_here" in text:
            texts |= {each.partition("?")[0] for each in written(ast.parse(text))}
    missing = []
    for page in dict.fromkeys(re.findall(r"^\| GET `(/console[^`]*)`", MATRIX.read_text("utf-8"), re.MULTILINE)):
        if NO_PAGE.search(page):
            continue
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(page)) + r"\Z")
        if page in FOLLOWED:
            file, part = FOLLOWED[page]
            assert part in (HERE / file).read_text("utf-8"), page
        elif not any(pattern.match(each) for each in texts):
            missing.append(page)
    assert missing == []


PLANTED = """<!doctype html><html lang="en" data-theme="light"><head><title>Planted</title><style>
:root[data-theme=dark] .pale {{ color: #999 }}</style></head><body><main><h1>Planted</h1>
<p class="pale">read me</p>{}</main></body></html>"""
FAULTS = """
<div style="width: 90px; height: 30px; overflow: auto"><p>nothing here to stop at, and much to read</p></div>
<p style="color: #555">see <a href="/" style="color: #444; text-decoration: none">that one</a> and others</p>
<table><thead><tr><th></th></tr></thead><tbody><tr><td>1</td></tr></tbody></table><h4>too deep</h4>
"""


def served(body):
    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", b"script-src 'none'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PLANTED.format(body).encode()})

    return Served(app)


@pytest.mark.skipif(chromium() is None, reason="NO CHROMIUM HERE: nothing planted was looked for; install chromium")
def test_axe_finds_what_is_planted_on_a_page_in_either_theme_and_nothing_on_one_without(process):
    for body, expected in ((FAULTS, True), ("", False)):
        site = served(body)
        try:
            tab = Tab(Profile(process), width=1440)
            tab.open(site.url)
            found = [each for each in found_here(tab) if ": axe: " in each]
        finally:
            site.close()
        rules = {each.split(": ")[2] for each in found if each.startswith("light")}
        wanted = {"scrollable-region-focusable", "link-in-text-block", "empty-table-header", "heading-order"}
        assert rules & wanted == (wanted if expected else set())
        assert [each for each in found if each.startswith("dark: axe: color-contrast")] != []
