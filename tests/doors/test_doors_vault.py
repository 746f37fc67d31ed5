"""A folder with a vault, from its first start to an erasure: what people are told, and where clear text stands."""

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import sqlite3
import time
import zlib
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_doors_cli import AT_US, Output, jindi, live, make_platform, running, stop, told, write_packs

from canaries import encodings, needles, searched
from jindi.app.wiring import Outside, shipped_packs
from jindi.journal import unseal
from jindi.run.audit import Actor, Audit
from jindi.run.backup.restoring import open_backup
from jindi.run.backup.sealing import BackupKey
from jindi.run.records import ActionRecord, DecisionRecord, decode
from jindi.vault import is_token
from shop_world import CANARIES, CARD, DEVICE, IP, PHONE, Clock, list_entry, pay
from transit_world import TOKEN, Service, certificates, serving

OTHER_PHONE, RIGHT_PHONE = "13987654321", "13700001234"
KINDS = {"phone": PHONE, "bank_card": CARD, "ip": IP, "device": DEVICE}


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("JINDI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def platform(data, packs, documents, *more):
    """A platform in a process of its own takes events and is stopped in order; all that it said."""
    with running(data, packs, *more) as process:
        line = process.stdout.readline()
        assert line, process.communicate()
        ready = json.loads(line)
        with httpx.Client(headers={"authorization": f"Bearer {ready['api_key']}"}, trust_env=False) as http:
            answers = [http.post(f"{ready['url']}/v1/events", json=each) for each in documents]
            assert {each.status_code for each in answers} <= {200}, [each.text for each in answers]
            said = [each.text for each in answers]
            paths = ["/metrics", "/v1/policies", "/readyz", "/v1/packs", "/openapi.json"]
            for answer in answers:
                decision = f"/v1/decisions/{answer.json()['decision_id']}"
                paths += [decision, f"{decision}/explanation", f"{decision}/replay"]
            said += [http.get(f"{ready['url']}{path}").text for path in paths]
            # What is refused says why, and does not repeat it.
            wrong = [pay(99, phone=PHONE + "0", card=CARD + "1"), pay(98, user=[PHONE]), pay(97) | {"strange": CARD}]
            said += [http.post(f"{ready['url']}/v1/events", json=each).text for each in wrong]
            said.append(http.post(f"{ready['url']}/v1/events", content=f'{{"id": "{PHONE}"').text)
            said.append(http.post(f"{ready['url']}/v1/snapshots").text)
        code, out, err = stop(process)
    assert (code, out) == (0, ""), err
    assert "Traceback" not in err
    return "\n".join([*said, err])


NEEDLES = needles([*KINDS.items(), ("phone", OTHER_PHONE), ("phone", RIGHT_PHONE)])


def test_the_search_itself_finds_each_canary_in_each_disguise(tmp_path):
    for canary in CANARIES:
        for number, disguised in enumerate(sorted(encodings(canary))):
            (tmp_path / "file").write_bytes(b"before" + disguised + b"after")
            assert searched(tmp_path, NEEDLES)[1], (canary, number)
    (tmp_path / "file").write_bytes(b"xy" + base64.b64encode(b"ab" + PHONE.encode() + b"cd") + b"zz")
    assert searched(tmp_path, NEEDLES)[1]


def test_the_search_itself_finds_a_canary_in_a_table_a_database_and_what_is_packed(tmp_path):
    (tmp_path / "packed").write_bytes(zlib.compress(PHONE.encode() * 3))
    assert "packed (unpacked)" in searched(tmp_path, NEEDLES)[1]
    pq.write_table(pa.table({"a": [PHONE, CARD] * 50}), tmp_path / "t.parquet", compression="zstd")
    assert "t.parquet (unpacked)" in searched(tmp_path, NEEDLES)[1]
    base = sqlite3.connect(tmp_path / "b.sqlite")
    base.execute("create table t (a)")
    base.execute("insert into t values (?)", (DEVICE,))
    base.commit()
    base.close()
    assert "b.sqlite (unpacked)" in searched(tmp_path, NEEDLES)[1]
    assert searched(tmp_path, NEEDLES, f"a log says {IP}")[1][-1] == "what was said, 0"


def test_after_a_life_with_a_vault_no_file_and_no_log_holds_a_canary_and_export_gives_all_back(tmp_path):
    data, packs = tmp_path / "data", write_packs(tmp_path)
    now_us = time.time_ns() // 1000
    documents = [
        pay(n, amount, now_us + n, user=f"u{n % 2}")
        for n, amount in enumerate(["5.00", "2000.00", "6000.00", "15000.00"] * 3)
    ]
    documents.append(list_entry("l1", "blocked_phones", OTHER_PHONE, at_us=now_us + 20))
    said = platform(data, packs, documents)
    said += platform(data, packs, [pay(50, "1.00", now_us + 50)])  # recovered, and nothing new
    assert jindi("snapshot", "--data", data, "--packs", packs).exit_code == 0
    assert told("archive", "--data", data)["ok"]
    checked = told("vault", "check", "--data", data)
    files, found = searched(data, NEEDLES, said)
    assert found == []
    names = {path.name for path in files}
    assert {"vault.sqlite", "subjects.sqlite", "ring", "root.key", "rows-seen"} <= names
    assert any(path.parent.name == "journal" for path in files)
    assert [name for name in names if name.startswith("snapshot-")]
    assert [name for name in names if name.endswith(".parquet")]
    assert (checked["ok"], checked["subjects"], checked["rows"]) == (True, 3, 9)
    for user in ("u0", "u1"):
        rows = told("subject", "export", user, "--data", data)["rows"]
        assert {row["kind"]: row["value"] for row in rows} == KINDS
        assert sorted(row["value"] for row in rows) == sorted(CANARIES)


def test_whatever_is_made_of_a_folder_with_a_vault_holds_no_canary(tmp_path, monkeypatch):
    data, packs, made = tmp_path / "data", write_packs(tmp_path), tmp_path / "made"
    made.mkdir()
    (tmp_path / "witness").mkdir()
    monkeypatch.setenv("JINDI_HEADS", str(tmp_path / "witness"))
    now_us = time.time_ns() // 1000
    amounts = ["5.00", "2000.00", "6000.00", "15000.00"] * 3
    said = [platform(data, packs, [pay(n, each, now_us + n, user=f"u{n % 2}") for n, each in enumerate(amounts)])]
    home = ("--data", data)

    def run(*words, given=None):
        result = jindi(*words, given=given)
        assert result.exit_code == 0, (words, result.stdout, result.stderr)
        said.append(result.stdout + result.stderr)

    [token] = {row["token"] for row in told("subject", "export", "u0", *home)["rows"] if row["kind"] == "phone"}
    run("subject", "correct", "u0", token, *home, given=f"{RIGHT_PHONE}\n")
    run("subject", "request", "erase", OTHER_PHONE, *home)
    run("vault", "rotate", "--cipher", "sm4-gcm", *home)
    run("vault", "rewrap", "--destroy", *home)
    run("vault", "reseal", *home)
    run("snapshot", "--packs", packs, *home)
    run("archive", *home)
    for kind in ("parquet", "csv", "ndjson"):
        run("export", made / f"export.{kind}", *home)
    run("audit", "bundle", "--seq", "0..12", "--out", made / "bundle", *home)
    run("config", "save", "--out", made / "config", "--packs", packs, *home)
    run("backup", "key", "--out", tmp_path / "backup.key", *home)
    run("keys-backup", "--out", made / "shares", *home)
    run("backup", "--to", made / "place", "--packs", packs, *home)
    run("drill", "--from", made / "place", "--key", tmp_path / "backup.key", "--own-keys", *home)
    run("restore", "--from", made / "place", "--key", tmp_path / "backup.key", "--data", made / "restored")
    run("subject", "erase", "u1", "--yes", *home)
    run("vault", "status", *home)
    run("vault", "check", *home)
    run("subject", "requests", *home)
    run("doctor", "--packs", packs, *home)
    # The backup once more without its seal, piece by piece: encryption must not be all that hides a canary.
    key = BackupKey.parse((tmp_path / "backup.key").read_text("utf-8"))
    outside = Outside()
    repository = outside.repository(made / "place")
    manifest, body, _ = open_backup(repository, key)
    (made / "opened").mkdir()
    for piece in (*body.pieces, *body.book_pieces):
        plain = manifest.data_key(key, piece.key).open_piece(piece.index, repository.load_piece(piece.id))
        (made / "opened" / piece.id).write_bytes(plain)
    files, found = searched(tmp_path, NEEDLES, *said)
    assert found == []
    assert len(said) == 23
    tops = {path.relative_to(tmp_path).parts[0] for path in files}
    assert tops >= {"data", "made", "witness", "backup.key"}
    within = {path.relative_to(made).parts[0] for path in files if path.is_relative_to(made)}
    assert within >= {"export.parquet", "export.csv", "export.ndjson", "bundle", "config", "shares", "place",
                      "restored", "opened"}  # fmt: skip
    assert RIGHT_PHONE in {row["value"] for row in told("subject", "export", "u0", *home)["rows"]}


def test_after_a_kill_every_token_of_the_journal_opens(tmp_path):
    data, packs = tmp_path / "data", write_packs(tmp_path)
    now_us = time.time_ns() // 1000
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        events = (pay(n, at_us=now_us, user=f"u{n % 40}", device=f"device-{n:06}") for n in range(5_000))
        body = "\n".join(map(json.dumps, events))
        headers = {"authorization": f"Bearer {ready['api_key']}", "content-type": "application/x-ndjson"}
        with (
            httpx.Client(headers=headers, trust_env=False, timeout=60) as http,
            contextlib.suppress(httpx.TransportError),
            http.stream("POST", f"{ready['url']}/v1/events", content=body) as answer,
        ):
            next(answer.iter_lines())
            process.kill()
    outside = Outside()
    settled = outside.settle({"data": str(data)})
    vault = outside.kept_vault(settled, lambda _: None)
    log = outside.view_log(settled)
    records = [decode(each) for frame in log.read(0) for each in unseal(frame.batch).records]
    tokens = {
        value
        for record in records
        if isinstance(record, DecisionRecord)
        for value in record.values
        if isinstance(value, str) and is_token(value.split(".")[0], value)
    }
    assert len(tokens) > 3
    assert [token for token in tokens if not vault.look_up(token)] == []
    assert vault.check().ok
    vault.close()
    log.close()


@pytest.fixture
def lived(tmp_path):
    """A folder with a vault of two people."""
    data, packs = tmp_path / "data", write_packs(tmp_path)
    live(data, packs, [pay(n, at_us=AT_US + n, user=f"u{n}") for n in range(2)], vault=True)
    return data, packs


def test_a_platform_writes_no_file_that_the_page_of_its_folder_does_not_name(lived):
    """So there is no log beside those that are told of."""
    data, packs = lived
    assert jindi("snapshot", "--data", data, "--packs", packs).exit_code == 0
    assert told("archive", "--data", data)["ok"]
    page = (Path(__file__).parents[2] / "docs/operate.md").read_text("utf-8").partition("## The folder")[2]
    rows = re.findall(r"^\| (`[^|]+) \|", page.partition("\n## ")[0], re.MULTILINE)
    named = [each.replace("…", "*") for row in rows for each in re.findall(r"`([^`]+)`", row)]
    named += [f"{each}*" for each in named if each.endswith("/")]
    files = [str(path.relative_to(data)) for path in data.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [each for each in files if not any(fnmatch(each, pattern) for pattern in named)] == []


def test_status_shows_subjects_rows_and_versions_and_no_key(lived):
    found = told("vault", "status", "--data", lived[0])
    assert (found["subjects"], found["rows"], found["waiting"]) == (2, 8, 0)
    [version] = found["versions"]
    assert (version["version"], version["cipher"], version["state"], version["subjects"]) == (
        1,
        "aes-256-gcm",
        "active",
        2,
    )
    shown = jindi("vault", "status", "--data", lived[0]).stdout
    assert "信息主体 subjects: 2" in shown
    assert "active" in shown


def test_rotate_re_wrap_and_destroy_leave_everything_readable(lived):
    data, _ = lived
    assert told("vault", "rotate", "--data", data, "--cipher", "sm4-gcm")["waiting"] == 2
    assert told("vault", "rewrap", "--data", data, "--destroy") == {"ok": True, "rewrapped": 2, "destroyed": [1]}
    states = [each["state"] for each in told("vault", "status", "--data", data)["versions"]]
    assert states == ["destroyed", "active"]
    assert told("vault", "check", "--data", data)["ok"]
    assert "No such" not in jindi("vault", "rotate", "--data", data, "--cipher", "rot13").stderr
    assert jindi("vault", "rotate", "--data", data, "--cipher", "rot13").exit_code == 1


def test_a_vault_that_a_platform_has_open_is_left_alone(lived):
    data, packs = lived
    with running(data, packs) as process:
        assert json.loads(process.stdout.readline())
        for command in (("vault", "status"), ("vault", "rotate"), ("subject", "erase", "u0", "--yes")):
            refused = told(*command, "--data", data, code=1)
            assert "another process has this vault open" in json.dumps(refused)
        assert stop(process)[0] == 0
    assert told("vault", "status", "--data", data)["subjects"] == 2


def test_correct_reads_the_right_text_from_standard_input(lived):
    data, _ = lived
    [row] = [row for row in told("subject", "export", "u0", "--data", data)["rows"] if row["kind"] == "phone"]
    answer = told("subject", "correct", "u0", row["token"], "--data", data, given=OTHER_PHONE + "\n")
    assert answer["right_token"].startswith("phone.")
    values = {row["token"]: row["value"] for row in told("subject", "export", "u0", "--data", data)["rows"]}
    assert values[row["token"]] == values[answer["right_token"]] == OTHER_PHONE
    wrong = jindi("subject", "correct", "u0", row["token"], "--data", data, given="1391\n")
    assert wrong.exit_code == 1
    assert "1391" not in wrong.stderr
    assert told("subject", "correct", "u0", "phone.x", "--data", data, given=PHONE, code=1)["problems"]


def test_erase_asks_first_and_takes_one_person_only(lived):
    data, _ = lived
    assert jindi("subject", "erase", "u0", "--data", data, given="n\n").exit_code == 1
    assert told("subject", "erase", "u0", "--data", data, "--yes")["rows"] == 4
    assert "no subject" in json.dumps(told("subject", "export", "u0", "--data", data, code=1))
    assert len(told("subject", "export", "u1", "--data", data)["rows"]) == 4
    assert "不可读" in jindi("subject", "erase", "u1", "--data", data, "--yes").stdout


def actions(data):
    outside = Outside()
    log = outside.view_log(outside.settle({"data": str(data)}))
    records = [decode(each) for frame in log.read(0) for each in unseal(frame.batch).records]
    log.close()
    return [(each.what, each.on) for each in records if isinstance(each, ActionRecord)]


def test_each_action_is_journalled_and_what_may_be_a_number_is_not(lived):
    data, _ = lived
    before = actions(data)
    for command in (
        ("vault", "status"), ("vault", "check"), ("vault", "rotate"), ("vault", "rewrap", "--destroy"),
        ("subject", "export", "u0"), ("subject", "erase", "u0", "--yes"),
    ):  # fmt: skip
        told(*command, "--data", data)
    told("subject", "export", PHONE, "--data", data, code=1)
    assert actions(data)[len(before) :] == [
        ("vault.rotate", ""), ("vault.rewrap", ""), ("vault.destroy", "version 1"),
        ("subject.export", "u0"), ("subject.erase", "u0"), ("subject.export", ""),
    ]  # fmt: skip
    assert told("verify", "--data", data)["ok"]


def test_without_a_record_nothing_is_done(lived):
    data, _ = lived
    outside = Outside()
    log = outside.open_log(outside.settle({"data": str(data)}))  # as another process would hold it
    assert jindi("subject", "erase", "u0", "--yes", "--data", data).exit_code == 1
    log.close()
    assert len(told("subject", "export", "u0", "--data", data)["rows"]) == 4


def test_check_ends_with_1_when_keys_are_older_than_rows(lived):
    data, packs = lived
    shutil.copy(data / "keys" / "subjects.sqlite", data / "old")
    live(data, packs, [pay(9, at_us=AT_US + 9, user="u9")], vault=True)
    shutil.move(data / "old", data / "keys" / "subjects.sqlite")
    found = told("vault", "check", "--data", data, code=1)
    assert (found["ok"], found["rows"], found["rows_without_a_key"]) == (False, 12, 4)
    assert jindi("vault", "check", "--data", data).exit_code == 1


# ---- roots


def open_with(data, **settings):
    outside = Outside()
    flags = {"data": str(data), **settings}
    notes = []
    outside.vault(outside.settle(flags), notes.append).close()
    return notes


def problems(data, **settings):
    from jindi.basics.problems import Problems

    with pytest.raises(Problems) as told_:
        open_with(data, **settings)
    return str(told_.value)


def test_the_first_start_makes_the_root_key_and_says_so_and_later_ones_do_not(tmp_path):
    data = tmp_path / "data"
    [note] = open_with(data)
    assert "root.key" in note
    path = data / "keys" / "root.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (data / "keys").stat().st_mode & 0o777 == 0o700
    assert open_with(data) == []
    path.rename(tmp_path / "away")
    assert "the root key is missing" in problems(data)
    assert not path.exists()


def test_a_root_key_that_others_can_read_stops_the_start(tmp_path):
    data = tmp_path / "data"
    open_with(data)
    path = data / "keys" / "root.key"
    path.chmod(0o640)
    assert "others can read this key" in problems(data)
    path.chmod(0o600)
    (data / "keys").chmod(0o755)
    assert "others can look into this folder" in problems(data)


def test_another_root_key_or_a_spoilt_one_opens_nothing_and_is_not_quoted(tmp_path):
    data = tmp_path / "data"
    open_with(data)
    path = data / "keys" / "root.key"
    for wrong, why in (("ab" * 32, "can't be opened with this root key"), ("abcd", "64 hexadecimal digits")):
        path.write_text(wrong)
        told_ = problems(data)
        assert why in told_
        assert wrong not in told_
    path.write_bytes(b"\xff" * 32)
    assert "64 hexadecimal digits" in problems(data)


def test_a_file_that_the_setting_names_is_expected_and_never_made(tmp_path):
    data, path = tmp_path / "data", tmp_path / "secrets" / "root"
    assert "the root key is missing" in problems(data, vault_root=f"file:{path}")
    path.parent.mkdir()
    path.write_text("cd" * 32 + "\n")
    path.chmod(0o600)
    assert open_with(data, vault_root=f"file:{path}") == []
    assert not (data / "keys" / "root.key").exists()
    assert open_with(data, vault_root=f"file:{path}") == []


def test_the_root_is_changed_and_the_old_one_opens_nothing(lived, tmp_path, monkeypatch):
    data, path = lived[0], tmp_path / "root"
    assert "the root key is missing" in json.dumps(told("vault", "root", f"file:{path}", "--data", data, code=1))
    for wrong in ("file", "cloud", "environment:x"):
        assert "not a place" in json.dumps(told("vault", "root", wrong, "--data", data, code=1))
    path.write_text("cd" * 32 + "\n")
    path.chmod(0o600)
    assert told("vault", "root", f"file:{path}", "--data", data) == {"ok": True, "vault_root": f"file:{path}"}
    assert "can't be opened with this root key" in problems(data)
    monkeypatch.setenv("JINDI_VAULT_ROOT", f"file:{path}")
    monkeypatch.setenv("JINDI_ROOT_KEY", "ef" * 32)
    assert told("vault", "check", "--data", data)["ok"]
    assert told("vault", "root", "environment", "--data", data)["ok"]
    monkeypatch.setenv("JINDI_VAULT_ROOT", "environment")
    assert told("vault", "check", "--data", data)["ok"]
    assert "already" in json.dumps(told("vault", "root", "environment", "--data", data, code=1))


def test_a_ring_that_is_gone_is_not_made_anew_over_sealed_rows(lived):
    (lived[0] / "keys" / "ring").unlink()
    assert "the key ring is missing" in problems(lived[0])


def test_a_root_from_the_environment(tmp_path, monkeypatch):
    data = tmp_path / "data"
    assert "JINDI_ROOT_KEY is missing" in problems(data, vault_root="environment")
    monkeypatch.setenv("JINDI_ROOT_KEY", "nonsense")
    told_ = problems(data, vault_root="environment")
    assert "64 hexadecimal digits" in told_
    assert "nonsense" not in told_
    monkeypatch.setenv("JINDI_ROOT_KEY", "ef" * 32)
    assert open_with(data, vault_root="environment") == []
    assert open_with(data, vault_root="environment") == []
    assert "vault_root is file, and the ring's root is of kind environment" in problems(data)
    assert "ef" * 32 not in jindi("config", "show", "--data", data, "--json").stdout


def test_a_root_from_a_passphrase_keeps_its_parameters_beside_the_ring(tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("JINDI_ROOT_PASSPHRASE", "short")
    assert "shorter than 12" in problems(data, vault_root="passphrase")
    monkeypatch.setenv("JINDI_ROOT_PASSPHRASE", "correct horse battery")
    assert open_with(data, vault_root="passphrase", vault_cipher="sm4-gcm") == []
    assert open_with(data, vault_root="passphrase") == []
    about = json.loads((data / "keys" / "ring").read_bytes())["about"]
    assert (about["kdf"], about["memory_kib"], about["profile"]) == ("argon2id", "65536", "sm4-gcm")
    monkeypatch.setenv("JINDI_ROOT_PASSPHRASE", "correct horse batteries")
    assert "can't be opened" in problems(data, vault_root="passphrase")


def test_without_a_vault_nothing_is_made_and_an_old_one_is_remembered(tmp_path, lived):
    outside, notes = Outside(), []
    for data in (tmp_path / "new", lived[0]):
        assert outside.vault(outside.settle({"data": str(data), "vault": "off"}), notes.append) is None
    assert not (tmp_path / "new").exists()
    [note] = notes
    assert "the vault is off" in note
    assert "no vault here" in json.dumps(told("vault", "status", "--data", tmp_path / "new", code=1))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wrong", [{"vault": "perhaps"}, {"vault_cipher": "rot13"}, {"vault_root": "cloud"}, {"vault_root": "file:"}]
)
def test_settings_of_the_vault_that_are_none_are_told(wrong):
    from jindi.app.settings import settle
    from jindi.basics.problems import Problems

    with pytest.raises(Problems, match=next(iter(wrong))):
        settle(wrong, {})


# ---- a root in a key service


def test_the_root_may_be_in_a_key_service_and_nothing_opens_without_it(lived, tmp_path, monkeypatch):
    data = lived[0]
    ca, pem = certificates(tmp_path / "tls")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    service = Service()
    monkeypatch.setenv("JINDI_VAULT_ROOT_CA", str(ca))
    with serving(service, pem) as address:
        place = f"transit:{address}/transit/jindi"
        assert "vault_root_token" in json.dumps(told("vault", "root", place, "--data", data, code=1))
        monkeypatch.setenv("JINDI_VAULT_ROOT_TOKEN", str(token))
        service.sealed = True
        assert "it is sealed" in json.dumps(told("vault", "root", place, "--data", data, code=1))
        assert told("vault", "check", "--data", data)["ok"], "what could not be changed is as it was"
        service.sealed = False
        assert told("vault", "root", place, "--data", data)["ok"]
        assert "the ring's root is of kind transit" in problems(data)
        monkeypatch.setenv("JINDI_VAULT_ROOT", place)
        assert told("vault", "check", "--data", data)["ok"]
        assert told("subject", "export", "u0", "--data", data)["rows"]
        asked = len(service.asked)
        assert told("vault", "rotate", "--data", data)["version"] == 2
        assert len(service.asked) == asked + 1, "asked once, to open the ring"
        service.keys["transit/jindi"] = bytes(32)
        said = json.dumps(told("vault", "check", "--data", data, code=1))
        assert "the key service answered 400" in said
        assert "without its root no vault opens" in said
    assert "can't be reached" in json.dumps(told("vault", "check", "--data", data, code=1))
    ring = (data / "keys" / "ring").read_bytes()
    assert TOKEN.encode() not in ring


def test_a_service_that_can_not_be_reached_stops_the_start(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    monkeypatch.setenv("JINDI_VAULT_ROOT_TOKEN", str(token))
    assert "can't be reached" in problems(tmp_path / "data", vault_root="transit:https://127.0.0.1:9/transit/jindi")
    assert not (tmp_path / "data" / "keys" / "ring").exists()
    with pytest.raises(Exception, match="not an https address"):
        open_with(tmp_path / "data", vault_root="transit:http://127.0.0.1:9/transit/jindi")


# ---- requests of persons


def test_a_request_has_its_day_is_listed_and_ends(lived):
    data = ("--data", lived[0])
    made = told("subject", "request", "erase", "u0", *data)
    assert (made["right"], made["subject"], made["mark"]) == ("erase", "u0", "design default")
    assert (date.fromisoformat(made["due"]) - date.fromisoformat(made["received"])).days == 15
    assert "Art. 47" in made["basis"]
    late = told("subject", "request", "access", "u1", "--received", "2026-01-05", *data)
    assert late["due"] == "2026-01-20"
    found = told("subject", "requests", *data, code=1)
    assert (found["ok"], found["overdue"]) == (False, 1)
    assert [(each["request"], each["overdue"]) for each in found["requests"]] == [
        (late["request"], True), (made["request"], False),
    ]  # fmt: skip
    shown = jindi("subject", "requests", *map(str, data)).stdout
    assert "已逾期" in shown
    assert told("subject", "close", late["request"], *data)["ending"] == "done"
    assert told("subject", "close", made["request"], "--refused", *data)["ending"] == "refused"
    assert told("subject", "requests", *data) == {"ok": True, "overdue": 0, "requests": []}
    assert [each["ending"] for each in told("subject", "requests", "--all", *data)["requests"]] == ["refused", "done"]
    assert "no open request" in json.dumps(told("subject", "close", late["request"], *data, code=1))


def test_a_request_of_whom_the_vault_does_not_know_keeps_no_name(lived):
    made = told("subject", "request", "access", OTHER_PHONE, "--data", lived[0])
    assert made["subject"].startswith("text.")
    assert OTHER_PHONE.encode() not in b"".join(path.read_bytes() for path in (lived[0] / "journal").iterdir())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("burn", "u0"), "not a right"),
        (("erase", "u0", "--received", "yesterday"), "not a day"),
        (("erase", "u0", "--received", "2999-01-01"), "yet to come"),
        (("erase", "u0", "--received", "2020-01-01"), "has no value"),
    ],
)
def test_a_request_that_is_none_is_told_and_not_recorded(lived, wrong, why):
    assert why in json.dumps(told("subject", "request", *wrong, "--data", lived[0], code=1))
    assert told("subject", "requests", "--all", "--data", lived[0])["requests"] == []


def test_a_running_platform_gives_an_overdue_request_to_a_person_once_a_day(lived, tmp_path):
    data, packs = lived
    late = told("subject", "request", "erase", "u0", "--received", "2026-01-05", "--data", data)["request"]
    told("subject", "request", "access", "u1", "--data", data)
    shutil.copytree(shipped_packs() / "platform", packs.parent / "platform")
    outside = Outside()
    outside.clock = Clock(time.time_ns() // 1000)
    settled = outside.settle({"data": str(data), "packs": f"{packs},{packs.parent / 'platform'}"})

    async def go():
        platform = make_platform(outside, settled, Output(as_json=True))
        await platform.start()
        try:
            seen = [await platform.rounds.watch_requests(), await platform.rounds.watch_requests()]
            outside.clock.at_us += 25 * 3_600_000_000
            seen.append(await platform.rounds.watch_requests())
            actor = Actor("cli", "ann", "cli")
            await Audit(platform).act(actor, "request.close", f"{late} done")
            outside.clock.at_us += 25 * 3_600_000_000
            seen.append(await platform.rounds.watch_requests())
            decided = [each for each in platform.lane.recent if each.event.type == "subject_request_overdue"]
            return seen, [(str(each.decision.outcome), each.event.values[:2]) for each in decided]
        finally:
            await platform.close()

    seen, decided = asyncio.run(go())
    assert seen == [1, 0, 1, 0]
    assert decided == [("review", (late, "erase"))] * 2
