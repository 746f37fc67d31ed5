"""The proof finds whatever is not as the follower wrote it, and names the place."""

import shutil
from hashlib import sha256

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from history_world import archived, prefix, rebatched, shop_journal
from jindi.run.archive import Archive
from jindi.run.history import manifest as manifests
from jindi.run.history.manifest import Broken, Range, load, save
from jindi.run.history.verify import verify
from jindi.stores import FileTree


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """An archive of several ranges. Nobody changes it."""
    folder = tmp_path_factory.mktemp("sound")
    files = FileTree(folder / "archive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifests, "RANGE_RECORDS", 20)
        patch.setattr("jindi.run.history.follower.STEP_ROWS", 15)
        archived(files, journal().log)
    files.close()
    assert len(load(files).ranges) > 3
    return folder / "archive"


def journal():
    return Archive(rebatched(shop_journal(), [10] * 20))


@pytest.fixture
def copy(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "archive")
    return tmp_path / "archive"


def wrong(folder, archive=None):
    """The place and the problem that the proof names."""
    with pytest.raises(Broken) as broken:
        verify(FileTree(folder), archive or journal())
    return broken.value.place, broken.value.what


def rewritten(folder, change, number=2):
    """A part whose rows somebody has changed, with a manifest that agrees."""
    files = FileTree(folder)
    manifest = load(files)
    part = manifest.parts[number]
    table = change(pq.ParquetFile(folder / part.path).read())
    (folder / part.path).unlink()
    numbers = table.column("seq")
    part = msgspec.structs.replace(
        part, rows=table.num_rows, first=pc.min(numbers).as_py(), last=pc.max(numbers).as_py()
    )
    part = msgspec.structs.replace(part, path=manifests.path_of(part.day, part.type, part.first, part.last))
    pq.write_table(table, folder / part.path)
    part = msgspec.structs.replace(
        part, sha256=sha256((folder / part.path).read_bytes()).hexdigest(), bytes=(folder / part.path).stat().st_size
    )
    parts = [part if place == number else each for place, each in enumerate(manifest.parts)]
    save(files, msgspec.structs.replace(manifest, parts=tuple(parts)))
    return part


def large(folder):
    """The number of a part with several rows."""
    return next(number for number, part in enumerate(load(FileTree(folder)).parts) if part.rows >= 3)


def test_the_sound_archive_is_proved(copy):
    proved = verify(FileTree(copy), journal())
    assert proved.next == journal().log.next_seq()
    assert proved.head == load(FileTree(copy)).head


def test_an_archive_that_is_behind_its_journal_is_proved_as_far_as_it_goes(tmp_path):
    files = FileTree(tmp_path / "archive")
    archived(files, prefix(journal().log, 4))
    assert verify(files, journal()).next == 40


def test_an_archive_that_does_not_exist_yet_is_empty_and_sound(tmp_path):
    assert verify(FileTree(tmp_path / "archive"), journal()).rows == 0
    assert not (tmp_path / "archive").exists()


def test_a_flipped_bit_anywhere_in_a_part_is_found(copy):
    part = load(FileTree(copy)).parts[1]
    content = bytearray((copy / part.path).read_bytes())
    for at in range(0, len(content), max(1, len(content) // 40)):
        content[at] ^= 1
        (copy / part.path).write_bytes(content)
        assert wrong(copy) == (part.path, "the bytes are not those that were written")
        content[at] ^= 1


def test_a_removed_part_is_found(copy):
    for part in load(FileTree(copy)).parts[:3]:
        (copy / part.path).rename(copy / "aside")
        assert wrong(copy) == (part.path, "the file is missing")
        (copy / "aside").rename(copy / part.path)


def test_a_part_that_is_removed_from_the_manifest_too_is_found(copy):
    manifest = load(FileTree(copy))
    for part in manifest.parts:
        kept = tuple(each for each in manifest.parts if each != part)
        save(FileTree(copy), msgspec.structs.replace(manifest, parts=kept))
        (copy / part.path).rename(copy / "aside")
        place, what = wrong(copy)
        assert what.startswith(f"decision {part.first} of the journal is missing") or (
            f"where decision {part.first} of the journal belongs" in what
        )
        assert f"day={part.day}/type={part.type}" in place
        (copy / "aside").rename(copy / part.path)


def test_a_part_beside_the_manifest_is_found(copy):
    part = load(FileTree(copy)).parts[0]
    shutil.copy(copy / part.path, (copy / part.path).with_name("part-0-0.parquet"))
    place, what = wrong(copy)
    assert (place.rpartition("/")[2], what) == ("part-0-0.parquet", "is not in the manifest")


@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_removed_row_is_found_though_the_digests_agree(copy, place):
    number = large(copy)
    gone = []

    def change(table):
        at = range(table.num_rows)[place]
        gone.append(table.column("seq")[at].as_py())
        return pa.concat_tables([table.slice(0, at), table.slice(at + 1)])

    part = rewritten(copy, change, number)
    found, what = wrong(copy)
    assert found == part.path or f"type={part.type}" in found
    assert f"decision {gone[0]} of the journal" in what


def test_two_exchanged_rows_are_found(copy):
    part = rewritten(copy, lambda table: pa.concat_tables([table.slice(1, 1), table.slice(0, 1), table.slice(2)]),
                     large(copy))  # fmt: skip
    place, what = wrong(copy)
    assert place == part.path
    assert "belongs" in what


def test_a_repeated_row_is_found(copy):
    number = large(copy)
    rewritten(copy, lambda table: pa.concat_tables([table.slice(0, 2), table.slice(1)]), number)
    assert "belongs" in wrong(copy)[1] or "not in the journal" in wrong(copy)[1]


@pytest.mark.parametrize("column", ["outcome", "score", "event_id", "as_of", "user", "amount", "spent_1d", "reasons"])
def test_a_changed_cell_is_found_and_named_though_the_digests_agree(copy, column):
    number = next(n for n, part in enumerate(load(FileTree(copy)).parts) if part.type == "pay" and part.rows > 2)

    def change(table):
        cells = table.column(column).to_pylist()
        kind = table.schema.field(column).type
        cells[1] = {"outcome": "allow?", "score": 3, "event_id": "x", "user": "nobody", "amount": 7,
                    "spent_1d": 12_345_678, "reasons": ["no"], "as_of": cells[1].replace(microsecond=77)
                    if column == "as_of" else None}[column]  # fmt: skip
        return table.set_column(table.schema.get_field_index(column), table.schema.field(column), pa.array(cells, kind))

    part = rewritten(copy, change, number)
    place, what = wrong(copy)
    assert place == part.path
    assert f"column {column} is not what the journal says" in what


def test_a_currency_that_was_changed_in_the_metadata_is_found(copy):
    number = next(n for n, part in enumerate(load(FileTree(copy)).parts) if part.type == "pay")

    def change(table):
        field = table.schema.field("amount").with_metadata({"currency": "JPY"})
        place = table.schema.get_field_index("amount")
        return table.cast(table.schema.set(place, field))

    part = rewritten(copy, change, number)
    assert wrong(copy) == (part.path, "its columns are not those of its event type")


def with_ranges(folder, ranges):
    files = FileTree(folder)
    save(files, msgspec.structs.replace(load(files), ranges=tuple(ranges)))


def test_reordered_missing_and_overlapping_ranges_are_found(sound, copy):
    whole = list(load(FileTree(copy)).ranges)
    for ranges in (
        [whole[1], whole[0], *whole[2:]],
        [whole[0], *whole[2:]],
        whole[1:],
        [whole[0], whole[0], *whole[1:]],
        [whole[0], Range(whole[1].first - 1, whole[1].next, whole[1].head), *whole[2:]],
    ):
        with_ranges(copy, ranges)
        place, what = wrong(copy)
        assert place == "_jindi/manifest.json"
        assert "range" in what
        shutil.copy(sound / "_jindi" / "manifest.json", copy / "_jindi" / "manifest.json")


def test_a_range_that_ends_elsewhere_or_in_another_head_is_found(copy):
    whole = list(load(FileTree(copy)).ranges)
    first = whole[1]
    with_ranges(copy, [whole[0], Range(first.first, first.next, whole[2].head), *whole[2:]])
    assert wrong(copy) == (f"range of records {first.first} to {first.next - 1}", "its head is not the journal's")
    moved = Range(first.first, first.next - 1, first.head)
    with_ranges(copy, [whole[0], moved, Range(moved.next, whole[2].next, whole[2].head), *whole[3:]])
    assert wrong(copy)[1] == "does not end where a batch of the journal ends"


def test_a_journal_that_lost_its_end_is_found(copy):
    place, what = wrong(copy, Archive(prefix(journal().log, 5)))
    assert (place.startswith("range of records"), what) == (True, "the journal ends at record 50")


def test_any_flipped_byte_of_the_manifest_is_found(copy):
    path = copy / "_jindi" / "manifest.json"
    content = bytearray(path.read_bytes())
    for at in range(0, len(content), 13):
        content[at] ^= 1
        path.write_bytes(content)
        wrong(copy)
        content[at] ^= 1


def test_another_journal_is_found(copy):
    place, what = wrong(copy, Archive(rebatched(shop_journal(), [7] * 30)))
    assert "range" in place
    assert "batch" in what or "head" in what
