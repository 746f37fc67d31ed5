"""Which decisions come to people, as what, about whom, and about how much."""

import pytest

from jindi.cases import alert_of
from jindi.language import Kind, Type
from jindi.packs import OUTCOMES, EventDef, FieldDef, Outcome, RuleDef, TypologyDef, Words

SAME = Words("同", "same")
NOW_US = 1_795_320_000_000_000
TEXT, MONEY, YEN = Type(Kind.TEXT), Type(Kind.MONEY, "CNY"), Type(Kind.MONEY, "JPY")
OPEN_MONEY = Type(Kind.MONEY, None, "money_of")


def field(name, kind=TEXT, entity=None):
    return FieldDef(name, kind, "C2", SAME, entity=entity)


def event_of(*fields):
    return EventDef("pay", "shop", SAME, fields, 0)


PAY = event_of(field("user", entity="user"), field("device", entity="device"), field("amount", MONEY))


def rule(identifier, then=Outcome.REVIEW, score=0, typology=None):
    return RuleDef(identifier, SAME, None, then, score, SAME, "open", None, None, 0, None, (), typology)


def typology(name, by=("user",), least=Outcome.REVIEW, *, rest=False):
    return TypologyDef(name, "shop", SAME, by, least, "high", 3_600_000_000, (), rest)


def kinds(*typologies):
    return {each.name: each for each in typologies}


def alert(hits, known, *, event=PAY, values=("u1", "d1", 12_345), outcome=Outcome.REVIEW, score=40):
    return alert_of(47, event, values, NOW_US, outcome, score, hits, known)


def test_an_alert_says_which_decision_it_is_and_of_whom_and_of_how_much():
    found = alert([rule("large", typology="theft")], kinds(typology("theft")))
    assert (found.seq, found.event_type, found.typology, found.at_us) == (47, "pay", "theft", NOW_US)
    assert (found.entity, found.subject, found.amount_minor, found.currency) == ("user", "u1", 12_345, "CNY")
    assert (OUTCOMES[found.outcome], found.score) == (Outcome.REVIEW, 40)


# ---- of which kind


def test_the_heaviest_rule_says_the_kind_then_the_highest_score_then_the_first():
    known = kinds(typology("theft"), typology("mule"))
    theft, mule = rule("a", typology="theft"), rule("b", typology="mule")
    assert alert([theft, mule], known).typology == "theft"
    assert alert([mule, theft], known).typology == "mule"
    assert alert([theft, rule("c", score=1, typology="mule")], known).typology == "mule"
    assert alert([rule("c", score=99, typology="theft"), rule("d", Outcome.DENY, typology="mule")], known).typology == (
        "mule"
    )
    assert alert([rule("e", None, 99, "mule"), rule("f", Outcome.CHALLENGE, typology="theft")], known).typology == (
        "theft"
    )


def test_a_heavier_rule_that_points_to_no_kind_does_not_hide_one_that_does():
    known = kinds(typology("theft"), typology("other", rest=True))
    assert alert([rule("a", Outcome.DENY, 99), rule("b", typology="theft")], known).typology == "theft"


@pytest.mark.parametrize("hits", [[], [rule("a")], [rule("a", typology="gone")]])
def test_what_points_to_no_kind_is_of_the_rest_and_of_none_where_there_is_no_rest(hits):
    assert alert(hits, kinds(typology("theft"), typology("other", rest=True))).typology == "other"
    assert alert(hits, kinds(typology("theft"))) is None
    assert alert(hits, {}) is None


@pytest.mark.parametrize("least", list(Outcome)[1:])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_decision_lighter_than_the_kind_asks_for_comes_to_nobody(least, outcome):
    found = alert([rule("a", typology="theft")], kinds(typology("theft", least=least)), outcome=outcome)
    assert (found is not None) == (OUTCOMES.index(outcome) >= OUTCOMES.index(least))


# ---- about whom


def test_an_alert_is_about_the_first_entity_of_its_kind_that_the_event_names():
    known = kinds(typology("theft", by=("card", "device", "user")))
    assert (alert([rule("a", typology="theft")], known).entity) == "device"
    found = alert([rule("a", typology="theft")], known, values=("u1", None, 12_345))
    assert (found.entity, found.subject) == ("user", "u1")


def test_an_alert_about_nobody_that_the_event_names_is_about_its_decision_alone():
    known = kinds(typology("theft", by=("card",)))
    found = alert([rule("a", typology="theft")], known)
    assert (found.entity, found.subject) == ("decision", "47")


def test_where_two_fields_name_one_entity_the_first_that_is_given_counts():
    transfer = event_of(field("payer", entity="user"), field("payee", entity="user"))
    known = kinds(typology("theft"))
    hits = [rule("a", typology="theft")]
    assert alert(hits, known, event=transfer, values=("u1", "u2")).subject == "u1"
    assert alert(hits, known, event=transfer, values=(None, "u2")).subject == "u2"


def test_a_subject_that_is_a_number_is_named_by_its_digits():
    event = event_of(field("merchant", Type(Kind.INT), "merchant"))
    found = alert([rule("a", typology="x")], kinds(typology("x", by=("merchant",))), event=event, values=(0,))
    assert (found.entity, found.subject) == ("merchant", "0")


# ---- about how much


def test_the_amount_is_the_first_that_the_event_gives_in_the_currency_of_its_field():
    event = event_of(field("fee", YEN), field("amount", MONEY))
    known, hits = kinds(typology("theft", by=("card",))), [rule("a", typology="theft")]
    assert (alert(hits, known, event=event, values=(7, 9)).amount_minor) == 7
    assert (alert(hits, known, event=event, values=(7, 9)).currency) == "JPY"
    found = alert(hits, known, event=event, values=(None, 9))
    assert (found.amount_minor, found.currency) == (9, "CNY")
    found = alert(hits, known, event=event, values=(None, None))
    assert (found.amount_minor, found.currency) == (None, "")


@pytest.mark.parametrize(("currency", "amount"), [("USD", (5, "USD")), ("XXX", (None, "")), (None, (None, ""))])
def test_an_amount_whose_currency_is_a_field_counts_when_that_field_names_one_that_is_known(currency, amount):
    event = event_of(field("price", OPEN_MONEY), field("money_of"))
    known, hits = kinds(typology("theft", by=("card",))), [rule("a", typology="theft")]
    found = alert(hits, known, event=event, values=(5, currency))
    assert (found.amount_minor, found.currency) == amount


def test_an_amount_of_an_unknown_currency_leaves_the_word_to_the_next():
    event = event_of(field("price", OPEN_MONEY), field("money_of"), field("amount", MONEY))
    known, hits = kinds(typology("theft", by=("card",))), [rule("a", typology="theft")]
    assert alert(hits, known, event=event, values=(5, "XXX", 9)).amount_minor == 9
