"""Coming in: a password or the company's word, then a second factor, then a session. There is no way around either.

Whoever is turned away learns nothing: the same sentence and the same work whether there is such an account, whether it
is disabled or locked, and whether the password was right. What succeeds is journalled before it opens anything.
"""

from dataclasses import dataclass, replace
from typing import NoReturn

from jindi.access import (
    STRANGER,
    Drafts,
    Identity,
    NewSession,
    OidcSettings,
    PasskeyRefused,
    Role,
    Session,
    Shown,
    StaffAccount,
    State,
    asserted,
    assertion,
    clashes,
    folded,
    new_challenge,
    nobody,
    normal_login,
    person_name,
    roles_of,
)
from jindi.basics.instants import MINUTE_US
from jindi.run.audit import Actor
from jindi.run.people.house import ITSELF, House, Refused

ENTRY_TRIES = 5
"""A half-done sign-in ends after so many vain tries at the second factor."""

CHALLENGE_US = 2 * MINUTE_US

WHY = {Shown.WRONG: "factor.wrong", Shown.STRAY: "factor.clock"}
"""What somebody is told whose code opens nothing. That a code was a stray one helps no guesser: it is used up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who has shown the first of two factors. `by`: `password` or `oidc`; `shown`: the second, once he has."""

    account: str
    epoch: int
    by: str
    device: str
    tries: int = 0
    challenge: bytes = b""
    challenge_us: int = 0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who is in: his session, the cookie of a device that is new, and how he came."""

    opened: NewSession
    device: str | None
    account: StaffAccount
    by: str


class Entrance:
    """The way in to one platform."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._entries: Drafts[Entry] = Drafts(house.random)
        self._challenges: Drafts[tuple[str, bytes]] = Drafts(house.random, lifetime_us=CHALLENGE_US)

    # ---- the first factor

    async def password(self, actor: Actor, login: str, password: str, cookie: str, address: str) -> str:
        """The handle of a half-done sign-in. Raises Refused: `sign_in.refused`, `busy` or `too_often`."""
        house, now_us = self._house, self._house.clock.now_us()
        account = await self._lapsed(house.staff.named(login))
        known = house.device(account, cookie)
        device = known.id if known is not None else STRANGER
        if known is None and not house.limit.allows(address, now_us):
            raise Refused("too_often")
        who = account.id if account is not None else nobody(_spelt(login))
        locked = house.lockouts.is_locked(who, device, now_us)
        open_ = account is not None and account.is_active and not locked
        kept = house.staff.hash_of(account.id) if open_ and account is not None else None
        right = await house.beside(house.hasher.fits, kept, password)
        # While it was hashed, the account may have been disabled, and other tries may have closed the door.
        account = house.staff.get(account.id) if account is not None else None
        if house.lockouts.is_locked(who, device, now_us):
            right = False
        if not right or account is None or kept is None or house.staff.hash_of(account.id) != kept:
            self._turned_away(actor, "sign_in.password", account, who, device)
            raise Refused("sign_in.refused")
        if not account.is_active:
            raise Refused("sign_in.refused")
        await house.audit.act(house.actor(account, actor), "sign_in.password", account.id)
        if house.hasher.is_outdated(kept):
            fresh = await house.beside(house.hasher.hash, password)
            if house.staff.hash_of(account.id) == kept:
                house.staff.rehashed(account.id, fresh)
        return self._entries.begin(Entry(account.id, account.epoch, "password", device), house.clock.now_us())

    async def company(self, actor: Actor, settings: OidcSettings, said: Identity, cookie: str) -> str | Entered:
        """Whom the company's provider vouches for: in, if it asked for a second factor itself; else the handle of a
        half-done sign-in. Raises Refused.
        """
        house = self._house
        account = house.staff.of_subject(said.subject) or house.staff.named(said.login)
        groups = roles_of(settings, said.groups)
        if settings.roles and (not groups or clashes(groups)):
            self._vain(actor, "sign_in.oidc", account)
            raise Refused("sign_in.no_account")
        account = await self._lapsed(account)
        if account is None and settings.roles and said.has_mfa:
            account = await self._made(actor, said, groups)
        invited = account is not None and account.state is State.INVITED and said.has_mfa
        if account is None or not (account.is_active or invited) or not house.staff.may_bind(account.id, said.subject):
            self._vain(actor, "sign_in.oidc", account)
            raise Refused("sign_in.no_account")
        await house.audit.act(house.actor(account, actor), "sign_in.oidc", account.id)
        try:
            account = house.staff.bind(account.id, said.subject, activate=said.has_mfa)
        except ValueError:
            raise Refused("sign_in.no_account") from None
        if not account.is_active:  # disabled while it was journalled
            raise Refused("sign_in.no_account")
        known = house.device(account, cookie)
        entry = Entry(account.id, account.epoch, "oidc", known.id if known is not None else STRANGER)
        if said.has_mfa:
            return self._enter(account, replace(entry, shown="oidc"), cookie, "")
        if not account.has_factor:
            raise Refused("sign_in.no_factor")
        return self._entries.begin(entry, house.clock.now_us())

    async def _made(self, actor: Actor, said: Identity, roles: frozenset[Role]) -> StaffAccount | None:
        """An account for somebody whose groups say what he is; None when his login can't be one."""
        house = self._house
        try:
            login, name = normal_login(said.login), person_name(said.name)
            if any(folded(name) == folded(each.name) for each in house.staff.all()):
                name = person_name(f"{name} {login}")
        except ValueError:
            return None
        provider = actor._replace(key="oidc", name="oidc")
        await house.audit.act(provider, "staff.invite", f"{login} [{', '.join(sorted(roles))}]")
        try:
            _, account = house.staff.invite(login, name, roles, house.clock.now_us())
        except ValueError:
            return None
        return account

    # ---- the second factor

    def waiting(self, handle: str) -> tuple[Entry, StaffAccount] | None:
        """The half-done sign-in of a handle, and whose it is; None when it has ended."""
        entry = self._entries.look(handle, self._house.clock.now_us())
        account = self._house.staff.get(entry.account) if entry is not None else None
        if entry is None or account is None or not account.is_active or account.epoch != entry.epoch:
            return None
        return entry, account

    def ask_passkey(self, handle: str) -> str:
        """What the browser is to ask its passkeys, as JSON. Raises Refused."""
        entry, account = self._must_wait(handle)
        if self._house.site is None or not account.passkeys or entry.shown:
            raise Refused("factor.none")
        challenge = new_challenge(self._house.random)
        self._entries.change(handle, replace(entry, challenge=challenge, challenge_us=self._house.clock.now_us()))
        return assertion(self._house.site, account.passkeys, challenge)

    async def totp(self, actor: Actor, handle: str, code: str, cookie: str, name: str = "") -> Entered | None:
        """In by an app's code; None when the password is too old and a new one must be set first. Raises Refused."""
        entry, account = self._may_try(actor, handle, "sign_in.totp")
        shown = self._house.staff.use_totp(account.id, code, self._house.clock.now_us())
        if shown is not Shown.RIGHT:
            self._wrong(actor, handle, entry, account, "sign_in.totp", WHY[shown])
        return await self._shown(actor, handle, entry, account, "totp", cookie, name)

    async def code(self, actor: Actor, handle: str, code: str, cookie: str, name: str = "") -> Entered | None:
        """In by a recovery code. As `totp`."""
        entry, account = self._may_try(actor, handle, "sign_in.recovery")
        if not self._house.staff.use_code(account.id, code):
            self._wrong(actor, handle, entry, account, "sign_in.recovery")
        return await self._shown(actor, handle, entry, account, "recovery", cookie, name)

    async def passkey(self, actor: Actor, handle: str, answer: str, cookie: str, name: str = "") -> Entered | None:
        """In by a passkey. As `totp`."""
        house = self._house
        entry, account = self._may_try(actor, handle, "sign_in.passkey")
        now_us = house.clock.now_us()
        challenge, asked_us = entry.challenge, entry.challenge_us
        entry = replace(entry, challenge=b"")
        self._entries.change(handle, entry)  # once, whatever comes of it
        try:
            if house.site is None or not challenge or now_us - asked_us >= CHALLENGE_US:
                raise PasskeyRefused
            key = asserted(house.site, account.passkeys, challenge, answer, now_us)
        except PasskeyRefused as refusal:
            what = "sign_in.copied" if refusal.rolled_back else "sign_in.passkey"
            self._wrong(actor, handle, entry, account, what)
        house.staff.used_passkey(account.id, key)
        return await self._shown(actor, handle, entry, account, "passkey", cookie, name)

    async def new_password(self, actor: Actor, handle: str, password: str, cookie: str, name: str = "") -> Entered:
        """A new password, for somebody who has shown both factors and whose old one is too old. Raises Refused."""
        house = self._house
        entry, account = self._must_wait(handle)
        if not entry.shown:
            raise Refused("sign_in.ended")
        hash_ = await house.fitting(password, account, house.staff.hashes_before(account.id))
        await house.audit.act(house.actor(account, actor), "password.change", account.id)
        entry, account = self._must_wait(handle)
        self._entries.take(handle, house.clock.now_us())
        changed = house.staff.set_password(account.id, hash_, house.clock.now_us())
        return self._enter(changed, entry, cookie, name)

    # ---- showing a factor again

    async def again(self, actor: Actor, session: Session, clear_id: str, code: str) -> NewSession:
        """A signed-in person shows the app's code again, for what is sensitive: the session goes on under another id.

        Raises Refused.
        """
        house, now_us = self._house, self._house.clock.now_us()
        account = house.staff.get(session.account)
        if account is None or house.lockouts.is_locked(account.id, session.device, now_us):
            raise Refused("sign_in.refused")
        if (shown := house.staff.use_totp(account.id, code, now_us)) is not Shown.RIGHT:
            self._turned_away(actor, "factor.show", account, account.id, session.device)
            raise Refused(WHY[shown])
        return await self._again(actor, account, session, clear_id)

    def ask_again(self, session: Session) -> tuple[str, str]:
        """A handle, and what the browser is to ask the passkeys of a signed-in person, as JSON. Raises Refused."""
        house, account = self._house, self._house.staff.get(session.account)
        if house.site is None or account is None or not account.passkeys:
            raise Refused("factor.none")
        challenge = new_challenge(house.random)
        handle = self._challenges.begin((session.id, challenge), house.clock.now_us())
        return handle, assertion(house.site, account.passkeys, challenge)

    async def again_passkey(
        self, actor: Actor, session: Session, clear_id: str, handle: str, answer: str
    ) -> NewSession:  # fmt: skip
        """The same by a passkey, which answers what `ask_again` asked. Raises Refused."""
        house, now_us = self._house, self._house.clock.now_us()
        account = house.staff.get(session.account)
        if account is None or house.site is None or house.lockouts.is_locked(account.id, session.device, now_us):
            raise Refused("sign_in.refused")
        asked, challenge = self._challenges.take(handle, now_us) or ("", b"")
        try:
            if asked != session.id:
                raise PasskeyRefused
            key = asserted(house.site, account.passkeys, challenge, answer, now_us)
        except PasskeyRefused as refusal:
            what = "sign_in.copied" if refusal.rolled_back else "factor.show"
            self._turned_away(actor, what, account, account.id, session.device)
            raise Refused("factor.wrong") from None
        house.staff.used_passkey(account.id, key)
        return await self._again(actor, account, session, clear_id)

    async def _again(self, actor: Actor, account: StaffAccount, session: Session, clear_id: str) -> NewSession:
        house = self._house
        await house.audit.act(actor, "factor.show", account.id)
        house.lockouts.cleared(account.id, session.device)
        try:
            return house.sessions.rotate(clear_id, house.clock.now_us(), mfa_us=house.clock.now_us())
        except LookupError:
            raise Refused("sign_in.ended") from None

    # ---- within

    async def _lapsed(self, account: StaffAccount | None) -> StaffAccount | None:
        """The account, disabled first if nobody has used it for too long."""
        house = self._house
        if account is None or account.id not in {each.id for each in house.staff.idle(house.clock.now_us())}:
            return account
        await house.audit.act(ITSELF, "staff.disable", f"{account.id} idle")
        return house.disable(account.id, "idle")

    def _must_wait(self, handle: str) -> tuple[Entry, StaffAccount]:
        if (found := self.waiting(handle)) is None:
            raise Refused("sign_in.ended")
        return found

    def _may_try(self, actor: Actor, handle: str, what: str) -> tuple[Entry, StaffAccount]:
        """A half-done sign-in at which the second factor may be shown now. The lock holds here, too."""
        entry, account = self._must_wait(handle)
        if entry.shown:
            raise Refused("sign_in.ended")
        if self._house.lockouts.is_locked(account.id, entry.device, self._house.clock.now_us()):
            self._entries.take(handle, self._house.clock.now_us())
            self._vain(actor, what, account)
            raise Refused("sign_in.refused")
        return entry, account

    def _wrong(
        self, actor: Actor, handle: str, entry: Entry, account: StaffAccount, what: str, why: str = "factor.wrong"
    ) -> NoReturn:  # fmt: skip
        """Count a vain try at the second factor. Always raises Refused."""
        self._turned_away(actor, what, account, account.id, entry.device)
        if entry.tries + 1 >= ENTRY_TRIES:
            self._entries.take(handle, self._house.clock.now_us())
            raise Refused("sign_in.ended")
        self._entries.change(handle, replace(entry, tries=entry.tries + 1))
        raise Refused(why)

    async def _shown(
        self, actor: Actor, handle: str, entry: Entry, account: StaffAccount, factor: str, cookie: str, name: str
    ) -> Entered | None:
        house = self._house
        what = "sign_in.recovery" if factor == "recovery" else f"sign_in.{factor}"
        await house.audit.act(house.actor(account, actor), what, account.id)
        # It took a while: whoever was disabled meanwhile does not come in, and nobody comes in twice.
        entry, account = self._must_wait(handle)
        if entry.shown:
            raise Refused("sign_in.ended")
        entry = replace(entry, shown=factor)
        if entry.by == "password" and self._is_old(account):
            self._entries.change(handle, entry)
            return None
        self._entries.take(handle, house.clock.now_us())
        return self._enter(account, entry, cookie, name)

    def _is_old(self, account: StaffAccount) -> bool:
        """Whether the password must be another one before anything is opened."""
        age_us, set_us = self._house.profile.max_age_us, account.password_set_us
        return age_us is not None and set_us is not None and self._house.clock.now_us() - set_us >= age_us

    def _enter(self, account: StaffAccount, entry: Entry, cookie: str, name: str) -> Entered:
        house, now_us = self._house, self._house.clock.now_us()
        house.lockouts.cleared(account.id, entry.device)
        given = house.staff.signed_in(account.id, cookie, name, now_us)
        device = house.staff.device(account.id, given or cookie, now_us)
        assert device is not None, "it has just been noted"
        opened = house.sessions.open(
            account.name, frozenset(), now_us, account=account.id, epoch=account.epoch, mfa_us=now_us,
            device=device.id, by=entry.by,
        )  # fmt: skip
        return Entered(opened, given, account, entry.shown)

    def _vain(self, actor: Actor, what: str, account: StaffAccount | None) -> None:
        """Journal a vain try that counts for nothing, for nothing was guessed."""
        self._house.told(actor if account is None else self._house.actor(account, actor), what, account, counts=False)

    def _turned_away(self, actor: Actor, what: str, account: StaffAccount | None, who: str, device: str) -> None:
        """Count a vain try and journal it, and the lock that it may bring. While the lock holds, nothing is counted."""
        house, now_us = self._house, self._house.clock.now_us()
        counts = not house.lockouts.is_locked(who, device, now_us)
        locked = counts and house.lockouts.failed(who, device, now_us)
        actor = actor if account is None else house.actor(account, actor)
        house.told(actor, what, account, locks=locked, counts=counts)


def _spelt(login: str) -> str:
    """A login as it is counted by: one that exists under several spellings is one."""
    try:
        return normal_login(login)
    except ValueError:
        return login
