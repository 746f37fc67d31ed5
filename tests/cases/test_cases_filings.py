"""How a report stands is a fold: the same steps give the same report, and no order gets round the second person."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.cases.filings import STATES, By, opened, stepped
from jindi.cases.filings_counting import COLUMNS, Row, as_csv, counted
from jindi.cases.filings_steps import (
    Approve,
    Begun,
    Drop,
    Land,
    Open,
    Pack,
    Propose,
    Return,
    Revise,
    Sealed,
    Send,
    Withdraw,
    Write,
    pack_step,
    unpack_step,
)
from jindi.parties.reporting import NotPossible
from shop_world import NOON_US

DRAFT, PACKET = Sealed("t1", "d" * 64), Sealed("t2", "e" * 64)
CLOCK = Begun(kind="file", start_us=NOON_US, due_us=NOON_US + 1, is_settled=True, mark="verified", zh="一", en="one")
STEM = "N{}SA1000131000001-20261122-0000000{}"


def by(name="wang", *marks):
    return By(name, NOON_US, marks)


def opening(topic="suspicious"):
    return Open(topic=topic, owner="report x", draft=DRAFT, aware_us=NOON_US, typology="mule_ring")


def begun(topic="suspicious", who="wang"):
    return opened(1, opening(topic), by(who), (CLOCK,))


STEPS = st.sampled_from([
    Write(DRAFT), Propose(packet=PACKET, subjects=1, transactions=1), Approve(PACKET.digest), Approve("0" * 64),
    Return("why"), Pack("NBSA1000131000001-20261122-00000001"), Pack("CBSA1000131000001-20261122-00000002"),
    Send(date(2026, 11, 22)), Revise("why"), Withdraw("why"), Drop("why"),
    *(
        Land(name=f"{code}[NBSA1000131000001-20261122-00000001]20261123000000.XML", receipt=DRAFT, errors=None)
        for code in ("FDSC", "FDRC", "FDCF")
    ),
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(STEPS, st.sampled_from(["wang", "sun", "gao"])), max_size=14))
def test_whatever_is_tried_only_another_than_all_who_wrote_it_lets_a_packet_go(tried):
    report, wrote, agreed, taken = begun(), {"wang"}, None, []
    for step, who in tried:
        try:
            after = stepped(report, step, by(who))
        except NotPossible:
            continue
        taken.append((step, who))
        if isinstance(step, Approve):
            assert who not in wrote
            assert step.digest == report.packet.digest
            agreed = PACKET
        if isinstance(step, Write | Propose | Revise):
            wrote.add(who)
            agreed = None if not isinstance(step, Propose) else agreed
        if isinstance(step, Land):
            wrote = set()
        if isinstance(step, Pack | Send):
            assert agreed is not None, "nothing is packed or sent that nobody agreed to"
        report = after
        assert report.state in STATES
    again = begun()
    for step, who in taken:
        again = stepped(again, unpack_step(pack_step(step)), by(who))
    assert again == report, "the journal alone says how it stands"


def test_a_mark_in_common_is_the_same_person_whatever_the_name():
    report = stepped(begun(), Propose(packet=PACKET, subjects=1, transactions=1), by("wang", "key 7"))
    with pytest.raises(NotPossible, match="nobody answers"):
        stepped(report, Approve(PACKET.digest), by("somebody", "key 7"))
    with pytest.raises(NotPossible, match="nobody answers"):
        stepped(report, Return("no"), by("WANG"))
    assert stepped(report, Approve(PACKET.digest), by("somebody", "key 8")).state == "approved"


def test_what_was_sent_stops_its_clock_by_the_day_that_was_said():
    report = stepped(begun(), Propose(packet=PACKET, subjects=1, transactions=1), by())
    report = stepped(report, Approve(PACKET.digest), by("sun"))
    report = stepped(report, Pack(STEM.format("B", 1)), by())
    for on, words in ((date(2026, 11, 23), "lies ahead"), (date(2026, 11, 21), "before its packet's day")):
        with pytest.raises(NotPossible, match=words):
            stepped(report, Send(on), by())
    sent = stepped(report, Send(date(2026, 11, 22)), by())
    assert (sent.owed, sent.clocks[0].state(NOON_US + 10**12)) == (None, "met")
    (row,) = counted([sent])
    assert (row.sent, row.in_time, row.late, row.typology) == (1, 1, 0, "mule_ring")


def test_a_reason_is_said_and_holds_nobody_s_number():
    for why in ("", " ", "x" * 501, "13812345678"):
        with pytest.raises(NotPossible):
            stepped(begun(), Drop(why), by())


def test_statistics_are_a_table_of_the_columns_that_are_told():
    assert as_csv([]).split("\r\n")[0] == ",".join(COLUMNS) == ",".join(Row.__struct_fields__)
