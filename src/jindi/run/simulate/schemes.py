"""Adversaries: each acts for gain, knows what is public about wallets, and adapts when it is refused.

None of them knows the platform's rules. They pace themselves, rent addresses in the victim's city, stay
below amounts that the law makes public, use what accounts and cards they could buy, and stop when it no
longer pays. Their money is what the scoreboard counts.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from random import Random
from typing import NamedTuple

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US
from jindi.run.simulate.clients import Acting, Client, complain, level_for
from jindi.run.simulate.lives import WELCOME, WELCOME_MINOR
from jindi.run.simulate.rhythm import local_day, local_hour
from jindi.run.simulate.stage import Episode, Sent, Stage
from jindi.run.simulate.tills import CAREFUL, TAP_MINOR_MAX, Copied, repeated, usable
from jindi.run.simulate.town import (
    BINS,
    CITIES,
    HOME_CITIES,
    TRADES,
    Card,
    Device,
    Merchant,
    Place,
    User,
    hosting_place,
    luhn_digit,
    new_card,
    new_device,
    phone_of,
    proxy_place,
)


class Plot:
    """One campaign being played: the stage, its name in the ground truth, its own dice."""

    __slots__ = ("chance", "episode", "stage")

    def __init__(self, stage: Stage, episode: Episode, chance: Random) -> None:
        self.stage = stage
        self.episode = episode
        self.chance = chance

    def client(self, user: User, device: Device, place: Place, *, passes: float, notices: float = 0.0) -> Client:
        """Somebody of the campaign, acting for a user."""
        return Client(
            self.stage, self.chance, user, device=device, place=place, episode=self.episode, passes=passes,
            notices=notices,
        )  # fmt: skip

    def soon(self, seconds_min: float, seconds_max: float) -> int:
        """An instant some seconds from now."""
        return self.later(seconds_min / 3_600, seconds_max / 3_600)

    def later(self, hours_min: float, hours_max: float) -> int:
        """An instant some hours from now."""
        return self.stage.now_us + int(self.chance.uniform(hours_min, hours_max) * HOUR_US)

    def anybody(self) -> User:
        """A user who was there from the start: adversaries have bought lists of them."""
        return self.stage.town.users[self.chance.randrange(self.stage.newcomers_from)]

    def neighbour(self, user: User) -> User:
        """Somebody who lives in the user's city, unless hardly anybody does."""
        asked = (self.anybody() for _ in range(200))
        return next((other for other in asked if other.city == user.city and other is not user), self.anybody())

    def sleeper(self) -> User:
        """An account that is little used: its owner would rent it out."""
        return min((self.anybody() for _ in range(4)), key=lambda user: user.per_day)

    def shop(self, *categories: str) -> Merchant:
        """A merchant of some trades."""
        return self.chance.choice(self.stage.town.shops(*categories))

    def exit(self) -> Place:
        """A rented address somewhere: a household's line or a server."""
        if self.chance.random() < 0.4:
            return hosting_place(self.chance.randrange(len(CITIES)), self.chance)
        return proxy_place(self.chance.randrange(HOME_CITIES), self.chance)

    def impostor(self, victim: User, *, passes: float) -> Client:
        """Somebody who plays the victim; the better equipped rent a line in the same city."""
        device = new_device(self.chance, ("android", "android", "ios", "emulator", "chrome"))
        near = self.chance.random() < 0.55
        place = proxy_place(victim.city, self.chance) if near else self.exit()
        return self.client(victim, device, place, passes=passes, notices=0.35)

    def report(self, sent: Sent, victim: User, share: float, days: float, *sources: str) -> None:
        """The victim finds out, in a `share` of cases, after some days (log-normal around `days`)."""
        stage, seed = self.stage, self.chance.getrandbits(64)
        at_us = stage.now_us + int(days * self.chance.lognormvariate(0, 0.8) * DAY_US)
        found, source = self.chance.random() < share, self.chance.choice(sources)

        def find_out() -> None:
            if complain(stage, sent, victim, source) and source == "customer":
                locked = Client(stage, Random(seed), victim)  # noqa: S311 - a model's dice
                stage.later(locked.soon(30, 1_800), locked.change_password)

        if found:
            stage.later(at_us, find_out)


class Scheme(NamedTuple):
    """A scenario's adversary, and how many episodes a thousand users see a day."""

    play: Callable[[Plot], Acting]
    per_day: float


def schemes() -> dict[str, Scheme]:
    """All adversaries, by scenario."""
    return {
        "account_takeover": Scheme(account_takeover, 0.20),
        "bonus_abuse": Scheme(bonus_abuse, 0.040),
        "card_testing": Scheme(card_testing, 0.035),
        "compromised_terminal": Scheme(compromised_terminal, 0.040),
        "credential_stuffing": Scheme(credential_stuffing, 0.020),
        "impossible_travel": Scheme(impossible_travel, 0.12),
        "merchant_collusion": Scheme(merchant_collusion, 0.040),
        "mule_ring": Scheme(mule_ring, 0.035),
        "stolen_card": Scheme(stolen_card, 0.20),
        "structuring": Scheme(structuring, 0.06),
    }


def conspire(stage: Stage, scenario: str, scheme: Scheme, chance: Random, per_day: float) -> Acting:
    """Episodes of one scenario as they come, `per_day` on average.

    The first begins within the first two days, so that a short demonstration meets each kind.
    """
    number = 0
    yield stage.now_us + int(chance.uniform(0.15, 2.0) * DAY_US)
    while True:
        number += 1
        dice = Random(chance.getrandbits(64))  # noqa: S311 - a model's dice
        stage.start(scheme.play(Plot(stage, Episode(scenario, number), dice)), stage.now_us)
        yield stage.now_us + int(chance.expovariate(per_day) * DAY_US)


def account_takeover(plot: Plot) -> Acting:
    """A phished or bought password; then the wallet is looked at and emptied."""
    chance, victim = plot.chance, plot.anybody()
    coaxes = chance.random() * 0.4  # some also talk the one-time password out of the victim
    thief = plot.impostor(victim, passes=coaxes)
    if chance.random() < 0.4:
        for _ in range(chance.randint(1, 2)):
            _enter(thief, success=False)
            yield plot.soon(10, 60)
    entered = _enter(thief)
    yield plot.soon(60, 900)
    if entered.stopped:
        if chance.random() < 0.5:
            return
        thief = plot.impostor(victim, passes=coaxes)
        entered = _enter(thief)
        yield plot.soon(120, 900)
        if entered.stopped:
            return
    if chance.random() < 0.5:
        yield plot.later(0.5, 30)  # a patient one comes back at a quiet hour
        entered = _enter(thief)
        yield plot.soon(30, 300)
        if entered.stopped:
            return
    yield from _drain(plot, thief)


def credential_stuffing(plot: Plot) -> Acting:
    """A leaked list of names and passwords is tried through many rented addresses; hits are emptied."""
    chance, users = plot.chance, plot.stage.town.users
    attempts = chance.randint(60, 90) + min(len(users) // 60, 400)
    exits = [plot.exit() for _ in range(chance.randint(4, 24))]
    devices = [new_device(chance, ("chrome", "headless", "android")) for _ in range(chance.randint(2, 12))]
    patience = chance.choice((2.0, 6.0, 20.0))
    hits: list[User] = []
    refused = 0
    for _ in range(attempts):
        known = chance.random() < 0.45  # the others of the list were never customers here
        strange = User(chance.randrange(2_000_000, 9_000_000), chance.randrange(HOME_CITIES), chance)
        target = plot.anybody() if known else strange
        success = known and chance.random() < 0.02
        place = chance.choice(exits)
        bot = plot.client(target, chance.choice(devices), place, passes=0.01)
        tried = bot.sign_in(method="password", success=success, channel="web")
        yield plot.soon(patience * 0.3, patience * 2.5)
        if tried.stopped:
            refused += 1
            if len(exits) > 1:
                exits.remove(place)
            if refused > 12 and chance.random() < 0.2:
                exits.append(plot.exit())
                patience = min(patience * 1.5, 120.0)
            if refused > attempts // 3:
                break
        elif success:
            hits.append(target)
    for victim in hits:
        yield plot.later(0.2, 20)
        thief = plot.impostor(victim, passes=0.05)
        entered = _enter(thief)
        yield plot.soon(60, 600)
        if not entered.stopped:
            yield from _drain(plot, thief)


def impossible_travel(plot: Plot) -> Acting:
    """Malware steals a session while its owner is about, and it is used at once from far away."""
    chance, victim = plot.chance, plot.anybody()
    while plot.stage.now_us - victim.last_seen_us > 40 * MINUTE_US:
        yield plot.stage.now_us + 15 * MINUTE_US
    yield plot.soon(120, 2_400)
    province = CITIES[victim.city].province
    far = chance.choice([number for number, city in enumerate(CITIES) if city.province != province])
    place = chance.choice((proxy_place, hosting_place))(far, chance)
    device = new_device(chance, ("android", "chrome", "ios"))
    thief = plot.client(victim, device, place, passes=0.08, notices=0.3)
    for attempt in range(2):
        entered = thief.sign_in(method=chance.choice(("partner", "passkey", "password")), channel="web")
        yield plot.soon(30, 240)
        if not entered.stopped:
            break
        if attempt == 1:
            return
        yield plot.soon(300, 1_800)
    for _ in range(chance.randint(1, 4)):
        shop = plot.shop("gift_card", "game", "digital_goods")
        minor = chance.choice((5_000, 10_000, 20_000, 30_000, 50_000, 64_800, 98_000))
        bought = _buy_fence(thief, shop, minor)
        plot.report(bought, victim, 0.8, 1.2, "customer")
        yield plot.soon(40, 420)
        if bought.stopped and chance.random() < 0.7:
            return


def card_testing(plot: Plot) -> Acting:
    """A list of stolen card numbers is tried with small payments; cards that answer are used up later."""
    chance = plot.chance
    throwaways: list[Client] = []
    for _ in range(chance.randint(1, 4)):
        account = yield from _open_account(plot)
        if account is not None:
            account.passes = 0.02
            throwaways.append(account)
    if not throwaways:
        return
    exits = [plot.exit() for _ in range(chance.randint(1, 6))]
    devices = [account.device for account in throwaways]
    devices += [new_device(chance) for _ in range(chance.randint(0, 3))]
    shop = plot.shop("digital_goods", "game", "utilities")
    good: list[Card] = []
    refused = 0
    for card in _card_list(chance, chance.randint(25, 80)):
        bot = chance.choice(throwaways)
        bot.place, bot.device = chance.choice(exits), chance.choice(devices)
        minor = chance.randint(100, 990) if chance.random() < 0.8 else chance.randint(1_000, 3_000)
        sent = bot.buy(
            shop, minor, level="none", channel=chance.choice(("web", "api", "app")), card=card,
            loss_minor=minor, declines=0.82,
        )  # fmt: skip
        yield plot.soon(3, 90)
        if sent.stopped:
            refused += 1
            shop = plot.shop("digital_goods", "game", "utilities")
            if refused >= 8:
                break
            yield plot.soon(60, 1_200)
        elif sent.approved:
            good.append(card)
            plot.report(sent, bot.user, 0.25, 12, "chargeback")
    for card in good[:6]:
        yield plot.later(1, 16)
        spender = chance.choice(throwaways)
        for _ in range(chance.randint(1, 3)):
            minor = int(chance.lognormvariate(11.3, 0.6))
            sent = spender.buy(
                plot.shop("gift_card", "electronics", "game"), minor, level=_level(minor), channel="web",
                card=card, loss_minor=minor, declines=0.25,
            )  # fmt: skip
            plot.report(sent, spender.user, 0.9, 9, "chargeback")
            yield plot.soon(60, 900)
            if sent.stopped or not sent.approved:
                break


def stolen_card(plot: Plot) -> Acting:
    """One stolen card is bound to a bought or new account and spent before its owner looks."""
    chance, owner = plot.chance, plot.anybody()
    card = owner.cards[-1]
    if chance.random() < 0.5:
        opened = yield from _open_account(plot)
        if opened is None:
            return
        thief = opened
    else:  # an account that somebody sold
        thief = plot.impostor(plot.anybody(), passes=0.6)
        entered = _enter(thief)
        yield plot.soon(60, 1_200)
        if entered.stopped:
            return
    thief.passes, thief.notices = 0.15, 0.15
    for _ in range(2):
        bound = thief.bind_card(card, confirmed=chance.random() < 0.6, phone=owner.phone)
        yield plot.soon(30, 600)
        if bound.stopped:
            return
        if bound.event["verified"]:
            break
    minor = int(chance.lognormvariate(9.6, 0.7))
    declined = 0
    for _ in range(chance.randint(3, 9)):
        minor = min(int(minor * chance.uniform(0.9, 2.2)), 900_000)
        sent = thief.buy(
            plot.shop("gift_card", "game", "digital_goods", "electronics", "marketplace"), minor,
            level=_level(minor), channel=chance.choice(("app", "web")), card=card, loss_minor=minor,
            declines=0.08 + 0.1 * declined,
        )  # fmt: skip
        plot.report(sent, owner, 0.88, 8, "chargeback")
        yield plot.soon(90, 3_600)
        if sent.stopped:
            minor //= 3
            if chance.random() < 0.6:
                return
        declined += not sent.approved
        if declined >= 2:
            return


def mule_ring(plot: Plot) -> Acting:
    """Talked-over victims pay a first account; the money runs through others and out within the hour."""
    chance, stage = plot.chance, plot.stage
    handlers = [new_device(chance) for _ in range(chance.randint(1, 3))]
    desk = plot.exit()
    ring: list[Client] = []
    for _ in range(chance.randint(4, 8)):
        if chance.random() < 0.5:
            opened = yield from _open_account(plot, chance.choice(handlers))
            if opened is not None:
                ring.append(opened)
        else:
            user = plot.sleeper()
            device = chance.choice((*handlers, user.device))
            mule = plot.client(user, device, desk if device in handlers else user.home, passes=0.95)
            entered = _enter(mule)
            yield plot.soon(60, 1_800)
            if not entered.stopped:
                ring.append(mule)
    if len(ring) < 3:
        return
    refused = 0
    for _ in range(chance.randint(5, 14)):
        yield plot.later(0.3, 9)
        while not 8 <= local_hour(stage.now_us) <= 22:  # one calls victims while they are awake
            yield stage.now_us + 45 * MINUTE_US
        user, front = plot.anybody(), ring[refused % 2]
        victim = plot.client(user, user.device, user.trip or user.home, passes=0.8, notices=0.35)
        minor = int(chance.lognormvariate(13.0, 0.8)) // 10_000 * 10_000 + 20_000
        level = level_for(stage, user, minor)
        if level is None:  # the wallet would not let so much go without a certificate: then a smaller sum
            minor, level = min(minor, 480_000), "two"
        card = None if user.balance_minor >= minor else user.cards[0]
        paid = victim.send(front.user, minor, level=level, card=card, loss_minor=minor)
        plot.report(paid, user, 0.75, 2, "customer", "police")
        yield plot.soon(90, 1_500)
        if paid.stopped:
            refused += 1
            if refused > 3 and chance.random() < 0.5:
                return
        else:
            yield from _layer(plot, front, ring[2:], minor)


def structuring(plot: Plot) -> Acting:
    """Dirty money is moved in pieces that stay below what the law makes banks and wallets report."""
    chance = plot.chance
    accounts: list[Client] = []
    for _ in range(chance.randint(1, 3)):
        user = plot.sleeper()
        user.account_class, user.certificate = "III", True
        accounts.append(plot.client(user, user.device, user.home, passes=0.97))
    drops = [new_card("debit", chance) for _ in range(chance.randint(1, 3))]
    for _ in range(chance.randint(2, 4)):
        for account in accounts:
            for _ in range(chance.randint(1, 4)):
                minor = _below(chance, chance.choice((5_000_000, 5_000_000, 2_000_000, 1_000_000)))
                own = chance.random() < 0.5
                filled = account.fill(minor, level="certificate", card=chance.choice(drops), same_name=own)
                yield plot.soon(300, 5_400)
                if filled.stopped:
                    continue
                out_minor = int(minor * chance.uniform(0.9, 0.995)) // 10_000 * 10_000
                others = [other.user for other in accounts if other is not account]
                if others and chance.random() < 0.3:
                    out = account.send(chance.choice(others), out_minor, level="certificate", loss_minor=out_minor)
                else:
                    out = account.withdraw(
                        out_minor, level="certificate", card=chance.choice(drops), arrival="instant",
                        same_name=chance.random() < 0.6, loss_minor=out_minor,
                    )  # fmt: skip
                yield plot.soon(600, 9_000)
                if out.latest.outcome == "deny":
                    return
        yield plot.later(10, 30)


def merchant_collusion(plot: Plot) -> Acting:
    """A small merchant turns credit into cash for a fee: sham purchases, and the money goes back."""
    chance, town = plot.chance, plot.stage.town
    owner = plot.sleeper()
    fitting = ("clothing", "electronics", "restaurant")
    near = [shop for shop in town.shops(*fitting) if shop.city == owner.city and shop.kind != "company"]
    if near and chance.random() < 0.5:
        shop = chance.choice(near)  # it sells something, too
    else:
        trade = chance.choice([trade for trade in TRADES if trade.category in fitting])
        shop = town.add_merchant(trade, owner.city, chance.choice(("micro", "sole_trader")), 1)
    keeper = plot.client(owner, owner.device, owner.home, passes=0.95)
    users = [plot.neighbour(owner) for _ in range(chance.randint(4, 10))]
    clients = [plot.client(user, user.device, user.home, passes=0.96) for user in users]
    for _ in range(chance.randint(10, 30)):
        client = chance.choice(clients)
        minor = int(chance.lognormvariate(12.6, 0.5)) // 100 * 100
        cards = client.user.cards
        card = next((card for card in cards if card.kind == "credit"), cards[0])
        channel, reading = chance.choice(("pos", "code_dynamic")), None
        if channel == "pos":  # its holder stands there, card in hand
            reading = plot.stage.reader(shop, shop.terminals[0]).read(
                client.user, card, minor, plot.stage.now_us, chance
            )
        sent = client.buy(
            shop, minor, level="two", channel=channel, card=card, terminal=shop.terminals[0], reading=reading,
            loss_minor=minor, declines=0.06,
        )  # fmt: skip
        yield plot.soon(300, 7_200)
        if sent.stopped:
            if chance.random() < 0.25:
                return
        elif sent.approved and chance.random() < 0.7:
            keeper.send(client.user, minor * chance.randint(970, 992) // 1_000, level="certificate")
        elif sent.approved:
            client.give_back(sent, minor * 98 // 100, asked_by="merchant", same_card=False)
        yield plot.later(0.2, 5)


def bonus_abuse(plot: Plot) -> Acting:
    """One person plays dozens of new customers for their welcome gifts and collects them."""
    chance, town = plot.chance, plot.stage.town
    phones = [new_device(chance, ("android", "emulator")) for _ in range(chance.randint(2, 6))]
    exits = [plot.exit() for _ in range(chance.randint(1, 4))]
    collector = yield from _open_account(plot, phones[0])
    if collector is None:
        return
    block = chance.randrange(10**8)
    refused = 0
    for number in range(chance.randint(8, 22)):
        user = town.add_user()
        user.balance_minor = 0
        user.phone = f"141{(block + number * 3) % 10**8:08d}"  # numbers bought by the dozen
        client = plot.client(user, chance.choice(phones), chance.choice(exits), passes=0.9)
        opened = client.register(inviter=collector.user)
        yield plot.soon(20, 240)
        if opened.stopped:
            refused += 1
            if refused >= 4:
                return
            phones.append(new_device(chance, ("android", "emulator")))
            yield plot.soon(300, 3_600)
            continue
        checked = client.identify(passed=chance.random() < 0.8)
        yield plot.soon(20, 200)
        if checked.stopped or not checked.event["passed"]:
            continue
        gift = client.redeem(WELCOME_MINOR, WELCOME, loss_minor=WELCOME_MINOR)
        yield plot.soon(60, 900)
        if gift.stopped:
            refused += 1
            if refused >= 4:
                return
            continue
        client.send(collector.user, WELCOME_MINOR - chance.choice((0, 0, 10, 100)), level="one")
        yield plot.soon(120, 1_500)


def compromised_terminal(plot: Plot) -> Acting:
    """A tampered till repeats some of its customers' card payments, for days, at usual prices.

    It has what it copied (see tills): a stripe, a number, now and then the PIN, hardly ever a chip's answer.
    """
    stage, chance = plot.stage, plot.chance
    shops = [shop for shop in stage.town.shops("grocery", "restaurant", "fuel") if shop.terminals]
    till = {terminal: shop for shop in chance.sample(shops, min(len(shops), 24)) for terminal in shop.terminals}
    listening = {terminal: deque[Copied](maxlen=80) for terminal in till if terminal not in stage.tills}
    if not listening:  # others of the trade have been everywhere
        return
    stage.tills.update(listening)
    yield stage.now_us + 30 * HOUR_US  # a thief looks for a till with custom before opening it
    terminal = max(listening, key=lambda name: len(listening[name]))
    for other in listening:
        if other != terminal:
            del stage.tills[other]
    shop, seen = till[terminal], listening[terminal]
    reader, careful = stage.reader(shop, terminal), chance.random() < CAREFUL
    until_us = stage.now_us + int(chance.uniform(3, 9) * DAY_US)
    refused = 0
    while stage.now_us < until_us and refused < 6:
        yield plot.later(1, 8)
        copies = [each for each in seen if usable(each, careful=careful)]
        if not 7 <= local_hour(stage.now_us) <= 23 or not copies:
            continue
        copy = copies[chance.randrange(len(copies))]
        user, card = copy.user, copy.card
        minor = int(shop.median_minor * chance.lognormvariate(0.5, shop.sigma)) + 100
        if careful:
            minor = min(minor, TAP_MINOR_MAX)
        reading = repeated(reader, copy, careful=careful, chance=chance)
        skimmer = plot.client(user, user.device, user.home, passes=0.0, notices=0.1)
        sent = skimmer.buy(
            shop,
            minor,
            level=reading.level,
            channel="pos",
            card=card,
            terminal=terminal,
            reading=reading,
            loss_minor=minor,
            declines=0.05,
        )
        plot.report(sent, user, 0.8, 7, "chargeback")
        yield plot.soon(60, 600)
        refused += sent.stopped
    del stage.tills[terminal]


def _enter(client: Client, *, success: bool = True) -> Sent:
    channel = "web" if client.device.agent == "chrome" else "app"
    return client.sign_in(method="password", success=success, channel=channel)


def _level(minor: int) -> str:
    """What factors a thief can show: the stolen secret alone, or with a one-time password for more."""
    return "one" if minor <= 100_000 else "two"


def _below(chance: Random, threshold_minor: int) -> int:
    """An amount that stays below a reporting threshold, mostly closely; the careful keep a wider margin."""
    share = chance.uniform(0.9, 0.998) if chance.random() < 0.7 else chance.uniform(0.55, 0.9)
    return int(threshold_minor * share) // 10_000 * 10_000


def _card_list(chance: Random, length: int) -> Iterable[Card]:
    """Stolen numbers bought one by one, or counted up within one bank's range."""
    if chance.random() < 0.5:
        return [new_card("credit", chance) for _ in range(length)]
    first = chance.randrange(10**9)
    numbers = [f"{BINS['credit']}{(first + index * 7) % 10**9:09d}" for index in range(length)]
    return [Card(digits + luhn_digit(digits), "credit") for digits in numbers]


def _drain(plot: Plot, thief: Client) -> Acting:
    """Empty a wallet: lock the owner out, try a little, then take what is there until it is refused."""
    chance, victim = plot.chance, thief.user
    if chance.random() < 0.35:
        thief.change_password(kind="payment", way="reset")
        yield plot.soon(30, 300)
    if chance.random() < 0.2:
        thief.change_phone(phone_of(chance.randrange(10**8), "145"), way="service_desk")
        yield plot.soon(120, 1_800)
    if chance.random() < 0.3:
        thief.trust_device(way="otp")
        yield plot.soon(30, 600)
    mules = [plot.sleeper() for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.35:
        minor = chance.randint(100, 2_000)
        tried = thief.send(mules[0], minor, level="one", loss_minor=minor)
        yield plot.soon(60, 600)
        if tried.stopped and chance.random() < 0.5:
            return
    piece_minor = chance.choice((49_000, 99_000, 199_000, 300_000, 480_000))
    day, of_day_minor = local_day(plot.stage.now_us), 0
    refused = 0
    for turn in range(chance.randint(2, 7)):
        by_card = victim.balance_minor < 5_000
        if by_card and chance.random() < 0.5:
            return
        minor = piece_minor if by_card else min(piece_minor, victim.balance_minor)
        minor = max(1_000, int(minor * chance.uniform(0.8, 1.0)) // 100 * 100)
        if of_day_minor + minor > 500_000:  # more a day needs a certificate, as everybody knows
            if chance.random() < 0.5:
                return
            yield plot.later(12, 24)
        if local_day(plot.stage.now_us) != day:
            day, of_day_minor = local_day(plot.stage.now_us), 0
        of_day_minor += minor
        if chance.random() < 0.3:
            taken = _buy_fence(thief, plot.shop("gift_card", "game", "electronics"), minor)
        else:
            card = victim.cards[0] if by_card else None
            taken = thief.send(mules[turn % len(mules)], minor, level=_level(minor), card=card, loss_minor=minor)
        plot.report(taken, victim, 0.85, 0.8, "customer")
        yield plot.soon(40, 900)
        if taken.stopped:
            refused += 1
            piece_minor = max(piece_minor // 3, 5_000)
            if refused >= 2 or chance.random() < 0.4:
                return
            yield plot.soon(300, 3_600)


def _buy_fence(thief: Client, shop: Merchant, minor: int) -> Sent:
    """Something that turns into money again, from the balance or else from a bound card."""
    card = None if thief.user.balance_minor >= minor else thief.user.cards[-1]
    channel = "web" if thief.device.agent == "chrome" else "app"
    return thief.buy(shop, minor, level=_level(minor), channel=channel, card=card, loss_minor=minor, declines=0.05)


def _open_account(plot: Plot, device: Device | None = None) -> Generator[int, None, Client | None]:
    """A new account on bought identity papers; None when three in a row are refused."""
    chance = plot.chance
    for _ in range(3):
        user = plot.stage.town.add_user()
        user.balance_minor, user.account_class, user.certificate = 0, "II", False
        gear = device or new_device(chance, ("android", "emulator", "ios"))
        client = plot.client(user, gear, plot.exit(), passes=0.85)
        opened = client.register()
        yield plot.soon(60, 900)
        if opened.stopped:
            continue
        checked = client.identify(passed=chance.random() < 0.9)
        yield plot.soon(60, 1_800)
        if checked.event["passed"] and not checked.stopped:
            return client
    return None


def _layer(plot: Plot, front: Client, behind: list[Client], minor: int) -> Acting:
    """Money that has arrived runs on, in one or two pieces, and leaves to bank cards."""
    chance = plot.chance
    parts = chance.randint(1, 2)
    for _ in range(parts):
        part_minor = minor * chance.randint(93, 99) // 100 // parts // 100 * 100
        last = chance.choice(behind)
        passed_on = front.send(last.user, part_minor, level="two")
        yield plot.soon(60, 900)
        if passed_on.stopped:
            continue
        out_minor = part_minor * chance.randint(95, 100) // 100 // 100 * 100
        card = chance.choice((last.user.cards[0], new_card("debit", chance)))
        last.withdraw(out_minor, card=card, same_name=chance.random() < 0.8, arrival="instant")
        yield plot.soon(60, 1_200)
