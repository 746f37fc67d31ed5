"""Checks of people and of what they may do: each passes on a platform in order, and fails when that very fault is
planted.
"""

import dataclasses
import re
from contextlib import contextmanager

import pytest

from controls_world import DAY_US, control, found, ground, lived, planted, scratch_with, staffed_place, wired
from jindi.access import (
    ApiKeys,
    AppClock,
    Factor,
    Hasher,
    Lockouts,
    OidcSettings,
    Permits,
    Role,
    Scope,
    Sessions,
    Shown,
    Staff,
    Verdict,
)
from jindi.access import oidc as oidc_room
from jindi.access import passwords as passwords_room
from jindi.access import people as people_room
from jindi.access.replays import Replays
from jindi.doors.api import threshold
from jindi.doors.cli.grounds import ScratchFolder, ground_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.packs import load
from jindi.run import requests
from jindi.run import reveals as reveals_room
from jindi.run.approvals.approvals import Approvals
from jindi.run.approvals.book import Entry
from jindi.run.audit import Actor, Audit, record_alone
from jindi.run.controls.registry import CHECKS, look
from jindi.run.people import Entrance, House
from jindi.run.requests import opened
from jindi.run.reveals import Declined, Reveals
from jindi.run.watching import Sight, Watching
from jindi.run.watching import telling as telling_room
from jindi.vault import Level
from staff_world import HASH, SECOND, SECRET, Shelf, chance, sealer


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    lived(str(folder))
    return folder


@pytest.fixture
def good(place):
    return ground(place, staff=staff, keys=lambda: ApiKeys(Shelf(), chance()))


def staff(*people, hash_=HASH, at_us=None):
    """Real accounts: a keeper, an operator of the machine and an auditor, and whom a test puts beside them."""
    now_us = _now() if at_us is None else at_us
    made = Staff(Shelf(), chance(), sealer)
    usual = (("ningxia", "Ning Xia", {Role.SECURITY_ADMIN}), ("wuhao", "Wu Hao", {Role.SYSTEM_ADMIN}),
             ("sunli", "Sun Li", {Role.AUDITOR}))  # fmt: skip
    for login, name, roles in (*usual, *people):
        token, _ = made.invite(login, name, frozenset(roles), now_us)
        made.accept(token, hash_, Factor(SECRET), now_us)
    return made


def _now():
    import time

    return time.time_ns() // 1_000


def fails(ground, check, saying="", **arguments):
    said = found(ground, check, **arguments)
    assert said.outcome == "failed", said
    assert re.search(r"[\u4e00-\u9fff]", said.why.zh), said
    assert saying in said.why.en, said
    return said.evidence


def passes(ground, check, **arguments):
    said = found(ground, check, **arguments)
    assert said.outcome == "passed", said
    assert said.evidence
    return said.evidence


def could_not(ground, check, **arguments):
    said = found(ground, check, **arguments)
    assert said.outcome == "could_not_run", said
    assert said.why.zh
    return said


class _Generous:
    """Policies that let everybody do everything."""

    def __init__(self, _=""):
        pass

    def may(self, *_):
        return Verdict(True)


def nobody():
    return Staff(Shelf(), chance(), sealer)


# ---- C14, C26: the accounts


def test_administrations_that_nobody_holds_together_pass(good):
    evidence = passes(good, "administrators_apart")
    assert evidence["administrators"] == {"security_admin": 1, "system_admin": 1, "auditor": 1}
    assert evidence["clashes_taken"] == []


def test_two_administrations_in_one_person_or_under_one_name_are_found(good):
    both = {Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN}
    with planted(people_room, refuse_clash=lambda _: None):
        evidence = fails(
            dataclasses.replace(good, staff=lambda: staff(("zhou", "Zhou", both))), "administrators_apart", "meet"
        )
    assert len(evidence["wrong"]) == 2
    assert len(evidence["clashes_taken"]) == 6
    twice = [("zhou", "Zhou Qi", {Role.SECURITY_ADMIN}), ("zhou2", "ZHOU  QI", {Role.SYSTEM_ADMIN})]
    with planted(people_room, folded=lambda name: name):  # as it was before such names were refused
        evidence = fails(dataclasses.replace(good, staff=lambda: staff(*twice)), "administrators_apart")
    assert evidence["wrong"] == ["one name: security_admin + system_admin"]


def test_where_nobody_has_an_account_nothing_is_proved_of_accounts(good):
    empty = dataclasses.replace(good, staff=nobody)
    for check in ("administrators_apart", "idle_accounts"):
        assert "nobody has an account" in could_not(empty, check).why.en


def test_accounts_in_use_that_are_somebodys_own_pass(good):
    assert passes(good, "idle_accounts", days_max=90)["left_idle"] == ["sign_in.refused", "disabled"]


def test_an_account_that_lies_idle_is_found(good):
    old = staff(at_us=_now() - 91 * DAY_US)
    assert len(fails(dataclasses.replace(good, staff=lambda: old), "idle_accounts", "idle")["idle"]) == 3
    with planted(Staff, idle=lambda *_: ()):
        assert fails(good, "idle_accounts", "idle")["left_idle"] == ["in", "active"]


@pytest.mark.parametrize(("login", "name"), [("admin", "Zhou"), ("root2", "Zhou"), ("zhou", "Operator")])
def test_default_accounts_are_found(good, login, name):
    person = (login, name, {Role.ANALYST})
    fails(dataclasses.replace(good, staff=lambda: staff(person)), "idle_accounts", "default")


def test_a_key_that_never_ends_is_found(good):
    def keys(**more):
        made = ApiKeys(Shelf(), chance())
        made.create("checkout", frozenset({Scope.EVENTS_WRITE}), _now(), **more)
        return made

    evidence = fails(dataclasses.replace(good, keys=keys), "idle_accounts", "has no end")
    assert len(evidence["keys_without_end"]) == 1
    ending = dataclasses.replace(good, keys=lambda: keys(expires_us=_now() + DAY_US))
    assert passes(ending, "idle_accounts")["keys_without_end"] == []


def test_a_start_key_beside_accounts_is_found(good):
    def keys():
        made = ApiKeys(Shelf(), chance())
        made.create("start", frozenset({Scope.ADMIN}), _now())
        return made

    assert len(fails(dataclasses.replace(good, keys=keys), "idle_accounts", "start")["start_keys"]) == 1


# ---- C16 to C18: passwords


def test_passwords_that_are_held_to_the_profile_pass(good):
    evidence = passes(good, "password_rules")
    assert evidence["profile"] == "nist"
    assert evidence["tried"] >= 7


@pytest.mark.parametrize("profile", ["pci", "mlps3"])
def test_the_other_profiles_pass_too(place, profile):
    assert passes(scratch_with(place, **_profile(profile)), "password_rules")["profile"] == profile


@pytest.mark.parametrize("profile", ["pci", "mlps3"])
@pytest.mark.parametrize("check", ["lock_out", "sessions_end", "codes_once", "unknown_alike", "idle_accounts"])
def test_who_comes_in_is_held_to_the_other_profiles_too(place, check, profile):
    outside, settled, definitions = lived(str(place))
    strict = ground_of(outside, dataclasses.replace(settled, passwords=profile), definitions)
    passes(dataclasses.replace(strict, staff=staff, keys=lambda: ApiKeys(Shelf(), chance())), check)


def _profile(name, **changed):
    def house(self, platform):
        made = ScratchFolder.house(self, platform)
        made.profile = dataclasses.replace(passwords_room.PROFILES[name], **changed)
        made.staff._history = made.profile.history
        made.sessions._idle_us = made.profile.idle_us
        return made

    return {"house": house}


def test_a_profile_that_was_made_weaker_is_found(place):
    evidence = fails(scratch_with(place, **_profile("pci", length_min=6)), "password_rules", "profile")
    assert evidence["weaker_than_the_standard"] == ["length_min"]
    assert evidence["wrong"] == ["taken: too short"]
    weak = scratch_with(place, **_profile("mlps3", kinds=1))
    assert "taken: of one kind" in fails(weak, "password_rules")["wrong"]


def test_passwords_that_are_cut_are_found(good):
    whole, fits = Hasher.hash, Hasher.fits
    with planted(
        Hasher,
        hash=lambda self, text: whole(self, text[:20]),
        fits=lambda self, kept, text: fits(self, kept, text[:20]),
    ):
        assert "cut: of 64 signs" in fails(good, "password_rules")["wrong"]


def test_hashes_at_the_floors_cost_pass(good):
    evidence = passes(good, "password_hashes")
    assert evidence["hashes"] == 3
    assert evidence["costs"] == {"m=19456,t=2,p=1": 3}


def test_weak_hashes_and_old_ones_that_stay_are_found(good):
    from argon2 import PasswordHasher, Type

    for weak in (PasswordHasher(1, 8_192, 1).hash("x"), PasswordHasher(type=Type.I).hash("x"), "plain"):
        bad = dataclasses.replace(good, staff=lambda weak=weak: staff(hash_=weak))
        assert len(fails(bad, "password_hashes", "less than the floor")["weak"]) == 3
    with planted(Hasher, is_outdated=lambda *_: False):
        fails(good, "password_hashes", "not renewed")


def test_common_and_personal_passwords_are_refused(good):
    evidence = passes(good, "weak_passwords_refused", each=40)
    assert evidence["tried"]["Chinese"] == 40
    assert not any(evidence["taken"].values())


def test_weak_passwords_that_are_taken_are_found(good):
    with planted(passwords_room, score=lambda *_: 4):
        taken = fails(good, "weak_passwords_refused", "common", each=10)["taken"]
    assert taken["common"] == taken["Chinese"] == 10


# ---- C13, C19 to C23: coming in and staying in


def test_what_is_taken_away_fails_at_the_next_request(good):
    assert len(passes(good, "revoked_at_once")["after"]) == 6


def test_a_session_that_outlives_its_right_is_found(good):
    with planted(Staff, roles_now=lambda *_: frozenset({Role.ANALYST})), planted(Sessions, close_account=lambda *_: 0):
        assert fails(good, "revoked_at_once", "account disabled")["after"]["account reset"] == 200
    with planted(Sessions, close_one=lambda *_: True):
        fails(good, "revoked_at_once", "session ended")


def test_a_key_that_outlives_its_end_is_found(good):
    with planted(ApiKeys, revoke=lambda *_: True):
        fails(good, "revoked_at_once", "key revoked")


def test_guessing_is_locked_out_and_the_owner_is_not(good):
    passes(good, "lock_out", tries_max=10, minutes_min=30)


def test_guessing_without_end_is_found(good):
    with planted(Lockouts, failed=lambda *_: False):
        fails(good, "lock_out", "factor, password")
    fails(good, "lock_out", "password", tries_max=4)
    fails(good, "lock_out", "until the end", minutes_min=31)


def test_a_lock_that_a_stranger_can_close_for_the_owner_is_found(good):
    with planted(House, device=lambda *_: None):
        assert fails(good, "lock_out", "owner")["owner"] == "sign_in.refused"


def test_codes_work_once(good):
    assert passes(good, "codes_once")["again"]["after a restart"] == "factor.clock"


def test_codes_that_work_again_are_found(good):
    once = people_room.totp_shown
    forgetful = AppClock()
    with planted(people_room, totp_shown=lambda secret, code, now_us, _: once(secret, code, now_us, forgetful)):
        fails(good, "codes_once", "after a restart, replayed")
    with planted(people_room, totp_shown=lambda *told: _one_around(once, *told)):
        fails(good, "codes_once", "a period early, a period late")
    with planted(people_room, without_code=lambda codes, _: list(codes)):
        fails(good, "codes_once", "recovery")


def _one_around(once, secret, code, now_us, clock):
    """As if the codes before and after were taken, too."""
    tries = [once(secret, code, now_us + off_us, clock) for off_us in (-30 * SECOND, 0, 30 * SECOND)]
    return next((each for each in tries if each[0] is Shown.RIGHT), tries[1])


def test_no_way_leads_round_the_second_factor(good):
    evidence = passes(good, "no_way_round_mfa")
    assert evidence["pages"] > 20
    assert len(evidence["ways"]) >= 13


def test_ways_round_the_second_factor_are_found(good):
    with planted(Staff, use_totp=lambda *_: Shown.RIGHT):
        fails(good, "no_way_round_mfa", "another's code")
    with planted(Staff, has_active=lambda _: False):
        evidence = fails(good, "no_way_round_mfa", "key, link")
        assert evidence["ways"]["key"] == "in"
    real = Staff.accept

    def accept(self, token, password, factor, now_us):
        return real(self, token, password, Factor(SECRET), now_us)

    with planted(Staff, accept=accept):
        fails(good, "no_way_round_mfa", "reset link without a factor")
    with planted(Entrance, password=_straight_in(Entrance.password)):
        fails(good, "no_way_round_mfa", "sessions opened")


def _straight_in(real):
    async def password(self, actor, login, *more):
        handle = await real(self, actor, login, *more)
        account = self._house.staff.named(login)
        self._house.sessions.open(
            account.name, frozenset(), self._house.clock.now_us(), account=account.id, epoch=account.epoch
        )
        return handle

    return password


def test_strangers_learn_nothing_of_accounts(good):
    assert passes(good, "unknown_alike")["answers"] == 1


def test_work_or_words_that_tell_of_accounts_are_found(good):
    real = Hasher.fits
    with planted(Hasher, fits=lambda self, kept, text: kept is not None and real(self, kept, text)):
        fails(good, "unknown_alike", "work")
    whole = Entrance.password

    async def password(self, actor, login, *more):
        from jindi.run.people import Refused

        if self._house.staff.named(login) is None:
            raise Refused("sign_in.no_account")
        return await whole(self, actor, login, *more)

    with planted(Entrance, password=password):
        fails(good, "unknown_alike", "answer")


def test_sessions_that_end_pass(good):
    assert passes(good, "sessions_end", idle_minutes_max=30, hours_max=12)["bits"] >= 128


def test_sessions_that_go_on_or_may_be_too_long_are_found(good, place):
    with planted(Sessions, _ended=lambda *_: False):
        fails(good, "sessions_end", "after idling, after all hours")
    with planted(Sessions, close=lambda *_: True):
        fails(good, "sessions_end", "signed out")
    fails(good, "sessions_end", "longer", idle_minutes_max=10)
    fails(scratch_with(place, **_profile("pci", idle_us=1_200_000_000)), "sessions_end", "longer")


def test_forged_tokens_are_not_believed(good):
    evidence = passes(good, "tokens_checked")
    assert evidence["forged"]["of another type"] == "type"
    assert evidence["forged"]["signed with a short key"] == "short_key"
    assert evidence["forged"]["unsigned"] == "signature"
    assert len(evidence["forged"]) == 21


def test_what_a_setting_opens_for_the_companys_sign_in_is_shown(good):
    assert passes(good, "tokens_checked")["opened_by_setting"] is None
    opened = dataclasses.replace(good, settings={**good.settings, "rsa_2048": "sign_in"})
    evidence = passes(opened, "tokens_checked")
    assert (evidence["rsa_bits_min"], evidence["opened_by_setting"]) == (2048, "rsa_2048 = sign_in")


def test_tokens_that_are_believed_and_must_not_be_are_found(good):
    with planted(oidc_room, _is_short=lambda *_: False):
        fails(good, "tokens_checked", "signed with a short key")
    with planted(oidc_room, LEEWAY_S=100_000_000):
        fails(good, "tokens_checked", "expired, of tomorrow, old")
    with planted(oidc_room, ID_TOKENS=("JWT", "AT+JWT")):
        fails(good, "tokens_checked", "of another type")
    real = oidc_room.identity
    with planted(
        __import__("jindi.run.controls.coming_in", fromlist=["x"]),
        identity=lambda settings, token, keys, nonce, now_s: real(
            OidcSettings(settings.issuer, _audience(token), ""), token, keys, nonce, now_s
        ),
    ):
        fails(good, "tokens_checked", "for another audience")


def _audience(token):
    import base64
    import json

    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except ValueError:
        return ""
    aud = claims.get("aud", "")
    return aud if isinstance(aud, str) else aud[0]


# ---- C15, C24, C30, C47, C48: what nobody may alone, unseen, unrecorded


def test_only_another_persons_approval_of_the_very_content_counts(good):
    evidence = passes(good, "four_eyes")
    assert evidence["tried"]["another digest"] == "other_digest"
    assert evidence["approved_by_another"] == "applied"


def test_an_approval_of_ones_own_by_the_wrong_person_of_other_content_is_found(good):
    lax = dataclasses.replace(good, permits=_Generous)
    with planted(Approvals, is_own=lambda *_: False), planted(Entry, is_by=lambda *_: False):
        assert fails(lax, "four_eyes", "the proposer")["tried"]["his second account"] == "approved"
    assert fails(lax, "four_eyes", "without the right")["own_policy_version"] == "allowed"


def test_an_approval_that_is_too_late_or_of_what_has_changed_is_found(good):
    real = Entry.state
    with planted(Entry, state=lambda self, now_us: real(self, min(now_us, self.until_us - 1))):
        fails(good, "four_eyes", "too late")

    async def stands(*_):
        return None

    with planted(Approvals, _must_still_stand=stands):
        fails(good, "four_eyes", "what it rests on has changed")


def test_four_eyes_that_are_switched_off_are_found(good):
    off = dataclasses.replace(good, settings={**good.settings, "four_eyes": "off"})
    fails(off, "four_eyes", "switched off")


def test_sensitive_actions_take_a_fresh_factor(good):
    assert passes(good, "fresh_factor")["asked"] > 30


def test_a_sensitive_action_without_a_fresh_factor_is_found(good):
    class Lax(Permits):
        def may(self, principal, action, now_us, about):
            if action == "vault.reveal":
                principal = dataclasses.replace(principal, mfa_us=now_us)
            return super().may(principal, action, now_us, about)

    evidence = fails(dataclasses.replace(good, permits=Lax), "fresh_factor")
    assert {each.split(" ")[1] for each in evidence["without_a_fresh_factor"]} == {"vault.reveal"}


def test_nothing_that_anybody_does_stops_the_audit(good):
    evidence = passes(good, "audit_not_stoppable")
    assert evidence["recorded"] >= evidence["refusals"] > 100


def test_an_audit_that_was_stopped_or_can_be_is_found(good):
    real = Audit.act

    async def act(self, actor, what, *given, **more):
        return 0 if what == "packs.read" else await real(self, actor, what, *given, **more)

    with planted(Audit, act=act):
        fails(good, "audit_not_stoppable", "left no record")
    fails(dataclasses.replace(good, settings={**good.settings, "audit": "on"}), "audit_not_stoppable", "auditors")


def test_clear_text_takes_a_reason_and_a_record(good):
    evidence = passes(good, "masks_and_reveal")
    assert evidence["shown"] == evidence["fields"] >= 1
    assert len(evidence["tried"]) == 12


def test_clear_text_without_a_case_a_factor_or_a_record_is_found(good):
    def check(self, purpose, case):
        if purpose not in reveals_room.PURPOSES:
            raise Declined("bad_purpose", "no")

    with planted(Reveals, _check=check):
        fails(good, "masks_and_reveal", "without a case")
    with planted(Reveals, _permit=lambda *_, **__: None):
        fails(good, "masks_and_reveal", "with an old factor")

    async def record(*_, **__):
        return 0

    with planted(Reveals, _record=record):
        fails(good, "masks_and_reveal", "without a record")


def test_clear_text_that_is_opened_before_its_record_is_found(good):
    real = Reveals.reveal

    async def reveal(self, who, actor, wish):
        personal = self._found(who, wish)
        if wish.case and wish.purpose in reveals_room.PURPOSES and who.mfa_us and not isinstance(self._audit, _dead()):
            self._open(personal)
        return await real(self, who, actor, wish)

    with planted(Reveals, reveal=reveal):
        fails(good, "masks_and_reveal", "before its record")


def _dead():
    from jindi.run.controls.staffing import _Dead

    return _Dead


def test_masks_for_those_who_need_nobodys_number_are_found(good):
    with planted(reveals_room, level=lambda *_: Level.PARTIAL):
        assert "auditor" in fails(good, "masks_and_reveal", "without a reason")["seen_by_others"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    return staffed_place(str(tmp_path_factory.mktemp("watched")))


def test_a_snooper_raises_an_alert_that_he_does_not_see(watched):
    evidence = passes(watched, "staff_watched")
    assert evidence["told"] == evidence["acts"]
    assert evidence["seen_by_overseers"] == evidence["alerts"] >= 2
    assert evidence["seen_by_himself"] == evidence["seen_by_others"] == 0


def test_staff_whom_nobody_watches_are_found(good, watched):
    fails(good, "staff_watched", "not in force")
    from jindi.run.controls import staffing

    async def still(_):
        return 0

    with planted(Watching, round=still), planted(staffing, _ROUNDS=3):
        fails(watched, "staff_watched", "do not become events")
    with planted(telling_room, _KINDS={}):
        fails(watched, "staff_watched", "look")


def test_an_alert_that_the_suspect_sees_is_found(watched):
    with planted(Sight, may_see=lambda *_: True):
        assert fails(watched, "staff_watched", "suspect sees")["seen_by_himself"] >= 1


# ---- C54, C55: requests


def test_requests_that_are_answered_in_time_pass(good):
    assert passes(good, "requests_in_time", days_max=15)["alarm"] == "review"


def test_overdue_requests_and_rights_without_a_limit_are_found(good):
    from datetime import date

    with good.scratch() as scratch:
        log = scratch.log()
        told = opened("erase", "u1", date(2026, 1, 2), date(2026, 1, 17))
        record_alone(log, Actor("key_1", "ann", "cli"), requests.OPEN, told, 1_767_312_000_000_000)

        @contextmanager
        def journal():
            yield log

        assert fails(dataclasses.replace(good, journal=journal), "requests_in_time", "1 requests")["overdue"]
        log.close()
    fails(good, "requests_in_time", "too long", days_max=7)
    source = dict(good.definitions.source)
    place = next(name for name, text in source.items() if "[request_erase_due]" in text)
    text = re.sub(r"\[request_erase_due\]", "[request_other_due]", source[place])
    bad = dataclasses.replace(good, definitions=load({**source, place: text}))
    fails(bad, "requests_in_time", "erase")


def test_signed_requests_are_taken_once(good):
    assert len(passes(good, "signed_requests")["tried"]) == 11


def test_signed_requests_that_are_taken_again_or_altered_are_found(good):
    with planted(Replays, take=lambda *_: False, is_saved=lambda *_: True):
        fails(good, "signed_requests", "replayed, replayed after a restart")
    with planted(threshold, check_digest=lambda *_: None):
        fails(good, "signed_requests", "another body")
    with planted(Replays, look=lambda self, created_s, expires_s, now_s: now_s):
        fails(good, "signed_requests", "ahead, old")


def test_what_these_checks_find_names_nobody(good):
    """Evidence has ids and names of this module's own people at the most."""
    for name in ("administrators_apart", "idle_accounts", "password_hashes"):
        evidence = str(look(control(name), good).evidence)
        assert "Ning" not in evidence
        assert "argon2" not in evidence
    assert {"four_eyes", "signed_requests"} <= CHECKS.keys()


# ---- C29: the first head


def test_a_new_platform_exports_its_first_head_with_its_first_records(tmp_path):
    """Not ten minutes later: until then nobody could hold the journal against anything."""
    import asyncio

    (tmp_path / "heads").mkdir()
    outside, settled = wired(tmp_path, heads=str(tmp_path / "heads"))

    async def go():
        platform = make_platform(outside, settled, Output(as_json=True), with_vault=True)
        await platform.start()
        try:
            await asyncio.sleep(0.2)  # it looks, and there is nothing yet
            await Audit(platform).act(Actor("ann", "ann", "cli"), "platform.start")
            for _ in range(1_000):
                if any(path.stat().st_size for path in (tmp_path / "heads").rglob("*") if path.is_file()):
                    return True
                await asyncio.sleep(0.1)
            return False
        finally:
            platform._heads = None  # its end would export one, too
            await platform.close()

    assert asyncio.run(go())
    passes(ground_of(outside, settled, load(outside.pack_files(settled.packs))), "head_exported")
