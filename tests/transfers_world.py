# ruff: noqa: E501 - tables of TOML are read by their columns
"""The shop's customers send each other money, and its pack declares shapes that this makes."""

from functools import cache

from jindi.engine import build
from jindi.packs import load
from shop_world import NOON_US, event, shop_files

SEND = """
[send]
doc = { zh = "转账。", en = "A transfer." }
late_after = "5m"
[send.fields]
user   = { type = "text", class = "C2", entity = "user", length_max = 40, doc = { zh = "付款人", en = "Who pays" } }
to     = { type = "text", class = "C2", entity = "payee", same_as = "user", required = false, doc = { zh = "收款人", en = "Who is paid" } }
amount = { type = "money", class = "C2", least = 1, doc = { zh = "金额", en = "The amount" } }
"""

PATTERNS = """
[ring]
doc    = { zh = "环。", en = "A ring." }
kind   = "cycle"
order  = "any"
length = [3, 6]
over   = "OVER"
basis  = "shop rules 10"
mark   = "design default"
of     = [{ event = "send", payer = "user", payee = "to", amount = "amount" }]
[[ring.case]]
name      = "round"
completes = true
transfers = [["0h", "a", "b", "1.00"], ["1h", "b", "c", "1.00"], ["2h", "c", "a", "1.00"]]
[[ring.case]]
name      = "not round"
completes = false
transfers = [["0h", "a", "b", "1.00"]]

[fan]
doc    = { zh = "扇。", en = "A fan." }
kind   = "fan_in"
over   = "12h"
payers = PAYERS
basis  = "shop rules 11"
mark   = "design default"
of     = [{ event = "send", payer = "user", payee = "to", amount = "amount" }]
[[fan.case]]
name      = "five"
completes = true
transfers = [["0h", "a", "m", "1.00"], ["1h", "b", "m", "1.00"], ["2h", "c", "m", "1.00"], ["2h", "d", "m", "1.00"], ["2h", "e", "m", "1.00"]]
[[fan.case]]
name      = "one"
completes = false
transfers = [["0h", "a", "m", "1.00"]]

[through]
doc   = { zh = "过手。", en = "Passed through." }
kind  = "pass_through"
over  = "6h"
share = ["80%", "100%"]
basis = "shop rules 12"
mark  = "design default"
of    = [{ event = "send", payer = "user", payee = "to", amount = "amount" }]
[[through.case]]
name      = "all of it"
completes = true
transfers = [["0h", "a", "m", "1.00"], ["1h", "m", "b", "1.00"]]
[[through.case]]
name      = "nothing"
completes = false
transfers = [["0h", "a", "m", "1.00"]]
"""


def _fact(name, pattern, fact, more=""):
    return f'\n[{name}]\ndoc = {{ zh = "{name}。", en = "{name}." }}\npattern = "{pattern}"\nfact = "{fact}"\n{more}'


FACTS = (
    _fact("ring_closes", "ring", "hit", 'degrade = "closed"\n') + _fact("ring_length", "ring", "length")
    + _fact("ring_least", "ring", "money") + _fact("ring_span", "ring", "span") + _fact("fan_hit", "fan", "hit")
    + _fact("fan_members", "fan", "members") + _fact("fan_whole", "fan", "whole") + _fact("passed", "through", "hit")
    + _fact("passed_share", "through", "share")
)  # fmt: skip
SENT = """
[sent_1d]
doc = { zh = "一天内获准转出。", en = "What was sent and allowed in a day." }
of = "send"
by = "user"
fold = "sum"
value = "amount"
over = "1d"
counts = "accepted"

[in_a_ring]
doc = { zh = "在环中。", en = "In a ring." }
is = "ring_closes and ring_length >= 3"
else = "false"
"""
SENDING = """
id = "send"
on = "send"
state = "live"
deadline = "200ms"
doc = { zh = "转账策略。", en = "The policy of transfers." }
[[rule]]
id = "ring"
doc = { zh = "成环。", en = "A ring." }
when = "in_a_ring and ring_least >= cny('2')"
then = "review"
degrade = "closed"
basis = "shop rules 13"
case = [ { name = "yes", given = { in_a_ring = true, ring_least = "2.00" }, fires = true }, { name = "no", given = { in_a_ring = true, ring_least = "1.99" }, fires = false } ]
[[rule]]
id = "crowd"
doc = { zh = "人多。", en = "A crowd." }
when = "fan_hit and fan_members >= 3"
score = 10
basis = "shop rules 14"
case = [ { name = "yes", given = { fan_hit = true, fan_members = 3 }, fires = true }, { name = "no", given = { fan_hit = true, fan_members = 2 }, fires = false } ]
[[rule]]
id = "passes"
doc = { zh = "过手。", en = "It passes through." }
when = "passed and passed_share >= 0.9 and sent_1d >= cny('500')"
then = "delay"
wait = "2h"
basis = "shop rules 15"
case = [ { name = "yes", given = { passed = true, passed_share = 0.95, sent_1d = "500.00" }, fires = true }, { name = "no", given = { passed = true, passed_share = 0.85, sent_1d = "500.00" }, fires = false } ]
"""


def transfer_files(*, over="1d", payers=3, facts=FACTS, accepted=True):
    """The shop's packs with transfers; a pattern's window and a threshold may be other ones. Without `accepted` no
    decision comes back into a feature.
    """
    files = with_transfers(shop_files(), over=over, payers=payers, facts=facts)
    if not accepted:
        files["shop/features.toml"] = files["shop/features.toml"].replace('counts = "accepted"\n', "")
    return files


def with_transfers(files, *, over="1d", payers=3, facts=FACTS, typology=""):
    """Files of the shop in which its customers send each other money, too."""
    policy = SENDING.replace("basis =", f'typology = "{typology}"\nbasis =') if typology else SENDING
    return files | {
        "shop/events.toml": files["shop/events.toml"] + SEND,
        "shop/features.toml": files["shop/features.toml"] + facts + SENT,
        "shop/patterns.toml": PATTERNS.replace("OVER", over).replace("PAYERS", str(payers)),
        "shop/policies/send.toml": policy,
    }


@cache
def transfer_program(**changed):
    """They, ready to decide."""
    return build(load(transfer_files(**changed)))


def send(number, user, to, amount="10.00", at_us=NOON_US):
    """A transfer on the wire; to nobody when `to` is None."""
    return event("send", f"s{number}", at_us, user=user, amount=amount, **({"to": to} if to else {}))
