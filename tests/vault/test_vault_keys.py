"""Ciphers, roots and the ring: what opens, what is refused, and what a version may still do."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.stores.files import MemoryBlobs
from jindi.vault import (
    PROFILES,
    CannotOpen,
    KeyRing,
    KeyRoot,
    RingProblem,
    Sealer,
    about_root,
    new_stretch,
    passphrase_root,
    profile_named,
    read_secret,
)
from jindi.vault import ring as ring_module
from jindi.vault.ciphers import PROFILE_KEY_BYTES

profiles = st.sampled_from(PROFILES)


def sealer(profile, seed=1):
    return Sealer(profile, bytes([seed]) * PROFILE_KEY_BYTES[profile])


def root(seed=1, profile="aes-256-gcm"):
    return KeyRoot(bytes([seed]) * 32, profile, {"kind": "file"})


def ring(profile="aes-256-gcm", blobs=None):
    return KeyRing.create(blobs if blobs is not None else MemoryBlobs(), root(), profile, 10)


# ---- ciphers


@given(profiles, st.binary(max_size=200), st.binary(max_size=60))
def test_what_is_sealed_opens_in_its_place(profile, clear, bound):
    assert sealer(profile).open(sealer(profile).seal(clear, bound), bound) == clear


@given(profiles, st.binary(max_size=60), st.binary(max_size=30), st.data())
def test_any_flipped_bit_is_refused(profile, clear, bound, data):
    sealed = bytearray(sealer(profile).seal(clear, bound))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CannotOpen):
        sealer(profile).open(bytes(sealed), bound)


@given(profiles, st.binary(max_size=60), st.binary(max_size=30), st.data())
def test_any_shortened_text_is_refused(profile, clear, bound, data):
    sealed = sealer(profile).seal(clear, bound)
    with pytest.raises(CannotOpen):
        sealer(profile).open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], bound)


@given(profiles, st.binary(max_size=60), st.binary(max_size=30), st.binary(max_size=30))
def test_a_text_that_is_moved_is_refused(profile, clear, bound, other):
    sealed = sealer(profile).seal(clear, bound)
    if other != bound:
        with pytest.raises(CannotOpen):
            sealer(profile).open(sealed, other)


@given(st.binary(max_size=60), st.binary(max_size=30))
def test_another_profile_and_another_key_are_refused_in_the_same_words(clear, bound):
    told = set()
    sealed = sealer("aes-256-gcm").seal(clear, bound)
    for other in (sealer("sm4-gcm"), sealer("aes-256-gcm", 2)):
        with pytest.raises(CannotOpen) as refused:
            other.open(sealed, bound)
        told.add(str(refused.value))
    with pytest.raises(CannotOpen) as refused:
        sealer("aes-256-gcm").open(sealed[:-1], bound)
    assert told == {str(refused.value)}


def test_the_same_text_is_sealed_differently_each_time():
    assert len({sealer(profile).seal(b"1", b"") for profile in PROFILES for _ in range(50)}) == 100


@pytest.mark.parametrize("profile", PROFILES)
def test_a_sealed_text_says_its_version_and_profile_and_is_30_bytes_longer(profile):
    sealed = sealer(profile).seal(b"12345", b"")
    assert sealed[:2] == bytes([1, PROFILES.index(profile) + 1])
    assert len(sealed) == 5 + 30


@pytest.mark.parametrize("profile", PROFILES)
def test_a_packed_key_knows_its_profile(profile):
    fresh = Sealer.fresh(profile)
    again = Sealer.of(fresh.packed())
    assert again.profile == profile
    assert again.open(fresh.seal(b"x", b"y"), b"y") == b"x"
    for wrong in (b"", b"\x09" + bytes(32), fresh.packed()[:-1]):
        with pytest.raises(CannotOpen):
            Sealer.of(wrong)


def test_keys_of_another_length_and_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer("aes-256-gcm", bytes(16))
    with pytest.raises(ValueError, match="sm4-gcm"):
        profile_named("rot13")
    assert profile_named("sm4-gcm") == "sm4-gcm"


def test_sm4_gcm_gives_what_the_standard_gives():
    # RFC 8998, appendix A.1: key, nonce, associated data, text, ciphertext and tag.
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    bound = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    clear = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert Sealer("sm4-gcm", key)._seal(nonce, clear, bound) == sealed
    assert Sealer("sm4-gcm", key)._open(nonce, sealed, bound) == clear


# ---- roots


def test_a_secret_is_64_hexadecimal_digits_and_a_wrong_one_is_not_quoted():
    assert read_secret("ab" * 32 + "\n") == b"\xab" * 32
    for wrong in ("", "ab" * 31, "xy" * 32, "ab" * 33):
        with pytest.raises(ValueError, match="64 hexadecimal digits") as told:
            read_secret(wrong)
        assert not wrong or wrong not in str(told.value)
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRoot(bytes(31), "aes-256-gcm", {})


@pytest.mark.parametrize("profile", PROFILES)
def test_a_passphrase_gives_the_same_root_with_the_same_parameters_only(profile):
    about = new_stretch(memory_kib=64, iterations=1)
    wrapped = passphrase_root("long and odd", profile, about).wrap(b"key", b"ring")
    assert passphrase_root("long and odd", profile, about).unwrap(wrapped, b"ring") == b"key"
    for other in (
        passphrase_root("long and even", profile, about),
        passphrase_root("long and odd", profile, new_stretch(memory_kib=64, iterations=1)),
        passphrase_root("long and odd", profile, about | {"iterations": "2"}),
    ):
        with pytest.raises(CannotOpen):
            other.unwrap(wrapped, b"ring")


def test_a_new_passphrase_is_stretched_harder_than_a_password_and_with_a_salt_of_its_own():
    one, other = new_stretch(), new_stretch()
    assert (one["kdf"], one["memory_kib"], one["iterations"]) == ("argon2id", "65536", "3")
    assert len(bytes.fromhex(one["salt"])) >= 16
    assert one["salt"] != other["salt"]


@pytest.mark.parametrize(
    "wrong", [{"kdf": "md5"}, {"memory_kib": "1"}, {"memory_kib": "99999999"}, {"iterations": "0"}, {"salt": "zz"}]
)
def test_parameters_beside_a_passphrase_that_would_be_cheap_or_endless_are_refused(wrong):
    with pytest.raises(CannotOpen):
        passphrase_root("p", "aes-256-gcm", new_stretch() | wrong)


# ---- the ring


@pytest.mark.parametrize("profile", PROFILES)
def test_a_ring_opens_under_its_root_and_under_no_other(profile):
    blobs = MemoryBlobs()
    version, wrapped = ring(profile, blobs).wrap(b"key", b"whose")
    assert KeyRing.load(blobs, root()).unwrap(version, wrapped, b"whose") == b"key"
    with pytest.raises(CannotOpen):
        KeyRing.load(blobs, root(2))
    assert about_root(blobs) == {"kind": "file"}


def test_there_is_no_ring_before_it_is_made_and_it_is_made_once():
    blobs = MemoryBlobs()
    assert about_root(blobs) is None
    with pytest.raises(RingProblem, match="no key ring"):
        KeyRing.load(blobs, root())
    ring(blobs=blobs)
    with pytest.raises(RingProblem, match="already"):
        ring(blobs=blobs)


def test_a_retired_version_opens_and_wraps_no_more():
    made = ring()
    version, wrapped = made.wrap(b"key", b"")
    made.rotate(20)
    assert made.unwrap(version, wrapped, b"") == b"key"
    assert made.wrap(b"key", b"")[0] == 2
    assert [(each.number, each.state, each.retired_us) for each in made.versions] == [
        (1, "retired", 20),
        (2, "active", None),
    ]


def test_a_destroyed_version_is_refused_also_after_the_ring_is_read_again():
    blobs = MemoryBlobs()
    made = ring(blobs=blobs)
    version, wrapped = made.wrap(b"key", b"")
    made.rotate(20)
    made.destroy(1, 30)
    for each in (made, KeyRing.load(blobs, root())):
        with pytest.raises(CannotOpen):
            each.unwrap(version, wrapped, b"")
        assert [(v.number, v.state, v.destroyed_us) for v in each.versions] == [
            (1, "destroyed", 30),
            (2, "active", None),
        ]
        assert each.retired == ()


def test_only_retired_versions_can_be_destroyed():
    made = ring()
    for number, why in ((1, "is active"), (9, "does not exist")):
        with pytest.raises(RingProblem, match=why):
            made.destroy(number, 1)
    made.rotate(20)
    made.destroy(1, 30)
    with pytest.raises(RingProblem, match="is destroyed"):
        made.destroy(1, 40)


def test_a_key_wrapped_under_one_version_is_refused_as_another_versions():
    made = ring()
    _, wrapped = made.wrap(b"key", b"")
    made.rotate(20)
    for number in (0, 2, 3):
        with pytest.raises(CannotOpen):
            made.unwrap(number, wrapped, b"")


def test_a_rotation_may_change_the_profile_and_what_was_wrapped_before_still_opens():
    made = ring()
    version, wrapped = made.wrap(b"key", b"")
    assert made.rotate(20, "sm4-gcm").profile == "sm4-gcm"
    assert made.rotate(30).profile == "sm4-gcm"
    assert made.unwrap(version, wrapped, b"") == b"key"


def test_uses_are_counted_and_never_too_low_after_a_crash(monkeypatch):
    monkeypatch.setattr(ring_module, "USES_AHEAD", 4)
    blobs = MemoryBlobs()
    made = ring(blobs=blobs)
    for _ in range(6):
        made.wrap(b"key", b"")
    assert made.active.uses == 6
    assert KeyRing.load(blobs, root()).active.uses == 8


def test_a_version_that_is_used_up_wraps_no_more_until_the_ring_is_rotated(monkeypatch):
    monkeypatch.setattr(ring_module, "USES_MAX", 2)
    made = ring()
    made.wrap(b"1", b"")
    made.wrap(b"2", b"")
    with pytest.raises(RingProblem, match="rotate"):
        made.wrap(b"3", b"")
    made.rotate(20)
    assert made.wrap(b"3", b"")[0] == 2


def test_under_another_root_everything_still_opens_and_the_old_root_opens_nothing():
    blobs = MemoryBlobs()
    made = ring(blobs=blobs)
    version, wrapped = made.wrap(b"key", b"")
    made.change_root(root(2, "sm4-gcm"))
    assert KeyRing.load(blobs, root(2, "sm4-gcm")).unwrap(version, wrapped, b"") == b"key"
    with pytest.raises(CannotOpen):
        KeyRing.load(blobs, root())


class Service:
    """As a key-management service answers: it has keys of its own and checks the place that is named."""

    def __init__(self):
        self.about, self.asked = {"kind": "kms", "key": "arn/1"}, 0
        self._key = Sealer.fresh("aes-256-gcm")

    def wrap(self, key, bound):
        self.asked += 1
        assert len(key) <= 4096, "services wrap small keys only"
        return self._key.seal(key, bound)

    def unwrap(self, wrapped, bound):
        self.asked += 1
        return self._key.open(wrapped, bound)


def test_a_service_can_be_the_root_and_is_not_asked_for_each_key():
    blobs, service = MemoryBlobs(), Service()
    made = KeyRing.create(blobs, service, "aes-256-gcm", 10)
    kept = [made.wrap(b"key", b"") for _ in range(1_000)]
    again = KeyRing.load(blobs, service)
    assert {again.unwrap(version, wrapped, b"") for version, wrapped in kept} == {b"key"}
    assert service.asked <= 3
    assert about_root(blobs)["key"] == "arn/1"


def test_a_service_that_is_away_does_not_stop_keys_from_being_wrapped(monkeypatch):
    monkeypatch.setattr(ring_module, "USES_AHEAD", 4)
    blobs, service = MemoryBlobs(), Service()
    made = KeyRing.create(blobs, service, "aes-256-gcm", 10)
    monkeypatch.setattr(service, "wrap", None)
    for _ in range(20):
        made.wrap(b"key", b"")
    made.rotate(20)
    assert KeyRing.load(blobs, service).active.number == 2


def test_a_ring_of_before_it_had_a_secret_is_read_and_has_one_from_then_on():
    blobs = MemoryBlobs()
    made = ring(blobs=blobs)
    version, wrapped = made.wrap(b"key", b"")
    file = msgspec.json.decode(blobs.load("ring"))
    body = msgspec.msgpack.encode(made._versions)
    sealed = msgspec.json.encode(made._ring_key.seal(body, b"jindi ring v1"))
    blobs.save("ring", [msgspec.json.encode(file | {"format": 1, "body": msgspec.json.decode(sealed)})])
    first = KeyRing.load(blobs, root())
    assert first.unwrap(version, wrapped, b"") == b"key"
    assert first.derived(b"rows") == KeyRing.load(blobs, root()).derived(b"rows") != first.derived(b"other")
    assert msgspec.json.decode(blobs.load("ring"))["format"] == 2


def test_what_a_ring_derives_stays_the_same_under_other_versions_and_another_root():
    blobs = MemoryBlobs()
    made = ring(blobs=blobs)
    before = made.derived(b"rows")
    made.rotate(20)
    made.destroy(1, 30)
    made.change_root(root(2))
    assert KeyRing.load(blobs, root(2)).derived(b"rows") == before != ring().derived(b"rows")


@given(st.data())
def test_a_ring_file_with_any_flipped_bit_is_refused_or_reads_the_same(data):
    blobs = MemoryBlobs()
    before = ring(blobs=blobs).versions
    raw = bytearray(blobs.load("ring"))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    blobs.save("ring", [bytes(raw)])
    with contextlib.suppress(CannotOpen):
        # Names of JSON members are not sealed; whatever changes a value is.
        assert KeyRing.load(blobs, root()).versions == before


class Full(MemoryBlobs):
    full = False

    def save(self, name, chunks, *, private=False):
        if self.full:
            raise OSError(28, "no space left")
        super().save(name, chunks, private=private)


def test_a_change_that_can_not_be_saved_does_not_happen():
    blobs = Full()
    made = ring(blobs=blobs)
    made.wrap(b"key", b"")
    made.rotate(15)
    before, blobs.full = made.versions, True
    for change in (lambda: made.rotate(20), lambda: made.destroy(1, 20), lambda: made.change_root(root(2))):
        with pytest.raises(OSError, match="no space"):
            change()
    blobs.full = False
    assert made.versions == before
    made.wrap(b"key", b"")
    assert KeyRing.load(blobs, root()).versions[0].state == "retired"
