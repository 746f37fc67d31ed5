"""Every check passes on a platform that is in order, and fails when that very fault is planted: one that can't fail
proves nothing.
"""

import dataclasses
import hashlib
import re
import ssl
import sys
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from controls_world import (
    DAY_US,
    certificate,
    found,
    frames_of,
    ground,
    journal_of,
    lived,
    planted,
    rsa_key,
    scratch_with,
    server_context,
    serving,
)
from jindi import journal
from jindi.access import Permits, Verdict
from jindi.basics.instants import HOUR_US
from jindi.doors.cli.grounds import ScratchFolder
from jindi.journal import Chain, ChainBroken
from jindi.packs import Words, load
from jindi.parties.screening import Entry, Name, WatchList
from jindi.ports import Frame
from jindi.run.audit import Audit
from jindi.run.controls import CHECKS, backups
from jindi.run.controls.advisories import Advisories, keep
from jindi.run.controls.flaws import Flaw
from jindi.run.controls.ground import Address
from jindi.run.controls.journals import Verifying, mutated, mutations
from jindi.run.controls.machine import TIME_ERROR, kernel_clock
from jindi.run.controls.platforms import search
from jindi.run.controls.sources import secrets_in, uses_of
from jindi.run.controls.worlds import CANARIES, SENSITIVE, canary_needles, needles
from jindi.run.platform import Platform
from jindi.run.records import DECISION, decode
from jindi.run.screening.shelf import Loaded
from jindi.run.screening.shelf import save as save_list
from jindi.run.webhooks.reaching import Reach
from jindi.stores.files import MemoryBlobs
from jindi.stores.sqlite_vault import SqliteVault
from jindi.vault import CannotOpen, KeyRing, Tokens, Vault, ciphers
from jindi.vault import vault as vaults_room
from shop_world import EVENTS, shop_files


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    lived(str(folder))
    return folder


@pytest.fixture
def good(place):
    return ground(place)


def fails(ground, check, saying="", **arguments):
    """The check fails for the reason that was planted, in both languages; its evidence."""
    said = found(ground, check, **arguments)
    assert said.outcome == "failed", said
    assert said.why.zh, said
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
    assert said.why.en
    return said


# ---- C01: clear text


class _Leaking(Tokens):
    """Tokens that carry what they stand for."""

    def _maker(self, kind):
        make = super()._maker(kind)

        def token(clear):
            return f"{kind}.{urlsafe_b64encode(clear.encode()).decode():A<22.22}" if make(clear) else ""

        return token


def test_a_platform_in_order_leaves_no_clear_text(good):
    evidence = passes(good, "no_clear_text")
    assert evidence["planted_found"]
    assert evidence["hits"] == {}
    assert evidence["events"] >= 3
    assert evidence["files"] > 10


def test_tokens_that_carry_clear_text_are_found_in_the_journal_and_wherever_it_goes(place):
    def platform(self, open_log=None):
        made = ScratchFolder.platform(self, open_log)
        made._tokens = _Leaking(bytes(32))
        return made

    evidence = fails(scratch_with(place, platform=platform), "no_clear_text", "outside the vault")
    assert any(name.startswith("data/journal") for name in evidence["hits"])


def test_an_operators_log_that_repeats_an_identifier_is_found(place):
    def platform(self, open_log=None):
        self.told.append(f"refused: {CANARIES['phone']}")
        return ScratchFolder.platform(self, open_log)

    assert fails(scratch_with(place, platform=platform), "no_clear_text")["hits_in_words"] == ["phone"]


@pytest.mark.parametrize("disguise", ["plain", "base64", "utf-16", "hex", "parquet", "sqlite", "name"])
def test_the_search_sees_through_disguises(tmp_path, disguise):
    import sqlite3

    phone = CANARIES["phone"]
    path = tmp_path / "file"
    match disguise:
        case "parquet":
            pq.write_table(pa.table({"x": [phone] * 200}), path, compression="zstd")
        case "sqlite":
            with contextmanager(lambda: iter([sqlite3.connect(path)]))() as base:
                base.execute("create table t (x)")
                base.execute("insert into t values (?)", (phone.encode("utf-16-le"),))
                base.commit()
                base.close()
        case "name":
            (tmp_path / f"of-{phone}").write_bytes(b"")
        case _:
            data = {"plain": phone.encode(), "base64": b64encode(b"a" + phone.encode()),
                    "utf-16": phone.encode("utf-16-be"), "hex": phone.encode().hex().encode()}  # fmt: skip
            path.write_bytes(b"\0\1" + data[disguise] + b"\2")
    hits, _, _ = search(tmp_path, canary_needles())
    assert list(hits.values()) == [["phone"]]


# ---- C02 to C07: the vault


def test_moved_ciphertexts_open_nowhere(good):
    assert len(passes(good, "sealed_in_place")["moves"]) == 5


@pytest.mark.parametrize(
    ("what", "moved"),
    [("_of_row", "to another row of the subject"), ("_of_subject", "a subject's key to another subject")],
)
def test_a_vault_that_does_not_bind_a_text_to_its_place_fails(good, what, moved):
    with planted(vaults_room, **{what: lambda *_: b"nothing"}):
        assert moved in fails(good, "sealed_in_place", "not sealed for")["opened"]


def test_every_flipped_bit_is_refused(good):
    assert passes(good, "flipped_bits")["refused"] > 600


class _Loose:
    """Opens whatever comes."""

    def __init__(self, profile):
        self._sealer, self._clear = ciphers.Sealer.fresh(profile), b""

    def seal(self, clear, bound):
        self._clear = clear
        return self._sealer.seal(clear, bound)

    def open(self, sealed, bound):
        return self._clear


class _Talking(_Loose):
    """Says where the fault lies."""

    def open(self, sealed, bound):
        try:
            return self._sealer.open(sealed, bound)
        except CannotOpen:
            if sealed[0] != 1:
                raise ValueError("another format") from None
            raise


def test_a_cipher_without_a_tag_fails(good):
    fails(dataclasses.replace(good, sealer=_Loose), "flipped_bits", "flipped bit opens")


def test_refusals_that_tell_their_reason_fail(good):
    assert len(fails(dataclasses.replace(good, sealer=_Talking), "flipped_bits", "differ")["answers"]) == 2


def test_the_inventory_has_every_key(good):
    (key,) = passes(good, "key_inventory")["keys"]
    assert (key["version"], key["state"], key["subjects"]) == (1, "active", 3)


def later(good, us):
    return dataclasses.replace(good, clock=SimpleNamespace(now_us=lambda: good.clock.now_us() + us))


def test_a_key_beyond_its_period_fails(good):
    fails(later(good, 366 * DAY_US), "key_inventory", "rotate")
    passes(later(good, 364 * DAY_US), "key_inventory")
    fails(later(good, 31 * DAY_US), "key_inventory", "rotate", days_max=30)


def test_a_key_that_is_used_up_fails(good):
    real = KeyRing.versions.fget
    many = property(lambda ring: tuple(_with(each, uses=2**32) for each in real(ring)))
    with planted(KeyRing, versions=many):
        fails(good, "key_inventory", "as often as it may")


def test_two_active_keys_or_keys_that_nobody_knows_fail(good):
    real = KeyRing.versions.fget
    with planted(KeyRing, versions=property(lambda ring: (*real(ring), real(ring)[-1]))):
        fails(good, "key_inventory", "not one")
    with planted(KeyRing, versions=property(lambda ring: (_with(real(ring)[0], number=7),))):
        assert fails(good, "key_inventory", "not in the ring")["unknown"] == [1]


def _with(struct, **changed):
    import msgspec

    return msgspec.structs.replace(struct, **changed)


def test_a_rotation_goes_well(good):
    evidence = passes(good, "rotation_drill", subjects=20)
    assert evidence["rewrapped"] == 20
    assert evidence["contents_before"] == evidence["contents_after"]


def test_a_rotation_that_leaves_keys_behind_fails(good):
    with planted(Vault, rewrap=lambda *_: 0):
        assert fails(good, "rotation_drill", "left under", subjects=5)["waiting"] == 5


def test_an_old_version_that_still_opens_fails(good):
    with planted(KeyRing, destroy=lambda *_: None):
        assert fails(good, "rotation_drill", "after it is gone", subjects=5)["old_wraps_opened"] == 5


class _Unkeyed(Tokens):
    """An unkeyed hash, as so many have it."""

    def _maker(self, kind):
        make = super()._maker(kind)

        def token(clear):
            from jindi.basics.identifiers import NORMAL_FORMS

            make(clear)
            code = hashlib.sha256(NORMAL_FORMS[kind](clear).encode()).digest()[:16]
            return f"{kind}.{urlsafe_b64encode(code)[:22].decode()}"

        return token


class _OneForAll(Tokens):
    """One key for all kinds."""

    def _maker(self, kind):
        self._keys = dict.fromkeys(self._keys, bytes(31) + b"1")
        return super()._maker(kind)


def test_tokens_can_not_be_tried(good):
    evidence = passes(good, "keyed_tokens", phones=2_000)
    assert evidence["bits"] >= 128
    assert not any(evidence["hits"].values())


def test_tokens_without_a_key_or_with_one_of_zeros_fail(good):
    unkeyed = dataclasses.replace(good, tokens=lambda: _Unkeyed(bytes(range(32))))
    assert fails(unkeyed, "keyed_tokens", "without the key", phones=2_000)["hits"]["SHA-256"] > 0
    zeros = dataclasses.replace(good, tokens=lambda: Tokens(bytes(32)))
    fails(zeros, "keyed_tokens", "without the key", phones=2_000)


def test_one_key_for_all_kinds_fails(good):
    fails(dataclasses.replace(good, tokens=lambda: _OneForAll(bytes(range(32)))), "keyed_tokens", "share", phones=2_000)


def test_nonces_are_counted_and_none_is_twice(good):
    evidence = passes(good, "nonces_unique")
    assert evidence["repeated"] == 0
    assert evidence["seals"] >= 12


def test_a_nonce_used_twice_fails(good):
    class Repeating:
        def seals(self, after):
            return ([("subject 1", b"\1\1" + bytes(12) + b"a"), ("subject 1", b"\1\1" + bytes(12) + b"b")], 1) \
                if after < 0 else ([], None)  # fmt: skip

    @contextmanager
    def vault():
        yield Repeating()

    assert fails(dataclasses.replace(good, vault=vault), "nonces_unique", "twice")["repeated"] == 1


def test_an_erased_person_can_not_be_read_again(good):
    assert passes(good, "erasure_drill")["dropped"] == 1


def test_an_erasure_that_keeps_the_key_fails(good):
    def erase(self, number, at_us, tallied=None):
        return 1

    with planted(SqliteVault, erase=erase):
        fails(good, "erasure_drill", "can still be read")


# ---- C08, C09, C40: what we are made of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import hashlib\nhashlib.md5(b'')", "hashlib.md5"),
        ("from hashlib import sha1", "hashlib.sha1"),
        ("from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES", "TripleDES"),
        ("from cryptography.hazmat.primitives.ciphers import modes\nmodes.ECB()", "ECB"),
        ("import random\nrandom.random()", "random"),
        ("from random import choice", "random"),
        ("import httpx\nhttpx.get('x', verify=False)", "verify=False"),
        ("import ssl\nssl._create_unverified_context()", "ssl._create_unverified_context"),
        ("context.check_hostname = False", "check_hostname=False"),
        ("from Crypto.Cipher import DES\nimport Crypto.Cipher", "Crypto.Cipher"),
    ],
)
def test_a_weak_algorithm_in_the_source_fails(good, tmp_path, text, name):
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "good.py").write_text("import hashlib\nhashlib.sha256(b'')\n", "utf-8")
    passes(dataclasses.replace(good, source=tmp_path), "algorithms")
    (tmp_path / "vault" / "bad.py").write_text(text, "utf-8")
    assert name in fails(dataclasses.replace(good, source=tmp_path), "algorithms", name)["bad"]


def test_our_own_source_uses_allowed_algorithms_alone(good):
    assert passes(good, "algorithms")["algorithms"]["AESGCM"] >= 1


def test_a_source_that_is_not_there_proves_nothing(good, tmp_path):
    could_not(dataclasses.replace(good, source=tmp_path), "algorithms")
    (tmp_path / "empty.py").write_text("x = 1", "utf-8")
    could_not(dataclasses.replace(good, source=tmp_path), "algorithms")
    assert list(uses_of("run/simulate/x.py", "import random")) == []


def test_no_secret_stands_in_our_source_and_packs(good):
    assert passes(good, "no_secrets")["files"] > 100


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "key = 'jk_" + "A1b2C3d4E5f6G7h8J9k0L1m2'",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "postgres://user:" + "s3cretpw@host/db",
        "pass" + 'word = "hT7$kq9!xZ2w"',
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.abcDEF123456",
    ],
)
def test_a_secret_in_a_pack_or_in_the_settings_fails_and_is_not_repeated(good, tmp_path, text):
    (tmp_path / "notes.toml").write_text(f"# fine\n{text}\n", "utf-8")
    bad = dataclasses.replace(good, packs=(tmp_path,), source=tmp_path)
    evidence = fails(bad, "no_secrets", "secret")
    assert any(hit.startswith(f"{tmp_path.name}/notes.toml:2: ") for hit in evidence["hits"])
    assert text not in str(evidence)
    (tmp_path / "jindi.toml").write_text(text, "utf-8")
    (tmp_path / "notes.toml").unlink()
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "a.toml").write_text('name = "shop"\n', "utf-8")
    fails(dataclasses.replace(good, packs=(clean,), source=clean, data=tmp_path), "no_secrets")


def test_words_are_no_secrets():
    assert list(secrets_in('password = "passwordpassword"\ntoken = "token-of-appreciation"')) == []


def shelved(good, days=1):
    """The ground with a watch list that was loaded some days ago."""
    blobs, made = MemoryBlobs(), WatchList.of("own", [Entry("CN-1", "person", (Name("单雄信"),))])
    at_us = good.clock.now_us() - days * DAY_US
    save_list(blobs, Loaded(made.name, made.version, "", tuple(made.entries.values()), at_us, "wang"))
    return dataclasses.replace(good, blobs=blobs)


def test_watch_lists_are_there_and_fresh(good):
    assert passes(shelved(good), "watch_lists_fresh")["own"]["entries"] == 1
    fails(dataclasses.replace(good, blobs=MemoryBlobs()), "watch_lists_fresh", "no list is loaded")
    fails(shelved(good, days=8), "watch_lists_fresh", "not loaded for over 7 days: own")


LOCK = "jinja2==3.1.5 \\\n    --hash=sha256:00\nnumpy==2.1.0\n"


def advised(good, *flaws, taken_days=1, newest_days=1, records=20_000, names=("jinja2", "numpy")):
    """The ground with advisories taken in some days ago: (component, severity, known for so many days)."""
    now_us, blobs = good.clock.now_us(), MemoryBlobs()
    made = [
        Flaw(f"GHSA-{number}", [f"CVE-{number}"], name, [], [[("introduced", "0"), ("fixed", "3.1.6")]],
             now_us - days * DAY_US, severity)
        for number, (name, severity, days) in enumerate(flaws)
    ]  # fmt: skip
    keep(blobs, Advisories(now_us - taken_days * DAY_US, now_us - newest_days * DAY_US, records, list(names), made))
    return dataclasses.replace(good, blobs=blobs, lock=LOCK)


def test_no_component_has_a_flaw_beyond_its_time(good):
    assert passes(advised(good), "known_flaws")["open"] == []
    evidence = passes(advised(good, ("jinja2", "high", 13), ("numpy", "low", 179)), "known_flaws")
    assert {each["component"] for each in evidence["open"]} == {"jinja2", "numpy"}
    assert evidence["open"][0]["known_days"] == 13


@pytest.mark.parametrize(
    ("severity", "days"), [("critical", 3), ("unknown", 3), ("high", 14), ("medium", 60), ("low", 180)]
)
def test_a_flaw_beyond_its_time_fails(good, severity, days):
    evidence = fails(advised(good, ("jinja2", severity, days)), "known_flaws", "jinja2 3.1.5")
    assert evidence["overdue"][0]["severity"] == severity
    passes(advised(good, ("jinja2", severity, days - 1)), "known_flaws")


def test_a_flaw_that_was_judged_not_to_concern_us_is_named_and_does_not_fail(good):
    bad = advised(good, ("jinja2", "critical", 30))
    evidence = passes(bad, "known_flaws", not_affected=("CVE-0", "CVE-gone"))
    assert (evidence["not_affected"], evidence["not_affected_and_not_there"]) == (["CVE-0"], ["CVE-gone"])
    fails(bad, "known_flaws", "beyond their time", not_affected=("CVE-1",))


def test_advisories_that_are_missing_old_partial_or_of_other_components_fail(good):
    fails(dataclasses.replace(good, blobs=MemoryBlobs(), lock=LOCK), "known_flaws", "ever taken in")
    fails(advised(good, taken_days=8), "known_flaws", "old")
    fails(advised(good, newest_days=8), "known_flaws", "old")
    fails(advised(good, taken_days=-2), "known_flaws", "old")
    fails(advised(good, records=4_999), "known_flaws", "not whole")
    assert fails(advised(good, names=("jinja2",)), "known_flaws", "not whole")["uncovered"] == ["numpy"]
    could_not(dataclasses.replace(advised(good), lock=None), "known_flaws")


def test_all_components_are_the_locked_ones(good):
    evidence = passes(good, "components")
    assert {each["name"] for each in evidence["bill"]} >= {"cryptography", "numpy", "starlette"}
    assert evidence["files"] > 1_000


def test_a_component_of_another_version_fails(good):
    evidence = fails(dataclasses.replace(good, lock="jinja2==0.0.1 \\\n"), "components", "not the locked ones")
    assert evidence["wrong"][0].startswith("jinja2: ")
    fails(dataclasses.replace(good, lock="never-heard-of==1\n"), "components", "not one")
    could_not(dataclasses.replace(good, lock=None), "components")
    could_not(dataclasses.replace(good, lock="# nothing"), "components")


def test_a_component_that_was_changed_after_it_came_fails(good, tmp_path, monkeypatch):
    info = tmp_path / "planted-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n", "utf-8")
    (tmp_path / "planted.py").write_text("x = 1\n", "utf-8")
    right = urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"planted.py,sha256={right},6\nplanted-1.0.dist-info/METADATA,,\n", "utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    locked = dataclasses.replace(good, lock="planted==1.0\n")
    passes(locked, "components")
    (tmp_path / "planted.py").write_text("x = 2\n", "utf-8")
    assert fails(locked, "components", "changed after")["altered"] == ["planted: planted.py differs"]


# ---- C10, payments' own


def test_every_field_has_a_class(good):
    assert passes(good, "field_classes")["classes"]["C2"] > 3


@pytest.mark.parametrize("changed", [{"data_class": ""}, {"data_class": "C3"}, {"data_class": "C1"}])
def test_a_field_without_a_class_or_with_too_low_a_one_fails(good, changed):
    event = good.definitions.events["pay"]
    fields = tuple(dataclasses.replace(f, **changed) if f.name == "phone" else f for f in event.fields)
    events = {**good.definitions.events, "pay": dataclasses.replace(event, fields=fields)}
    bad = dataclasses.replace(good, definitions=dataclasses.replace(good.definitions, events=events))
    assert fails(bad, "field_classes", "class")["wrong"][0].startswith("pay.phone: ")


def test_what_may_never_be_stored_is_refused(good):
    assert passes(good, "refused_at_the_door")["tried"] == len(SENSITIVE)


def test_a_pack_that_takes_a_card_code_fails(place):
    field = 'cvv = { type = "text", class = "C1", required = false, doc = { zh = "验证码", en = "Card code" } }\n'
    events = EVENTS.replace("[pay.fields]\n", f"[pay.fields]\n{field}", 1)
    _, _, definitions = lived(str(place))
    changed = {**definitions.source, "shop/events.toml": shop_files(events=events)["shop/events.toml"]}

    def init(self, outside, settled, source, folder):
        ScratchFolder.__init__(self, outside, settled, changed, folder)

    bad = dataclasses.replace(scratch_with(place, __init__=init), definitions=load(changed))
    assert fails(bad, "refused_at_the_door", "never be stored")["not_refused"] == ["pay.cvv"]


# ---- C11, C12: who may do what


def test_the_doors_let_in_what_is_written(good):
    evidence = passes(good, "route_matrix")
    assert evidence["questions"] > 100
    assert evidence["undocumented"] == []


class _Generous(Permits):
    """Lets everybody read."""

    def may(self, principal, action, now_us, *about):
        if action.endswith(".read"):
            return Verdict(True)
        return super().may(principal, action, now_us, *about)


def test_policies_that_let_in_more_than_is_written_fail(good):
    evidence = fails(dataclasses.replace(good, permits=_Generous), "route_matrix", "not what is written")
    assert "security_admin audit.read" in evidence["strayed"]


def test_a_door_that_is_not_watched_fails(place):
    def doors(self, platform, *scopes):
        application, key = ScratchFolder.doors(self, platform, *scopes)

        async def open_door(scope, receive, send):
            if scope["path"] == "/v1/packs":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"{}"})
            else:
                await application(scope, receive, send)

        return open_door, key

    wrong = fails(scratch_with(place, doors=doors), "route_matrix")["wrong"]
    assert "GET /v1/packs without a key: 200" in wrong


def test_an_address_that_nobody_wrote_down_fails(place):
    def addresses(self, platform):
        return [*ScratchFolder.addresses(self, platform), Address("GET", "/v1/secret", None)]

    assert fails(scratch_with(place, addresses=addresses), "route_matrix")["undocumented"] == ["GET /v1/secret"]


def test_an_error_in_judging_is_a_no(good):
    assert passes(good, "policies_deny_on_error")["failing_forbid"] == "failed"


class _Trusting(Permits):
    """Believes the engine, which passes over a policy that fails."""

    def may(self, principal, action, now_us, *about):
        verdict = super().may(principal, action, now_us, *about)
        return Verdict(True) if verdict.why == "failed" else verdict


def test_a_judge_that_passes_over_errors_or_loads_anything_fails(good):
    fails(dataclasses.replace(good, permits=_Trusting), "policies_deny_on_error", "passed over")
    lax = dataclasses.replace(good, permits=lambda own: Permits(own if "9223" in own else ""))
    assert fails(lax, "policies_deny_on_error", "don't fit")["loaded"] == [0, 1, 2, 3]


# ---- C27, C31, C32: the audit


def test_without_the_audit_nothing_is_done(good):
    evidence = passes(good, "audit_fails_closed")
    assert set(evidence["without_audit"].values()) == {503}


def test_an_audit_that_lets_go_on_without_its_record_fails(good):
    real = Audit.act

    async def act(self, *given, **more):
        try:
            return await real(self, *given, **more)
        except Exception:  # noqa: BLE001 - the planted fault
            return -1

    with planted(Audit, act=act):
        fails(good, "audit_fails_closed", "without a record")


def test_a_look_at_the_audit_is_in_the_audit(good):
    assert passes(good, "audit_is_audited")["outcomes"] == ["allowed", "allowed", "refused"]


def test_an_audit_that_does_not_record_looks_at_itself_fails(good):
    real = Audit.act

    async def act(self, actor, what, on="", *, allowed=True):
        return 0 if what == "audit.read" else await real(self, actor, what, on, allowed=allowed)

    with planted(Audit, act=act):
        assert fails(good, "audit_is_audited", "not all")["records"] == 0


def test_nothing_forges_the_log(good):
    evidence = passes(good, "logs_clean")
    assert evidence["lines"] >= 1
    assert evidence["answers"] >= 3


def test_a_log_that_shows_what_came_in_as_it_came_fails(good):
    fails(dataclasses.replace(good, speak=lambda text: text), "logs_clean", "forge")


def test_a_log_with_an_identifier_fails(place):
    def platform(self, open_log=None):
        self.told.append(f"no such card {CANARIES['bank_card']}")
        return ScratchFolder.platform(self, open_log)

    assert fails(scratch_with(place, platform=platform), "logs_clean")["identifiers"] == ["bank_card"]


# ---- C28, C29, C33, C51: the journal


def test_every_way_to_bend_the_journal_is_found(good):
    evidence = passes(good, "chain_mutations")
    assert len(evidence["found"]) == 8
    assert evidence["seals_agreed"] >= 1


def _each_alone(frames, *_):
    for frame in frames:
        try:
            journal.unseal(frame.batch)
        except ValueError as problem:
            raise ChainBroken("batch", str(problem), frame.first) from None


@pytest.mark.parametrize(
    ("walk", "least"),
    [
        (lambda *_: None, 8),
        # A verifier that looks at each batch alone, and one that never asks for the signed end.
        (_each_alone, 5),
        (lambda frames, chain, _: journal.verify(frames, (), chain), 3),
    ],
)
def test_a_verifier_that_looks_away_fails(good, walk, least):
    from jindi.run.controls import Failed

    with pytest.raises(Failed) as failure:
        mutated(good, 64, Verifying(walk))
    assert len(failure.value.evidence["missed"]) >= least


def test_a_journal_that_is_bent_already_fails(good):
    for name, bent in mutations(frames_of(good)):
        if name in ("two batches exchanged", "a batch inserted"):
            continue  # a log that is asked by number can't even say so
        fails(dataclasses.replace(good, journal=journal_of(bent)), "chain_mutations")


def test_a_short_journal_proves_nothing(good):
    could_not(dataclasses.replace(good, journal=journal_of(frames_of(good)[:2])), "chain_mutations")


def test_the_head_lies_outside(good):
    evidence = passes(good, "head_exported")
    assert evidence["newest_records"] == evidence["journal_records"]


def test_no_head_outside_fails(good, tmp_path):
    from jindi.stores.lines import LineFile

    fails(dataclasses.replace(good, elsewhere=lambda: None), "head_exported", "no place")
    empty = dataclasses.replace(good, elsewhere=lambda: LineFile(tmp_path / "none.heads"))
    fails(empty, "head_exported", "no head was exported")


def test_a_journal_that_was_cut_or_rewritten_after_its_head_was_exported_fails(good):
    frames = frames_of(good)
    fails(dataclasses.replace(good, journal=journal_of(frames[:-1])), "head_exported", "covers more")
    forked = dict(mutations(frames))["another history from the middle on"]
    fails(dataclasses.replace(good, journal=journal_of(forked)), "head_exported", "another history")


def test_records_that_no_head_covers_for_long_fail(good):
    frames = frames_of(good)
    last = journal.unseal(frames[-1].batch)
    chain = Chain(last.head, frames[-1].first + frames[-1].count)
    more = Frame(chain.next_seq, 1, chain.seal([last.records[-1]], chain.next_seq))
    uncovered = dataclasses.replace(good, journal=journal_of([*frames, more]))
    passes(uncovered, "head_exported")
    fails(later(uncovered, 2 * HOUR_US), "head_exported", "uncovered")
    passes(later(good, 400 * DAY_US), "head_exported")  # nothing came since: nothing is uncovered


def test_heads_that_somebody_else_signed_fail(good):
    from jindi.journal import Signer

    other = dataclasses.replace(good, verifier=lambda: Signer(good.origin(), bytes(32)).verifier)
    fails(other, "head_exported", "not signed by us")


def test_the_journal_is_kept_whole(good):
    assert passes(good, "retention")["records"] > 12


def test_a_journal_with_a_gap_or_without_its_beginning_fails(good):
    frames = frames_of(good)
    for less in (frames[1:], [*frames[:3], *frames[4:]]):
        fails(dataclasses.replace(good, journal=journal_of(less)), "retention", "misses")
    could_not(dataclasses.replace(good, journal=journal_of([])), "retention")
    longer = journal_of(frames, next_seq=frames[-1].first + frames[-1].count + 5)
    fails(dataclasses.replace(good, journal=longer), "retention", "end")


def test_decisions_come_out_again(good):
    assert passes(good, "replays_alike", decisions=5)["decisions"] == 5


def test_a_decision_that_was_changed_afterwards_comes_out_otherwise(good):
    import msgspec

    frames, chain = frames_of(good), Chain()
    made = []
    for frame in frames:
        first, records = chain.next_seq, []
        for raw in journal.unseal(frame.batch).records:
            if raw[1] == DECISION:
                record = decode(raw)
                verdict = msgspec.structs.replace(record.verdict, score=record.verdict.score + 1)
                records.append(msgspec.msgpack.encode(msgspec.structs.replace(record, verdict=verdict)))
            else:
                records.append(raw)
        made.append(Frame(first, frame.count, chain.seal(records, first)))
    changed = dataclasses.replace(good, journal=journal_of(made))
    assert len(fails(changed, "replays_alike", "otherwise", decisions=3)["different"]) == 3


def test_a_journal_without_decisions_proves_no_replay(good):
    could_not(dataclasses.replace(good, journal=journal_of(frames_of(good)[:1])), "replays_alike")


def test_that_the_platform_began_is_recorded(good):
    assert passes(good, "starts_recorded") == {"starts": 1, "stops": 1, "last": "platform.stop"}


def test_a_platform_that_decided_and_never_began_fails(good):
    frames, chain, made = frames_of(good), Chain(), []
    for frame in frames:
        records = [raw for raw in journal.unseal(frame.batch).records if b"platform.start" not in raw]
        if records:
            first = chain.next_seq
            made.append(Frame(first, len(records), chain.seal(records, first)))
    fails(dataclasses.replace(good, journal=journal_of(made)), "starts_recorded", "no start")
    could_not(dataclasses.replace(good, journal=journal_of([])), "starts_recorded")


# ---- C34: alarms


def test_what_dies_raises_its_alarm(good):
    heard = passes(good, "alarms")["heard"]
    assert heard["control failing"] == "review"
    assert len(heard) == 6


def test_a_clock_or_a_lane_that_dies_in_silence_fails(good):
    with planted(Platform, _look_at_clock=lambda *_: None):
        assert fails(good, "alarms", "clock put back")["silent"] == ["clock put back"]
    with planted(Platform, ready=lambda _: None):
        assert fails(good, "alarms", "audit gone")["silent"] == ["audit gone"]


def test_alarms_that_nobody_decides_on_fail(place):
    _, _, definitions = lived(str(place))
    less = {path: text for path, text in definitions.source.items() if not path.startswith("platform/")}

    def init(self, outside, settled, _, folder):
        ScratchFolder.__init__(self, outside, settled, less, folder)

    silent = fails(scratch_with(place, __init__=init), "alarms")["silent"]
    assert silent == ["backup overdue", "control failing", "control not run", "drill overdue"]


# ---- C35 to C37: backups


def standing(good, backup_hours=1, drill_days=1, ok=True):
    now_us = good.clock.now_us()
    drill = SimpleNamespace(
        number=3, ok=ok, began_us=now_us - drill_days * DAY_US, rto_s=1.0, rpo_s=2.0, records=9, decisions=8, head="ab",
        keys={"key-token": "proved"}, problems=() if ok else ("the head differs",),
    )  # fmt: skip
    backup = SimpleNamespace(number=4, at_us=now_us - backup_hours * HOUR_US)
    return SimpleNamespace(numbers=(3, 4), backup=backup, drill=drill, passed=drill if ok else None)


def test_a_new_backup_and_a_drill_that_passed_are_enough(good):
    evidence = passes(dataclasses.replace(good, backups=lambda: standing(good)), "restore_drill")
    assert evidence["drill"]["rto_s"] == 1.0


@pytest.mark.parametrize(
    ("changed", "saying"),
    [({"backup_hours": 49}, "too old"), ({"drill_days": 91}, "no drill"), ({"ok": False}, "did not pass")],
)
def test_old_backups_and_drills_that_failed_fail(good, changed, saying):
    fails(dataclasses.replace(good, backups=lambda: standing(good, **changed)), "restore_drill", saying)


def test_no_place_for_backups_fails(good):
    fails(good, "restore_drill", "no backups")


def test_keys_in_shares_cover_what_is_in_use(good):
    marks = good.fingerprints()
    split = SimpleNamespace(needed=3, shares=5, at_us=good.clock.now_us(), keys=dict(marks))
    passes(dataclasses.replace(good, split=lambda: split), "keys_in_shares")
    fails(good, "keys_in_shares", "never put into shares")
    split.keys["key-token"] = "another"
    fails(dataclasses.replace(good, split=lambda: split), "keys_in_shares", "key-token")
    could_not(dataclasses.replace(good, fingerprints=dict), "keys_in_shares")


def test_a_backup_opens_with_its_key_alone_and_whole(good):
    evidence = passes(good, "backup_sealed")
    assert evidence["other_key_refused"]
    assert evidence["flips"] >= 20


def test_a_part_of_the_backup_that_nothing_vouches_for_fails(place):
    def backups(self):
        pieces = [path for path in self.backup_folder.rglob("*") if path.parent.parent.name == "pieces"]
        if pieces:
            stray = pieces[0].with_name("0" * len(pieces[0].name))
            stray.write_text("nobody has signed this", "utf-8")
        return ScratchFolder.backups(self)

    taken = fails(scratch_with(place, backups=backups), "backup_sealed", "unnoticed")["taken"]
    assert taken
    assert all("/000000" in each for each in taken)


def test_a_restore_that_asks_for_no_key_fails(good):
    real = backups._refused
    with planted(backups, _refused=lambda scratch, key, name: name != "other" and real(scratch, key, name)):
        fails(good, "backup_sealed", "another key")


def test_damage_is_found_and_the_backup_brings_it_back(good):
    evidence = passes(good, "damage_repaired")
    assert evidence["equal"]
    assert evidence["damage_found_as"]


def test_damage_that_nobody_sees_fails(place):
    kept = []

    def log(self):
        """What was read once, whatever the files say by now."""
        if self not in (owner for owner, _ in kept):
            real = ScratchFolder.log(self)
            kept.append((self, list(real.read(0))))
            real.close()
        frames = next(frames for owner, frames in kept if owner is self)
        with journal_of(frames)() as same:
            return same

    fails(scratch_with(place, log=log), "damage_repaired", "unnoticed")


def test_a_restore_that_brings_back_something_else_fails(place):
    def restored_log(self, name):
        log = ScratchFolder.restored_log(self, name)
        frames = list(log.read(0))
        log.close()
        with journal_of(frames[:-1])() as less:
            return less

    fails(scratch_with(place, restored_log=restored_log), "damage_repaired", "not what was")


# ---- C39: TLS


def test_a_server_of_today_passes(good, tmp_path):
    with serving(server_context(certificate(tmp_path))) as address:
        evidence = passes(dataclasses.replace(good, listen=address), "tls")
    assert evidence["version"] == "TLSv1.3"
    assert evidence["could_not_offer"] == []


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({"oldest": ssl.TLSVersion.TLSv1, "suites": "ALL:@SECLEVEL=0"}, "TLS 1.0"),
        ({"oldest": ssl.TLSVersion.TLSv1_1, "suites": "ALL:@SECLEVEL=0"}, "TLS 1.1"),
        ({"suites": "AES128-GCM-SHA256:ECDHE+AESGCM"}, "no forward secrecy"),
        ({"suites": "ECDHE+AESGCM:ECDHE+AES+SHA1"}, "CBC with SHA-1"),
        ({"suites": "eNULL:ECDHE+AESGCM:@SECLEVEL=0"}, "no encryption"),
    ],
)
def test_a_server_that_takes_old_versions_or_weak_suites_fails(good, tmp_path, more, taken):
    with serving(server_context(certificate(tmp_path, key=rsa_key()), **more)) as address:
        assert taken in fails(dataclasses.replace(good, listen=address), "tls", "takes")["accepted"]


def test_a_certificate_that_ends_soon_fails(good, tmp_path):
    with serving(server_context(certificate(tmp_path, days=3))) as address:
        fails(dataclasses.replace(good, listen=address), "tls", "ends soon")


def test_a_certificate_with_a_short_key_fails_but_where_a_setting_opened_it(good, tmp_path):
    with serving(server_context(certificate(tmp_path, key=rsa_key(2048)))) as address:
        listening = dataclasses.replace(good, listen=address)
        assert fails(listening, "tls", "2048 bits")["rsa_bits"] == 2048
        opened = dataclasses.replace(listening, settings={**good.settings, "rsa_2048": "tls"})
        assert passes(opened, "tls")["opened_by_setting"] == "rsa_2048 = tls"


def test_no_tls_fails_and_nobody_there_proves_nothing(good):
    with serving(None) as address:
        fails(dataclasses.replace(good, listen=address), "tls", "does not speak TLS")
    could_not(dataclasses.replace(good, listen=address), "tls")


def test_the_address_of_a_proxy_can_be_named(good, tmp_path):
    with serving(server_context(certificate(tmp_path))) as (host, port):
        passes(good, "tls", address=f"{host}:{port}")
    could_not(good, "tls", address="nonsense")


# ---- C41: connections of our own


def test_nothing_of_ours_reaches_inside(good):
    evidence = passes(good, "outbound_allow_list")
    assert evidence["tried"] > 20
    assert "run/webhooks/sending.py" in evidence["connecting"]


class _Anywhere(Reach):
    """Looks at nothing."""

    def address(self, host, port, *, plain=False):
        return self._resolve(host, port)[0]


class _FirstOnly(Reach):
    """Looks at the first address of a name alone."""

    def __init__(self, resolve):
        super().__init__(resolve=lambda host, port: resolve(host, port)[:1])


def test_webhooks_that_go_anywhere_or_look_at_one_address_alone_fail(good):
    anywhere = dataclasses.replace(good, reach=lambda resolve: _Anywhere(resolve=resolve))
    assert len(fails(anywhere, "outbound_allow_list", "inside")["reached"]) > 20
    first = dataclasses.replace(good, reach=_FirstOnly)
    assert fails(first, "outbound_allow_list", "inside")["one_bad_address_of_two"]


def test_metadata_is_out_of_reach_whatever_the_settings_allow(good):
    settings = {**good.settings, "webhook_allow": "10.0.0.0/8"}
    allowed = dataclasses.replace(good, settings=settings, reach=lambda resolve: Reach(["10.0.0.0/8"], resolve=resolve))
    assert passes(allowed, "outbound_allow_list")["allowed_by_setting"] == ["10.0.0.0/8"]
    open_ = dataclasses.replace(good, settings=settings, reach=lambda resolve: _Anywhere(resolve=resolve))
    assert "link local" in fails(open_, "outbound_allow_list", "inside")["reached"]


@pytest.mark.parametrize(
    "text", ["import httpx", "from urllib.request import urlopen", "import socket\nsocket.create_connection(('x', 1))"]
)
def test_a_file_of_ours_that_connects_and_is_not_listed_fails(good, tmp_path, text):
    (tmp_path / "telemetry.py").write_text(text, "utf-8")
    bad = dataclasses.replace(good, source=tmp_path)
    assert "telemetry.py" in fails(bad, "outbound_allow_list", "telemetry.py")["unlisted"]


def test_a_fence_that_lets_nothing_out_proves_nothing(good):
    def nothing(resolve):
        return Reach(resolve=lambda *_: [])

    could_not(dataclasses.replace(good, reach=nothing), "outbound_allow_list")


# ---- C45, C50: the machine


def test_a_clock_that_is_kept_passes(good):
    assert passes(good, "clock")["kept"]


def test_a_clock_that_nobody_keeps_or_that_lies_behind_fails(good):
    fails(dataclasses.replace(good, kernel_clock=lambda: (TIME_ERROR, 0, 0)), "clock", "nothing keeps")
    fails(dataclasses.replace(good, kernel_clock=lambda: (0, 1_000_001, 0)), "clock", "too far off")
    fails(later(good, -DAY_US), "clock", "behind the journal")

    def nothing():
        raise OSError

    could_not(dataclasses.replace(good, kernel_clock=nothing), "clock")


def test_the_kernel_tells_how_its_clock_is_kept():
    state, greatest_us, estimated_us = kernel_clock()
    assert 0 <= state <= TIME_ERROR
    assert greatest_us >= 0
    assert estimated_us >= 0


def test_the_folder_is_its_owners_alone(good):
    assert passes(good, "private_files")["key_files"] >= 3


@pytest.mark.parametrize(("name", "mode"), [("state/key-token", 0o640), ("keys/ring", 0o604), ("journal", 0o777)])
def test_files_that_others_can_read_or_write_fail(good, name, mode):
    path = good.data / name
    path = next(path.iterdir()) if path.is_dir() else path
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        fails(good, "private_files", "open to other accounts")
    finally:
        path.chmod(before)


def test_a_folder_that_others_can_enter_fails(good):
    good.data.chmod(0o755)
    try:
        fails(good, "private_files", "can enter")
    finally:
        good.data.chmod(0o700)


# ---- C52, C53: the doors


def doors_that(answer):
    def doors(self, platform, *scopes):
        application, key = ScratchFolder.doors(self, platform, *scopes)

        async def planted_door(scope, receive, send):
            await answer(application, scope, receive, send)

        return planted_door, key

    return doors


def test_hostile_bodies_are_refused(good):
    evidence = passes(good, "limits_at_the_door")
    assert evidence["afterwards"] == 200


def test_a_door_that_breaks_on_a_hostile_body_fails(place):
    async def answer(application, scope, receive, send):
        message = await receive()
        if len(message.get("body", b"")) > 100_000:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def again():
            return message

        await application(scope, again, send)

    statuses = fails(scratch_with(place, doors=doors_that(answer)), "limits_at_the_door", "hostile")["statuses"]
    assert statuses["too large"] == 500


def test_every_page_carries_the_headers(good):
    assert passes(good, "security_headers")["pages"] == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"content-security-policy", None),
        (b"content-security-policy", b"default-src *"),
        (b"x-frame-options", None),
        (b"cache-control", b"public"),
    ],
)
def test_a_page_without_a_header_fails(place, name, value):
    async def answer(application, scope, receive, send):
        async def less(message):
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() != name]
                message["headers"] = kept + ([(name, value)] if value is not None else [])
            await send(message)

        await application(scope, receive, less)

    missing = fails(scratch_with(place, doors=doors_that(answer)), "security_headers")["missing"]
    assert name.decode() in missing["/sign-in"]


# ---- the packs


def test_a_live_policy_whose_cases_hold_passes(good):
    assert passes(good, "policies_live", events=("pay",))["policies"]["pay"]["cases"] > 5


def test_no_policy_or_a_case_that_fails_fails(good):
    assert fails(good, "policies_live", events=("reading",))["wrong"] == ["reading: no live policy"]
    assert fails(good, "policies_live", events=("nothing",))["wrong"] == ["nothing: no such event"]
    source = dict(good.definitions.source)
    both = ('{ amount = "1000.00" }, fires = true', '{ amount = "999.99" }, fires = false')
    for each in both:
        there = source["shop/policies/pay.toml"]
        turned = each.replace("true", "TRUE").replace("false", "true").replace("TRUE", "false")
        source["shop/policies/pay.toml"] = there.replace(each, turned)
    bad = dataclasses.replace(good, definitions=load(source))
    assert fails(bad, "policies_live", events=("pay",))["broken_cases"]


def test_limits_with_value_and_basis_pass(good):
    assert passes(good, "limits_dated", pack="shop")["limits"] == 1


def test_a_limit_without_a_value_fails(good):
    source = dict(good.definitions.source)
    text = source["shop/parameters/limits.toml"]
    for changed, saying in ((text.replace("2020-01-01", "2120-01-01"), "no value yet"),
                            (text + text.replace("[daily]", "[other]").replace('"20000.00"', '"placeholder"'),
                             "a placeholder")):  # fmt: skip
        bad = dataclasses.replace(good, definitions=load({**source, "shop/parameters/limits.toml": changed}))
        assert saying in fails(bad, "limits_dated", pack="shop")["wrong"][0]
    could_not(good, "limits_dated", pack="nowhere")
    assert found(good, "limits_dated", pack="core").outcome == "passed"


# ---- all of them


def test_every_check_has_a_test_that_it_passes_and_one_that_it_fails():
    source = "".join(
        Path(__file__).with_name(name).read_text("utf-8")
        for name in ("test_run_controls_checks.py", "test_run_controls_people.py", "test_run_controls_incidents.py")
    )
    # Files of their own show both: over a real socket, over customers who are rated, and over reports and their clocks.
    for name in CHECKS.keys() - {"file_scanner", "reviews_in_time", "aml_reports_in_time"}:
        assert re.search(rf'passes\([^\n]*"{name}"', source), f"{name} is never shown to pass"
        assert re.search(rf'fails\([^"]*"{name}"', source), f"{name} is never shown to fail"


def test_a_check_that_is_not_there_could_not_run(good):
    said = could_not(good, "no_such_check")
    assert "no_such_check" in said.why.en


def test_arguments_that_a_check_does_not_take_stop_it(good):
    assert "days" in could_not(good, "key_inventory", days=3).why.en
    assert "days_max" in could_not(good, "key_inventory", days_max="many").why.en


def test_a_check_that_breaks_off_or_brings_no_evidence_could_not_run(good, monkeypatch):
    from jindi.run.controls.registry import Check

    def broken(*_):
        raise RuntimeError("13812345678 is what I was looking at")

    for look_, saying in ((broken, "RuntimeError"), (lambda *_: {}, "no evidence")):
        monkeypatch.setitem(CHECKS, "planted", Check("planted", Words("甲", "a"), look_, {}, False))
        said = could_not(good, "planted")
        assert saying in said.why.en
        assert "13812345678" not in str(said)


def test_what_a_check_needs_and_is_not_there_is_named(good):
    from jindi.basics.problems import Problem, Problems

    @contextmanager
    def nothing():
        raise Problems([Problem("keys/root.key", "", "the root key is missing", "restore it")])
        yield

    assert "root key" in could_not(dataclasses.replace(good, vault=nothing), "key_inventory").why.en


def test_canaries_are_what_their_kinds_take():
    assert all(len(each) >= 8 for each in needles(CANARIES.values()))
    assert set(canary_needles()) == set(CANARIES)
