"""What every store of blobs promises."""

import stat

import pytest

from jindi.stores import FileBlobs, MemoryBlobs


@pytest.fixture(params=["files", "memory"])
def blobs(request, tmp_path):
    return FileBlobs(tmp_path / "blobs") if request.param == "files" else MemoryBlobs()


def test_a_blob_is_given_back_whole(blobs):
    blobs.save("snapshot-1", [b"ab", b"", memoryview(b"cd")])
    assert blobs.load("snapshot-1") == b"abcd"


def test_chunks_of_other_shapes_are_their_bytes(blobs):
    blobs.save("numbers", [memoryview(bytes(range(16))).cast("Q")])
    assert blobs.load("numbers") == bytes(range(16))


def test_saving_again_replaces_the_whole(blobs):
    blobs.save("state", [b"a long first text"])
    blobs.save("state", [b"short"])
    assert blobs.load("state") == b"short"


def test_an_unknown_name_holds_nothing_and_can_be_dropped(blobs):
    assert blobs.load("nothing") is None
    blobs.drop("nothing")


def test_a_dropped_blob_is_gone(blobs):
    blobs.save("a", [b"1"])
    blobs.drop("a")
    assert blobs.load("a") is None
    assert blobs.names() == ()


def test_names_are_sorted_and_chosen_by_prefix(blobs):
    for name in ("b-2", "a", "b-10", "b-1"):
        blobs.save(name, [b""])
    assert blobs.names() == ("a", "b-1", "b-10", "b-2")
    assert blobs.names("b-") == ("b-1", "b-10", "b-2")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/x", "a/b", "a\\b", ".hidden", "a\n", "a\0", "é", "x" * 201, "-x"]
)
def test_names_with_path_tricks_are_refused(blobs, name):
    for act in (lambda: blobs.save(name, [b"x"]), lambda: blobs.load(name), lambda: blobs.drop(name)):
        with pytest.raises(ValueError, match="the name of a blob"):
            act()


def test_a_save_that_breaks_off_leaves_the_old_bytes(blobs):
    def chunks():
        yield b"half"
        raise RuntimeError("no more")

    blobs.save("state", [b"old"])
    with pytest.raises(RuntimeError):
        blobs.save("state", chunks())
    assert blobs.load("state") == b"old"
    assert blobs.names() == ("state",)


def test_private_files_are_for_the_owner_alone(tmp_path):
    blobs = FileBlobs(tmp_path)
    blobs.save("key", [b"secret"], private=True)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_symbolic_links_are_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    blobs = FileBlobs(tmp_path / "blobs")
    (tmp_path / "blobs" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        blobs.load("link")
    blobs.save("link", [b"ours"])
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"
    assert blobs.load("link") == b"ours"


def test_what_interrupted_saves_left_is_invisible_and_can_be_tidied(tmp_path):
    blobs = FileBlobs(tmp_path)
    blobs.save("a", [b"1"])
    (tmp_path / ".b.17-1-0.new").write_bytes(b"half")
    assert blobs.names() == ("a",)
    assert blobs.tidy() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
