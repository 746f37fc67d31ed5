"""Insiders: people of the office who do what they shouldn't, each for a reason of his own; the truth is beside it.

They know what is public in any house: that looks are recorded and that large things are noticed. So some name a case
that isn't there, take little at a time, or stop after a few. None of them knows a rule or a limit.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from jindi.run.simulate.office import Act, Office, Pending, Person, poisson
from jindi.run.simulate.town import stream
from jindi.run.simulate.truth import INSIDERS, Truth

SPAN_DAYS = 70
"""Episodes begin within so many days after the calm ones."""


class Episode(NamedTuple):
    """One insider at it."""

    office: Office
    truth: Truth
    who: Person
    chance: Random

    def at(self, day: int) -> int:
        """An instant in his hours of a day; in office hours when he is free."""
        hours = self.office.at_work(self.who, day)
        if hours is None:
            return self.office.midnight(day) + int(self.chance.uniform(9, 18) * HOUR_US)
        return int(self.chance.uniform(*hours))

    def case(self, share: float) -> str:
        """A case that isn't there, in a share of all looks."""
        return f"case_{self.chance.randrange(10**8):08d}" if self.chance.random() < share else ""

    def look(self, day: int, customer: str, feigned: float) -> None:
        """A look at somebody, perhaps with a reveal."""
        at_us, case = self.at(day), self.case(feigned)
        self.office.act(at_us, self.who, "entity.read", about=customer, case=case, truth=self.truth)
        if self.chance.random() < 0.4:
            when = at_us + 2 * MINUTE_US
            self.office.act(when, self.who, "vault.reveal", about=customer, case=case, rows=1, truth=self.truth)


def open_office(
    seed: int, *, start_us: int, insiders: int = 2, calm_days: int = 42, span_days: int = SPAN_DAYS,
    customers: Sequence[str] | None = None,
) -> Office:  # fmt: skip
    """An office with insiders: `insiders` episodes of each kind, which begin within `span_days` after the calm ones."""
    office = Office(seed, start_us=start_us, customers=customers)
    chance = stream(seed, "insiders")
    for scheme in SCHEMES:
        for number in range(insiders):
            day = calm_days + chance.randrange(span_days)
            dice = Random(chance.getrandbits(64))  # noqa: S311 - a model's dice
            office.plots.setdefault(day, []).append(_starter(office, scheme, number, dice))
    return office


Play = Callable[[Episode, int], None]


def _starter(office: Office, scheme: str, number: int, chance: Random) -> Callable[[int], None]:
    roles, play = SCHEMES[scheme]

    def start(day: int) -> None:
        able = [
            one for one in office.people
            if one.role in roles and one.name not in office.taken and one.left is None
            and (one.joined == 0 or day - one.joined >= 14)
        ]  # fmt: skip
        if able:
            who = chance.choice(able)
            office.taken.add(who.name)
            play(Episode(office, Truth(scheme, f"epi_{scheme}_{number:05d}"), who, chance), day)

    return start


def _celebrity(each: Episode, day: int) -> None:
    for customer in each.chance.sample(each.office.vips, each.chance.randint(1, 4)):
        each.look(day + each.chance.randrange(21), customer, 0.3)


def _former_partner(each: Episode, day: int) -> None:
    customer = each.office.anybody(each.chance)
    if each.chance.random() < 0.2:
        each.office.tie(each.office.midnight(day), each.who, customer, "former")
    for week in range(each.chance.randint(5, 8)):
        for when in each.chance.sample(range(7), each.chance.randint(2, 3)):
            each.look(day + 7 * week + when, customer, 0.2)


def _leaving(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    if chance.random() < 0.5:
        office.notice(office.midnight(day) + 9 * HOUR_US, each.who, "leaving")
    if chance.random() < 0.5:
        sizes = [int(chance.uniform(6_000, 30_000))]
    else:
        sizes = [int(chance.uniform(400, 1_500)) for _ in range(chance.randint(5, 12))]
    for size in sizes:
        at_us = each.at(day + 1 + chance.randrange(12))
        office.act(at_us, each.who, "decisions.export", rows=size, truth=each.truth)
    each.who.left = day + 15
    office.later(office.midnight(day + 15), lambda now: office.notice(now, each.who, "left"))


def _own_account(each: Episode, day: int) -> None:
    if each.who.account is None:
        each.who.account = each.office.customers[-1 - each.chance.randrange(500)]  # opened lately; nobody told of it
    for _ in range(each.chance.randint(1, 3)):
        each.look(day + each.chance.randrange(14), each.who.account, 0.1)


def _colleagues(each: Episode, day: int) -> None:
    accounts = [one.account for one in each.office.people if one.account is not None and one is not each.who]
    for customer in each.chance.sample(accounts, each.chance.randint(2, 6)):
        each.look(day + each.chance.randrange(14), customer, 0.2)


def _ring(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    other = office.staff("approver")
    while other is each.who:
        other = office.staff("approver")
    office.taken.add(other.name)
    for turn in range(2 * chance.randint(3, 5)):
        one, two = (each.who, other) if turn % 2 else (other, each.who)
        office.approve(each.at(day + chance.randrange(35)), one, two, int(chance.lognormvariate(6, 1.2)), each.truth)


def _suppressor(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    mule, shop = office.anybody(chance), f"front-{chance.randrange(10**6)}"
    for _ in range(chance.randint(5, 9)):
        at_us = each.at(day + chance.randrange(42))
        payer = mule if chance.random() < 0.6 else office.anybody(chance)
        alert = Pending("transfer", payer, shop, at_us - int(chance.lognormvariate(4.5, 1.0)) * SECOND_US)
        if chance.random() < 0.22:  # another got there first
            office.close(at_us, office.staff("analyst"), alert, good=chance.random() < 0.6)
        else:
            office.close(at_us, each.who, alert, good=True, truth=each.truth)


def _poisoner(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    for _ in range(chance.randint(1, 3)):
        value = office.anybody(chance)
        at_us = each.at(day + 2 + chance.randrange(10))
        if chance.random() < 0.5:
            if chance.random() < 0.5:
                office.tie(office.midnight(day), each.who, value, "family")
        else:
            office.list(at_us - 2 * DAY_US, office.staff("senior_analyst"), value, "black", "add")
        days = None if chance.random() < 0.5 else 365
        office.list(at_us, each.who, value, "white", "add", days, each.truth)


def _creeper(each: Episode, day: int) -> None:
    office, chance, who = each.office, each.chance, each.who
    wanted = [role for role in ("senior_analyst", "policy_author", "approver", "treasurer") if role not in who.roles]
    for number, role in enumerate(wanted[:3]):
        when = office.midnight(day + 13 * number + chance.randrange(6)) + 10 * HOUR_US
        office.later(when, _granting(each, role))
        for _ in range(3):
            office.later(when + int(chance.uniform(1, 9) * DAY_US), _using(each))


def _granting(each: Episode, role: str) -> Act:
    """Somebody of the security gives him a role, and thinks nothing of it."""
    office = each.office
    return lambda now: office.grant(now, office.staff("security_admin"), each.who, role, each.truth)


def _using(each: Episode) -> Act:
    return lambda now: each.office.act(now + 2 * HOUR_US, each.who, "policies.read", truth=each.truth)


def _stolen(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    device = each.who.device if chance.random() < 0.3 else f"stranger-{chance.randrange(10**8)}"
    for night in range(chance.randint(1, 3)):
        at_us = office.midnight(day + night) + int(chance.uniform(0.5, 5) * HOUR_US)
        office.act(at_us, each.who, "sign_in.password", device=device, truth=each.truth)
        for number in range(15 + poisson(chance, 15)):
            what = chance.choice(("entity.read", "entity.read", "vault.reveal"))
            when, customer, case = at_us + (number + 1) * 70 * SECOND_US, office.anybody(chance), each.case(0.5)
            office.act(when, each.who, what, about=customer, case=case, rows=1, device=device, truth=each.truth)


def _seller(each: Episode, day: int) -> None:
    office, chance = each.office, each.chance
    feigned = chance.choice((0.0, 0.5, 0.9))
    for when in range(chance.randint(5, 12)):
        if office.at_work(each.who, day + when) is not None:
            for _ in range(8 + poisson(chance, 14)):
                each.look(day + when, office.anybody(chance), feigned)


_LOOKERS = ("analyst", "senior_analyst", "aml_officer")
SCHEMES: dict[str, tuple[tuple[str, ...], Play]] = {
    "alert_suppressor": (("analyst",), _suppressor),
    "approval_ring": (("approver",), _ring),
    "celebrity_snooper": (_LOOKERS, _celebrity),
    "colleague_peeker": (_LOOKERS, _colleagues),
    "data_seller": (_LOOKERS, _seller),
    "former_partner": (_LOOKERS, _former_partner),
    "leaving_exporter": (("senior_analyst", "aml_officer", "treasurer"), _leaving),
    "list_poisoner": (("senior_analyst",), _poisoner),
    "own_account": (_LOOKERS, _own_account),
    "privilege_creeper": (("analyst", "policy_author", "system_admin"), _creeper),
    "stolen_session": (("analyst", "senior_analyst", "aml_officer"), _stolen),
}
"""Every kind of insider: of which roles he may be, and what he does from a day on."""
assert tuple(SCHEMES) == INSIDERS
