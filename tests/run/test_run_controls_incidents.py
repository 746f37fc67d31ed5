"""C46: a plan for each kind of incident, a drill within its limit, and times measured, from the real journal."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from incidents_world import MINUTE_US, Room, incident_files
from jindi.cases.incidents_steps import Contain
from jindi.ports import LogFailure
from jindi.run.controls.ground import CouldNotRun, Failed
from jindi.run.controls.incidents import incident_drill
from jindi.run.controls.registry import CHECKS, Asked
from shop_world import DAY_US, HOUR_US, NOON_US, copied, run

ASKED = Asked(CHECKS["incident_drill"].takes)


def ground(room, *, later_us=0, broken=False):
    """What the check looks at: the journal of the room, its packs, and the clock."""

    @contextmanager
    def journal():
        if broken:
            raise LogFailure("gone")
        yield copied(room.log)

    return SimpleNamespace(
        journal=journal, definitions=room.platform.program.definitions,
        clock=SimpleNamespace(now_us=lambda: room.clock.now_us() + later_us),
    )  # fmt: skip


def passes(room, name):
    return CHECKS[name].look(ground(room), ASKED)


def fails(room, name, match):
    with pytest.raises(Failed, match=match):
        CHECKS[name].look(ground(room), ASKED)


def test_a_drill_that_was_contained_within_a_year_passes_with_the_medians_of_what_was_measured():
    async def go():
        async with Room() as room:
            drill = await room.open(drill=True, began_us=NOON_US - HOUR_US)
            fails(room, "incident_drill", "no drill")
            room.later(20 * MINUTE_US)
            await room.take(drill, Contain("cut off"))
            other = await room.open(aware_us=room.clock.at_us, began_us=room.clock.at_us - 10 * MINUTE_US)
            room.later(5 * MINUTE_US)
            await room.take(other, Contain("cut off"))
            found = passes(room, "incident_drill")
            assert found["last_drill"]["id"] == drill.id
            assert (found["drills"], found["incidents"]) == (1, 1)
            # Found after 50 and 10 minutes, contained after 30 and 5: of two the lower.
            assert (found["detect_s_median"], found["contain_s_median"]) == (600, 300)
            with pytest.raises(Failed, match="no drill"):
                incident_drill(ground(room, later_us=367 * DAY_US), ASKED)
            with pytest.raises(CouldNotRun):
                incident_drill(ground(room, broken=True), ASKED)

    run(go())


def test_an_incident_that_is_no_drill_counts_for_none():
    async def go():
        async with Room() as room:
            await room.take(await room.open(), Contain("cut off"))
            with pytest.raises(Failed, match="no drill"):
                incident_drill(ground(room), ASKED)

    run(go())


def test_a_kind_without_a_plan_fails_and_is_named():
    async def go():
        files = incident_files()
        files["shop/incidents.toml"] = files["shop/incidents.toml"].partition("\n[plan.vendor_plan]")[0]
        async with Room(files) as room:
            await room.take(await room.open(drill=True), Contain("cut off"))
            with pytest.raises(Failed, match="no plan for incidents of: vendor"):
                incident_drill(ground(room), ASKED)

    run(go())
