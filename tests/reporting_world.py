"""What ships about reports, and movements and reports to try it with."""

from functools import cache
from pathlib import Path

from jindi.basics.instants import parse_instant
from jindi.packs import load
from jindi.parties.reporting.calendar import WorkingCalendar
from jindi.parties.reporting.large import Movement, Rules

PACKS = Path(__file__).parents[1] / "packs"


@cache
def shipped():
    names = ("core", "account", "payment")
    return load(
        {
            path.relative_to(PACKS).as_posix(): path.read_text("utf-8")
            for name in names
            for path in sorted((PACKS / name).rglob("*"))
            if path.suffix in {".toml", ".json"}
        }
    )


@cache
def rules():
    return Rules.of(shipped())


@cache
def mainland():
    return WorkingCalendar(shipped().calendars["mainland_china"])


def movement(name, amount, at="2026-11-23T10:00:00+08:00", **more):
    """A person's cash put in, in yuan; what differs is told. Amounts are minor units."""
    currency = more.pop("currency", "CNY")
    given = {
        "customer": "C1", "kind": "person", "means": "cash", "side": "domestic", "direction": "in",
        "currency": currency, "amount_minor": amount,
        "cny_minor": amount if currency == "CNY" else amount * 7,
        "usd_minor": amount if currency == "USD" else max(1, amount // 7),
    } | more  # fmt: skip
    return Movement(name, parse_instant(at), **given)


# ---- reports

REPORTER = "A1000131000001"

SUSPICIOUS = {
    "kind": "suspicious",
    "id": "STR-2026-0042",
    "institution": {"code": REPORTER, "name": "示例支付"},
    "branch": "A1000131000001",
    "urgency": "01",
    "directed": "01",
    "trigger": "01",
    "behaviour": "11 月 23 日，李某分三笔收款 60 万元，\n十分钟内转出 59.9 万元。",
    "analysis": "快进快出，与申报的职业不符。",
    "crimes": ["0801", "1201"],
    "features": ["0101"],
    "author": "王敏",
    "measures": "限制非柜面交易",
    "subjects": [
        {
            "number": "C0001",
            "name": "李·敏",
            "document": {"kind": "id_card", "number": "11010519491231002X"},
            "nationalities": ["CHN"],
            "occupation": "1100",
            "phones": ["+8613812345678"],
            "addresses": ["北京市海淀区中关村 1 号"],
            "latin": {"last": "Li", "first": "Min"},
        },
        {
            "number": "C0002",
            "name": "示例贸易（深圳）有限公司 <A&B>",
            "document": {"kind": "uscc", "number": "91110000600037341L"},
            "legal_representative": {"name": "赵四"},
            "latin": {"last": "Example Trading Co."},
        },
    ],
    "transactions": [
        {
            "id": "T-1",
            "at": "2026-11-23T10:00:00+08:00",
            "customer": "C0001",
            "direction": "in",
            "place": "CHN110108",
            "means": "000121",
            "currency": "CNY",
            "amount": "600000.00",
            "branch": "A1000131000001",
            "relation": "00",
            "account": {"number": "6222020200112233445", "opened_at": "2020-05-01T09:00:00+08:00"},
            "channel": "11",
            "device": "10.0.0.1@aa-bb",
            "purpose": "货款",
            "counterparty": {"name": "钱 七", "account": "6222020200998877", "region": "CHN440300",
                             "institution": "某银行", "institution_code": "B1", "latin": {"last": "Qian Qi"}},
            "notes": ["手机银行"],
        },
    ],
}  # fmt: skip

LARGE = {
    "kind": "large",
    "id": "LTR-2026-0001",
    "institution": {"code": REPORTER},
    "days": [
        {
            "customer": {
                "number": "C0001", "name": "李敏", "document": {"kind": "id_card", "number": "11010519491231002X"},
                "nationalities": ["CHN"],
            },
            "day": "2026-11-23",
            "features": [
                {
                    "code": "0503",
                    "transactions": [
                        {
                            "id": "T-9", "at": "2026-11-23T15:30:00+08:00", "customer": "C0001", "direction": "out",
                            "place": "CHN110108", "means": "000121", "currency": "CNY", "amount": "500000.00",
                            "cny": "500000.00", "usd": "70000.00", "branch": "A1000131000001",
                            "account": {"number": "6222020200112233445"},
                        },
                    ],
                },
            ],
        },
    ],
}  # fmt: skip
