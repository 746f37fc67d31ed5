"""Exports hold exactly what was asked for; no cell is a formula, and SQL reads the decisions and nothing else."""

import csv
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history_world import archived, instant, naive_rows, shop_journal, wallet_journal
from jindi.basics.instants import parse_instant
from jindi.basics.problems import Problems
from jindi.language import BOOL, INT, TEXT, TIME, Scope, evaluate, read, time_words
from jindi.packs.scopes import scope_for
from jindi.run.archive import Archive
from jindi.run.history.manifest import load
from jindi.run.history.selection import Selection, Wanted
from jindi.run.history.sql import Query
from jindi.run.history.tables import safe, write_table
from jindi.run.records import DecisionRecord
from jindi.stores import FileTree


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop") / "archive"
    files = FileTree(folder)
    archived(files, shop_journal())
    files.close()
    return folder


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wallet") / "archive"
    files = FileTree(folder)
    archived(files, wallet_journal())
    files.close()
    return folder


def chosen(folder, **wanted):
    """The numbers of the rows that an export has."""
    files = FileTree(folder)
    selection = Selection(files, load(files), Wanted(**wanted))
    return [seq for batch in selection.batches() for seq in batch.column("seq").to_pylist()]


def problems_of(make):
    with pytest.raises(Problems) as found:
        make()
    return str(found.value)


def sql(folder, text, **wanted):
    files = FileTree(folder)
    query = Query(files, folder, load(files), Wanted(**wanted), text)
    return pa.Table.from_batches(list(query.batches()), query.schema)


# ---- conditions

CONDITIONS = [
    "amount >= cny('1000')",
    "amount >= cny('1000') and spent_1d <= limit('daily')",
    "user in list('blocked') or user == 'u1'",
    "device_users >= 1 and not late",
    "missing(retry_of)",
    "outcome == 'deny' and score == 0",
    "outcome in ['review', 'delay']",
    "hour >= 20 or weekday == 7",
    "as_of >= at and received_at <= as_of",
    "policy == 'pay'",
    "true",
    "not true",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_chooses_the_rows_for_which_it_is_true_as_it_would_be_in_a_rule(shop, text):
    log = shop_journal()
    archive, rows, wanted = Archive(log), naive_rows(log), []
    for seq, record in archive.records(0):
        if not isinstance(record, DecisionRecord) or record.event_type != "pay":
            continue
        ep = archive.program(record.definitions).events["pay"]
        scope = scope_for(ep.definitions, "pay")
        own = {"outcome": TEXT, "score": INT, "late": BOOL, "policy": TEXT, "as_of": TIME, "received_at": TIME}
        scope = Scope({**scope.names, **own}, scope.limits, scope.lists)
        facts = ep.complete([*record.values, *record.facts], frozenset(record.absent))
        values = {**time_words(record.as_of_us, ep.zone), **dict(zip(ep.slots, facts, strict=True))}
        values |= {name: rows[seq][name] for name in own}
        values |= {"as_of": record.as_of_us, "received_at": record.received_us}
        if evaluate(read(text, scope), values.get) is True:
            wanted.append(seq)
    assert chosen(shop, types=("pay",), where=text) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("amuont > 3", "unknown name 'amuont'"),
        ("amount", "neither true nor false"),
        ("amount > 3", "cny"),
        ("amount >", ""),
        ("user in list('nobody_knows')", "nobody_knows"),
        ("phone in list('blocked')", ""),
        ("limit('yearly') > cny('1')", "yearly"),
    ],
)
def test_a_condition_that_is_wrong_is_refused_with_what_is_wrong(shop, text, says):
    assert says in problems_of(lambda: chosen(shop, types=("pay",), where=text))


def test_a_condition_must_fit_every_type_that_is_asked_for(shop):
    said = problems_of(lambda: chosen(shop, where="amount >= cny('1')"))
    assert "reading" in said
    assert "pay:" not in said
    every = chosen(shop, where="outcome == 'allow'")
    assert len(every) == sum(row["outcome"] == "allow" for row in naive_rows(shop_journal()).values())


def test_a_field_that_came_later_is_missing_before(shop):
    rows = naive_rows(shop_journal())
    before = [seq for seq, row in rows.items() if row["type"] == "pay" and "coupon" not in row]
    assert before
    assert set(before) <= set(chosen(shop, types=("pay",), where="missing(coupon)"))


# ---- what is chosen, and in which columns


def test_days_instants_and_types_choose_rows(shop):
    rows = naive_rows(shop_journal())
    since, until = "2026-11-23T11:00:00Z", "2026-11-25T00:00:00Z"
    bounds = {"since_us": parse_instant(since), "until_us": parse_instant(until)}
    moments = [datetime.fromisoformat(each) for each in (since, until)]
    wanted = sorted(
        (row["day"], row["type"], seq) for seq, row in rows.items() if moments[0] <= row["as_of"] < moments[1]
    )
    assert 0 < len(wanted) < len(rows)
    assert chosen(shop, **bounds) == [seq for *_, seq in wanted]
    both = chosen(shop, types=("pay", "reading"), **bounds)
    assert both == [seq for _, event_type, seq in wanted if event_type in ("pay", "reading")]
    assert sorted(sql(shop, "select seq from decisions", **bounds).column("seq").to_pylist()) == sorted(
        seq for *_, seq in wanted
    )


def test_a_type_or_a_column_that_is_not_there_is_refused_by_name(shop, tmp_path):
    assert "payy" in problems_of(lambda: chosen(shop, types=("payy",)))
    assert "outcoem" in problems_of(lambda: chosen(shop, columns=("outcoem",)))
    assert "run jindi archive first" in problems_of(lambda: chosen(tmp_path / "none"))


def test_columns_come_in_the_order_in_which_they_are_asked_for(wallet):
    files = FileTree(wallet)
    selection = Selection(files, load(files), Wanted(columns=("type", "seq", "day", "amount", "seq")))
    table = pa.Table.from_batches(list(selection.batches()), selection.schema)
    assert table.schema.names == ["type", "seq", "day", "amount"]
    rows = naive_rows(wallet_journal())
    assert [{**row, "day": str(row["day"])} for row in table.to_pylist()] == [
        {"type": row["type"], "seq": seq, "day": row["day"], "amount": row.get("amount")}
        for (_, _, seq), row in sorted(((row["day"], row["type"], seq), row) for seq, row in rows.items())
    ]


# ---- forms


def exported(folder, target, **wanted):
    files = FileTree(folder)
    selection = Selection(files, load(files), Wanted(**wanted))
    return write_table(target, selection.schema, selection.batches())


def test_parquet_keeps_types_and_currencies(shop, tmp_path):
    rows = naive_rows(shop_journal())
    assert exported(shop, tmp_path / "all.parquet") == len(rows)
    table = pq.read_table(tmp_path / "all.parquet")
    assert table.schema.field("amount").metadata[b"currency"] == b"CNY"
    for found in table.to_pylist():
        wanted = rows[found["seq"]]
        assert {name: str(found[name]) if name == "day" else found[name] for name in wanted} == wanted
        assert all(found[name] is None for name in found if name not in wanted)


def test_csv_has_numbers_as_numbers_and_no_formulas(shop, tmp_path):
    rows = naive_rows(shop_journal())
    exported(shop, tmp_path / "all.csv", types=("pay",))
    with (tmp_path / "all.csv").open(newline="") as file:
        read_back = list(csv.DictReader(file))
    assert len(read_back) == sum(row["type"] == "pay" for row in rows.values())
    formulas = 0
    for found in read_back:
        wanted = rows[int(found["seq"])]
        assert found["amount"] == str(wanted["amount"])
        assert found["user"] == safe(wanted["user"])
        assert json.loads(found["reasons"]) == wanted["reasons"]
        assert json.loads(found["shadows"]) == wanted["shadows"]
        assert instant(parse_instant(found["as_of"])) == wanted["as_of"]
        assert found["late"] == str(wanted["late"]).lower()
        formulas += wanted["user"] == "=cmd()"
        for cell in found.values():
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n"))
            assert not cell.startswith("-") or cell[1:].isdigit()
    assert formulas > 5


@given(st.text())
def test_a_text_is_made_safe_by_one_apostrophe_or_left_alone(text):
    made = safe(text)
    assert made in (text, f"'{text}")
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_ndjson_has_a_row_in_each_line(shop, tmp_path):
    rows = naive_rows(shop_journal())
    exported(shop, tmp_path / "all.ndjson")
    lines = (tmp_path / "all.ndjson").read_text("utf-8").splitlines()
    assert len(lines) == len(rows)
    for line in lines:
        found = json.loads(line)
        wanted = rows[found["seq"]]
        for name in ("day", "type", "outcome", "score", "reasons", "shadows", "event_id", "late"):
            assert found[name] == wanted[name]
        assert instant(parse_instant(found["at"])) == wanted["at"]
        assert found["amount"] == wanted.get("amount")


def test_an_empty_export_has_its_columns(shop, tmp_path):
    for suffix in ("csv", "parquet", "ndjson"):
        assert exported(shop, tmp_path / f"none.{suffix}", types=("pay",), where="not true", columns=("seq",)) == 0
    assert (tmp_path / "none.csv").read_text() == '"seq"\n'
    assert pq.read_table(tmp_path / "none.parquet").schema.names == ["seq"]
    assert (tmp_path / "none.ndjson").read_bytes() == b""


def test_an_export_that_breaks_off_leaves_what_was_there(shop, tmp_path):
    target = tmp_path / "all.csv"
    target.write_text("before")

    def half():
        yield pa.RecordBatch.from_pydict({"a": [1]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(target, pa.schema([("a", pa.int64())]), half())
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]
    assert "not a form" in problems_of(lambda: write_table(tmp_path / "x.xlsx", pa.schema([]), []))


# ---- SQL


def test_sql_sees_every_decision_with_its_day_and_type(wallet):
    rows = naive_rows(wallet_journal())
    table = sql(wallet, "select seq, day, type, outcome, amount from decisions order by seq")
    assert [{**row, "day": str(row["day"])} for row in table.to_pylist()] == [
        {"seq": seq, "amount": row.get("amount"), **{name: row[name] for name in ("day", "type", "outcome")}}
        for seq, row in rows.items()
    ]


def test_sql_may_speak_of_the_decisions_more_than_once(shop):
    rows = naive_rows(shop_journal()).values()
    table = sql(shop, "with d as (select * from decisions) select count(*) as n from d a join decisions b using (seq)")
    assert table.to_pylist() == [{"n": len(rows)}]
    sums = sql(shop, "select outcome, sum(amount) as total from decisions where type = 'pay' group by outcome")
    for row in sums.to_pylist():
        assert int(row["total"]) == sum(
            r["amount"] for r in rows if r["type"] == "pay" and r["outcome"] == row["outcome"]
        )


MINOR = {b"kind": b"money", b"unit": b"minor"}


def units(table):
    """What the columns say of themselves: those that say something, and what of it is about units."""
    said = {field.name: field.metadata or {} for field in table.schema}
    return {name: {key: told.get(key) for key in MINOR} for name, told in said.items() if told}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("select amount from decisions where type = 'pay'", {"amount"}),
        ("select seq, d.AMOUNT as paid from decisions d order by amount limit 3", {"paid"}),
        ("select amount, count(*) as n from decisions group by all", {"amount"}),
        (
            "select sum(amount) as amount, avg(amount) as mean, amount / 100.0 as major from decisions group by amount",
            (),
        ),
        ("select amount, amount / 100.0 as amount from decisions", ()),
        ("select amount, amount from decisions", ()),
        ("select d.amount from (select 100 * amount as amount from decisions) d", ()),
        ("with decisions as (select 100 * 7 as amount) select amount from decisions", ()),
        ("select a.amount from decisions a join decisions b using (seq)", ()),
        ("select seq from decisions union all select amount from decisions", ()),
        ("select amount from decisions d(amount)", ()),
    ],
)
def test_a_plain_column_of_a_query_says_its_unit_and_nothing_else_does(shop, text, named):
    assert units(sql(shop, text)) == dict.fromkeys(named, MINOR)


def test_all_columns_of_a_query_say_what_they_say_in_the_archive_but_not_those_that_it_replaced(shop):
    files = FileTree(shop)
    kept = units(Selection(files, load(files), Wanted()).schema.empty_table())
    assert kept["amount"] == MINOR
    assert units(sql(shop, "select * from decisions")) == kept
    assert units(sql(shop, "select * exclude (seq) from decisions where amount > 1")) == kept
    assert units(sql(shop, "select *, amount * 2 as amount from decisions")).keys() == kept.keys() - {"amount"}
    assert units(sql(shop, "select * replace (amount / 100.0 as amount) from decisions")) == {}


def test_a_sum_goes_out_as_a_number_in_every_form(shop, tmp_path):
    files = FileTree(shop)
    for suffix in ("csv", "ndjson", "parquet"):
        query = Query(files, shop, load(files), Wanted(), "select sum(amount) as total, '=x' as \"=y\" from decisions")
        assert write_table(tmp_path / f"sum.{suffix}", query.schema, query.batches()) == 1
    total = sum(row.get("amount", 0) for row in naive_rows(shop_journal()).values())
    assert (tmp_path / "sum.csv").read_text() == f'"total","\'=y"\n{total},"\'=x"\n'
    assert json.loads((tmp_path / "sum.ndjson").read_text()) == {"total": total, "=y": "=x"}


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('{secret}')",
        "select * from read_text('{secret}')",
        "select * from read_blob('{secret}')",
        "select * from '{secret}'",
        "select * from read_parquet('{part}')",
        "select * from glob('/*')",
        "select * from 'https://example.com/x.parquet'",
        "select * from sniff_csv('{secret}')",
        "copy decisions to '{out}'",
        "copy (select 1) to '{out}'",
        "attach '{out}' as other",
        "create table t as select * from decisions",
        "drop view decisions",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma database_list",
        "export database '{out}'",
        "select 1; copy decisions to '{out}'",
        "call enable_logging()",
        "",
        "select",
        "select * from secrets_of_python",
        "insert into decisions select * from decisions",
        "select nothing_here from decisions",
    ],
)
def test_sql_reads_nothing_else_and_writes_nowhere(shop, tmp_path, text):
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("a,b\n1,2\n")
    secrets_of_python = pa.table({"a": [1]})
    part = shop / load(FileTree(shop)).parts[0].path
    assert secrets_of_python.num_rows == 1
    said = problems_of(lambda: sql(shop, text.format(secret=secret, out=out, part=part)))
    assert said.startswith("--sql: ")
    assert sorted(tmp_path.iterdir()) == [secret]


def test_without_duckdb_the_remedy_is_named(shop, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    assert "pip install 'jindi[sql]'" in problems_of(lambda: sql(shop, "select 1"))


def test_instants_of_sql_are_the_journals(shop):
    rows = naive_rows(shop_journal())
    table = sql(shop, "select seq, \"at\", as_of, date_trunc('day', as_of) as of_day, day from decisions")
    for row in table.to_pylist():
        assert row["at"].astimezone(UTC) == rows[row["seq"]]["at"]
        assert row["as_of"].astimezone(UTC) == rows[row["seq"]]["as_of"]
        assert f"{row['of_day'].astimezone(UTC):%Y-%m-%d}" == str(row["day"])
