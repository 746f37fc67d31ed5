"""Reports on a platform: each step is a record first, nobody agrees to his own, and what is written is told nowhere."""

from datetime import date

import msgspec
import pytest

from canaries import encodings
from filings_world import (
    ANALYSIS,
    BEHAVIOUR,
    CARD,
    FORM,
    NAME,
    NUMBER,
    OTHER_NAME,
    REFUSAL,
    UNIT,
    WORDS,
    Room,
    draft,
    receipt_name,
    who,
)
from jindi.basics.problems import Problems
from jindi.cases.filings_steps import Drop, Return, Revise, Send, Withdraw
from jindi.journal import unseal as unsealed_batch
from jindi.parties.reporting import Form, parse
from jindi.parties.reporting.drafts import Day, Subject
from jindi.parties.reporting.goaml import Unit, read
from jindi.ports import LogFailure
from jindi.run.audit import NotRecorded
from jindi.run.filings.book import read as read_book
from jindi.run.filings.desk import Declined, Query, Who
from jindi.run.platform import Settings
from jindi.stores.files import FileBlobs
from screening_world import PACKS, actor, wallet_files
from shop_world import DAY_US, failing_append, reopened, run

WRITTEN_ON = date(2026, 11, 22)


def declined(says):
    return pytest.raises(Declined, match=says)


# ---- from a draft to a receipt


def test_a_suspicion_goes_from_draft_to_accepted_receipt():
    async def go():
        async with Room() as room:
            report = await room.written()
            assert (report.state, report.owed.begun.kind) == ("writing", "file")
            report = await room.desk.propose(who(), report.id)
            assert (report.state, report.subjects, report.transactions) == ("proposed", 1, 2)
            report = await room.desk.approve(who("sun"), report.id, report.packet.digest)
            report = await room.desk.pack(who(), report.id)
            (name,) = report.filing.packets
            assert name.text == "NBSA1000131000001-20261122-00000001.XML"
            report = await room.desk.take(who(), report.id, Send(WRITTEN_ON))
            report, _ = await room.land(report, "accepted")
            assert (report.state, report.owed, report.clocks[0].state(room.clock.at_us)) == ("accepted", None, "met")
            assert (await room.desk.page(report.id)).kept_until == date(2036, 11, 22)

    run(go())


def test_the_packet_reads_back_as_what_was_written_and_what_the_vault_says():
    async def go():
        async with Room() as room:
            report = await room.sent()
            name, data = await room.desk.packet(report.id)
            found = parse(data, report.filing.packets[0])
            (subject,) = found.subjects
            assert name == report.filing.packets[0].text
            assert (subject.name, subject.document.number, subject.number) == (NAME, NUMBER, "u1")
            assert (found.behaviour, found.analysis, found.author) == (BEHAVIOUR, ANALYSIS, "wang")
            assert [(each.direction, each.amount_minor) for each in found.transactions] == [
                ("in", 3_000_000), ("out", 2_990_000),
            ]  # fmt: skip
            assert {each.counterparty.name for each in found.transactions} == {OTHER_NAME}
            assert found.transactions[1].account.card == CARD

    run(go())


def test_the_same_report_is_made_for_a_unit_with_goaml():
    async def go():
        async with Room() as room:
            latin = Subject(user="u1", occupation="1A", latin_last="Shan", latin_first="Xiongxin")
            report = await room.written(subjects=(latin,))
            report = await room.desk.propose(who(), report.id)
            with pytest.raises(Problems) as told:
                await room.desk.goaml(report.id, Unit(**UNIT))
            assert any("counterparty.latin" in str(each) for each in told.value.problems)
            evidence = (await room.desk.page(report.id)).draft.evidence
            other = Subject(user="u2", latin_last="Yuchi", latin_first="Jingde")
            await room.desk.write(who(), report.id, draft(evidence, subjects=(latin,), others=(other,)))
            report = await room.desk.propose(who(), report.id)
            packet = await room.desk.goaml(report.id, Unit(**UNIT))
            assert read(packet.data, packet.name)["entity_reference"] == report.id

    run(go())


def test_all_that_a_draft_lacks_is_told_at_once_and_nothing_is_revealed_for_it():
    async def go():
        async with Room() as room:
            report = await room.written(behaviour="", analysis="短", crimes=(), evidence=("dec_000000000fff",))
            with pytest.raises(Problems) as told:
                await room.desk.propose(who(), report.id)
            assert {each.item for each in told.value.problems} == {"behaviour", "analysis", "crimes", "decisions 1"}
            assert not room.actions("filing.reveal")

    run(go())


def test_where_the_vault_has_no_document_it_is_asked_for_and_never_guessed():
    async def go():
        async with Room() as room:
            decisions = await room.customers()
            report = await room.desk.open(who(), "suspicious", draft(decisions, subjects=(Subject(user="u2"),)))
            with pytest.raises(Problems, match="document: is not kept"):
                await room.desk.propose(who(), report.id)
            typed = Subject(user="u2", document="id_card", number="11010519491231002X")
            await room.desk.write(who(), report.id, draft(decisions, subjects=(typed,)))
            assert (await room.desk.propose(who(), report.id)).state == "proposed"

    run(go())


def test_each_person_s_clear_text_is_a_record_with_purpose_before_the_packet_and_names_nobody():
    async def go():
        async with Room() as room:
            report = await room.written()
            await room.desk.propose(who(), report.id)
            found = room.actions("filing.reveal")
            assert [(each.on, each.purpose, each.about, each.case) for each in found] == [
                (report.id, "aml_report", "", "")
            ] * 2
            assert sorted(each.rows for each in found) == [1, 4], "name, number, telephone and card; a name"

    run(go())


# ---- the second person


def test_nobody_agrees_to_a_report_that_he_wrote_changed_or_proposed():
    async def go():
        async with Room() as room:
            report = await room.written()
            await room.desk.write(who("sun"), report.id, draft((await room.desk.page(report.id)).draft.evidence))
            report = await room.desk.propose(who(), report.id)
            for name in ("wang", "sun"):
                with declined("nobody answers"):
                    await room.desk.approve(who(name), report.id, report.packet.digest)
            other_session = Who(actor("someone"), who().marks)
            with declined("nobody answers"):
                await room.desk.approve(other_session, report.id, report.packet.digest)
            assert (await room.desk.approve(who("gao"), report.id, report.packet.digest)).state == "approved"

    run(go())


def test_an_approval_is_bound_to_the_packet_and_ends_with_any_change():
    async def go():
        async with Room() as room:
            report = await room.written()
            first = await room.desk.propose(who(), report.id)
            with declined("not that of the packet"):
                await room.desk.approve(who("sun"), report.id, "0" * 64)
            changed = draft((await room.desk.page(report.id)).draft.evidence, analysis=ANALYSIS + "另有一人同案。")
            await room.desk.write(who(), report.id, changed)
            with declined("nothing waits"):
                await room.desk.approve(who("sun"), report.id, first.packet.digest)
            second = await room.desk.propose(who(), report.id)
            assert second.packet.digest != first.packet.digest
            with declined("not that of the packet"):
                await room.desk.approve(who("sun"), report.id, first.packet.digest)
            with declined("somebody else approves"):
                await room.desk.pack(who(), report.id)

    run(go())


def test_what_is_sent_back_is_written_anew_and_says_why():
    async def go():
        async with Room() as room:
            report = await room.written()
            report = await room.desk.propose(who(), report.id)
            report = await room.desk.take(who("sun"), report.id, Return("请补充付款人的关系"))
            assert (report.state, report.why) == ("writing", "请补充付款人的关系")
            with declined("somebody's number"):
                await room.desk.take(who(), report.id, Drop("13812345678 rang"))

    run(go())


def test_without_four_eyes_one_person_goes_on_and_the_record_says_so():
    async def go():
        async with Room(settings=Settings(four_eyes=False, release_due=False)) as room:
            report = await room.written()
            report = await room.desk.propose(who(), report.id)
            assert (report.state, report.alone, report.filing.approved_by) == ("approved", True, "platform")

    run(go())


# ---- receipts, corrections, deletions


def test_a_format_error_shows_its_place_and_the_report_goes_out_again_as_a_change():
    async def go():
        async with Room() as room:
            report = await room.sent()
            report, _ = await room.land(report, "to_correct", REFUSAL, form=Form(**FORM))
            assert (report.state, report.owed.begun.kind) == ("to_correct", "correct")
            page = await room.desk.page(report.id)
            (error,) = page.receipts[0].errors
            assert (error.place, error.field, error.words.en) == ("SEIF 1", "SEVC", "the occupation or trade")
            report = await room.desk.take(who(), report.id, Revise("补职业"))
            room.clock.at_us += DAY_US
            report = await room.sent(date(2026, 11, 23), report)
            first, second = report.filing.packets
            assert (first.stem[:3], second.stem) == ("NBS", "CBSA1000131000001-20261123-00000001")
            report, _ = await room.land(report, "accepted", at="20261125093001")
            assert report.state == "accepted"

    run(go())


def test_what_is_refused_goes_out_again_as_new_and_no_name_is_used_twice():
    async def go():
        async with Room() as room:
            report = await room.sent()
            report, receipt = await room.land(report, "refused")
            assert not receipt.is_read
            assert (await room.desk.page(report.id)).receipts[0].errors is None, "what can't be read is not called none"
            await room.desk.take(who(), report.id, Revise("重报"))
            report = await room.sent(report=report)
            assert [each.stem[-8:] for each in report.filing.packets] == ["00000001", "00000002"]
            assert {each.stem[:3] for each in report.filing.packets} == {"NBS"}

    run(go())


def test_a_receipt_is_of_one_of_our_packets_and_is_taken_in_once():
    async def go():
        async with Room() as room:
            report = await room.sent()
            other = receipt_name("accepted", report.filing.packets[0]).replace("00000001]", "00000009]")
            with pytest.raises(LookupError, match="no packet that was made here"):
                await room.desk.land(who(), other, b"<R/>")
            await room.land(report, "accepted")
            with declined("taken in before"):
                await room.land(report, "accepted")
            with declined("contradicts"):
                await room.land(report, "refused")

    run(go())


def test_a_day_of_large_transactions_is_reported_and_deleted_at_the_centre():
    async def go():
        async with Room() as room:
            decisions = await room.customers()
            day = Day(user="u1", day=WRITTEN_ON, code="0503", decisions=decisions)
            given = draft(behaviour="", analysis="", crimes=(), features=(), days=(day,), usd_rate="7.1")
            report = await room.desk.open(who(), "large", given)
            report = await room.sent(report=report)
            assert parse((await room.desk.packet(report.id))[1], report.filing.packets[0]).days[0].customer.name == NAME
            assert report.filing.packets[0].stem.startswith("NBH")
            report, _ = await room.land(report, "accepted")
            report = await room.desk.take(who(), report.id, Withdraw("同日已由他机构报送"))
            report = await room.desk.write(who(), report.id, given)
            report = await room.sent(report=report)
            assert report.filing.packets[-1].stem.startswith("DBH")
            report, _ = await room.land(report, "accepted", at="20261125093001")
            assert report.state == "deleted"

    run(go())


def test_a_suspicion_is_never_deleted_and_what_was_sent_is_never_given_up():
    async def go():
        async with Room() as room:
            report = await room.sent()
            report, _ = await room.land(report, "accepted")
            with declined("never deleted"):
                await room.desk.take(who(), report.id, Withdraw("mistake"))
            with declined("can't be given up"):
                await room.desk.take(who(), report.id, Drop("mistake"))

    run(go())


def test_a_report_that_goes_on_with_another_names_its_first_packet():
    async def go():
        async with Room() as room:
            report = await room.sent()
            with declined("that the centre has"):
                await room.desk.open(who(), "suspicious", draft(), follows=report.id)
            first, _ = await room.land(report, "accepted")
            evidence = (await room.desk.page(first.id)).draft.evidence
            second = await room.desk.open(who(), "suspicious", draft(evidence), follows=first.id)
            second = await room.sent(report=second)
            found = parse((await room.desk.packet(second.id))[1], second.filing.packets[0])
            assert (found.times, found.first_packet) == (2, first.filing.packets[0].stem)

    run(go())


# ---- clocks


def test_a_suspicion_is_late_after_five_working_days_and_a_listed_party_after_a_day():
    async def go():
        async with Room() as room:
            report = await room.written()
            assert report.owed.begun.due_us - room.clock.at_us > 5 * DAY_US, "a Sunday, and five working days"
            assert (report.is_late(report.owed.begun.due_us), report.is_late(report.owed.begun.due_us + 1)) == (
                False, True,
            )  # fmt: skip
            assert report.owed.begun.mark == "design default"

    run(go())


def test_a_day_that_no_calendar_knows_counts_as_late_and_never_as_in_time():
    async def go():
        async with Room() as room:
            room.clock.at_us += 400 * DAY_US
            report = await room.desk.open(who(), "suspicious", draft())
            assert (report.owed.begun.due_us, report.is_late(room.clock.at_us)) == (None, True)
            assert room.desk.find(Query(late=True)) == [report]

    run(go())


# ---- the journal, and crashes


def test_the_journal_holds_no_word_of_a_report():
    async def go():
        async with Room() as room:
            report = await room.sent()
            await room.land(report, "to_correct", REFUSAL, form=Form(**FORM))
            raw = b"".join(bytes(each) for frame in room.log.read(0) for each in unsealed_batch(frame.batch).records)
            for text in (*WORDS, "SEIF 1"):
                assert not any(needle in raw for needle in encodings(text)), "it lies sealed"
            assert "wang" in str(room.records()[0])

    run(go())


def test_who_watches_staff_is_told_that_somebody_worked_and_never_on_which_report():
    async def go():
        async with Room(wallet_files() | staff_files()) as room:
            report = await room.sent()
            await room.platform.watching.round()
            told = [each for each in room.platform.lane.recent if each.event.type == "staff_action"]
            fields = [each.name for each in room.platform.program.events["staff_action"].event.fields]
            actions = [dict(zip(fields, each.event.values, strict=True)) for each in told]
            assert {each["action"] for each in actions} >= {"filing.open", "filing.propose", "filing.reveal"}
            assert report.id not in str(actions)
            assert not [each for each in actions if each["customer"] is not None or each["has_case"]]

    run(go())


def staff_files():
    """The pack that watches staff."""
    return {
        f"staff/{path.relative_to(PACKS / 'staff').as_posix()}": path.read_text("utf-8")
        for path in (PACKS / "staff").rglob("*.toml")
    }


def test_the_book_is_the_same_after_a_restart_over_the_journal_and_over_a_snapshot(tmp_path):
    async def go():
        room = Room(blobs=FileBlobs(tmp_path))
        async with room:
            report = await room.sent()
            report, _ = await room.land(report, "to_correct", REFUSAL, form=Form(**FORM))
            await room.platform.snapshot()
        again = reopened(room, vault=room.platform.vault)
        async with again:
            assert again.platform.filings.all == {report.id: report}
        assert read_book(room.log).all == {report.id: report}

    run(go())


def test_a_crash_between_the_sealing_and_the_record_leaves_the_report_as_it_was_and_it_is_done_again():
    async def go():
        async with Room() as room:
            report = await room.written()
            real, calls = room.platform.report_step, []

            async def crash(record):
                calls.append(record)
                raise KeyboardInterrupt

            room.platform.report_step = crash
            with pytest.raises(KeyboardInterrupt):
                await room.desk.propose(who(), report.id)
            room.platform.report_step = real
            assert len(calls) == 1
            assert room.desk.one(report.id).state == "writing"
            proposed = await room.desk.propose(who(), report.id)
            assert (proposed.state, proposed.version) == ("proposed", 2)
            assert (await room.desk.packet(report.id))[1].startswith(b"<?xml")

    run(go())


def test_without_a_record_nothing_happens():
    async def go():
        async with Room() as room:
            report = await room.written()
            with failing_append(room.log, LogFailure("the disk is full")), pytest.raises(NotRecorded):
                await room.desk.take(who(), report.id, Drop("twice"))
            assert len(room.records()) == 1

    run(go())


def test_who_has_not_seen_the_last_step_is_refused():
    async def go():
        async with Room() as room:
            report = await room.written()
            await room.desk.write(who(), report.id, draft(), seen=1)
            with declined("look again"):
                await room.desk.write(who(), report.id, draft(), seen=1)

    run(go())


def test_without_a_vault_no_report_is_begun():
    async def go():
        async with Room(vault=None) as room:
            with declined("there is no vault"):
                await room.desk.open(who(), "suspicious", draft())

    run(go())


def test_who_is_erased_stays_in_the_report_as_he_was_reported():
    async def go():
        async with Room() as room:
            report = await room.sent()
            room.platform.vault.erase("u1", room.clock.at_us)
            assert NAME.encode() in (await room.desk.packet(report.id))[1]
            assert msgspec.json.decode(room.records()[0].body)["owner"].startswith("report ")

    run(go())
