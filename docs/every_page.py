"""Every page of the console as a picture, from a running demo: `python docs/every_page.py FOLDER LINK [LINK …]`.

For looking at; the documents have the pictures of screenshots.py. The pages are those of the matrix of addresses in
permissions.md. What stands for `{id}` is found by following the pages' own links, so a page that nothing leads to is
told as not reached. Each is shot in both languages and both themes at 1440 pixels, and in both languages at 390, and
looked over as the tests do it: what can't be read, has no name, is wider than the window or breaks the page's policy
is printed.

A link is the one-time link that the demo prints, or an invitation of `jindi staff invite`, which is taken up here: not
everybody may see everything, so invite a senior analyst who is a policy author, too, a security administrator, a
system administrator and an auditor. Each first does what a fresh demo lacks: takes a case, opens an incident, asks for
approvals, drafts a rule and tries it. So use a demo that may be thrown away.
"""

import json
import re
import sys
import time
from base64 import b32decode
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "doors"), str(ROOT / "tests")]

from console_browser import Browser, Profile, Tab  # noqa: E402 - it lies with the tests
from looking_over import all_told, found_here  # noqa: E402 - it lies with the tests

from staff_world import GOOD, totp  # noqa: E402 - it lies with the tests

MATRIX = ROOT / "docs" / "permissions.md"
NO_PAGE = re.compile(
    r"\.\{form\}|\.(csv|xlsx|json|svg|pdf)\b|/(file|panel|panels|live|bell|report)\Z|/files/|/filters/|/company"
)
LOOKS = (
    *(("1440", lang, theme) for lang, theme in product(("zh", "en"), ("light", "dark"))),
    ("390", "zh", "light"), ("390", "en", "light"),
)  # fmt: skip
LINKS = "[...document.querySelectorAll('a[href^=\"/\"]')].map((each) => each.getAttribute('href'))"
SEEDS = ("/console/cases?tab=all", "/console/account", "/console/links?start=user%3Au0000001&depth=2")
"""Where one begins to follow links, besides the first page."""

Pages = dict[str, list[str]]


def main(folder: Path, links: list[str]) -> None:
    """Sign in, prepare, find an example of every page, shoot each in every look: for each person what is new."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(links[0]))
    folder.mkdir(parents=True, exist_ok=True)
    browser, shown = Browser(), set()
    try:
        people = [(Profile(browser), link) for link in links]
        for profile, link in people:
            tab = Tab(profile)
            enter(tab, base, link)
            prepared(tab, base)
        for profile, _ in people:
            pages = {name: paths for name, paths in found(Tab(profile), base).items() if name not in shown}
            shown |= pages.keys()
            for each in shot(profile, base, pages, folder):
                print(each)
        for each in sorted(patterns().keys() - shown):
            print("not reached:", each)
    finally:
        browser.close()


def enter(tab: Tab, base: str, link: str) -> None:
    """Sign in by a one-time link, or take up an invitation with a password and an app."""
    tab.cookie(base, "jindi_lang", "en")
    tab.open(link)
    if "/invitation/" in link:
        sent(tab, "/invitation", {"password": GOOD, "again": GOOD})
        secret = b32decode(tab.run("document.querySelector('.secret').textContent.replaceAll(' ', '')"))
        sent(tab, "/set-up/totp", {"code": totp(time.time_ns() // 1000, secret)})
    else:
        sent(tab, "/sign-in", {})
    tab.open(base + "/console")
    assert tab.run("location.pathname") == "/console", "the link is used up, or too old"


def patterns() -> dict[str, re.Pattern[str]]:
    """The addresses of pages in the matrix, and what matches each."""
    lines = re.findall(r"^\| GET `(/console[^`]*)`", MATRIX.read_text("utf-8"), re.MULTILINE)
    spoken = {"{id}": "[^/.]+", "{value:path}": ".+"}
    made = {}
    for each in dict.fromkeys(each for each in lines if not NO_PAGE.search(each)):
        parts = re.split(r"(\{[^}]*\})", each)
        text = "".join(spoken.get(part, "[^/]+") if part[:1] == "{" else re.escape(part) for part in parts)
        made[each] = re.compile(text + r"\Z")
    return made


def found(tab: Tab, base: str) -> Pages:
    """For each address of the matrix one page, or two where it holds names: found by following links."""
    known, pages, seen = patterns(), Pages(), set[str]()
    waiting = ["/console", *SEEDS]
    while waiting:
        path = waiting.pop(0).partition("#")[0]
        plain = path.partition("?")[0]
        # An address that is written in full comes before one that would take it for an example.
        name = min((name for name, pattern in known.items() if pattern.match(plain)), key=_holes, default=None)
        if name is None or plain in seen or len(pages.get(name, ())) > _holes(name):
            continue
        seen.add(plain)
        tab.open(base + path)
        if tab.run("!document.querySelector('main .error')"):
            pages.setdefault(name, []).append(path)
        waiting += tab.run(LINKS)
    return pages


def _holes(name: str) -> int:
    return min(name.count("{"), 1)


def shot(profile: Profile, base: str, pages: Pages, folder: Path) -> Iterator[str]:
    """Each page in each look into the folder; what is wrong with any, in words."""
    wrong = Counter[str]()
    for width, lang, theme in LOOKS:
        tab = Tab(profile, width=int(width), height=900)
        tab.cookie(base, "jindi_lang", lang)
        tab.cookie(base, "jindi_theme", theme)
        for name, paths in sorted(pages.items()):
            stem = re.sub(r"[^a-z0-9]+", "-", name.removeprefix("/console").lower()).strip("-") or "overview"
            for number, path in enumerate(paths):
                tab.open(base + path, settle_s=0.2)
                tab.shot(folder / f"{stem}{number or ''}.{width}.{lang}.{theme}.png", whole=True)
                wrong.update(f"{path}: {width} {lang}: {each}" for each in found_here(tab, (theme,)))
        wrong.update(f"{width} {lang} {theme}: {each}" for each in all_told(tab, base))
    yield from wrong


def prepared(tab: Tab, base: str) -> None:
    """Do what makes pages that a fresh demo doesn't have, as far as this person is offered it."""
    taken(tab, base)
    for page, action, fields, button in steps():
        tab.open(base + page)
        sent(tab, action, fields, button)


def steps() -> list[tuple[str, str, dict[str, str], str]]:
    """What is done by forms: on which page, by the form of which address, with what in it, and by which button."""
    rule, draft = "/console/workbench/payment/rules/payment-velocity", "/console/workbench/payment"
    limit, blocked = "/console/parameters/large_payment", "/console/lists/blocked_users"
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 86_400))
    known = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 8 * 3_600 - 900))
    incident = {
        "title": "付款接口响应缓慢",
        "kind": "*",
        "aware": known,
        "grade": "",
        "systems": "付款网关",
        "persons": "1200",
    }
    key = {"name": "对账系统", "scope.decisions:read": "", "why": "每日对账。"}
    entries = {"lines": "u0000007,90d,收款后即转出\nu0000008,,多人举报", "why": "两名用户均已确认作案。"}
    later = {"since": soon, "is": "3000.00", "basis_zh": "自定", "basis_en": "Ours"}
    newcomer = {"login": "ouyang", "name": "欧阳若曦", "role.analyst": "", "why": "新入职的分析员。"}
    tagged = "/console/case-work/tag"
    return [
        ("/console/cases?tab=all", "/console/case-work/assign", {"add": "复查", "why": "同批设备，统一标记。"}, tagged),
        ("/console/incidents/new", "/console/incidents/new", incident, ""),
        ("/console/keys", "/console/approvals/propose", key, ""),
        (blocked, f"{blocked}/change", entries, ""),
        (rule, rule, {"score": "45"}, "save"),
        (draft, f"{draft}/backtest", {}, ""),
        (draft, f"{draft}/propose", {"why": "十分钟八笔的加分过低，漏过的盗刷多。"}, ""),
        (limit, limit, later, ""),
        (
            "/console/subjects",
            "/console/subjects",
            {"asked": "*", "subject": "u0000003", "reference": "REQ-2026-0007"},
            "",
        ),
        ("/console/audit", "/console/audit/prove", {"first": "20"}, ""),
        ("/console/features", "/console/tables/keep", {"name": "付款特征"}, ""),
        ("/console/staff", "/console/staff/invite", newcomer, ""),
    ]


def taken(tab: Tab, base: str) -> None:
    """Take a case and write on it, if this person takes any."""
    tab.open(f"{base}/console/cases?tab=unassigned")
    path = tab.run("document.querySelector('[data-open]')?.getAttribute('href') || ''").partition("?")[0]
    if path.startswith("/console/cases/"):
        tab.open(base + path)
        sent(tab, f"{path}/assign", {})
        sent(tab, f"{path}/note", {"text": "收款后十分钟内转出，与同设备的三个账户往来。"})


FILL = """
((action, fields, value) => {
  const form = [...document.querySelectorAll("form")].find((each) => each.getAttribute("action") === action
    && Object.keys(fields).every((name) => each.elements[name]));
  if (!form) return false;
  for (const [name, text] of Object.entries(fields)) {
    const field = form.elements[name];
    const one = field instanceof RadioNodeList ? field[0] : field;
    if (["checkbox", "radio"].includes(one.type)) one.checked = true;
    else if (text === "*") one.selectedIndex = one.options.length - 1;
    else one.value = text;
  }
  const buttons = [...form.elements, ...document.querySelectorAll("button[form]")];
  const pressed = buttons.find((each) => each.form === form
    && (each.value === value || each.getAttribute("formaction") === value) && each.localName === "button");
  window.before = true;
  form.requestSubmit(value ? pressed : undefined);
  return true;
})
"""


def sent(tab: Tab, action: str, fields: dict[str, str], button: str = "") -> bool:
    """Fill in the form of an address on the page that is open, and send it; False where the page has none."""
    asked = ", ".join(json.dumps(each) for each in (action, fields, button))
    if not tab.run(f"{FILL.strip()}({asked})"):
        return False
    return bool(tab.until("!window.before && document.readyState === 'complete'", 20))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
