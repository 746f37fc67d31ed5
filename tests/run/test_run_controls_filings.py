"""C60: green while no report is late, red when one is or nobody knows until when, and it names none."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from filings_world import Room, draft, open_files, who
from jindi.ports import LogFailure
from jindi.run.controls.ground import CouldNotRun, Failed
from jindi.run.controls.registry import CHECKS, Asked
from shop_world import DAY_US, HOUR_US, copied, run

NAME = "aml_reports_in_time"


def ground(room, *, broken=False):
    @contextmanager
    def journal():
        if broken:
            raise LogFailure("gone")
        yield copied(room.log)

    return SimpleNamespace(
        journal=journal, definitions=room.platform.program.definitions, blobs=room.blobs,
        clock=SimpleNamespace(now_us=room.clock.now_us),
    )  # fmt: skip


def look(room, **more):
    return CHECKS[NAME].look(ground(room, **more), Asked(CHECKS[NAME].takes))


async def watched(room):
    """What is found of a report, with the days looked at just now."""
    await room.large.begin_due()
    return look(room)


def test_it_is_green_with_none_and_until_the_last_instant_and_red_from_the_first_late_one():
    async def go():
        async with Room() as room:
            assert (await watched(room))["owed"] == 0
            report = await room.written()
            room.clock.at_us = report.owed.begun.due_us
            found = await watched(room)
            assert (found["owed"], found["late"]) == (1, 0)
            room.clock.at_us += 1
            with pytest.raises(Failed, match="1 of the reports are late") as told:
                look(room)
            assert report.id not in str(told.value.__dict__)
            with pytest.raises(CouldNotRun):
                look(room, broken=True)

    run(go())


def test_what_was_sent_late_is_counted_and_owed_no_more():
    async def go():
        async with Room() as room:
            report = await room.written()
            room.clock.at_us = report.owed.begun.due_us + 1
            await room.sent(report=report, on=room.desk.today())
            found = await watched(room)
            assert (found["owed"], found["sent"], found["sent_late"]) == (0, 1, 1)

    run(go())


def test_days_that_nobody_looks_at_and_large_days_that_are_late_are_red():
    async def go():
        async with Room(open_files()) as room:
            with pytest.raises(Failed, match="nobody looked for large days"):
                look(room)
            await watched(room)
            room.clock.at_us += 49 * HOUR_US
            with pytest.raises(Failed, match="nobody looked for large days for over 48 hours"):
                look(room)
            await room.pays(1, "600000.00")
            room.clock.at_us += DAY_US
            await room.large.begin_due()
            assert (look(room)["large_days"], look(room)["owed"]) == (2, 1)
            (report,) = room.platform.filings.newest()
            room.clock.at_us = report.owed.begun.due_us + 1
            await room.large.begin_due()
            with pytest.raises(Failed, match="1 of the reports are late"):
                look(room)

    run(go())


def test_a_report_of_a_year_without_a_calendar_is_red():
    async def go():
        async with Room() as room:
            room.clock.at_us += 400 * DAY_US
            await room.desk.open(who(), "suspicious", draft())
            with pytest.raises(Failed, match="unknown: declare"):
                look(room)

    run(go())
