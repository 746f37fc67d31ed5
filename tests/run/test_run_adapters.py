"""Messages and bills of others become events, whole, in time order; what is wrong is told with its place and kept."""

import json

import pytest

from adapters_world import (
    CARDS,
    IBANS,
    NOW_US,
    adapted,
    alipay,
    bill_row,
    camt_053,
    entry,
    iso8583,
    mapped,
    message,
    pacs_008,
    pain_001,
    request,
    wechat,
)  # fmt: skip
from jindi.basics.problems import Problems
from jindi.run.adapters import shipped
from jindi.run.adapters.iso8583 import NEVER
from jindi.vault import Tokens

TOKENS = Tokens(bytes(range(32)))


def events(lines):
    return [json.loads(line) for line in lines]


def account(number):
    return TOKENS.token("account", number)


def spec_of(name):
    return mapped(name).reader._spec


# ---- ISO 20022


@pytest.mark.parametrize("version", ["03", "09"])
def test_each_transaction_of_a_pain_001_is_a_transfer_or_a_withdrawal(tmp_path, version):
    data = pain_001(
        [
            ("Bo Wang", IBANS[1], "120.50", "CNY"), ("LI  MIN", CARDS[0], "6000", "CNY"),
            ("Al Ng", CARDS[1], "1.00000", "CNY"),
        ],
        version, total="6121.50",
    )  # fmt: skip
    done, lines, rejects = adapted(tmp_path, data, mapped("pain.001"))
    one, two, three = events(lines)
    assert one == {
        "id": "pain.001-M1-1", "type": "transfer", "at": "2026-11-27T01:00:00Z", "user": account(IBANS[0]),
        "payee": account(IBANS[1]), "payee_name": "Bo Wang", "amount": "120.50", "funding": "balance",
        "account_class": "II",
        "verification": "two", "channel": "api", "arrival": "next_day",
    }  # fmt: skip
    assert (two["type"], two["card"], two["same_name"], two["amount"]) == ("withdrawal", CARDS[0], True, "6000.00")
    # A card of somebody else is a transfer to a pseudonym: the number stays nowhere in clear.
    assert (three["type"], three["payee"], three["amount"]) == ("transfer", account(CARDS[1]), "1.00")
    assert CARDS[1] not in str(lines)
    assert (done.records, dict(done.events), done.rejected, rejects) == (3, {"transfer": 2, "withdrawal": 1}, 0, [])


@pytest.mark.parametrize(("version", "prefix"), [("02", ""), ("08", ""), ("08", "ns2"), ("13", "")])
def test_a_pacs_008_is_read_in_any_version_and_under_any_prefix(tmp_path, version, prefix):
    data = pacs_008(
        [("Li", IBANS[0], "Bo", IBANS[1], "10.00", "CNY"), ("Li", IBANS[0], "Li", CARDS[0], "20", "CNY")],
        version,
        prefix,
    )
    _, lines, _ = adapted(tmp_path, data, mapped("pacs.008"))
    one, two = events(lines)
    assert (one["id"], one["type"], one["arrival"], one["at"]) == (
        "pacs.008-B1-1", "transfer", "instant", "2026-11-27T01:00:00Z",
    )  # fmt: skip
    assert (two["type"], two["card"], two["user"]) == ("withdrawal", CARDS[0], one["user"])


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_statement_gives_top_ups_withdrawals_and_transfers_and_skips_by_rule(tmp_path, version):
    data = camt_053(
        [
            entry("CRDT", "100.00", [("Li", CARDS[0], None)], version=version),
            entry("DBIT", "40.00", [("Bo", CARDS[1], None)], version=version),
            entry("CRDT", "30.00", [("A", IBANS[1], "10.00"), ("B", CARDS[2], "20.00")], version=version),
            entry("DBIT", "7.00", version=version),
            entry("CRDT", "8.00", [("Li", CARDS[0], None)], status="PDNG", version=version),
            entry("DBIT", "9.00", [("Li", CARDS[0], None)], more="<RvslInd>true</RvslInd>", version=version),
        ],
        version,
        count=6,
    )
    done, lines, rejects = adapted(tmp_path, data, mapped("camt.053"))
    told = [(each["id"], each["type"], each["amount"]) for each in events(lines)]
    assert told == [
        ("camt.053-S1-1-1", "top_up", "100.00"), ("camt.053-S1-2-1", "withdrawal", "40.00"),
        ("camt.053-S1-3-1", "transfer", "10.00"), ("camt.053-S1-3-2", "top_up", "20.00"),
    ]  # fmt: skip
    assert events(lines)[0]["at"] == "2026-11-25T16:00:00Z"  # a day alone is its beginning, in the mapping's zone
    assert {en: count for (_, en), count in done.skipped.items()} == {
        "no account of another side: charges, interest, cash": 1, "not booked yet": 1,
        "a reversal: the pack has no event type for it": 1,
    }  # fmt: skip
    assert (done.records, done.rejected, rejects) == (7, 0, [])


def test_a_batch_entry_without_amounts_of_its_parts_is_rejected_not_counted_many_times(tmp_path):
    data = camt_053([entry("CRDT", "30.00", [("A", CARDS[0], None), ("B", CARDS[1], None)])])
    done, lines, _ = adapted(tmp_path, data, mapped("camt.053"))
    assert (lines, done.rejected) == ([], 2)
    assert [str(each) for each in done.problems] == [
        f"in.dat: message 1, transaction 1, part {part} (line 1): amount: missing"
        ' (give a decimal text such as "12.50" in CNY)'
        for part in (1, 2)
    ]


def test_a_wrong_transaction_is_rejected_with_its_place_and_the_others_are_written(tmp_path):
    data = pain_001(
        [
            ("A", IBANS[1], "1.005", "CNY"),
            ("B", IBANS[1], "5.00", "EUR"),
            ("C", IBANS[1], "7.00", "CNY"),
            ("D", " ", "1,5", "CNY"),
        ]
    )
    done, lines, rejects = adapted(tmp_path, data, mapped("pain.001"))
    assert [each["id"] for each in events(lines)] == ["pain.001-M1-3"]
    assert (done.records, done.rejected) == (4, 3)
    one, two, three = events(rejects)
    assert one["problems"] == [
        {
            "at": "message 1, transaction 1 (line 2): amount", "problem": "more than 2 decimal places for CNY",
            "remedy": "look at unit, drop and currency of the source",
        }
    ]  # fmt: skip
    assert two["problems"][0]["problem"] == "in another currency than the field, which takes CNY"
    assert {each["at"].rpartition(": ")[2] for each in three["problems"]} == {"amount"}
    assert three["record"]["Cdtr/Nm"] == "D"
    assert three["record"]["../../GrpHdr/MsgId"] == "M1"
    assert "1.005" not in str(done.problems), "a problem repeats no value"


@pytest.mark.parametrize(("count", "total"), [(3, None), (1, None), (2, "30.01")])
def test_a_message_that_says_another_number_or_sum_is_refused_whole(tmp_path, count, total):
    data = pain_001([("A", IBANS[1], "10.00", "CNY"), ("B", IBANS[1], "20.00", "CNY")], count=count, total=total)
    with pytest.raises(Problems, match=r"message 1 .*GrpHdr/(NbOfTxs|CtrlSum) is not the (number|sum)"):
        adapted(tmp_path, data, mapped("pain.001"))
    assert list(tmp_path.iterdir()) == []


def test_another_message_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(
        Problems, match=r"no Document of the namespace .*pain\.001\.001\.\* in it .its own is .*pacs\.008\.001\.08"
    ):
        adapted(tmp_path, pacs_008([]), mapped("pain.001"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        (b"<a>" * 100, "elements lie too deep"),
        (b"<Document", "no element found|unclosed token"),
        (b"", "no element found"),
        (b"<a></b>", "mismatched tag"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "unknown encoding|encoding"),
        (pain_001([("A" * 70_000, IBANS[1], "1", "CNY")]), "a text is too long"),
        (
            pain_001([("A", IBANS[1], "1", "CNY")]).replace(b"<PmtInf>", b"<PmtInf><!--" + b"x" * 3_000_000 + b"-->"),
            "too long",
        ),
    ],
)
def test_xml_that_is_hostile_or_broken_is_refused_with_its_line(tmp_path, data, said):
    with pytest.raises(Problems, match=said) as caught:
        adapted(tmp_path, data, mapped("pain.001"))
    assert all(each.where == "in.dat" and each.remedy for each in caught.value.problems)


def test_elements_of_another_vocabulary_stand_for_none_of_ours(tmp_path):
    data = pain_001([("A", IBANS[1], "1.00", "CNY")]).replace(
        b"<Cdtr><Nm>", b'<x:Amt xmlns:x="urn:other"><x:InstdAmt>9</x:InstdAmt></x:Amt><Cdtr><Nm>'
    )
    _, (line,), _ = adapted(tmp_path, data, mapped("pain.001"))
    assert json.loads(line)["amount"] == "1.00"


def test_several_messages_may_lie_in_one_envelope(tmp_path):
    one, two = (pain_001([("A", IBANS[1], "1.00", "CNY")], message=name).partition(b"\n")[2] for name in ("M1", "M2"))
    header = b"<Header>" + b"<Signature>" * 3 + b"h" * 70_000 + b"</Signature>" * 3 + b"</Header>"
    _, lines, _ = adapted(tmp_path, b"<Envelope>" + header + one + two + b"</Envelope>", mapped("pain.001"))
    assert [each["id"] for each in events(lines)] == ["pain.001-M1-1", "pain.001-M2-1"]


# ---- ISO 8583


@pytest.mark.parametrize("name", ["iso8583", "iso8583-bcd"])
@pytest.mark.parametrize("frame", ["hexlines", "length2"])
def test_a_request_is_a_payment_and_its_answer_a_payment_result(tmp_path, name, frame):
    spec = spec_of(name)
    data = iso8583("0200", request(), spec, frame)
    data += iso8583("0210", request(_39="51", _52=None, _35=None, _102="62220000"), spec, frame)
    done, lines, _ = adapted(tmp_path, data, mapped(name))
    payment, result = events(lines)
    assert payment == {
        "id": "8583-48020000-1127010000-000001", "type": "payment", "at": "2026-11-27T01:00:00Z",
        "user": TOKENS.token("bank_card", CARDS[1]), "merchant": "M00000000000001", "merchant_kind": "company",
        "terminal": "T0000001", "amount": "120.50", "funding": "card", "card": CARDS[1], "account_class": "II",
        "verification": "two", "channel": "pos", "entry": "chip", "holder_check": "pin", "category": "grocery",
    }  # fmt: skip
    assert (result["payment"], result["approved"], result["failure"]) == (payment["id"], False, "funds")
    assert (done.records, done.rejected) == (2, 0)


@pytest.mark.parametrize("name", ["iso8583", "iso8583-bcd"])
def test_pin_tracks_expiry_and_chip_are_in_no_output(tmp_path, name):
    spec = spec_of(name)
    secret = request(_36="9" * 30, _45="B4111111111111111^LI/MIN^2812101", _48="CVV2=837", _55="9F02061234", _42=None)
    data = iso8583("0200", secret, spec) + iso8583("0200", request(trace="000002"), spec)
    done, lines, rejects = adapted(tmp_path, data, mapped(name))
    (reject,) = events(rejects)
    assert done.rejected == 1  # it has no merchant
    assert {name for name, text in reject["record"].items() if text == "(dropped)"} == {
        "14", "35", "36", "45", "48", "52", "55",
    }  # fmt: skip
    assert reject["record"]["2"] == "…1111"
    written = b"".join([*lines, *rejects])
    for each in (b"0123456789ABCDEF", b"2812201", b"99999", b"LI/MIN", b"837", b"9F02", b"=2812"):
        assert each not in written


@pytest.mark.parametrize("number", sorted(NEVER))
def test_no_mapping_and_no_specification_can_pass_on_what_may_not_be_kept(number):
    emit = f'[[emit]]\ntype = "payment"\nid = {{ from = {number} }}\nat = {{ value = "at" }}\n[emit.fields]\n'
    with pytest.raises(Problems) as caught:
        mapped("iso8583", text=emit)
    assert f"field {number} is never passed on: {NEVER[number]}" in str(caught.value)
    with pytest.raises(Problems, match=f"field {number} is never passed on"):
        mapped("iso8583", text=f"[reader.spec]\ncarry = [{number}]\n")


def test_a_card_number_stands_only_in_fields_that_become_tokens(tmp_path):
    text = shipped()["iso8583"].replace("terminal      = { from = 41 }", 'terminal = { value = "pan" }', 1)
    text = text.replace("[values]\n", "[values]\npan = { from = 2 }\n", 1)
    with pytest.raises(Problems, match="emit 1: terminal: would keep the card number in clear"):
        mapped("own", text=text)
    # What comes by another field is found when it comes.
    spec = spec_of("iso8583")
    data = iso8583("0200", request(_42=f"M{CARDS[1][:14]}", _41="A" * 8), spec)
    assert adapted(tmp_path, data, mapped("iso8583"))[0].rejected == 0
    short = "411111111117"
    done, lines, _ = adapted(tmp_path, iso8583("0200", request(card=short, _42=f"00{short}0"), spec), mapped("iso8583"))
    assert (lines, done.problems[0].problem) == ([], "holds the card number in clear")


@pytest.mark.parametrize(
    ("kind", "more", "why"),
    [
        ("0400", {}, "a reversal: the pack has no event type for it"),
        ("0420", {}, "a reversal: the pack has no event type for it"),
        ("0800", {}, "about files, reconciliation, administration or the network: no transaction"),
        ("0201", {}, "a repeat: the first one counts"),
        ("0220", {}, "an advice or notification: it was decided elsewhere"),
        ("0200", {"_3": "010000"}, "no purchase by its processing code: cash, return, inquiry, transfer"),
    ],
)
def test_what_is_no_purchase_is_skipped_and_why_is_said(tmp_path, kind, more, why):
    done, lines, _ = adapted(tmp_path, iso8583(kind, request(**more), spec_of("iso8583")), mapped("iso8583"))
    assert (lines, [en for _, en in done.skipped], done.rejected) == ([], [why], 0)


@pytest.mark.parametrize(
    ("at", "sent", "told"),
    [
        ("2026-11-28T01:00:00Z", "1127010000", "2026-11-27T01:00:00Z"),
        ("2026-01-02T01:00:00Z", "1231235959", "2025-12-31T23:59:59Z"),
        ("2024-03-01T00:00:00Z", "0229120000", "2024-02-29T12:00:00Z"),
    ],
)
def test_a_time_without_a_year_is_the_nearest_one(tmp_path, at, sent, told):
    from jindi.basics.instants import parse_instant

    data = iso8583("0200", request(sent=sent), spec_of("iso8583"))
    _, (line,), _ = adapted(tmp_path, data, mapped("iso8583"), now_us=parse_instant(at))
    assert json.loads(line)["at"] == told


def test_a_broken_message_is_rejected_and_a_broken_frame_refuses_the_file(tmp_path):
    spec = spec_of("iso8583")
    good = message("0200", request(), spec)
    data = b"".join(each.hex().encode() + b"\n" for each in (good[:-3], good + b"x", b"02x0" + good[4:], good))
    done, lines, rejects = adapted(tmp_path, data + b"zz\n", mapped("iso8583"))
    assert (len(lines), done.rejected) == (1, 4)
    assert [each["problems"][0]["problem"] for each in events(rejects)] == [
        "field 52: the message ends inside a field", "bytes are left behind the last field",
        "the message type is not four digits: the header, digits or frame of the specification differ",
        "is not hexadecimal",
    ]  # fmt: skip
    with pytest.raises(Problems, match=r"in\.dat: message 2: the length before it is wrong"):
        adapted(tmp_path, iso8583("0200", request(), spec, "length2") + b"\x00\xff12", mapped("iso8583"))


def test_a_header_before_each_message_is_skipped(tmp_path):
    text = '[reader.spec]\nheader_bytes = 5\ndigits = "bcd"\nbitmap = "binary"\nbinary = "binary"\n'
    mapping = mapped("iso8583", text=text)
    data = iso8583("0200", request(), mapping.reader._spec, "length2")
    assert adapted(tmp_path, data, mapping)[0].events == {"payment": 1}


# ---- bills


def test_a_bill_of_alipay_gives_payments_and_refunds_whatever_its_encoding(tmp_path):
    rows = [
        ("2026112622001400000000000001", "交易", "2026-11-26 10:00:30", "**博(156******89)", "35.80", ""),
        ("2026112622001400000000000001", "退款", "2026-11-26 12:00:00", "**博(156******89)", "-35.80", "R1"),
        ("2026112622001400000000000002", "交易", "2026-11-26 09:00:00", "**博(156******89)", "¥1,000.00", ""),
        ("2026112622001400000000000003", "提现", "2026-11-26 09:00:00", "x", "1.00", ""),
    ]
    rows[2] = (*rows[2][:4], "￥1000.00", "")
    same = []
    for encoding in ("gb18030", "utf-8", "utf-8-sig"):
        done, lines, rejects = adapted(tmp_path, alipay(rows, encoding), mapped("alipay"))
        same.append(lines)
        assert done.rejected == 1
        assert events(rejects)[0]["problems"][0]["problem"] == "the mapping says nothing about such a record"
        assert events(rejects)[0]["place"] == "line 9"
    assert same[0] == same[1] == same[2]
    first, payment, refund = events(same[0])
    assert (first["amount"], first["at"]) == ("1000.00", "2026-11-26T01:00:00Z"), "events stand in the order of time"
    assert (payment["merchant"], payment["user"]) == ("20880000000000000156", account("**博(156******89)"))
    assert (refund["type"], refund["payment"], refund["amount"]) == ("refund", payment["id"], "35.80")


def test_a_bill_that_stops_early_is_refused(tmp_path):
    rows = [("2026112622001400000000000001", "交易", "2026-11-26 10:00:30", "x", "35.80", "")]
    with pytest.raises(Problems, match="its foot is missing"):
        adapted(tmp_path, alipay(rows, foot=False), mapped("alipay"))
    with pytest.raises(Problems, match="has 1 rows, its foot says 2"):
        adapted(tmp_path, wechat([bill_row()], count=2), mapped("wechat"))
    assert list(tmp_path.iterdir()) == []


def test_a_bill_of_wechat_gives_payments_and_refunds(tmp_path):
    back = {
        "交易状态": "REFUND",
        "微信退款单号": "5030",
        "申请退款金额": "2.50",
        "交易时间": "2026-11-26 11:00:00",
        "订单金额": "0.00",
    }
    rows = [
        bill_row(), bill_row(**back),
        bill_row(微信订单号="42", 交易类型="MICROPAY", 付款银行="ICBC_DEBIT", 设备号="POS1"),
        bill_row(**back | {"微信退款单号": "5031", "退款状态": "FAIL"}), bill_row(交易状态="REVOKED"),
    ]  # fmt: skip
    done, lines, _ = adapted(tmp_path, wechat(rows), mapped("wechat"), key=None)
    payment, other, refund = events(lines)
    assert (payment["id"], payment["user"], payment["merchant"], payment["channel"], payment["funding"]) == (
        "wechat-4200000000000000000000000001", "oUser1", "1900000001", "mini_program", "balance",
    )  # fmt: skip
    assert "terminal" not in payment
    assert (other["channel"], other["funding"], other["terminal"]) == ("code_dynamic", "card", "POS1")
    assert (refund["payment"], refund["amount"], refund["id"]) == (payment["id"], "2.50", "wechat-refund-5030")
    assert (sum(done.skipped.values()), done.rejected) == (2, 0)


def test_a_row_of_another_width_is_rejected_with_its_cells(tmp_path):
    data = wechat([bill_row(), bill_row(微信订单号="2", 商品名称="a,b")])
    done, lines, rejects = adapted(tmp_path, data, mapped("wechat"))
    assert (len(lines), done.rejected) == (1, 1)
    (reject,) = events(rejects)
    assert reject["problems"][0]["problem"] == "has 28 cells, the header has 27"
    assert reject["record"]["6"] == "2"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "is a packed file"),
        (b"\xff\xfea", "is UTF-16"),
        (b"", "no line has the columns"),
        ("支付宝交易号,业务类型,完成时间\n".encode() + b"a" * 2_000_000, "a line longer than"),
        ('支付宝交易号,业务类型,完成时间\n"a,b,c\n'.encode(), "does not end"),
        ("支付宝交易号,业务类型,完成时间,完成时间\n".encode(), "two columns have one name"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, data, said):
    with pytest.raises(Problems, match=said):
        adapted(tmp_path, data, mapped("alipay"))
    assert list(tmp_path.iterdir()) == []


# ---- mappings

OWN = """
format = "csv"
[reader]
needs = ["no", "when"]
[assumed]
channel = "app"
[tables.kind]
A = "two"
[values]
no = { from = "no" }
id = { value = "no", prefix = "own-" }
[[skip]]
when = { from = "state", in = ["void", "test"] }
why = { zh = "作废", en = "void" }
[[emit]]
type = "transfer"
id = { value = "id" }
at = { from = "when", time = "%d/%m/%Y %H:%M", zone = "Asia/Shanghai" }
[emit.fields]
user = { from = "from" }
payee = { from = "to" }
amount = { from = "fen", unit = "minor" }
funding = { literal = "balance" }
account_class = { literal = "II" }
verification = { from = "how", table = "kind", else = "none" }
channel = { assumed = "channel" }
arrival = { literal = "instant" }
[[emit]]
type = "fraud_report"
also = true
when = { from = "fraud", is = "yes" }
id = { value = "no", prefix = "report-" }
at = { from = "when", time = "%d/%m/%Y %H:%M", zone = "Asia/Shanghai" }
[emit.fields]
payment = { value = "id" }
user = { from = "from" }
amount = { from = "fen", unit = "minor" }
source = { literal = "customer" }
"""
ROWS = """no,when,from,to,fen,how,fraud,state
1,27/11/2026 10:00,alice,bob,12050,A,no,
2,27/11/2026 09:00,carol,dave,100,B,yes,
3,27/11/2026 09:00,carol,dave,100,B,yes,void
4,27/11/2026 9:00,carol,dave,100,A,no,
4,27/11/2026 09:30,carol,dave,-5,A,no,
1,27/11/2026 11:00,carol,dave,5,A,no,
"""


def test_a_mapping_of_ones_own_makes_several_events_of_a_row_in_time_order(tmp_path):
    done, lines, rejects = adapted(tmp_path, ROWS.encode(), mapped("own", text=OWN))
    assert [(each["id"], each["at"][11:16]) for each in events(lines)] == [
        ("own-2", "01:00"), ("report-2", "01:00"), ("own-1", "02:00"),
    ]  # fmt: skip
    assert (done.records, sum(done.skipped.values()), done.rejected) == (6, 1, 3)
    assert [each["problems"][0] for each in events(rejects)] == [
        {
            "at": "line 5: at",
            "problem": "not a time of the form that the mapping names",
            "remedy": "look at `time` of the source",
        },
        {"at": "line 6: amount", "problem": "not an amount in minor units", "remedy": "digits only"},
        {"at": "line 7: id", "problem": "an id that came before", "remedy": "make ids of what differs"},
    ]


def test_a_mapping_tells_all_its_problems_at_once():
    text = OWN.replace('unit = "minor"', 'unit = "fen"').replace("also = true", 'also = "yes"').replace(
        'zone = "Asia/Shanghai"', 'zone = "Mars"'
    ).replace('table = "kind"', 'table = "kinds"').replace('payee = { from = "to" }\n', "").replace(
        "[values]", "typo = 1\n[values]"
    )  # fmt: skip
    with pytest.raises(Problems) as caught:
        mapped("own", text=text, assumed={"chanel": "web"})
    said = str(caught.value)
    for each in (
        "emit 1: amount: unit: not known", "emit 2: also: neither true nor false", "emit 1: at: unknown time zone",
        "emit 1: verification: no such table", "emit 1: payee: a required field has no source",
        "assumed: 'chanel' is not assumed by this mapping",
    ):  # fmt: skip
        assert each in said


def test_a_mapping_over_a_shipped_one_says_only_what_differs(tmp_path):
    text = '[assumed]\naccount_class = "III"\n[values]\n'
    text += 'at = { from = "../../GrpHdr/CreDtTm", time = "iso", zone = "Europe/Berlin" }\n'
    mapping = mapped("pain.001", text=text)
    data = pain_001([("A", IBANS[1], "1.00", "CNY")], at="2026-11-27T09:00:00")
    _, (line,), _ = adapted(tmp_path, data, mapping)
    assert (json.loads(line)["account_class"], json.loads(line)["at"]) == ("III", "2026-11-27T08:00:00Z")


def test_pseudonyms_need_a_key_and_are_the_same_under_the_same_one(tmp_path):
    data = pain_001([("A", IBANS[1], "1.00", "CNY")])
    with pytest.raises(Problems, match=r"needs a key \(give --key FILE"):
        adapted(tmp_path, data, mapped("pain.001"), key=None)
    one, two = (adapted(tmp_path, data, mapped("pain.001"))[1] for _ in range(2))
    other = adapted(tmp_path, data, mapped("pain.001"), key=bytes(32))[1]
    assert one == two != other
    assert IBANS[0].encode() not in one[0]


def test_events_ahead_of_the_clock_are_rejected_as_the_platform_would(tmp_path):
    data = pain_001([("A", IBANS[1], "1.00", "CNY")], at="2026-11-28T01:06:00Z")
    done, lines, _ = adapted(tmp_path, data, mapped("pain.001"), now_us=NOW_US)
    assert (lines, done.problems[0].problem) == ([], "more than 5 minutes ahead of our clock")


def test_a_long_file_is_sorted_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("jindi.run.adapters.adapt.RUN_EVENTS", 7)
    rows = [f"{at},27/11/2026 {(at * 7) % 24:02}:{(at * 11) % 60:02},a,b,1,A,no," for at in range(100)]
    _, lines, _ = adapted(tmp_path, "\n".join([ROWS.splitlines()[0], *rows]).encode(), mapped("own", text=OWN))
    told = [(each["at"], int(each["id"][4:])) for each in events(lines)]
    assert len(told) == 100
    assert told == sorted(told)
    assert [each.name for each in tmp_path.iterdir()] == ["events.ndjson"]


def test_outputs_are_their_owners_alone_and_old_rejects_go(tmp_path):
    rejects = tmp_path / "events.rejects.ndjson"
    rejects.write_text("old")
    adapted(tmp_path, pain_001([("A", IBANS[1], "1.00", "CNY")]), mapped("pain.001"))
    assert not rejects.exists()
    assert (tmp_path / "events.ndjson").stat().st_mode & 0o777 == 0o600
