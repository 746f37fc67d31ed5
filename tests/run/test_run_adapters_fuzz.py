"""Whatever bytes come, a reader gives records, rejects with a place, or problems with a remedy; never anything else.

Writers and readers are held against each other over generated messages.
"""

import io
import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters_world import (
    CARDS,
    IBANS,
    adapted,
    alipay,
    bill_row,
    camt_053,
    definitions,
    entry,
    iso8583,
    mapped,
    message,
    pain_001,
    request,
    wechat,
)  # fmt: skip
from jindi.basics.problems import Problems
from jindi.run.adapters import read_mapping, shipped, sketch
from jindi.run.adapters.iso8583 import parse
from jindi.run.adapters.records import Record, Unreadable

FORMATS = tuple(shipped())
SAMPLES = {
    "pain.001": pain_001([("Li", IBANS[1], "1.00", "CNY"), ("Bo", CARDS[0], "2.00", "CNY")]),
    "pacs.008": pain_001([("Li", IBANS[1], "1.00", "CNY")]).replace(b"pain.001", b"pacs.008"),
    "camt.053": camt_053([entry("CRDT", "3.00", [("A", CARDS[0], "1.00"), ("B", IBANS[1], "2.00")])]),
    "iso8583": b"".join(iso8583("0200", request(trace=f"{at:06}"), mapped("iso8583").reader._spec) for at in range(2)),
    "iso8583-bcd": iso8583("0200", request(_48="x"), mapped("iso8583-bcd").reader._spec, "length2"),
    "alipay": alipay([("2026112622001400000000000001", "交易", "2026-11-26 10:00:30", "x", "35.80", "")]),
    "wechat": wechat([bill_row()]),
}
LAZY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def spoiled(draw):
    """A sample with some bytes changed, taken out, doubled or put in."""
    name = draw(st.sampled_from(FORMATS))
    data = bytearray(SAMPLES[name])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["set", "cut", "copy", "put"])):
            case "set" if data:
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "copy":
                data[at:at] = data[at : at + draw(st.integers(1, 200))]
            case _:
                data[at:at] = draw(
                    st.sampled_from(
                        [b"<", b"&", b'"', b"\n", b"\0", b",", b"<!DOCTYPE x>", b"\xff", b"99", "，".encode()]
                    )
                )
    return name, bytes(data)


def read_all(name, data):
    return list(mapped(name).reader.records(io.BytesIO(data), "in"))


def says_where(text):
    assert any(word in text for word in ("field", "message", "bitmap"))


def right(problems, where=None):
    """Each problem has its place and says what is wrong; those of a file say what to do, too."""
    assert problems
    for each in problems:
        assert each.problem
        assert each.where
        assert where is None or (each.where == where and each.remedy)


@LAZY
@given(spoiled())
def test_a_spoiled_sample_gives_events_rejects_or_problems_and_loses_no_record(tmp_path, case):
    name, data = case
    try:
        done, lines, rejects = adapted(tmp_path, data, mapped(name))
    except Problems as error:
        right(error.problems, "in.dat")
        return
    assert done.records == len(lines) + len(rejects) + sum(done.skipped.values())
    assert done.rejected == len(rejects)
    for line in rejects:
        told = json.loads(line)
        assert told["place"]
        assert all(each["at"] and each["problem"] for each in told["problems"])


@LAZY
@given(st.sampled_from(FORMATS), st.binary(max_size=600))
def test_any_bytes_give_problems_or_nothing(name, data):
    try:
        records = read_all(name, data)
    except Problems as error:
        right(error.problems)
        return
    assert all(isinstance(each, Record | Unreadable) for each in records)


@LAZY
@given(st.binary(max_size=200), st.sampled_from(["iso8583", "iso8583-bcd"]))
def test_any_message_is_parsed_or_refused(data, name):
    spec = mapped(name).reader._spec
    start = b"0200" if spec.digits == "ascii" else b"\x02\x00"
    try:
        kind, fields = parse(start + data, spec)
    except ValueError as error:
        says_where(str(error))
        return
    assert kind == "0200"
    assert message(kind, fields, spec)  # what was read can be written


TEXTS = {
    "n": st.text("0123456789"), "z": st.text("0123456789=", max_size=30), "b": None,
    "a": st.text("ABC xyz"), "an": st.text("AB12 "), "ans": st.text("Ab1 ,.-"), "ns": st.text("12 "),
}  # fmt: skip


@st.composite
def messages(draw, spec):
    free = [number for number in spec.fields if not spec.drops(number) and number != 64]
    fields = {}
    for number in draw(st.lists(st.sampled_from(free), max_size=20, unique=True)):
        how = spec.fields[number]
        if how.kind == "x+n":
            fields[number] = draw(st.sampled_from("CD")) + "".join(
                draw(st.lists(st.sampled_from("0123456789"), min_size=how.most, max_size=how.most))
            )
            continue
        if how.kind == "b":
            fields[number] = draw(st.binary(min_size=how.most // 8, max_size=how.most // 8)).hex().upper()
            continue
        text = draw(TEXTS[how.kind])[: how.most]
        if not how.length_digits:
            text = text.rjust(how.most, "0" if how.kind == "n" else "A")
        if text:
            fields[number] = text
    return fields


@pytest.mark.parametrize("name", ["iso8583", "iso8583-bcd"])
def test_what_a_writer_writes_the_reader_reads_back(name):
    spec = mapped(name).reader._spec

    @LAZY
    @given(messages(spec))
    def holds(fields):
        kind, read = parse(message("0200", fields, spec), spec)
        assert (kind, read) == ("0200", fields)

    holds()


AMOUNTS = st.integers(1, 10**12).map(lambda minor: f"{Decimal(minor) / 100:.2f}")


@LAZY
@given(st.lists(st.tuples(st.text("Li Min&<>李", min_size=1, max_size=9), st.sampled_from(IBANS), AMOUNTS), max_size=8))
def test_every_transfer_that_is_written_comes_out_with_its_amount(tmp_path, transfers):
    data = pain_001([(name, account, amount, "CNY") for name, account, amount in transfers],
                    total=sum((Decimal(each[2]) for each in transfers), Decimal(0)))  # fmt: skip
    done, lines, _ = adapted(tmp_path, data, mapped("pain.001"))
    assert [json.loads(line)["amount"] for line in lines] == [amount for _, _, amount in transfers]
    assert done.rejected == 0


@LAZY
@given(st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=8), st.sampled_from(["gb18030", "utf-8", "utf-8-sig"]))
def test_every_row_of_a_bill_comes_out_with_its_amount(tmp_path, rows, encoding):
    listed = [
        (f"20261126220014000000000{at:05}", *(("退款",) if back else ("交易",)), "2026-11-26 10:00:00", "博",
         f"-{amount}" if back else amount, "R")
        for at, (amount, back) in enumerate(rows)
    ]  # fmt: skip
    _, lines, _ = adapted(tmp_path, alipay(listed, encoding), mapped("alipay"))
    assert [(json.loads(line)["amount"], json.loads(line)["type"]) for line in lines] == [
        (amount, "refund" if back else "payment") for amount, back in rows
    ]


WORDS = st.sampled_from(
    ["format", "reader", "values", "emit", "skip", "from", "literal", "text", "when", "is", "table", "tables",
     "assumed", "extends", "pain.001", "csv", "xml", "iso8583", "spec", "fields", "type", "payment", "id", "at",
     "needs", "record"]
)  # fmt: skip
TREES = st.recursive(
    st.one_of(WORDS, st.integers(-3, 200), st.booleans(), st.text(max_size=5)),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=5),
    max_leaves=20,
)


def as_toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {as_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


@LAZY
@given(st.dictionaries(WORDS, TREES, max_size=8))
def test_any_mapping_is_read_or_told_what_is_wrong_with_it(tree):
    text = "\n".join(f"{json.dumps(key)} = {as_toml(value)}" for key, value in tree.items())
    try:
        read_mapping(text, definitions(), "own.toml", shipped())
    except Problems as error:
        right(error.problems)


@LAZY
@given(
    st.one_of(
        spoiled().map(lambda each: each[1]), st.binary(max_size=400), st.text(',;"\na1', max_size=80).map(str.encode)
    )
)
@example(b"\x00a,b\x01\n1,2\n3,4\n")
def test_a_mapping_from_any_sample_is_toml_or_a_problem(data):
    import tomllib

    try:
        text = sketch(data, "sample", "transfer", definitions(), shipped())
    except Problems as error:
        right(error.problems)
        return
    tomllib.loads(text)


@pytest.mark.parametrize("name", ["pain.001", "camt.053", "alipay", "iso8583-bcd"])
def test_memory_does_not_grow_with_the_file(name, tmp_path):
    def peak(times):
        data = {
            "pain.001": lambda: pain_001([("A", IBANS[1], "1.00", "CNY")] * times),
            "camt.053": lambda: camt_053([entry("CRDT", "3.00", [("A", CARDS[0], None)])] * times),
            "alipay": lambda: alipay(
                [("2026112622001400000000000001", "交易", "2026-11-26 10:00:30", "x", "1", "")] * times
            ),
            "iso8583-bcd": lambda: SAMPLES["iso8583-bcd"] * times,
        }[name]()
        stream, reader = io.BytesIO(data), mapped(name).reader
        tracemalloc.start()
        try:
            count = sum(1 for _ in reader.records(stream, "in"))
            return count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(800)[0] == 800
    # Tables look some bytes ahead to know their encoding; nothing else is kept.
    assert peak(3_200)[1] < peak(800)[1] + 600_000


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"<b " + b"x" * 5_000_000,
        b"<a>" + b"<b/>" * 1_000_000,
        b"<a>" * 60 + b"t" * 5_000_000,
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        + b"".join(b"<e%d>%d</e%d>" % (at, at, at) for at in range(15_000)),
    ],
    ids=["a tag without an end", "a flood of elements", "a flood of text", "a flood of names"],
)
def test_a_hostile_document_is_refused_without_much_memory(data):
    reader = mapped("pain.001").reader
    tracemalloc.start()
    try:
        with pytest.raises(Problems):
            list(reader.records(io.BytesIO(data), "in"))
        assert tracemalloc.get_traced_memory()[1] < 64_000_000
    finally:
        tracemalloc.stop()
