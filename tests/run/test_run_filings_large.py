"""Large days among a platform's own movements: found as the definition finds them, begun when a day is over."""

from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from filings_world import Room, draft, open_files, who
from jindi.basics.instants import format_instant
from jindi.cases.filings_steps import Drop
from jindi.parties.reporting import Movement, Rules, large
from jindi.run.platform import Settings
from screening_world import registration
from shop_world import DAY_US, HOUR_US, NOON_US, copied, run

DAY = date(2026, 11, 22)


REVIEWED = """
id = "transfer"
on = "transfer"
state = "live"
deadline = "200ms"
doc = { zh = "转账。", en = "Transfers." }
[[rule]]
id = "large"
doc = { zh = "大额。", en = "Large." }
when = "amount >= cny('100000')"
then = "review"
basis = { zh = "自定", en = "Ours" }
[[rule.case]]
name = "above"
given = { amount = "100000.00" }
fires = true
[[rule.case]]
name = "below"
given = { amount = "99999.99" }
fires = false
"""


class World(Room):
    """The room under packs that stop no transfer."""

    def __init__(self, files=None, **more):
        super().__init__(files or open_files(), **more)

    async def look(self, on=None):
        await self.moving.catch_up()
        return (await self.large.look(on)).found


def told(found):
    return {(each.large.customer, each.large.direction, each.large.criterion.code) for each in found}


BOTH = {("u1", "out", "0503"), ("u2", "in", "0503")}


def test_a_day_is_large_from_the_line_on_for_whoever_pays_and_whoever_is_paid():
    async def go():
        async with World() as world:
            decisions = [await world.pays(number, "166666.66") for number in (1, 2, 3)]
            assert await world.look() == ()
            decisions.append(await world.pays(4, "0.02"))
            found = await world.look()
            assert told(found) == BOTH
            assert found[0].decisions == tuple(decisions)
            assert {each.large.lines[0].sum_minor for each in found} == {50_000_000}
            assert (found[0].due.day, found[0].report) == (date(2026, 11, 27), None)
            assert (found[0].is_late(date(2026, 11, 27)), found[0].is_late(date(2026, 11, 28))) == (False, True)

    run(go())


def test_a_day_ends_at_midnight_in_shanghai():
    async def go():
        async with World() as world:
            await world.pays(1, "300000.00")
            world.clock.at_us = NOON_US + 12 * HOUR_US
            await world.pays(2, "300000.00")
            assert await world.look() == ()

    run(go())


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["u1", "u2", "u3"]), st.sampled_from(["u1", "u2", "u3"]),
                          st.integers(1, 40_000_000), st.integers(0, 30)), max_size=8))  # fmt: skip
def test_what_is_found_is_what_the_definition_finds_over_all_movements(transfers):
    async def go():
        async with World() as world:
            movements = []
            for number, (user, payee, minor, hours) in enumerate(transfers):
                world.clock.at_us = max(world.clock.at_us, NOON_US + hours * HOUR_US)
                at_us = world.clock.at_us
                decision = await world.pays(number, f"{minor / 100:.2f}", user, payee)
                for name, who_moves, way in (("transfer_received", payee, "in"), ("transfer_sent", user, "out")):
                    movements.append(Movement(
                        f"{decision}/{name}", at_us, who_moves, "person", "transfer", "domestic", way, "CNY", minor,
                        minor, 1,
                    ))  # fmt: skip
            expected = large(movements, Rules.of(world.platform.program.definitions))
            found = {(e.large.customer, e.large.day, e.large.direction): e.large for e in await world.look()}
            assert set(found) == {(e.customer, e.day, e.direction) for e in expected}
            for each in expected:
                same = found[each.customer, each.day, each.direction]
                assert (same.movements, same.lines) == (each.movements, each.lines)

    run(go())


def test_what_was_stopped_moved_nothing_until_somebody_lets_it():
    async def go():
        async with World(open_files() | {"payment/policies/transfer.toml": REVIEWED}) as world:
            decision = await world.pays(1, "600000.00")
            assert await world.look() == ()
            await world.send({
                "id": "let", "at": format_instant(world.clock.at_us), "type": "review_verdict", "decision": decision,
                "verdict": "accept", "by": "gao",
            })  # fmt: skip
            assert told(await world.look()) == BOTH

    run(go())


def test_when_a_day_is_over_its_report_is_begun_once_and_its_clock_runs_from_the_day():
    async def go():
        async with World() as world:
            await world.send(registration(1, "单雄信", id_card="110101197003147032"))
            await world.send(registration(2, "尉迟敬德", user="u2", id_card="11010519491231002X"))
            decision = await world.pays(1, "600000.00")
            assert await world.large.begin_due() == 0, "the day is not over"
            world.clock.at_us += DAY_US
            assert [await world.large.begin_due() for _ in range(3)] == [1, 0, 0]
            (report,) = world.platform.filings.newest()
            draft_of = (await world.desk.page(report.id)).draft
            assert (report.opened_by, report.topic, report.state) == ("platform", "large", "writing")
            assert {(each.user, each.code, each.decisions) for each in draft_of.days} == {
                ("u1", "0503", (decision,)), ("u2", "0503", (decision,)),
            }  # fmt: skip
            assert report.owed.begun.start_us < NOON_US
            assert {each.report.id for each in await world.look()} == {report.id}
            whole = draft(behaviour="", analysis="", crimes=(), features=(), usd_rate="7.1", days=draft_of.days,
                          subjects=draft_of.subjects)  # fmt: skip
            await world.desk.write(who(), report.id, whole)
            report = await world.sent(report=report, on=world.desk.today())
            assert report.clocks[0].state(world.clock.at_us) == "met"
            assert not any(each.is_late(date(2027, 1, 1)) for each in await world.look())

    run(go())


def test_without_four_eyes_a_report_that_the_platform_began_goes_on_with_one_person():
    async def go():
        async with World(settings=Settings(four_eyes=False, release_due=False)) as world:
            await world.send(registration(1, "单雄信", id_card="110101197003147032"))
            await world.pays(1, "600000.00", payee="u1", user="u1")
            world.clock.at_us += DAY_US
            assert await world.large.begin_due() == 1
            (report,) = world.platform.filings.newest()
            begun = (await world.desk.page(report.id)).draft
            whole = draft(behaviour="", analysis="", crimes=(), features=(), usd_rate="7.1", days=begun.days,
                          subjects=begun.subjects)  # fmt: skip
            await world.desk.write(who(), report.id, whole)
            assert (await world.desk.propose(who(), report.id)).state == "approved"

    run(go())


def test_more_that_comes_after_a_report_is_told_and_what_was_given_up_is_large_again():
    async def go():
        async with World() as world:
            await world.pays(1, "600000.00")
            report = await world.large.begin(who(), DAY)
            assert await world.large.begin(who(), DAY) is None
            await world.pays(2, "1.00")
            assert {(each.report.id, each.is_grown) for each in await world.look()} == {(report.id, True)}
            await world.desk.take(who(), report.id, Drop("twice"))
            assert {each.report for each in await world.look()} == {None}

    run(go())


def test_a_report_that_is_written_anew_counts_as_it_reads_now():
    async def go():
        async with World() as world:
            decision = await world.pays(1, "600000.00")
            await world.moving.catch_up()
            report = await world.large.begin(who(), DAY)
            first = world.desk.draft(report)
            assert {each.report.id for each in await world.look()} == {report.id}
            await world.desk.write(who(), report.id, msgspec.structs.replace(first, days=first.days[:1]))
            left = [each for each in await world.look() if each.report is None]
            assert [(each.large.customer, each.decisions) for each in left] == [(first.days[1].user, (decision,))]
            await world.desk.write(who(), report.id, first)
            assert {each.report.id for each in await world.look()} == {report.id}

    run(go())


def test_the_store_is_made_again_of_the_journal_and_forgets_what_is_too_old():
    async def go():
        async with World() as world:
            await world.pays(1, "600000.00")
            first = [each.large for each in await world.look()]
            again = World(log=copied(world.log), clock=world.clock, vault=world.platform.vault)
        async with again:
            assert [each.large for each in await again.look()] == first
            again.moving._now.sweep(again.clock.at_us + 36 * DAY_US, 1)
            assert await again.look() == ()

    run(go())


def test_nothing_is_begun_without_a_vault_or_without_criteria():
    async def go():
        async with World(vault=None) as world:
            await world.pays(1, "600000.00")
            world.clock.at_us += DAY_US
            assert await world.large.begin_due() == 0
            assert told(await world.look()) == BOTH, "it is told all the same"

    run(go())
