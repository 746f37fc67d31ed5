"""Packets: what is written is read back as it was, what is wrong is told at once by place, and shows nobody's data."""

import copy
import dataclasses
import json
import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jindi.basics.identifiers import id_card_check_digit
from jindi.basics.problems import Problems
from jindi.parties.reporting import codes, goaml, kept_until, parse, plain_of, read_report, render
from jindi.parties.reporting.markup import read_markup, unwritable
from jindi.parties.reporting.model import (
    Account,
    Agent,
    Counterparty,
    Customer,
    CustomerDay,
    Document,
    Feature,
    Institution,
    LargeReport,
    Related,
    SuspiciousReport,
    Transaction,
)
from jindi.parties.reporting.names import PacketName, next_serial, packet_name, receipt_name
from reporting_world import LARGE, REPORTER, SUSPICIOUS, shipped

DAY = date(2026, 11, 24)
LARGE_NAME = PacketName("new", "bank", "large", REPORTER, DAY, 1)
SUSPICIOUS_NAME = PacketName("new", "bank", "suspicious", REPORTER, DAY, 2)
SECRETS = ("李·敏", "11010519491231002X", "13812345678", "6222020200112233445", "海淀", "钱 七", "快进快出")


def suspicious(**changes):
    return read_report(copy.deepcopy(SUSPICIOUS) | changes, "r.json")


def told(make):
    with pytest.raises(Problems) as error:
        make()
    text = str(error.value)
    assert not [each for each in SECRETS if each in text], "a problem quotes personal data"
    return text


# ---- what is written


def test_a_suspicion_has_the_tree_of_the_interface():
    text = render(suspicious(), SUSPICIOUS_NAME).data.decode()
    for piece in (
        '<?xml version="1.0" encoding="UTF-8"?>\n<BSTR>\n<RBIF>\n<RICD>A1000131000001</RICD>',
        "<DETR>01</DETR>\n<TORP>1</TORP>\n<ORXN>@N</ORXN>\n<DORP>01</DORP>",
        '<TOSCs>\n<TOSC seqno="1">0801</TOSC>\n<TOSC seqno="2">1201</TOSC>\n</TOSCs>',
        "<SETN>2</SETN>\n<STNM>1</STNM>\n<RPNM>王敏</RPNM>\n<MIRS>@N</MIRS>\n</RBIF>",
        '<SIIF seqno="1">\n<SENM>李·敏</SENM>\n<SETP>110001</SETP>\n<OITP>@N</OITP>\n<SEID>11010519491231002X</SEID>',
        "<SENM>示例贸易（深圳）有限公司 &lt;A&amp;B&gt;</SENM>\n<SETP>610099</SETP>",
        "<SRNM>赵四</SRNM>\n<SRIT>@N</SRIT>",
        "<TSTM>20261123100000</TSTM>\n<TRCD>CHN110108</TRCD>\n<TICD>T-1</TICD>",
        "<TSDR>01</TSDR>\n<CRSP>货款</CRSP>\n<CRTP>CNY</CRTP>\n<CRAT>600000.00</CRAT>\n</TSIF>",
        "<OATM>20200501090000</OATM>\n<CATM>@N</CATM>",
    ):
        assert piece in text


def test_a_large_transaction_has_the_tree_of_the_interface():
    text = render(read_report(LARGE, "r"), LARGE_NAME).data.decode()
    for piece in (
        '<HVTR>\n<RBIF>\n<RICD>A1000131000001</RICD>\n<CTTN>1</CTTN>\n</RBIF>\n<CATIs>\n<CATI seqno="1">\n<CBIF>',
        '<HTDT>20261123</HTDT>\n<HTCRs>\n<HTCR seqno="1">\n<CRCD>0503</CRCD>\n<TTNM>1</TTNM>\n<CCIFs>',
        "<CRAT>500000.00</CRAT>\n<CRMB>500000.00</CRMB>\n<CUSD>70000.00</CUSD>",
    ):
        assert piece in text


def test_what_a_form_has_no_place_for_is_named():
    packet = render(suspicious(), SUSPICIOUS_NAME)
    assert packet.left_out == ("counterparty.latin", "institution.name", "latin", "measures")
    assert packet.name == "NBSA1000131000001-20261124-00000002.XML"


def test_a_crime_that_is_not_in_the_list_is_remarked_and_not_refused():
    (remark,) = render(suspicious(crimes=["0602"]), SUSPICIOUS_NAME).remarks
    assert remark.path == "crimes 1"
    assert remark.words.zh


def test_nothing_that_holds_personal_data_prints_it():
    report = suspicious()
    shown = repr(report) + repr(render(report, SUSPICIOUS_NAME)) + repr(report.subjects) + f"{report.transactions[0]}"
    assert not [each for each in SECRETS if each in shown]


# ---- round trips


def texts(least=1, most=24):
    wild = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("李敏·<>&'\"]]>𠮷é﷽ــ\u200b")
    return st.text(wild, min_size=least, max_size=most).filter(
        lambda text: text == text.strip() and not unwritable(text) and text != "@N" and (text or not least)
    )


OPTIONAL = texts(0, 12)
NUMBERS = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=12)
INSTANTS = st.integers(
    int(datetime(1992, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2090, 1, 1, tzinfo=UTC).timestamp())
).map(lambda seconds: seconds * 1_000_000)


@st.composite
def documents(draw):
    kind = draw(st.sampled_from(sorted(codes.DOCUMENTS)))
    other = draw(texts()) if kind in codes.OTHERS else ""
    if kind == "id_card":
        first = draw(st.text("123456789", min_size=17, max_size=17))
        return Document(kind, first + id_card_check_digit(first))
    if kind == "uscc":
        return Document(kind, draw(st.sampled_from(["91110000600037341L", "91350100M000100Y43"])))
    return Document(kind, draw(texts()), other)


SUBJECTS = st.builds(
    Customer, number=NUMBERS, name=texts(), document=documents(),
    nationalities=st.lists(st.sampled_from(["CHN", "HKG", "USA"]), max_size=3).map(tuple), occupation=OPTIONAL,
    phones=st.lists(texts(), max_size=2).map(tuple), addresses=st.lists(texts(), max_size=2).map(tuple),
    contacts=st.lists(texts(), max_size=2).map(tuple),
)  # fmt: skip
RELATED = st.none() | st.builds(Related, texts(), st.none() | documents())


@st.composite
def transactions(draw, customer, number, at_us=None, *, is_large):
    currency = draw(st.sampled_from(["CNY", "USD", "EUR", "JPY", "KWD"]))
    amount = draw(st.integers(1, 10**15))
    channel = draw(st.sampled_from(["", "11", "99"]))
    equivalents = {}
    if is_large:
        equivalents = {
            "cny_minor": amount if currency == "CNY" else draw(st.integers(1, 10**15)),
            "usd_minor": amount if currency == "USD" else draw(st.integers(1, 10**15)),
        }
    return Transaction(
        id=f"{draw(NUMBERS)}-{number}", at_us=draw(INSTANTS) if at_us is None else at_us, customer=customer,
        direction=draw(st.sampled_from(["in", "out"])), place="CHN110108",
        means=draw(st.sampled_from(["000021", "030151"])),
        currency=currency, amount_minor=amount, branch=draw(texts()), relation=draw(st.sampled_from(["", "00", "02"])),
        account=Account(
            draw(texts()), draw(OPTIONAL), draw(st.none() | INSTANTS), None if is_large else draw(st.none() | INSTANTS),
            draw(OPTIONAL), draw(OPTIONAL), draw(OPTIONAL),
        ),
        agent=draw(st.none() | st.builds(
            Agent, texts(), st.none() | documents(), st.sampled_from(["", "CHN"]),
        )),
        counterparty=draw(st.builds(
            Counterparty, name=OPTIONAL, document=st.none() | documents(), account=OPTIONAL, account_kind=OPTIONAL,
            institution=OPTIONAL, institution_code=OPTIONAL, institution_code_kind=OPTIONAL, region=OPTIONAL,
        )),
        match_kind=draw(OPTIONAL), match_number=draw(OPTIONAL), channel=channel,
        channel_other=draw(texts()) if channel == "99" else "", device=draw(OPTIONAL),
        institution_trade=draw(OPTIONAL), foreign_trade=draw(OPTIONAL), purpose=draw(OPTIONAL),
        notes=tuple(draw(st.lists(texts(), max_size=2))), **equivalents,
    )  # fmt: skip


@st.composite
def suspicions(draw):
    subjects = draw(st.lists(SUBJECTS, min_size=1, max_size=3, unique_by=lambda each: each.number))
    subjects = [
        dataclasses.replace(each, legal_representative=draw(RELATED), controller=draw(RELATED)) for each in subjects
    ]
    several = [
        draw(transactions(draw(st.sampled_from(subjects)).number, n, is_large=False))
        for n in range(draw(st.integers(0, 3)))
    ]
    times = draw(st.integers(1, 3))
    directed, trigger = draw(st.sampled_from(["01", "04", "99"])), draw(st.sampled_from(["01", "99"]))
    return SuspiciousReport(
        id=SUSPICIOUS_NAME.stem, institution=Institution(REPORTER), branch=draw(texts()), urgency="02",
        directed=directed, trigger=trigger, behaviour=draw(texts(1, 60)), analysis=f"一\n{draw(texts())}\n二",
        crimes=tuple(draw(st.lists(st.sampled_from(sorted(codes.CRIMES)), min_size=1, max_size=3, unique=True))),
        features=("0101", "A9"), author=draw(texts()), subjects=tuple(subjects), transactions=tuple(several),
        times=times, first_packet=SUSPICIOUS_NAME.stem if times > 1 else "",
        directed_other=draw(texts()) if directed == "99" else "",
        trigger_other=draw(texts()) if trigger == "99" else "", correction_mark=draw(OPTIONAL),
    )  # fmt: skip


@st.composite
def large_reports(draw):
    customers = draw(st.lists(SUBJECTS, min_size=1, max_size=2, unique_by=lambda each: each.number))
    days = []
    for customer in customers:
        day = draw(st.dates(date(1992, 1, 1), date(2089, 12, 30)))
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 8 * 3600
        features = []
        for code in draw(st.lists(st.sampled_from(sorted(codes.FEATURES)), min_size=1, max_size=2, unique=True)):
            several = [
                draw(transactions(
                    customer.number, n, (start + draw(st.integers(0, 86_399))) * 1_000_000, is_large=True,
                ))
                for n in range(draw(st.integers(1, 2)))
            ]  # fmt: skip
            features.append(Feature(code, tuple(several)))
        days.append(CustomerDay(customer, day, tuple(features)))
    return LargeReport(LARGE_NAME.stem, Institution(REPORTER), tuple(days))


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(suspicions())
def test_a_suspicion_is_read_back_as_it_was_written(report):
    assert parse(render(report, SUSPICIOUS_NAME).data, SUSPICIOUS_NAME) == report


@SLOW
@given(large_reports())
def test_a_large_report_is_read_back_as_it_was_written(report):
    assert parse(render(report, LARGE_NAME).data, LARGE_NAME) == report


@SLOW
@given(suspicions() | large_reports())
def test_a_report_s_plain_form_is_read_back_as_it_was(report):
    assert read_report(json.loads(json.dumps(plain_of(report))), "r") == report


# ---- names


def test_names_of_packets_say_what_they_are_and_are_read_back():
    name = PacketName("change", "insurance", "suspicious", REPORTER, DAY, 12)
    assert name.text == "CISA1000131000001-20261124-00000012.XML"
    assert packet_name(name.text) == packet_name(name.text.lower()) == packet_name(name.stem) == name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reporter": "A1"}, "14 digits"), ({"serial": 0}, "from 1 to 99,999,999"),
        ({"serial": 100_000_000}, "from 1 to"), ({"action": "delete"}, "never deleted"),
    ],
)  # fmt: skip
def test_what_can_be_no_name_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(SUSPICIOUS_NAME, **changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no packet's name"), ("NBH", "is no packet's name"),
        ("XBHA1000131000001-20261124-00000001.XML", "is no packet's name"),
        ("../NBHA1000131000001-20261124-00000001.XML", "is no packet's name"),
        ("NBHA1000131000001-20261324-00000001", "names no day"),
        ("DBSA1000131000001-20261124-00000001", "never deleted"),
    ],
)  # fmt: skip
def test_other_names_are_no_packets(text, words):
    with pytest.raises(ValueError, match=words):
        packet_name(text)


def test_numbers_go_on_within_a_reporter_s_day():
    used = [LARGE_NAME, SUSPICIOUS_NAME, dataclasses.replace(LARGE_NAME, day=date(2026, 11, 25), serial=9)]
    assert next_serial(used, REPORTER, DAY) == 3
    assert next_serial(used, "B1000131000001", DAY) == 1
    with pytest.raises(ValueError, match="all numbers"):
        next_serial([dataclasses.replace(LARGE_NAME, serial=99_999_999)], REPORTER, DAY)


def test_names_of_receipts_are_read():
    name = receipt_name(f"FDSC[{LARGE_NAME.stem}]20261124093001.XML")
    assert (name.outcome, name.packet, name.landed) == ("accepted", LARGE_NAME, "20261124093001")
    assert receipt_name(f"fdcf[{LARGE_NAME.text}].xml").outcome == "refused"
    for wrong in ("FDXX[a]", f"FDSC[{LARGE_NAME.stem}]20261324093001.XML", "FDSC[NBH].XML"):
        with pytest.raises(Problems):
            receipt_name(wrong)


# ---- what is wrong


def test_every_problem_of_a_report_is_told_at_once_by_its_path():
    wrong = copy.deepcopy(SUSPICIOUS)
    wrong |= {"urgency": "9", "crimes": [], "times": 2, "trigger": "99", "id": ""}
    wrong["subjects"][0]["document"] = {"kind": "id_card", "number": "110105194912310021"}
    wrong["subjects"][1]["document"] = {"kind": "driving licence", "number": "1"}
    wrong["transactions"][0] |= {"customer": "C0009", "channel": "99", "amount": "0"}
    text = told(lambda: render(read_report(wrong, "r"), SUSPICIOUS_NAME))
    for piece in (
        "id: is empty", "urgency: is no code", "crimes: is empty", "first_packet", "trigger_other",
        "subjects 1.document.number: the check digit", "subjects 2.document.kind: is unknown",
        "transactions 1.customer: is none of the subjects", "transactions 1.channel_other", "transactions 1.amount",
    ):  # fmt: skip
        assert piece in text


def test_every_problem_of_the_form_is_told_at_once_by_its_tag():
    wrong = copy.deepcopy(SUSPICIOUS)
    wrong |= {"behaviour": "x" * 10_001, "author": "a\u202eb", "branch": " a"}
    wrong["subjects"][0]["name"] = "李\x07敏"
    wrong["subjects"][1]["nationalities"] = ["China"]
    wrong["transactions"][0] |= {"place": "北京", "means": "1", "device": "@N", "branch": ""}
    text = told(lambda: render(read_report(wrong, "r"), SUSPICIOUS_NAME))
    for piece in (
        "BSTR/RBIF/STCB 资金交易及客户行为情况: is longer than 10,000", "BSTR/RBIF/RPNM", "control characters",
        "BSTR/RBIF/RPNC 上报网点代码: begins or ends with a space",
        "BSTR/SEIFs/SEIF 1/SIIFs/SIIF 1/SENM 可疑主体姓名（名称）: holds line ends or control",
        "STNTs/STNT 1 可疑主体国籍: is not written as it must be (three capital letters",
        "TSIF/TRCD", "TSIF/TSTP", "TSIF/OCEC 非柜台交易方式的设备代码: is what stands for nothing", "RINI/FINC",
    ):  # fmt: skip
        assert piece in text


@pytest.mark.parametrize(
    "bad", ["\x00", "\x1f", "\x7f", "\x85", "\ud800", "\ufffe", "\U0001ffff", "\ufdd0", "\u2066", "\r"]
)
def test_control_characters_and_what_is_no_character_are_refused(bad):
    assert unwritable(f"a{bad}b")
    assert unwritable(f"a{bad}b", lines=True)
    told(lambda: render(suspicious(analysis=f"a{bad}b"), SUSPICIOUS_NAME))


def test_large_reports_are_held_to_their_day_customer_and_equivalents():
    wrong = copy.deepcopy(LARGE)
    wrong["days"].append(copy.deepcopy(wrong["days"][0]))
    feature = wrong["days"][0]["features"][0]
    feature["code"] = "0505"
    feature["transactions"][0] |= {"at": "2026-11-23T16:00:00Z", "customer": "C2"}
    feature["transactions"][0].pop("usd")
    feature["transactions"][0]["cny"] = "1.00"
    text = told(lambda: render(read_report(wrong, "r"), LARGE_NAME))
    for piece in ("days 2: is the same customer and day", "code: is no criterion", "lies in another day",
                  "is another customer's", "usd: is missing", "cny: differs"):  # fmt: skip
        assert piece in text


def test_a_packet_is_named_after_what_it_holds():
    assert "is none of a packet NBH" in told(lambda: render(suspicious(), LARGE_NAME))
    other = dataclasses.replace(SUSPICIOUS_NAME, reporter="B1000131000001")
    assert "differs from the packet's name" in told(lambda: render(suspicious(), other))


def test_a_plain_report_tells_every_slip_with_its_path():
    wrong = copy.deepcopy(SUSPICIOUS)
    wrong["urgncy"] = wrong.pop("urgency")
    wrong["crimes"] = "0801"
    wrong["subjects"][0]["document"] = "李·敏"
    wrong["transactions"][0] |= {"amount": 5, "at": "soon", "direction": "up", "times": 1}
    wrong["transactions"][0]["account"] = {}
    text = told(lambda: read_report(wrong, "r.json"))
    for piece in (
        "urgncy: is unknown here (did you mean 'urgency'?)", "urgency: is missing", "crimes: must be a list",
        "subjects 1.document: must be a table", "transactions 1.amount: must be an amount as text",
        "transactions 1.at: not an instant", "transactions 1.direction: must be one of: in, out",
        "transactions 1.times: is unknown", "transactions 1.account.number: is missing",
    ):  # fmt: skip
        assert piece in text
    for nothing in ({}, {"kind": "other"}, []):
        told(lambda nothing=nothing: read_report(nothing, "r"))


# ---- what is read


def packet(change):
    return change(render(suspicious(), SUSPICIOUS_NAME).data.decode()).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("<BSTR>", '<!DOCTYPE x [<!ENTITY a "b">]><BSTR>'), "declares a document type"),
        (lambda t: t.replace('"UTF-8"', '"GB18030"'), "is not declared as UTF-8"),
        (lambda t: t.replace("<BSTR>", "<?run this?><BSTR>"), "processing instruction"),
        (lambda t: t.replace("</BSTR>", ""), "is no XML"),
        (lambda t: t.replace("<RPNM>王敏</RPNM>", "<RPNM>&name;</RPNM>"), "is no XML"),
        (lambda t: t.replace("BSTR", "HVTR"), "HVTR: is no BSTR"),
        (lambda t: t.replace("<MIRS>@N</MIRS>", ""), ""),
        (lambda t: t.replace("<RPNM>王敏</RPNM>", ""), "RPNM 可疑交易报告的填报人员: is missing"),
        (lambda t: t.replace("<RPNM>王敏</RPNM>", "<RPNM>@N</RPNM>"), "RPNM 可疑交易报告的填报人员: is missing"),
        (lambda t: t.replace("<DETR>01</DETR>", "<DETR>01</DETR><DETR>01</DETR>"), "DETR: stands twice"),
        (lambda t: t.replace("<DETR>01</DETR>", "<DETX>01</DETX>"), "is unknown here (did you mean 'DETR'?)"),
        (lambda t: t.replace("<DETR>01</DETR>", "").replace("<ORXN>", "<DETR>01</DETR><ORXN>"), "stands out of order"),
        (lambda t: t.replace('seqno="2"', 'seqno="3"'), 'has not its number (write seqno="2")'),
        (lambda t: t.replace("<SETN>2</SETN>", "<SETN>3</SETN>"), "SETN: is not how many there are"),
        (lambda t: t.replace("<RBIF>", "<RBIF>text"), "holds a text where elements stand"),
        (lambda t: t.replace("<DETR>01</DETR>", "<DETR><a/></DETR>"), "holds elements where a text stands"),
        (lambda t: t.replace("<CRAT>600000.00</CRAT>", "<CRAT>600000.001</CRAT>"), "more than 2 decimal places"),
        (lambda t: t.replace(f"<RICD>{REPORTER}", "<RICD>B1000131000001"), "differs from the packet's name"),
        (lambda t: t.replace("<CTNM>李·敏</CTNM>", "<CTNM>别人</CTNM>"), "is another than the subject"),
        (lambda t: t.replace("11010519491231002X", "1"), "not a resident identity number"),
    ],
)  # fmt: skip
def test_a_packet_that_is_not_as_it_must_be_is_refused_with_its_line(change, words):
    data = packet(change)
    if not words:
        assert parse(data, SUSPICIOUS_NAME).correction_mark == ""
        return
    assert words in told(lambda: parse(data, SUSPICIOUS_NAME))


def test_each_problem_of_a_packet_stands_once_and_beside_the_others():
    data = packet(lambda t: t.replace("<DETR>01", "<DETR>77").replace("CHN110108", "x"))
    text = told(lambda: parse(data, SUSPICIOUS_NAME))
    assert len(text.splitlines()) == 2, text
    assert "line " in text


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<a", b"<a>" * 100 + b"</a>" * 100, b"<a>" + b"x" * 200_000 + b"</a>",
        b"\xff\xfe<a/>", b"<a>\xb0\xa1</a>",
        b"<a " + b" ".join(b'a%d="1"' % n for n in range(20)) + b"/>",
    ],
)  # fmt: skip
def test_what_is_too_deep_too_long_or_no_xml_is_refused(data):
    with pytest.raises(Problems):
        read_markup(data, "x")


# ---- goAML

UNIT = goaml.Unit(
    rentity_id=101, report_code="STR", indicators=("FAST",), funds_code="BANKD", transmode="EFT",
    countries={"CHN": "CN"}, branch="HQ",
)  # fmt: skip
SENT_US = 1_795_000_000_000_000


def made(report=None, unit=UNIT):
    return goaml.render(report or suspicious(), unit, SENT_US, "r.xml")


def test_goaml_has_the_names_and_the_order_of_its_schema():
    text = made().data.decode()
    for piece in (
        "<report>\n<rentity_id>101</rentity_id>\n<rentity_branch>HQ</rentity_branch>\n<submission_code>E</submission_code>",
        "<entity_reference>STR-2026-0042</entity_reference>\n<submission_date>",
        "<action>限制非柜面交易</action>\n<transaction>\n<transactionnumber>T-1</transactionnumber>",
        "<date_transaction>2026-11-23T10:00:00</date_transaction>\n<transmode_code>EFT</transmode_code>",
        "<amount_local>600000.00</amount_local>\n<t_from>\n<from_funds_code>BANKD</from_funds_code>\n<from_account>",
        "<t_to_my_client>\n<to_funds_code>BANKD</to_funds_code>\n<to_account>",
        "<first_name>Min</first_name>\n<last_name>Li</last_name>\n<full_name_frn>李·敏</full_name_frn>",
        "<report_indicators>\n<indicator>FAST</indicator>\n</report_indicators>\n</report>",
    ):
        assert piece in text
    assert "@N" not in text


def test_goaml_is_read_back_as_it_was_written():
    tree = goaml.read(made().data, "r.xml")
    assert tree["entity_reference"] == "STR-2026-0042"
    (transaction,) = tree["transaction"]
    assert transaction["t_to_my_client"]["to_account"]["signatory"][0]["t_person"]["full_name_frn"] == "李·敏"


NAMES = st.text("ABCxyz .'-", min_size=1, max_size=12).filter(lambda text: text == text.strip())


@SLOW
@given(NAMES, NAMES, texts(1, 30), st.integers(1, 10**15), st.sampled_from(["in", "out"]))
def test_goaml_holds_every_text_through_a_round_trip(first, last, chinese, amount, direction):
    report = suspicious()
    subject = dataclasses.replace(
        report.subjects[0], name=chinese, latin=dataclasses.replace(report.subjects[0].latin, first=first, last=last)
    )
    transaction = dataclasses.replace(report.transactions[0], amount_minor=amount, direction=direction)
    report = dataclasses.replace(
        report, subjects=(subject, report.subjects[1]), transactions=(transaction,), analysis=chinese
    )
    tree = goaml.read(made(report).data, "r.xml")
    assert tree["reason"] == f"{report.behaviour}\n\n{chinese}"
    way = "to" if direction == "in" else "from"
    person = tree["transaction"][0][f"t_{way}_my_client"][f"{way}_account"]["signatory"][0]["t_person"]
    assert (person["first_name"], person["last_name"], person["full_name_frn"]) == (first, last, chinese)


def test_goaml_asks_for_latin_names_countries_and_local_amounts():
    wrong = copy.deepcopy(SUSPICIOUS)
    wrong["subjects"][0].pop("latin")
    wrong["transactions"][0] |= {"currency": "USD", "amount": "5.00"}
    wrong["transactions"][0]["counterparty"] = {"name": "钱 七", "region": "USA"}
    text = told(lambda: made(read_report(wrong, "r")))
    for piece in ("customer.latin: is missing", "counterparty.latin", "countries in the unit", "cny: is missing",
                  "first_name 名（拉丁字母）: is missing"):  # fmt: skip
        assert piece in text


def test_goaml_refuses_chinese_where_its_schema_has_latin_letters():
    wrong = copy.deepcopy(SUSPICIOUS)
    wrong["subjects"][0]["latin"] = {"last": "李", "first": "Min"}
    assert "last_name 姓（拉丁字母）: is not written as it must be" in told(lambda: made(read_report(wrong, "r")))


def test_a_mere_activity_is_not_made_as_goaml():
    assert "a report of a mere activity is not made here" in told(lambda: made(suspicious(transactions=[])))


# ---- keeping


def test_reports_are_kept_for_ten_years_from_the_day_of_filing():
    years = shipped().limits["report_keep_years"]
    assert kept_until(date(2026, 11, 24), years) == date(2036, 11, 24)
    assert kept_until(date(2028, 2, 29), years) == date(2038, 3, 1)
    assert kept_until(date(2024, 12, 31), years) == date(2029, 12, 31)
    with pytest.raises(LookupError):
        kept_until(date(2016, 1, 1), years)
