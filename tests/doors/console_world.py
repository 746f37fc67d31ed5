"""A platform for the console's tests: the shipped packs, seeded events, decisions by the real engine."""

import asyncio
import random
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from jindi.access import Scope, Sessions, SignInLinks
from jindi.doors.console import (
    ALL_DECISIONS,
    DecisionPage,
    DecisionRow,
    FieldLine,
    FollowUp,
    JournalPlace,
    Minute,
    PolicyView,
    ReplayView,
    RuleCount,
    ScenarioScore,
    Scoreboard,
    Stats,
    build_console,
)
from jindi.engine import build, decide, explain, shown
from jindi.language import Kind, time_words
from jindi.packs import OUTCOMES, Outcome, load

ZONE = ZoneInfo("Asia/Shanghai")
NOW_US = 1_795_320_903_000_000  # 2026-11-22 12:15:03 in Shanghai
MINUTE_US = 60_000_000
NASTY = "<b onmouseover=alert(1)>王\u202e𠮷 سلام</b>"
SHIPPED = Path(__file__).parents[2] / "packs"

SHADOW = {
    "trial/pack.toml": """
name = "trial"
version = "1"
zone = "Asia/Shanghai"
currency = "CNY"
doc = { zh = "试验。", en = "A trial." }
needs = ["core", "payment"]
""",
    "trial/policies/payment_strict.toml": """
id = "payment_strict"
on = "payment"
state = "shadow"
deadline = "200ms"
doc = { zh = "更严的付款策略，影子运行。", en = "A stricter payment policy, in the shadow." }
[[rule]]
id = "strict-amount"
doc = { zh = "金额超过一千元。", en = "More than a thousand yuan." }
when = "amount > cny('1000')"
then = "review"
basis = "trial"
case = [
  { name = "above", given = { amount = "1000.01" }, fires = true },
  { name = "at", given = { amount = "1000.00" }, fires = false },
]
""",
}


class Clock:
    def __init__(self):
        self.at_us = NOW_US

    def now_us(self):
        return self.at_us


class Shelf:
    def __init__(self):
        self.kept = {}

    def save(self, name, chunks, *, private=False):
        self.kept[name] = b"".join(bytes(chunk) for chunk in chunks)

    def load(self, name):
        return self.kept.get(name)

    def names(self, prefix=""):
        return tuple(sorted(name for name in self.kept if name.startswith(prefix)))

    def drop(self, name):
        self.kept.pop(name, None)


@cache
def program():
    files = {str(p.relative_to(SHIPPED)): p.read_text(encoding="utf-8") for p in SHIPPED.rglob("*.toml")}
    return build(load(files | SHADOW))


class World:
    """A `Source` whose decisions the engine really made, from facts drawn by chance with a fixed seed."""

    def __init__(self, decisions=240, seed=7):
        self.program, self.chance = program(), random.Random(seed)
        self.made, self.rows = {}, []
        self.clock = Clock()
        self.replay_lines = ()
        self.stats_age_us, self.stopped, self.board, self.broken = 0, None, True, False
        self.telling_us, self.told_from_us = None, 0
        span_us = 58 * MINUTE_US
        for n in range(decisions):
            self.happen(NOW_US - span_us + n * span_us // max(1, decisions))

    def happen(self, at_us):
        chance, seq = self.chance, len(self.rows) + 1000
        kind = chance.choices(("payment", "login", "transfer", "withdrawal"), (8, 3, 2, 1))[0]
        ep = self.program.events[kind]
        wary = chance.random() < 0.16  # the few events in which much comes together
        clock, day = time_words(at_us, ZONE), ep.day(at_us)
        limits = dict(zip(ep.limits, ep.limits_on(day), strict=True))
        base = []
        for n, name in enumerate(ep.slots[: ep.base_count]):
            if n < len(ep.fields):
                base.append(self.field(ep.event.fields[n]))
            elif name in clock:
                base.append(clock[name])
            elif name.startswith("limit("):
                base.append(limits[name[len("limit('") : -2]])
            elif " in list(" in name:
                base.append(chance.random() < (0.04 if wary else 0.0005))
            else:
                base.append(self.window(ep.types[n], wary))
        absent = frozenset(ep.windows[:1]) if chance.random() < 0.03 else frozenset()
        facts = ep.complete(base, absent)
        decision = decide(ep, facts, absent)
        named = dict(zip(ep.fields, facts[: len(ep.fields)], strict=True))
        amount = next((f for f in ep.event.fields if f.type.kind is Kind.MONEY), None)
        live = ep.live.policy.rules if ep.live else ()
        row = DecisionRow(
            seq=seq,
            decision_id=f"dec_{seq:012x}",
            event_id=f"evt-2026-{seq}",
            event_type=kind,
            at_us=at_us,
            outcome=decision.outcome,
            score=decision.score,
            rules=tuple(live[hit].id for hit in decision.hits),
            subject=named.get("user") or named.get("payer"),
            amount_minor=named[amount.name] if amount else None,
            currency=(amount.type.of or named.get(amount.type.currency_field)) if amount else None,
            latency_us=int(chance.lognormvariate(7.6, 0.35)),
            degraded=bool(decision.degraded),
            late=chance.random() < 0.02,
            status="final" if decision.outcome in (Outcome.ALLOW, Outcome.DENY) else "pending",
        )
        self.rows.append(row)
        self.made[row.decision_id] = (ep, facts, absent, decision, row)
        return row

    def field(self, field):
        chance = self.chance
        if not field.required and chance.random() < 0.2:
            return None
        match field.type.kind:
            case Kind.MONEY:
                return int(chance.lognormvariate(9, 1.6)) + 100
            case Kind.BOOL:
                return chance.random() < 0.5
            case Kind.INT:
                least = 0 if field.least is None else field.least
                most = 100 if field.most is None else field.most
                return chance.randint(least, max(least, min(most, least + 1000)))
            case Kind.TIME:
                return NOW_US - chance.randrange(10**13)
            case Kind.RATIO:
                return round(chance.random(), 3)
            case Kind.TOKEN:
                return "tok_" + chance.randbytes(16).hex()
            case _:
                if field.values:
                    return chance.choice(field.values)
                if "currency" in field.name:
                    return "CNY"
                return NASTY if chance.random() < 0.03 else f"{field.name[:1]}{chance.randrange(90_000):05d}"

    def window(self, type_, wary):
        chance = self.chance
        match type_.kind:
            case Kind.BOOL:
                return chance.random() < (0.4 if wary else 0.99)
            case Kind.MONEY:
                return int(chance.lognormvariate(13 if wary else 8, 1.2))
            case Kind.DURATION:
                return chance.randrange(10**9 if wary else 10**13)
            case Kind.RATIO:
                return round(chance.random() * (1 if wary else 0.05), 4)
            case Kind.INT:
                return chance.choice((0, 1, 2, 6, 14)) if wary else chance.choice((0, 0, 1, 1, 2))
            case _:
                return None

    # ---- the Source -------------------------------------------------------------------------------------

    def seen_by(self, viewer):
        return self

    def staff_alerts(self, limit, before=None):
        return [], None

    def staff_alert(self, decision_id):
        return None

    def recent(self, limit, before=None, wanted=ALL_DECISIONS):
        if self.broken:
            raise RuntimeError("the source is broken")
        found = []
        for row in reversed(self.rows):
            fits = (
                (before is None or row.seq < before)
                and (wanted.outcome is None or row.outcome is wanted.outcome)
                and (wanted.event_type is None or row.event_type == wanted.event_type)
                and (wanted.rule is None or wanted.rule in row.rules)
                and (
                    not wanted.text or any(wanted.text in t for t in (row.decision_id, row.event_id, row.subject or ""))
                )
                and (wanted.trouble is None or getattr(row, wanted.trouble))
            )
            if fits:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def horizon_us(self, wanted=ALL_DECISIONS):
        return self.rows[0].at_us if self.rows else None

    def decision(self, decision_id):
        if decision_id not in self.made:
            return None
        ep, facts, absent, decision, row = self.made[decision_id]
        named = dict(zip(ep.fields, facts[: len(ep.fields)], strict=True))
        lines = []
        for field in ep.event.fields:
            value = shown(named[field.name], field.type, named.get)
            lines.append(
                FieldLine(field.name, field.doc, value, field.type.kind, field.data_class, bool(field.identifier))
            )
        return DecisionPage(
            row=row,
            as_of_us=row.at_us,
            received_us=row.at_us + 900,
            policy=decision.policy,
            policy_digest=ep.live.policy.digest if ep.live else None,
            definitions_digest=self.program.digest,
            place=JournalPlace(row.seq, row.seq - row.seq % 16, f"{row.seq:064x}", row.at_us + 4000),
            fields=tuple(lines),
            method=decision.method,
            wait_us=decision.wait_us,
            absent=tuple(sorted(absent)),
            follow_ups=(FollowUp("review_verdict", row.at_us + 9 * MINUTE_US, "accept · limin"),)
            if row.outcome is Outcome.REVIEW
            else (),
        )

    def explanation(self, decision_id):
        return partial(self.explained, decision_id)

    def replay(self, decision_id):
        return lambda: ReplayView(180, f"{self.made[decision_id][4].seq:064x}", self.replay_lines)

    @cache  # noqa: B019 - a world lives as long as its tests
    def explained(self, decision_id):
        ep, facts, absent, decision, row = self.made[decision_id]
        return explain(ep, facts, absent, at_us=row.at_us, decision=decision)

    def event_types(self):
        return [(name, ep.event.doc) for name, ep in self.program.events.items() if ep.live]

    def stats(self):
        minutes = []
        first = NOW_US - NOW_US % MINUTE_US - 59 * MINUTE_US
        for start_us in range(first, first + 60 * MINUTE_US, MINUTE_US):
            mine = [row for row in self.rows if start_us <= row.at_us < start_us + MINUTE_US]
            took = sorted(row.latency_us for row in mine)
            minutes.append(
                Minute(
                    start_us,
                    {outcome: sum(row.outcome is outcome for row in mine) for outcome in OUTCOMES},
                    took[len(took) // 2] if took else None,
                    took[-1] if took else None,
                )
            )
        docs = {rule.id: (policy.id, rule.doc) for policy in self.program.definitions.policies for rule in policy.rules}
        hits = {}
        for row in self.rows:
            for rule in row.rules:
                hits[rule] = hits.get(rule, 0) + 1
        top = sorted(hits.items(), key=lambda hit: -hit[1])
        return Stats(
            as_of_us=self.clock.at_us - self.stats_age_us,
            started_us=NOW_US - 3600 * 1_000_000,
            decisions=len(self.rows),
            per_second=len(self.rows) / 3480,
            minutes=tuple(minutes),
            latency_us_p50=2_140 if self.rows else None,
            latency_us_p99=4_870 if self.rows else None,
            rules=tuple(RuleCount(docs[rule][0], rule, docs[rule][1], n) for rule, n in top[:10]),
            stopped=self.stopped,
            telling_us=self.telling_us,
            told_from_us=self.told_from_us,
        )

    def scoreboard(self):
        if not self.board:
            return None
        return Scoreboard(
            "CNY",
            48_211,
            391,
            (
                ScenarioScore("account_takeover", 9, 8, 61, 52, 18_204_150, 1_220_000),
                ScenarioScore("card_testing", 4, 4, 310, 287, 412_300, 20_410),
                ScenarioScore("mule_ring", 2, 1, 48, 19, 9_115_000, 12_480_000),
                ScenarioScore("stolen_card", 14, 11, 40, 29, 6_020_990, 1_871_200),
            ),
        )

    def policies(self):
        definitions = self.program.definitions
        order = {"live": 0, "shadow": 1, "draft": 2}
        return [
            PolicyView(
                policy,
                tuple(definitions.limits.values())[:6],
                {o: sum(r.outcome is o and r.event_type == policy.on for r in self.rows) for o in OUTCOMES},
                {rule.id: sum(rule.id in row.rules for row in self.rows) for rule in policy.rules},
            )
            for policy in sorted(definitions.policies, key=lambda p: (order[p.state], p.id))
        ]

    def of(self, outcome):
        """The decision with most rules hit among those with this outcome, or of all when there is none."""
        return max(self.rows, key=lambda row: (row.outcome is outcome, len(row.rules)))


class Doors:
    """The console over a world, with a way in."""

    def __init__(self, world=None):
        self.world = world or World()
        seeded = random.Random(1)
        self.shelf = Shelf()
        self.sessions = Sessions(self.shelf, seeded.randbytes)
        self.links = SignInLinks(self.shelf, seeded.randbytes)
        self.app = build_console(
            self.world, sessions=self.sessions, links=self.links, clock=self.world.clock, zone=ZONE
        )

    def link(self, *scopes, who="limin"):
        return self.links.create(who, frozenset(scopes or (Scope.DECISIONS_READ,)), self.world.clock.now_us())


class Visitor:
    """A browser without a window: keeps cookies, follows nothing, speaks to the application in-process."""

    def __init__(self, app, base_url="http://jindi.test", *, headers=None, cookies=None, strict=True):
        self.app, self.base_url, self.headers, self.strict = app, base_url, headers or {}, strict
        self.cookies = httpx.Cookies(cookies)

    def get(self, address, **more):
        return self._ask("GET", address, **more)

    def head(self, address):
        return self._ask("HEAD", address)

    def post(self, address, **more):
        return self._ask("POST", address, **more)

    def _ask(self, method, address, **more):
        async def ask():
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=self.strict)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.base_url, headers=self.headers, cookies=self.cookies
            ) as client:
                answer = await client.request(method, address, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())
