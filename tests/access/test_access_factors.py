"""Second factors: app codes once, passkeys for this site and this account, recovery codes once; devices and locks."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.access import (
    STRANGER,
    AppClock,
    Device,
    Drafts,
    Lock,
    Lockouts,
    PasskeyRefused,
    Shown,
    Site,
    asserted,
    assertion,
    digest_of,
    first_clock,
    known_device,
    new_challenge,
    nobody,
    normal_login,
    person_name,
    registered,
    registration,
    totp_link,
    totp_shown,
    totp_text,
)
from jindi.access.passkeys import ANSWER_MAX
from jindi.access.recovery import CODES, new_codes, without_code
from staff_world import DAY, MINUTE, NOW, SECOND, SECRET, SITE, Authenticator, Shelf, chance, totp

LOCK = Lock(10, 30 * MINUTE)
ID = "Y3JlZGVudGlhbC0wMDAx"
"""The software passkey's, as JSON has it."""


# ---- logins


def test_one_login_has_one_spelling():
    assert {normal_login(text) for text in ("limin", " LiMin ", "ｌｉｍｉｎ", "LIMIN")} == {"limin"}
    assert normal_login("li.min+ops@bank.example") == "li.min+ops@bank.example"


@pytest.mark.parametrize(
    "text",
    ["lіmin", "аdmin", "li\u200bmin", "li min", "limin\r\nX: 1", "limin\x00", "", "a", "x" * 65, "x" * 10_000, "李敏",
     "-limin", "limin.", "li/../min", "<b>", "lımin", "ﬁ\u0301x"],
)  # fmt: skip
def test_attack_logins_that_look_like_others_or_carry_more_are_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="not a login") as refusal:
        normal_login(text)
    assert text == "" or len(text) < 3 or text not in str(refusal.value)


@given(st.text(max_size=80))
def test_whatever_passes_for_a_login_is_plain_and_stays_as_it_is(text):
    try:
        login = normal_login(text)
    except ValueError:
        return
    assert login.isascii()
    assert login.isprintable()
    assert normal_login(login) == login


@pytest.mark.parametrize("text", ["", " ", "a\nb", "王\u202e小", "x" * 65, "\ud800", "a\u2028b"])
def test_attack_names_with_hidden_characters_are_refused(text):
    with pytest.raises(ValueError, match="not a name"):
        person_name(text)


def test_names_are_written_as_people_write_them():
    assert person_name("  欧阳 若曦 ") == "欧阳 若曦"


# ---- codes of apps


def right(code, at_us, clock):
    return totp_shown(SECRET, code, at_us, clock)[0] is Shown.RIGHT


def device(at_us, ahead_us):
    """What an app shows whose device is so far ahead."""
    return totp(at_us + ahead_us)


def test_at_each_instant_there_is_one_code_that_opens():
    for periods in range(-3, 4):
        assert right(totp(NOW + periods * 30 * SECOND), NOW, AppClock()) == (periods == 0), periods


@settings(max_examples=20)
@given(st.integers(-60, 60), st.integers(0, 3_000))
def test_a_code_is_open_for_half_a_minute_and_no_longer_whatever_the_devices_clock(ahead_s, second):
    clock = AppClock(ahead_s * SECOND)
    code = device(NOW + second * SECOND, ahead_s * SECOND)
    instants = range(NOW + (second - 95) * SECOND, NOW + (second + 95) * SECOND, SECOND)
    open_at = [at_us for at_us in instants if right(code, at_us, clock)]
    assert len(open_at) == 30
    assert open_at[-1] - open_at[0] == 29 * SECOND


def test_attack_a_code_read_over_a_shoulder_is_too_late():
    code = totp(NOW)
    shown, used = totp_shown(SECRET, code, NOW, AppClock())
    assert shown is Shown.RIGHT
    assert not right(code, NOW + 1, used), "used by its owner"
    begun = NOW - NOW % (30 * SECOND)
    assert right(code, begun + 30 * SECOND - 1, AppClock())
    assert not right(code, begun + 30 * SECOND, AppClock()), "not used by its owner, and too old all the same"
    assert not right(totp(NOW - 30 * SECOND), NOW, used)


@pytest.mark.parametrize("ahead_s", [-60, -35, -31, 31, 35, 60])
def test_the_clock_of_a_device_is_learnt_when_its_app_is_set_up(ahead_s):
    clock = first_clock(SECRET, device(NOW, ahead_s * SECOND), NOW)
    later = NOW + 30 * SECOND
    assert right(device(later, ahead_s * SECOND), later, clock)
    assert not right(totp(later), later, clock), "one code, and it is the device's"


def test_a_device_that_is_right_is_taken_to_be_right():
    assert first_clock(SECRET, totp(NOW), NOW).ahead_us == 0


def test_a_device_that_is_off_by_more_than_two_periods_is_not_set_up():
    assert first_clock(SECRET, device(NOW, 120 * SECOND), NOW) is None
    assert first_clock(SECRET, "000000", NOW) is None


@pytest.mark.parametrize("ahead_s", [-60, -40, 20, 40, 60])
def test_a_clock_that_strayed_is_learnt_anew_from_two_codes_in_a_row_and_neither_opens_anything(ahead_s):
    clock, at_us = AppClock(), NOW - NOW % (30 * SECOND) + 15 * SECOND
    for _ in range(2):
        shown, clock = totp_shown(SECRET, device(at_us, ahead_s * SECOND), at_us, clock)
        assert shown is Shown.STRAY
        at_us += 30 * SECOND
    at_us += 60 * SECOND  # what was open by the old reckoning is used up
    assert right(device(at_us, ahead_s * SECOND), at_us, clock)


def test_attack_one_stray_code_moves_no_clock_and_two_far_apart_do_not_either():
    late = NOW + 40 * SECOND
    _, clock = totp_shown(SECRET, totp(NOW), late, AppClock())
    assert clock.ahead_us == 0
    much_later = late + 11 * MINUTE
    _, clock = totp_shown(SECRET, totp(much_later - 40 * SECOND), much_later, clock)
    assert clock.ahead_us == 0


def test_what_opens_in_between_ends_a_learning():
    _, clock = totp_shown(SECRET, totp(NOW), NOW + 40 * SECOND, AppClock())
    shown, clock = totp_shown(SECRET, totp(NOW + 60 * SECOND), NOW + 60 * SECOND, clock)
    assert (shown, clock.stray) == (Shown.RIGHT, None)


def test_attack_a_stray_code_is_used_up_so_a_guess_that_hit_a_coming_one_is_no_use_when_it_comes():
    coming = totp(NOW + 30 * SECOND)
    shown, clock = totp_shown(SECRET, coming, NOW, AppClock())
    assert shown is Shown.STRAY
    assert not right(coming, NOW + 30 * SECOND, clock)


@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(1, 90)), min_size=1, max_size=40))
def test_attack_no_code_opens_twice_nor_over_more_than_half_a_minute_however_the_clock_was_taught(tries):
    """Whoever has codes of this app shows them late or early as he likes; after each we look which one is open."""
    clock, at_us, seen = AppClock(), NOW, {}
    for off_s, pause_s in tries:
        open_now = (at_us + clock.ahead_us) // (30 * SECOND)
        if open_now > clock.last:
            first, _ = seen.get(open_now, (at_us, at_us))
            seen[open_now] = (first, at_us)
        _, clock = totp_shown(SECRET, device(at_us, off_s * SECOND), at_us, clock)
        assert abs(clock.ahead_us) <= 90 * SECOND
        at_us += pause_s * SECOND
    assert all(last - first < 30 * SECOND for first, last in seen.values())


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "0x1234", "१२३४५६", "9" * 10_000]
)
def test_what_is_no_code_is_wrong(code):
    assert totp_shown(SECRET, code, NOW, AppClock()) == (Shown.WRONG, AppClock())


def test_spaces_in_a_code_are_forgiven():
    code = totp(NOW)
    assert right(f" {code[:3]} {code[3:]} ", NOW, AppClock())


def test_the_link_for_the_app_names_house_and_login_and_carries_the_secret():
    link = totp_link(SECRET, "li.min@bank.example")
    assert link.startswith("otpauth://totp/Jindi:li.min%40bank.example?")
    assert totp_text(SECRET) in link


# ---- recovery codes


def test_ten_codes_each_once_however_they_are_typed():
    codes, kept = new_codes(chance())
    assert len(set(codes)) == CODES == len(kept)
    assert not [code for code in codes if code in repr(kept) or code.replace("-", "") in repr(kept)]
    assert {len(each) for each in kept} == {32}, "SHA-256 of each"
    assert all(len(code.replace("-", "")) * 5 >= 112 for code in codes), "bits, each letter of 32"
    typed = codes[3].lower().replace("-", " ")
    rest = without_code(kept, typed)
    assert len(rest) == CODES - 1
    assert without_code(rest, codes[3]) is None
    assert without_code(rest, codes[4]) is not None


@pytest.mark.parametrize("text", ["", "AAAA-AAAA-AAAA-AAAA", "x" * 10_000, "密码", "\x00"])
def test_what_is_no_recovery_code_uses_none_up(text):
    _, kept = new_codes(chance())
    assert without_code(kept, text) is None


# ---- passkeys


def enrolled(**more):
    device = Authenticator(**more)
    challenge = new_challenge(chance())
    options = registration(SITE, "per_1", "limin", "Li Min", (), challenge)
    return device, registered(SITE, challenge, device.create(options), "laptop", NOW)


def ask(key, site=SITE):
    challenge = b"c" * 32
    return challenge, assertion(site, [key], challenge)


def test_a_passkey_signs_for_this_site_and_counts():
    device, key = enrolled()
    challenge, options = ask(key)
    used = asserted(SITE, [key], challenge, device.get(options), NOW + 1)
    assert (used.sign_count, used.used_us) == (1, NOW + 1)
    assert key.public_id.startswith("pk_")


def test_the_browser_is_told_to_make_sure_who_holds_it_and_not_to_make_it_twice():
    _, key = enrolled()
    asked = json.loads(registration(SITE, "per_1", "limin", "Li Min", [key], b"c" * 32))
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert len(asked["excludeCredentials"]) == 1
    assert json.loads(assertion(SITE, [key], b"c" * 32))["userVerification"] == "required"


@pytest.mark.parametrize(
    "lie",
    [{"rp_id": "evil.example"}, {"origin": "https://jindi.example.com.evil.example"}, {"origin": "http://jindi.example.com"},
     {"verified": False}],
    ids=["other site", "other origin", "no TLS", "nobody verified"],
)  # fmt: skip
def test_attack_a_passkey_for_another_site_or_without_its_owner_is_not_taken(lie):
    with pytest.raises(PasskeyRefused):
        enrolled(**lie)


@pytest.mark.parametrize(
    ("field", "value"),
    [("rp_id", "evil.example"), ("origin", "https://evil.example"), ("verified", False)],
)
def test_attack_an_answer_for_another_site_or_without_its_owner_lets_nobody_in(field, value):
    device, key = enrolled()
    setattr(device, field, value)
    challenge, options = ask(key)
    with pytest.raises(PasskeyRefused):
        asserted(SITE, [key], challenge, device.get(options), NOW)


def test_attack_an_answer_to_another_challenge_lets_nobody_in():
    device, key = enrolled()
    _, options = ask(key)
    with pytest.raises(PasskeyRefused):
        asserted(SITE, [key], b"d" * 32, device.get(options), NOW)


def test_attack_a_copied_passkey_is_noticed_by_its_count():
    device, key = enrolled()
    challenge, options = ask(key)
    key = asserted(SITE, [key], challenge, device.get(options), NOW)
    device.count = 0  # the copy was made before
    with pytest.raises(PasskeyRefused) as refusal:
        asserted(SITE, [key], challenge, device.get(options), NOW)
    assert refusal.value.rolled_back


def test_attack_another_accounts_passkey_lets_nobody_in():
    _, mine = enrolled()
    other, _ = enrolled(credential=b"credential-0002")
    challenge, options = ask(mine)
    with pytest.raises(PasskeyRefused):
        asserted(SITE, [mine], challenge, other.get(options), NOW)
    other.id = mine.id  # the same name, another key
    with pytest.raises(PasskeyRefused) as refusal:
        asserted(SITE, [mine], challenge, other.get(options), NOW)
    assert not refusal.value.rolled_back


def test_attack_a_registration_is_no_assertion():
    device, key = enrolled()
    challenge, options = ask(key)
    with pytest.raises(PasskeyRefused):
        asserted(SITE, [key], challenge, device.create(options), NOW)


@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", '{"id": 7}', '{"id": "!"}', f'{{"id": "{ID}"}}', "[" * 100_000, "x" * (ANSWER_MAX + 1),
        json.dumps({"id": ID, "rawId": ID, "type": "public-key", "response": {
            "clientDataJSON": "e30", "authenticatorData": "", "signature": ""}}),
    ],
)  # fmt: skip
def test_attack_rubbish_instead_of_a_passkeys_answer_is_refused(answer):
    _, key = enrolled()
    for refused in (
        lambda: asserted(SITE, [key], b"c" * 32, answer, NOW),
        lambda: registered(SITE, b"c" * 32, answer, "x", NOW),
    ):
        with pytest.raises(PasskeyRefused):
            refused()


def test_several_addresses_may_belong_to_one_site():
    site = Site("localhost", ("http://localhost:8420", "https://localhost"))
    device = Authenticator("localhost", "https://localhost")
    challenge = b"e" * 32
    key = registered(site, challenge, device.create(registration(site, "per_1", "a1", "A", (), challenge)), "x", NOW)
    assert key.id == device.id


# ---- devices and locks


def test_a_device_is_known_by_its_cookie_for_half_a_year():
    device = Device("dev_1", digest_of("cookie"), "Firefox", NOW, NOW)
    assert known_device([device], "cookie", NOW + 179 * DAY) == device
    assert known_device([device], "cookie", NOW + 180 * DAY) is None
    assert known_device([device], "other", NOW) is None
    assert known_device([device], "x" * 10_000, NOW) is None


def test_ten_vain_tries_lock_for_half_an_hour_and_then_for_twice_as_long():
    locks, now = Lockouts(Shelf(), LOCK), NOW
    for minutes in (30, 60, 120):
        for n in range(10):
            assert locks.failed("per_1", STRANGER, now) == (n == 9)
        assert locks.is_locked("per_1", STRANGER, now + minutes * MINUTE - 1)
        now += minutes * MINUTE
        assert not locks.is_locked("per_1", STRANGER, now)


def test_attack_a_stranger_cannot_lock_a_known_device_out():
    locks = Lockouts(Shelf(), LOCK)
    for _ in range(40):
        locks.failed("per_1", STRANGER, NOW)
    assert locks.is_locked("per_1", STRANGER, NOW)
    assert not locks.is_locked("per_1", "dev_1", NOW)
    assert not locks.is_locked("per_2", STRANGER, NOW)


def test_attack_a_stolen_known_device_has_no_more_tries_than_others():
    locks = Lockouts(Shelf(), LOCK)
    assert [locks.failed("per_1", "dev_1", NOW) for _ in range(10)] == [False] * 9 + [True]


def test_attack_a_restart_forgets_no_vain_try():
    shelf = Shelf()
    for _ in range(9):
        Lockouts(shelf, LOCK).failed("per_1", STRANGER, NOW)
    assert Lockouts(shelf, LOCK).failed("per_1", STRANGER, NOW)
    assert Lockouts(shelf, LOCK).is_locked("per_1", STRANGER, NOW)


def test_attack_made_up_logins_are_bounded_and_push_out_no_accounts_counter():
    shelf = Shelf()
    locks = Lockouts(shelf, LOCK, nobodies_max=5)
    locks.failed("per_1", STRANGER, NOW)
    for n in range(20):
        locks.failed(nobody(f"login{n}"), STRANGER, NOW + n)
    kept = json.loads(shelf.kept[Lockouts.BLOB])
    assert len(kept) == 6
    assert any(each["who"] == "per_1" for each in kept)
    assert "login" not in shelf.kept[Lockouts.BLOB].decode().replace("login7", "")


def test_attack_what_was_typed_as_a_login_is_nowhere_kept():
    shelf = Shelf()
    Lockouts(shelf, LOCK).failed(nobody("my password by mistake"), STRANGER, NOW)
    assert b"mistake" not in shelf.kept[Lockouts.BLOB]


def test_a_whole_sign_in_clears_its_own_device_only():
    locks = Lockouts(Shelf(), LOCK)
    for device in (STRANGER, "dev_1"):
        for _ in range(9):
            locks.failed("per_1", device, NOW)
    locks.cleared("per_1", "dev_1")
    assert locks.failed("per_1", STRANGER, NOW)
    assert not locks.failed("per_1", "dev_1", NOW)


# ---- what is half done


def test_a_draft_is_taken_once_and_within_its_time():
    drafts = Drafts(chance(), lifetime_us=10 * MINUTE)
    one, two = drafts.begin("one", NOW), drafts.begin("two", NOW)
    assert drafts.look(one, NOW) == "one"
    assert drafts.take(one, NOW) == "one"
    assert drafts.take(one, NOW) is None
    assert drafts.look(two, NOW + 10 * MINUTE) is None


@pytest.mark.parametrize("handle", ["", "x" * 1_000_000, "会话", "\ud800", "../x"])
def test_attack_guessed_handles_lead_nowhere(handle):
    drafts = Drafts(chance())
    drafts.begin("one", NOW)
    assert drafts.look(handle, NOW) is None


def test_attack_many_begun_things_are_bounded():
    drafts = Drafts(chance(), most=3)
    handles = [drafts.begin(n, NOW) for n in range(5)]
    assert [drafts.look(handle, NOW) for handle in handles] == [None, None, 2, 3, 4]
