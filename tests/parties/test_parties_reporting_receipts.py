"""Receipts and how a report stands: what came back, what may follow, and who may do it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.problems import Problems
from jindi.parties.reporting import Filing, Form, NotPossible, PacketName, read_receipt, receipt_name, standing
from jindi.parties.reporting.filing import Approve, Land, Pack, Revise, Send, Withdraw
from reporting_world import REPORTER

DAY = date(2026, 11, 24)


def name(action="new", topic="large", serial=1):
    return PacketName(action, "bank", topic, REPORTER, DAY, serial)


def file_of(letters, packet=None):
    return f"{letters}[{(packet or name()).stem}]20261124093001.XML"


REQUEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<MCVR>
<BSIF><RICD>{REPORTER}</RICD><TMLM>20261204</TMLM><RQDS>请核对证件号码</RQDS><RQNM>1</RQNM></BSIF>
<TSDTs>
<TSDT seqno="1">
<OCNM>C0001</OCNM><OTDT>20261123</OTDT><OTCD>0503</OTCD><OTIC>T-9</OTIC>
<ITEMS><ITEM seqno="1">CTID</ITEM><ITEM seqno="2">TRCD</ITEM></ITEMS>
</TSDT>
</TSDTs>
</MCVR>"""

OURS = b"""<?xml version="1.0" encoding="UTF-8"?>
<X><LIST>
<ONE><WHERE>CATI 1</WHERE><WHAT>CTID</WHAT><NO>E07</NO><WORDS>13812345678</WORDS></ONE>
<ONE><WHERE>@N</WHERE><WHAT>ZZZZ</WHAT><NO>E08</NO></ONE>
</LIST></X>"""
FORM = Form(error="ONE", place="WHERE", field="WHAT", code="NO", says="WORDS")


# ---- receipts


def test_a_packet_that_was_taken_needs_no_more_than_its_receipt_s_name():
    receipt = read_receipt(file_of("FDSC"), b"<OK/>")
    assert (receipt.name.outcome, receipt.errors, receipt.is_read) == ("accepted", (), True)


def test_the_centre_s_request_names_each_field_that_is_to_be_corrected():
    receipt = read_receipt(file_of("FDRC"), REQUEST.encode())
    assert [(each.field, each.words.zh, each.place) for each in receipt.errors] == [
        ("CTID", "客户身份证件号码", "C0001/20261123/0503/T-9"), ("TRCD", "交易发生地", "C0001/20261123/0503/T-9"),
    ]  # fmt: skip
    assert (receipt.until, receipt.asks, receipt.is_read) == ("20261204", "请核对证件号码", True)
    assert "C0001" not in repr(receipt) + repr(receipt.errors)


@pytest.mark.parametrize(
    ("letters", "change", "words"),
    [
        ("FDSC", lambda t: t, "says another outcome"),
        ("FDRC", lambda t: t.replace("<RQNM>1", "<RQNM>2"), "RQNM: is not how many"),
        ("FDRC", lambda t: t.replace(REPORTER, "B1000131000001"), "another reporter's"),
        ("FDRC", lambda t: t.replace("<OTIC>T-9</OTIC>", ""), "OTIC 原业务标识号: is missing"),
    ],
)
def test_a_request_that_is_not_ours_or_not_whole_is_refused(letters, change, words):
    with pytest.raises(Problems) as error:
        read_receipt(file_of(letters), change(REQUEST).encode())
    assert words in str(error.value)


def test_errors_are_read_by_the_form_that_says_how_they_are_told():
    receipt = read_receipt(file_of("FDCF"), OURS, FORM)
    assert [(each.field, each.code, each.place, each.says) for each in receipt.errors] == [
        ("CTID", "E07", "CATI 1", "13812345678"), ("ZZZZ", "E08", "", ""),
    ]  # fmt: skip
    assert [each.words is None for each in receipt.errors] == [False, True]
    assert "138" not in repr(receipt.errors)


def test_without_a_form_the_outcome_is_known_and_nothing_is_guessed():
    receipt = read_receipt(file_of("FDCF"), OURS)
    assert (receipt.name.outcome, receipt.errors, receipt.is_read) == ("refused", (), False)
    assert not read_receipt(file_of("FDCF"), OURS, Form(error="NONE")).is_read


def test_a_receipt_that_is_no_xml_or_of_no_packet_is_refused():
    for file_name, data in (
        (file_of("FDSC"), b"nothing"),
        ("FDSC[x].XML", b"<a/>"),
        (file_of("FDSC"), b"<!DOCTYPE a><a/>"),
    ):
        with pytest.raises(Problems):
            read_receipt(file_name, data)


# ---- how a report stands


def landed(letters, packet=None):
    return Land(receipt_name(file_of(letters, packet)))


def filed(*steps, topic="large"):
    return standing(Filing("R1", topic, "ann"), steps)


SENT = (Approve("bob"), Pack(name()), Send(DAY))


def refused(filing, step):
    with pytest.raises(NotPossible) as error:
        filing.after(step)
    assert error.value.words.zh
    assert error.value.words.en == str(error.value)
    return str(error.value)


def test_a_report_goes_from_a_draft_to_the_centre():
    filing = filed(*SENT, landed("FDSC"))
    assert (filing.state, filing.is_in, filing.first_sent_on) == ("accepted", True, DAY)


def test_nobody_approves_a_report_of_his_own_nor_what_he_revised():
    assert "nobody approves" in refused(filed(), Approve("ann"))
    revised = filed(Approve("bob"), Revise("bob"))
    assert "nobody approves" in refused(revised, Approve("bob"))
    assert revised.after(Approve("ann")).state == "approved"


def test_nothing_is_packed_or_sent_before_its_turn():
    assert "somebody else approves" in refused(filed(), Pack(name()))
    assert "make its packet" in refused(filed(Approve("bob")), Send(DAY))
    assert "wait for its receipt" in refused(filed(*SENT), Revise("ann"))


def test_what_is_to_be_corrected_goes_out_as_a_change_after_another_approval():
    filing = filed(*SENT, landed("FDRC"), Revise("ann"))
    assert (filing.state, filing.action, filing.is_in) == ("drafted", "change", True)
    filing = filing.after(Approve("bob"))
    assert "another topic or action" in refused(filing, Pack(name(serial=2)))
    again = standing(
        filing, [Pack(name("change", serial=2)), Send(date(2026, 12, 1)), landed("FDSC", name("change", serial=2))]
    )
    assert (again.state, again.first_sent_on) == ("accepted", DAY)


def test_what_was_refused_goes_out_as_new_under_another_name():
    filing = filed(*SENT, landed("FDCF"), Revise("ann"), Approve("bob"))
    assert filing.action == "new"
    assert "name was used" in refused(filing, Pack(name()))
    assert filing.after(Pack(name(serial=2))).state == "packed"


def test_a_large_report_may_be_deleted_and_a_suspicion_never():
    filing = filed(*SENT, landed("FDSC"), Withdraw("ann"), Approve("bob"), Pack(name("delete", serial=3)), Send(DAY))
    assert filing.after(landed("FDSC", name("delete", serial=3))).state == "deleted"
    packet = name(topic="suspicious")
    suspicion = filed(Approve("bob"), Pack(packet), Send(DAY), landed("FDSC", packet), topic="suspicious")
    assert "never deleted" in refused(suspicion, Withdraw("ann"))
    assert "does not have it" in refused(filed(), Withdraw("ann"))


def test_a_deletion_that_was_refused_leaves_the_report_at_the_centre():
    packet = name("delete", serial=3)
    filing = filed(
        *SENT, landed("FDSC"), Withdraw("ann"), Approve("bob"), Pack(packet), Send(DAY), landed("FDCF", packet)
    )
    assert (filing.state, filing.is_in, filing.after(Revise("ann")).action) == ("refused", True, "change")


def test_receipts_of_others_and_of_replaced_packets_are_refused_and_the_same_twice_is_once():
    filing = filed(*SENT)
    assert "another report's" in refused(filing, landed("FDSC", name(serial=8)))
    taken = filing.after(landed("FDSC"))
    assert taken.after(landed("FDSC")) == taken
    assert "contradicts" in refused(taken, landed("FDCF"))
    assert taken.after(landed("FDRC")).state == "to_correct", "the centre may ask for corrections later"
    newer = standing(taken, [Revise("ann"), Approve("bob"), Pack(name("change", serial=2))])
    assert "was replaced" in refused(newer, landed("FDSC"))


def test_late_is_measured_by_the_first_sending():
    assert not filed(*SENT).is_late(DAY, date(2027, 1, 1))
    assert filed(*SENT).is_late(date(2026, 11, 23), DAY)
    assert filed().is_late(date(2026, 11, 23), DAY)
    assert not filed().is_late(DAY, DAY)


STEPS = st.one_of(
    st.builds(Approve, st.sampled_from(["ann", "bob"])), st.builds(Revise, st.sampled_from(["ann", "bob"])),
    st.builds(Withdraw, st.sampled_from(["ann", "bob"])),
    st.builds(Pack, st.builds(name, st.sampled_from(["new", "change", "delete"]), serial=st.integers(1, 6))),
    st.just(Send(DAY)),
    st.builds(landed, st.sampled_from(["FDSC", "FDRC", "FDCF"]),
              st.builds(name, st.sampled_from(["new", "change", "delete"]), serial=st.integers(1, 6))),
)  # fmt: skip


@given(st.lists(STEPS, max_size=40))
def test_whatever_is_tried_nothing_is_sent_that_another_did_not_approve(steps):
    filing = filed()
    for step in steps:
        try:
            filing = filing.after(step)
        except NotPossible:
            continue
        assert filing.state == "drafted" or filing.approved_by not in ("", filing.author)
        assert len(set(filing.packets)) == len(filing.packets)
        assert filing.state != "deleted" or not filing.is_in
