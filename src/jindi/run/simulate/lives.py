"""Honest people: they shop, pay each other, fill and empty their wallets, travel, forget passwords.

They also do what looks wrong and is not: a new telephone, a night purchase, a VPN, a couple's shared tablet,
a rent on pay-day that is ten times any other payment, a mistaken chargeback.
"""

from collections.abc import Generator
from random import Random

from jindi.basics.instants import DAY_US, HOUR_US, SECOND_US
from jindi.run.simulate.clients import Acting, Client, complain, level_for
from jindi.run.simulate.rhythm import day_of_month, inner_of, instant_of, local_day, next_moment
from jindi.run.simulate.stage import Sent, Stage
from jindi.run.simulate.town import (
    CITIES,
    HOME_CITIES,
    Card,
    Merchant,
    Place,
    User,
    hosting_place,
    mobile_place,
    new_card,
    new_device,
    phone_of,
)

WELCOME = "welcome-2026"
"""The campaign that greets new customers."""

WELCOME_MINOR = 2_000
"""What it gives."""

_METHODS = ("face", "password", "otp", "passkey", "partner")
_METHOD_BOUNDS = (0.35, 0.65, 0.80, 0.92, 1.0)
_STANDING = ("utilities", "digital_goods", "game")
_SEASONAL = ("spring-sale", "weekend-lunch")
_JOURNEY_US, _FLIGHT_US = 6 * HOUR_US, 14 * HOUR_US
"""What a journey takes from door to door, at home and abroad."""

_CAPS_MINOR = {"I": 100_000, "II": 10_000_000, "III": 20_000_000}
"""What an account may pay from its balance: class I in its life, II and III in a year."""


def live(stage: Stage, user: User) -> Acting:
    """One customer's life on the platform, without end."""
    chance = user.chance
    user.inner = inner_of(stage.now_us)
    while True:
        user.inner = next_moment(user.inner, user.per_day * stage.rate, chance)
        yield instant_of(user.inner) + user.shift_us
        yield from _visit(stage, user)


def grow(stage: Stage, chance: Random, per_day: float) -> Acting:
    """New customers come in, one after the other."""
    inner = inner_of(stage.now_us)
    while True:
        inner = next_moment(inner, per_day, chance)
        yield instant_of(inner)
        user = stage.town.add_user()
        user.balance_minor = 0
        stage.start(_join(stage, user, invited=chance.random() < 0.35), stage.now_us)


def _visit(stage: Stage, user: User) -> Acting:
    """One visit: perhaps a login, then what the user came for."""
    chance = user.chance
    client = Client(stage, chance, user, place=_whereabouts(stage, user))
    away_us = stage.now_us - user.last_seen_us
    user.last_seen_us = stage.now_us
    point = chance.random()
    if point < 0.12 or (away_us > 12 * HOUR_US and point < 0.5):
        entered = yield from _arrive(client)
        if entered.stopped:
            yield client.soon(60, 400)  # time for a challenge or a second try
            if entered.stopped:
                return
    if _salary_due(stage, user):
        yield from _pay_day(client)
    while True:
        _errand(client)
        if chance.random() > 0.42:
            return
        yield stage.now_us + int(chance.lognormvariate(4.3, 1.0) * SECOND_US)


def _whereabouts(stage: Stage, user: User) -> Place:
    chance, now_us = user.chance, stage.now_us
    rested_us = now_us - user.last_seen_us  # nobody is in two cities within minutes
    if user.trip is not None:
        way_us = _FLIGHT_US if user.trip_city >= HOME_CITIES else _JOURNEY_US
        if now_us < user.stay_until_us or rested_us < way_us:
            return user.trip
        user.trip = None
    point = chance.random()
    if rested_us > _JOURNEY_US and point < 0.008:
        abroad = chance.random() < 0.07 and rested_us > _FLIGHT_US
        user.trip_city = chance.randrange(HOME_CITIES, len(CITIES)) if abroad else chance.randrange(HOME_CITIES)
        user.trip = mobile_place(user.trip_city, chance)
        user.stay_until_us = now_us + int(chance.uniform(0.5, 5) * DAY_US)
        return user.trip
    if user.streetwise > 0.985 and point < 0.4:
        return user.home._replace(ip=hosting_place(chance.randrange(HOME_CITIES, len(CITIES)), chance).ip)
    return user.home if point < 0.55 else mobile_place(user.city, chance)


def _arrive(client: Client) -> Generator[int, None, Sent]:
    """Signing in, with wrong passwords now and then, and a new telephone once in a while."""
    user, chance = client.user, client.chance
    if chance.random() < 0.004:
        user.device = client.device = new_device(chance)
        entered = client.sign_in(method="otp")
        yield client.soon(15, 120)
        if entered.stopped:
            return entered
        client.trust_device(way=chance.choice(("otp", "face", "face")))
        if chance.random() < 0.06:
            yield client.soon(60, 600)
            user.phone = phone_of(chance.randrange(10**8), "145")
            client.change_phone(user.phone, way=chance.choice(("old_phone", "face", "service_desk")))
        yield client.soon(5, 60)
        return entered
    draw = chance.random()
    method = next(name for name, bound in zip(_METHODS, _METHOD_BOUNDS, strict=True) if draw < bound)
    channel = _channel(client, "app" if user.streetwise < 0.8 else chance.choice(("mini_program", "app")))
    if method == "password" and chance.random() < 0.09:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
            client.sign_in(method=method, success=False, channel=channel)
            yield client.soon(4, 25)
        if chance.random() < 0.2:
            client.change_password(way="reset")
            yield client.soon(5, 30)
    entered = client.sign_in(method=method, channel=channel)
    yield client.soon(3, 40)
    return entered


def _channel(client: Client, usual: str) -> str:
    """How a client comes in: a browser has no app."""
    return "web" if client.device.agent == "chrome" else usual


def _salary_due(stage: Stage, user: User) -> bool:
    day = day_of_month(stage.now_us)
    month = local_day(stage.now_us) - day  # the day before the month's first: a name for the month
    if user.paid_month == month or not 0 <= day - user.pay_day < 3:
        return False
    user.paid_month = month
    return user.account_class != "I"


def _pay_day(client: Client) -> Acting:
    """Part of the salary comes to the wallet; some pay the rent or send money home at once."""
    user, chance = client.user, client.chance
    minor = int(chance.lognormvariate(12.4, 0.5) * user.wealth) // 10_000 * 10_000 + 10_000
    client.fill(minor)
    yield client.soon(20, 300)
    if chance.random() < 0.4 and user.contacts:
        rent_minor = minor * chance.randint(30, 70) // 100 // 10_000 * 10_000
        _send_to(client, user.contacts[0], max(rent_minor, 10_000))
        yield client.soon(20, 300)


def _errand(client: Client) -> None:
    user, chance = client.user, client.chance
    point = chance.random()
    if point < 0.60:
        _shop_near(client)
    elif point < 0.83:
        _shop_online(client)
    elif point < 0.92:
        _give(client)
    elif point < 0.95:
        if user.account_class != "I":
            minor = int(chance.lognormvariate(10.6, 0.8) * user.wealth) // 1_000 * 1_000 + 1_000
            if chance.random() < 0.99:
                client.fill(minor, card=_debit(user, chance))
            else:  # a husband's or a mother's card
                client.fill(minor, card=client.stage.town.users[user.number - 1].cards[0], same_name=False)
    elif point < 0.975:
        minor = user.balance_minor * chance.randint(30, 100) // 100 // 1_000 * 1_000
        if user.account_class == "I":  # all that leaves the balance counts against its lifetime's cap
            minor = min(minor, _CAPS_MINOR["I"] - user.spent_life_minor)
        if minor >= 10_000:
            user.spent_life_minor += minor if user.account_class == "I" else 0
            level = "certificate" if minor > 2_000_000 and user.certificate else "two"
            arrival = chance.choice(("instant", "two_hours", "two_hours", "next_day"))
            card, own = _debit(user, chance), chance.random() < 0.985
            if not own:
                card = client.stage.town.users[user.number - 1].cards[0]
            client.withdraw(minor, level=level, card=card, same_name=own, arrival=arrival)
    elif point < 0.99:
        client.redeem(chance.choice((200, 500, 500, 800, 1_500)), chance.choice(_SEASONAL))
    elif point < 0.994:
        card, confirmed = new_card(chance.choice(("debit", "credit")), chance), chance.random() < 0.93
        other_phone = phone_of(chance.randrange(10**8), "145") if chance.random() < 0.08 else None
        client.bind_card(card, confirmed=confirmed, phone=other_phone)
        if confirmed:
            user.cards.append(card)
    elif point < 0.997:
        kind, way = chance.choice(("login", "payment")), chance.choice(("known", "known", "reset"))
        client.change_password(kind=kind, way=way)
    else:
        _raise_class(client)


def _debit(user: User, chance: Random) -> Card:
    return chance.choice([card for card in user.cards if card.kind == "debit"])


def _card_for(client: Client, shop: Merchant, minor: int) -> Card:
    """The card that comes to hand, or the first debit card where a micro merchant may take no more by credit: others'
    purchases say which it is, and must not move this customer's dice.
    """
    card = client.chance.choice(client.user.cards)
    if card.kind == "credit" and not client.stage.takes_credit(shop, minor):
        return next(each for each in client.user.cards if each.kind == "debit")
    return card


def _raise_class(client: Client) -> None:
    user = client.user
    if user.account_class == "III":
        return
    before, passed = user.account_class, client.chance.random() < 0.9
    user.account_class = "II" if before == "I" else "III"
    client.identify(passed=passed)
    if not passed:
        user.account_class = before


def _shop_near(client: Client) -> None:
    user, chance, town = client.user, client.chance, client.stage.town
    if user.trip is not None:
        if user.trip_city >= HOME_CITIES:
            _shop_online(client)
            return
        shop = town.shop_near(user.trip_city, chance)
    elif chance.random() < 0.6:
        shop = user.favourites[int(chance.random() * 4)]
    else:
        shop = town.shop_near(user.city, chance)
    minor = _price(user, shop, chance)
    terminal = chance.choice(shop.terminals)
    point = chance.random()
    level = level_for(client.stage, user, minor, at_till=True)
    if point < 0.2:
        user.spent_day_minor += minor
        card = _card_for(client, shop, minor)
        reading = client.stage.reader(shop, terminal).read(user, card, minor, client.stage.now_us, chance)
        sent = client.buy(
            shop, minor, level=reading.level, channel="pos", card=card, terminal=terminal, reading=reading
        )
        _sometimes_mistaken(client, sent)
    elif level is not None and point < 0.4 and user.static_day_minor + minor <= 50_000 and shop.kind != "company":
        user.static_day_minor += minor
        _purchase(client, shop, minor, level, channel="code_static")
    elif level is not None:
        _purchase(client, shop, minor, level, channel="code_dynamic", terminal=terminal)


def _shop_online(client: Client) -> None:
    user, chance = client.user, client.chance
    if chance.random() < 0.55:
        shop = user.favourites[4 + int(chance.random() * 3)]
    else:
        shop = client.stage.town.shop_online(chance)
    minor = _price(user, shop, chance)
    level = level_for(client.stage, user, minor)
    if level is None:
        return
    if level == "one" and minor <= 20_000 and chance.random() < 0.4:
        level = "none"  # small sums without a password, as many have agreed with the shop
    channel = _channel(client, chance.choice(("app", "app", "app", "mini_program", "mini_program", "web")))
    if shop.category in _STANDING and chance.random() < 0.2:
        channel = "api"  # a standing order
    sent = _purchase(client, shop, minor, level, channel=channel)
    if chance.random() < 0.02:
        _refund_later(client, sent, minor)


def _purchase(
    client: Client, shop: Merchant, minor: int, level: str, *, channel: str, terminal: str | None = None
) -> Sent:
    user, chance = client.user, client.chance
    by_balance = chance.random() < 0.6
    if user.balance_minor < minor or user.spent_life_minor + minor > _CAPS_MINOR[user.account_class]:
        by_balance = False
    user.spent_day_minor += minor
    if by_balance:
        user.spent_life_minor += minor
        return client.buy(shop, minor, level=level, channel=channel, terminal=terminal)
    card = _card_for(client, shop, minor)
    sent = client.buy(shop, minor, level=level, channel=channel, card=card, terminal=terminal)
    _sometimes_mistaken(client, sent)
    return sent


def _price(user: User, shop: Merchant, chance: Random) -> int:
    price = shop.median_minor * chance.lognormvariate(0.0, shop.sigma) * (0.5 + 0.5 * user.wealth)
    if price > 2_000 and chance.random() < 0.4:
        return max(100, round(price / 100) * 100 - chance.choice((0, 0, 1, 10)))
    return max(10, int(price))


def _give(client: Client) -> None:
    """Money to friends, mostly the same few; sometimes to somebody never paid before."""
    user, chance = client.user, client.chance
    if user.contacts and chance.random() < 0.93:
        payee = user.contacts[min(int(chance.expovariate(0.6)), len(user.contacts) - 1)]
    else:
        payee = chance.randrange(client.stage.newcomers_from)
    minor = int(chance.lognormvariate(9.4, 1.2) * user.wealth) + 100
    if chance.random() < 0.6:
        minor = minor // 5_000 * 5_000 or 5_000
    _send_to(client, payee, minor)


def _send_to(client: Client, payee: int, minor: int) -> None:
    user, chance, stage = client.user, client.chance, client.stage
    level = level_for(stage, user, minor)
    if level is None or payee == user.number:
        return
    by_card = user.balance_minor < minor or user.account_class == "I"
    if not by_card:
        by_card = user.spent_life_minor + minor > _CAPS_MINOR[user.account_class]
        user.spent_life_minor += 0 if by_card else minor
    user.spent_day_minor += minor
    arrival = "instant" if minor < 500_000 else chance.choice(("instant", "instant", "two_hours", "next_day"))
    client.send(stage.town.users[payee], minor, level=level, card=user.cards[0] if by_card else None, arrival=arrival)


def _refund_later(client: Client, sent: Sent, minor: int) -> None:
    stage, chance = client.stage, client.chance
    back_minor = minor if chance.random() < 0.8 else max(1, minor * chance.randint(20, 80) // 100)
    asked_by = chance.choice(("customer", "customer", "customer", "merchant", "platform"))
    same_card = chance.random() < 0.98

    def give_back() -> None:
        if not sent.stopped and sent.latest.approved:
            client.give_back(sent, back_minor, asked_by=asked_by, same_card=same_card)

    stage.later(stage.now_us + int(chance.expovariate(1 / 2.5) * DAY_US) + HOUR_US, give_back)


def _sometimes_mistaken(client: Client, sent: Sent) -> None:
    """A card holder now and then disputes a payment that was his own."""
    if client.chance.random() < 0.000_1:
        stage, user = client.stage, client.user
        at_us = stage.now_us + int(client.chance.uniform(2, 40) * DAY_US)
        stage.later(at_us, lambda: complain(stage, sent, user, "chargeback"))


def _join(stage: Stage, user: User, *, invited: bool) -> Acting:
    """An honest newcomer: opens, proves who it is, binds a card, takes the welcome gift, begins to live."""
    chance = user.chance
    client = Client(stage, chance, user)
    inviter = stage.town.users[chance.randrange(stage.newcomers_from)] if invited else None
    if inviter is not None:
        user.contacts.append(inviter.number)
    opened = client.register(inviter=inviter)
    yield client.soon(30, 240)
    if opened.stopped:
        yield client.soon(3_600, 90_000)  # time for a review, too
        if opened.stopped:
            return
    client.identify(passed=chance.random() < 0.94)
    yield client.soon(20, 400)
    client.bind_card(user.cards[0], confirmed=chance.random() < 0.95)
    if chance.random() < 0.5:
        yield client.soon(20, 900)
        client.redeem(WELCOME_MINOR, WELCOME)
    yield client.soon(60, 3_600)
    yield from live(stage, user)
