"""Who and what is there: people with their phones and cards, merchants with their terminals, cities.

All identifiers are well-formed (check digits included) and belong to nobody: phone numbers of a block that
is not given to people, identity cards of whole provinces, cards of an unused range, addresses that are not
routed on the Internet.
"""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import NamedTuple

from jindi.run.simulate.names import name_of


class City(NamedTuple):
    """A city: its centre in 1e-4 degrees and its share of people (0: abroad)."""

    name: str
    latitude_e4: int
    longitude_e4: int
    weight: float
    province: str


CITIES = (
    City("Hangzhou", 302700, 1201500, 14, "33"),
    City("Shanghai", 312300, 1214700, 12, "31"),
    City("Beijing", 399000, 1164000, 11, "11"),
    City("Shenzhen", 225400, 1140600, 10, "44"),
    City("Guangzhou", 231300, 1132600, 9, "44"),
    City("Chengdu", 305700, 1040700, 8, "51"),
    City("Wuhan", 305900, 1143000, 7, "42"),
    City("Chongqing", 295600, 1065500, 6, "50"),
    City("Zhengzhou", 347500, 1136300, 5, "41"),
    City("Xi'an", 343400, 1089400, 5, "61"),
    City("Changsha", 282300, 1129400, 4, "43"),
    City("Xiamen", 244800, 1180900, 3, "35"),
    City("Shenyang", 418000, 1234300, 3, "21"),
    City("Kunming", 250400, 1027200, 2, "53"),
    City("Urumqi", 438300, 876200, 1, "65"),
    City("Singapore", 13500, 1038200, 0, ""),
    City("Bangkok", 137500, 1005000, 0, ""),
    City("Tokyo", 356800, 1396900, 0, ""),
    City("Dubai", 252000, 552700, 0, ""),
    City("Frankfurt", 501100, 86800, 0, ""),
)
HOME_CITIES = 15
"""The first so many are at home; the others are abroad."""


class Trade(NamedTuple):
    """A trade: how often it is visited, whether online, the typical amount and its spread (log-normal)."""

    category: str
    weight: float
    online: bool
    median_minor: int
    sigma: float


TRADES = (
    Trade("grocery", 24, False, 3_800, 0.8),
    Trade("restaurant", 22, False, 4_600, 0.7),
    Trade("transport", 12, False, 700, 0.6),
    Trade("pharmacy", 4, False, 5_500, 0.7),
    Trade("clothing", 5, False, 19_000, 0.8),
    Trade("fuel", 3, False, 28_000, 0.3),
    Trade("electronics", 2, False, 120_000, 1.0),
    Trade("marketplace", 16, True, 7_500, 1.1),
    Trade("game", 4, True, 3_000, 0.9),
    Trade("utilities", 3, True, 11_000, 0.6),
    Trade("travel", 2, True, 65_000, 0.9),
    Trade("gift_card", 1, True, 10_000, 0.8),
    Trade("digital_goods", 2, True, 2_500, 0.8),
)


TAPPERS, PHONE_TAPPERS = 0.65, 0.30
"""The share of people who tap where they can (the others hardly ever do), and of those the share who tap a phone."""

STRIPE_CARDS, WORN_CARDS = 0.03, 0.02
"""The shares of cards that have no chip, and one that is worn and mostly cannot be read."""


class Card(NamedTuple):
    """A bank card: its number, whether it is a debit or a credit card, and its chip: good, worn or none at all."""

    number: str
    kind: str
    chip: str = "good"


class Device(NamedTuple):
    """A client device: its fingerprint and its family."""

    fingerprint: str
    agent: str


class Place(NamedTuple):
    """Where a client is seen: an address, a city and coarse coordinates (hundredths of a degree)."""

    ip: str
    city: str
    latitude_e4: int
    longitude_e4: int


class Merchant:
    """A merchant, with the terminals it accepts payments at (none online) and what people spend there."""

    __slots__ = ("category", "city", "id", "kind", "median_minor", "online", "sigma", "terminals", "till")

    def __init__(self, number: int, trade: Trade, city: int, kind: str, terminals: int) -> None:
        self.id = f"m{number:05d}"
        self.category = trade.category
        self.online = trade.online
        self.median_minor = trade.median_minor
        self.sigma = trade.sigma
        self.city = city
        self.kind = kind
        self.terminals = tuple(f"t{number:05d}{index:02d}" for index in range(terminals))
        at = CITIES[city]
        self.till = {
            "latitude_e4": at.latitude_e4 // 100 * 100,
            "longitude_e4": at.longitude_e4 // 100 * 100,
            "city": at.name,
        }


class User:
    """A customer: identity, habits, and the little state that a person carries about."""

    __slots__ = (
        "account_class", "balance_minor", "cards", "certificate", "chance", "city", "contacts", "day",
        "device", "favourites", "home", "id", "id_card", "inner", "last_seen_us", "number",
        "paid_month", "pay_day", "per_day", "phone", "shift_us", "spent_day_minor", "spent_life_minor",
        "static_day_minor", "stay_until_us", "streetwise", "taps", "taps_phone", "trip", "trip_city", "wealth",
    )  # fmt: skip

    def __init__(self, number: int, city: int, chance: Random) -> None:
        self.number = number
        self.id = f"u{number:07d}"
        self.chance = chance
        self.city = city
        self.phone = phone_of(number)
        self.id_card = id_card_of(CITIES[city].province, number, chance)
        self.device = new_device(chance)
        self.home = home_place(city, number, chance)
        self.cards = [new_card("debit", chance)]
        if chance.random() < 0.45:
            self.cards.append(new_card("credit", chance))
        point = chance.random()
        self.account_class = "III" if point < 0.55 else "II" if point < 0.92 else "I"
        self.certificate = self.account_class == "III" and chance.random() < 0.7
        self.wealth = chance.lognormvariate(0.0, 0.55)
        self.balance_minor = int(chance.lognormvariate(11.0, 1.1) * self.wealth)
        self.per_day = 0.0
        self.inner = 0.0
        self.shift_us = 0
        self.pay_day = chance.choice((5, 8, 10, 15, 25))
        self.paid_month = -1
        self.contacts: list[int] = []
        self.favourites: list[Merchant] = []
        self.trip: Place | None = None
        self.trip_city = 0
        self.stay_until_us = 0
        self.last_seen_us = 0
        self.day = 0
        self.spent_day_minor = 0
        self.static_day_minor = 0
        self.spent_life_minor = 0
        self.streetwise = chance.random()
        self.taps = 0.8 if chance.random() < TAPPERS else 0.05
        self.taps_phone = self.taps > 0.5 and chance.random() < PHONE_TAPPERS

    @property
    def name(self) -> str:
        """The name."""
        return name_of(self.number)


def luhn_digit(digits: str) -> str:
    """The check digit that makes a bank card number pass the Luhn test.

    >>> luhn_digit("7992739871")
    '3'
    """
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def id_card_digit(digits: str) -> str:
    """The check character of a mainland identity card (GB 11643, ISO 7064 MOD 11-2).

    >>> id_card_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * (2 ** (17 - index) % 11) for index, digit in enumerate(digits))
    return "10X98765432"[total % 11]


def phone_of(number: int, block: str = "140") -> str:
    """The phone number of a customer: a different one for each of the first hundred million."""
    return f"{block}{(number * 61_803_399 + 27_182_818) % 100_000_000:08d}"


def id_card_of(province: str, number: int, chance: Random) -> str:
    """An identity card number of a whole province (no person has one), an adult's."""
    year, month, day = chance.randint(1955, 2005), chance.randint(1, 12), chance.randint(1, 28)
    digits = f"{province or '11'}0000{year}{month:02d}{day:02d}{number % 1000:03d}"
    return digits + id_card_digit(digits)


BINS = {"debit": "629981", "credit": "629982"}
"""The leading digits of cards here: ranges that no bank issues."""


def new_card(kind: str, chance: Random) -> Card:
    """A card of somebody's, never seen before."""
    digits = f"{BINS[kind]}{chance.randrange(10**9):09d}"
    point = chance.random()
    chip = "none" if point < STRIPE_CARDS else "worn" if point < STRIPE_CARDS + WORN_CARDS else "good"
    return Card(digits + luhn_digit(digits), kind, chip)


AGENTS = ("android",) * 289 + ("ios",) * 190 + ("chrome",) * 20 + ("emulator",)
"""What honest people use; an emulator in five hundred belongs to a player or a tester."""


def new_device(chance: Random, agents: tuple[str, ...] = AGENTS) -> Device:
    """A device never seen before."""
    return Device(f"dev_{chance.getrandbits(64):016x}", chance.choice(agents))


def coarse(value_e4: int, chance: Random, spread_e4: float) -> int:
    """A coordinate near `value_e4`, rounded to hundredths of a degree as clients do."""
    return round((value_e4 + chance.gauss(0, spread_e4)) / 100) * 100


def home_place(city: int, number: int, chance: Random) -> Place:
    """A household's broadband line, with an address of its own."""
    where = CITIES[city]
    ip = f"10.{city + 10}.{number * 7 // 250 % 250 + 1}.{number * 7 % 250 + 1}"
    return Place(ip, where.name, coarse(where.latitude_e4, chance, 900), coarse(where.longitude_e4, chance, 900))


def mobile_place(city: int, chance: Random) -> Place:
    """A phone on the move in a city: one of the carrier's few shared addresses there."""
    where = CITIES[city]
    ip = f"100.{64 + city}.{chance.randrange(4)}.{chance.randrange(1, 200)}"
    return Place(ip, where.name, coarse(where.latitude_e4, chance, 1200), coarse(where.longitude_e4, chance, 1200))


def proxy_place(city: int, chance: Random) -> Place:
    """An adversary's exit: a rented line in the city, indistinguishable from a household at first sight."""
    where = CITIES[city]
    ip = f"10.{city + 10}.{chance.randrange(1, 251)}.{chance.randrange(1, 251)}"
    return Place(ip, where.name, coarse(where.latitude_e4, chance, 900), coarse(where.longitude_e4, chance, 900))


def hosting_place(city: int, chance: Random) -> Place:
    """A rented server in a data centre: many accounts come and go behind it; also where VPNs leave."""
    where = CITIES[city]
    ip = f"198.18.{city * 8 + chance.randrange(8)}.{chance.randrange(1, 250)}"
    return Place(ip, where.name, where.latitude_e4 // 100 * 100, where.longitude_e4 // 100 * 100)


class Town:
    """The whole population, the same for the same seed: users, merchants, who knows whom."""

    def __init__(self, seed: int, users: int) -> None:
        chance = stream(seed, "town")
        weights = [city.weight for city in CITIES[:HOME_CITIES]]
        self._city_weights = list(accumulate(weights))
        self.merchants: list[Merchant] = []
        self._near: list[tuple[list[Merchant], list[float]]] = []
        self._online: tuple[list[Merchant], list[float]] = ([], [])
        self._add_merchants(chance, max(100, users // 10))
        self.seed = seed
        self.users: list[User] = []
        for _ in range(users):
            self.add_user()
        self._add_contacts()

    def any_city(self, chance: Random) -> int:
        """A city at home, by how many people live there."""
        return bisect_right(self._city_weights, chance.random() * self._city_weights[-1])

    def add_user(self) -> User:
        """One more customer, with a stream of chance of their own."""
        number = len(self.users)
        chance = stream(self.seed, "user", number)
        partner = self.users[number - 1] if number % 50 in (1, 3) else None
        user = User(number, self.any_city(chance) if partner is None else partner.city, chance)
        user.per_day = min(chance.lognormvariate(-0.05, 0.95), 12.0)
        user.shift_us = int(chance.gauss(0, 1.2) * 3_600_000_000)
        user.favourites = [self.shop_near(user.city, chance) for _ in range(4)]
        user.favourites += [self.shop_online(chance) for _ in range(3)]
        if partner is not None:  # couples share a home, every second couple a tablet too
            user.home = partner.home
            if number % 50 == 3:
                user.device = partner.device
        self.users.append(user)
        return user

    def add_merchant(self, trade: Trade, city: int, kind: str, terminals: int) -> Merchant:
        """One more merchant, not among those that people find by themselves."""
        merchant = Merchant(len(self.merchants), trade, city, kind, terminals)
        self.merchants.append(merchant)
        return merchant

    def shop_near(self, city: int, chance: Random) -> Merchant:
        """A shop in a city, the well-known ones more often."""
        return _pick(self._near[city], chance)

    def shop_online(self, chance: Random) -> Merchant:
        """An online merchant, the well-known ones more often."""
        return _pick(self._online, chance)

    def shops(self, *categories: str) -> list[Merchant]:
        """All merchants of some trades."""
        return [merchant for merchant in self.merchants if merchant.category in categories]

    def _add_merchants(self, chance: Random, count: int) -> None:
        near: list[tuple[list[Merchant], list[float]]] = [([], []) for _ in range(HOME_CITIES)]
        street = [trade for trade in TRADES if not trade.online]
        needed = [(trade, city) for city in range(HOME_CITIES) for trade in street[:3]]
        needed += [(trade, self.any_city(chance)) for trade in TRADES for _ in range(2)]
        while len(needed) < count:
            trade = chance.choices(TRADES, [trade.weight for trade in TRADES])[0]
            needed.append((trade, self.any_city(chance)))
        for trade, city in needed:
            kind = chance.choices(("company", "sole_trader", "micro"), (45, 40, 15))[0]
            terminals = 0 if trade.online else chance.choice((1, 1, 2, 3, 6))
            merchant = self.add_merchant(trade, city, kind, terminals)
            weight = trade.weight * chance.paretovariate(1.3)
            shops, weights = self._online if trade.online else near[city]
            shops.append(merchant)
            weights.append(weight)
        self._near = [(shops, list(accumulate(weights))) for shops, weights in near]
        self._online = (self._online[0], list(accumulate(self._online[1])))

    def _add_contacts(self) -> None:
        neighbours: list[list[int]] = [[] for _ in range(HOME_CITIES)]
        for user in self.users:
            neighbours[user.city].append(user.number)
        for user in self.users:
            chance = user.chance
            for _ in range(chance.randint(2, 9)):
                here = neighbours[user.city] if chance.random() < 0.75 else range(len(self.users))
                other = here[int(chance.random() * len(here))]
                if other != user.number:
                    user.contacts.append(other)


def stream(*names: object) -> Random:
    """A stream of chance of its own, the same in every process: seeded by the text of its names."""
    return Random("/".join(str(name) for name in names))  # noqa: S311 - a model's dice, not a secret


def _pick(among: tuple[list[Merchant], list[float]], chance: Random) -> Merchant:
    shops, weights = among
    return shops[min(bisect_right(weights, chance.random() * weights[-1]), len(shops) - 1)]
