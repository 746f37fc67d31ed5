"""Settings and packs in a file of their own: saved, checked, and restored into a new folder."""

import json
import shutil

import pytest
from test_doors_cli import EVENTS, live, told, write_packs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_packs(tmp_path / "packs")
    live(tmp_path / "data", tmp_path / "packs" / "shop", EVENTS[:2], vault=True)
    (tmp_path / "data" / "jindi.toml").write_text('packs = ["packs/shop"]\nlisten = "127.0.0.1:8421"\n')
    return tmp_path


def test_settings_and_packs_come_back_as_they_were_and_no_secret_is_in_the_file(home):
    made = told("config", "save", "--out", "config.jindi", "--data", "data")
    raw = (home / "config.jindi").read_bytes()
    for secret in ((home / "data" / "state" / "key-token").read_bytes(),
                   (home / "data" / "keys" / "root.key").read_bytes().strip()):  # fmt: skip
        assert secret not in raw
        assert secret.hex().encode() not in raw
    back = told("config", "restore", "config.jindi", "--by", made["key"], "--data", "new")
    assert (back["signature"], back["packs"]) == ("checked", made["packs"])
    assert (home / "new" / "jindi.toml").read_text() == (home / "data" / "jindi.toml").read_text()
    before = {path.relative_to(home / "packs"): path.read_text() for path in (home / "packs").rglob("*.toml")}
    after = {path.relative_to(home / "new/packs"): path.read_text() for path in (home / "new/packs").rglob("*.toml")}
    assert before == after
    again = told("config", "save", "--out", "config.jindi", "--data", "data", "--packs", "new/packs/shop")
    assert again["digest"] == made["digest"]


def test_a_file_that_was_changed_or_is_anothers_is_refused_and_nothing_is_made(home):
    made = told("config", "save", "--out", "config.jindi", "--data", "data")
    good = (home / "config.jindi").read_text("utf-8")
    shutil.copytree("data", "other")
    (home / "other" / "state" / "key-signing").unlink()
    other = told("config", "save", "--out", "other.jindi", "--data", "other")
    for text, by in (
        (good.replace("8421", "8422"), made["key"]), (good, other["key"]), (good, "no key"), (good[:-40], made["key"]),
        ("", None),
    ):  # fmt: skip
        (home / "config.jindi").write_text(text, "utf-8")
        more = ("--by", by) if by else ()
        assert told("config", "restore", "config.jindi", *more, "--data", "new", code=1)["ok"] is False
        assert not (home / "new").exists()


def test_nothing_is_restored_over_what_is_there(home):
    told("config", "save", "--out", "config.jindi", "--data", "data")
    assert "not empty" in json.dumps(told("config", "restore", "config.jindi", "--data", "data", code=1))
