"""The office behind the wallet: some sixty people in teams and shifts, what they do all day, and a few who shouldn't.

It says what a platform would have journalled, in the words of `run/watching`: the very road that real doings take.
People throw dice of their own, and nobody here knows a rule or a limit of the pack `staff`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_of, format_instant, start_of_day
from jindi.run.records import ACTION as ACTION_RECORD
from jindi.run.records import ActionRecord, Standing
from jindi.run.simulate.town import stream
from jindi.run.simulate.truth import HONEST, Simulated, Truth
from jindi.run.watching.telling import ACTION, APPROVAL, CLOSED, GRANT, LIST_CHANGE, Day, Told, tell_action

ZONE = ZoneInfo("Asia/Shanghai")

TEAMS: tuple[tuple[str, str, int, str], ...] = (
    ("fraud-a", "analyst", 7, "day"), ("fraud-a", "senior_analyst", 2, "day"),
    ("fraud-b", "analyst", 7, "day"), ("fraud-b", "senior_analyst", 2, "day"),
    ("fraud-n", "analyst", 5, "night"), ("service", "analyst", 9, "late"),
    ("aml", "aml_officer", 6, "office"), ("treasury", "treasurer", 4, "office"),
    ("policy", "policy_author", 4, "office"), ("policy", "approver", 4, "office"),
    ("security", "security_admin", 3, "office"), ("it", "system_admin", 4, "on_call"),
    ("audit", "auditor", 2, "office"),
)  # fmt: skip
"""Line, role, how many, and when they work: `day` with weekends in turn, `office` on weekdays, `late` in two shifts."""

CUSTOMERS, VIPS, COUNTERPARTIES = 40_000, 40, 400
"""Customers that alerts and calls are about; the first so many are known from the news."""

READS = {
    "policy_author": "policies.read", "approver": "proposals.read", "auditor": "audit.read",
    "security_admin": "staff.read", "system_admin": "controls.read",
}  # fmt: skip
"""What people of a role look at all day, beside customers."""

CALLERS = 300
"""So many of the customers call again and again: a fifth of all calls are theirs."""

_FIRST = ("ai", "bo", "chen", "dan", "feng", "gao", "hai", "jie", "kang", "lan", "mei", "ning", "ping", "rui", "tao")
_LAST = ("wang", "li", "zhang", "liu", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu", "zhu", "lin", "he", "guo")

Act = Callable[[int], None]


@dataclass(slots=True)
class Person:
    """Somebody who works here. `role` is what he was hired for. `pace` multiplies how much he does, `calls` how many
    customers he helps without a case.
    """

    name: str
    line: str
    role: str
    roles: list[str]
    shift: str
    chance: Random
    account: str | None
    device: str
    pace: float
    calls: float
    joined: int = 0
    left: int | None = None
    covers: set[int] = field(default_factory=set)
    """Days on which he stands in by night."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert that somebody will close."""

    about: str
    customer: str
    counterparty: str
    at_us: int


class _Facts:
    """Nothing is looked up: the office says whom it is about, and tokens are made at intake."""

    zone = ZONE

    def customer_of(self, decision: str) -> str | None:  # noqa: ARG002 - here whom it is about is always said
        return None

    def line_of(self, name: str) -> str | None:  # noqa: ARG002 - here every record says it
        return None

    def blind(self, value: str) -> str:
        return value


_FACTS = _Facts()


class Office:
    """An endless, deterministic stream of what an office does, in time order; each event is as `Intake.make` takes it,
    in clear. The same seed gives the same stream. An honest house, unless somebody plots (`insiders`).
    """

    def __init__(self, seed: int, *, start_us: int, customers: Sequence[str] | None = None) -> None:
        self.seed = seed
        self.first = day_of(start_us, ZONE)
        self.customers = list(customers) if customers is not None else [f"c{n:05d}" for n in range(CUSTOMERS)]
        self.vips = self.customers[:VIPS]
        self.chance = stream(seed, "office")
        self.people: list[Person] = []
        self._day = 0
        for line, role, count, shift in TEAMS:
            for _ in range(count):
                self.hire(line, role, shift)
        self._queue: list[tuple[int, int, Told, Truth]] = []
        self._later: list[tuple[int, int, Act]] = []
        self._order = self._said = 0
        self._salt = stream(seed, start_us, "office ids").getrandbits(32)  # other offices, other ids
        self._days: dict[str, Day] = {}
        self.now_us = max(start_us, start_of_day(self.first, ZONE))
        for person in self.people:
            if person.account is not None and self.chance.random() < 0.9:
                self.tie(self.now_us, person, person.account, "own")
        for vip in self.vips:
            self.enter(self.now_us, "compliance", "vip_customers", vip)
        self.plots: dict[int, list[Callable[[int], None]]] = {}
        """What somebody begins, by the number of the day."""
        self.taken: set[str] = set()
        """Who is an insider, or was."""

    def hire(self, line: str, role: str, shift: str) -> Person:
        """Somebody new, who has been here since today."""
        number = len(self.people)
        chance = stream(self.seed, "staff", str(number))
        name = f"{_FIRST[number % len(_FIRST)]}.{_LAST[(number * 7) % len(_LAST)]}{number}"
        account = self.customers[100 + number] if chance.random() < 0.8 else None
        calls = chance.lognormvariate(0, 0.4) * (4.0 if line == "service" else 0.8 if "fraud" in line else 0.2)
        person = Person(
            name, line, role, [role], shift, chance, account, f"laptop-{self.seed}-{number}",
            chance.lognormvariate(0, 0.25), calls, self._day,
        )  # fmt: skip
        self.people.append(person)
        return person

    # --- what is said ---

    def say(self, at_us: int, told: Told, truth: Truth = HONEST) -> None:
        """Something was done at an instant."""
        self._order += 1
        heappush(self._queue, (at_us, self._order, told, truth))

    def act(
        self, at_us: int, who: Person, what: str, *, on: str = "", about: str = "", case: str = "", rows: int = -1,
        allowed: bool = True, device: str | None = None, truth: Truth = HONEST,
    ) -> None:  # fmt: skip
        """An action, as its record would say it."""
        standing = Standing(tuple(who.roles), who.line, device or who.device)
        purpose = "case" if case else ""
        record = ActionRecord(
            ACTION_RECORD, at_us, f"per_{who.name}", who.name, what, on, allowed, "console", "private", "", about, case,
            purpose, rows, standing,
        )  # fmt: skip
        self._order += 1
        for told in tell_action(self._order, record, _FACTS):
            heappush(self._queue, (at_us, self._order, told, truth))

    def approve(self, at_us: int, who: Person, asked: Person, waited_s: int, truth: Truth = HONEST) -> None:
        """One approves what another asked for."""
        pair = "|".join(sorted((who.name, asked.name)))
        fields = {
            "approver": who.name, "proposer": asked.name, "pair": pair, "line": who.line, "matter": "version",
            "waited_s": waited_s,
        }  # fmt: skip
        self.say(at_us, self._told(APPROVAL, at_us, fields), truth)

    def close(self, at_us: int, who: Person, alert: Pending, *, good: bool, truth: Truth = HONEST) -> None:
        """An alert is closed."""
        fields = {
            "actor": who.name, "decision": f"dec_{self._order:012x}", "about": alert.about,
            "verdict": "good" if good else "bad", "customer": alert.customer, "counterparty": alert.counterparty,
            "waited_s": max(0, at_us - alert.at_us) // SECOND_US,
        }  # fmt: skip
        self.say(at_us, self._told(CLOSED, at_us, fields), truth)

    def list(
        self, at_us: int, who: Person, value: str, colour: str, move: str, days: int | None = None,
        truth: Truth = HONEST,
    ) -> None:  # fmt: skip
        """A list is changed."""
        name = {"white": "trusted_ips", "black": "blocked_users", "grey": "watched_users"}[colour]
        fields: dict[str, Any] = {"actor": who.name, "list": name, "colour": colour, "move": move, "customer": value}
        if days is not None:
            fields["expires_days"] = days
        self.say(at_us, self._told(LIST_CHANGE, at_us, fields), truth)

    def grant(self, at_us: int, who: Person, grantee: Person, role: str, truth: Truth = HONEST) -> None:
        """Somebody is given a role."""
        grantee.roles = sorted({*grantee.roles, role})
        fields = {"actor": who.name, "line": who.line, "grantee": grantee.name, "granted": "+".join(grantee.roles)}
        self.say(at_us, self._told(GRANT, at_us, fields), truth)

    def tie(self, at_us: int, who: Person, customer: str, tie: str) -> None:
        """The personnel department tells of somebody's tie to a customer."""
        self.say(at_us, self._told("staff_tie", at_us, {"staff": who.name, "customer": customer, "tie": tie}))

    def notice(self, at_us: int, who: Person, notice: str) -> None:
        """The personnel department tells that somebody comes or goes."""
        self.say(at_us, self._told("staff_notice", at_us, {"staff": who.name, "notice": notice}))

    def enter(self, at_us: int, by: str, name: str, value: str) -> None:
        """An entry is put on a list of the platform."""
        fields = {"list": name, "value": value, "action": "add", "reason": "known from the news", "by": by}
        self.say(at_us, self._told("list_entry", at_us, fields))

    def _told(self, event_type: str, at_us: int, fields: dict[str, Any]) -> Told:
        return Told(event_type, "", at_us, fields)

    def later(self, at_us: int, act: Act) -> None:
        """Do something on the day of an instant, before anybody comes to work."""
        self._order += 1
        heappush(self._later, (at_us, self._order, act))

    # --- the stream ---

    def __iter__(self) -> Iterator[Simulated]:
        return self

    def __next__(self) -> Simulated:
        while not self._queue or self._queue[0][0] >= self.midnight(self._day):
            self._live()
        at_us, _, told, truth = heappop(self._queue)
        self.now_us = at_us
        if (date_ := told.fields.get("date")) is not None and told.event_type == ACTION:
            self._days.setdefault(date_, Day(date_, ZONE)).add(told)
        self._said += 1
        name = f"office-{self._salt:08x}-{self._said:08x}"
        return Simulated({"id": name, "type": told.event_type, "at": format_instant(at_us), **told.fields}, truth)

    def midnight(self, day: int) -> int:
        """When a day begins, by its number."""
        return start_of_day(self.first + timedelta(days=day), ZONE)

    def _live(self) -> None:
        """Plan the next day, and sum up the one that has just ended."""
        day, midnight = self._day, self.midnight(self._day)
        ended = (self.first + timedelta(days=day - 1)).isoformat()
        if (done := self._days.pop(ended, None)) is not None:
            for told in done.events(midnight + 10 * MINUTE_US):
                self.say(told.at_us, told)
        self._day += 1
        for begin in self.plots.pop(day, ()):
            begin(day)
        while self._later and self._later[0][0] < midnight + DAY_US:
            at_us, _, act = heappop(self._later)
            act(max(at_us, midnight))
        today = self.first + timedelta(days=day)
        self._house(day, midnight)
        for person in self.people:
            if person.left is None or day < person.left:
                self._work(person, day, today, midnight)

    def at_work(self, person: Person, day: int) -> tuple[int, int] | None:
        """From when until when somebody works on a day; None when he is free."""
        weekday, midnight = (self.first + timedelta(days=day)).weekday(), self.midnight(day)
        rota = (day + sum(map(ord, person.name))) % 7
        if day in person.covers or person.shift == "night":
            return (midnight + 22 * HOUR_US, midnight + 31 * HOUR_US) if day in person.covers or rota < 5 else None
        if person.shift == "late":
            begins = 7 if (day // 7 + len(person.name)) % 2 else 13
            return (midnight + begins * HOUR_US, midnight + (begins + 9) * HOUR_US) if rota < 5 else None
        if weekday >= 5 and (person.shift != "day" or rota not in (0, 1)):
            return None
        return midnight + 9 * HOUR_US, midnight + 18 * HOUR_US

    # --- honest life ---

    def _house(self, day: int, midnight: int) -> None:
        """What happens to the house: people come, stand in, get new laptops, move."""
        chance = self.chance
        if day and day % 23 == 0:
            line, role, _, shift = chance.choice(TEAMS[:6])
            new = self.hire(line, role, shift)
            self.notice(midnight + 8 * HOUR_US, new, "joined")
            if new.account is not None:
                self.tie(midnight + 8 * HOUR_US, new, new.account, "own")
        if day % 17 == 5:
            stands_in = chance.choice([one for one in self.people if one.shift == "day"])
            stands_in.covers.update(range(day + 1, day + 6))
            if chance.random() < 0.7:  # the roster is told, mostly
                self.notice(midnight + 8 * HOUR_US, stands_in, "nights")
                self.later(midnight + 7 * DAY_US, lambda now: self.notice(now, stands_in, "days"))
        if day % 31 == 12:
            self._move(midnight)
        self._approvals(midnight)
        self._lists(midnight)

    def _move(self, midnight: int) -> None:
        """Somebody is promoted, or moves: he gains a role and gives the old one back a fortnight later."""
        who = self.chance.choice([one for one in self.people if one.roles == ["analyst"]])
        granter = self.staff("security_admin")
        self.grant(midnight + 10 * HOUR_US, granter, who, "senior_analyst")

        def gives_back(_: int) -> None:
            who.roles = [role for role in who.roles if role != "analyst"]

        self.later(midnight + 14 * DAY_US, gives_back)

    def staff(self, role: str) -> Person:
        """Anybody of a role."""
        return self.chance.choice([one for one in self.people if role in one.roles and one.left is None])

    def anybody(self, chance: Random) -> str:
        """A customer, each as likely as any other."""
        return chance.choice(self.customers)

    def _approvals(self, midnight: int) -> None:
        for _ in range(poisson(self.chance, 2.2)):
            asked = self.staff(self.chance.choice(("policy_author", "policy_author", "approver")))
            who = asked
            while who is asked:
                who = self.staff(self.chance.choice(("approver", "approver", "senior_analyst")))
            waited_s = int(self.chance.lognormvariate(8.5, 1.3))
            at_us = midnight + int(self.chance.uniform(9.5, 18) * HOUR_US)
            self.approve(at_us, who, asked, waited_s)

    def _lists(self, midnight: int) -> None:
        for _ in range(poisson(self.chance, 2.0)):
            who, dice = self.staff("senior_analyst"), self.chance.random()
            at_us = midnight + int(self.chance.uniform(9.5, 18) * HOUR_US)
            value = self.anybody(self.chance)
            if dice < 0.6:
                self.list(at_us, who, value, "black", "add")
                if self.chance.random() < 0.08:  # an appeal, granted weeks later
                    back_us = at_us + int(self.chance.uniform(3, 30) * DAY_US)
                    self.later(back_us, lambda now, value=value: self._appealed(now, value))  # type: ignore[misc]
            elif dice < 0.85:
                days = None if self.chance.random() < 0.15 else self.chance.choice((30, 90, 180, 365))
                self.list(at_us, who, f"exit-{self.chance.randrange(10**6)}", "white", "add", days)
            else:
                self.list(at_us, who, value, "grey", "add" if self.chance.random() < 0.7 else "remove", 30)

    def _appealed(self, at_us: int, value: str) -> None:
        self.list(at_us + 11 * HOUR_US, self.staff("senior_analyst"), value, "black", "remove")

    def _work(self, person: Person, day: int, today: date, midnight: int) -> None:
        hours = self.at_work(person, day)
        chance = person.chance
        if hours is None:
            if person.shift == "on_call" and day // 7 % 4 == len(person.name) % 4 and chance.random() < 0.5:
                self._on_call(person, midnight)
            return
        begins, ends = hours
        if chance.random() < 1 / 220:
            person.device = f"{person.device}-new"
        self._sign_in(person, begins + int(chance.uniform(-5, 20) * MINUTE_US))
        if person.role in ("analyst", "senior_analyst", "aml_officer"):
            self._cases(person, begins, ends)
            self._calls(person, begins, ends)
        self._chores(person, today, begins, ends)
        if person.shift == "on_call" and day // 7 % 4 == len(person.name) % 4 and chance.random() < 0.5:
            self._on_call(person, midnight)

    def _sign_in(self, person: Person, at_us: int) -> None:
        chance = person.chance
        if chance.random() < 0.04:
            for number in range(1 + int(chance.expovariate(0.8))):
                self.act(at_us + number * 12 * SECOND_US, person, "sign_in.password", allowed=False)
        self.act(at_us + 3 * MINUTE_US, person, "sign_in.password")

    def _on_call(self, person: Person, midnight: int) -> None:
        at_us = midnight + int(person.chance.uniform(23, 29) * HOUR_US)
        for number in range(1 + poisson(person.chance, 2)):
            self.act(at_us + number * 4 * MINUTE_US, person, "controls.read")

    def _cases(self, person: Person, begins: int, ends: int) -> None:
        chance = person.chance
        count = poisson(chance, (6 if person.role == "aml_officer" else 10) * person.pace)
        if person.role == "senior_analyst" and chance.random() < 0.04:
            count += 45  # a ring has come to light: today all of its accounts are looked at
        for _ in range(count):
            at_us = begins + int(chance.random() ** 1.05 * (ends - begins - HOUR_US))
            customer, counterparty = self.anybody(chance), f"shop-{int(chance.paretovariate(1.2)) % COUNTERPARTIES}"
            case = f"case_{chance.randrange(10**8):08d}"
            if chance.random() < 0.3:
                self.act(at_us, person, "vault.search", about=customer, case=case)
            for look in range(1 + poisson(chance, 1.2)):
                self.act(at_us + look * 90 * SECOND_US, person, "decision.read", about=customer, case=case)
            if chance.random() < 0.4:
                self.act(at_us + 4 * MINUTE_US, person, "vault.reveal", about=customer, case=case, rows=1)
            if person.role == "analyst":
                waited_s = int(chance.lognormvariate(7.0, 1.3))
                alert = Pending("payment", customer, counterparty, at_us + 6 * MINUTE_US - waited_s * SECOND_US)
                self.close(at_us + 6 * MINUTE_US, person, alert, good=chance.random() < 0.75)

    def _calls(self, person: Person, begins: int, ends: int) -> None:
        chance = person.chance
        for _ in range(poisson(chance, person.calls)):
            at_us = begins + int(chance.random() * (ends - begins))
            customer = (
                self.customers[1_000 + chance.randrange(CALLERS)] if chance.random() < 0.2 else self.anybody(chance)
            )
            self.act(at_us, person, "entity.read", about=customer)
            if chance.random() < 0.2:
                self.act(at_us + MINUTE_US, person, "vault.reveal", about=customer, rows=1)
            if chance.random() < 0.06:  # the same customer calls again, at this time of a day to come
                again = at_us + chance.choice((1, 2, 3)) * DAY_US
                self.act(again, person, "entity.read", about=customer)

    def _chores(self, person: Person, today: date, begins: int, ends: int) -> None:
        chance, role = person.chance, person.role

        def sometime() -> int:
            return begins + int(chance.random() * (ends - begins))

        reads = READS.get(role, "decisions.read")
        for _ in range(poisson(chance, 6 * person.pace)):
            self.act(sometime(), person, reads)
        if chance.random() < 0.02:
            for _ in range(1 + poisson(chance, 0.4)):
                self.act(sometime(), person, chance.choice(("keys.read", "webhooks.read")), allowed=False)
        workdays_left = sum((today + timedelta(days=n)).month == today.month for n in range(1, 4))
        is_month_end, is_quarter_end = workdays_left < 3, today.month % 3 == 0 and workdays_left < 3
        if role == "treasurer":
            if is_quarter_end and chance.random() < 0.5:
                self.act(sometime(), person, "decisions.export", rows=int(chance.uniform(15_000, 26_000)))
            elif is_month_end and chance.random() < 0.5:
                self.act(sometime(), person, "decisions.export", rows=int(chance.uniform(4_000, 8_000)))
        elif role == "aml_officer" and (is_month_end or chance.random() < 0.03):
            self.act(sometime(), person, "decisions.export", rows=int(chance.uniform(300, 3_000)))
        elif role == "senior_analyst" and chance.random() < 0.12:
            self.act(sometime(), person, "decisions.export", rows=int(chance.lognormvariate(5.6, 0.6)))
        elif role == "security_admin" and chance.random() < 0.1:
            self.act(sometime(), person, "staff.disable", on="somebody")


def poisson(chance: Random, mean: float) -> int:
    """A Poisson number, by exponential steps (means here are small)."""
    count, left = 0, mean
    while (left := left - chance.expovariate(1.0)) > 0:
        count += 1
    return count
