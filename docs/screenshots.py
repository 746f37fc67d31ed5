"""Pictures of the console's main pages, from a running demo: `python docs/screenshots.py SIGN_IN_LINK`.

The link is the one that `jindi demo` prints. It takes a case and writes a note, so use a demo that may be thrown away.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "doors"))

from console_browser import Browser, Profile, Tab  # noqa: E402 - it lies with the tests

IMAGES = ROOT / "docs" / "images"
FIRST = "document.querySelector('[data-open]').getAttribute('href')"


def main(link: str) -> None:
    """Make all pictures anew."""
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    IMAGES.mkdir(exist_ok=True)
    browser = Browser()
    try:
        tab = Tab(Profile(browser))
        tab.open(link)
        tab.run("document.querySelector('main form button').click()")
        assert tab.until("location.pathname === '/console'"), "the link is used up, or too old"
        case = taken(tab, base)
        subject = tab.run("document.querySelector('.case-head .cut a').getAttribute('href')").rpartition("/")[2]
        for name, lang, theme, path in pages(case, subject):
            tab.cookie(base, "jindi_lang", lang)
            tab.cookie(base, "jindi_theme", theme)
            tab.open(base + path, settle_s=1.0)
            (IMAGES / f"{name}.{lang}.webp").write_bytes(tab.webp())
            print(f"{name}.{lang}.webp")
    finally:
        browser.close()


def pages(case: str, subject: str) -> list[tuple[str, str, str, str]]:
    """Each picture: its name, language, theme and address."""
    shown = [
        ("overview", "/console"), ("queue", "/console/cases?tab=all"), ("case", f"/console/cases/{case}"),
        ("links", f"/console/links?start=user%3A{subject}&depth=2"), ("guide", "/console/help/guide"),
        ("workbench", "/console/workbench/payment/rules/payment-many-cards-by-device"),
    ]  # fmt: skip
    looks = (("zh", "light"), ("en", "dark"))
    return [(name, lang, theme, path) for lang, theme in looks for name, path in shown]


def taken(tab: Tab, base: str) -> str:
    """Take a case of a user that nobody has, the gravest kind that there is, and write on it; its id."""
    tab.cookie(base, "jindi_lang", "zh")
    for narrowed in ("typology=mule_ring", "level=high", "typology=card_not_own", "level=medium"):
        tab.open(f"{base}/console/cases?tab=unassigned&{narrowed}")
        if tab.run("!!document.querySelector('[data-open]')"):
            break
    tab.open(base + tab.run(FIRST))
    tab.run("document.getElementById('take').click()")
    whole = (
        "document.readyState === 'complete' && !!document.querySelector('#close') && !!document.getElementById('note')"
    )
    assert tab.until(whole), "the case could not be taken"
    tab.run("document.getElementById('note').value = '收款后十分钟内转出，与同设备的三个账户往来。'")
    tab.run("document.querySelector('#story form button').click()")
    assert tab.until("document.querySelectorAll('#story li').length > 2")
    return str(tab.run("location.pathname")).rpartition("/")[2]


if __name__ == "__main__":
    main(sys.argv[1])
