"""Folders of pack files: read whole or refused, written new or not at all."""

import os
from pathlib import Path

import pytest

from jindi.basics.problems import Problems
from jindi.stores import folders
from jindi.stores.folders import change_folder, copy_packs, read_folder, write_folder


def refused(path):
    with pytest.raises(Problems) as raised:
        read_folder(path)
    return [str(problem) for problem in raised.value.problems]


def a_pack(path: Path, **files):
    for name, text in {"pack.toml": 'name = "a"\n', "policies/p.toml": "id = 1\n", **files}.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return path


def test_a_folder_with_a_pack_file_is_one_pack(tmp_path):
    assert list(read_folder(a_pack(tmp_path / "shop"))) == ["shop/pack.toml", "shop/policies/p.toml"]


def test_a_folder_of_packs_gives_all_of_them(tmp_path):
    a_pack(tmp_path / "shop")
    a_pack(tmp_path / "zoo")
    assert list(read_folder(tmp_path)) == [
        "shop/pack.toml",
        "shop/policies/p.toml",
        "zoo/pack.toml",
        "zoo/policies/p.toml",
    ]


def test_only_toml_is_read_and_hidden_files_are_passed_by(tmp_path):
    a_pack(
        tmp_path / "shop",
        **{"README.md": "x", ".git/pack.toml": "x", ".hidden.toml": "x", "policies/p.toml~": "x"},
    )
    assert list(read_folder(tmp_path)) == ["shop/pack.toml", "shop/policies/p.toml"]


def test_model_files_are_read_from_their_own_folder_and_may_be_large(tmp_path):
    large = "1" * (folders.FILE_BYTES_MAX + 1)
    pack = a_pack(tmp_path / "shop", **{"models/m.json": large, "models/m.md": "card", "other.json": "{}"})
    assert read_folder(pack)["shop/models/m.json"] == large
    assert list(read_folder(pack)) == ["shop/models/m.json", "shop/pack.toml", "shop/policies/p.toml"]


def test_texts_come_back_as_they_are(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/pack.toml").write_bytes("# 金堤\r\n".encode())
    assert read_folder(tmp_path / "shop") == {"shop/pack.toml": "# 金堤\r\n"}


def test_what_is_no_folder_or_holds_no_pack_is_refused(tmp_path):
    assert "not a folder" in refused(tmp_path / "nowhere")[0]
    assert "holds no pack" in refused(tmp_path)[0]


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    a_pack(tmp_path / "shop")
    (tmp_path / "secret.toml").write_text("key = 1", "utf-8")
    (tmp_path / "shop/x.toml").symlink_to(tmp_path / "secret.toml")
    (tmp_path / "shop/lists").symlink_to(tmp_path)
    lines = refused(tmp_path / "shop")
    assert lines == [
        "lists: is a link to a folder or out of the folder (put the file itself into the folder)",
        "x.toml: is a link to a folder or out of the folder (put the file itself into the folder)",
    ]


def test_a_link_inside_the_folder_is_read_as_mounted_configuration_is(tmp_path):
    shop = tmp_path / "shop"
    a_pack(shop / "..2026_data")
    (shop / "pack.toml").symlink_to("..2026_data/pack.toml")
    assert read_folder(shop) == {"shop/pack.toml": 'name = "a"\n'}


def test_what_is_not_utf_8_is_refused_with_its_line(tmp_path):
    a_pack(tmp_path / "shop")
    (tmp_path / "shop/events.toml").write_bytes("# good\n# 坏".encode("gbk"))
    assert refused(tmp_path) == ["shop/events.toml: line 2: not UTF-8 (save the file as UTF-8)"]


def test_a_file_that_is_too_large_is_refused(tmp_path):
    a_pack(
        tmp_path / "shop",
        **{"events.toml": "#" * (folders.FILE_BYTES_MAX + 1), "features.toml": "#" * folders.FILE_BYTES_MAX},
    )
    assert refused(tmp_path) == ["shop/events.toml: larger than 1000000 bytes (split it)"]


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "FILES_MAX", 1)
    assert "more than 1 files" in refused(a_pack(tmp_path / "shop"))[0]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    a_pack(tmp_path / "shop")
    os.mkfifo(tmp_path / "shop/events.toml")
    assert refused(tmp_path) == ["shop/events.toml: not a plain file (remove it)"]


def test_all_problems_are_told_at_once(tmp_path):
    a_pack(tmp_path / "shop", **{"events.toml": "#" * (folders.FILE_BYTES_MAX + 1)})
    (tmp_path / "shop/features.toml").write_bytes(b"\xff")
    assert len(refused(tmp_path)) == 2


def test_what_is_written_is_read_again(tmp_path):
    files = {"shop/pack.toml": "a = 1\n", "shop/policies/p.toml": "# 金\n"}
    write_folder(tmp_path / "new", files)
    assert read_folder(tmp_path / "new") == files


def test_nothing_is_overwritten_and_then_nothing_is_written(tmp_path):
    a_pack(tmp_path / "shop")
    with pytest.raises(Problems, match=r"shop/pack\.toml: is there already"):
        write_folder(tmp_path, {"shop/new.toml": "x", "shop/pack.toml": "x"})
    assert (tmp_path / "shop/pack.toml").read_text("utf-8") == 'name = "a"\n'
    assert not (tmp_path / "shop/new.toml").exists()


@pytest.mark.parametrize("path", ["../out.toml", "/etc/x.toml", "a/../../x.toml", "", "a\\b.toml"])
def test_nothing_is_written_outside_the_folder(tmp_path, path):
    with pytest.raises(Problems, match="not a path below the folder"):
        write_folder(tmp_path, {path: "x"})


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base/out").symlink_to(tmp_path)
    with pytest.raises(Problems, match="behind a link"):
        write_folder(tmp_path / "base", {"out/x.toml": "x"})


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "shop").write_text("a file where a folder should be", "utf-8")
    with pytest.raises(Problems, match="could not be written"):
        write_folder(tmp_path, {"aaa/pack.toml": "x", "shop/pack.toml": "x"})
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_what_the_system_refuses_to_read_is_a_problem(tmp_path, monkeypatch):
    a_pack(tmp_path / "shop")

    def refuse(*_args, **_keys):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refused(tmp_path)[0] == "shop/pack.toml: cannot be read: Permission denied (look at its rights)"
    monkeypatch.setattr(folders.os, "scandir", refuse)
    assert "cannot be read: Permission denied" in refused(tmp_path)[0]


# ---- changed in place


def test_files_are_changed_added_and_removed_and_the_others_stay(tmp_path):
    a_pack(tmp_path / "shop", **{"lists/a.toml": "a = 1\n"})
    change_folder(
        tmp_path, {"shop/policies/p.toml": "id = 2\n", "shop/policies/q.toml": "id = 3\n", "shop/lists/a.toml": None}
    )
    assert read_folder(tmp_path) == {
        "shop/pack.toml": 'name = "a"\n', "shop/policies/p.toml": "id = 2\n", "shop/policies/q.toml": "id = 3\n",
    }  # fmt: skip
    assert not [each for each in tmp_path.rglob("*") if each.name.endswith(".new")]


def test_a_changed_file_keeps_its_rights_its_line_ends_and_its_mark(tmp_path):
    pack = a_pack(tmp_path / "shop")
    path = pack / "policies" / "p.toml"
    path.write_bytes(b"\xef\xbb\xbfid = 1\r\nx = 2\r\n")
    path.chmod(0o640)
    change_folder(tmp_path, {"shop/policies/p.toml": "id = 2\nx = 2\n"})
    assert path.read_bytes() == b"\xef\xbb\xbfid = 2\r\nx = 2\r\n"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("key", ["../out.toml", "/etc/out.toml", "shop/../../out.toml", "link/out.toml"])
def test_nothing_is_changed_outside_the_folder(tmp_path, key):
    folder = tmp_path / "packs"
    a_pack(folder / "shop")
    (tmp_path / "away").mkdir()
    (folder / "link").symlink_to(tmp_path / "away")
    with pytest.raises(Problems):
        change_folder(folder, {"shop/policies/p.toml": "id = 2\n", key: "x = 1\n"})
    assert (folder / "shop/policies/p.toml").read_text() == "id = 1\n"
    assert not (tmp_path / "out.toml").exists()
    assert list((tmp_path / "away").iterdir()) == []


@pytest.mark.parametrize("failing", [1, 2])
def test_a_change_that_fails_in_between_leaves_all_as_it_was(tmp_path, monkeypatch, failing):
    a_pack(tmp_path / "shop")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.toml")}
    real, calls = Path.replace, []

    def replace(self, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "no space left")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(Problems, match="no space left"):
        change_folder(
            tmp_path, {"shop/policies/p.toml": "id = 2\n", "shop/pack.toml": "x = 2\n", "shop/new/n.toml": "a = 1\n"}
        )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "shop" / "new").exists()


def test_copies_of_packs_are_there_whole_and_changed_or_not_at_all(tmp_path):
    shipped = a_pack(tmp_path / "shipped" / "shop", **{"evaluations/m.json": "{}"})
    for path in (shipped / "pack.toml", shipped):
        path.chmod(path.stat().st_mode & ~0o222)
    (tmp_path / "data").mkdir()
    copy_packs([shipped], tmp_path / "data" / "packs", {"shop/policies/p.toml": "id = 2\n"})
    assert read_folder(tmp_path / "data" / "packs")["shop/policies/p.toml"] == "id = 2\n"
    assert (tmp_path / "data/packs/shop/evaluations/m.json").exists()
    assert (shipped / "policies/p.toml").read_text() == "id = 1\n", "what comes with the program is not touched"
    with pytest.raises(Problems):
        copy_packs([shipped], tmp_path / "data" / "other", {"../x.toml": "id = 2\n"})
    assert sorted(each.name for each in (tmp_path / "data").iterdir()) == ["packs"]
