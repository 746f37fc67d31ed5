"""Packets of the analysis centre (中国反洗钱监测分析中心): large transactions and suspicions, by the trees of its
interface.

Trees, names of files, the filler `@N`, forms of times and amounts: from a public copy of the specification V1.0 for
banks, securities and insurance. The names of fields in Chinese were read in public programs that fill the same trees,
or are from memory (docs/aml-reports.md says which). Not from any text, and so to be held against the specification
before use: which fields may be empty, how long each may be, and that corrections and deletions have the tree of what
they correct or delete.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, cast

from jindi.basics.money import EXPONENTS, format_minor, parse_minor
from jindi.basics.problems import Problem, Problems
from jindi.parties.reporting import codes
from jindi.parties.reporting.checks import Remark, check
from jindi.parties.reporting.large import ZONE
from jindi.parties.reporting.markup import read_markup
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
    Report,
    SuspiciousReport,
    Transaction,
)
from jindi.parties.reporting.names import REPORTER, PacketName, is_day, is_instant
from jindi.parties.reporting.shapes import Branch, Dialect, Leaf, Look, Many, Rule, Value

DIALECT: Final = Dialect(filler="@N", numbered=True)
ZIP_BYTES_MAX: Final = 5 << 20
"""The largest ZIP that the centre takes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

LONG: Final = 10_000
"""The longest account of behaviour and of suspicion."""

Tree = dict[str, Value]

# ---- how texts are written


def _rule(says: str, pattern: str) -> Rule:
    compiled = re.compile(pattern + r"\Z", re.ASCII)
    return Rule(says, lambda text: compiled.match(text) is not None)


def _one_of(table: Mapping[str, object] | frozenset[str]) -> Rule:
    return Rule(f"use one of: {', '.join(sorted(table))}", lambda text: text in table)


_REPORTER = Rule("14 digits and capital letters", lambda text: REPORTER.match(text) is not None)
_COUNT = _rule("a whole number", r"0|[1-9][0-9]{0,8}")
_COUNTRY = _rule("three capital letters, such as CHN", r"[A-Z]{3}")
_PLACE = _rule("three letters of the country and six digits of the district, such as CHN110000", r"[A-Z]{3}[0-9]{6}")
_DAY = Rule("YYYYMMDD", is_day)
_INSTANT = Rule("YYYYMMDDhhmmss", is_instant)
_ID_KIND = Rule("a code of kinds of documents", lambda text: text in codes.BY_CODE)
_MEANS = _rule("six digits: 00, 01 or 03, then cash or not, then the tool", r"0[013][0-9]{4}")
_CURRENCY = Rule("an ISO 4217 code that is known here", lambda text: text in EXPONENTS)
_AMOUNT = Rule(
    "digits, 20 at the most, 3 of them behind the point",
    lambda text: re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,3})?", text) is not None and len(text.replace(".", "")) <= 20,
)
_CRIME = _rule("four digits", r"[0-9]{4}")
_FEATURE = _rule("the code that was filed with the centre: digits and letters", r"[0-9A-Za-z]{1,32}")

# ---- trees


def _party(other: str, who: tuple[str, str], kind: str, number: str) -> tuple[Leaf, ...]:
    """A kind of document, what it is otherwise, and its number."""
    zh, en = who
    return (
        Leaf(kind, f"{zh}身份证件类型", f"the kind of document of {en}", _ID_KIND),
        Leaf(other, f"{zh}其他身份证件类型", f"what the document of {en} is"),
        Leaf(number, f"{zh}身份证件号码", f"the number of the document of {en}"),
    )


_BRANCH = (
    Leaf("FINC", "金融机构网点代码", "the code of the branch", required=True),
    Leaf("RLFC", "金融机构与客户的关系", "the relation to the customer", _one_of(codes.RELATIONS)),
)
_ACCOUNT = (
    Leaf("CATP", "客户账户类型", "the kind of account"),
    Leaf("CTAC", "客户账号", "the account", required=True),
    Leaf("OATM", "客户账户开立时间", "when the account was opened", _INSTANT),
)
_CARD = (
    Leaf("CBCT", "客户银行卡类型", "the kind of card"),
    Leaf("OCBT", "其他银行卡类型", "what the card is"),
    Leaf("CBCN", "客户银行卡号码", "the number of the card"),
)
_AGENT = Branch("TBIF", (
    Leaf("TBNM", "代办人姓名", "the name of who acted"),
    *_party("OITP", ("代办人", "who acted"), "TBIT", "TBID"),
    Leaf("TBNT", "代办人国籍", "the nationality of who acted", _COUNTRY),
))  # fmt: skip
_HOW = (
    Leaf("TSTM", "交易时间", "when it was", _INSTANT, required=True),
    Leaf("TRCD", "交易发生地", "where it was", _PLACE, required=True),
    Leaf("TICD", "业务标识号", "the mark of the transaction", required=True),
    Leaf("RPMT", "收付款方匹配号类型", "the kind of the matching number"),
    Leaf("RPMN", "收付款方匹配号", "the matching number"),
    Leaf("TSTP", "交易方式", "how it was done", _MEANS, required=True),
    Leaf("OCTT", "非柜台交易方式", "the channel", _one_of(codes.CHANNELS)),
    Leaf("OOCT", "其他非柜台交易方式", "what the channel is"),
    Leaf("OCEC", "非柜台交易方式的设备代码", "the device"),
    Leaf("BPTC", "银行与非银行支付机构之间的业务交易编码", "the mark between bank and payment institution"),
    Leaf("TSCT", "涉外收支交易分类与代码", "the code of the cross-border payment"),
    Leaf("TSDR", "资金收付标志", "in or out", _one_of(frozenset(codes.DIRECTIONS.values())), required=True),
)
_COUNTERPARTY = Branch("TCIF", (
    Leaf("CFIN", "对方金融机构网点名称", "the name of the other institution"),
    Leaf("CFCT", "对方金融机构网点代码类型", "the kind of its code"),
    Leaf("CFIC", "对方金融机构网点代码", "its code"),
    Leaf("CFRC", "对方金融机构网点行政区划代码", "its district"),
    Leaf("TCNM", "交易对手姓名（名称）", "the name of the other side"),
    *_party("OITP", ("交易对手", "the other side"), "TCIT", "TCID"),
    Leaf("TCAT", "交易对手账户类型", "the kind of its account"),
    Leaf("TCAC", "交易对手账号", "its account"),
))  # fmt: skip
_NOTES = Many("ROTFs", Leaf("ROTF", "交易信息备注", "a note"), most=16)
_CURRENCY_AND_AMOUNT = (
    Leaf("CRTP", "交易币种", "the currency", _CURRENCY, required=True),
    Leaf("CRAT", "交易金额", "the amount", _AMOUNT, required=True),
)


def _contacts(zh: str, branch: str, phone: str, places: str, place: str, other: str) -> Branch:
    return Branch(branch, (
        Many(f"{phone}s", Leaf(phone, f"{zh}联系电话", "a telephone")),
        Many(places, Leaf(place, f"{zh}住址/经营地址", "an address")),
        Many(f"{other}s", Leaf(other, f"{zh}其他联系方式", "another way to reach him")),
    ))  # fmt: skip


LARGE: Final = Branch("HVTR", (
    Branch("RBIF", (
        Leaf("RICD", "报告机构编码", "the reporter's code", _REPORTER, required=True),
        Leaf("CTTN", "交易客户总数", "the number of customers", _COUNT, required=True),
    )),
    Many("CATIs", Branch("CATI", (
        Branch("CBIF", (
            Leaf("CSNM", "客户号", "the customer's number", required=True),
            Many("CTNTs", Leaf("CTNT", "客户国籍", "the nationality", _COUNTRY)),
            Leaf("CTVC", "客户职业（行业）类别", "the occupation or trade"),
            _contacts("客户", "CCIF", "CCTL", "CATRs", "CTAR", "CCEI"),
        )),
        Leaf("HTDT", "大额交易发生日期", "the day", _DAY, required=True),
        Many("HTCRs", Branch("HTCR", (
            Leaf("CRCD", "大额交易特征代码", "the criterion", _one_of(codes.FEATURES), required=True),
            Leaf("TTNM", "交易总数", "the number of transactions", _COUNT, required=True),
            # The interface lets a customer have several identities within a criterion; here he has one.
            Many("CCIFs", Branch("CCIF", (
                Leaf("CTNM", "客户名称（姓名）", "the customer's name", required=True),
                Leaf("CITP", "客户身份证件类型", "the kind of his document", _ID_KIND, required=True),
                Leaf("OITP", "客户其他身份证件类型", "what his document is"),
                Leaf("CTID", "客户身份证件号码", "the number of his document", required=True),
                Many("TSDTs", Branch("TSDT", (
                    Branch("RINI", _BRANCH),
                    Branch("ATIF", (*_ACCOUNT, *_CARD)),
                    _AGENT,
                    Branch("TSIF", (
                        *_HOW,
                        Leaf("CRPP", "资金用途", "the purpose"),
                        *_CURRENCY_AND_AMOUNT,
                        Leaf("CRMB", "交易金额（折人民币）", "the amount in yuan", _AMOUNT, required=True),
                        Leaf("CUSD", "交易金额（折美元）", "the amount in US dollars", _AMOUNT, required=True),
                    )),
                    _COUNTERPARTY,
                    _NOTES,
                )), least=1),
            )), least=1, most=1),
        )), least=1),
    )), least=1),
))  # fmt: skip

SUSPICIOUS: Final = Branch("BSTR", (
    Branch("RBIF", (
        Leaf("RICD", "报告机构编码", "the reporter's code", _REPORTER, required=True),
        Leaf("RPNC", "上报网点代码", "the reporting branch", required=True),
        Leaf("DETR", "可疑交易报告紧急程度", "how urgent it is", _one_of(codes.URGENCY), required=True),
        Leaf("TORP", "报送次数标志", "the how-manieth report", _rule("1, 2, 3 …", r"[1-9][0-9]{0,3}"), required=True),
        Leaf("ORXN", "初次报送的可疑交易报告报文名称", "the first packet's name"),
        Leaf("DORP", "报送方向", "to whom it goes", _one_of(codes.DIRECTED), required=True),
        Leaf("ODRP", "其他报送方向", "to whom else"),
        Leaf("TPTR", "可疑交易报告触发点", "what set it going", _one_of(codes.TRIGGERS), required=True),
        Leaf("OTPR", "其他可疑交易报告触发点", "what else set it going"),
        Leaf("STCB", "资金交易及客户行为情况", "what was done", required=True, length=LONG, lines=True),
        Leaf("AOSP", "疑点分析", "why it is suspicious", required=True, length=LONG, lines=True),
        Many("TOSCs", Leaf("TOSC", "疑似涉罪类型", "a type of crime", _CRIME), least=1),
        Many("STCRs", Leaf("STCR", "可疑交易特征代码", "a feature's code", _FEATURE), least=1),
        Leaf("SETN", "可疑主体总数", "the number of subjects", _COUNT, required=True),
        Leaf("STNM", "可疑交易总数", "the number of transactions", _COUNT, required=True),
        Leaf("RPNM", "可疑交易报告的填报人员", "who filled it in", required=True),
        Leaf("MIRS", "人工补正标识", "the mark of a correction that was asked for"),
    )),
    Many("SEIFs", Branch("SEIF", (
        Leaf("CSNM", "客户号", "the customer's number", required=True),
        Leaf("SEVC", "可疑主体职业（对私）或行业（对公）", "the occupation or trade"),
        Many("SIIFs", Branch("SIIF", (
            Leaf("SENM", "可疑主体姓名（名称）", "the subject's name", required=True),
            Leaf("SETP", "可疑主体身份证件类型", "the kind of the document", _ID_KIND, required=True),
            Leaf("OITP", "可疑主体其他身份证件类型", "what the document is"),
            Leaf("SEID", "可疑主体身份证件号码", "the number of the document", required=True),
        )), least=1, most=1),
        Many("STNTs", Leaf("STNT", "可疑主体国籍", "the nationality", _COUNTRY)),
        _contacts("可疑主体", "SCIF", "SCTL", "SEARs", "SEAR", "SEEI"),
        Branch("SRIF", (
            Leaf("SRNM", "法定代表人姓名", "the legal representative's name"),
            *_party("ORIT", ("法定代表人", "the legal representative"), "SRIT", "SRID"),
            Leaf("SCNM", "控股股东或实际控制人名称", "who holds or controls it"),
            *_party("OCIT", ("控股股东或实际控制人", "who holds or controls it"), "SCIT", "SCID"),
        )),
    )), least=1),
    Many("STIFs", Branch("STIF", (
        Branch("RINI", _BRANCH),
        Branch("CIIF", (
            Leaf("CTNM", "客户名称（姓名）", "the customer's name", required=True),
            Leaf("CITP", "客户身份证件类型", "the kind of his document", _ID_KIND, required=True),
            Leaf("OITP", "客户其他身份证件类型", "what his document is"),
            Leaf("CTID", "客户身份证件号码", "the number of his document", required=True),
            Leaf("CSNM", "客户号", "the customer's number", required=True),
        )),
        Branch("ATIF", (
            *_ACCOUNT,
            Leaf("CATM", "客户账户销户时间", "when the account was closed", _INSTANT),
            *_CARD,
        )),
        _AGENT,
        Branch("TSIF", (*_HOW, Leaf("CRSP", "资金来源和用途", "source and purpose"), *_CURRENCY_AND_AMOUNT)),
        _COUNTERPARTY,
        _NOTES,
    ))),
))  # fmt: skip


FROM_MEMORY: Final = frozenset({
    "FINC", "RLFC", "CATP", "CBCT", "OCBT", "CBCN", "CATM", "RPMT", "RPMN", "TSTP", "CRSP", "CFIN", "CFCT", "CFIC",
    "CFRC", "TCAC", "SCTL", "SEAR", "SEEI",
})  # fmt: skip
"""Fields whose Chinese names are from memory; the others' were read in public programs."""


# ---- packets


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as it is handed over. `left_out` are fields of the report that this form has no place for."""

    name: str
    data: bytes
    left_out: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __repr__(self) -> str:
        return f"Packet({self.name})"


def render(report: Report, name: PacketName) -> Packet:
    """The packet of a report. Raises Problems, all at once: of the report, of the name, of the form."""
    checked = check(report)
    problems, where = checked.problems, "report"
    is_large = isinstance(report, LargeReport)
    if (name.topic == "large") != is_large:
        problems.append(Problem(where, "kind", f"is none of a packet {name.stem[:3]}", "name it after what it holds"))
    if report.institution.code != name.reporter:
        problems.append(Problem(where, "institution.code", "differs from the packet's name", "they are the same"))
    if problems:
        raise Problems(problems)
    shape, tree = (
        (LARGE, _of_large(report)) if isinstance(report, LargeReport) else (SUSPICIOUS, _of_suspicious(report))
    )
    look = Look(where, DIALECT, problems)
    look.check(shape, tree)
    if problems:
        raise Problems(problems)
    data = look.written(shape, tree).encode()
    if len(zlib.compress(data)) > ZIP_BYTES_MAX:
        raise Problems([Problem(where, "", "does not fit into a ZIP of 5 MiB", "split it into several reports")])
    return Packet(name.text, data, tuple(_left_out(report)), tuple(checked.remarks))


def parse(data: bytes, name: PacketName) -> Report:
    """The report that a packet holds, under the packet's name as its id. Raises Problems with lines."""
    where = name.text
    root = read_markup(data, where)
    shape = LARGE if name.topic == "large" else SUSPICIOUS
    look = Look(where, DIALECT, [])
    tree = cast("Tree", look.read(shape, root))
    if look.problems:
        raise Problems(look.problems)
    report: Report = _as_large(tree, name, look) if name.topic == "large" else _as_suspicious(tree, name, look)
    if not look.problems:
        if report.institution.code != name.reporter:
            look.wrong("RBIF/RICD", "differs from the packet's name", "they are the same")
        look.problems += check(report, where).problems
    if look.problems:
        raise Problems(look.problems)
    return report


def _left_out(report: Report) -> list[str]:
    found = set[str]()
    if report.institution.name:
        found.add("institution.name")
    customers = [each.customer for each in report.days] if isinstance(report, LargeReport) else [*report.subjects]
    for customer in customers:
        found |= {name for name in ("latin", "born_on") if getattr(customer, name) is not None}
    if isinstance(report, LargeReport):
        for customer in customers:
            found |= {each for each in ("legal_representative", "controller") if getattr(customer, each) is not None}
        transactions = [each for day in report.days for feature in day.features for each in feature.transactions]
        if any(each.account.closed_at_us is not None for each in transactions):
            found.add("account.closed_at")
    else:
        transactions = [*report.transactions]
        if report.measures:
            found.add("measures")
        if any(each.cny_minor is not None or each.usd_minor is not None for each in transactions):
            found.add("transactions.cny, transactions.usd")
    if any(each.counterparty.latin is not None for each in transactions):
        found.add("counterparty.latin")
    return sorted(found)


# ---- from the model


def _moment(at_us: int | None) -> str:
    """YYYYMMDDhhmmss in Asia/Shanghai."""
    if at_us is None:
        return ""
    return (_EPOCH + timedelta(seconds=at_us // 1_000_000)).astimezone(ZONE).strftime("%Y%m%d%H%M%S")


def _texts(several: Sequence[str]) -> list[Value]:
    return [*several]


def _document(document: Document | None, kind: str, other: str, number: str) -> Tree:
    if document is None:
        return {}
    return {kind: codes.DOCUMENTS[document.kind][0], other: document.other, number: document.number}


def _of_large(report: LargeReport) -> Tree:
    return {
        "RBIF": {"RICD": report.institution.code, "CTTN": str(len(report.days))},
        "CATIs": [_of_day(each) for each in report.days],
    }


def _of_day(day: CustomerDay) -> Tree:
    customer = day.customer
    return {
        "CBIF": {
            "CSNM": customer.number, "CTNTs": _texts(customer.nationalities), "CTVC": customer.occupation,
            "CCIF": {
                "CCTLs": _texts(customer.phones), "CATRs": _texts(customer.addresses),
                "CCEIs": _texts(customer.contacts),
            },
        },
        "HTDT": f"{day.day:%Y%m%d}",
        "HTCRs": [
            {
                "CRCD": feature.code, "TTNM": str(len(feature.transactions)),
                "CCIFs": [{
                    "CTNM": customer.name, **_document(customer.document, "CITP", "OITP", "CTID"),
                    "TSDTs": [_of_transaction(each, is_large=True) for each in feature.transactions],
                }],
            }
            for feature in day.features
        ],
    }  # fmt: skip


def _of_suspicious(report: SuspiciousReport) -> Tree:
    subjects = {each.number: each for each in report.subjects}
    return {
        "RBIF": {
            "RICD": report.institution.code, "RPNC": report.branch, "DETR": report.urgency, "TORP": str(report.times),
            "ORXN": report.first_packet, "DORP": report.directed, "ODRP": report.directed_other,
            "TPTR": report.trigger, "OTPR": report.trigger_other, "STCB": report.behaviour, "AOSP": report.analysis,
            "TOSCs": _texts(report.crimes), "STCRs": _texts(report.features), "SETN": str(len(report.subjects)),
            "STNM": str(len(report.transactions)), "RPNM": report.author, "MIRS": report.correction_mark,
        },
        "SEIFs": [_of_subject(each) for each in report.subjects],
        "STIFs": [
            _of_transaction(each, is_large=False) | {"CIIF": {
                "CTNM": subjects[each.customer].name,
                **_document(subjects[each.customer].document, "CITP", "OITP", "CTID"), "CSNM": each.customer,
            }}
            for each in report.transactions
        ],
    }  # fmt: skip


def _of_subject(subject: Customer) -> Tree:
    behind: Tree = {}
    if subject.legal_representative is not None:
        behind |= {"SRNM": subject.legal_representative.name}
        behind |= _document(subject.legal_representative.document, "SRIT", "ORIT", "SRID")
    if subject.controller is not None:
        behind |= {"SCNM": subject.controller.name} | _document(subject.controller.document, "SCIT", "OCIT", "SCID")
    return {
        "CSNM": subject.number, "SEVC": subject.occupation,
        "SIIFs": [{"SENM": subject.name, **_document(subject.document, "SETP", "OITP", "SEID")}],
        "STNTs": _texts(subject.nationalities),
        "SCIF": {
            "SCTLs": _texts(subject.phones), "SEARs": _texts(subject.addresses), "SEEIs": _texts(subject.contacts),
        },
        "SRIF": behind,
    }  # fmt: skip


def _of_transaction(each: Transaction, *, is_large: bool) -> Tree:
    account, agent, other = each.account, each.agent, each.counterparty
    of_account: Tree = {
        "CATP": account.kind, "CTAC": account.number, "OATM": _moment(account.opened_at_us),
        "CBCT": account.card_kind, "OCBT": account.card_other, "CBCN": account.card,
    }  # fmt: skip
    how: Tree = {
        "TSTM": _moment(each.at_us), "TRCD": each.place, "TICD": each.id, "RPMT": each.match_kind,
        "RPMN": each.match_number, "TSTP": each.means, "OCTT": each.channel, "OOCT": each.channel_other,
        "OCEC": each.device, "BPTC": each.institution_trade, "TSCT": each.foreign_trade,
        "TSDR": codes.DIRECTIONS[each.direction], "CRTP": each.currency,
        "CRAT": format_minor(each.amount_minor, each.currency),
    }  # fmt: skip
    if is_large:
        assert each.cny_minor is not None, "checked before"
        assert each.usd_minor is not None, "checked before"
        how |= {
            "CRPP": each.purpose, "CRMB": format_minor(each.cny_minor, "CNY"),
            "CUSD": format_minor(each.usd_minor, "USD"),
        }  # fmt: skip
    else:
        how |= {"CRSP": each.purpose}
        of_account |= {"CATM": _moment(account.closed_at_us)}
    acted: Tree = {}
    if agent is not None:
        acted = {"TBNM": agent.name, **_document(agent.document, "TBIT", "OITP", "TBID"), "TBNT": agent.nationality}
    return {
        "RINI": {"FINC": each.branch, "RLFC": each.relation}, "ATIF": of_account, "TBIF": acted, "TSIF": how,
        "TCIF": {
            "CFIN": other.institution, "CFCT": other.institution_code_kind, "CFIC": other.institution_code,
            "CFRC": other.region, "TCNM": other.name, **_document(other.document, "TCIT", "OITP", "TCID"),
            "TCAT": other.account_kind, "TCAC": other.account,
        },
        "ROTFs": _texts(each.notes),
    }  # fmt: skip


# ---- to the model


def _text(tree: Tree, tag: str) -> str:
    found = tree.get(tag, "")
    assert isinstance(found, str), "the shape says so"
    return found


def _inside(tree: Tree, tag: str) -> Tree:
    found = tree.get(tag, {})
    assert isinstance(found, dict), "the shape says so"
    return found


def _several(tree: Tree, tag: str) -> list[Tree]:
    return cast("list[Tree]", tree.get(tag, []))


def _listed(tree: Tree, tag: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", tree.get(tag, [])))


def _instant(text: str) -> int | None:
    if not text:
        return None
    at = datetime(*(int(text[a:b]) for a, b in _SPANS), tzinfo=ZONE)  # type: ignore[misc,arg-type]
    return int(at.timestamp()) * 1_000_000


_SPANS: Final = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))


def _as_document(tree: Tree, kind: str, other: str, number: str) -> Document | None:
    if not _text(tree, kind):
        return None
    return Document(codes.BY_CODE[_text(tree, kind)], _text(tree, number), _text(tree, other))


def _counted(tree: Tree, tag: str, count: int, look: Look, path: str) -> None:
    if int(_text(tree, tag)) != count:
        look.wrong(f"{path}/{tag}", "is not how many there are", "count them again")


def _as_large(tree: Tree, name: PacketName, look: Look) -> LargeReport:
    head, days = _inside(tree, "RBIF"), _several(tree, "CATIs")
    _counted(head, "CTTN", len(days), look, "RBIF")
    return LargeReport(
        name.stem, Institution(_text(head, "RICD")),
        tuple(_as_day(each, f"CATI {number}", look) for number, each in enumerate(days, 1)),
    )  # fmt: skip


def _as_day(tree: Tree, path: str, look: Look) -> CustomerDay:
    base, features = _inside(tree, "CBIF"), _several(tree, "HTCRs")
    identities = [_several(feature, "CCIFs")[0] for feature in features]
    known = {(_text(each, "CTNM"), _as_document(each, "CITP", "OITP", "CTID")) for each in identities}
    if len(known) > 1:
        look.wrong(path, "has several identities in one day", "read this packet by hand")
    contact = _inside(base, "CCIF")
    document = _as_document(identities[0], "CITP", "OITP", "CTID")
    assert document is not None, "the shape says so"
    customer = Customer(
        _text(base, "CSNM"), _text(identities[0], "CTNM"), document,
        _listed(base, "CTNTs"), _text(base, "CTVC"), _listed(contact, "CCTLs"), _listed(contact, "CATRs"),
        _listed(contact, "CCEIs"),
    )  # fmt: skip
    found = []
    for number, (feature, identity) in enumerate(zip(features, identities, strict=True), 1):
        several = _several(identity, "TSDTs")
        at = f"{path}/HTCR {number}"
        _counted(feature, "TTNM", len(several), look, at)
        transactions = (
            _as_transaction(each, customer.number, f"{at}/TSDT {place}", look) for place, each in enumerate(several, 1)
        )
        found.append(Feature(_text(feature, "CRCD"), tuple(transactions)))
    text = _text(tree, "HTDT")
    return CustomerDay(customer, date(int(text[:4]), int(text[4:6]), int(text[6:])), tuple(found))


def _as_suspicious(tree: Tree, name: PacketName, look: Look) -> SuspiciousReport:
    head, subjects, transactions = _inside(tree, "RBIF"), _several(tree, "SEIFs"), _several(tree, "STIFs")
    _counted(head, "SETN", len(subjects), look, "RBIF")
    _counted(head, "STNM", len(transactions), look, "RBIF")
    people = tuple(_as_subject(each) for each in subjects)
    by_number = {each.number: each for each in people}
    found = []
    for number, each in enumerate(transactions, 1):
        whose, path = _inside(each, "CIIF"), f"STIF {number}"
        subject = by_number.get(_text(whose, "CSNM"))
        said = _text(whose, "CTNM"), _as_document(whose, "CITP", "OITP", "CTID")
        if subject is not None and said != (subject.name, subject.document):
            look.wrong(f"{path}/CIIF", "is another than the subject of this number", "read this packet by hand")
        found.append(_as_transaction(each, _text(whose, "CSNM"), path, look))
    return SuspiciousReport(
        id=name.stem, institution=Institution(_text(head, "RICD")), branch=_text(head, "RPNC"),
        urgency=_text(head, "DETR"), directed=_text(head, "DORP"), trigger=_text(head, "TPTR"),
        behaviour=_text(head, "STCB"), analysis=_text(head, "AOSP"), crimes=_listed(head, "TOSCs"),
        features=_listed(head, "STCRs"), author=_text(head, "RPNM"), subjects=people, transactions=tuple(found),
        times=int(_text(head, "TORP")), first_packet=_text(head, "ORXN"), directed_other=_text(head, "ODRP"),
        trigger_other=_text(head, "OTPR"), correction_mark=_text(head, "MIRS"),
    )  # fmt: skip


def _as_subject(tree: Tree) -> Customer:
    (identity,) = _several(tree, "SIIFs")
    contact, behind = _inside(tree, "SCIF"), _inside(tree, "SRIF")
    document = _as_document(identity, "SETP", "OITP", "SEID")
    assert document is not None, "the shape says so"
    return Customer(
        _text(tree, "CSNM"), _text(identity, "SENM"), document, _listed(tree, "STNTs"), _text(tree, "SEVC"),
        _listed(contact, "SCTLs"), _listed(contact, "SEARs"), _listed(contact, "SEEIs"),
        _as_related(behind, "SRNM", ("SRIT", "ORIT", "SRID")), _as_related(behind, "SCNM", ("SCIT", "OCIT", "SCID")),
    )  # fmt: skip


def _as_related(tree: Tree, name: str, tags: tuple[str, str, str]) -> Related | None:
    return Related(_text(tree, name), _as_document(tree, *tags)) if _text(tree, name) else None


def _as_transaction(tree: Tree, customer: str, path: str, look: Look) -> Transaction:
    account, how, whom, acted = (_inside(tree, tag) for tag in ("ATIF", "TSIF", "TCIF", "TBIF"))
    at_us = _instant(_text(how, "TSTM"))
    assert at_us is not None, "the shape says so"
    currency = _text(how, "CRTP")

    def minor(tag: str, of: str) -> int | None:
        if not _text(how, tag):
            return None
        return _guarded(lambda: parse_minor(_text(how, tag), of), f"{path}/{tag}", look)

    return Transaction(
        id=_text(how, "TICD"), at_us=at_us, customer=customer, place=_text(how, "TRCD"), means=_text(how, "TSTP"),
        direction="in" if _text(how, "TSDR") == codes.DIRECTIONS["in"] else "out",
        currency=currency, amount_minor=minor("CRAT", currency) or 0, cny_minor=minor("CRMB", "CNY"),
        usd_minor=minor("CUSD", "USD"),
        account=Account(
            _text(account, "CTAC"), _text(account, "CATP"), _instant(_text(account, "OATM")),
            _instant(_text(account, "CATM")), _text(account, "CBCN"), _text(account, "CBCT"), _text(account, "OCBT"),
        ),
        branch=_text(_inside(tree, "RINI"), "FINC"), relation=_text(_inside(tree, "RINI"), "RLFC"),
        agent=Agent(
            _text(acted, "TBNM"), _as_document(acted, "TBIT", "OITP", "TBID"), _text(acted, "TBNT")
        ) if acted else None,
        counterparty=Counterparty(
            name=_text(whom, "TCNM"), document=_as_document(whom, "TCIT", "OITP", "TCID"),
            account=_text(whom, "TCAC"), account_kind=_text(whom, "TCAT"), institution=_text(whom, "CFIN"),
            institution_code=_text(whom, "CFIC"), institution_code_kind=_text(whom, "CFCT"),
            region=_text(whom, "CFRC"),
        ),
        match_kind=_text(how, "RPMT"), match_number=_text(how, "RPMN"), channel=_text(how, "OCTT"),
        channel_other=_text(how, "OOCT"), device=_text(how, "OCEC"), institution_trade=_text(how, "BPTC"),
        foreign_trade=_text(how, "TSCT"), purpose=_text(how, "CRPP") or _text(how, "CRSP"),
        notes=_listed(tree, "ROTFs"),
    )  # fmt: skip


def _guarded(read: Callable[[], int], path: str, look: Look) -> int | None:
    try:
        return read()
    except ValueError as error:
        look.wrong(path, str(error), "look at amount and currency")
        return None
