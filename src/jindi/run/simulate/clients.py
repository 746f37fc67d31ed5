"""A client: somebody acting for a user, with a device, in a place; all that can be sent, in one class.

Honest people and adversaries send the same events with the same words: only the truth beside them differs.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from jindi.basics.instants import SECOND_US
from jindi.run.simulate.rhythm import local_day
from jindi.run.simulate.stage import Episode, Sent, Stage, yuan
from jindi.run.simulate.tills import Copied, Reading
from jindi.run.simulate.town import Card, Device, Merchant, Place, User
from jindi.run.simulate.truth import HONEST, Truth

_FAILURES = ("funds", "funds", "funds", "limit", "limit", "credentials", "expired", "other")


class Client:
    """Somebody who acts for `user` by `device` from `place`, honestly unless an `episode` is given.

    `passes` is the chance that they pass a challenge, `notices` the chance that the owner of the money
    sees something wrong while one of their events is held in a cooling-off.
    """

    __slots__ = ("chance", "device", "episode", "notices", "passes", "place", "stage", "user")

    def __init__(
        self,
        stage: Stage,
        chance: Random,
        user: User,
        *,
        device: Device | None = None,
        place: Place | None = None,
        episode: Episode | None = None,
        passes: float = 0.97,
        notices: float = 0.005,
    ) -> None:
        self.stage = stage
        self.chance = chance
        self.user = user
        self.device = device or user.device
        self.place = place or user.home
        self.episode = episode
        self.passes = passes
        self.notices = notices

    def soon(self, seconds_min: float, seconds_max: float) -> int:
        """An instant some seconds from now."""
        return self.stage.now_us + int(self.chance.uniform(seconds_min, seconds_max) * SECOND_US)

    def sign_in(self, *, method: str, success: bool = True, channel: str = "app") -> Sent:
        """One attempt to sign in."""
        return self._say(
            "login", **self._hand(), **self._where(), channel=channel, agent=self.device.agent, method=method,
            success=success,
        )  # fmt: skip

    def register(self, *, inviter: User | None = None, channel: str = "app") -> Sent:
        """A new account is opened, in the lowest class."""
        fields = {
            "phone": self.user.phone,
            "channel": channel,
            "agent": self.device.agent,
            "account_class": "I",
            "name": self.user.name,
        }
        if inviter is not None:
            fields["inviter"] = inviter.id
        return self._say("registration", **self._hand(), **self._where(), **fields)

    def identify(self, *, passed: bool) -> Sent:
        """An identity check for the account's class."""
        sources = {"I": 1, "II": 3, "III": 5}[self.user.account_class] if passed else self.chance.randint(0, 1)
        return self._say(
            "identity_check", **self._hand(), id_card=self.user.id_card, name=self.user.name, phone=self.user.phone,
            ip=self.place.ip, sources=sources, face_to_face=False, passed=passed,
            account_class=self.user.account_class,
        )  # fmt: skip

    def bind_card(self, card: Card, *, confirmed: bool = True, phone: str | None = None) -> Sent:
        """A bank card is bound to the account; `confirmed` is the bank's answer, `phone` what it holds."""
        return self._say(
            "card_binding", **self._hand(), card=card.number, card_kind=card.kind,
            phone=phone or self.user.phone, ip=self.place.ip, verified=confirmed,
        )  # fmt: skip

    def change_password(self, *, kind: str = "login", way: str = "known") -> Sent:
        """The password is changed, or reset without the old one."""
        return self._say("password_change", **self._hand(), ip=self.place.ip, kind=kind, way=way)

    def change_phone(self, phone: str, *, way: str) -> Sent:
        """The account gets another phone number."""
        return self._say("phone_change", **self._hand(), phone=phone, ip=self.place.ip, way=way)

    def trust_device(self, *, way: str) -> Sent:
        """The device becomes a trusted one."""
        return self._say("device_binding", **self._hand(), ip=self.place.ip, way=way)

    def redeem(self, minor: int, campaign: str, *, loss_minor: int = 0) -> Sent:
        """A bonus is redeemed; its worth goes to the balance."""
        sent = self._say(
            "bonus_redemption", loss_minor, **self._hand(), campaign=campaign, amount=yuan(minor),
            phone=self.user.phone, ip=self.place.ip, channel="app",
        )  # fmt: skip
        self.stage.move(sent, None, self.user, minor)
        return sent

    def fill(self, minor: int, *, level: str = "two", card: Card | None = None, same_name: bool = True) -> Sent:
        """A top-up from a bank card."""
        card = card or self.user.cards[0]
        sent = self._say(
            "top_up", **self._hand(), card=card.number, card_kind=card.kind, same_name=same_name,
            amount=yuan(minor), account_class=self.user.account_class, verification=level, channel="app",
            ip=self.place.ip,
        )  # fmt: skip
        self.stage.move(sent, None, self.user, minor)
        return sent

    def withdraw(
        self,
        minor: int,
        *,
        level: str = "two",
        card: Card | None = None,
        same_name: bool = True,
        arrival: str = "two_hours",
        loss_minor: int = 0,
    ) -> Sent:
        """The balance goes out to a bank card."""
        sent = self._say(
            "withdrawal", loss_minor, **self._hand(), **self._where(),
            card=(card or self.user.cards[0]).number, same_name=same_name, amount=yuan(minor),
            account_class=self.user.account_class, verification=level, channel="app", arrival=arrival,
        )  # fmt: skip
        self.stage.move(sent, self.user, None, minor)
        return sent

    def send(
        self,
        payee: User,
        minor: int,
        *,
        level: str,
        card: Card | None = None,
        arrival: str = "instant",
        loss_minor: int = 0,
    ) -> Sent:
        """A transfer to another user, from the balance or from a card."""
        fields: dict[str, Any] = {"card": card.number} if card is not None else {}
        sent = self._say(
            "transfer", loss_minor, **self._hand(), **self._where(), payee=payee.id, payee_name=payee.name,
            amount=yuan(minor), funding="balance" if card is None else "card", account_class=self.user.account_class,
            verification=level, channel="app", arrival=arrival, **fields,
        )  # fmt: skip
        self.stage.move(sent, self.user if card is None else None, payee, minor)
        return sent

    def buy(
        self,
        shop: Merchant,
        minor: int,
        *,
        level: str,
        channel: str,
        card: Card | None = None,
        terminal: str | None = None,
        reading: Reading | None = None,
        loss_minor: int = 0,
        declines: float = 0.025,
    ) -> Sent:
        """A payment to a merchant; a card's issuer answers a moment later, if the payment gets that far.

        `declines` is the chance that the issuer declines; then nobody loses anything. At a till (`pos`)
        it is the terminal that knows where it stands, and no device of the user's is seen; `reading` is how
        it read the card, which also says what factors were verified (then `level` counts for nothing).
        """
        if reading is not None:
            level = reading.level
        fields: dict[str, Any] = {
            "user": self.user.id,
            "merchant": shop.id,
            "merchant_kind": shop.kind,
            "amount": yuan(minor),
            "account_class": self.user.account_class,
            "verification": level,
            "channel": channel,
            "category": shop.category,
        }
        if terminal is not None:
            fields["terminal"] = terminal
        if channel == "pos":
            fields |= shop.till
            if reading is not None:
                fields |= {"entry": reading.entry, "holder_check": reading.check}
        else:
            if channel in ("code_dynamic", "code_static"):
                fields["entry"] = "code"
            fields["device"] = self.device.fingerprint
            fields |= self._where()
        if card is None:
            sent = self._say("payment", loss_minor, **fields, funding="balance")
            self.stage.move(sent, self.user, None, minor)
            return sent
        if card.kind == "credit":
            self.stage.took_credit(shop, minor)
        chance = self.chance
        failure = chance.choice(_FAILURES) if chance.random() < declines else None
        sent = self._say(
            "payment", 0 if failure else loss_minor, **fields, funding="card", card=card.number,
            card_kind=card.kind,
        )  # fmt: skip
        sent.approved = failure is None
        stage, think_us = self.stage, int((0.2 + chance.random() * 1.5) * SECOND_US)
        sent.follow = lambda asked: stage.later(stage.now_us + think_us, lambda: _answer(stage, asked, failure))
        stage.book(sent)
        if reading is not None and terminal in stage.tills and self.episode is None:
            stage.tills[terminal].append(Copied(self.user, card, reading))
        return sent

    def give_back(self, paid: Sent, minor: int, *, asked_by: str, same_card: bool) -> Sent:
        """A merchant's refund of a payment to this user."""
        bought = paid.latest.event
        fields = {"payment": bought["id"], "user": self.user.id, "merchant": bought["merchant"]}
        if "terminal" in bought:
            fields["terminal"] = bought["terminal"]
        fields |= {"amount": yuan(minor), "asked_by": asked_by, "same_card": same_card}
        truth = HONEST if self.episode is None else self.episode.truth()
        sent = Sent(truth, self.passes, self.notices)
        return self.stage.say(sent, "refund", bought["id"] + "-refund", fields)

    def _hand(self) -> dict[str, Any]:
        return {"user": self.user.id, "device": self.device.fingerprint}

    def _where(self) -> dict[str, Any]:
        """Where the client is, as far as it tells: one user in twenty-five keeps the place private."""
        place = self.place
        if self.user.number % 25 == 7:
            return {"ip": place.ip}
        return {
            "ip": place.ip,
            "latitude_e4": place.latitude_e4,
            "longitude_e4": place.longitude_e4,
            "city": place.city,
        }

    def _say(self, kind: str, loss_minor: int = 0, /, **fields: Any) -> Sent:
        truth = HONEST if self.episode is None else self.episode.truth(loss_minor)
        sent = Sent(truth, self.passes, self.notices)
        return self.stage.say(sent, kind, self.stage.name(self.chance), fields)


def level_for(stage: Stage, user: User, minor: int, *, at_till: bool = False) -> str | None:
    """The factors that the wallet asks of its user for an amount, by the sum of the day.

    1,000 yuan a day need two kinds of factors, 5,000 a certificate; None if the user has none.
    """
    day = local_day(stage.now_us)
    if user.day != day:
        user.day = day
        user.spent_day_minor = user.static_day_minor = 0
    total = user.spent_day_minor + minor
    if at_till and minor <= 20_000 and total <= 100_000:
        return "none" if minor <= 10_000 else "one"
    if total <= 100_000:
        return "one"
    if total <= 500_000:
        return "two"
    return "certificate" if user.certificate else None


def complain(stage: Stage, sent: Sent, victim: User, source: str) -> bool:
    """The harm is reported: a label, late as labels are. False if none was done."""
    sent = sent.latest
    if sent.outcome != "allow" or not sent.approved:
        return False
    harmed = sent.event
    fields = {"payment": harmed["id"], "user": victim.id}
    fields |= {name: harmed[name] for name in ("merchant", "terminal", "payee", "card", "device") if name in harmed}
    fields |= {"amount": harmed["amount"], "source": source}
    stage.say(Sent(HONEST), "fraud_report", harmed["id"] + "-report", fields)
    return True


def _answer(stage: Stage, sent: Sent, failure: str | None) -> None:
    """The card issuer's answer to a payment that the platform let through; it answers once."""
    if sent.outcome != "allow" or sent.answered:
        return
    sent.answered = True
    asked = sent.event
    fields = {
        "payment": asked["id"],
        "user": asked["user"],
        "merchant": asked["merchant"],
        "card": asked["card"],
    }
    fields |= {name: asked[name] for name in ("terminal", "device", "ip") if name in asked}
    fields["approved"] = failure is None
    if failure is not None:
        fields["failure"] = failure
    truth = sent.truth if sent.truth is HONEST else Truth(sent.truth.scenario, sent.truth.episode, 0)
    stage.say(Sent(truth), "payment_result", asked["id"] + "-result", fields)


Acting = Iterator[int]
"""What an agent is: the instants at which it wants to act next."""
