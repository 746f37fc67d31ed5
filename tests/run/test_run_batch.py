"""`decide` over files: the same facts and decisions as live, every problem with its row, whole output or none."""

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problems
from jindi.run.batch import decide_file
from jindi.run.columns import read_columns
from jindi.vault import Tokens
from shop_world import CANARIES, CARD, DEVICE, KEY, NOON_US, PHONE, SECOND_US, Shop, list_entry, pay, run, shop_program

WALL = datetime(2026, 11, 22, 4)  # noqa: DTZ001 - files often hold times without a zone
MAPPING = """
type = "pay"
id = { column = "number", prefix = "p" }
at = { column = "moment", zone = "UTC" }
[fields]
user = { column = "who" }
amount = { column = "sum", round = "half-even", unit = "major" }
channel = { literal = "app" }
phone = { column = "phone" }
device = { column = "device" }
[keep]
row_number = "number"
"""
DERIVED = """
[[derive]]
type = "pay"
when = { column = "who", is = "u2" }
after = "1s"
id = { column = "number", prefix = "again-" }
[derive.fields]
user = { literal = "echo" }
amount = { literal = "1.00" }
channel = { literal = "web" }
"""


def mapping(text=MAPPING):
    return read_columns(text, shop_program().definitions)


def rows(count=60, seed=3):
    chance, at = random.Random(seed), datetime.fromtimestamp(NOON_US // SECOND_US, UTC).replace(tzinfo=None)
    made = []
    for number in range(count):
        at += timedelta(seconds=chance.randrange(0, 9), microseconds=chance.randrange(0, 2))
        made.append(
            {
                "number": number,
                "moment": at,
                "who": f"u{chance.randrange(1, 4)}",
                "sum": float(chance.choice([5, 12.34, 1500.5, 6000, 12000])),
                "phone": chance.choice([None, PHONE]),
                "device": chance.choice([None, DEVICE, "another-device-0043"]),
                "unused": "x",
            }
        )
    return made


def written(folder, kind, table):
    """The same rows as a file of a kind."""
    path = folder / f"in.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(table), path)
    elif kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows([{n: "" if v is None else v for n, v in row.items()} for row in table])
    else:
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in table), "utf-8")
    return path


def decided(source, columns=None, out=None):
    out = out or source.with_name("out.parquet")
    summary = decide_file(source, out, shop_program(), Tokens(KEY), columns)
    return summary, pq.read_table(out)


def problems_of(source, columns, out=None):
    out = out or source.with_name("never.parquet")
    with pytest.raises(Problems) as problems:
        decide_file(source, out, shop_program(), Tokens(KEY), columns)
    assert not out.exists()
    assert not list(out.parent.glob("*.part"))
    return [str(problem) for problem in problems.value.problems]


# ---- the same whatever the file


def test_csv_ndjson_and_parquet_of_the_same_rows_give_the_same_answers(tmp_path):
    tables = {}
    for kind in ("csv", "ndjson", "parquet"):
        summary, table = decided(written(tmp_path, kind, rows()), mapping())
        assert summary.rows == summary.events == 60
        tables[kind] = table.to_pylist()
        for row in tables[kind]:
            row["row_number"] = int(row["row_number"])
    assert tables["csv"] == tables["ndjson"] == tables["parquet"]
    assert {row["outcome"] for row in tables["csv"]} >= {"allow", "challenge", "delay", "review"}


def test_a_file_of_wire_events_gets_the_answers_that_the_platform_gives(tmp_path):
    documents = [pay(n, f"{n % 7 * 700 + 5}.00", NOON_US + n * SECOND_US, user=f"u{n % 3}") for n in range(80)]
    documents.insert(40, list_entry("l1", "blocked", "u1", at_us=NOON_US + 40 * SECOND_US))
    source = tmp_path / "in.ndjson"
    source.write_text("\n\n".join(json.dumps(each) for each in documents), "utf-8")
    summary, table = decided(source)

    async def live():
        async with Shop() as shop:
            answers = []
            for document in documents:
                shop.clock.at_us = NOON_US + 200 * SECOND_US
                answers.append(await shop.send(document))
            records = [record for _, record in shop.platform.archive.records(1)]
            return answers, records

    answers, records = run(live())
    got = table.to_pylist()
    assert [row["event_id"] for row in got] == [answer["event_id"] for answer in answers]
    assert [(row["outcome"], row["score"]) for row in got] == [(a["outcome"], a["score"]) for a in answers]
    assert [row["reasons"] for row in got] == [[reason["rule"] for reason in answer["reasons"]] for answer in answers]
    assert any(row["outcome"] == "deny" for row in got)
    assert sum(summary.outcomes.values()) == 81
    ep = shop_program().events["pay"]
    place = list(ep.slots[: ep.base_count]).index("pays_1d") - len(ep.fields)
    assert [r["pays_1d"] for r in got if r["event_type"] == "pay"] == [
        r.facts[place] for r in records if r.event_type == "pay"
    ]


def test_amounts_leave_in_major_units_and_times_in_utc(tmp_path):
    _, table = decided(written(tmp_path, "parquet", rows(3)), mapping())
    assert table.schema.field("spent_1d").type == pa.float64()
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")
    assert table["spent_1d"][0].as_py() == rows(1)[0]["sum"]


def test_no_identifier_leaves_in_clear_unless_it_is_asked_to_be_kept(tmp_path):
    out = tmp_path / "out.parquet"
    _, table = decided(written(tmp_path, "csv", rows()), mapping(), out)
    text = repr(table.to_pydict()).encode() + out.read_bytes()
    assert not [canary for canary in (*CANARIES, CARD) if canary.encode() in text]


# ---- derived events


def test_derived_events_happen_in_their_turn_and_give_no_rows(tmp_path):
    start = WALL
    table = [
        {
            "number": n,
            "moment": start + timedelta(seconds=n // 2),
            "who": f"u{n % 2 + 1}",
            "sum": 5.0,
            "phone": None,
            "device": None,
        }
        for n in range(8)
    ]
    columns = mapping(MAPPING + DERIVED)
    summary, out = decided(written(tmp_path, "parquet", table), columns)
    assert (summary.rows, summary.events) == (8, 12)
    assert out["event_id"].to_pylist() == [f"p{n}" for n in range(8)]


@pytest.mark.parametrize(("place", "seen"), [("before", [2, 3]), ("after", [1, 2])])
def test_a_derived_event_comes_before_or_after_the_rows_of_its_instant_as_it_says(place, seen, tmp_path):
    start = WALL
    table = [
        {"number": 0, "moment": start, "who": "u2", "sum": 5.0, "phone": None, "device": None},
        {"number": 1, "moment": start + timedelta(seconds=1), "who": "u2", "sum": 5.0, "phone": None, "device": None},
        {"number": 2, "moment": start + timedelta(seconds=1), "who": "echo", "sum": 5.0, "phone": None, "device": None},
        {"number": 3, "moment": start + timedelta(seconds=1), "who": "echo", "sum": 5.0, "phone": None, "device": None},
    ]
    columns = mapping(MAPPING + DERIVED.replace('after = "1s"', f'after = "1s"\nplace = "{place}"'))
    _, out = decided(written(tmp_path, "parquet", table), columns)
    assert out["pays_1d"].to_pylist()[2:] == seen


# ---- problems


def test_every_cell_that_does_not_fit_is_told_with_its_row_and_never_with_its_value(tmp_path):
    table = rows(8)
    table[1]["sum"], table[2]["who"], table[3]["phone"], table[5]["sum"] = "S3CRET", None, "S3CRET", -4.0
    table[6]["moment"] = "S3CRET"
    for kind in ("csv", "ndjson"):
        told = problems_of(written(tmp_path, kind, table), mapping())
        for expected in (
            "row 2: amount: not a number",
            "row 3: user: missing",
            "row 4: phone",
            "row 6: amount",
            "row 7: at: not a time",
        ):
            assert any(expected in line for line in told), (expected, told)
        assert "S3CRET" not in "".join(told)


def test_rows_out_of_order_and_ids_used_twice_are_told(tmp_path):
    table = rows(6)
    table[2]["moment"] -= timedelta(days=1)
    table[4]["number"] = 1
    told = problems_of(written(tmp_path, "parquet", table), mapping())
    assert [line.split(": ", 1)[1] for line in told] == [
        "row 3: at: earlier than the row before it; rows must be in time order (correct the file or its mapping)",
        "row 5: id: an id that an earlier row has (correct the file or its mapping)",
    ]


def test_an_id_that_a_file_of_wire_events_uses_twice_is_told_and_not_counted_twice(tmp_path):
    source = tmp_path / "in.ndjson"
    source.write_text("\n".join(json.dumps(pay(n)) for n in (1, 2, 1)), "utf-8")
    assert "line 3: id: an id that an earlier line has" in problems_of(source, None)[0]


def test_all_lines_of_wire_events_that_do_not_fit_are_told_at_once(tmp_path):
    source = tmp_path / "in.ndjson"
    lines = [json.dumps(pay(1)), "{", json.dumps(pay(2) | {"amount": "S3CRET"}), "", json.dumps(pay(3)), "[]"]
    source.write_text("\n".join(lines), "utf-8")
    told = problems_of(source, None)
    assert [line.split(":")[1] for line in told] == [" line 2", " line 3", " line 6"]
    assert "S3CRET" not in "".join(told)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("in.parquet", b"PAR1 no", "not a whole Parquet file"),
        ("in.parquet", b"", "not a whole Parquet file"),
        (
            "in.csv",
            b"number,moment,who,sum,phone,device\n1,2026-11-22 04:00:00,u1,5\n",
            "row 1: 4 cells where the header has 6",
        ),
        (
            "in.csv",
            b"number,moment,who,sum,phone,device\n1,2026-11-22 04:00:00,\xff\xfe,5,,\n",
            "not a CSV file in UTF-8",
        ),
        ("in.csv", b"number,moment\n", "column who: not in the file"),
        ("in.csv", b"", "not in the file"),
        ("in.ndjson", b"{}\n[]\n", "line 2: not a JSON object"),
        ("in.ndjson", b'{"number": 1}\n', "row 1: at"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_in_words(name, data, why, tmp_path):
    source = tmp_path / name
    source.write_bytes(data)
    assert why in "\n".join(problems_of(source, mapping()))


def test_a_table_without_a_mapping_is_refused(tmp_path):
    for kind in ("csv", "parquet"):
        assert "needs a mapping" in problems_of(written(tmp_path, kind, rows(2)), None)[0]


def test_the_output_never_replaces_the_input(tmp_path):
    source = written(tmp_path, "parquet", rows(3))
    before = source.read_bytes()
    with pytest.raises(Problems, match="would replace the input"):
        decide_file(source, source, shop_program(), Tokens(KEY), mapping())
    assert source.read_bytes() == before


def test_an_interrupted_run_leaves_the_old_output_as_it_was_and_nothing_half_written(tmp_path):
    source, out = written(tmp_path, "parquet", rows(5000)), tmp_path / "out.parquet"
    out.write_bytes(b"the last good one")

    def told(done, _):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decide_file(source, out, shop_program(), Tokens(KEY), mapping(), told)
    assert out.read_bytes() == b"the last good one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


def test_an_empty_file_gives_an_empty_output_with_all_its_columns(tmp_path):
    source = tmp_path / "in.parquet"
    pq.write_table(pa.Table.from_pylist(rows(1)).slice(0, 0), source)
    summary, table = decided(source, mapping())
    assert (summary.rows, table.num_rows) == (0, 0)
    assert {"row_number", "event_id", "pays_1d", "outcome", "reasons"} <= set(table.column_names)


# ---- mappings


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('type = "pay"', 'type = "nothing"', "not a declared event type"),
        ('type = "pay"', "", "not a declared event type"),
        ('id = { column = "number", prefix = "p" }', "", "id: not a source"),
        ('at = { column = "moment", zone = "UTC" }', 'at = { column = "moment", zone = "Mars" }', "unknown time zone"),
        ('user = { column = "who" }', "", "user: a required field has no source"),
        ('user = { column = "who" }', 'user = "who"', "not a source"),
        ('user = { column = "who" }', "user = { column = 7 }", "not a source"),
        ('user = { column = "who" }', 'user = { column = "who", literal = 1 }', "not a source"),
        ('user = { column = "who" }', 'user = { column = "who" }\ncolour = { column = "x" }', "not a field of pay"),
        ('unit = "major"', 'unit = "furlong"', "unknown unit"),
        ('round = "half-even"', 'round = "up"', "unknown rounding"),
        ('row_number = "number"', "row_number = 7", "keep: not a table"),
        ("[keep]", "[kept]", "unknown key"),
        ('row_number = "number"', 'score = "number"', "a column of the output has this name"),
        ("type =", "type ==", "not TOML"),
        ('[keep]\nrow_number = "number"', "keep = 7", "keep"),
        ("[fields]", "[[fields]]", "no table of fields"),
    ],
)
def test_every_mistake_in_a_mapping_is_told_in_words(old, new, why, tmp_path):
    assert old in MAPPING
    text = MAPPING.replace(old, new, 1)
    with pytest.raises(Problems) as problems:
        decide_file(
            written(tmp_path, "csv", rows(2)), tmp_path / "out.parquet", shop_program(), Tokens(KEY), mapping(text)
        )
    assert why in str(problems.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (', is = "u2"', "", "no condition"),
        ('after = "1s"', 'after = "-1s"', "after"),
        ('after = "1s"', "after = 7", "after"),
        ('after = "1s"', 'place = "beside"', "unknown place"),
        ('type = "pay"', 'type = "x"', "not a declared event type"),
        ("[[derive]]", "[derive]", "derive"),
        ('when = { column = "who", is = "u2" }', "when = 5", "no condition"),
    ],
)
def test_every_mistake_in_a_derived_event_is_told_in_words(old, new, why):
    assert old in DERIVED
    with pytest.raises(Problems) as problems:
        mapping(MAPPING + DERIVED.replace(old, new, 1))
    assert why in str(problems.value)


def money(cell, **source):
    keys = "".join(f', {name} = "{value}"' for name, value in source.items())
    return mapping(MAPPING.replace(', round = "half-even", unit = "major"', keys)), cell


@pytest.mark.parametrize(
    ("cell", "source", "minor"),
    [
        (12.5, {"round": "half-even"}, 1250),
        (0.125, {"round": "half-even"}, 12),
        (0.125, {"round": "half-up"}, 13),
        (0.375, {"round": "half-even"}, 38),
        (1250, {}, 1250),
        (1250, {"unit": "major"}, 125000),
        ("12.50", {}, 1250),
        ("1250", {"unit": "minor"}, 1250),
        (Decimal("1.13"), {}, 113),
        (Decimal("1.1300"), {}, 113),
        (Decimal(113), {"unit": "minor"}, 113),
        (1.0, {}, 100),
    ],
)
def test_amounts_are_read_in_the_unit_and_rounded_as_the_mapping_says(cell, source, minor, tmp_path):
    columns, _ = money(cell, **source)
    table = rows(1)
    table[0]["sum"] = cell
    _, out = decided(written(tmp_path, "parquet", table), columns)
    assert out["spent_1d"][0].as_py() == minor / 100 or out["outcome"][0].as_py() != "allow"


@pytest.mark.parametrize("cell", [0.125, float("nan"), float("inf"), 1e300, "1e5", "x", Decimal("1.131"), True])
def test_amounts_that_are_not_whole_cents_are_a_problem_of_their_row_unless_a_rounding_is_named(cell, tmp_path):
    columns, _ = money(cell)
    table = rows(1)
    table[0]["sum"] = cell
    told = problems_of(written(tmp_path, "parquet", table), columns)
    assert "row 1: amount" in told[0]


TIMES = [
    ("2026-11-22T12:00:00+08:00", {}, NOON_US),
    ("2026-11-22 04:00:00", {"zone": "UTC"}, NOON_US),
    ("2026-11-22 12:00:00", {"zone": "Asia/Shanghai"}, NOON_US),
    (NOON_US // SECOND_US, {"unit": "s"}, NOON_US),
    (NOON_US // 1000, {"unit": "ms"}, NOON_US),
    (NOON_US, {"unit": "us"}, NOON_US),
    (NOON_US * 1000, {"unit": "ns"}, NOON_US),
]


@pytest.mark.parametrize(("cell", "source", "at_us"), TIMES)
def test_times_are_read_as_the_mapping_says(cell, source, at_us, tmp_path):
    keys = "".join(f', {name} = "{value}"' for name, value in source.items())
    columns = mapping(MAPPING.replace(', zone = "UTC"', keys))
    table = rows(1)
    table[0]["moment"] = cell
    for kind in ("parquet", "ndjson"):
        _, out = decided(written(tmp_path, kind, table), columns)
        assert format_instant(at_us) == out["at"][0].as_py().isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("cell", [None, "soon", float("nan"), float("inf"), True, 5])
def test_times_that_are_none_are_a_problem_of_their_row(cell, tmp_path):
    unit = ', unit = "s"' if isinstance(cell, float) else ""
    table = rows(1)
    table[0]["moment"] = cell
    told = problems_of(written(tmp_path, "parquet", table), mapping(MAPPING.replace(', zone = "UTC"', unit)))
    assert "row 1: at" in told[0]


def test_times_without_a_zone_are_refused_and_never_guessed(tmp_path):
    for kind in ("parquet", "csv"):
        told = problems_of(written(tmp_path, kind, rows(1)), mapping(MAPPING.replace(', zone = "UTC"', "")))
        assert "zone" in told[0]


def test_times_that_a_change_of_clocks_made_twofold_or_void_are_read_alike_from_all_files(tmp_path):
    """New York put its clocks forward over 02:30 on 8 March 2026, and back over 01:30 on 1 November."""
    columns = mapping(MAPPING.replace('zone = "UTC"', 'zone = "America/New_York"'))
    for day, hour in (("2026-03-08", "02:30"), ("2026-11-01", "01:30")):
        moment = datetime.fromisoformat(f"{day}T{hour}")
        table = rows(1)
        table[0]["moment"] = moment
        read = {
            kind: decided(written(tmp_path, kind, table), columns)[1]["at"][0].as_py()
            for kind in ("parquet", "csv", "ndjson")
        }
        assert len(set(read.values())) == 1


def test_kept_columns_keep_their_types_even_when_they_begin_with_gaps(tmp_path):
    table = rows(3)
    for kind, gaps in (("parquet", [None, 7, None]), ("ndjson", [None, "x", None]), ("ndjson", [None, None, None])):
        for row, gap in zip(table, gaps, strict=True):
            row["extra"] = gap
        _, out = decided(written(tmp_path, kind, table), mapping(MAPPING + 'extra = "extra"'))
        assert out["extra"].to_pylist() == gaps


def test_a_column_is_kept_as_true_and_false_when_the_mapping_says_what_its_cells_mean(tmp_path):
    table = rows(4)
    for row, cell in zip(table, [2, 1, 0, 2], strict=True):
        row["what"] = cell
    kept = '\nfraud = { column = "what", true = 1, false = 0, unknown = 2 }'
    _, out = decided(written(tmp_path, "parquet", table), mapping(MAPPING + kept))
    assert out["fraud"].to_pylist() == [None, True, False, None]
    assert pa.types.is_boolean(out.schema.field("fraud").type)
    table[3]["what"] = 3
    with pytest.raises(Problems, match="row 4: fraud: neither true nor false"):
        decided(written(tmp_path, "parquet", table), mapping(MAPPING + kept))
    with pytest.raises(Problems) as raised:
        mapping(MAPPING + '\nfraud = { colum = "what" }')
    assert {problem.problem for problem in raised.value.problems} == {"unknown key 'colum'", "names no column"}


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text("abc", max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["column", "literal", "unit", "when", "fields", "id", "is", "in", "type"]),
                inner,
                max_size=3,
            )
        ),
    ),
    st.sampled_from(["type", "id", "at", "fields", "keep", "derive"]),
)
def test_no_mapping_whatever_does_anything_but_be_read_or_refused(value, key):
    text = f"{key} = {toml(value)}" if value is not None else ""
    with pytest.raises(Problems):
        mapping(text)


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(each)}" for name, each in value.items() if each is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value if each is not None) + "]"
    return json.dumps(value) if value is not None else '""'


def test_a_column_may_be_the_event_s_time_and_a_field_at_once(tmp_path):
    """Cells of one column are read by each source in its own way."""
    text = """
type = "reading"
id = { column = "number", prefix = "r" }
at = { column = "moment", zone = "UTC" }
[fields]
whole = { column = "number" }
when_ = { column = "moment", zone = "UTC" }
"""
    _, out = decided(written(tmp_path, "parquet", rows(4)), mapping(text))
    assert out.num_rows == 4
