"""Backups on the command line: from a living platform to one that goes on elsewhere."""

import asyncio
import json
import shutil
import stat

import pytest
from test_doors_cli import AT_US, EVENTS, Output, Outside, jindi, live, make_platform, pay, told, write_packs

from jindi.run import snapshots
from jindi.run.records import decision_id

HOME = ("--data", "data")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lived")
    packs = write_packs(folder / "packs")
    answers = live(folder / "data", packs, EVENTS)
    told("backup", "key", "--out", folder / "backup.key", "--data", folder / "data")
    told("keys-backup", "--out", folder / "shares", "--data", folder / "data", "--backup-key", folder / "backup.key")
    return folder, packs, answers


@pytest.fixture
def home(lived, tmp_path, monkeypatch):
    """A copy of everything, as the folder that commands run in."""
    shutil.copytree(lived[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_platform_goes_on_elsewhere_from_its_backup_and_its_shares(home, lived):
    made = told("backup", "--to", "bk", *HOME, "--packs", "packs/shop")
    assert (made["ok"], made["decisions"], made["records"]) == (True, 24, 25)
    shutil.rmtree("data")
    back = told("restore", "--from", "bk", "--key", "backup.key", "--data", "new")
    assert (back["decisions"], back["head"], back["keys"]) == (24, made["head"], ["key-signing", "key-token"])
    # It does not start with fresh keys: tokens would no longer meet their people.
    failed = told("checkpoint", "--data", "new", code=1)
    assert "has not come back yet" in failed["problems"][0]["problem"]
    shares = sorted((home / "shares").iterdir())
    assert told("keys-restore", *shares[:3], "--data", "new")["keys"] == ["key-signing", "key-token"]
    assert told("verify", "--data", "new")["checkpoints"] >= 1
    for name in ("key-token", "key-signing"):
        assert (home / "new" / "state" / name).read_bytes() == (lived[0] / "data" / "state" / name).read_bytes()
        assert stat.S_IMODE((home / "new" / "state" / name).stat().st_mode) == 0o600
    # The same event has the same answer, the next one counts on from there, and the next backup from the last.
    again = live(home / "new", home / "new" / "packs" / "shop", [EVENTS[3], pay(100, "5.00", AT_US + 10**9)])
    assert again[0] == lived[2][3]
    assert again[1]["decision_id"] == decision_id(25)
    more = told("backup", "--to", "bk", "--data", "new", "--packs", "new/packs/shop")
    assert (more["number"], more["records"]) == (2, 26)
    assert more["new_pieces"] < made["new_pieces"]


def test_a_drill_proves_the_newest_backup_and_keeps_its_record(home):
    told("backup", "--to", "bk", *HOME)
    assert [each["what"] for each in told("backup", "status", "--to", "bk", *HOME, code=1)["overdue"]] == ["drill"]
    shares = sorted((home / "shares").iterdir())
    given = [word for at in (4, 0, 2) for word in ("--share", shares[at])]
    found = told("drill", "--from", "bk", "--key", "backup.key", "--in", ".", *given)
    assert (found["ok"], found["number"], found["decisions"], found["problems"]) == (True, 1, 24, [])
    assert (found["keys"], found["checkpoints"]) == ({"key-signing": "proved", "key-token": "proved"}, 1)
    assert found["snapshot"] == "snapshot-0000000000000025"
    assert found["replayed"] == 0
    assert 0 < found["restore_s"] <= found["rto_s"]
    assert found["rpo_s"] > 0
    assert list(home.glob("jindi-drill-*")) == []
    status = told("backup", "status", "--to", "bk", *HOME)
    assert (status["ok"], status["numbers"], status["drill"]["number"]) == (True, [1], 1)
    said = jindi("drill", "--from", "bk", "--key", "backup.key")
    assert "drill of backup 1" in said.stdout
    assert "key-token split" in said.stdout


def test_a_drill_that_finds_damage_fails_names_it_and_counts_for_none(home):
    told("backup", "--to", "bk", *HOME)
    (piece, *_) = sorted((home / "bk" / "pieces").rglob("*/*"))
    content = bytearray(piece.read_bytes())
    content[-1] ^= 1
    piece.write_bytes(content)
    found = told("drill", "--from", "bk", "--key", "backup.key", code=1)
    assert (found["ok"], piece.name in found["problems"][0]) == (False, True)
    status = told("backup", "status", "--to", "bk", *HOME, code=1)
    assert (status["drill"]["ok"], [each["what"] for each in status["overdue"]]) == (False, ["drill"])
    # As told: away with the file, and the next backup seals it anew.
    piece.unlink()
    assert told("backup", "--to", "bk", *HOME)["new_pieces"] >= 1
    assert told("drill", "--from", "bk", "--key", "backup.key")["ok"]


def test_a_drill_without_a_backup_of_the_keys_fails(home):
    (home / "data" / "state" / "keys-split").unlink()
    told("backup", "--to", "bk", *HOME)
    found = told("drill", "--from", "bk", "--key", "backup.key", code=1)
    assert found["keys"] == {"key-signing": "missing", "key-token": "missing"}
    assert "keys-backup" in found["problems"][0]


def test_a_place_that_was_put_back_is_refused_by_whoever_has_seen_a_newer_backup(home):
    told("backup", "--to", "bk", *HOME)
    shutil.copytree("bk", "older")
    live(home / "data", home / "packs" / "shop", [pay(100, "5.00", AT_US + 10**9)])
    told("backup", "--to", "bk", *HOME)
    told("drill", "--from", "bk", "--key", "backup.key")
    # Manifests and pieces are those of before; what drills have seen is still there.
    shutil.copytree("bk/drills", "older/drills")
    for command in (("restore", "--data", "new"), ("drill",)):
        said = told(*command, "--from", "older", "--key", "backup.key", code=1)
        assert "backup 2 is known" in said["error"]
    assert "backup 2 is known" in told("backup", "--to", "older", *HOME, code=1)["error"]
    assert "backup 2 is known" in told("backup", "status", "--to", "older", *HOME, code=1)["error"]
    shutil.rmtree("older/drills")
    assert "backup 9 is known" in told("restore", "--data", "new", "--from", "older", "--key", "backup.key",
                                       "--at-least", 9, code=1)["error"]  # fmt: skip
    assert not (home / "new").exists()


def test_a_backup_is_made_beside_a_running_platform(home):
    outside = Outside()
    settled = outside.settle({"data": "data", "packs": "packs/shop"})

    async def go():
        # On a slow machine what is due would be released meanwhile, which are decisions, too.
        platform = make_platform(outside, settled, Output(as_json=True), release_due=False)
        await platform.start()
        try:
            for number in range(30):
                await platform.submit(json.dumps(pay(200 + number, "5.00")).encode(), outside.clock.now_us())
                if number % 10 == 9:
                    made = await asyncio.to_thread(told, "backup", "--to", "bk", *HOME, "--packs", "packs/shop")
                    assert made["decisions"] == 25 + number
        finally:
            await platform.close()

    asyncio.run(go())
    assert told("drill", "--from", "bk", "--key", "backup.key")["decisions"] == 54


def test_a_folder_comes_back_with_the_store_and_the_settings_it_had(home, lived):
    settings = home / "settings.toml"
    settings.write_text('journal = "sqlite"\nsnapshot_minutes = 9\n', "utf-8")
    (home / "sql").mkdir()
    (home / "sql" / "jindi.toml").symlink_to(settings)
    live(home / "sql", lived[1], EVENTS)
    told("backup", "key", "--out", "sql.key", "--data", "sql")
    told("backup", "--to", "bk", "--data", "sql")
    back = told("restore", "--from", "bk", "--key", "sql.key", "--data", "new")
    assert (back["decisions"], (home / "new" / "journal.sqlite").exists()) == (24, True)
    assert (home / "new" / "jindi.toml").read_text("utf-8") == settings.read_text("utf-8")
    verified = told("verify", "--data", "new")
    assert (verified["decisions"], verified["head"]) == (24, back["head"])


def test_forgetting_keeps_the_newest_and_says_what_went(home):
    for number in range(4):
        told("backup", "--to", "bk", *HOME)
        live(home / "data", home / "packs" / "shop", [pay(100 + number, "5.00", AT_US + 10**9)])
    pruned = told("backup", "prune", "--keep", 2, "--to", "bk", *HOME)
    assert (pruned["dropped"], pruned["kept"]) == ([1, 2], [3, 4])
    assert pruned["pieces"] > 0
    assert told("backup", "prune", "--keep", 1, "--to", "bk", "--key", "backup.key")["kept"] == [4]
    assert told("drill", "--from", "bk", "--key", "backup.key")["number"] == 4
    told("backup", "--to", "bk", *HOME)
    # All of one day: the last of it stays, and the one that the drill has proved.
    again = told("backup", "prune", "--keep", 1, "--daily", 7, "--weekly", 4, "--monthly", 12, "--to", "bk", *HOME)
    assert again["kept"] == [4, 5]
    assert "no such backup" in told("restore", "--from", "bk", "--key", "backup.key", "--data", "new", "--backup", 1,
                                    code=1)["error"]  # fmt: skip


def test_what_is_not_ready_is_told_with_its_remedy(home, tmp_path):
    (home / "data" / "state" / "backup-to").unlink()
    for arguments, word in (
        (("backup", *HOME), "no place for backups"),
        (("backup", "--to", "bk", *HOME), "no key yet"),
        (("backup", "key", "--out", "data/x", *HOME), "lies in the data folder"),
        (("backup", "--to", "data/bk", *HOME), "lies in the data folder"),
        (("restore", "--from", "packs", "--key", "backup.key", "--data", "new"), "no backups here"),
        (("restore", "--from", "packs", "--key", "packs/shop/pack.toml", "--data", "new"), "not a backup key"),
        (("keys-backup", "--out", "s", "--needed", "4", "--shares", "3", *HOME), "needed"),
    ):
        (problem,) = told(*arguments, code=1)["problems"]
        assert word in problem["problem"], problem
        assert problem["remedy"]
    assert not (home / "new").exists()
    assert not (home / "s").exists()
    # No key is written over another, and a setting names the place as a flag does.
    assert "exists" in told("backup", "key", "--out", "backup.key", *HOME, code=1)["problems"][0]["problem"]
    told("backup", "key", "--out", "second.key", *HOME)
    (home / "data" / "jindi.toml").write_text('backup_to = "bk"\n', "utf-8")
    assert told("backup", *HOME)["to"] == "bk"


def test_a_damaged_share_is_named_and_strange_shares_put_no_key_back(home):
    told("backup", "--to", "bk", *HOME)
    told("restore", "--from", "bk", "--key", "backup.key", "--data", "new")
    shares = sorted((home / "shares").iterdir())
    text = shares[1].read_text("utf-8")
    shares[1].write_text(text.replace(" 2  ", " 2  A", 1), "utf-8")
    assert f"{shares[1]}: share 2: line 2" in told("keys-restore", *shares[:3], "--data", "new", code=1)["error"]
    # Another platform's shares are whole, and not this folder's.
    live(home / "other", home / "packs" / "shop", EVENTS[:1])
    told("keys-backup", "--out", "others", "--data", "other", "--needed", 2, "--shares", 2)
    refused = told("keys-restore", *sorted((home / "others").iterdir()), "--data", "new", code=1)
    assert "another key" in refused["problems"][0]["problem"]
    assert not (home / "new" / "state" / "key-token").exists()
    assert told("keys-restore", shares[0], *shares[2:], "--data", "new", "--backup-key-out", "again.key")["ok"]
    assert (home / "again.key").read_text("utf-8") == (home / "backup.key").read_text("utf-8")


def test_a_key_that_is_not_the_one_of_the_restored_folder_does_not_start_it(home):
    told("backup", "--to", "bk", *HOME)
    told("restore", "--from", "bk", "--key", "backup.key", "--data", "new")
    path = home / "new" / "state" / "key-token"
    path.write_bytes(bytes(32))
    path.chmod(0o600)
    found = told("doctor", "--data", "new", code=1)["findings"]
    assert [each["text"] for each in found if "not the key" in each["text"]]


def test_an_older_snapshot_serves_until_too_much_would_be_replayed_after_it(home, monkeypatch):
    first = told("backup", "--to", "bk", *HOME)
    live(home / "data", home / "packs" / "shop", [pay(100, "5.00", AT_US + 10**9)])
    assert (home / "data" / "state" / "snapshot-0000000000000026").exists()
    second = told("backup", "--to", "bk", *HOME)
    assert second["new_bytes"] < first["new_bytes"]
    found = told("drill", "--from", "bk", "--key", "backup.key")
    assert (found["snapshot"], found["replayed"], found["decisions"]) == ("snapshot-0000000000000025", 1, 25)
    monkeypatch.setattr(snapshots, "TAIL_MAX", 0)
    told("backup", "--to", "bk", *HOME)
    assert told("drill", "--from", "bk", "--key", "backup.key")["snapshot"] == "snapshot-0000000000000026"


def test_a_snapshot_of_definitions_that_are_in_force_no_more_does_not_serve(home):
    told("backup", "--to", "bk", *HOME)
    path = home / "packs" / "shop" / "pack.toml"
    path.write_text(path.read_text("utf-8").replace('version = "1', 'version = "9.1'), "utf-8")
    assert "9." in path.read_text("utf-8")
    live(home / "data", home / "packs" / "shop", [pay(100, "5.00", AT_US + 10**9)])
    told("backup", "--to", "bk", *HOME)
    found = told("drill", "--from", "bk", "--key", "backup.key")
    assert (found["snapshot"], found["replayed"]) == ("snapshot-0000000000000027", 0)
