"""A small payment world built by hand, so that these tests need no pack files."""

from datetime import date
from zoneinfo import ZoneInfo

from jindi.language import BOOL, INT, RATIO, TEXT, Kind, Scope, Type, read
from jindi.packs.definitions import (
    BandDef,
    CaseDef,
    Definitions,
    DerivedDef,
    EventDef,
    ExemptionDef,
    FeatureDef,
    FieldDef,
    LimitDef,
    LimitStep,
    ListDef,
    Outcome,
    Over,
    PackDef,
    PolicyDef,
    RuleDef,
    Words,
)

CNY = Type(Kind.MONEY, of="CNY")
DEVICE = Type(Kind.TOKEN, of="device")
ZONE = ZoneInfo("Asia/Shanghai")
NOON_US = 1_795_320_000_000_000  # 2026-11-22 12:00 in Shanghai
SAID = Words("说明", "said")
DAY_US = 86_400_000_000

PAYMENT = EventDef(
    "payment",
    "pay",
    SAID,
    (
        FieldDef("user", TEXT, "C2", SAID, entity="user"),
        FieldDef("device", DEVICE, "C2", SAID, required=False, entity="device", identifier="device"),
        FieldDef("amount", CNY, "C2", SAID, least=0, most=10**12),
        FieldDef("channel", TEXT, "public", SAID, values=("app", "web")),
    ),
    300_000_000,
)
LOGIN = EventDef(
    "login",
    "pay",
    SAID,
    (FieldDef("user", TEXT, "C2", SAID, entity="user"), FieldDef("ok", BOOL, "C1", SAID)),
    300_000_000,
)


def window(name, fold="count", *, of=("payment",), by=None, value=None, type_=INT, current="include", degrade="open"):
    return FeatureDef(
        name=name,
        pack="pay",
        doc=SAID,
        of=of,
        by=by or {"payment": ("user",)},
        entities=("user",),
        fold=fold,
        value=value or {},
        over=Over("sliding", DAY_US),
        lag_us=0,
        where={},
        counts="attempts",
        current=current,
        quantile_ppm=0,
        type=type_,
        zone=ZONE,
        degrade=degrade,
    )


BOTH = {"payment": ("user",), "login": ("user",)}
WINDOWS = (
    window("payments_1d", by=BOTH),
    window("paid_1d", "sum", value={"payment": "amount"}, type_=CNY),
    window("failed_logins_1d", of=("login",), by=BOTH, degrade="challenge"),
    window("device_known", "seen", value={"payment": "device"}, type_=BOOL, current="exclude"),
    window("challenge_passed", "seen", of=("login",), by=BOTH, type_=BOOL),
    window("failed_share_base", of=("login",), by=BOTH),
    window("last_channel", "last", of=("login",), by=BOTH, type_=TEXT),
)
LARGE = (
    LimitStep(date(2016, 7, 1), 100_000, Words.alike("rule 12")),
    LimitStep(date(2026, 1, 1), 500_000, Words("细则第十二条（修订）", "rule 12 amended")),
)
LIMITS = (
    LimitDef("large", "pay", SAID, CNY, "verified", LARGE),
    LimitDef(
        "unset", "pay", SAID, INT, "design default", (LimitStep(date(2016, 7, 1), None, Words.alike("to be set")),)
    ),
)
LISTS = (ListDef("blocked", "pay", SAID, "black", TEXT, ()),)
DERIVED_TEXTS = {
    "failed_share": ("failed_logins_1d / payments_1d", 0.0, RATIO, "open"),
    "risky_share": ("failed_share * 2", None, RATIO, "open"),
    "night": ("hour < 6", None, BOOL, "open"),
    "twice_paid": ("paid_1d * 2", None, CNY, "closed"),
}


def scope():
    names = {f.name: f.type for event in (LOGIN, PAYMENT) for f in event.fields}
    names |= {w.name: w.type for w in WINDOWS}
    names |= {name: type_ for name, (_, _, type_, _) in DERIVED_TEXTS.items()}
    return Scope(names, {limit.name: limit.type for limit in LIMITS}, {"blocked": TEXT})


def when(text):
    return read(text, scope())


def rule(id_, text, then=None, score=0, *, degrade="open", method=None, wait_us=None, cases=(), **shares):
    return RuleDef(
        id=id_,
        doc=Words(f"{id_} 的理由", f"why {id_}"),
        when=when(text),
        then=Outcome(then) if then else None,
        score=score,
        basis=Words(f"{id_} 的依据", f"basis of {id_}"),
        degrade=degrade,
        method=method,
        wait_us=wait_us,
        share_max_ppm=shares.get("share_max_ppm", 50_000),
        confirmed_share_ppm=shares.get("confirmed_share_ppm"),
        cases=tuple(cases),
    )


def band(score_from, then, method=None, wait_us=None):
    return BandDef(score_from, Outcome(then), method, wait_us)


def exemption(text, *lifts, id_="passed"):
    return ExemptionDef(id_, SAID, when(text), frozenset(map(Outcome, lifts)), Words("豁免依据", "basis"))


def policy(*rules, bands=(), exemptions=(), state="live", id_="payment", on="payment", cases=()):
    return PolicyDef(
        id_, "pay", on, SAID, state, 200_000, tuple(bands), rules, tuple(exemptions), tuple(cases), "0" * 64
    )


def case(name="example", *, fires=None, outcome=None, members=(), at_us=NOON_US, **given):
    return CaseDef(name, given, frozenset(members), at_us, fires, Outcome(outcome) if outcome else None)


def definitions(*policies):
    derived = {
        name: DerivedDef(name, "pay", SAID, when(text), otherwise, type_, ("payment",), degrade)
        for name, (text, otherwise, type_, degrade) in DERIVED_TEXTS.items()
    }
    return Definitions(
        {"pay": PackDef("pay", "1", SAID, ZONE, "CNY")},
        {"payment": PAYMENT, "login": LOGIN},
        {w.name: w for w in WINDOWS},
        derived,
        {limit.name: limit for limit in LIMITS},
        {item.name: item for item in LISTS},
        policies,
        "d" * 64,
    )


def facts(program, absent=frozenset(), **given):
    """Complete facts by name; limits and memberships by their canonical text through `given["..."]`."""
    values = [given.get(name) for name in program.slots[: program.base_count]]
    for name, value in zip(program.limits, program.limits_on(program.day(NOON_US)), strict=True):
        if (slot := f"limit('{name}')") not in given:
            values[program.index[slot]] = value
    return program.complete(values, absent)
