"""What some decisions say of how the entities of their events hang together."""

import pytest

from jindi.language import TEXT, Kind, Type
from jindi.packs import Words
from jindi.packs.definitions import EventDef, FieldDef
from jindi.parties import Tally, kind_of, shape_of
from jindi.ports import Link, LinkEntity

DOC = Words("", "")


def field(name, entity=None, type_=TEXT, **more):
    return FieldDef(name, type_, "C2", DOC, entity=entity, **more)


TRANSFER = EventDef(
    "transfer", "p", DOC,
    (
        field("user", "user"), field("payee", "payee", same_as="user"), field("device", "device"), field("by", "staff"),
        field("currency"), field("amount", type_=Type(Kind.MONEY, currency_field="currency")), field("note"),
    ),
    0,
)  # fmt: skip
SHAPE = shape_of(TRANSFER, ("staff",))


def values(user="u1", payee=None, device=None, currency="CNY", amount=None):
    return (user, payee, device, "ann", currency, amount, "x")


def took(*decisions, keep_us=100):
    tally = Tally(keep_us)
    for at_us, outcome, given in decisions:
        tally.take(SHAPE, given, at_us, outcome)
    return tally


def test_each_two_that_an_event_names_are_linked_by_their_roles():
    tally = took((5, 3, values(payee="u2", device="d1", amount=700)))
    assert tally.links() == [
        Link("device:d1", "user:u1", "device-user", 5, 5, 1, 1, 3, (("CNY", 700),)),
        Link("device:d1", "user:u2", "device-payee", 5, 5, 1, 1, 3, (("CNY", 700),)),
        Link("user:u2", "user:u1", "payee-user", 5, 5, 1, 1, 3, (("CNY", 700),)),
    ]
    assert tally.entities() == [
        LinkEntity("device:d1", 5, 5, 1, 1, 3), LinkEntity("user:u1", 5, 5, 1, 1, 3),
        LinkEntity("user:u2", 5, 5, 1, 1, 3),
    ]  # fmt: skip


def test_the_heaviest_outcome_how_often_and_the_money_of_each_currency_are_summed():
    tally = took(
        (5, 0, values(device="d1", amount=100)), (7, 4, values(device="d1", amount=5, currency="USD")),
        (9, 1, values(device="d1", amount=20)), (9, 0, values(device="d1")),
    )  # fmt: skip
    assert tally.links() == [Link("device:d1", "user:u1", "device-user", 5, 9, 4, 2, 4, (("CNY", 120), ("USD", 5)))]


def test_what_was_not_seen_for_too_long_begins_anew():
    tally = took((5, 4, values(device="d1", amount=100)), (105, 0, values(device="d1")), keep_us=100)
    assert tally.links()[0].seen == 2
    tally = took((5, 4, values(device="d1", amount=100)), (106, 0, values(device="d1")), keep_us=100)
    assert tally.links() == [Link("device:d1", "user:u1", "device-user", 106, 106, 1, 0, 0)]
    assert tally.entities()[0] == LinkEntity("device:d1", 106, 106, 1, 0, 0)


@pytest.mark.parametrize(
    "given", [values(), values(payee="u1"), values(user=None, device="d1"), (None,) * 3 + ("ann", "CNY", 5, "x")]
)
def test_an_event_that_names_only_one_links_nobody(given):
    tally = took((5, 4, given))
    assert (tally.links(), tally.entities(), len(tally)) == ([], [], 0)


def test_who_may_not_be_linked_is_left_out_and_one_entity_alone_needs_no_reading():
    assert {end.role for end in SHAPE.ends} == {"user", "payee", "device"}
    assert shape_of(TRANSFER, ("staff", "payee", "device")) is None
    assert kind_of("device:a:b") == "device"
