"""Backups of a folder with a vault: its keys come back, those of the erased don't, and a drill opens what came."""

import json
import os
import shutil

import pytest
from test_doors_cli import AT_US, Outside, jindi, live, pay, told, write_packs

from jindi.journal import unseal
from jindi.run.backup.sealing import BackupKey
from jindi.run.records import ActionRecord, decode
from shop_world import CARD, PHONE

HOME = ("--data", "data")
FROM = ("--from", "bk", "--key", "backup.key")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Two people's events, a backup key, and shares of all keys."""
    folder = tmp_path_factory.mktemp("lived")
    packs = write_packs(folder / "packs")
    live(folder / "data", packs, [pay(n, at_us=AT_US + n, user=f"u{n % 2}") for n in range(4)], vault=True)
    told("backup", "key", "--out", folder / "backup.key", "--data", folder / "data")
    told("keys-backup", "--out", folder / "shares", "--data", folder / "data", "--backup-key", folder / "backup.key")
    return folder


@pytest.fixture
def home(lived, tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("JINDI_"):
            monkeypatch.delenv(name)
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shares(home):
    return sorted((home / "shares").iterdir())[:3]


def values(subject, data):
    return sorted(row["value"] for row in told("subject", "export", subject, "--data", data)["rows"])


def test_a_vault_goes_on_elsewhere_from_its_backup_and_its_shares(home):
    before = values("u0", "data")
    assert {PHONE, CARD} <= set(before)
    told("backup", "--to", "bk", *HOME)
    shutil.rmtree("data")
    told("restore", *FROM, "--data", "new")
    assert "the root key is missing" in json.dumps(told("vault", "check", "--data", "new", code=1))
    back = told("keys-restore", *shares(home), "--data", "new")
    assert back["keys"] == ["key-signing", "key-token", "vault-root"]
    assert (home / "new" / "keys" / "root.key").stat().st_mode & 0o777 == 0o600
    assert told("vault", "check", "--data", "new")["ok"]
    assert values("u0", "new") == before
    private = [home / "new", home / "new" / "vault.sqlite", home / "new" / "keys", *(home / "new" / "keys").iterdir()]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_who_was_erased_does_not_come_back_with_an_older_backup(home):
    told("backup", "--to", "bk", *HOME)
    told("subject", "erase", "u0", "--yes", *HOME)
    told("backup", "--to", "bk", *HOME)
    for number in (1, 2):
        new = f"new{number}"
        told("restore", *FROM, "--backup", number, "--data", new)
        told("keys-restore", *shares(home), "--data", new)
        checked = told("vault", "check", "--data", new)
        assert checked["ok"], checked
        assert "no subject of this name" in json.dumps(told("subject", "export", "u0", "--data", new, code=1))
        assert PHONE in values("u1", new)


def test_after_the_next_backup_the_place_holds_no_older_key_book(home):
    told("backup", "--to", "bk", *HOME)
    first = manifest(home, 1)
    assert len(first["fleeting"]) == 2
    told("subject", "erase", "u0", "--yes", *HOME)
    told("backup", "--to", "bk", *HOME)
    here = {path.name for path in (home / "bk" / "pieces").rglob("*/*")}
    book = set(first["fleeting"]) - set(manifest(home, 2)["fleeting"])
    assert book
    assert not here & book
    assert set(first["pieces"]) <= here, "an older backup has all else"


def manifest(home, number):
    text = (home / "bk" / "manifests" / f"{number:08d}.manifest").read_text("utf-8")
    return json.loads(text.split("\n")[1])


def test_a_key_book_that_could_not_be_removed_is_told_and_goes_with_the_next_backup(home, monkeypatch):
    from jindi.stores.trees import FileTree

    told("backup", "--to", "bk", *HOME)
    told("subject", "erase", "u0", "--yes", *HOME)
    with monkeypatch.context() as patch:

        def refuse(*_):
            raise PermissionError(1, "Operation not permitted")

        patch.setattr(FileTree, "drop", refuse)
        made = told("backup", "--to", "bk", *HOME)
    assert (made["ok"], made["number"]) == (True, 2)
    assert "older copy of the key book can't be removed" in made["notes"][0]
    gone = set(manifest(home, 1)["fleeting"]) - set(manifest(home, 2)["fleeting"])
    assert gone & {path.name for path in (home / "bk" / "pieces").rglob("*/*")}
    assert told("backup", "--to", "bk", *HOME)["notes"] == []
    assert not gone & {path.name for path in (home / "bk" / "pieces").rglob("*/*")}


def test_an_old_key_book_that_somebody_puts_back_by_hand_undoes_no_erasure(home):
    shutil.copytree("data/keys", "old-keys")
    shutil.copy("data/vault.sqlite", "old-rows")
    told("subject", "erase", "u0", "--yes", *HOME)
    shutil.rmtree("data/keys")
    shutil.copytree("old-keys", "data/keys")
    shutil.copy("old-rows", "data/vault.sqlite")
    assert "no subject of this name" in json.dumps(told("subject", "export", "u0", *HOME, code=1))
    assert PHONE in values("u1", "data")
    # The same at a start of the platform.
    shutil.rmtree("data/keys")
    shutil.copytree("old-keys", "data/keys")
    shutil.copy("old-rows", "data/vault.sqlite")
    live(home / "data", home / "packs" / "shop", [pay(9, at_us=AT_US + 9, user="u1")], vault=True)
    assert "no subject of this name" in json.dumps(told("subject", "export", "u0", *HOME, code=1))


def test_the_key_book_is_backed_up_beside_a_vault_that_is_open(home):
    outside = Outside()
    vault = outside.kept_vault(outside.settle({"data": "data"}), print)
    try:
        assert told("backup", "--to", "bk", *HOME)["ok"]
        assert manifest(home, 1)["fleeting"]
    finally:
        vault.close()
    told("restore", *FROM, "--data", "new")
    told("keys-restore", *shares(home), "--data", "new")
    assert told("vault", "check", "--data", "new")["ok"]


def test_a_drill_opens_rows_with_the_keys_that_the_shares_gave(home):
    told("backup", "--to", "bk", *HOME)
    given = [word for share in shares(home) for word in ("--share", share)]
    found = told("drill", *FROM, *given)
    assert found["keys"] == {"key-signing": "proved", "key-token": "proved", "vault-root": "proved"}
    vault = {"subjects": 2, "rows": 8, "tried": 8, "opened": 8, "tally": "agrees", "problem": ""}
    assert (found["ok"], found["vault"]) == (True, vault)


def test_a_drill_without_shares_opens_rows_with_the_machines_keys_and_sees_that_shares_cover_them(home):
    told("backup", "--to", "bk", *HOME)
    found = told("drill", *FROM, "--own-keys", *HOME)
    assert found["keys"] == {"key-signing": "held", "key-token": "held", "vault-root": "held"}
    assert (found["vault"]["tried"], found["vault"]["opened"]) == (8, 8)
    # With no key at all it still says how much there is, and that none of it was opened.
    bare = told("drill", *FROM)
    assert set(bare["keys"].values()) == {"split"}
    assert (bare["ok"], bare["vault"]["rows"], bare["vault"]["tried"]) == (True, 8, 0)
    assert "no key at hand" in jindi("drill", *map(str, FROM)).stdout


def test_a_drill_fails_when_shares_do_not_cover_the_vaults_root(home):
    split = home / "data" / "state" / "keys-split"
    document = json.loads(split.read_bytes())
    del document["keys"]["vault-root"]
    split.write_text(json.dumps(document))
    told("backup", "--to", "bk", *HOME)
    found = told("drill", *FROM, "--own-keys", *HOME, code=1)
    assert (found["keys"]["vault-root"], found["ok"]) == ("missing", False)
    assert "keys-backup" in found["problems"][0]


def test_a_drill_fails_when_rows_do_not_open_or_are_missing(home):
    import sqlite3

    rows = sqlite3.connect(home / "data" / "vault.sqlite")
    rows.execute("delete from rows where rowid = 1")
    rows.commit()
    rows.close()
    told("backup", "--to", "bk", *HOME)
    found = told("drill", *FROM, "--own-keys", *HOME, code=1)
    assert found["problems"] == ["the vault: its rows are not those that were counted (differs, at least 1 missing)"]


def test_another_root_than_the_rings_fails_the_drill(home):
    told("backup", "--to", "bk", *HOME)
    (home / "data" / "keys" / "root.key").write_text("ab" * 32)
    found = told("drill", *FROM, "--own-keys", *HOME, code=1)
    assert any("can't be opened with this root key" in each for each in found["problems"])


def test_a_root_that_shares_can_not_hold_is_named_with_what_must_be_kept(home, monkeypatch):
    monkeypatch.setenv("JINDI_ROOT_PASSPHRASE", "correct horse battery")
    told("vault", "root", "passphrase", *HOME)
    monkeypatch.setenv("JINDI_VAULT_ROOT", "passphrase")
    made = told("keys-backup", "--out", "more", *HOME)
    assert (made["keys"], made["vault_root_elsewhere"]) == (["key-signing", "key-token"], "passphrase")
    said = jindi("keys-backup", "--out", "again", *HOME)
    assert "Keep the passphrase as well" in " ".join((said.stdout + said.stderr).split())
    told("backup", "--to", "bk", *HOME)
    found = told("drill", *FROM, "--own-keys", *HOME)
    assert (found["keys"]["vault-root"], found["vault"]["opened"]) == ("elsewhere", 8)


def test_the_root_from_a_named_file_goes_back_to_that_place(home, monkeypatch):
    place = home / "secrets" / "root"
    place.parent.mkdir(mode=0o700)
    place.write_text("cd" * 32)
    place.chmod(0o600)
    told("vault", "root", f"file:{place}", *HOME)
    monkeypatch.setenv("JINDI_VAULT_ROOT", f"file:{place}")
    told("keys-backup", "--out", "more", *HOME)
    place.unlink()
    given = sorted((home / "more").iterdir())[:3]
    told("keys-restore", *given, *HOME)
    assert place.read_text().strip() == "cd" * 32
    assert told("vault", "check", *HOME)["ok"]
    place.write_text("ef" * 32)
    assert "another key is there" in json.dumps(told("keys-restore", *given, *HOME, code=1))


def test_an_older_backup_under_an_older_backup_key_comes_without_the_key_book_and_says_so(home):
    told("backup", "--to", "bk", *HOME)
    told("backup", "key", "--out", "second.key", *HOME)
    told("backup", "--to", "bk", *HOME)
    said = jindi("restore", "--from", "bk", "--key", "backup.key", "--backup", 1, "--data", "new")
    assert "sealed to another backup key" in said.stdout + said.stderr
    assert not (home / "new" / "keys" / "subjects.sqlite").exists()
    assert "missing" in json.dumps(told("vault", "status", "--data", "new", code=1))
    assert BackupKey.parse((home / "second.key").read_text()).text()


# ---- sealing anew, and counting, on the command line


def test_reseal_gives_everybody_a_new_key_and_says_how_many(home):
    told("vault", "rotate", "--cipher", "sm4-gcm", *HOME)
    assert told("vault", "rewrap", *HOME)["rewrapped"] == 2
    found = told("vault", "reseal", *HOME)
    assert (found["ok"], found["subjects"], found["rows"], found["skipped"]) == (True, 2, 8, 0)
    assert told("vault", "check", *HOME)["ok"]
    assert PHONE in values("u0", "data")


def test_reseal_may_be_left_to_the_platform(home):
    assert told("vault", "reseal", "--later", *HOME)["to_reseal"] == 2
    assert told("vault", "status", *HOME)["to_reseal"] == 2
    live(home / "data", home / "packs" / "shop", [pay(9, at_us=AT_US + 9, user="u1")], vault=True, rest_s=2.5)
    assert told("vault", "status", *HOME)["to_reseal"] is None
    assert told("vault", "check", *HOME)["ok"]


def test_check_names_missing_rows_and_recount_gives_them_up_after_a_record(home):
    import sqlite3

    rows = sqlite3.connect(home / "data" / "vault.sqlite")
    rows.execute("delete from rows where rowid in (1, 2)")
    rows.commit()
    rows.close()
    found = told("vault", "check", *HOME, code=1)
    assert (found["ok"], found["tally"], found["rows_missing"]) == (False, "differs", 2)
    assert "taken away" in jindi("vault", "check", *HOME).stdout
    assert jindi("vault", "recount", *HOME, given="n\n").exit_code != 0
    assert not told("vault", "check", *HOME, code=1)["ok"]
    assert told("vault", "recount", "--yes", *HOME)["given_up"] == 2
    assert told("vault", "check", *HOME)["ok"]
    assert ("vault.recount", "differs, 2 missing, 6 there") in actions(home)


def actions(home):
    outside = Outside()
    log = outside.view_log(outside.settle({"data": str(home / "data")}))
    records = [decode(each) for frame in log.read(0) for each in unseal(frame.batch).records]
    log.close()
    return [(each.what, each.on) for each in records if isinstance(each, ActionRecord)]


# ---- what a careful operator would look at


def looked(*more, code=0):
    result = jindi("doctor", *HOME, "--packs", "packs/shop", *more, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == code, [each for each in found["findings"] if not each["is_well"]]
    return {each["what"]: each for each in found["findings"]}


def test_doctor_looks_at_vault_shares_backup_and_drill(home, monkeypatch):
    monkeypatch.setenv("CI", "1")
    found = looked()
    assert "8 of 8 tried open" in found["vault"]["text"]
    assert "beside what it protects" in found["vault root"]["text"]
    assert "version 1, 0 days old" in found["vault key"]["text"]
    assert "no place for backups is set" in found["backup"]["text"]
    assert "key-signing, key-token, vault-root are in shares of" in found["shares"]["text"]
    monkeypatch.setenv("JINDI_BACKUP_TO", str(home / "bk"))
    told("backup", "--to", "bk", *HOME)
    late = looked(code=1)
    assert late["backup"]["is_well"]
    assert not late["drill"]["is_well"]
    told("drill", *FROM)
    well = looked()
    assert "0 h old" in well["backup"]["text"]
    assert "0 h old" in well["drill"]["text"]


def test_doctor_finds_keys_that_no_shares_cover_and_rows_that_are_missing(home, monkeypatch):
    import sqlite3

    monkeypatch.setenv("CI", "1")
    split = home / "data" / "state" / "keys-split"
    document = json.loads(split.read_bytes())
    document["keys"]["vault-root"] = "0" * 16
    split.write_text(json.dumps(document))
    rows = sqlite3.connect(home / "data" / "vault.sqlite")
    rows.execute("delete from rows where rowid = 3")
    rows.commit()
    rows.close()
    found = looked(code=1)
    assert (found["shares"]["is_well"], "vault-root" in found["shares"]["text"]) == (False, True)
    assert (found["vault"]["is_well"], "1 missing" in found["vault"]["text"]) == (False, True)


def test_doctor_of_a_vault_that_is_open_or_waits_or_does_not_open(home, monkeypatch):
    monkeypatch.setenv("CI", "1")
    told("vault", "rotate", *HOME)
    told("vault", "reseal", "--later", *HOME)
    assert "2 keys under retired versions, 2 subjects to be sealed anew" in looked()["vault work"]["text"]
    outside = Outside()
    vault = outside.kept_vault(outside.settle({"data": "data"}), print)
    assert "a running platform has it open" in looked()["vault"]["text"]
    vault.close()
    (home / "data" / "keys" / "root.key").chmod(0o644)
    found = looked(code=1)
    assert "others can read this key" in found["vault"]["text"]


def test_doctor_tells_the_age_of_the_newest_exported_head(home, monkeypatch):
    monkeypatch.setenv("CI", "1")
    (home / "witness").mkdir()
    monkeypatch.setenv("JINDI_HEADS", str(home / "witness"))
    assert "no signed head has been exported yet" in looked(code=1)["heads"]["text"]
    told("vault", "rotate", *HOME)  # a record that no head of before covers
    told("audit", "head", *HOME)
    assert "the newest exported head is 0 min old" in looked()["heads"]["text"]
