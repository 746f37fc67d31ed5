"""Every page of the console as a picture, from a running demo: `python docs/every_page.py SIGN_IN_LINK FOLDER`.

For looking at, not for the documents (those pictures are made by screenshots.py). The pages are those of the matrix of
addresses in permissions.md; what stands for `{id}` is found by following the pages' own links, so a page that nothing
leads to is told as not reached. Each is shot in both languages and both themes at 1440 pixels, and in both languages at
390, and looked over as the tests do it: what can't be read, has no name or is wider than the window is printed.

First it does what a fresh demo lacks: it takes a case, opens an incident, asks for approvals, drafts a rule and tries
it. So use a demo that may be thrown away.
"""

import re
import sys
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "doors"))

from console_browser import Browser, Profile, Tab  # noqa: E402 - it lies with the tests
from looking_over import all_told, found_here  # noqa: E402 - it lies with the tests

MATRIX = ROOT / "docs" / "permissions.md"
NO_PAGE = re.compile(r"\.\{form\}|\.(csv|xlsx|json|svg|pdf)\b|/(file|panel|panels|live|bell)\Z|/files/|/company")
LOOKS = (
    *(("1440", lang, theme) for lang, theme in product(("zh", "en"), ("light", "dark"))),
    ("390", "zh", "light"), ("390", "en", "light"),
)  # fmt: skip
LINKS = "[...document.querySelectorAll('a[href^=\"/\"]')].map((each) => each.getAttribute('href'))"


def main(link: str, folder: Path) -> None:
    """Sign in, prepare, find an example of every page, shoot each in every look."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    folder.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    try:
        profile = Profile(browser)
        tab = Tab(profile)
        tab.open(link)
        tab.run("document.querySelector('main form button').click()")
        assert tab.until("location.pathname === '/console'"), "the link is used up, or too old"
        tab.cookie(base, "jindi_lang", "en")
        for each in prepared(tab, base):
            print("not prepared:", each)
        pages = found(tab, base)
        for each in sorted(set(patterns()) - set(pages)):
            print("not reached:", each)
        for each in shot(profile, base, pages, folder):
            print(each)
    finally:
        browser.close()


def patterns() -> dict[str, re.Pattern[str]]:
    """The addresses of pages in the matrix, and what matches each."""
    lines = re.findall(r"^\| GET `(/console[^`]*)`", MATRIX.read_text("utf-8"), re.MULTILINE)
    wanted = dict.fromkeys(each for each in lines if not NO_PAGE.search(each))
    spoken = {"{id}": "[^/.]+", "{value:path}": ".+"}
    made = {}
    for each in wanted:
        parts = re.split(r"(\{[^}]*\})", each)
        made[each] = re.compile(
            "".join(spoken.get(p, "[^/]+") if p[:1] == "{" else re.escape(p) for p in parts) + r"\Z"
        )
    return made


def found(tab: Tab, base: str) -> dict[str, list[str]]:
    """For each address of the matrix one page (or what leads to it), found by following links."""
    known, pages, waiting, seen = patterns(), dict[str, list[str]](), ["/console"], set()
    while waiting:
        path = waiting.pop(0)
        plain = path.partition("?")[0]
        # An address that is written in full comes before one that would match it as an example.
        names = [name for name, pattern in known.items() if pattern.match(plain)]
        name = min(names, key=lambda each: each.count("{"), default=None)
        if name is None or plain in seen or len(pages.get(name, ())) >= 1 + name.count("{"):
            continue
        seen.add(plain)
        pages.setdefault(name, []).append(path.partition("#")[0])
        tab.open(base + path)
        waiting += [each.partition("#")[0] for each in tab.run(LINKS)]
    return pages


def shot(profile: Profile, base: str, pages: dict[str, list[str]], folder: Path) -> list[str]:
    """Each page in each look into the folder; what is wrong with any, in words."""
    wrong = []
    for width, lang, theme in LOOKS:
        tab = Tab(profile, width=int(width), height=900)
        tab.cookie(base, "jindi_lang", lang)
        tab.cookie(base, "jindi_theme", theme)
        for name, paths in sorted(pages.items()):
            for number, path in enumerate(paths):
                tab.open(base + path, settle_s=0.2)
                stem = re.sub(r"[^a-z0-9]+", "-", name.removeprefix("/console").lower()).strip("-") or "overview"
                tab.shot(folder / f"{stem}{number or ''}.{width}.{lang}.{theme}.png", whole=True)
                wrong += [f"{path} {width} {lang}: {each}" for each in found_here(tab, (theme,))]
        wrong += [f"{width} {lang} {theme}: {each}" for each in all_told(tab, base)]
    return list(dict.fromkeys(wrong))


def prepared(tab: Tab, base: str) -> list[str]:
    """Do what makes pages that a fresh demo doesn't have; what could not be done."""
    return []


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
