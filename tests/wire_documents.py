"""Events of the shop as a stranger would send them: mostly right, some of it anything."""

from datetime import UTC

from hypothesis import strategies as st

from shop_world import PHONE, shop_program

PAY = [field.name for field in shop_program().definitions.events["pay"].fields]
READING = [field.name for field in shop_program().definitions.events["reading"].fields]

TEXTS = st.one_of(
    st.sampled_from(
        [
            "u1",
            "app",
            "web",
            "10.00",
            "0.00",
            "USD",
            "JPY",
            "CNY",
            "",
            "x" * 41,
            PHONE,
            "203.0.113.7",
            "1e5",
            "pay",
            "reading",
            "2026-11-22T04:00:00Z",
            "2026-11-22 04:00:00.5Z",
            "2026-11-22T04:00:00",
            "2026-11-22T04:00:00+0800",
            "2026-11-22T04:00:00.1234567Z",
            "2026-11-22T24:00:00Z",
            "2026-13-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
        ]
    ),
    st.text(max_size=12),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
    st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{0,4})?", fullmatch=True),
)
JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-7, 1002),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
RIGHT = {
    "id": st.text(min_size=1, max_size=6),
    "at": st.just("2026-11-22T04:00:00Z"),
    "user": st.just("u1"),
    "amount": st.sampled_from(["10.00", "1", "0.01"]),
    "channel": st.sampled_from(["app", "web"]),
    "phone": st.just(PHONE),
    "card": st.just("6222021234567890128"),
    "ip": st.just("203.0.113.7"),
    "device": TEXTS,
    "whole": st.integers(-5, 1000),
    "free": st.integers(-(10**15), 10**15),
    "share": st.floats(-1, 1),
    "good": st.booleans(),
    "when_": st.just("2026-01-01T00:00:00Z"),
    "price": st.just("5"),
    "money_of": st.just("USD"),
    "yen": st.just("500"),
}


@st.composite
def documents(draw):
    """Mostly right, with a few fields that may be anything."""
    kind = draw(st.sampled_from(["pay", "reading"]))
    names = ["id", "at", *(PAY if kind == "pay" else READING)]
    wild = draw(st.sets(st.sampled_from([*names, "type", "other"]), max_size=3))
    document = {"type": kind}
    for name in names:
        if name in RIGHT and draw(
            st.booleans() if name not in ("id", "at", "user", "amount", "channel", "whole") else st.just(True)
        ):
            document[name] = draw(RIGHT[name])
    for name in wild:
        document[name] = draw(JSON)
    return document
