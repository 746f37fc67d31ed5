"""The town and its clock: well-formed identifiers that belong to nobody, and a week that adds up."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.instants import HOUR_US, parse_instant
from jindi.run.simulate.rhythm import day_of_month, inner_of, instant_of, local_day, local_hour, next_moment
from jindi.run.simulate.town import (
    CITIES,
    HOME_CITIES,
    Town,
    hosting_place,
    id_card_digit,
    luhn_digit,
    stream,
)

INSTANTS = st.integers(0, 4_000_000_000_000_000)


def test_the_same_seed_builds_the_same_town():
    first, second = Town(3, 200), Town(3, 200)
    assert [user.phone for user in first.users] == [user.phone for user in second.users]
    assert [user.cards for user in first.users] == [user.cards for user in second.users]
    assert [shop.city for shop in first.merchants] == [shop.city for shop in second.merchants]
    assert [user.id_card for user in first.users] != [user.id_card for user in Town(4, 200).users]


def test_identifiers_are_well_formed():
    for user in Town(1, 300).users:
        assert len(user.phone) == 11
        assert user.phone.isdecimal()
        assert len(user.id_card) == 18
        assert user.id_card[-1] == id_card_digit(user.id_card[:-1])
        for card in user.cards:
            assert len(card.number) == 16
            assert card.number[-1] == luhn_digit(card.number[:-1])
        assert not ip_address(user.home.ip).is_global


def test_no_address_belongs_to_anybody():
    chance = stream("addresses")
    for city in range(len(CITIES)):
        assert not ip_address(hosting_place(city, chance).ip).is_global


def test_phone_numbers_and_accounts_are_not_shared_by_chance():
    users = Town(1, 3_000).users
    assert len({user.phone for user in users}) == len(users)
    assert len({user.id for user in users}) == len(users)


def test_couples_share_a_home_and_some_a_tablet():
    users = Town(1, 500).users
    homes = {}
    for user in users:
        homes.setdefault(user.home.ip, []).append(user)
    couples = [people for people in homes.values() if len(people) == 2]
    assert len(couples) >= 15
    assert sum(one.device == two.device for one, two in couples) >= 5
    assert all(one.city == two.city for one, two in couples)


def test_people_know_others_mostly_in_their_own_city():
    users = Town(1, 1_000).users
    pairs = [(user, users[other]) for user in users for other in user.contacts]
    near = sum(one.city == other.city for one, other in pairs)
    assert 0.7 < near / len(pairs) < 0.95


def test_every_city_at_home_has_shops():
    town = Town(1, 20)
    chance = stream("shops")
    for city in range(HOME_CITIES):
        assert town.shop_near(city, chance).city == city
    assert town.shop_online(chance).online


@given(INSTANTS)
def test_the_inner_clock_goes_there_and_back(at_us):
    assert abs(instant_of(inner_of(at_us)) - at_us) < 1_000_000


@given(INSTANTS, INSTANTS)
def test_the_inner_clock_never_goes_back(one_us, other_us):
    early_us, late_us = sorted((one_us, other_us))
    assert inner_of(early_us) <= inner_of(late_us)


def test_a_week_of_the_inner_clock_is_a_week():
    at_us = parse_instant("2026-03-04T13:30:00+08:00")
    assert abs(inner_of(at_us + 7 * 24 * HOUR_US) - inner_of(at_us) - 168) < 1e-6


def test_noon_runs_faster_than_the_small_hours():
    noon, night = (parse_instant(f"2026-03-04T{hour}:00:00+08:00") for hour in ("12", "03"))
    assert inner_of(noon + HOUR_US) - inner_of(noon) > 10 * (inner_of(night + HOUR_US) - inner_of(night))


def test_moments_come_as_often_as_asked():
    chance, inner, count = stream("moments"), 0.0, 0
    while inner < 24 * 1_000:
        inner = next_moment(inner, 3.0, chance)
        count += 1
    assert 2_800 < count < 3_200


@given(INSTANTS)
def test_local_days_hours_and_dates_are_the_calendars(at_us):
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us, hours=8)
    assert local_hour(at_us) == local.hour
    assert day_of_month(at_us) == local.day
    assert local_day(at_us) == (local.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
