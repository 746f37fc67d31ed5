"""What the shipped packs see in a stream: uncertain travel, sessions that move, scams by kind."""

import json

import pyarrow.parquet as pq
import pytest

from jindi.app.wiring import Outside
from jindi.basics.instants import MINUTE_US, format_instant, parse_instant
from jindi.run.batch import decide_file
from jindi.run.platform import compiled
from jindi.vault import Tokens

NOON_US = parse_instant("2026-11-22T12:00:00+08:00")
JINAN, NEAR_BY, KUNMING = (366_512, 1_171_201), (366_512, 1_184_600), (250_389, 1_027_183)


@pytest.fixture(scope="module")
def program():
    return compiled(Outside().pack_files([]))


@pytest.fixture
def decided(program, tmp_path):
    """What is decided of events that come a minute apart, a row each."""

    def deciding(*documents):
        source, out = tmp_path / "in.ndjson", tmp_path / "out.parquet"
        with source.open("w", encoding="utf-8") as file:
            for number, document in enumerate(documents):
                at = format_instant(NOON_US + number * MINUTE_US)
                file.write(json.dumps({"id": f"e{number}", "at": at, **document}) + "\n")
        decide_file(source, out, program, Tokens(b"k" * 32), None)
        return pq.read_table(out).to_pylist()

    return deciding


def login(place, **more):
    latitude, longitude = place
    return {
        "type": "login", "user": "u1", "device": "device-0001", "ip": "192.0.2.1", "channel": "app",
        "method": "password", "success": True, "latitude_e4": latitude, "longitude_e4": longitude, **more,
    }  # fmt: skip


def session_use(**changed):
    base = {"type": "session_use", "user": "u1", "session": "s1", "device": "device-0001", "ip": "192.0.2.1"}
    return base | {"agent": "android", "network": "AS1"} | changed


def transfer(**more):
    return {
        "type": "transfer", "user": "u1", "payee": "u9", "amount": "150.00", "funding": "card", "account_class": "II",
        "verification": "two", "channel": "app", "arrival": "instant", **more,
    }  # fmt: skip


def report(**more):
    return {
        "type": "fraud_report", "payment": "t0", "user": "u5", "payee": "u9", "amount": "900.00", "source": "police",
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "is_impossible"),
    [
        (login(JINAN), login(KUNMING), True),
        (login(JINAN), login(NEAR_BY), False),  # 120 km, of which 50 are doubt
        (login(JINAN), login(KUNMING, radius_km=1_900), False),
        (login(JINAN, radius_km=1_900), login(KUNMING), False),
        (login(JINAN, radius_km=100), login(KUNMING, radius_km=100), True),
        (login(JINAN), login(JINAN), False),
    ],
)
def test_travel_is_impossible_only_when_both_places_are_surely_too_far_apart(decided, first, second, is_impossible):
    row = decided(first, second)[-1]
    assert ("login-impossible-travel" in row["reasons"]) == is_impossible
    assert row["login_travel_least_km"] <= row["login_travel_km"]


def test_a_place_never_counts_as_surer_than_the_least_radius(decided):
    row = decided(login(JINAN, radius_km=0), login(NEAR_BY, radius_km=0))[-1]
    assert row["login_travel_km"] - row["login_travel_least_km"] == 50


def test_a_session_belongs_to_the_device_that_it_began_on(decided):
    rows = decided(
        session_use(),
        session_use(network="AS2"),
        session_use(agent="chrome"),
        session_use(device="device-0666"),
        session_use(),
        session_use(user="u2"),
    )
    assert [row["outcome"] for row in rows] == ["allow", "allow", "challenge", "deny", "allow", "deny"]
    assert "session-other-device" in rows[3]["reasons"]
    assert "session-of-another-user" in rows[5]["reasons"]


def test_three_networks_within_ten_minutes_are_one_too_many(decided):
    rows = decided(*[session_use(network=f"AS{n}") for n in range(3)])
    assert [row["outcome"] for row in rows] == ["allow", "allow", "challenge"]


@pytest.mark.parametrize(
    ("events", "rules"),
    [
        ((transfer(),), set()),
        ((transfer(stated="goods"),), set()),
        ((transfer(stated="safe_account"),), {"transfer-scam-police"}),
        ((report(scam="romance"), transfer()), {"transfer-scam-romance"}),
        ((report(scam="loan"), transfer(stated="task_rebate")), {"transfer-scam-loan", "transfer-scam-brushing"}),
        ((report(), transfer()), set()),
        ((transfer(amount="900.00", remote_control=True),), {"transfer-remote-control"}),
        ((transfer(amount="1200.00", sim_age_h=3),), {"transfer-after-sim-swap"}),
    ],
)
def test_a_scam_is_warned_of_by_its_kind(decided, events, rules):
    row = decided(*events)[-1]
    assert set(row["reasons"]) == rules
    assert row["outcome"] == ("delay" if rules else "allow")
