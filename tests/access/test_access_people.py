"""Staff accounts: by invitation, one for each login, with roles that don't clash, and gone at once when they end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.access import Factor, Passkey, Role, Sessions, Shown, Staff, State, first_clock
from jindi.vault import CannotOpen, Sealer
from staff_world import DAY, GOOD, HASH, HOUR, MINUTE, NOW, SECOND, SECRET, People, Shelf, chance, sealer, totp

ANALYST, SECURITY = frozenset({Role.ANALYST}), frozenset({Role.SECURITY_ADMIN})
APP = Factor(SECRET)


def staff(shelf=None, **more):
    return Staff(shelf or Shelf(), chance(), sealer, **more)


def active(people, login="limin", roles=ANALYST):
    token, _ = people.invite(login, f"Li {login}", roles, NOW)
    return people.accept(token, HASH, APP, NOW)[0]


# ---- coming


def test_an_invitation_becomes_an_account_with_password_and_factor_and_survives_a_restart():
    shelf = Shelf()
    people = staff(shelf)
    token, invited = people.invite("LiMin", " 李敏 ", ANALYST, NOW)
    assert (invited.login, invited.name, invited.state) == ("limin", "李敏", State.INVITED)
    account, codes = people.accept(token, HASH, APP, NOW + HOUR)
    again = staff(shelf).get(account.id)
    assert again == account
    assert (again.state, again.has_totp, again.codes_left, len(codes)) == (State.ACTIVE, True, 10, 10)
    assert shelf.private == {Staff.BLOB}


def test_attack_an_invitation_is_taken_up_once():
    people = staff()
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    people.accept(token, HASH, APP, NOW)
    with pytest.raises(ValueError, match="unknown, used or expired"):
        people.accept(token, HASH, APP, NOW)
    assert people.invited(token, NOW) is None


def test_attack_an_invitation_that_was_found_after_a_day_is_worth_nothing():
    people = staff()
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    assert people.invited(token, NOW + DAY - 1) is not None
    with pytest.raises(ValueError, match="expired"):
        people.accept(token, HASH, APP, NOW + DAY)


def test_attack_an_older_invitation_ends_with_the_newer_one():
    people = staff()
    first, account = people.invite("limin", "Li Min", ANALYST, NOW)
    second, _ = people.invite_again(account.id, NOW)
    assert people.invited(first, NOW) is None
    assert people.invited(second, NOW).id == account.id


def test_attack_an_invitation_is_for_the_one_who_was_invited():
    people = staff()
    one, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    people.invite("boss", "Boss", SECURITY, NOW)
    account, _ = people.accept(one, HASH, APP, NOW)
    assert (account.login, account.roles) == ("limin", ANALYST)
    assert people.named("boss").state is State.INVITED


@pytest.mark.parametrize("name", ["Li Min", "li min", "Li  Min", "Li\u00a0Min", "Ｌi Ｍin", "LI\u3000MIN"])
def test_attack_no_second_account_under_a_name_that_is_read_as_anothers(name):
    people = staff()
    people.invite("limin", "Li Min", ANALYST, NOW)
    with pytest.raises(ValueError, match="with this name"):
        people.invite("other", name, ANALYST, NOW)


def test_attack_no_account_begins_without_a_second_factor():
    people = staff()
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    with pytest.raises(ValueError, match="no second factor"):
        people.accept(token, HASH, Factor(), NOW)
    assert people.invited(token, NOW) is not None


@pytest.mark.parametrize("token", ["", "x" * 100_000, "会话", "\ud800", "A" * 43])
def test_attack_guessed_links_invite_nobody(token):
    people = staff()
    people.invite("limin", "Li Min", ANALYST, NOW)
    assert people.invited(token, NOW) is None


@pytest.mark.parametrize("login", ["limin", "LIMIN", " ｌｉｍｉｎ "])
def test_attack_no_second_account_for_one_login_however_it_is_spelt(login):
    people = staff()
    people.invite("limin", "Li Min", ANALYST, NOW)
    with pytest.raises(ValueError, match="there is an account with this login"):
        people.invite(login, "Other", ANALYST, NOW)


def test_attack_a_login_in_letters_of_another_script_is_no_account():
    people = staff()
    with pytest.raises(ValueError, match="not a login"):
        people.invite("lіmin", "Li Min", ANALYST, NOW)
    assert people.named("lіmin") is None


@pytest.mark.parametrize(
    "roles",
    [{Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN}, {Role.AUDITOR, Role.ANALYST}, {Role.SUPERVISOR, Role.TREASURER}, set()],
)
def test_attack_roles_that_clash_are_given_to_nobody_on_any_way(roles):
    people = staff()
    with pytest.raises(ValueError, match=r"can't be both|no role"):
        people.invite("limin", "Li Min", frozenset(roles), NOW)
    account = active(people)
    with pytest.raises(ValueError, match=r"can't be both|no role"):
        people.grant(account.id, frozenset(roles))
    assert people.get(account.id).roles == ANALYST


# ---- what is kept


def test_no_secret_is_in_what_is_kept_shown_or_printed():
    shelf = Shelf()
    people = staff(shelf)
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    account, codes = people.accept(token, HASH, APP, NOW)
    cookie = people.signed_in(account.id, "", "Firefox", NOW)
    kept = b"".join(shelf.kept.values())
    for secret in (GOOD.encode(), SECRET, token.encode(), cookie.encode(), *(code.encode() for code in codes)):
        assert secret not in kept
    assert HASH not in repr(account)
    assert "secret" not in repr(APP)


def test_attack_a_sealed_app_moved_to_another_account_opens_nothing():
    shelf = Shelf()
    people = staff(shelf)
    one, two = active(people, "one"), active(people, "two")
    import msgspec

    records = msgspec.json.decode(shelf.kept[Staff.BLOB])
    records[1]["totp"] = records[0]["totp"]
    shelf.kept[Staff.BLOB] = msgspec.json.encode(records)
    again = staff(shelf)
    assert again.use_totp(one.id, totp(NOW), NOW) is Shown.RIGHT
    with pytest.raises(CannotOpen):
        again.use_totp(two.id, totp(NOW), NOW)


def test_attack_another_sealing_key_opens_no_app():
    shelf = Shelf()
    account = active(staff(shelf))
    other = Staff(shelf, chance(), lambda: Sealer("aes-256-gcm", bytes(32)))
    with pytest.raises(CannotOpen):
        other.use_totp(account.id, totp(NOW), NOW)


def test_damaged_accounts_are_refused_and_not_taken_for_none():
    shelf = Shelf()
    shelf.kept[Staff.BLOB] = b'[{"id": 1}]'
    with pytest.raises(ValueError, match="restore it from a backup"):
        staff(shelf)


def test_attack_two_accounts_of_one_login_in_a_tampered_file_are_refused():
    shelf = Shelf()
    active(staff(shelf))
    kept = shelf.kept[Staff.BLOB].decode()
    shelf.kept[Staff.BLOB] = f"[{kept[1:-1]},{kept[1:-1].replace('per_', 'per_f', 1)}]".encode()
    with pytest.raises(ValueError, match="two accounts have one login"):
        staff(shelf)


def test_what_could_not_be_stored_did_not_happen():
    shelf = Shelf()
    people = staff(shelf)
    account = active(people)

    def full(name, chunks, *, private=False):
        raise OSError("no space left")

    shelf.save = full
    for step in (
        lambda: people.disable(account.id, "x"),
        lambda: people.use_totp(account.id, totp(NOW), NOW),
        lambda: people.set_password(account.id, "other", NOW),
    ):
        with pytest.raises(OSError, match="no space"):
            step()
    assert people.get(account.id) == account
    assert people.hash_of(account.id) == HASH


# ---- the last administrator, idleness


def test_the_last_active_security_administrator_can_neither_go_nor_lose_the_role():
    people = staff()
    one, two = active(people, "one", SECURITY), active(people, "two", SECURITY)
    people.disable(one.id, "left")
    for step in (lambda: people.disable(two.id, "x"), lambda: people.grant(two.id, ANALYST)):
        with pytest.raises(ValueError, match="last active security administrator"):
            step()
    people.enable(one.id, NOW)
    people.grant(two.id, ANALYST)


def test_an_invited_administrator_does_not_count_as_one_who_is_there():
    people = staff()
    one = active(people, "one", SECURITY)
    people.invite("two", "Two", SECURITY, NOW)
    with pytest.raises(ValueError, match="last active"):
        people.disable(one.id, "x")


def test_an_account_that_nobody_used_for_ninety_days_is_due_but_not_the_last_administrators():
    people = staff()
    active(people, "admin", SECURITY)
    account = active(people)
    assert people.idle(NOW + 90 * DAY - 1) == ()
    assert [each.id for each in people.idle(NOW + 90 * DAY)] == [account.id]
    people.signed_in(account.id, "", "Firefox", NOW + 60 * DAY)
    assert people.idle(NOW + 90 * DAY) == ()


# ---- factors of an account


def test_attack_a_code_is_right_once_even_across_a_restart():
    shelf = Shelf()
    people = staff(shelf)
    account = active(people)
    assert people.use_totp(account.id, totp(NOW), NOW) is Shown.RIGHT
    assert people.use_totp(account.id, totp(NOW), NOW) is not Shown.RIGHT
    assert staff(shelf).use_totp(account.id, totp(NOW), NOW) is not Shown.RIGHT
    assert staff(shelf).use_totp(account.id, totp(NOW + 30 * SECOND), NOW + 30 * SECOND) is Shown.RIGHT


def test_attack_the_code_that_enrolled_the_app_does_not_sign_in():
    people = staff()
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    account, _ = people.accept(token, HASH, Factor(SECRET, first_clock(SECRET, totp(NOW), NOW)), NOW)
    assert people.use_totp(account.id, totp(NOW), NOW) is not Shown.RIGHT


def test_what_is_learnt_of_a_devices_clock_is_kept_over_a_restart_and_begun_anew_with_another_app():
    shelf, ahead_us = Shelf(), 40 * SECOND
    people = staff(shelf)
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    clock = first_clock(SECRET, totp(NOW + ahead_us), NOW)
    account, _ = people.accept(token, HASH, Factor(SECRET, clock), NOW)
    later = NOW + 90 * SECOND
    assert staff(shelf).use_totp(account.id, totp(later + ahead_us), later) is Shown.RIGHT
    staff(shelf).add_factor(account.id, APP)
    assert staff(shelf).use_totp(account.id, totp(later), later) is Shown.RIGHT


def test_accounts_of_before_the_clocks_were_kept_go_on():
    import msgspec

    shelf = Shelf()
    account = active(staff(shelf))
    records = msgspec.json.decode(shelf.kept[Staff.BLOB])
    for name in ("totp_ahead_us", "totp_stray"):
        del records[0][name]
    shelf.kept[Staff.BLOB] = msgspec.json.encode(records)
    assert staff(shelf).use_totp(account.id, totp(NOW), NOW) is Shown.RIGHT


def test_attack_a_recovery_code_is_right_once_and_never_after_new_ones():
    shelf = Shelf()
    people = staff(shelf)
    token, _ = people.invite("limin", "Li Min", ANALYST, NOW)
    account, codes = people.accept(token, HASH, APP, NOW)
    assert people.use_code(account.id, codes[0])
    assert not people.use_code(account.id, codes[0])
    assert not staff(shelf).use_code(account.id, codes[0])
    fresh = people.new_codes(account.id)
    assert not people.use_code(account.id, codes[1])
    assert people.use_code(account.id, fresh[0])
    assert people.get(account.id).codes_left == 9


def test_attack_one_passkey_belongs_to_one_account():
    people = staff()
    one, two = active(people, "one"), active(people, "two")
    key = Passkey(b"id", b"key", 0, "laptop", NOW, NOW)
    people.add_factor(one.id, Factor(passkey=key))
    with pytest.raises(ValueError, match="somebody's already"):
        people.add_factor(two.id, Factor(passkey=key))


def test_attack_the_only_second_factor_cannot_be_taken_away():
    people = staff()
    account = active(people)
    with pytest.raises(ValueError, match="only second factor"):
        people.remove_totp(account.id)
    people.add_factor(account.id, Factor(passkey=Passkey(b"id", b"key", 0, "laptop", NOW, NOW)))
    people.remove_totp(account.id)
    with pytest.raises(ValueError, match="only second factor"):
        people.remove_passkey(account.id, people.get(account.id).passkeys[0].public_id)
    assert people.remove_passkey(account.id, "pk_other") is None


def test_a_reset_leaves_nothing_that_opens_anything():
    people = staff()
    account = active(people)
    cookie = people.signed_in(account.id, "", "Firefox", NOW)
    token, blank = people.reset(account.id, NOW)
    assert (blank.state, blank.has_factor, blank.codes_left, blank.devices) == (State.INVITED, False, 0, ())
    assert people.hash_of(account.id) is None
    assert people.device(account.id, cookie, NOW) is None
    assert people.use_totp(account.id, totp(NOW), NOW) is not Shown.RIGHT
    assert people.roles_now(account.id, account.epoch) is None
    assert people.hashes_before(account.id) == (HASH,)
    assert people.accept(token, HASH, APP, NOW)[0].is_active


def test_attack_a_reset_does_not_bring_a_disabled_account_back():
    people = staff()
    active(people, "admin", SECURITY)
    account = active(people)
    people.disable(account.id, "left")
    with pytest.raises(ValueError, match="disabled"):
        people.reset(account.id, NOW)
    with pytest.raises(ValueError, match="not waiting"):
        people.invite_again(account.id, NOW)


def test_devices_are_bounded_and_the_longest_unused_goes():
    people = staff()
    account = active(people)
    cookies = [people.signed_in(account.id, "", f"browser {n}", NOW + n) for n in range(12)]
    assert people.device(account.id, cookies[0], NOW + 20) is None
    assert people.device(account.id, cookies[11], NOW + 20).name == "browser 11"
    assert people.signed_in(account.id, cookies[11], "browser", NOW + 20) is None


def test_those_who_may_come_in_are_told_with_their_roles_and_those_who_left_are_gone():
    people = staff()
    admin, account = active(people, "admin", SECURITY), active(people)
    people.invite("new", "New", ANALYST, NOW)
    assert {(each.id, each.roles) for each in people.principals()} == {(admin.id, SECURITY), (account.id, ANALYST)}
    people.disable(account.id, "left")
    assert people.is_gone(account.id)
    assert not people.is_gone(admin.id)
    assert not people.is_gone("key_1")


# ---- sessions of accounts


def opened(people, account):
    return people.sessions.open(
        account.name, frozenset(), people.clock.at_us, account=account.id, epoch=account.epoch, mfa_us=NOW
    ).clear_id


@pytest.mark.parametrize(
    "step",
    [
        lambda people, who: people.staff.disable(who, "left"),
        lambda people, who: people.staff.set_password(who, "other", NOW),
        lambda people, who: people.staff.grant(who, frozenset({Role.TREASURER})),
        lambda people, who: people.staff.reset(who, NOW),
    ],
    ids=["disabled", "password changed", "roles changed", "reset"],
)
def test_attack_a_stolen_cookie_is_dead_at_the_next_request_after(step):
    people = People()
    cookie = opened(people, people.limin)
    assert people.sessions.read(cookie, NOW) is not None
    step(people, people.limin.id)
    assert people.sessions.read(cookie, NOW) is None


def test_attack_an_account_disabled_while_the_platform_was_down_has_no_session_when_it_comes_up():
    people = People()
    cookie = opened(people, people.limin)
    staff(people.shelf).disable(people.limin.id, "left")
    up = People(shelf=Shelf())
    later = staff(people.shelf)
    sessions = Sessions(people.shelf, up.chance, roles_now=later.roles_now)
    assert sessions.read(cookie, NOW) is None


def test_attack_sessions_of_links_and_keys_end_with_the_first_active_account():
    shelf = Shelf()
    people = staff(shelf)
    sessions = Sessions(shelf, chance(), roles_now=people.roles_now)
    operator = sessions.open("operator", frozenset(), NOW).clear_id
    token, _ = people.invite("admin", "Admin", SECURITY, NOW)
    assert sessions.read(operator, NOW) is not None
    people.accept(token, HASH, APP, NOW)
    assert sessions.read(operator, NOW) is None


def test_sessions_of_accounts_exist_only_where_accounts_are_asked():
    sessions = Sessions(Shelf(), chance())
    assert sessions.read(sessions.open("li", frozenset(), NOW, account="per_1").clear_id, NOW) is None
    assert sessions.read(sessions.open("key", frozenset(), NOW).clear_id, NOW) is not None


def test_a_step_up_goes_on_under_another_id_and_moves_no_limit():
    people = People()
    old = opened(people, people.limin)
    people.clock.at_us += HOUR // 4
    fresh = people.sessions.rotate(old, people.clock.at_us, mfa_us=people.clock.at_us)
    assert people.sessions.read(old, people.clock.at_us) is None
    assert fresh.session.opened_us == NOW
    assert fresh.session.is_fresh(people.clock.at_us + 5 * MINUTE - 1)
    assert not fresh.session.is_fresh(people.clock.at_us + 5 * MINUTE)
    with pytest.raises(LookupError):
        people.sessions.rotate(old, NOW)


def test_attack_ending_a_session_by_its_public_id_reaches_only_ones_own():
    people = People()
    mine, other = opened(people, people.limin), opened(people, people.admin)
    public = people.sessions.read(other, NOW).id
    assert not people.sessions.close_one(people.limin.id, public)
    assert people.sessions.read(other, NOW) is not None
    assert people.sessions.close_one(people.admin.id, public)
    assert people.sessions.read(mine, NOW) is not None
    assert public not in (mine, other)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "adm"]), st.sampled_from(["disable", "enable", "grant", "reset", "accept"])
        ),
        max_size=20,
    )
)
def test_whatever_is_done_somebody_active_administers_security_until_the_last_is_reset(steps):
    people = staff()
    ids = {login: active(people, login, SECURITY if login == "adm" else ANALYST).id for login in ("one", "two", "adm")}
    tokens = {}
    for login, step in steps:
        if login == "adm" and step in ("reset", "accept"):
            continue
        try:
            match step:
                case "disable":
                    people.disable(ids[login], "x")
                case "enable":
                    people.enable(ids[login], NOW)
                case "grant":
                    people.grant(ids[login], SECURITY if people.get(ids[login]).roles == ANALYST else ANALYST)
                case "reset":
                    tokens[login] = people.reset(ids[login], NOW)[0]
                case "accept":
                    people.accept(tokens.get(login, ""), HASH, APP, NOW)
        except ValueError:
            continue
    resets = any(step == "reset" for _, step in steps)
    there = [each for each in people.all() if each.is_active and Role.SECURITY_ADMIN in each.roles]
    assert there or resets
    assert len({each.login for each in people.all()}) == 3
