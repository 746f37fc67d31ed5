"""A small world for the tests of this room: definitions made by hand, and events for them."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from jindi.language import BOOL, DURATION, INT, RATIO, TEXT, TIME, Kind, Scope, Type, read
from jindi.packs.definitions import Definitions, EventDef, FeatureDef, FieldDef, Over, Words

ZONE = ZoneInfo("Asia/Shanghai")
DOC = Words("一句话", "one sentence")
MONEY = Type(Kind.MONEY, of="CNY")
TOKEN = Type(Kind.TOKEN, of="device")
SECOND = 1_000_000
DAY = 86_400 * SECOND


def field(name, type_, *, entity=None, required=True):
    return FieldDef(name, type_, "C1", DOC, required=required, entity=entity)


EVENTS = {
    "payment": EventDef(
        "payment",
        "shop",
        DOC,
        (
            field("user", TEXT, entity="user"),
            field("device", TOKEN, entity="device", required=False),
            field("amount", MONEY),
            field("rebate", INT, required=False),
            field("risk", RATIO, required=False),
            field("night", BOOL, required=False),
            field("due", TIME, required=False),
        ),
        0,
    ),
    "login": EventDef(
        "login",
        "shop",
        DOC,
        (field("who", TEXT, entity="user"), field("device", TOKEN, entity="device"), field("tries", INT)),
        0,
    ),
    "look": EventDef("look", "shop", DOC, (field("user", TEXT, entity="user"), field("device", TOKEN)), 0),
}
KEYS = {"payment": ("user",), "login": ("who",), "look": ("user",)}
SEVEN = Over("sliding", 7 * SECOND)
EVER = Over("ever")


def calendar(unit):
    return Over("calendar", unit=unit)


def feature(name, fold, value="", *, over=SEVEN, of=("payment",), by=None, where=None, entities=("user",), **more):
    by = by or {event: KEYS[event] for event in EVENTS}
    if isinstance(value, str):
        value = dict.fromkeys(of, value) if value else {}
    wheres = {}
    for event in of if where else ():
        names = {f.name: f.type for f in EVENTS[event].fields}
        wheres[event] = read(where, Scope(names=names))
    kind = {"mean": RATIO, "std": RATIO, "count": INT, "distinct": INT, "seen": BOOL}.get(fold, INT)
    if fold in ("since_first", "since_last"):
        kind = DURATION
    if fold in ("min", "max", "first", "last", "quantile"):
        kind = next(f.type for f in EVENTS[of[0]].fields if f.name == value[of[0]])
    made = FeatureDef(
        name, "shop", DOC, tuple(of), by, entities, fold, value, over, 0, wheres,
        "attempts", "include", 0, kind, ZONE, "open",
    )  # fmt: skip
    return replace(made, **more)


def definitions(*features):
    return Definitions({}, EVENTS, {f.name: f for f in features}, {}, {}, {}, (), "digest")


def reads_of(features):
    return {event: frozenset(f.name for f in features if event in f.by) for event in EVENTS}
