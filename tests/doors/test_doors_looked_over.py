"""That every page of the matrix of addresses is opened and looked over in a real browser by some test."""

import ast
import re
from pathlib import Path

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
