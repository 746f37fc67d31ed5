"""A small sound pack, written in pieces, so that each test can break one piece and read what is said."""

from jindi.basics.problems import Problems
from jindi.packs import load

SAID = 'doc = { zh = "说明", en = "said" }'
PACK = f'name = "shop"\nversion = "1"\nzone = "Asia/Shanghai"\ncurrency = "CNY"\n{SAID}\n'

EVENTS = f"""
[payment]
{SAID}
late_after = "5m"
[payment.fields]
user = {{ type = "text", class = "C2", entity = "user", {SAID} }}
payee = {{ type = "text", class = "C2", {SAID} }}
phone = {{ type = "text", class = "C2", identifier = "phone", entity = "phone", required = false, {SAID} }}
amount = {{ type = "money", class = "C2", least = 1, {SAID} }}
price = {{ type = "money", class = "C2", currency_field = "currency", {SAID} }}
currency = {{ type = "text", class = "public", {SAID} }}
items = {{ type = "int", class = "C1", {SAID} }}
score = {{ type = "ratio", class = "C1", {SAID} }}
due = {{ type = "time", class = "C1", {SAID} }}
gift = {{ type = "bool", class = "C1", {SAID} }}
channel = {{ type = "text", class = "public", values = ["app", "web"], {SAID} }}
[login]
{SAID}
[login.fields]
person = {{ type = "text", class = "C2", entity = "user", {SAID} }}
ok = {{ type = "bool", class = "C1", {SAID} }}
channel = {{ type = "text", class = "public", values = ["app", "web"], {SAID} }}
"""

LIMITS = f"""
[large]
{SAID}
type = "money"
mark = "design default"
value = [
  {{ since = 2026-01-01, is = "1000.00", basis = "ours" }},
  {{ since = 2026-07-01, is = "2000.00", basis = "ours" }},
]
[unset]
{SAID}
type = "int"
mark = "design default"
value = [{{ since = 2026-01-01, is = "placeholder", basis = "ours" }}]
"""

LISTS = f"""
[blocked]
{SAID}
colour = "black"
of = "text"
entry = [
  {{ value = "u1", reason = "known", expires = 2027-01-01T00:00:00Z }},
  {{ value = "u2", reason = "known" }},
]
[blocked_phones]
{SAID}
colour = "black"
identifier = "phone"
"""

CASES = """
[[rule.case]]
name = "yes"
given = { amount = "2000.00" }
fires = true
[[rule.case]]
name = "no"
given = { amount = "1.00" }
fires = false
"""


def feature(name="paid_7d", **keys):
    """A count over payments, with keys changed or (None) left out."""
    table = {"of": '"payment"', "by": '"user"', "fold": '"count"', "over": '"7d"'} | keys
    lines = "\n".join(f"{key} = {text}" for key, text in table.items() if text is not None)
    return f"[{name}]\n{SAID}\n{lines}\n"


def rule(rule_id="big", when="amount >= limit('large')", extra='then = "review"', cases=CASES):
    """A rule with its two cases."""
    return f'[[rule]]\nid = "{rule_id}"\n{SAID}\nwhen = "{when}"\nbasis = "ours"\n{extra}\n{cases}\n'


def policy(body=None, policy_id="pay", on="payment", state="live", head=""):
    """A policy of the rules given."""
    body = rule() if body is None else body
    return f'id = "{policy_id}"\non = "{on}"\nstate = "{state}"\n{SAID}\n{head}\n{body}'


def world(*, features=None, events=EVENTS, policies=None, limits=LIMITS, lists=LISTS, pack=PACK, **more):
    """The files of the pack `shop`."""
    files = {
        "shop/pack.toml": pack,
        "shop/events.toml": events,
        "shop/features.toml": feature() if features is None else features,
        "shop/parameters/limits.toml": limits,
        "shop/lists/lists.toml": lists,
    }
    for number, text in enumerate([policy()] if policies is None else policies):
        files[f"shop/policies/p{number}.toml"] = text
    return files | more


def told(files):
    """What `load` says is wrong, as lines; nothing when it loads."""
    try:
        load(files)
    except Problems as found:
        return [str(problem) for problem in found.problems]
    return []


def said(files, *parts):
    """Whether exactly one line is said, and holds all the parts."""
    lines = told(files)
    assert len(lines) == 1, lines
    missing = [part for part in parts if part not in lines[0]]
    assert not missing, (lines[0], missing)
    return True
