"""The archive holds every decision of the journal once, with every value as the journal has it, come what may."""

import asyncio
import json

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history_world import (
    archived,
    count_of,
    naive_rows,
    prefix,
    read_rows,
    rebatched,
    shop_journal,
    versions,
    wallet_journal,
)
from jindi.run.archive import Archive
from jindi.run.history import follower as following
from jindi.run.history import parts as stored
from jindi.run.history.follower import Follower
from jindi.run.history.keeper import Keeper
from jindi.run.history.manifest import Broken, load
from jindi.run.history.shapes import meta_of
from jindi.run.history.verify import verify
from jindi.run.platform import Settings
from jindi.stores import FileTree
from shop_world import CANARIES, Shop, pay, run

JOURNALS = {"shop": shop_journal, "wallet": wallet_journal}


@pytest.fixture
def files(tmp_path):
    tree = FileTree(tmp_path / "archive")
    yield tree
    tree.close()


def same_rows(files, log):
    """Every decision once; a column that another type or version has is not there."""
    assert read_rows(files) == naive_rows(log)


def test_a_mean_of_amounts_is_kept_with_what_lies_between_two_minor_units(files):
    log = shop_journal()
    archived(files, log)
    means = [row["usual_30d"] for row in read_rows(files).values() if row.get("usual_30d") is not None]
    assert any(mean != int(mean) for mean in means)
    assert {row["usual_twice"] for row in read_rows(files).values() if row.get("usual_30d") in means[-1:]} == {
        2 * means[-1]
    }


@pytest.mark.parametrize("journal", JOURNALS)
def test_an_archive_is_the_journal_row_by_row(files, journal):
    log = JOURNALS[journal]()
    archived(files, log)
    same_rows(files, log)
    proved = verify(files, Archive(log))
    assert (proved.rows, proved.next) == (count_of(log), log.next_seq())


def test_the_journal_of_these_tests_has_everything_in_it():
    rows = naive_rows(shop_journal()).values()
    assert len({row["definitions"] for row in rows}) == 3
    assert {row["outcome"] for row in rows} == {"allow", "challenge", "delay", "review", "deny"}
    for column in ("late", "absent", "shadows", "exempted", "presumed", "reasons", "method", "wait_us"):
        assert any(row[column] for row in rows), column
    assert len({row["day"] for row in rows}) >= 3


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 40), max_size=30), cuts=st.lists(st.integers(0, 40), max_size=8), data=st.data())
def test_wherever_batches_end_and_rounds_stop_each_decision_is_archived_once(tmp_path_factory, sizes, cuts, data):
    log = rebatched(shop_journal(), sizes)
    files = FileTree(tmp_path_factory.mktemp("archive"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "STEP_ROWS", data.draw(st.integers(1, 60)))
        patch.setattr(following, "BATCH_ROWS", data.draw(st.integers(1, 60)))
        patch.setattr(stored, "GROUP_PARTS", data.draw(st.integers(2, 5)))
        patch.setattr(stored, "PART_ROWS", data.draw(st.integers(2, 200)))
        patch.setattr(stored, "READ_ROWS", data.draw(st.integers(1, 50)))
        files.hold()
        for cut in sorted(cuts):
            Follower(files, Archive(prefix(log, cut))).follow()
        follower = Follower(files, Archive(log))
        assert follower.follow() == log.next_seq() - load_next(cuts, log)
        assert follower.follow() == 0
        same_rows(files, log)
        verify(files, Archive(log))
        assert [(part.rows, len(read)) for part, read in per_part(files)] == [
            (part.rows, part.rows) for part in load(files).parts
        ]
    files.close()


def load_next(cuts, log):
    return prefix(log, max(cuts, default=0)).next_seq()


def per_part(files):
    for part in load(files).parts:
        with files.open(part.path) as raw:
            yield part, pq.read_table(pa.BufferReader(raw.read()))


def test_a_part_has_rows_of_one_day_type_and_definitions_only(files):
    archived(files, shop_journal())
    seen = set()
    for part, table in per_part(files):
        assert set(table.column("definitions").to_pylist()) == {part.definitions}
        assert {f"{at:%Y-%m-%d}" for at in table.column("as_of").to_pylist()} == {part.day}
        assert meta_of(table.schema).event_type == part.type
        numbers = table.column("seq").to_pylist()
        assert numbers == sorted(numbers)
        assert (part.first, part.last) == (numbers[0], numbers[-1])
        seen.add(part.group)
    assert len(seen) == len(
        {(row["day"], row["type"], row["definitions"]) for row in naive_rows(shop_journal()).values()}
    )


def test_columns_have_the_types_of_what_they_hold(files):
    archived(files, shop_journal())
    tables = {part.type: table for part, table in per_part(files)}
    reading, payment = tables["reading"].schema, tables["pay"].schema
    instant = pa.timestamp("us", "UTC")
    types = {
        "whole": pa.int64(), "share": pa.float64(), "good": pa.bool_(), "when_": instant, "price": pa.int64(),
        "money_of": pa.string(), "yen": pa.int64(), "at": instant, "as_of": instant, "received_at": instant,
    }  # fmt: skip
    assert {name: reading.field(name).type for name in types} == types
    assert reading.field("yen").metadata[b"currency"] == b"JPY"
    assert reading.field("price").metadata[b"currency_field"] == b"money_of"
    money = payment.field("spent_1d")
    assert (money.type, money.metadata[b"currency"], money.metadata[b"unit"]) == (pa.int64(), b"CNY", b"minor")
    assert payment.field("limit('daily')").type == pa.int64()
    assert payment.field("user in list('blocked')").type == pa.bool_()
    assert payment.field("device").metadata[b"token_of"] == b"device"


def test_a_slot_that_has_the_name_of_a_column_of_the_decision_stands_beside_it(files):
    log = wallet_journal()
    archived(files, log)
    rows = [row for row in read_rows(files).values() if row["type"] == "challenge_result"]
    assert rows
    assert all(row["slot_method"] and row["method"] is None for row in rows)
    (_, table), *_ = [(part, table) for part, table in per_part(files) if part.type == "challenge_result"]
    assert meta_of(table.schema).columns["slot_method"].slot == "method"


@pytest.mark.parametrize("journal", JOURNALS)
def test_duckdb_reads_the_folder_as_it_stands(files, tmp_path, journal):
    log = JOURNALS[journal]()
    archived(files, log)
    glob = tmp_path / "archive" / "**" / "*.parquet"
    table = duckdb.sql(
        f"select * from read_parquet('{glob}', hive_partitioning = true, union_by_name = true) order by seq"
    ).to_arrow_table()
    wanted = naive_rows(log)
    found = {row["seq"]: row for row in table.to_pylist()}
    assert found.keys() == wanted.keys()
    for seq, row in wanted.items():
        assert {name: str(found[seq][name]) if name == "day" else found[seq][name] for name in row} == row


@pytest.mark.parametrize("journal", JOURNALS)
def test_polars_reads_the_folder_as_it_stands(files, tmp_path, journal):
    log = JOURNALS[journal]()
    archived(files, log)
    wanted = naive_rows(log)
    for event_type in {row["type"] for row in wanted.values()}:
        frame = pl.scan_parquet(
            tmp_path / "archive" / "*" / f"type={event_type}" / "*.parquet",
            hive_partitioning=True, missing_columns="insert", extra_columns="ignore",
        )  # fmt: skip
        names = set(frame.collect_schema().names())
        for found in frame.collect().to_dicts():
            row = wanted.pop(found["seq"])
            assert {name: str(found[name]) if name == "day" else found[name] for name in row if name in names} == {
                name: value for name, value in row.items() if name in names
            }
    assert not wanted


def test_no_clear_identifier_is_in_any_byte_of_the_archive(files, tmp_path):
    log = shop_journal()
    archived(files, log)
    rows = naive_rows(log).values()
    assert any(row.get("phone", "") and row["phone"].startswith("phone.") for row in rows)
    seen = 0
    for path in sorted((tmp_path / "archive").rglob("*")):
        if path.is_file():
            everything = [path.read_bytes()]
            if path.suffix == ".parquet":
                # Compressed pages hide what they hold: the cells are looked at, too.
                table = pq.ParquetFile(path).read()
                everything.append(json.dumps(table.to_pylist(), default=str, ensure_ascii=False).encode())
                seen += table.num_rows
            for canary in CANARIES:
                assert not any(canary.encode() in each for each in everything), (path, canary)
    assert seen == len(rows)


# ---- few files


def small_rounds(files, log, step=1, first=1):
    """Rounds that each find a few batches more."""
    archive = Archive(log)
    ends = [frame.first + frame.count for frame in log.read(0)]
    follower = Follower(files, archive)
    for end in [*ends[first - 1 :: step], ends[-1]]:
        follower.follow(end)
    return follower


def test_many_rounds_leave_few_parts_and_the_same_rows(files):
    log = rebatched(wallet_journal(), [10] * 70)
    files.hold()
    follower = small_rounds(files, log)
    same_rows(files, log)
    verify(files, Archive(log))
    groups = {}
    for part in follower.manifest.parts:
        groups.setdefault(part.group, []).append(part)
    today = max(part.day for part in follower.manifest.parts)
    for (day, *_), group in groups.items():
        assert len(group) <= (stored.GROUP_PARTS + 3 if day == today else 1)


def test_a_row_is_written_again_only_a_few_times(files, monkeypatch):
    log = rebatched(prefix(wallet_journal(), 400), [1] * 700)
    written = []
    write = stored.write
    monkeypatch.setattr(stored, "write", lambda *given: written.append(write(*given)) or written[-1])
    files.hold()
    follower = small_rounds(files, log, step=3)
    rows = follower.manifest.rows
    # Eight parts become one, eight of those become one: no row is written more often than the logarithm says.
    assert sum(part.rows for part in written) <= 12 * rows


def test_parts_are_not_joined_beyond_their_size(files, monkeypatch):
    monkeypatch.setattr(stored, "PART_ROWS", 30)
    log = rebatched(wallet_journal(), [10] * 70)
    files.hold()
    follower = small_rounds(files, log)
    same_rows(files, log)
    assert any(part.rows > 15 for part in follower.manifest.parts)
    assert all(part.rows <= 30 for part in follower.manifest.parts)


def test_a_reader_of_an_older_manifest_finds_the_rows_where_they_were_joined(files):
    log = rebatched(wallet_journal(), [10] * 70)
    files.hold()
    before = small_rounds(files, prefix(log, 30)).manifest
    small_rounds(files, log, first=31)
    gone = [part for part in before.parts if part.path not in files.names()]
    assert gone
    wanted = naive_rows(log)
    for part in before.parts:
        rows = [row for batch in stored.still_there(files, part) for row in batch.to_pylist()]
        assert [row["seq"] for row in rows] == [
            seq for seq, row in wanted.items() if part.first <= seq <= part.last and row["type"] == part.type
        ]
        narrow = [row for batch in stored.still_there(files, part, ["outcome"]) for row in batch.to_pylist()]
        assert narrow == [{"outcome": row["outcome"]} for row in rows]


# ---- whose archive it is


def test_an_archive_of_another_journal_is_refused_and_stays_as_it_is(files):
    archived(files, shop_journal())
    before = read_rows(files)
    for other in (wallet_journal(), rebatched(shop_journal(), [3, 50]), prefix(shop_journal(), 4)):
        with pytest.raises(Broken, match="another journal"):
            Follower(files, Archive(other))
    assert read_rows(files) == before


def test_an_archive_with_a_missing_part_is_not_gone_on_with(files):
    follower = archived(files, shop_journal())
    gone = follower.manifest.parts[3].path
    files.drop(gone)
    with pytest.raises(Broken, match="missing") as broken:
        Follower(files, Archive(shop_journal()))
    assert broken.value.place == gone


def test_files_that_no_follower_makes_are_let_be(files, tmp_path):
    (tmp_path / "archive").mkdir()
    note = tmp_path / "archive" / "README.txt"
    note.write_text("mine")
    stray = tmp_path / "archive" / "day=2026-01-01" / "type=pay" / "part-1-2.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_text("half")
    archived(files, shop_journal())
    assert note.read_text() == "mine"
    assert not stray.exists()


def test_two_processes_never_follow_into_one_archive(files, tmp_path):
    assert files.hold()
    other = FileTree(tmp_path / "archive")
    assert not other.hold()
    files.close()
    assert other.hold()
    other.close()


# ---- beside the lane


def test_a_platform_archives_what_it_decides_and_goes_on_after_a_restart(tmp_path):
    async def go():
        keeper = Keeper(FileTree(tmp_path / "archive"))
        async with Shop() as shop:
            for number in range(20):
                await shop.send(pay(number))
            keeper.round(shop.platform.archive)
            await shop.platform.take(versions()[1])
            for number in range(20, 30):
                await shop.send(pay(number))
            keeper.round(shop.platform.archive)
            keeper.close()
            keeper.round(shop.platform.archive)  # closed: nothing happens any more
            await shop.send(pay(99))
            return shop.log

    log = run(go())
    files = FileTree(tmp_path / "archive")
    assert len(read_rows(files)) == 30
    follower = archived(files, log)
    assert follower.manifest.rows == 31
    same_rows(files, log)
    files.close()


async def until(holds):
    """Wait for something that another thread does; a test that never gets there is ended by its runner."""
    while not holds():  # noqa: ASYNC110 - the other thread knows nothing of events
        await asyncio.sleep(0.01)


def test_a_running_platform_makes_its_rounds_by_itself_and_tells_when_it_can_not(tmp_path, monkeypatch):
    monkeypatch.setattr("jindi.run.rounds.MINUTE_US", 10_000)

    async def go():
        folder = tmp_path / "archive"
        other = FileTree(folder)
        assert other.hold()
        async with Shop(keeper=Keeper(FileTree(folder)), settings=Settings(release_due=False)) as shop:
            await shop.send(pay(1))
            await until(lambda: any("another process follows" in line for line in shop.told))
            other.close()
            await until(lambda: load(FileTree(folder)).rows == 1)
            await shop.send(pay(2))
            await until(lambda: load(FileTree(folder)).rows == 2)
            # The lane is recovered over another journal object; its archive goes on.
            await shop.platform._recover()
            await shop.send(pay(3))
            await until(lambda: load(FileTree(folder)).rows == 3)
            return shop.log

    same_rows(FileTree(tmp_path / "archive"), run(go()))


def test_decisions_go_on_when_the_archive_can_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("jindi.run.rounds.MINUTE_US", 10_000)
    (tmp_path / "archive").write_text("a file where the folder should be")

    async def go():
        keeper = Keeper(FileTree(tmp_path / "archive"))
        async with Shop(keeper=keeper, settings=Settings(release_due=False)) as shop:
            await until(lambda: any("the archive is not up to date" in line for line in shop.told))
            assert (await shop.send(pay(1)))["outcome"] == "allow"

    run(go())


def test_a_round_that_is_broken_off_leaves_the_archive_as_it_was(tmp_path, monkeypatch):
    async def go():
        keeper = Keeper(FileTree(tmp_path / "archive"))
        async with Shop() as shop:
            await shop.send(pay(1))
            keeper.round(shop.platform.archive)
            await shop.send(pay(2))
            monkeypatch.setattr("jindi.run.history.keeper.time.sleep", lambda _: keeper._stopping.set())
            keeper.round(shop.platform.archive)
            keeper.close()

    run(go())
    assert len(read_rows(FileTree(tmp_path / "archive"))) == 1
