"""Coming in: two factors or nobody, the same answer to everybody who is turned away, a record before anything opens."""

import asyncio
import hashlib

import pytest

from jindi.access import Hasher, Identity, OidcSettings, Role, State, Trouble, folded
from jindi.access.passwords import HashCost
from jindi.run.audit import NotRecorded
from jindi.run.people import AddressLimit, Refused
from jindi.run.people import house as house_room
from jindi.run.people import office as office_module
from staff_world import (
    AT_DOOR,
    BETTER,
    DAY,
    GOOD,
    HASHER,
    MINUTE,
    NOW,
    SECOND,
    SECRET,
    Authenticator,
    People,
    totp,
)

ANALYST = frozenset({Role.ANALYST})


def why(people, work):
    with pytest.raises(Refused) as refusal:
        people.run(work)
    return refusal.value.why


def passworded(people, login="limin", password=GOOD, cookie=""):
    return people.run(people.entrance.password(AT_DOOR, login, password, cookie, "10.0.0.1"))


def with_passkey(people):
    device = Authenticator()
    entered = people.run(people.enter())
    session = entered.opened.session
    handle = people.own.begin_factor(session)
    answer = device.create(people.own.ask_passkey(handle, session.id))
    people.run(people.own.add_passkey(AT_DOOR, session, handle, answer, "laptop"))
    return device


WEAK = ("short", "password123", "liminlimin88", "leaked kolibri walnuss")


@pytest.mark.parametrize("password", WEAK)
def test_a_password_that_breaks_a_rule_is_taken_on_no_way_in(password):
    """By an invitation, on one's own account, and in the place of one that is too old."""
    people = People("pci")
    leaked = hashlib.sha1(WEAK[-1].encode()).hexdigest().upper()
    people.house.breached = lambda prefix: [leaked[5:] + ":9"] if prefix == leaked[:5] else []
    mine = people.run(people.enter()).opened
    people.clock.at_us += 95 * DAY
    people.staff.signed_in(people.limin.id, "", "", people.clock.at_us - DAY)
    handle = passworded(people)
    people.run(people.entrance.totp(AT_DOOR, handle, people.code(), "", ""))
    session = mine.session
    for work in (
        people.own.begin(people.staff.invite("newer", "Newer One", ANALYST, people.clock.at_us)[0], password),
        people.own.change_password(AT_DOOR, session, mine.clear_id, GOOD, password),
        people.entrance.new_password(AT_DOOR, handle, password, "", ""),
    ):
        with pytest.raises(Refused) as refusal:
            people.run(work)
        assert refusal.value.troubles, refusal.value.why


# ---- both factors


def test_password_and_app_let_in_and_each_step_is_on_record_before_it_opens_anything():
    people = People()
    seen = []
    people.diary.before = lambda: seen.append(len(people.sessions.of_account(people.limin.id, NOW)))
    entered = people.run(people.enter())
    assert [what for what, *_ in people.diary.lines] == ["sign_in.password", "sign_in.totp"]
    assert seen == [0, 0]
    session = people.sessions.read(entered.opened.clear_id, people.clock.at_us)
    assert (session.account, session.scopes, session.mfa_us, session.by) == (
        people.limin.id, frozenset(), NOW, "password",
    )  # fmt: skip
    assert entered.device


def test_attack_without_a_record_nobody_comes_in():
    people = People()
    people.diary.is_full = True
    with pytest.raises(NotRecorded):
        passworded(people)
    people.diary.is_full = False
    handle = passworded(people)
    people.diary.is_full = True
    with pytest.raises(NotRecorded):
        people.run(people.entrance.totp(AT_DOOR, handle, people.code(), "", ""))
    assert people.sessions.of_account(people.limin.id, NOW) == ()


def test_attack_a_right_password_alone_opens_nothing():
    people = People()
    handle = passworded(people)
    assert people.sessions.of_account(people.limin.id, NOW) == ()
    assert people.sessions.read(handle, NOW) is None


def test_attack_a_code_alone_opens_nothing():
    people = People()
    assert why(people, people.entrance.totp(AT_DOOR, "x" * 43, people.code(), "", "")) == "sign_in.ended"
    assert why(people, people.entrance.totp(AT_DOOR, "", people.code(), "", "")) == "sign_in.ended"


def test_attack_a_code_that_was_used_is_not_used_again_by_whoever_saw_it():
    people = People()
    code = people.code()
    people.run(people.enter(code=code))
    people.clock.at_us = NOW + SECOND
    handle = passworded(people)
    assert why(people, people.entrance.totp(AT_DOOR, handle, code, "", "")) == "factor.clock"


def test_a_code_of_another_half_minute_opens_nothing_counts_as_a_try_and_its_owner_is_told_of_his_clock():
    people = People()
    handle = passworded(people)
    for ahead_us in (-30 * SECOND, 30 * SECOND):
        code = people.code(people.clock.at_us + ahead_us)
        assert why(people, people.entrance.totp(AT_DOOR, handle, code, "", "")) == "factor.clock"
    entry, _ = people.entrance.waiting(handle)
    assert entry.tries == 2
    people.clock.at_us += 60 * SECOND
    assert people.run(people.entrance.totp(AT_DOOR, handle, people.code(), "", ""))


def test_a_device_whose_clock_strayed_is_in_once_what_was_open_before_is_over():
    people = People()
    handle, answers = passworded(people), []
    for _ in range(2):
        code = people.code(people.clock.at_us - 45 * SECOND)
        answers.append(why(people, people.entrance.totp(AT_DOOR, handle, code, "", "")))
        people.clock.at_us += 60 * SECOND
    assert answers == ["factor.clock"] * 2
    people.clock.at_us += 30 * SECOND
    code = people.code(people.clock.at_us - 45 * SECOND)
    assert people.run(people.entrance.totp(AT_DOOR, handle, code, "", ""))


def test_attack_one_half_done_sign_in_gives_one_session_also_to_two_at_once():
    people = People()

    async def twice():
        handle = await people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")
        return await asyncio.gather(
            people.entrance.totp(AT_DOOR, handle, people.code(), "", ""),
            people.entrance.code(AT_DOOR, handle, people.codes[0], "", ""),
            return_exceptions=True,
        )

    got = people.run(twice())
    assert sorted(type(each).__name__ for each in got) == ["Entered", "Refused"]
    assert len(people.sessions.of_account(people.limin.id, people.clock.at_us)) == 1


def test_attack_somebody_disabled_between_the_factors_does_not_come_in():
    people = People()
    handle = passworded(people)
    people.staff.disable(people.limin.id, "left")
    assert why(people, people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) == "sign_in.ended"


def test_attack_somebody_disabled_while_his_second_factor_is_journalled_does_not_come_in():
    people = People()
    handle = passworded(people)
    people.diary.before = lambda: people.staff.disable(people.limin.id, "left")
    assert why(people, people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) == "sign_in.ended"
    assert people.sessions.of_account(people.limin.id, NOW) == ()


def test_attack_a_password_changed_between_the_factors_ends_the_half_done_sign_in():
    people = People()
    handle = passworded(people)
    people.staff.set_password(people.limin.id, HASHER.hash(BETTER), NOW)
    assert why(people, people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) == "sign_in.ended"


def test_attack_a_half_done_sign_in_does_not_wait_for_ever():
    people = People()
    handle = passworded(people)
    people.clock.at_us += 10 * MINUTE
    assert why(people, people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) == "sign_in.ended"


# ---- passkeys


def test_a_passkey_is_a_second_factor():
    people = People()
    device = with_passkey(people)
    handle = passworded(people)
    answer = device.get(people.entrance.ask_passkey(handle))
    entered = people.run(people.entrance.passkey(AT_DOOR, handle, answer, "", ""))
    assert entered.by == "passkey"
    assert people.diary.lines[-1][0] == "sign_in.passkey"


def test_attack_a_passkeys_answer_counts_once():
    people = People()
    device = with_passkey(people)
    handle = passworded(people)
    answer = device.get(people.entrance.ask_passkey(handle))
    people.run(people.entrance.passkey(AT_DOOR, handle, answer, "", ""))
    again = passworded(people)
    assert why(people, people.entrance.passkey(AT_DOOR, again, answer, "", "")) == "factor.wrong"


def test_attack_a_challenge_is_used_up_by_a_wrong_answer():
    people = People()
    device = with_passkey(people)
    handle = passworded(people)
    options = people.entrance.ask_passkey(handle)
    assert why(people, people.entrance.passkey(AT_DOOR, handle, "{}", "", "")) == "factor.wrong"
    assert why(people, people.entrance.passkey(AT_DOOR, handle, device.get(options), "", "")) == "factor.wrong"


def test_attack_a_challenge_is_short_lived():
    people = People()
    device = with_passkey(people)
    handle = passworded(people)
    answer = device.get(people.entrance.ask_passkey(handle))
    people.clock.at_us += 2 * MINUTE
    assert why(people, people.entrance.passkey(AT_DOOR, handle, answer, "", "")) == "factor.wrong"


def test_attack_a_copied_passkey_is_refused_and_told_by_name():
    people = People()
    device = with_passkey(people)
    for count in (None, 0):
        if count is not None:
            device.count = count
        handle = passworded(people)
        answer = device.get(people.entrance.ask_passkey(handle))
        work = people.entrance.passkey(AT_DOOR, handle, answer, "", "")
        if count is None:
            people.run(work)
        else:
            assert why(people, work) == "factor.wrong"
    assert people.diary.said("sign_in.copied", allowed=False)


def test_attack_another_accounts_passkey_does_not_pass_for_mine():
    people = People()
    device = with_passkey(people)
    handle = passworded(people, "admin")
    with pytest.raises(Refused, match=r"factor\.none"):
        people.entrance.ask_passkey(handle)
    assert (
        why(people, people.entrance.passkey(AT_DOOR, handle, device.get('{"challenge": "AAAA"}'), "", ""))
        == "factor.wrong"
    )


# ---- recovery codes


def test_attack_a_recovery_code_needs_the_password_and_works_once():
    people = People()
    code = people.codes[0]
    assert why(people, people.entrance.code(AT_DOOR, "x" * 43, code, "", "")) == "sign_in.ended"
    entered = people.run(people.entrance.code(AT_DOOR, passworded(people), code, "", ""))
    assert entered.by == "recovery"
    assert people.diary.said("sign_in.recovery")
    assert why(people, people.entrance.code(AT_DOOR, passworded(people), code, "", "")) == "factor.wrong"


def test_attack_another_accounts_recovery_code_does_not_pass_for_mine():
    people = People()
    theirs = people.codes[0]  # limin's
    assert why(people, people.entrance.code(AT_DOOR, passworded(people, "admin"), theirs, "", "")) == "factor.wrong"


# ---- who is turned away learns nothing


def test_attack_users_are_not_told_apart_by_answer_by_work_or_by_records_that_hold_them_up():
    people = People()
    people.staff.invite("invited", "Invited", ANALYST, NOW)
    gone = people.person("gone", "Gone", Role.ANALYST)
    people.staff.disable(gone.id, "left")
    told = []
    for login, password in (
        ("limin", "wrong"), ("nobody-here", GOOD), ("gone", GOOD), ("invited", GOOD), ("lіmin", GOOD), ("", ""),
        ("x" * 8_000, GOOD), ("a\r\nb", GOOD),
    ):  # fmt: skip
        before, saves = HASHER.worked, people.shelf.saves
        reason = why(people, people.entrance.password(AT_DOOR, login, password, "", "10.0.0.1"))
        told.append((reason, HASHER.worked - before, people.shelf.saves - saves))
    assert set(told) == {("sign_in.refused", 1, 1)}


def test_attack_a_locked_account_answers_like_any_other_also_to_the_right_password():
    people = People()
    for _ in range(10):
        why(people, people.entrance.password(AT_DOOR, "limin", "wrong", "", "a"))
    before = HASHER.worked
    assert why(people, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")) == "sign_in.refused"
    assert HASHER.worked - before == 1
    people.clock.at_us += 30 * MINUTE
    assert passworded(people)


def test_attack_made_up_logins_lock_like_real_ones():
    people = People()
    for login in ("limin", "nobody-here"):
        for _ in range(10):
            why(people, people.entrance.password(AT_DOOR, login, "wrong", "", "a"))
    kept = people.shelf.kept["access-lockouts.json"]
    assert kept.count(b'"locks":1') == 2


def test_attack_what_was_typed_as_a_login_is_in_no_record():
    people = People()
    why(people, people.entrance.password(AT_DOOR, "my secret\r\nsign_in.ok", "x", "", "a"))
    assert people.diary.lines == [("sign_in.password", False, "", "")]


# ---- locks


def test_attack_a_stranger_cannot_keep_the_owner_out_of_his_own_device():
    people = People()
    cookie = people.run(people.enter()).device
    for _ in range(25):
        why(people, people.entrance.password(AT_DOOR, "limin", "wrong", "", "a"))
    assert people.diary.said("sign_in.locked", allowed=False)
    assert why(people, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")) == "sign_in.refused"
    assert people.run(people.enter(cookie=cookie)).device is None


def test_attack_a_device_of_another_account_is_a_stranger_here():
    people = People()
    cookie = people.run(people.enter("admin")).device
    for _ in range(10):
        why(people, people.entrance.password(AT_DOOR, "limin", "wrong", cookie, "a"))
    assert why(people, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")) == "sign_in.refused"


def test_attack_codes_are_not_guessed_by_signing_in_again_and_again():
    people = People()
    guesses = 0
    for _ in range(10):
        try:
            handle = passworded(people)
        except Refused:
            break
        for _ in range(10):
            reason = why(people, people.entrance.totp(AT_DOOR, handle, "000000", "", ""))
            if reason == "sign_in.ended":
                guesses += 1
                break
            guesses += reason == "factor.wrong"
            if reason == "sign_in.refused":
                break
    assert guesses == 10
    assert why(people, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")) == "sign_in.refused"


def test_attack_the_lock_holds_at_the_second_factor_too():
    people = People()
    handle = passworded(people)
    for _ in range(10):
        why(people, people.entrance.password(AT_DOOR, "limin", "wrong", "", "a"))
    assert why(people, people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) == "sign_in.refused"


def test_attack_recovery_codes_are_not_guessed_either():
    people = People()
    handle = passworded(people)
    reasons = [why(people, people.entrance.code(AT_DOOR, handle, "AAAA-AAAA-AAAA-AAAA", "", "")) for _ in range(6)]
    assert reasons == ["factor.wrong"] * 4 + ["sign_in.ended"] * 2


def test_attack_many_tries_at_once_are_not_more_tries():
    people = People()

    async def at_once():
        tries = (people.entrance.password(AT_DOOR, "limin", "wrong", "", "a") for _ in range(30))
        return await asyncio.gather(
            *tries, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a"), return_exceptions=True
        )

    got = people.run(at_once())
    assert all(isinstance(each, Refused) for each in got)


def test_attack_hashing_is_bounded_and_whoever_comes_too_many_is_sent_away_unreckoned():
    people = People()
    running, most = 0, 0

    def slow():
        nonlocal running, most
        running += 1
        most = max(most, running)
        import time

        time.sleep(0.01)
        running -= 1

    async def crowd():
        return await asyncio.gather(*(people.house.beside(slow) for _ in range(60)), return_exceptions=True)

    got = people.run(crowd())
    assert most <= house_room.HASHING_MAX
    assert sum(isinstance(each, Refused) and each.why == "busy" for each in got) == 60 - house_room.WAITING_MAX


def test_attack_one_address_does_not_try_for_ever_and_a_known_device_does_not_mind():
    people = People(each=3)
    cookie = people.run(people.enter()).device
    reasons = [why(people, people.entrance.password(AT_DOOR, "limin", "wrong", "", "10.0.0.2")) for _ in range(5)]
    assert reasons == ["sign_in.refused"] * 3 + ["too_often"] * 2
    assert people.run(people.enter(cookie=cookie))


def test_one_address_alone_does_not_use_up_what_all_have_together():
    limit = AddressLimit(together=10, each=3)
    assert sum(limit.allows("a", 0) for _ in range(50)) == 3
    assert limit.allows("b", 0)


def test_attack_many_addresses_have_no_more_together_than_what_strangers_have_in_a_minute():
    limit = AddressLimit(together=10, each=3)
    assert sum(limit.allows(f"a{n}", n) for n in range(500)) == 10
    assert not limit.allows("z", 5 * SECOND)
    assert sum(limit.allows(f"b{n}", 2 * MINUTE) for n in range(500)) == 10, "a minute later they have it again"


def test_a_clock_that_was_put_back_gives_strangers_no_more_and_keeps_them_out_no_longer():
    limit = AddressLimit(together=10, each=3)
    assert sum(limit.allows("a", 10 * MINUTE) for _ in range(5)) == 3
    assert not limit.allows("a", 0)
    assert limit.allows("b", 0)
    assert limit.allows("a", MINUTE)


def test_attack_a_closed_door_fills_no_journal_for_whoever_goes_on_knocking():
    people = People()
    for _ in range(30):
        why(people, people.entrance.password(AT_DOOR, "limin", "wrong", "", "a"))
    assert len([line for line in people.diary.lines if line[3] == people.limin.id]) == 11  # ten tries, and the lock
    assert people.diary.bounded == 20


# ---- passwords of accounts


def test_a_hash_from_before_the_cost_rose_is_made_anew_at_a_sign_in():
    people = People()
    people.house.hasher = Hasher(HashCost(19_456, 3, 1))
    people.run(people.enter())
    assert ",t=3," in people.staff.hash_of(people.limin.id)
    assert people.run(people.enter())


def test_attack_a_downgraded_hash_in_a_tampered_file_lets_nobody_in():
    people = People()
    people.staff.rehashed(people.limin.id, "$1$abc$5f4dcc3b5aa765d61d8327deb882cf99")
    assert why(people, people.entrance.password(AT_DOOR, "limin", "password", "", "a")) == "sign_in.refused"


def test_a_password_that_is_too_old_is_changed_between_the_factors_and_the_session():
    people = People("pci")
    people.clock.at_us += 89 * DAY
    assert people.run(people.enter())
    people.clock.at_us = NOW + 90 * DAY
    people.clock.at_us -= 30 * SECOND
    people.clock.at_us += 30 * SECOND
    handle = passworded(people)
    assert people.run(people.entrance.totp(AT_DOOR, handle, people.code(), "", "")) is None
    assert why(people, people.entrance.new_password(AT_DOOR, handle, GOOD, "", "")) == "password.wrong"
    entered = people.run(people.entrance.new_password(AT_DOOR, handle, BETTER, "", ""))
    assert people.sessions.read(entered.opened.clear_id, people.clock.at_us) is not None
    assert passworded(people, password=BETTER)


def test_attack_the_second_factor_is_not_skipped_by_asking_for_a_new_password():
    people = People("pci")
    people.clock.at_us += 95 * DAY
    people.staff.signed_in(people.limin.id, "", "", people.clock.at_us - DAY)
    handle = passworded(people)
    assert why(people, people.entrance.new_password(AT_DOOR, handle, BETTER, "", "")) == "sign_in.ended"
    assert people.staff.hash_of(people.limin.id) is not None


def test_changing_the_password_asks_for_the_old_one_and_ends_every_other_session():
    people = People()
    other, mine = (people.run(people.enter()).opened for _ in range(2))
    change = people.own.change_password
    assert why(people, change(AT_DOOR, mine.session, mine.clear_id, "wrong", BETTER)) == "password.old"
    fresh = people.run(change(AT_DOOR, mine.session, mine.clear_id, GOOD, BETTER))
    now = people.clock.at_us
    assert people.sessions.read(other.clear_id, now) is None
    assert people.sessions.read(mine.clear_id, now) is None
    assert people.sessions.read(fresh.clear_id, now).id != mine.session.id
    assert people.diary.said("password.change")


def test_attack_a_stolen_session_does_not_guess_the_password():
    people = People()
    mine = people.run(people.enter()).opened
    reasons = [
        why(people, people.own.change_password(AT_DOOR, mine.session, mine.clear_id, f"wrong {n}", BETTER))
        for n in range(11)
    ]
    assert reasons == ["password.old"] * 10 + ["sign_in.refused"]


def test_the_last_four_passwords_are_not_taken_again_where_the_profile_says_so():
    people = People("pci")
    session = people.run(people.enter()).opened
    for password, old in ((BETTER, GOOD), ("dritte Wahl: Eule 19 am See", BETTER)):
        session = people.run(people.own.change_password(AT_DOOR, session.session, session.clear_id, old, password))
    with pytest.raises(Refused) as refusal:
        people.run(
            people.own.change_password(AT_DOOR, session.session, session.clear_id, "dritte Wahl: Eule 19 am See", GOOD)
        )
    assert refusal.value.troubles == (Trouble.USED_BEFORE,)


# ---- invitations


def test_an_invitation_is_taken_up_with_password_and_app_and_its_owner_is_in():
    people = People()
    token, account = people.staff.invite("new", "New One", ANALYST, NOW)
    handle = people.run(people.own.begin(token, GOOD))
    secret = people.own.begun(handle)[0].totp
    assert people.staff.get(account.id).state is State.INVITED
    entered, codes = people.run(people.own.accept_totp(AT_DOOR, handle, totp(NOW, secret), "", "Firefox"))
    assert len(codes) == 10
    assert people.sessions.read(entered.opened.clear_id, NOW).account == account.id
    assert [what for what, *_ in people.diary.lines] == ["invitation.accept", "factor.add"]


def test_an_invitation_is_taken_up_with_a_passkey():
    people = People()
    token, account = people.staff.invite("new", "New One", ANALYST, NOW)
    handle, device = people.run(people.own.begin(token, GOOD)), Authenticator()
    answer = device.create(people.own.ask_passkey(handle))
    people.run(people.own.accept_passkey(AT_DOOR, handle, answer, "", "laptop"))
    assert people.staff.get(account.id).passkeys[0].name == "laptop"
    assert not people.staff.get(account.id).has_totp


def test_attack_two_who_hold_one_invitation_do_not_both_take_it_up():
    people = People()
    token, _ = people.staff.invite("new", "New One", ANALYST, NOW)
    first, second = (people.run(people.own.begin(token, GOOD)) for _ in range(2))
    secret = people.own.begun(second)[0].totp
    people.run(people.own.accept_totp(AT_DOOR, first, totp(NOW, people.own.begun(first)[0].totp), "", ""))
    assert why(people, people.own.accept_totp(AT_DOOR, second, totp(NOW, secret), "", "")) == "factor.ended"


def test_attack_an_invitation_without_the_right_code_makes_no_account():
    people = People()
    token, account = people.staff.invite("new", "New One", ANALYST, NOW)
    handle = people.run(people.own.begin(token, GOOD))
    assert why(people, people.own.accept_totp(AT_DOOR, handle, "000000", "", "")) == "factor.wrong"
    assert people.staff.get(account.id).state is State.INVITED


def test_attack_a_reset_is_no_way_around_the_second_factor():
    people = People()
    token, _ = people.run(people.office.reset(AT_DOOR._replace(key=people.admin.id), people.limin.id))
    handle = people.run(people.own.begin(token, BETTER))
    # The new password alone opens nothing: neither here nor at the front door.
    assert why(people, people.entrance.password(AT_DOOR, "limin", BETTER, "", "a")) == "sign_in.refused"
    assert why(people, people.own.accept_totp(AT_DOOR, handle, totp(NOW, SECRET), "", "")) == "factor.wrong"


def test_attack_a_begun_invitation_is_no_begun_factor_and_the_other_way_round():
    people = People()
    token, _ = people.staff.invite("new", "New One", ANALYST, NOW)
    invited = people.run(people.own.begin(token, GOOD))
    session = people.run(people.enter()).opened.session
    mine = people.own.begin_factor(session)
    secret = people.own.begun(mine)[0].totp
    code = totp(people.clock.at_us, secret)
    assert why(people, people.own.accept_totp(AT_DOOR, mine, code, "", "")) == "factor.ended"
    assert why(people, people.own.add_totp(AT_DOOR, session, invited, code)) == "factor.ended"


# ---- one's own account


def test_whatever_touches_a_factor_asks_for_one_that_was_shown_just_now():
    people = People()
    session = people.run(people.enter()).opened.session
    handle = people.own.begin_factor(session)
    people.clock.at_us += 5 * MINUTE
    secret = people.own.begun(handle)[0].totp
    for work in (
        people.own.new_codes(AT_DOOR, session),
        people.own.remove_totp(AT_DOOR, session),
        people.own.remove_passkey(AT_DOOR, session, "pk_1"),
        people.own.add_totp(AT_DOOR, session, handle, totp(people.clock.at_us, secret)),
    ):
        assert why(people, work) == "factor.again"
    with pytest.raises(Refused, match=r"factor\.again"):
        people.own.begin_factor(session)


def test_showing_the_factor_again_makes_a_session_fresh_under_another_id():
    people = People()
    opened = people.run(people.enter()).opened
    people.clock.at_us += 20 * MINUTE
    assert people.sessions.read(opened.clear_id, people.clock.at_us) is not None
    fresh = people.run(people.entrance.again(AT_DOOR, opened.session, opened.clear_id, people.code()))
    assert fresh.session.is_fresh(people.clock.at_us)
    assert people.sessions.read(opened.clear_id, people.clock.at_us) is None
    assert people.run(people.own.new_codes(AT_DOOR, fresh.session))


def test_attack_a_stolen_session_does_not_guess_the_code_it_is_asked_for_again():
    people = People()
    opened = people.run(people.enter()).opened
    reasons = [
        why(people, people.entrance.again(AT_DOOR, opened.session, opened.clear_id, "000000")) for _ in range(11)
    ]
    assert reasons == ["factor.wrong"] * 10 + ["sign_in.refused"]


def test_attack_a_factor_begun_in_one_session_is_not_finished_in_another():
    people = People()
    one, two = (people.run(people.enter()).opened.session for _ in range(2))
    handle = people.own.begin_factor(one)
    code = totp(people.clock.at_us, people.own.begun(handle)[0].totp)
    assert why(people, people.own.add_totp(AT_DOOR, two, handle, code)) == "factor.ended"


def test_attack_other_peoples_sessions_passkeys_and_devices_are_out_of_reach():
    people = People()
    with_passkey(people)
    theirs = people.staff.get(people.limin.id)
    session = people.sessions.of_account(people.limin.id, people.clock.at_us)[0].id
    me = people.run(people.enter("admin")).opened.session
    for work in (
        people.own.end_session(AT_DOOR, me, session),
        people.own.remove_passkey(AT_DOOR, me, theirs.passkeys[0].public_id),
        people.own.forget_device(AT_DOOR, me, theirs.devices[0].id),
    ):
        assert why(people, work) == "not_yours"
    assert people.staff.get(people.limin.id) == theirs
    assert people.sessions.of_account(people.limin.id, people.clock.at_us)


def test_a_device_that_was_forgotten_is_a_stranger_and_its_sessions_are_gone():
    people = People()
    there = people.run(people.enter())
    me = people.run(people.enter()).opened.session
    people.run(people.own.forget_device(AT_DOOR, me, there.opened.session.device))
    assert people.sessions.read(there.opened.clear_id, people.clock.at_us) is None
    assert people.house.device(people.limin, there.device) is None


def test_ending_a_session_asks_for_a_factor_that_was_shown_just_now():
    people = People()
    there = people.run(people.enter()).opened
    me = people.run(people.enter()).opened.session
    people.clock.at_us += 5 * MINUTE
    for work in (
        people.own.end_session(AT_DOOR, me, there.session.id),
        people.own.end_others(AT_DOOR, me),
        people.own.forget_device(AT_DOOR, me, there.session.device),
    ):
        assert why(people, work) == "factor.again"
    assert people.sessions.read(there.clear_id, people.clock.at_us) is not None


CHANGES = {
    "an app in the place of the one before": lambda people, session, passkey: people.own.add_totp(
        AT_DOOR, session, *begun_app(people, session)
    ),
    "new recovery codes": lambda people, session, passkey: people.own.new_codes(AT_DOOR, session),
    "without the app": lambda people, session, passkey: people.own.remove_totp(AT_DOOR, session),
    "without a passkey": lambda people, session, passkey: people.own.remove_passkey(AT_DOOR, session, passkey),
}


def begun_app(people, session):
    handle = people.own.begin_factor(session)
    return handle, totp(people.clock.at_us, people.own.begun(handle)[0].totp)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_a_factor_ends_every_other_session_and_leaves_ones_own(change):
    people = People()
    with_passkey(people)
    other, mine = (people.run(people.enter()).opened for _ in range(2))
    people.run(change(people, mine.session, people.staff.get(people.limin.id).passkeys[0].public_id))
    assert people.sessions.read(other.clear_id, people.clock.at_us) is None
    assert people.sessions.read(mine.clear_id, people.clock.at_us) is not None


def test_a_new_passkey_ends_every_other_session():
    people = People()
    other = people.run(people.enter()).opened
    with_passkey(people)
    assert people.sessions.read(other.clear_id, people.clock.at_us) is None


# ---- administration


def test_nobody_administers_his_own_account():
    people = People()
    me = AT_DOOR._replace(key=people.admin.id)
    for work in (
        people.office.disable(me, people.admin.id),
        people.office.grant(me, people.admin.id, ANALYST),
        people.office.reset(me, people.admin.id),
        people.office.enable(me, people.admin.id),
        people.office.unlock(me, people.admin.id),
    ):
        with pytest.raises(ValueError, match="his own account"):
            people.run(work)
    assert people.diary.lines == []


def test_disabling_and_other_roles_end_sessions_at_once():
    people = People()
    me = AT_DOOR._replace(key=people.admin.id, name="Admin Wang")
    opened = people.run(people.enter()).opened
    people.run(people.office.grant(me, people.limin.id, frozenset({Role.TREASURER})))
    assert people.sessions.read(opened.clear_id, people.clock.at_us) is None
    opened = people.run(people.enter()).opened
    people.run(people.office.disable(me, people.limin.id))
    assert people.sessions.read(opened.clear_id, people.clock.at_us) is None
    assert [what for what, *_ in people.diary.lines if what.startswith("staff")] == ["staff.roles", "staff.disable"]


def test_attack_without_a_record_nothing_is_done_to_an_account():
    people = People()
    me = AT_DOOR._replace(key=people.admin.id)
    people.diary.is_full = True
    before = people.staff.all()
    for work in (
        people.office.invite(me, "new", "New", ANALYST),
        people.office.disable(me, people.limin.id),
        people.office.grant(me, people.limin.id, frozenset({Role.TREASURER})),
        people.office.reset(me, people.limin.id),
    ):
        with pytest.raises(NotRecorded):
            people.run(work)
    assert people.staff.all() == before


def test_an_account_that_lay_idle_is_disabled_at_the_next_try_and_by_itself():
    people = People()
    people.clock.at_us += 90 * DAY
    assert why(people, people.entrance.password(AT_DOOR, "limin", GOOD, "", "a")) == "sign_in.refused"
    assert people.staff.get(people.limin.id).state is State.DISABLED
    assert people.diary.said("staff.disable")[0][2:] == ("jindi", f"{people.limin.id} idle")
    other = People()
    other.clock.at_us += 90 * DAY
    assert [each.id for each in other.run(other.office.lapse())] == [other.limin.id]


def test_a_platform_that_runs_for_months_disables_idle_accounts_too_and_a_stopped_journal_only_puts_it_off(monkeypatch):
    people = People()
    monkeypatch.setattr(office_module, "LAPSE_S", 0.001)

    async def go():
        keeping = asyncio.create_task(people.office.keep())
        await asyncio.sleep(0.01)
        assert people.staff.get(people.limin.id).state is State.ACTIVE
        people.diary.is_full = True
        people.clock.at_us += 90 * DAY
        await asyncio.sleep(0.01)
        assert people.staff.get(people.limin.id).state is State.ACTIVE, "no record, no action"
        people.diary.is_full = False
        while people.staff.get(people.limin.id).state is State.ACTIVE:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        keeping.cancel()

    asyncio.run(go())


# ---- the company's own sign-in


COMPANY = OidcSettings("https://id.example.com", "jindi", "s", mfa=("mfa",))
SAID = Identity("https://id.example.com\n42", "limin", "Li Min", (), has_mfa=True)


def company(people, settings=COMPANY, **more):
    from dataclasses import replace

    return people.run(people.entrance.company(AT_DOOR, settings, replace(SAID, **more), ""))


def test_a_company_that_asked_for_both_factors_lets_its_people_in():
    people = People()
    entered = company(people)
    assert entered.account.id == people.limin.id
    assert people.diary.said("sign_in.oidc")


def test_attack_a_company_that_asked_for_one_factor_only_does_not_spare_the_other():
    people = People()
    handle = company(people, has_mfa=False)
    assert isinstance(handle, str)
    assert people.sessions.of_account(people.limin.id, NOW) == ()
    assert people.run(people.entrance.totp(AT_DOOR, handle, people.code(), "", "")).by == "totp"


@pytest.mark.parametrize("login", ["stranger", "lіmin", "", "a\r\nb"])
def test_attack_whoever_has_no_account_gets_none_by_the_company(login):
    people = People()
    with pytest.raises(Refused, match="no_account"):
        company(people, login=login, subject="https://id.example.com\n43")
    assert len(people.staff.all()) == 2


def test_attack_a_login_that_the_company_gave_to_another_one_does_not_open_the_old_account():
    people = People()
    company(people)
    with pytest.raises(Refused, match="no_account"):
        company(people, subject="https://id.example.com\n77")
    assert len(people.diary.said("sign_in.oidc")) == 1
    assert len(people.diary.said("sign_in.oidc", allowed=False)) == 1


def test_attack_a_disabled_account_does_not_come_in_by_the_company():
    people = People()
    people.staff.disable(people.limin.id, "left")
    with pytest.raises(Refused, match="no_account"):
        company(people)


GROUPS = OidcSettings(
    "https://id.example.com", "jindi", "s", mfa=("mfa",),
    roles={"risk": ANALYST, "audit": frozenset({Role.AUDITOR}), "ops": frozenset({Role.SYSTEM_ADMIN})},
)  # fmt: skip


def test_an_account_is_made_for_whoever_is_in_a_named_group_with_its_roles():
    people = People()
    entered = company(people, GROUPS, login="newone", groups=("staff", "risk"), subject="https://id.example.com\n9")
    assert entered.account.roles == ANALYST
    assert people.staff.hash_of(entered.account.id) is None
    assert people.diary.said("staff.invite")


@pytest.mark.parametrize("name", ["Li Min", "Li\u00a0Min", "ＬＩ  ＭＩＮ"])
def test_attack_whoever_calls_himself_as_a_colleague_at_the_provider_is_not_taken_for_him(name):
    people = People()
    said = {"login": "newone", "name": name, "groups": ("risk",), "subject": "https://id.example.com\n9"}
    entered = company(people, GROUPS, **said)
    assert entered.account.id != people.limin.id
    assert folded(entered.account.name) != folded(people.limin.name)


@pytest.mark.parametrize("groups", [(), ("staff",), ("risk", "audit"), ("audit", "ops")])
def test_attack_groups_without_roles_or_with_roles_that_clash_make_no_account(groups):
    people = People()
    with pytest.raises(Refused, match="no_account"):
        company(people, GROUPS, login="newone", groups=groups, subject="https://id.example.com\n9")
    assert people.staff.named("newone") is None


def test_attack_an_account_by_groups_is_not_made_without_a_second_factor():
    people = People()
    with pytest.raises(Refused, match="no_account"):
        company(people, GROUPS, login="newone", groups=("risk",), subject="https://id.example.com\n9", has_mfa=False)
