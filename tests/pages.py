"""Pages that are made from a file of tables: what such files name must be there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def tests_of(path: str) -> frozenset[str]:
    """The names of the tests in a file of this repository; none when there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(
        each.name
        for each in tree.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_")
    )


def is_test(name: str) -> bool:
    """Whether `tests/path.py::test_name` is a test."""
    path, _, test = name.partition("::")
    return test in tests_of(path)


def is_heading(place: str) -> bool:
    """Whether `docs/page.md#heading` is a heading of a page."""
    path, _, anchor = place.partition("#")
    file = ROOT / path
    if not file.is_file():
        return False
    heads = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return anchor in {anchor_of(each) for each in heads}


def anchor_of(heading: str) -> str:
    """A heading as links name it.

    >>> anchor_of("events.toml: a field")
    'eventstoml-a-field'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def linked(name: str) -> str:
    """A test as a link from a page under docs/."""
    path, _, test = name.partition("::")
    return f"[{test.removeprefix('test_').replace('_', ' ')}](../{path})"


def held(page: Path, made: str, *, rewrite: bool) -> None:
    """The page is what was made; with `rewrite` it becomes that first."""
    if rewrite:
        page.write_text(made, encoding="utf-8")
    assert page.read_text("utf-8") == made, "run this test with --rewrite, and look at the page"
