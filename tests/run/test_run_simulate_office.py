"""The office of the simulation: the same seed, the same days; every event fits the pack; the truth beside it."""

from itertools import islice, takewhile
from pathlib import Path

from jindi.basics.instants import DAY_US, parse_instant
from jindi.packs import load
from jindi.run.intake import Intake
from jindi.run.simulate import INSIDERS, START_US, Office, open_office
from jindi.vault import Tokens

PACKS = Path(__file__).parents[2] / "packs"


def lived(office, days):
    """All that an office says in its first days, with the instant of each."""
    until_us = START_US + days * DAY_US
    said = ((parse_instant(each.event["at"]), each) for each in office)
    return list(takewhile(lambda one: one[0] < until_us, said))


def test_the_same_seed_gives_the_same_office_and_another_seed_another():
    first, again, other = (lived(open_office(seed, start_us=START_US), 3) for seed in (3, 3, 4))
    assert first == again != other


def test_time_never_goes_back_and_no_id_comes_twice():
    said = lived(open_office(5, start_us=START_US, calm_days=2, span_days=6), 9)
    times = [at_us for at_us, _ in said]
    assert times == sorted(times)
    assert len({each.event["id"] for _, each in said}) == len(said) > 5_000


def test_every_event_is_one_that_the_pack_takes():
    files = {
        path.relative_to(PACKS).as_posix(): path.read_text("utf-8")
        for name in ("core", "staff")
        for path in (PACKS / name).rglob("*.toml")
    }
    intake = Intake(load(files), Tokens(bytes(32)), lambda: 1 << 62)
    kinds = set()
    for at_us, (event, _) in lived(open_office(6, start_us=START_US, calm_days=2, span_days=10), 25):
        fields = {name: value for name, value in event.items() if name not in ("id", "type", "at")}
        intake.make(event["type"], event["id"], at_us, fields)
        kinds.add(event["type"])
    assert kinds >= {
        "staff_action", "staff_sign_in", "staff_approval", "staff_list_change", "staff_alert_closed", "staff_day",
        "staff_tie", "staff_notice", "list_entry", "staff_grant",
    }  # fmt: skip


def test_an_office_without_plots_is_honest_and_one_with_them_plays_each_kind():
    assert all(each.truth.scenario is None for each in islice(Office(7, start_us=START_US), 20_000))
    played = {
        each.truth.scenario for _, each in lived(open_office(7, start_us=START_US, calm_days=3, span_days=20), 70)
    }
    assert played == {None, *INSIDERS}
