"""A new pack that works from the first minute: small, whole, in both languages, there to be changed."""

from collections.abc import Mapping
from datetime import datetime

from jindi.basics.problems import Problem, Problems
from jindi.packs.tables import NAME, NAME_REMEDY
from jindi.packs.toml_text import toml_of

BASE_PACK = "core"
NAME_LENGTH_MAX = 40
"""Longer than this, the names made of the pack's name would be no names any more."""


def skeleton(name: str) -> Mapping[str, str]:
    """The files of a new pack: an event, features, a policy with its cases, limits and lists.

    Every name begins with the pack's own, so that it loads beside any other pack. Raises Problems when
    `name` is no name, or taken by the pack that is always loaded.
    """
    if not NAME.match(name) or len(name) > NAME_LENGTH_MAX:
        raise Problems([Problem("", "name", "not a name for a pack", NAME_REMEDY.replace("64", str(NAME_LENGTH_MAX)))])
    if name == BASE_PACK:
        raise Problems([Problem("", "name", "the name of the pack that is always loaded", "choose another name")])
    return {f"{name}/{path}".replace("NAME", name): text.replace("NAME", name) for path, text in _FILES.items()}


def policy_skeleton(policy: str, on: str, state: str, zh: str, en: str, night: datetime) -> str:
    """The file of a new policy that loads at once and allows everything: one rule that gives a point at night, and no
    band that would make anything of it. `night` is three in the morning of some day where the pack is at home.
    """
    noon = night.replace(hour=12)
    return _POLICY.format(
        id=toml_of(policy), on=toml_of(on), state=toml_of(state), doc=toml_of({"zh": zh, "en": en}),
        night=toml_of(night.isoformat()), noon=toml_of(noon.isoformat()),
    )  # fmt: skip


_POLICY = """\
id       = {id}
on       = {on}
state    = {state}
deadline = "200ms"
doc      = {doc}

# A beginning: one point for events at night, of which nothing follows. Put a rule of your own in its place.
[[rule]]
id    = "at-night"
doc   = {{ zh = "零点至六点之间。", en = "Between midnight and six." }}
when  = "hour < 6"
score = 1
basis = {{ zh = "自定：示例规则，尚无处置", en = "Ours: an example, of which nothing follows yet" }}
case = [
  {{ name = "three in the morning", given = {{}}, at = {night}, fires = true }},
  {{ name = "noon", given = {{}}, at = {noon}, fires = false }},
]

# What comes out in the end.
[[case]]
name    = "at night, too, all is allowed"
given   = {{}}
at      = {night}
outcome = "allow"
"""


_FILES = {
    "pack.toml": """\
# A pack is data: what happens (events), what is known (features), what is done about it (policies).
# `jindi packs check` proves it, `jindi packs try` decides an event with it. docs/packs.md explains every key.
name     = "NAME"
version  = "0.1.0"
zone     = "Asia/Shanghai"   # days, weeks, months and hours are those of this zone
currency = "CNY"             # money without another currency is in this one
doc      = { zh = "行业包 NAME：在此说明它守住什么。", en = "Pack NAME: say here what it guards." }
""",
    "events.toml": """\
# An event type and its fields. `class` is the data class of JR/T 0171-2020: public, C1, C2 (C3 may not be
# stored). A field with `identifier` becomes a keyed token at intake and is never seen in clear.

[NAME_order]
doc = { zh = "用户下了一笔订单。", en = "A user places an order." }
late_after = "5m"
[NAME_order.fields]
user    = { type = "text", class = "C2", entity = "user", doc = { zh = "下单用户号", en = "Who orders" } }
device  = { type = "text", class = "C2", entity = "device", identifier = "device", required = false, doc = { zh = "设备指纹", en = "The device's fingerprint" } }
amount  = { type = "money", class = "C2", least = 1, doc = { zh = "金额", en = "The amount" } }
channel = { type = "text", class = "public", values = ["app", "web"], doc = { zh = "渠道", en = "The channel" } }
""",  # noqa: E501 - an inline table of TOML is one line
    "features.toml": """\
# What the past says about the event in hand. A count or a sum includes the event itself; `seen`, `first`,
# `last` and `since_…` look strictly before it.

[NAME_orders_1h]
doc  = { zh = "该用户一小时内的订单数，含本笔。", en = "How many orders the user placed in an hour, this one included." }
of   = "NAME_order"
by   = "user"
fold = "count"
over = "1h"

[NAME_spent_30d]
doc    = { zh = "该用户三十天内放行订单的总额。", en = "What the user's accepted orders of thirty days come to." }
of     = "NAME_order"
by     = "user"
fold   = "sum"
value  = "amount"
over   = "30d"
counts = "accepted"

[NAME_device_known]
doc    = { zh = "该用户曾用这台设备下过单。", en = "The user ordered from this device before." }
of     = "NAME_order"
by     = "user"
fold   = "seen"
value  = "device"
over   = "ever"
counts = "accepted"

[NAME_device_users_7d]
doc   = { zh = "七天内在这台设备上下单的用户数。", en = "How many users ordered from this device in seven days." }
of    = "NAME_order"
by    = "device"
fold  = "distinct"
value = "user"
over  = "7d"

[NAME_share_of_month]
doc  = { zh = "本笔占三十天总额的比例。", en = "This order's share of what was spent in thirty days." }
is   = "amount / NAME_spent_30d"
else = 1.0
""",  # noqa: E501 - an inline table of TOML is one line
    "models.toml": """\
# Trained models that score events: `jindi learn` writes the file. Its score is read by its name, as a ratio:
# when = "NAME_fraud >= 0.93". docs/models.md describes the file.
#
# [NAME_fraud]
# doc     = { zh = "本笔订单为欺诈的概率。", en = "The probability that this order is fraud." }
# on      = "NAME_order"
# file    = "models/NAME_fraud.json"
# degrade = "challenge"
""",
    "policies/NAME_order.toml": """\
id       = "NAME-order"
on       = "NAME_order"
state    = "live"            # live decides; shadow is only recorded; draft is only checked
deadline = "200ms"
doc      = { zh = "订单策略。", en = "The policy of orders." }

# The scores of all rules that are hit are added; from here up the outcome is at least this.
[[band]]
from   = 60
then   = "challenge"
method = "otp"
[[band]]
from = 90
then = "review"

[[rule]]
id    = "blocked-user"
doc   = { zh = "用户在禁用名单上。", en = "The user is on the blocked list." }
when  = "user in list('NAME_blocked_users')"
then  = "deny"
basis = { zh = "自定：在此写明法律、事件或判断", en = "Ours: say here which law, incident or judgement" }
  [[rule.case]]
  name  = "a user on the list"
  given = { user = "u1" }
  lists = { NAME_blocked_users = ["u1"] }
  fires = true
  [[rule.case]]
  name  = "a user on no list"
  given = { user = "u2" }
  fires = false

[[rule]]
id    = "large-from-new-device"
doc   = { zh = "陌生设备上的大额订单。", en = "A large order from a device that the user never used." }
when  = "not NAME_device_known and amount >= limit('NAME_large_order')"
score = 60
basis = { zh = "自定：账户盗用始于陌生设备", en = "Ours: takeovers begin with a strange device" }
  [[rule.case]]
  name  = "6,000 from a strange device"
  given = { NAME_device_known = false, amount = "6000.00" }
  fires = true
  [[rule.case]]
  name  = "6,000 from the usual device"
  given = { NAME_device_known = true, amount = "6000.00" }
  fires = false

[[rule]]
id    = "too-fast"
doc   = { zh = "一小时内订单过多。", en = "Too many orders in an hour." }
when  = "NAME_orders_1h > limit('NAME_orders_1h_max')"
score = 40
basis = { zh = "自定：人不会这样频繁地购物", en = "Ours: people do not shop at this pace" }
  [[rule.case]]
  name  = "the eleventh order within the hour"
  given = { NAME_orders_1h = 11 }
  fires = true
  [[rule.case]]
  name  = "the tenth is still fine"
  given = { NAME_orders_1h = 10 }
  fires = false

[[exemption]]
id    = "trusted-user"
doc   = { zh = "受信用户不必再次验证。", en = "A trusted user is not challenged." }
when  = "user in list('NAME_trusted_users')"
lifts = ["challenge"]
basis = { zh = "自定：这些用户已当面核实身份", en = "Ours: these users were verified in person" }

# Cases of the whole policy: what comes out in the end.
[[case]]
name    = "an ordinary order"
given   = { user = "u2", amount = "80.00", NAME_device_known = true, NAME_orders_1h = 1 }
outcome = "allow"
[[case]]
name    = "a large order from a strange device is challenged"
given   = { user = "u2", amount = "6000.00", NAME_device_known = false, NAME_orders_1h = 1 }
outcome = "challenge"
[[case]]
name    = "the same order of a trusted user passes"
given   = { user = "u3", amount = "6000.00", NAME_device_known = false, NAME_orders_1h = 1 }
lists   = { NAME_trusted_users = ["u3"] }
outcome = "allow"
""",
    "parameters/limits.toml": """\
# Figures with a date, a source and how sure they are: "verified", "from memory" or "design default".
# A new figure is a new line with its date; the old one keeps its days.

[NAME_large_order]
doc   = { zh = "从多少起算大额订单。", en = "From which amount on an order is large." }
type  = "money"
mark  = "design default"
value = [
  { since = 2026-01-01, is = "5000.00", basis = { zh = "自定：按损失设定", en = "Ours: set by your losses" } },
]

[NAME_orders_1h_max]
doc   = { zh = "一小时内最多几笔订单。", en = "How many orders an hour are believable." }
type  = "int"
mark  = "design default"
value = [
  { since = 2026-01-01, is = 10, basis = { zh = "自定：按客户习惯设定", en = "Ours: set by what customers do" } },
]
""",
    "lists/users.toml": """\
# Lists that the platform begins with. Entries come and go as `list_entry` events afterwards.

[NAME_blocked_users]
doc    = { zh = "禁用的用户。", en = "Users kept out." }
colour = "black"
of     = "text"

[NAME_trusted_users]
doc    = { zh = "当面核实过的受信用户。", en = "Users who were verified in person." }
colour = "white"
of     = "text"
entry  = [{ value = "staff-test", expires = 2030-01-01T00:00:00+08:00, reason = "The team's own test user" }]
""",
}
