"""What every store of files below a folder promises."""

import pytest

from jindi.stores import FileTree


@pytest.fixture
def files(tmp_path):
    tree = FileTree(tmp_path / "tree")
    yield tree
    tree.close()


def test_a_file_is_given_back_whole_and_in_parts(files):
    files.save("day=2026-11-22/type=pay/part-1.parquet", [b"ab", memoryview(b"cdef")])
    with files.open("day=2026-11-22/type=pay/part-1.parquet") as file:
        assert file.read() == b"abcdef"
        assert file.seek(-2, 2) == 4
        assert file.read(1) == b"e"
        assert file.seek(1) == 1
        assert file.read(2) == b"bc"
        assert file.tell() == 3


def test_saving_again_replaces_the_whole_while_readers_keep_what_they_opened(files):
    files.save("a/x", [b"old and long"])
    with files.open("a/x") as file:
        files.save("a/x", [b"new"])
        assert file.read() == b"old and long"
    with files.open("a/x") as file:
        assert file.read() == b"new"


def test_a_dropped_file_is_gone_and_stays_readable_where_it_is_open(files):
    files.save("a/x", [b"1"])
    with files.open("a/x") as file:
        files.drop("a/x")
        files.drop("a/x")
        assert file.read() == b"1"
    with pytest.raises(FileNotFoundError):
        files.open("a/x")
    assert files.names() == ()


def test_all_names_are_told_and_the_lock_is_none_of_them(files, tmp_path):
    assert files.names() == ()
    assert files.hold()
    files.save("b=1/c=2/d", [b""])
    files.save("_jindi/manifest.json", [b""])
    (tmp_path / "tree" / "b=1" / ".d.17-1-1.new").write_bytes(b"half")
    assert files.names() == ("_jindi/manifest.json", "b=1/.d.17-1-1.new", "b=1/c=2/d")
    files.drop("b=1/.d.17-1-1.new")
    assert files.names() == ("_jindi/manifest.json", "b=1/c=2/d")


def test_only_one_holds_a_folder(files, tmp_path):
    other = FileTree(tmp_path / "tree")
    assert files.hold()
    assert files.hold()
    assert not other.hold()
    files.close()
    assert other.hold()
    other.close()


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../x", "a/./x", "a//x", ".hidden/x", "a/.x", "a/", "", "a\\b", "é"]
)
def test_paths_that_lead_elsewhere_are_refused(files, path):
    with pytest.raises(ValueError, match="may hold letters"):
        files.save(path, [b"x"])


def test_links_are_not_followed(files, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_bytes(b"secret")
    files.save("a/y", [b"1"])
    (tmp_path / "tree" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "tree" / "a" / "x").symlink_to(tmp_path / "elsewhere" / "x")
    assert files.names() == ("a/x", "a/y", "b")
    with pytest.raises(OSError, match="symbolic"):
        files.open("a/x")
