"""Events, fields, data classes, identifiers; limits and lists."""

import pytest
from packs_room_world import EVENTS, LIMITS, LISTS, SAID, feature, policy, rule, said, told, world

from jindi.language import TEXT, Kind, Type
from jindi.packs import load


def with_field(line):
    """The world with one more field of payment, and nothing that reads it."""
    return world(events=EVENTS.replace("[login]\n", f"{line}\n[login]\n", 1))


def field(name="extra", **keys):
    table = {"type": '"text"', "class": '"C2"'} | keys
    inner = ", ".join(f"{key} = {text}" for key, text in table.items() if text is not None)
    return f"{name} = {{ {inner}, {SAID} }}"


def test_fields_keep_their_order_and_types():
    fields = {f.name: f for f in load(world()).events["payment"].fields}
    assert list(fields)[:3] == ["user", "payee", "phone"]
    assert fields["phone"].type == Type(Kind.TOKEN, of="phone")
    assert fields["amount"].type == Type(Kind.MONEY, of="CNY")
    assert fields["price"].type == Type(Kind.MONEY, currency_field="currency")
    assert fields["amount"].least == 1
    assert not fields["phone"].required


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (field(**{"class": None}), "`class` is missing"),
        (field(**{"class": '"C4"'}), "unknown class 'C4'"),
        (field(**{"class": '"C3"'}), "class C3 may not be stored"),
        (field(identifier='"phne"'), "unknown identifier 'phne' (did you mean 'phone'?)"),
        (field(identifier='"phone"', **{"class": '"C1"'}), "class C1 is too low"),
        (field(identifier='"device"', **{"class": '"public"'}), "an identifier is not public"),
        (field(type='"int"', identifier='"phone"'), "an identifier has type text"),
        (field("mobile"), "looks like a personal identifier"),
        (field(strict="true"), "`strict` has nothing to be strict about"),
        (field(identifier='"phone"', strict="true"), "`strict` has nothing to be strict about"),
        (field(required="false", derives='{ from = "phone", what = "age" }'), "no phone tells 'age'"),
        (field(required="false", derives='{ from = "user", what = "age" }'), "user tells nothing of its holder"),
        (field(required="false", derives='{ from = "phone" }'), "`what` is missing"),
        (field(derives='{ from = "phone", what = "plan" }'), "the platform fills what `derives`"),
        (field(type='"int"', required="false", derives='{ from = "phone", what = "plan" }'), "the platform fills what"),
        (
            field(required="false", derives='{ from = "phone", what = "block" }', **{"class": '"C1"'}),
            "block needs a higher class",
        ),
        (field("hour", type='"int"'), "the name is taken"),
        (field("id"), "the name is taken"),
        (field("Extra"), "not a name"),
        (field(type='"txt"'), "unknown type 'txt' (did you mean 'text'?)"),
        (field(type='"bool"', values='["a"]'), "`values` belongs to a text field"),
        (field(values='["a", "a"]'), "names 'a' twice"),
        (field(values="[]"), "`values` is empty"),
        (field(length_max="0"), "`length_max` is out of range"),
        (field(length_max='"9"'), "`length_max` must be a whole number, not text"),
        (field(least="1"), "`least` belongs to a number"),
        (field(type='"int"', least="2", most="1"), "`least` is above `most`"),
        (field(required='"no"'), "`required` must be true or false, not text"),
        (field(same_as='"user"'), "`same_as` says which other entity this one is"),
        (field(entity='"user"', same_as='"user"'), "`same_as` says which other entity this one is"),
        (field(entity='"friend"', same_as='"usr"'), "same_as usr is no entity"),
        (
            field(entity='"friend"', same_as='"user"', type='"int"'),
            "same_as user is no entity of type int",
        ),
        (field(currency='"CNY"'), "`currency` belongs to a money field"),
        (field(type='"money"', currency='"CNX"'), "unknown currency 'CNX'"),
        (
            field(type='"money"', currency='"CNY"', currency_field='"currency"'),
            "both `currency` and `currency_field`",
        ),
        (field(type='"money"', currency_field='"curency"'), "did you mean 'currency'?"),
        (field(type='"money"', currency_field='"items"'), "currency_field items is int"),
        (field(type='"ratio"', entity='"user"'), "can't be the key of an entity"),
        (field(type='"int"', entity='"user"'), "entity user is int here and text in payment.user"),
        (field(identifier='"phone"', entity='"user"'), "entity user is token of phone here and text"),
        ("extra = 3", "must be a table, not a whole number"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(line, words):
    assert any(words in each for each in told(with_field(line))), told(with_field(line))


def test_class_c3_passes_only_as_a_token():
    events = load(with_field(field(identifier='"bank_card"', **{"class": '"C3"'}))).events
    assert events["payment"].fields[-1].type == Type(Kind.TOKEN, of="bank_card")


def test_a_lifecycle_event_needs_its_fields_and_is_alone():
    life = f'[outcome_a]\n{SAID}\nlifecycle = "release"\n[outcome_a.fields]\n{field("decision")}\n'
    assert said(world(events=EVENTS + life), "lifecycle release needs a required field 'by' of type text")
    both = "".join(life.replace("_a", f"_{n}") + field("by") + "\n" for n in "ba")
    assert said(world(events=EVENTS + both), "lifecycle release is already that of outcome_b")


def test_an_event_without_fields_is_refused():
    assert said(world(events=EVENTS + f"[empty]\n{SAID}\n"), "empty: has no fields")
    assert said(world(events="empty = 3\n" + EVENTS), "empty: must be a table, not a whole number")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('type = "money"', 'type = "cash"', "unknown type 'cash'"),
        (
            "since = 2026-07-01",
            "since = 2025-07-01",
            "value 2 is dated 2025-07-01, not after the one before it",
        ),
        ("since = 2026-07-01", 'since = "2026-07-01"', "`since` must be a date such as"),
        ("since = 2026-07-01", "since = 2026-07-01T00:00:00Z", "`since` must be a date such as"),
        ('is = "2000.00", basis = "ours"', 'is = "2000.00"', "`basis` is missing"),
        ('is = "2000.00"', "is = 2000", "`is` must be an amount as text"),
        ('is = "2000.00"', 'is = "2000.001"', "more than 2 decimal places for CNY"),
        ('is = "2000.00"', 'isn = "2000.00"', "unknown key 'isn' (did you mean 'is'?)"),
        ('mark = "design default"\nvalue = [\n', "value = [\n", "`mark` is missing"),
        ('mark = "design default"\nvalue = [\n', 'mark = "sure"\nvalue = [\n', "unknown mark 'sure'"),
    ],
)
def test_a_limit_has_dated_values_with_a_basis_and_a_mark(old, new, words):
    lines = told(world(limits=LIMITS.replace(old, new, 1), policies=[]))
    assert any("parameters/limits.toml" in line and words in line for line in lines), lines


@pytest.mark.parametrize(
    ("word", "given", "value"),
    [
        ("money", '"12.50"', 1250),
        ("int", "7", 7),
        ("ratio", "0.25", 0.25),
        ("ratio", '"2.5%"', 0.025),
        ("duration", '"2h"', 7_200_000_000),
        ("text", '"yes"', "yes"),
        ("int", '"placeholder"', None),
    ],
)
def test_limits_hold_values_of_the_language(word, given, value):
    step = f'{{ since = 2026-01-01, is = {given}, basis = "b" }}'
    text = f'[l]\n{SAID}\ntype = "{word}"\nmark = "verified"\nvalue = [{step}]\n'
    assert load(world(limits=LIMITS + text)).limits["l"].steps[0].value == value


def test_a_live_policy_may_not_read_a_placeholder():
    body = rule(when="items > limit('unset')", cases=CASES_OF_ITEMS)
    assert said(world(policies=[policy(body)]), "reads limit unset, which is an unset placeholder", "shadow")
    assert not told(world(policies=[policy(body, state="shadow")]))


CASES_OF_ITEMS = """
[[rule.case]]
name = "yes"
given = { items = 2 }
fires = true
[[rule.case]]
name = "no"
given = { items = 1 }
fires = false
"""


def test_a_figure_that_can_not_be_read_is_told_once_and_is_no_placeholder():
    assert said(world(limits=LIMITS.replace('"1000.00"', '"1000.00x"')), "large: value 1: `is` not a decimal amount")


def test_a_placeholder_behind_a_derived_feature_is_found():
    derived = f"[many]\n{SAID}\nis = \"items > limit('unset')\"\n"
    assert said(
        world(features=derived, policies=[policy(rule(when="many", cases=CASES_OF_ITEMS))]),
        "unset placeholder",
    )


def test_a_list_begins_with_its_entries():
    blocked = load(world()).lists["blocked"]
    assert [entry.value for entry in blocked.entries] == ["u1", "u2"]
    assert blocked.entries[0].expires_us == 1_798_761_600_000_000
    assert blocked.entries[1].expires_us is None
    assert blocked.of == TEXT


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('colour = "black"', 'colour = "blck"', "unknown colour 'blck' (did you mean 'black'?)"),
        ('value = "u2"', 'value = "u1"', "stands in the list already"),
        ('{ value = "u2", reason = "known" }', '{ value = "u2" }', "`reason` is missing"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00", "`expires` has no offset"),
        ("2027-01-01T00:00:00Z", "2027-01-01", "`expires` must be an instant"),
        ('of = "text"\n', "", "`of` is missing"),
        ('of = "text"\n', 'of = "text"\nidentifier = "phone"\n', "both `of` and `identifier`"),
        ('identifier = "phone"', 'identifier = "phone"\nentry = []', "would stand in the pack in clear"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(old, new, words):
    lines = told(world(lists=LISTS.replace(old, new, 1)))
    assert any("lists/lists.toml" in line and words in line for line in lines), lines


def test_no_message_repeats_a_value_of_a_list():
    lines = told(world(lists=LISTS.replace('value = "u2"', 'value = "u1"')))
    assert not any("u1" in line for line in lines)


def test_features_cannot_be_named_like_a_field_that_stands_beside_them():
    assert said(world(features=feature("items")), "has the name of a field of payment")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (field(identifier='"phone"', values='["1"]'), "an identifier has no fixed `values`"),
        (field(length_max="2", values='["abc"]'), "a value is longer than `length_max`"),
        (field(currency_field='"currency"'), "`currency_field` belongs to a money field"),
        (
            field(type='"money"', currency_field='"note"') + "\n" + field("note", required="false"),
            "note may be absent",
        ),
        (field(doc='"x"').replace(f", {SAID}", ""), "`doc` must be a table"),
        (field().replace(f", {SAID}", ""), "`doc` is missing"),
        (field(values='"app"'), "`values` must be a list of texts"),
    ],
)
def test_more_that_makes_no_sense_in_a_field(line, words):
    assert said(with_field(line), "payment.", words)


def test_names_of_events_limits_and_lists_are_names():
    assert said(world(events=f"[Visit]\n{SAID}\n" + EVENTS), "events.toml: Visit: not a name")
    assert said(world(limits=LIMITS + f"[Big]\n{SAID}\n"), "limits.toml: Big: not a name")
    assert said(world(lists="bad = 3\n" + LISTS), "lists.toml: bad: must be a table, not a whole number")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('type = "money"\ncurrency = "CNX"', "unknown currency 'CNX'"),
        ('type = "int"\ncurrency = "CNY"', "`currency` belongs to a money limit"),
        ('type = "int"\nvalue = []', "`value` is empty"),
        ('type = "int"\nvalue = 3', "`value` must be an array of tables"),
        ('type = "int"\nvalue = [{ is = 3, basis = "b" }]', "value 1: `since` is missing"),
        ('type = "int"\nvalue = [{ since = 2026-01-01, basis = "b" }]', "value 1: `is` is missing"),
        ('type = "text"\nvalue = [{ since = 2026-01-01, is = 3, basis = "b" }]', "`is` must be a text"),
        (
            'type = "ratio"\nvalue = [{ since = 2026-01-01, is = "x", basis = "b" }]',
            "`is` is not a ratio such as",
        ),
        (
            'type = "ratio"\nvalue = [{ since = 2026-01-01, is = true, basis = "b" }]',
            "`is` must be a number such as",
        ),
        (
            'type = "duration"\nvalue = [{ since = 2026-01-01, is = 5, basis = "b" }]',
            "`is` must be a duration text",
        ),
        ('type = "int"', "`value` is missing"),
    ],
)
def test_more_that_makes_no_sense_in_a_limit(lines, words):
    if "\nvalue" not in lines and words != "`value` is missing":
        lines += '\nvalue = [{ since = 2026-01-01, is = "placeholder", basis = "b" }]'
    assert said(world(limits=LIMITS + f'[l]\n{SAID}\nmark = "verified"\n{lines}\n'), "limits.toml: l: ", words)


def test_words_of_any_length_are_not_taken():
    long = "x" * 2001
    assert said(
        world(events=EVENTS.replace('en = "said"', f'en = "{long}"', 1)),
        "`en` is longer than 2000 characters",
    )
    assert said(world(events=EVENTS.replace('"5m"', '"40000d"')), "`late_after` is longer than a hundred years")


def test_an_event_of_the_platforms_own_is_marked_so_and_a_decisions_life_is_not():
    own = EVENTS.replace("[payment]\n", "[payment]\nown = true\n", 1)
    events = load(world(events=own)).events
    assert events["payment"].own
    assert not events["login"].own
    lived = EVENTS.replace("[payment]\n", '[payment]\nown = true\nlifecycle = "recall"\n', 1)
    assert "the events of a decision's life come from outside" in "\n".join(told(world(events=lived)))


def test_any_name_of_somebody_becomes_a_token_of_text_and_is_personal():
    fields = {f.name: f for f in load(with_field(field(identifier='"text"'))).events["payment"].fields}
    assert fields["extra"].type == Type(Kind.TOKEN, of="text")
    assert "class C1 is too low" in "\n".join(told(with_field(field(identifier='"text"', **{"class": '"C1"'}))))


RANGED = """
[visit]
doc = { zh = "说明", en = "said" }
[visit.fields]
ip = { type = "text", class = "C1", identifier = "ip", doc = { zh = "说明", en = "said" } }
note = { type = "text", class = "C1", required = false, doc = { zh = "说明", en = "said" } }
where_from = { FIELD }
"""


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ('type = "int", required = false, lies_in = { address = "ip", lists = ["ranges"] }', "fills what `lies_in`"),
        ('type = "text", lies_in = { address = "ip", lists = ["ranges"] }', "fills what `lies_in`"),
        (
            'type = "text", required = false, lies_in = { address = "note", lists = ["ranges"] }',
            "has no address 'note'",
        ),
        ('type = "text", required = false, lies_in = { address = "ip", lists = ["rnges"] }', "unknown list 'rnges'"),
        ('type = "text", required = false, lies_in = { address = "ip", lists = ["blocked"] }', "is no list of ranges"),
        ('type = "text", required = false, lies_in = { address = "ip" }', "`lists` is missing"),
    ],
)
def test_what_is_wrong_with_a_field_that_lies_in_ranges_is_told(field, problem):
    ranges = '[ranges]\ndoc = { zh = "说明", en = "said" }\ncolour = "grey"\nof = "range"\n'
    full = f'{field}, class = "C1", doc = {{ zh = "说明", en = "said" }}'
    files = world(events=EVENTS + RANGED.replace("FIELD", full), lists=LISTS + ranges)
    assert any(problem in line for line in told(files)), told(files)


def test_a_range_that_a_pack_lists_is_kept_in_its_one_form_and_no_other_text_is():
    ranges = '[ranges]\ndoc = { zh = "说明", en = "said" }\ncolour = "grey"\nof = "range"\n'
    good = ranges + 'entry = [{ value = "192.0.2.9/24", reason = "ours" }]\n'
    (kept,) = load(world(lists=LISTS + good)).lists["ranges"].entries
    assert kept.value == "192.0.2.0/24"
    bad = ranges + 'entry = [{ value = "Mars", reason = "ours" }]\n'
    assert any("no range of addresses" in line for line in told(world(lists=LISTS + bad)))
