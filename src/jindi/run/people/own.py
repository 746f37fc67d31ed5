"""What a person does with his own account: take up an invitation, change the password, factors, sessions, devices.

Whatever touches a factor asks for one that was shown just now. Nothing here takes an account's id from a form: it is
always the session's own.
"""

from dataclasses import dataclass, field, replace

from jindi.access import (
    STRANGER,
    Drafts,
    Factor,
    NewSession,
    Passkey,
    PasskeyRefused,
    Session,
    StaffAccount,
    Trouble,
    first_clock,
    known_device,
    new_challenge,
    new_totp,
    registered,
    registration,
    troubles,
)
from jindi.run.audit import Actor
from jindi.run.people.entrance import CHALLENGE_US, Entered
from jindi.run.people.house import House, Refused

PASSKEY_NAME_MAX = 40
STALE = "factor.again"
"""Why something is refused until a second factor is shown again."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A second factor that is being set up: by an invitation (`token`, with the password's hash) or in a session."""

    account: str
    token: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    session: str = ""
    totp: bytes = field(default=b"", repr=False)
    challenge: bytes = field(default=b"", repr=False)
    challenge_us: int = 0


class Own:
    """One's own account on one platform."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._begun: Drafts[Begun] = Drafts(house.random)

    # ---- an invitation

    def invited(self, token: str) -> StaffAccount | None:
        """Whose invitation this is."""
        return self._house.staff.invited(token, self._house.clock.now_us())

    async def check(self, account: StaffAccount, password: str) -> tuple[Trouble, ...]:
        """What is wrong with a password that is being thought up. Raises Refused when too many wait."""
        about = (account.login, account.name, *self._house.words)
        return await self._house.beside(troubles, password, self._house.profile, about, self._house.breached)

    async def begin(self, token: str, password: str) -> str:
        """The password for an invited account; the handle under which the second factor is set up.

        Nothing is kept yet: the link is used up when both are there. Raises Refused.
        """
        if (account := self.invited(token)) is None:
            raise Refused("invitation.dead")
        hash_ = await self._house.fitting(password, account, self._house.staff.hashes_before(account.id))
        begun = Begun(account.id, token, hash_, totp=new_totp(self._house.random))
        return self._begun.begin(begun, self._house.clock.now_us())

    def begun(self, handle: str) -> tuple[Begun, StaffAccount] | None:
        """What is being set up, and for whom; None when it has ended."""
        begun = self._begun.look(handle, self._house.clock.now_us())
        if begun is None:
            return None
        account = self.invited(begun.token) if begun.token else self._house.staff.get(begun.account)
        return None if account is None or account.id != begun.account else (begun, account)

    def ask_passkey(self, handle: str, session: str = "") -> str:
        """What the browser is to ask a device for a new passkey, as JSON. Raises Refused."""
        begun, account = self._must_have(handle, session)
        if self._house.site is None:
            raise Refused("factor.none")
        challenge = new_challenge(self._house.random)
        self._begun.change(handle, replace(begun, challenge=challenge, challenge_us=self._house.clock.now_us()))
        return registration(
            self._house.site, account.id, account.login, account.name, account.passkeys, challenge
        )  # fmt: skip

    async def accept_totp(
        self, actor: Actor, handle: str, code: str, cookie: str, name: str
    ) -> tuple[Entered, tuple[str, ...]]:
        """The invitation is taken up with an app, and its owner is in; also the recovery codes. Raises Refused."""
        begun, account = self._must_have(handle)
        return await self._accept(actor, handle, begun, account, self._app(begun, code), cookie, name)

    async def accept_passkey(
        self, actor: Actor, handle: str, answer: str, cookie: str, name: str
    ) -> tuple[Entered, tuple[str, ...]]:
        """The same with a passkey."""
        begun, account = self._must_have(handle)
        factor = Factor(passkey=self._made(handle, begun, answer, name))
        return await self._accept(actor, handle, begun, account, factor, cookie, name)

    async def _accept(
        self, actor: Actor, handle: str, begun: Begun, account: StaffAccount, factor: Factor, cookie: str, name: str
    ) -> tuple[Entered, tuple[str, ...]]:
        house = self._house
        if not begun.token:
            raise Refused("invitation.dead")
        who = house.actor(account, actor)
        await house.audit.act(who, "invitation.accept", account.id)
        await house.audit.act(who, "factor.add", _factor(factor))
        now_us = house.clock.now_us()
        try:
            account, codes = house.staff.accept(begun.token, begun.password, factor, now_us)
        except ValueError:
            raise Refused("invitation.dead") from None
        self._begun.take(handle, now_us)
        house.lockouts.cleared(account.id)
        given = house.staff.signed_in(account.id, cookie, name, now_us)
        device = house.staff.device(account.id, given or cookie, now_us)
        opened = house.sessions.open(
            account.name, frozenset(), now_us, account=account.id, epoch=account.epoch, mfa_us=now_us,
            device=device.id if device is not None else STRANGER, by="password",
        )  # fmt: skip
        return Entered(opened, given, account, "invitation"), codes

    # ---- the password

    async def change_password(
        self, actor: Actor, session: Session, clear_id: str, old: str, new: str
    ) -> NewSession:  # fmt: skip
        """Another password; every other session ends, and this one goes on under another id. Raises Refused."""
        house, account = self._house, self._account(session)
        kept = house.staff.hash_of(account.id)
        if house.lockouts.is_locked(account.id, session.device, house.clock.now_us()):
            raise Refused("sign_in.refused")
        if kept is None or not await house.beside(house.hasher.fits, kept, old):
            locked = house.lockouts.failed(account.id, session.device, house.clock.now_us())
            house.told(actor, "password.change", account, locks=locked)
            raise Refused("password.old")
        hash_ = await house.fitting(new, account, house.staff.hashes_before(account.id))
        await house.audit.act(actor, "password.change", account.id)
        self._account(session)
        changed = house.staff.set_password(account.id, hash_, house.clock.now_us())
        try:
            return house.sessions.rotate(clear_id, house.clock.now_us(), epoch=changed.epoch)
        except LookupError:
            raise Refused("sign_in.ended") from None

    # ---- second factors

    def begin_factor(self, session: Session) -> str:
        """The handle under which another factor is set up in a session. Raises Refused."""
        account = self._fresh(session)
        begun = Begun(account.id, session=session.id, totp=new_totp(self._house.random))
        return self._begun.begin(begun, self._house.clock.now_us())

    async def add_totp(self, actor: Actor, session: Session, handle: str, code: str) -> None:
        """An app, in the place of the one before. Raises Refused."""
        begun, account = self._must_have(handle, session.id)
        await self._add(actor, session, handle, account, self._app(begun, code))

    async def add_passkey(self, actor: Actor, session: Session, handle: str, answer: str, name: str) -> None:
        """One more passkey. Raises Refused."""
        begun, account = self._must_have(handle, session.id)
        await self._add(actor, session, handle, account, Factor(passkey=self._made(handle, begun, answer, name)))

    async def _add(self, actor: Actor, session: Session, handle: str, account: StaffAccount, factor: Factor) -> None:
        self._fresh(session)
        await self._house.audit.act(actor, "factor.add", _factor(factor))
        try:
            self._house.staff.add_factor(account.id, factor)
        except ValueError:
            raise Refused("factor.taken") from None
        self._begun.take(handle, self._house.clock.now_us())
        self._close_others(session)

    async def remove_totp(self, actor: Actor, session: Session) -> None:
        """Without the app. Raises Refused."""
        account = self._fresh(session)
        if not account.passkeys:
            raise Refused("factor.last")
        await self._house.audit.act(actor, "factor.remove", "totp")
        self._house.staff.remove_totp(account.id)
        self._close_others(session)

    async def remove_passkey(self, actor: Actor, session: Session, public_id: str) -> None:
        """Without one of one's own passkeys. Raises Refused."""
        account = self._fresh(session)
        if not any(each.public_id == public_id for each in account.passkeys):
            raise Refused("not_yours")
        if not account.has_totp and len(account.passkeys) == 1:
            raise Refused("factor.last")
        await self._house.audit.act(actor, "factor.remove", public_id)
        self._house.staff.remove_passkey(account.id, public_id)
        self._close_others(session)

    async def new_codes(self, actor: Actor, session: Session) -> tuple[str, ...]:
        """Ten new recovery codes; the old ones end. Raises Refused."""
        account = self._fresh(session)
        await self._house.audit.act(actor, "recovery.renew", account.id)
        codes = self._house.staff.new_codes(account.id)
        self._close_others(session)
        return codes

    # ---- sessions and devices

    def sessions(self, session: Session) -> tuple[Session, ...]:
        """One's own open sessions."""
        return self._house.sessions.of_account(self._account(session).id, self._house.clock.now_us())

    async def end_session(self, actor: Actor, session: Session, which: str) -> None:
        """End one of one's own sessions. Raises Refused."""
        account = self._fresh(session)
        if not any(each.id == which for each in self.sessions(session)):
            raise Refused("not_yours")
        await self._house.audit.act(actor, "session.revoke", which)
        self._house.sessions.close_one(account.id, which)

    async def end_others(self, actor: Actor, session: Session) -> int:
        """End all of one's sessions but this one; how many there were. Raises Refused."""
        self._fresh(session)
        others = sum(each.id != session.id for each in self.sessions(session))
        await self._house.audit.act(actor, "session.revoke", f"{others} others")
        return self._close_others(session)

    async def forget_device(self, actor: Actor, session: Session, device: str) -> None:
        """A device is a stranger again, and its sessions end. Raises Refused."""
        account = self._fresh(session)
        if not any(each.id == device for each in account.devices):
            raise Refused("not_yours")
        await self._house.audit.act(actor, "device.forget", device)
        self._house.staff.forget_device(account.id, device)
        for each in self.sessions(session):
            if each.device == device and each.id != session.id:
                self._house.sessions.close_one(account.id, each.id)

    def is_known(self, account: StaffAccount, cookie: str) -> str:
        """The id of the device that a cookie makes this browser; "" for none."""
        device = known_device(account.devices, cookie, self._house.clock.now_us())
        return device.id if device is not None else STRANGER

    # ---- within

    def _close_others(self, session: Session) -> int:
        """After a change of factors nobody goes on who came in by the old ones; how many sessions there were."""
        others = [each.id for each in self.sessions(session) if each.id != session.id]
        return sum(self._house.sessions.close_one(session.account, each) for each in others)

    def _account(self, session: Session) -> StaffAccount:
        account = self._house.staff.get(session.account)
        if account is None or not account.is_active:
            raise Refused("sign_in.ended")
        return account

    def _fresh(self, session: Session) -> StaffAccount:
        """The account, if a second factor was shown just now."""
        if not session.is_fresh(self._house.clock.now_us()):
            raise Refused(STALE)
        return self._account(session)

    def _must_have(self, handle: str, session: str = "") -> tuple[Begun, StaffAccount]:
        found = self.begun(handle)
        if found is None or found[0].session != session:
            raise Refused("factor.ended")
        return found

    def _app(self, begun: Begun, code: str) -> Factor:
        """The app, once it gives the right code: so nobody shuts himself out with one that was scanned wrong."""
        clock = first_clock(begun.totp, code, self._house.clock.now_us())
        if clock is None:
            raise Refused("factor.wrong")
        return Factor(totp=begun.totp, clock=clock)

    def _made(self, handle: str, begun: Begun, answer: str, name: str) -> Passkey:
        self._begun.change(handle, replace(begun, challenge=b""))  # once, whatever comes of it
        house, now_us = self._house, self._house.clock.now_us()
        if house.site is None or not begun.challenge or now_us - begun.challenge_us >= CHALLENGE_US:
            raise Refused("factor.wrong")
        shown = "".join(each for each in name if each.isprintable())[:PASSKEY_NAME_MAX].strip()
        try:
            return registered(house.site, begun.challenge, answer, shown, now_us)
        except PasskeyRefused:
            raise Refused("factor.wrong") from None


def _factor(factor: Factor) -> str:
    """A factor as the audit names it."""
    return "totp" if factor.passkey is None else factor.passkey.public_id
