"""What every page is looked over for in a real browser, once for all tests that open pages.

A page is opened once for each language and width, and then read in both themes: a theme is one attribute of the
document (the cookie that sets it has a test of its own), so it needs no page of its own.
"""

import json
from functools import cache
from importlib.resources import files

CONTRAST = """
(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => rgb.slice(0, 3).map((c) => linear(c / 255))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const grounds = new Map();
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    if (!grounds.has(element)) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      grounds.set(element, colour.length === 3 || colour[3] > 0.99 ? colour : behind(element.parentElement));
    }
    return grounds.get(element);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("option")) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const said = walker.currentNode.data.trim().slice(0, 30);
    if (ratio < 4.5) bad.push(said + " " + ratio.toFixed(2));
    if (parseFloat(style.fontSize) < 11) bad.push(said + " " + style.fontSize);
  }
  return bad;
})()
"""
"""Text that is too faint or too small."""

NAMES = """
Array.from(document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, [role=img]"))
  .filter((e) => e.checkVisibility() && !(e.labels && e.labels.length))
  .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.title))
  .map((e) => e.outerHTML.slice(0, 80))
"""
"""Things to press or to fill in that have no name."""

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""By how many pixels the page is wider than the window."""

THEMES = ("light", "dark")

BUILT = """
(() => {
  const all = (selector, what) => Array.from(document.querySelectorAll(selector), what);
  const said = (e) => [e.localName, e.className, e.getAttribute("role"), ...Array.from(e.attributes, (a) => a.name)];
  const built = (part) => [...new Set(all(`${part} *`, (e) => `${said(e.parentElement)}>${said(e)}`))].join()
    + all(`${part} :is(h1, h2, h3)`, (e) => e.localName);
  return [built("main"), built(":is(body > :not(:has(main)), .side)")];
})()
"""
"""What a page's own part and the frame around it are built of, without their words and without how often."""

AXE = """
(async () => {
  const root = document.documentElement, own = root.dataset.theme, found = [];
  // Nothing is fetched anew under the looker: a page that nobody sees waits with that.
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  for (const [n, theme] of ASKED.entries()) {
    root.dataset.theme = theme;
    // The second theme has other colours, and nothing else that is other.
    const rules = RULES || (n && ["color-contrast", "link-in-text-block"]);
    const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
    const { violations } = await axe.run(document, { ...only, resultTypes: ["violations"] });
    for (const { id, nodes } of violations)
      for (const { target } of nodes) found.push(`${theme}: axe: ${id}: ${target.flat().join(" ").slice(0, 120)}`);
  }
  root.dataset.theme = own;
  delete document.hidden;
  return found;
})()
"""
"""What axe finds in every theme, its best practices included."""

_SEEN: set[tuple[str, ...]] = set()
"""What axe has looked at. It takes most of a second for a page, so it is asked once about the same elements with other
words in them: to what it asks, they are the same page (the contrast of every text is reckoned each time). At another
width, parts may scroll.
"""


@cache
def _axe():
    """The script of axe, as it stands in the package that carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text()


_ALL = f"""
(() => {{
  document.querySelectorAll("main details").forEach((each) => {{ each.open = true; }});
  const root = document.documentElement, own = root.dataset.theme, found = [];
  for (const theme of ASKED) {{
    root.dataset.theme = theme;
    for (const said of {CONTRAST.strip()}) found.push(`${{theme}}: hard to read: ${{said}}`);
  }}
  root.dataset.theme = own;
  for (const said of {NAMES.strip()}) found.push(`has no name: ${{said}}`);
  const wider = {WIDER};
  if (wider > 0) {{
    const out = [...document.querySelectorAll("main *")]
      .filter((e) => e.getBoundingClientRect().right > root.clientWidth);
    const named = out.slice(0, 6).map((e) => `${{e.localName}}.${{e.getAttribute("class")}}`).join(" > ");
    found.push(`${{wider}} pixels wider than the window: ${{named}}`);
  }}
  for (const store of [localStorage, sessionStorage])
    for (const name of Object.keys(store)) found.push(`left in the browser's storage: ${{name}}`);
  return found;
}})()
"""


def found_here(tab, themes=THEMES):
    """What is wrong with the page that is open, in words. All that is folded on it is unfolded first."""
    asked = json.dumps(list(themes))
    for left in (2, 1, 0):
        assert tab.until("document.readyState === 'complete' && !!document.body")
        try:
            return tab.run(_ALL.replace("ASKED", asked)) + _told_by_axe(tab, asked)
        except AssertionError:
            # A page that is not over yet comes anew by itself, maybe under the looker.
            if not left:
                raise
    return []


def _told_by_axe(tab, asked):
    main, frame = tab.run(BUILT)
    width = str(tab.run("innerWidth"))
    kinds = {(main, asked), (frame, asked), (main, asked, width)}
    new = kinds - _SEEN
    if not new:
        return []
    # (The script comes by the debugging pipe, which the page's policy on content doesn't bind.)
    tab.run(f"{_axe()}; null")
    rules = ["scrollable-region-focusable"] if new == {(main, asked, width)} else None
    found = tab.run(AXE.replace("ASKED", asked).replace("RULES", json.dumps(rules)))
    _SEEN.update(new)
    return found


def looked_over(tab, url, pages, lang=None, theme=None, *, besides=()):
    """Open page after page: whatever is wrong with any of them, or was complained of meanwhile, or asked of others.

    A theme of None is both. Complaints with one of the words of `besides` are as they should be (a page that is not
    there). A finding names its page; nothing found is an empty list.
    """
    for name, value in (("lang", lang), ("theme", theme)):
        if value is not None:
            tab.cookie(url, f"jindi_{name}", value)
    found = []
    for page in pages:
        tab.open(url + page)
        found += [f"{page}: {each}" for each in found_here(tab, THEMES if theme is None else (theme,))]
    return found + all_told(tab, url, besides)


def all_told(tab, url, besides=()):
    """What a tab has complained of, and whom it has asked besides the server at `url`."""
    complaints = [each for each in tab.complaints() if not any(word in each for word in besides)]
    # (The picture in a field for days is the browser's own.)
    outside = sorted({each for each in tab.requested() if not each.startswith((url, "data:image/svg"))})
    return complaints + [f"asked of others: {each}" for each in outside]
