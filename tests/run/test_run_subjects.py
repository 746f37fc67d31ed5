"""The rights of whom data is about: clocks, answers, and what is refused."""

import asyncio
import json
from datetime import date, timedelta

import pytest

from clear_world import ID_CARD, OTHER_PHONE, Desk, actor, analyst, key, link, senior
from jindi.access import Scope
from jindi.ports import LogFailure
from jindi.run.audit import NotRecorded
from jindi.run.platform import Settings
from jindi.run.recovery import _requests
from jindi.run.requests import Requests, read
from jindi.run.subjects import DAYS, REASONS, Declined, Rights
from shop_world import CANARIES, CARD, DAY_US, PHONE, event, failing_append, pay, reopened, run

WHO = senior()


async def opened(desk, asked, subject="u1", **more):
    return await desk.rights.open(WHO, actor(WHO), asked, subject, **more)


async def why(work):
    with pytest.raises(Declined) as refusal:
        await work
    assert not any(canary in str(refusal.value) for canary in CANARIES)
    return refusal.value.why


async def exported(desk, request, who=WHO):
    lines = await desk.rights.export(who, actor(who), request.id)
    raw = b"".join([part async for part in lines])
    return [next(iter(json.loads(line).items())) for line in raw.splitlines()]


def of(lines, what):
    return [document for name, document in lines if name == what]


# ---- clocks


def test_a_request_has_a_clock_from_the_day_on_which_it_came_and_is_overdue_after_its_last_day():
    async def go():
        async with Desk() as desk:
            today = date(2026, 11, 22)
            request = await opened(desk, "export", received=today - timedelta(days=3))
            assert (request.received, request.due) == (today - timedelta(days=3), today + timedelta(days=DAYS - 3))
            assert request.days_left(desk.rights.today) == DAYS - 3
            desk.clock.at_us += (DAYS - 3) * DAY_US
            assert (request.days_left(desk.rights.today), request.is_overdue(desk.rights.today)) == (0, False)
            desk.clock.at_us += DAY_US
            assert request.is_overdue(desk.rights.today)

    run(go())


def test_requests_are_records_and_outlive_a_restart_and_what_is_due_first_is_first():
    async def go():
        desk = Desk()
        async with desk:
            late = await opened(desk, "erase", received=date(2026, 11, 1), reference="REQ-2026-0007")
            await opened(desk, "export", subject="u2")
            (record,) = [each for each in desk.actions("request.open") if each.on.startswith("erase ")]
            assert record.on == "erase 2026-11-01 2026-11-16 u1"
            assert (record.about, record.case) == (desk.platform.blind("u1"), "REQ-2026-0007")
            assert late.id == f"req-{next(n for n, each in enumerate_records(desk) if each == record)}"
        kept = read(desk.log).listed
        assert [each.asked for each in kept] == ["erase", "export"]
        assert kept[0] == late

    run(go())


@pytest.mark.parametrize("with_snapshot", [True, False])
def test_a_platform_knows_its_requests_from_its_first_moment_by_snapshot_and_by_journal(with_snapshot):
    async def go():
        desk = Desk()
        async with desk:
            refused = await opened(desk, "erase", received=date(2026, 11, 1), reference="REQ-2026-0007")
            if with_snapshot:
                await desk.platform.snapshot()
            await desk.rights.refuse(WHO, actor(WHO), refused.id, "law_keeps")
            await opened(desk, "export", subject="u2")
            listed = desk.rights.requests.listed
            assert [(each.asked, each.state, each.reason, each.closed_by) for each in listed] == [
                ("export", "open", "", ""), ("erase", "refused", "law_keeps", WHO.name),
            ]  # fmt: skip
        async with reopened(desk, vault=desk.vault) as again:
            assert again.platform.requests.listed == listed

    run(go())


def test_a_snapshot_of_before_requests_were_in_it_is_completed_from_the_journal():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase", received=date(2026, 11, 1))
            archive, until = desk.platform.archive, desk.log.next_seq()
            assert _requests(archive, until) == desk.platform.requests
            assert _requests(archive, int(request.id.removeprefix("req-"))) == Requests()

    run(go())


def enumerate_records(desk):
    from jindi.journal import unseal
    from jindi.run.records import decode

    for frame in desk.log.read(0):
        for seq, raw in enumerate(unseal(frame.batch).records, frame.first):
            yield seq, decode(raw)


@pytest.mark.parametrize(
    ("asked", "subject", "more", "expected"),
    [
        ("copy", "u1", {}, "bad_kind"), ("export", "", {}, "bad_subject"), ("export", "u" * 200, {}, "bad_subject"),
        ("export", PHONE, {}, "bad_subject"), ("export", ID_CARD, {}, "bad_subject"),
        ("export", CARD, {}, "bad_subject"),
        ("export", "u\n1", {}, "bad_subject"), ("export", "a@example.com", {}, "bad_subject"),
        ("export", "u1", {"reference": "13812345678"}, "bad_case"),
        ("export", "u1", {"received": date(2026, 11, 23)}, "bad_day"),
        ("export", "u1", {"received": date(2020, 1, 1)}, "bad_day"),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_or_holds_somebodys_number_is_refused(asked, subject, more, expected):
    async def go():
        async with Desk() as desk:
            assert await why(opened(desk, asked, subject, **more)) == expected
            assert desk.actions("request.open") == []
            assert desk.rights.requests.listed == ()

    run(go())


def test_the_command_line_and_the_alerts_know_of_requests_that_were_opened_here_and_the_other_way_round():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase", received=date(2026, 11, 1))
            await desk.audit.act(actor(WHO), "request.open", "explain 2026-11-20 2026-12-05 u2")
            found = read(desk.log)
            first = found.open[0]
            assert (first.id, first.right, first.due) == (request.id, "erase", request.due)
            assert found.overdue(date(2026, 11, 22)) == found.open[:1]
            await desk.platform.rounds.watch_requests()
            assert [each.asked for each in desk.rights.requests.listed] == ["erase", "explain"]
            await desk.audit.act(actor(WHO), "request.close", f"{request.id} done")
            await desk.platform.rounds.watch_requests()
            assert desk.rights.requests.one(request.id).state == "fulfilled"
            assert await why(desk.rights.erase(WHO, actor(WHO), request.id)) == "closed"
            assert desk.vault.has("u1")

    run(go())


def test_a_refusal_has_a_reason_of_the_list_and_is_a_record():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase")
            assert await why(desk.rights.refuse(WHO, actor(WHO), request.id, "we would rather not")) == "bad_reason"
            for reason in REASONS:
                assert REASONS[reason][0]
            ended = await desk.rights.refuse(WHO, actor(WHO), request.id, "law_keeps")
            assert (ended.state, ended.reason, ended.closed_by) == ("refused", "law_keeps", "wang")
            (record,) = desk.actions("subject.refuse")
            assert (record.on, record.purpose) == (request.id, "law_keeps")
            assert await why(desk.rights.erase(WHO, actor(WHO), request.id)) == "closed"
            assert desk.vault.has("u1")

    run(go())


# ---- answers


def test_an_export_has_everything_of_one_subject_in_clear_and_nothing_of_anybody_else():
    async def go():
        async with Desk() as desk:
            first = desk.first
            await desk.send(event("open_account", "o1", user="u1", id_card=ID_CARD, referee="u2",
                                  referee_phone=OTHER_PHONE))  # fmt: skip
            large = (await desk.send(pay(3, "12000.00")))["decision_id"]
            await desk.send(event("review_verdict", "v1", decision=large, verdict="accept", by="s1"))
            await desk.send(pay(4, user="u3"))
            lines = await exported(desk, await opened(desk, "export"))
            assert [name for name, _ in lines if name in ("export", "end")] == ["export", "end"]
            assert lines[0][0] == "export"
            assert lines[-1][0] == "end"
            assert sorted(row["value"] for row in of(lines, "vault")) == sorted([*CANARIES, ID_CARD])
            decisions = of(lines, "decision")
            assert [each["event_id"] for each in decisions] == ["p1", "o1", "p3"]
            assert decisions[0]["decision_id"] == first
            assert decisions[0]["fields"]["phone"] == PHONE
            assert decisions[1]["fields"]["id_card"] == ID_CARD
            assert decisions[1]["fields"]["referee_phone"].startswith("phone.")
            assert decisions[2]["rules"][0]["id"] == "huge"
            assert [each["event_id"] for each in of(lines, "later_event")] == ["v1"]
            assert lines[-1][1] == {"vault": 5, "decisions": 3, "later_events": 1}
            assert OTHER_PHONE not in json.dumps(lines)
            assert of(lines, "progress")

    run(go())


def test_an_export_answers_its_request_with_its_last_line_and_not_before():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "export")
            lines = await desk.rights.export(WHO, actor(WHO), request.id)
            await anext(lines)
            assert desk.rights.requests.one(request.id).state == "open"
            await lines.aclose()
            assert desk.rights.requests.one(request.id).state == "open"
            assert len(desk.actions("subject.export")) == 1
            await exported(desk, request)
            assert desk.rights.requests.one(request.id).state == "fulfilled"
            assert await why(desk.rights.export(WHO, actor(WHO), request.id)) == "closed"

    run(go())


def test_an_export_holds_one_part_of_the_journal_at_a_time(monkeypatch):
    monkeypatch.setattr("jindi.run.subjects.RECORDS_AT_ONCE", 3)

    async def go():
        async with Desk() as desk:
            for number in range(10, 30):
                await desk.send(pay(number, user=f"u{number % 3}"))
            request = await opened(desk, "export")
            lines = await desk.rights.export(WHO, actor(WHO), request.id)
            parts = [part async for part in lines]
            assert len(parts) > 8
            assert max(part.count(b'{"decision"') for part in parts) <= 3
            told = [json.loads(line) for part in parts for line in part.splitlines()]
            read = [each["progress"]["read"] for each in told if "progress" in each]
            assert read == sorted(read)
            assert read[-1] == told[0]["export"]["journal_records"]

    run(go())


def test_an_erasure_destroys_the_key_while_payments_go_on_and_who_comes_back_is_new():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase")
            erased, *_ = await asyncio.gather(
                desk.rights.erase(WHO, actor(WHO), request.id), *(desk.send(pay(n, user="u2")) for n in range(10, 20))
            )
            assert erased == 4
            assert not desk.vault.has("u1")
            (record,) = desk.actions("subject.erase")
            assert (record.on, record.case, record.about) == ("u1", request.id, desk.platform.blind("u1"))
            await desk.send(pay(30))
            assert desk.vault.has("u1")
            again = await opened(desk, "erase")
            assert await desk.rights.erase(WHO, actor(WHO), again.id) == 4

    run(go())


def test_an_erasure_of_somebody_of_whom_nothing_is_kept_is_answered_too():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase", subject="nobody")
            assert await desk.rights.erase(WHO, actor(WHO), request.id) == 0
            assert desk.rights.requests.one(request.id).state == "fulfilled"

    run(go())


def test_a_correction_puts_the_right_text_in_the_place_of_the_wrong_one():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "correct")
            token = desk.token("phone")
            theirs = desk.token("phone", desk.other)
            assert await why(desk.rights.correct(WHO, actor(WHO), request.id, theirs, PHONE)) == "not_kept"
            assert await why(desk.rights.correct(WHO, actor(WHO), request.id, "phone.x", PHONE)) == "not_kept"
            assert await why(desk.rights.correct(WHO, actor(WHO), request.id, token, "123")) == "bad_text"
            assert desk.actions("subject.correct") == []
            right = await desk.rights.correct(WHO, actor(WHO), request.id, token, OTHER_PHONE)
            assert right == desk.platform.tokens.token("phone", OTHER_PHONE)
            assert desk.vault.open_one("u1", token).clear == OTHER_PHONE
            assert desk.rights.requests.one(request.id).rows == 1

    run(go())


# ---- attacks


def test_an_attacker_uses_a_request_for_something_else_than_it_asks():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "export")
            assert await why(desk.rights.erase(WHO, actor(WHO), request.id)) == "other_request"
            assert (
                await why(desk.rights.correct(WHO, actor(WHO), request.id, desk.token("phone"), PHONE))
                == "other_request"
            )
            for identifier in ("req-4095", "", "../x", "u1"):
                assert await why(desk.rights.export(WHO, actor(WHO), identifier)) == "no_request"
            assert desk.vault.has("u1")

    run(go())


def test_an_attacker_answers_one_request_twice_at_once():
    async def go():
        async with Desk() as desk:
            request = await opened(desk, "erase")
            work = [desk.rights.erase(WHO, actor(WHO), request.id) for _ in range(5)]
            done = await asyncio.gather(*work, return_exceptions=True)
            assert sorted(map(type, done), key=str) == sorted([int, *[Declined] * 4], key=str)
            assert len(desk.actions("subject.erase")) == 1

    run(go())


def test_an_attacker_whose_session_has_no_factor_exports_and_erases_nothing():
    async def go():
        async with Desk() as desk:
            who = link(Scope.SUBJECTS_ACT)
            export, erase = await opened(desk, "export"), await opened(desk, "erase")
            assert await why(desk.rights.export(who, actor(who), export.id)) == "fresh_factor"
            assert await why(desk.rights.erase(who, actor(who), erase.id)) == "fresh_factor"
            program = key(Scope.SUBJECTS_ACT)
            assert await exported(desk, export, program)

    run(go())


def test_whoever_must_approve_is_asked_before_anything_is_recorded_or_done():
    async def go():
        async with Desk() as desk:
            asked = []

            async def approval(who, action, request):
                asked.append((who.name, action, request.id))
                return "a second person approves first" if len(asked) == 1 else None

            rights = Rights(desk.platform, desk.audit, approval=approval)
            request = await rights.open(WHO, actor(WHO), "erase", "u1")
            assert await why(rights.erase(WHO, actor(WHO), request.id)) == "waits"
            assert desk.actions("subject.erase") == []
            assert await rights.erase(WHO, actor(WHO), request.id) == 4
            assert asked == [("wang", "subject.erase", request.id)] * 2

    run(go())


def test_an_attacker_erases_alone_where_four_eyes_are_on_and_a_request_is_answered_once_two_have_done_it():
    async def go():
        async with Desk(settings=Settings()) as desk:
            request = await opened(desk, "erase")
            assert await desk.reveals.masks_of(WHO, desk.first)
            assert await why(desk.rights.erase(WHO, actor(WHO), request.id)) == "waits"
            assert desk.vault.has("u1")
            desk.vault.erase_number(desk.vault.number_of("u1"), desk.clock.now_us())  # as an approved operation does
            assert await desk.reveals.masks_of(WHO, desk.first) == {}
            assert await desk.rights.erase(WHO, actor(WHO), request.id) == 0
            assert desk.rights.requests.one(request.id).state == "fulfilled"

    run(go())


def test_when_the_journal_is_down_nothing_is_exported_corrected_or_erased():
    async def go():
        async with Desk() as desk:
            export, erase, correct = [await opened(desk, asked) for asked in ("export", "erase", "correct")]
            token = desk.token("phone")
            with failing_append(desk.log, LogFailure("the disk is full")), pytest.raises(NotRecorded):
                await desk.rights.erase(WHO, actor(WHO), erase.id)
            with pytest.raises(NotRecorded):
                await desk.rights.export(WHO, actor(WHO), export.id)
            with pytest.raises(NotRecorded):
                await desk.rights.correct(WHO, actor(WHO), correct.id, token, OTHER_PHONE)
            assert desk.vault.open_one("u1", token).clear == PHONE
            assert {each.state for each in desk.rights.requests.listed} == {"open"}

    run(go())


def test_the_book_of_requests_and_the_journal_hold_nobodys_number():
    async def go():
        async with Desk() as desk:
            for asked in ("export", "correct", "erase"):
                request = await opened(desk, asked)
                if asked == "export":
                    await exported(desk, request)
                elif asked == "correct":
                    await desk.rights.correct(WHO, actor(WHO), request.id, desk.token("phone"), OTHER_PHONE)
                else:
                    await desk.rights.erase(WHO, actor(WHO), request.id)
            raw = b"".join(bytes(frame.batch) for frame in desk.log.read(0))
            assert not [text for text in (*CANARIES, OTHER_PHONE) if text.encode() in raw]

    run(go())


def test_an_analyst_without_the_right_is_not_asked_here_but_at_the_door():
    from jindi.access import Permits

    for action in ("subject.export", "subject.erase", "subject.correct", "subject.refuse", "subjects.read"):
        assert not Permits().may(analyst(), action, analyst().mfa_us)
        assert Permits().may(WHO, action, WHO.mfa_us)
