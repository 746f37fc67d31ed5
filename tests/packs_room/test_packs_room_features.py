"""Window features and derived ones: keys, values, types, windows."""

import pytest
from packs_room_world import EVENTS, SAID, feature, policy, rule, said, told, world

from jindi.features import plan
from jindi.language import BOOL, DURATION, INT, RATIO, TEXT, Kind, Type
from jindi.packs import FOLDS, load, readable

CNY = Type(Kind.MONEY, of="CNY")


def one(text):
    """The single feature that a text declares in the small world."""
    return load(world(features=text, policies=[])).features["paid_7d"]


def derived(name="ratio_now", is_="items / paid_7d", **keys):
    lines = "\n".join(f"{key.removesuffix('_')} = {text}" for key, text in keys.items())
    return f'[{name}]\n{SAID}\nis = "{is_}"\n{lines}\n'


def test_an_entity_names_each_events_own_field():
    found = one(feature(of='["payment", "login"]'))
    assert found.by == {"payment": ("user",), "login": ("person",)}
    assert found.entities == ("user",)
    assert found.of == ("payment", "login")


def test_a_feature_may_be_kept_once_for_everybody():
    found = one(feature(by='"everybody"', of='["payment", "login"]'))
    assert found.by == {"payment": (), "login": ()}
    assert found.entities == ()


def test_everybody_is_asked_for_alone():
    assert told(world(features=feature(by='["user", "everybody"]'), policies=[]))


def test_a_field_name_comes_before_an_entity():
    assert one(feature(by='"payee"')).by == {"payment": ("payee",)}


def test_an_event_that_does_not_feed_reads_where_it_has_the_key():
    assert one(feature()).by == {"payment": ("user",), "login": ("person",)}
    assert one(feature(by='["user", "channel"]')).by["login"] == ("person", "channel")
    assert list(one(feature(by='"phone"')).by) == ["payment"]


def test_a_table_of_keys_may_list_types_that_only_read_and_cross_entities():
    found = one(feature(by='{ payment = "payee", login = "person" }'))
    assert found.by == {"payment": ("payee",), "login": ("person",)}
    assert found.entities == ("payee",)
    assert list(one(feature(by='{ payment = "user" }')).by) == ["payment"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"of": None}, "`of` is missing"),
        ({"of": '"paymnt"'}, "`of`: unknown event 'paymnt' (did you mean 'payment'?)"),
        ({"of": '["payment", "payment"]'}, "`of` names 'payment' twice"),
        ({"of": "3"}, "`of` must be a text or a list of texts"),
        ({"of": "[]"}, "`of` is empty"),
        ({"by": None}, "`by` is missing"),
        ({"by": '"usr"'}, "`by`: payment has no field or entity 'usr' (did you mean 'user'?)"),
        ({"by": '["user", "user"]'}, "`by` names 'user' twice"),
        ({"by": '"amount"'}, "`by`: amount is money of CNY"),
        (
            {"by": '{ payment = "user", logn = "person" }'},
            "`by`: unknown event 'logn' (did you mean 'login'?)",
        ),
        ({"by": '{ login = "person" }'}, "`by` says nothing of payment"),
        ({"by": '{ payment = "user", login = "ok" }'}, "`by`: login has ok of type bool"),
        (
            {"by": '{ payment = ["user", "channel"], login = "person" }'},
            "`by` has 1 parts on login and 2 on payment",
        ),
        ({"by": "{ payment = 3 }"}, "`by`: payment must be a field or a list of fields"),
        ({"fold": '"cuont"'}, "unknown fold 'cuont' (did you mean 'count'?)"),
        ({"over": '"7 days"'}, "`over` is no window: '7 days'"),
        ({"over": '"0d"'}, "`over` is an empty window"),
        ({"over": None}, "`over` is missing"),
        ({"over": '"40000d"'}, "longer than a hundred years"),
        ({"lag": '"soon"'}, "`lag` is not a duration"),
        ({"lag": '"36599d"', "over": '"7d"'}, "`over` and `lag` together"),
        ({"value": '"amount"'}, "count folds no value"),
        ({"fold": '"sum"'}, "`value` is missing: sum needs one"),
        (
            {"fold": '"sum"', "value": '"amont"'},
            "`value`: payment has no field or entity 'amont' (did you mean 'amount'?)",
        ),
        ({"fold": '"sum"', "value": '"channel"'}, "sum of a text"),
        ({"fold": '"sum"', "value": '"phone"'}, "use one of: count, distinct, seen, first, last"),
        ({"fold": '"max"', "value": '"gift"'}, "max of a bool"),
        ({"fold": '"distinct"', "value": '"score"'}, "distinct of a ratio is not exact"),
        ({"fold": '"sum"', "value": "3"}, "`value` must be a text or a table"),
        (
            {"fold": '"sum"', "value": '{ payment = "items", login = "ok" }'},
            "`value`: 'login' does not feed the feature",
        ),
        ({"fold": '"sum"', "value": '"price"'}, "may be in any currency, and a fold needs one"),
        (
            {"fold": '"sum"', "value": '"price"', "where": "\"gift or currency == 'CNY'\""},
            "may be in any currency",
        ),
        ({"where": '"items"'}, "`where` must be bool, not int"),
        ({"where": '"itms > 1"'}, "`where`: unknown name 'itms' (did you mean 'items'?)"),
        ({"where": '"paid_7d > 1"'}, "`where`: unknown name 'paid_7d'"),
        ({"where": "\"amount > limit('large')\""}, "`where`: unknown limit 'large'"),
        ({"where": '{ login = "ok" }'}, "`where`: 'login' does not feed the feature"),
        ({"where": "3"}, "`where` must be a text, or a table of texts per event type, not a whole number"),
        ({"current": '"exclud"'}, "unknown current 'exclud' (did you mean 'exclude'?)"),
        ({"fold": '"since_last"', "current": '"exclude"'}, "`current` means nothing"),
        ({"q": "0.5"}, "`q` belongs to the fold quantile"),
        ({"fold": '"quantile"', "value": '"items"'}, "`q` must be a number between 0 and 1"),
        ({"fold": '"quantile"', "value": '"items"', "q": "1.5"}, "`q` must be a number between 0 and 1"),
        (
            {"fold": '"quantile"', "value": '"items"', "q": "0.5", "lag": '"1d"'},
            "an exact quantile has no lag",
        ),
        ({"fold": '"quantile"', "value": '"items"', "q": "0.5", "over": '"ever"'}, '"ever" is refused'),
        ({"counts": '"all"'}, "unknown counts 'all'"),
        ({"degrade": '"opn"'}, "unknown degrade 'opn' (did you mean 'open'?)"),
        ({"window": '"7d"'}, "unknown key 'window'"),
        ({"is": '"items"'}, "is derived (`is`) and a window (`by`) at once"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(keys, words):
    assert said(world(features=feature(**keys), policies=[]), "shop/features.toml: paid_7d: ", words)


def test_an_entity_that_two_fields_share_must_be_chosen():
    events = EVENTS.replace(
        'payee = { type = "text", class = "C2",', 'payee = { type = "text", class = "C2", entity = "user",'
    )
    assert one(feature(of='"login"', by='{ login = "person" }'))
    events = events.replace("user = {", "payer = {")
    lines = told(world(events=events, features=feature(), policies=[]))
    assert lines[0].endswith(
        'payment has several fields of entity user: payer, payee (choose one: by = { payment = "payer" })'
    )
    found = load(
        world(
            events=events,
            features=feature(of='"login"', by='"user"'),
            policies=[],
        )
    )
    assert list(found.features["paid_7d"].by) == ["login"]


@pytest.mark.parametrize(
    ("fold", "value", "kind"),
    [
        ("count", None, INT), ("since_first", None, DURATION), ("since_last", None, DURATION),
        ("sum", "amount", CNY), ("min", "amount", CNY), ("max", "amount", CNY), ("first", "amount", CNY),
        ("mean", "amount", CNY), ("std", "amount", CNY), ("mean", "items", RATIO), ("std", "items", RATIO),
        ("sum", "items", INT), ("distinct", "payee", INT), ("distinct", "phone", INT),
        ("seen", "payee", BOOL),
        ("seen", "phone", BOOL), ("first", "channel", TEXT), ("last", "phone", Type(Kind.TOKEN, of="phone")),
        ("last", "due", Type(Kind.TIME)), ("last", "gift", BOOL), ("last", "score", RATIO),
    ],
)  # fmt: skip
def test_each_fold_has_its_type(fold, value, kind):
    found = one(feature(fold=f'"{fold}"', value=f'"{value}"' if value else None))
    assert found.type == kind
    assert dict(found.value).get("payment") == value


def test_a_quantile_keeps_its_share_in_parts_per_million():
    found = one(feature(fold='"quantile"', value='"amount"', q="0.95"))
    assert found.quantile_ppm == 950_000
    assert found.type == CNY


def test_a_fold_of_money_in_many_currencies_is_pinned_by_where_or_by_the_key():
    pinned = one(feature(fold='"sum"', value='"price"', where="\"currency == 'USD' and gift\""))
    assert pinned.type == Type(Kind.MONEY, of="USD")
    keyed = one(feature(fold='"sum"', value='"price"', by='["user", "currency"]'))
    assert keyed.type == Type(Kind.MONEY, currency_field="currency")
    turned = one(feature(fold='"max"', value='"price"', where="\"'EUR' == currency\""))
    assert turned.type == Type(Kind.MONEY, of="EUR")


def test_different_currencies_are_not_folded_together():
    more = f"[refund]\n{SAID}\n[refund.fields]\n"
    more += f'user = {{ type = "text", class = "C2", entity = "user", {SAID} }}\n'
    more += f'amount = {{ type = "money", class = "C2", currency = "USD", {SAID} }}\n'
    text = feature(of='["payment", "refund"]', fold='"sum"', value='"amount"')
    assert said(
        world(events=EVENTS + more, features=text, policies=[]),
        "`value` mixes currencies: money of CNY, money of USD",
    )


def test_seen_is_readable_only_where_the_value_is_there():
    assert list(one(feature(fold='"seen"', value='"payee"')).by) == ["payment"]
    both = one(feature(fold='"seen"', value='"channel"'))
    assert both.value == {"payment": "channel", "login": "channel"}
    chosen = one(feature(fold='"seen"', value='{ payment = "channel", login = "channel" }'))
    assert chosen.by["login"] == ("person",)


def test_where_may_be_a_table_for_some_of_the_feeding_types():
    found = one(feature(of='["payment", "login"]', where='{ login = "ok" }'))
    assert list(found.where) == ["login"]
    both = one(feature(of='["payment", "login"]', where="\"channel == 'app' and hour < 6\""))
    assert list(both.where) == ["payment", "login"]


def test_where_on_several_types_says_which_one_fails():
    assert said(
        world(features=feature(of='["payment", "login"]', where='"ok"'), policies=[]),
        "`where` on `payment`: unknown name 'ok'",
    )


@pytest.mark.parametrize(
    ("text", "kind", "length", "unit"),
    [
        ("90s", "sliding", 90_000_000, None),
        ("day", "calendar", 0, "day"),
        ("year", "calendar", 0, "year"),
        ("ever", "ever", 0, None),
    ],
)
def test_windows_slide_follow_the_calendar_or_never_end(text, kind, length, unit):
    over = one(feature(over=f'"{text}"')).over
    assert (over.kind, over.length_us, over.unit) == (kind, length, unit)


def test_what_reads_strictly_earlier_events_excludes_the_current_one():
    assert one(feature(fold='"seen"', value='"payee"')).current == "exclude"
    assert one(feature()).current == "include"
    assert one(feature(current='"exclude"')).current == "exclude"


def test_lag_counts_and_degrade_are_kept():
    found = one(feature(lag='"7d"', counts='"accepted"', degrade='"closed"'))
    assert (found.lag_us, found.counts, found.degrade) == (604_800_000_000, "accepted", "closed")


# --- derived features -------------------------------------------------------------------------------


def test_derived_features_come_after_what_they_read():
    text = derived("c", "b * 2") + derived("b", "a + 1") + derived("a", "paid_7d + items") + feature()
    assert list(load(world(features=text)).derived) == ["a", "b", "c"]


def test_a_circle_is_told_once_with_its_way():
    text = derived("a", "b + 1") + derived("b", "c + 1") + derived("c", "a + 1") + derived("d", "a + 1")
    lines = told(world(features=text, policies=[]))
    assert lines == ["shop/features.toml: c: goes round in a circle: a → b → c → a (break the circle)"]


def test_a_feature_that_reads_itself_is_a_circle():
    assert said(world(features=derived("a", "a + 1"), policies=[]), "a → a")


def test_a_long_chain_of_derived_features_loads():
    text = derived("d0", "items") + "".join(derived(f"d{n}", f"d{n - 1} + 1") for n in range(1, 150))
    assert len(load(world(features=text)).derived) == 150


def test_the_type_of_a_derived_feature_is_its_expressions():
    text = feature() + derived("share", else_='"0"') + derived("late", "hour >= 22", else_='"false"')
    found = load(world(features=text)).derived
    assert (found["share"].type, found["share"].otherwise) == (RATIO, 0.0)
    assert (found["late"].type, found["late"].otherwise) == (BOOL, False)
    assert found["late"].events == ("payment", "login")
    assert found["share"].events == ("payment",)


@pytest.mark.parametrize(
    ("is_", "otherwise", "value"),
    [("items + 1", '"-3"', -3), ("items + 1", "4", 4), ("amount * 2", '"1.50"', 150),
     ("hour < 3", "true", True),
     ("items / 2", '"5%"', 0.05), ("at - due", '"2h"', 7_200_000_000)],
)  # fmt: skip
def test_else_is_a_value_of_the_same_type(is_, otherwise, value):
    text = derived("d", is_, else_=otherwise)
    assert load(world(features=text, policies=[])).derived["d"].otherwise == value


@pytest.mark.parametrize(
    ("is_", "keys", "words"),
    [
        ("items +", {}, "`is`: "),
        ("itms + 1", {}, "unknown name 'itms' (did you mean 'items'?)"),
        ("items + amount", {}, "`is`: "),
        ("items", {"else_": '"x"'}, "`else` of a int"),
        ("items", {"else_": "0.5"}, "`else` of a int must be a whole number"),
        ("price", {"else_": '"1.00"'}, "`else` has no currency here"),
        (
            "paid_7d > 1 and person == 'x' and items > 1",
            {},
            "no event type offers all of these together: items, paid_7d, person",
        ),
        ("items > limit('larg')", {}, "unknown limit 'larg'"),
        ("user in list('blokked')", {}, "unknown list 'blokked'"),
    ],
)
def test_a_derived_feature_that_makes_no_sense_is_refused(is_, keys, words):
    assert said(world(features=feature() + derived("d", is_, **keys), policies=[]), "features.toml: d: ", words)


def test_a_derived_feature_is_offered_only_where_its_names_mean_the_same():
    more = f'[visit]\n{SAID}\n[visit.fields]\nitems = {{ type = "text", class = "C1", {SAID} }}\n'
    definitions = load(world(events=EVENTS + more, features=derived("many", "items > 3"), policies=[]))
    assert definitions.derived["many"].events == ("payment",)
    assert readable(definitions, "visit") == ()


def test_a_rule_is_told_when_a_feature_cannot_be_read_on_its_event():
    body = rule(when="paid_by_phone > 3", cases="")
    files = world(features=feature("paid_by_phone", by='"phone"'), policies=[policy(body, on="login", state="draft")])
    assert said(files, "rule big: `when`: unknown name 'paid_by_phone'")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (feature("Paid"), "Paid: not a name"),
        (feature("hour"), "hour: the name is taken"),
        ("paid = 3", "paid: must be a table, not a whole number"),
        (derived("items", "channel == 'app'"), "items: has the name of a field of payment"),
        (feature(by='["user", "payer"]'), "has no field or entity 'payer'"),
        (feature(by='{ payment = ["user", "user"] }'), "`by` names one field of payment twice"),
        (feature(where="{ payment = 3 }"), "`where`: payment must be a text, not a whole number"),
        (
            feature(fold='"sum"', value="{ payment = 3 }"),
            "`value`: payment must be a text, not a whole number",
        ),
        (
            feature(of='["payment", "login"]', fold='"last"', value='{ payment = "channel" }'),
            "`value` says nothing of login, which feeds the feature",
        ),
        (
            feature(of='["payment", "login"]', fold='"last"', value='{ payment = "items", login = "ok" }'),
            "`value`: login.ok is bool, payment.items is int",
        ),
        (
            feature(fold='"seen"', value='"items"', by='{ payment = "user", login = "person" }'),
            "`value`: login reads `seen` and has no such value",
        ),
        (
            feature(of='["payment", "login"]', by='"channel"') + feature("b", of='["payment", "login"]', by='"ok"'),
            "'ok'",
        ),
    ],
)
def test_more_that_makes_no_sense_in_a_feature(text, words):
    assert said(world(features=text, policies=[]), "features.toml: ", words)


def test_one_key_is_of_one_entity_unless_a_table_says_otherwise():
    events = EVENTS.replace("person = {", "user = {").replace(
        '[login.fields]\nuser = { type = "text", class = "C2", entity = "user"',
        '[login.fields]\nuser = { type = "text", class = "C2", entity = "person"',
    )
    files = world(events=events, features=feature(of='["payment", "login"]'), policies=[])
    assert said(files, "login has user of entity person, unlike user of user on payment")
    files = world(events=events, features=feature(), policies=[])
    assert list(load(files).features["paid_7d"].by) == ["payment"]


def test_a_currency_in_the_key_has_one_name():
    more = f"[sale]\n{SAID}\n[sale.fields]\n"
    more += f'user = {{ type = "text", class = "C2", entity = "user", {SAID} }}\n'
    more += f'coin = {{ type = "text", class = "public", {SAID} }}\n'
    text = feature(fold='"sum"', value='"price"', by='{ payment = ["user", "currency"], sale = ["user", "coin"] }')
    assert said(world(events=EVENTS + more, features=text, policies=[]), "the currency's field has several names")


def test_a_broken_where_is_not_told_a_second_time_as_a_missing_currency():
    text = feature(fold='"sum"', value='"price"', where='"currency == 5"')
    assert said(world(features=text, policies=[]), "`where`")


def test_broken_events_and_fields_are_not_told_again_by_features():
    events = "login = 3\n" + EVENTS.partition("[login]")[0]
    text = feature(of='["payment", "login"]') + feature("b", by='{ payment = "user", login = "person" }')
    lines = told(world(events=events, features=text, policies=[]))
    assert lines == ["shop/events.toml: login: must be a table, not a whole number (begin it with [login])"]
    events = EVENTS.replace("items = {", "items = 3 #")
    text = feature(fold='"sum"', value='"items"', where='"items > 1"')
    lines = told(world(events=events, features=text, policies=[]))
    assert len(lines) == 1
    assert lines[0].startswith("shop/events.toml: payment.items: must be a table, not a whole number")


@pytest.mark.parametrize("over", ["7d", "day", "ever"])
@pytest.mark.parametrize("lag", [None, "1d"])
@pytest.mark.parametrize("value", [None, "amount", "items", "payee", "phone", "gift", "due", "score"])
def test_whatever_loads_can_be_planned_by_the_features_room(value, lag, over):
    planned = 0
    for fold in FOLDS:
        keys = {"fold": f'"{fold}"', "over": f'"{over}"', "lag": f'"{lag}"' if lag else None}
        keys |= {"value": f'"{value}"' if value else None, "q": "0.5" if fold == "quantile" else None}
        files = world(features=feature(**keys), policies=[])
        if not told(files):
            plan(load(files), {"payment": frozenset({"paid_7d"}), "login": frozenset()})
            planned += 1
    assert planned > 0
