"""Card terminals: how a card's data came in, and how its holder was checked. What an acquirer's message says of both.

The shares below were fixed before anything was caught with them; where a public figure stands behind one it is named,
the rest are design defaults. Together they make 93 % of honest card payments at tills a chip's (nearly half of them
taps), 5 % a stripe's, 1 % a stripe's after a chip that could not be read (fallback) and 1 % keyed by hand.

- Chip: 93 % of all card payments in person worldwide in 2022 (EMVCo, 10 August 2023).
- Taps: one in two in person worldwide in late 2021 (Mastercard), one in three in Asia-Pacific in 2019 (Visa, 13 May
  2019); up to 1,000 yuan without PIN and signature (China UnionPay, from 1 June 2018).
- Fallback: below 2 % of authorisations in the United States in 2017, where chips were new (Auriemma); above 2 % at one
  merchant the payment networks suspect something wrong (US Payments Forum). Most of it is honest: worn chips, which
  fail again and again for the same customers at the same shops, and readers that are dirty for some days.
- Stripe: cards that have nothing else are still about (3.3 billion in China at the end of 2016, Xinhua 30 April 2017),
  and so are small shops' terminals that read nothing else.
- Keyed: shops that take orders by telephone, and cards that cannot be read at all.

China closed stripe payments with cards that have a chip, fallback with them, on 1 May 2017 (银发〔2016〕170号), so that
fallback there would be rare and a rule against it easy. The world keeps it open, as most countries do: that is the
harder case.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from jindi.basics.instants import DAY_US
from jindi.run.simulate.town import Card, Merchant, User, stream

TAP_MINOR_MAX = 100_000
"""Up to here a tap asks for nothing more."""

STRIPE_ONLY = 0.06
"""The share of small shops' terminals (sole traders and micro merchants) that read stripes only."""
NO_TAPS = 0.15
"""The share of the other terminals that cannot be tapped."""
PHONE_TRADES = ("restaurant", "pharmacy", "clothing")
PHONE_SHOPS, PHONE_ORDERS, UNREADABLE = 0.12, 0.20, 0.001
"""The share of shops of those trades that take orders by telephone; the share of card payments keyed there, and of
those keyed anywhere because nothing else worked.
"""
WORN_FAILS, CHIP_FAILS = 0.6, 0.005
"""How often an inserted chip cannot be read: a worn one, and any other."""
CLEAN_DAYS, DIRTY_DAYS, DIRTY_FAILS = 200.0, (2.0, 12.0), (0.15, 0.45)
"""How long a reader is clean on average, how long it then is dirty, and how often it then reads no chip."""
SIGNED = {"chip": 0.04, "stripe": 0.15}
"""How often the holder signs instead of entering a PIN."""


class Reading(NamedTuple):
    """How one card was read: `entry` as in ISO 8583 field 22, `check` as in EMV tag 9F34."""

    entry: str
    check: str

    @property
    def level(self) -> str:
        """Factors verified: a stripe or a number proves nothing of the card, so that only the check counts."""
        if self.check == "none":
            return "none"
        return "two" if self.entry in ("chip", "contactless") and self.check != "signature" else "one"


class Copied(NamedTuple):
    """What a tampered terminal has seen of a card payment."""

    user: User
    card: Card
    reading: Reading


@dataclass(slots=True)
class Reader:
    """One terminal: what it can read, and how well it does at present."""

    chance: Random
    reads_chips: bool
    reads_taps: bool
    keyed: float
    turns_us: int
    fails: float = 0.0

    def read(self, user: User, card: Card, minor: int, now_us: int, chance: Random) -> Reading:
        """An honest customer's card of an amount is read, now."""
        self._age(now_us)
        if chance.random() < self.keyed:
            return Reading("keyed", "none")
        if not self.reads_chips or card.chip == "none":
            return Reading("stripe", _signs_or_enters("stripe", chance))
        small = minor <= TAP_MINOR_MAX
        if self.reads_taps and chance.random() < user.taps * (1.0 if small else 0.5):
            return Reading("contactless", "device" if user.taps_phone else "none" if small else "pin")
        fails = max(self.fails, WORN_FAILS if card.chip == "worn" else CHIP_FAILS)
        if chance.random() < fails:
            return Reading("fallback", _signs_or_enters("stripe", chance))
        return Reading("chip", _signs_or_enters("chip", chance))

    def _age(self, now_us: int) -> None:
        while self.turns_us <= now_us:
            self.fails = 0.0 if self.fails else self.chance.uniform(*DIRTY_FAILS)
            days = self.chance.uniform(*DIRTY_DAYS) if self.fails else self.chance.expovariate(1 / CLEAN_DAYS)
            self.turns_us += int(days * DAY_US)


def new_reader(seed: int, shop: Merchant, terminal: str, start_us: int) -> Reader:
    """The reader of a shop's terminal, the same for the same world, with dice of its own."""
    shops, chance = stream(seed, "till", shop.id), stream(seed, "till", terminal)
    by_phone = shop.category in PHONE_TRADES and shops.random() < PHONE_SHOPS
    reads_chips = shop.kind == "company" or chance.random() >= STRIPE_ONLY
    return Reader(
        chance, reads_chips, reads_chips and chance.random() >= NO_TAPS, PHONE_ORDERS if by_phone else UNREADABLE,
        start_us + int(chance.expovariate(1 / CLEAN_DAYS) * DAY_US),
    )  # fmt: skip


def _signs_or_enters(what: str, chance: Random) -> str:
    return "signature" if chance.random() < SIGNED[what] else "pin"


# --- what a thief does with a tampered terminal ------------------------------------------------------------

CAREFUL = 0.12
"""The share of tampered terminals whose thief has taps repeated instead: by cryptograms asked of a card beforehand and
used a little later (Bond et al. 2014, "Chip and Skim", showed it). They look like anybody's taps, stay below what a
tap may be without a PIN, and nothing in the message gives them away.
"""
ALTERED, KEYED = 0.30, 0.15
"""Of the others' payments the share made with a copy whose stripe denies that the card has a chip (the first digit of
the service code, ISO/IEC 7813), and the share keyed by hand; the rest are fallback. A stripe-only terminal reads
nothing but stripes.
"""
PIN_TAPPED = 0.5
"""How often the tampered terminal has the PIN, too."""


def usable(seen: Copied, *, careful: bool) -> bool:
    """Whether a copied payment can be repeated: by a tap if the card itself was tapped, by stripe if it was not."""
    if careful:
        return seen.reading.entry == "contactless" and seen.reading.check != "device"
    return seen.reading.entry != "contactless"


def repeated(reader: Reader, seen: Copied, *, careful: bool, chance: Random) -> Reading:
    """How a thief's repetition of a card payment comes in."""
    if careful:
        return Reading("contactless", "none")
    point = chance.random()
    if point < KEYED or seen.reading.entry == "keyed":
        return Reading("keyed", "none")
    plain = not reader.reads_chips or seen.card.chip == "none" or point < KEYED + ALTERED
    return Reading("stripe" if plain else "fallback", "pin" if chance.random() < PIN_TAPPED else "signature")
