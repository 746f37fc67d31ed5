"""The simulated world: the same every time, in time order, fit for the packs, honest about base rates."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections import Counter
from itertools import islice
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import pytest

from jindi.basics.instants import DAY_US, HOUR_US, parse_instant
from jindi.basics.money import parse_minor
from jindi.basics.problems import Problems
from jindi.language import Kind
from jindi.packs import EventDef, load
from jindi.run.simulate import (
    SCENARIOS,
    START_US,
    Simulated,
    Truth,
    World,
    read_truth,
    truth_line,
    write_truth,
)
from jindi.run.simulate.rhythm import day_of_month, local_day

PACKS = Path(__file__).parents[2] / "packs"
DAYS = 10
USERS = 1_000

SAYINGS = (
    "account_class", "agent", "arrival", "card_kind", "category", "channel", "entry", "funding", "holder_check",
    "merchant_kind", "method", "success", "verification",
)  # fmt: skip

PRINT_DIGEST = """
import hashlib, itertools, json
from jindi.run.simulate import World
world, digest = World(11, users=300, fraud=20), hashlib.sha256()
for number, (event, truth) in enumerate(itertools.islice(world, 4000)):
    digest.update(json.dumps([event, truth.scenario, truth.episode, truth.loss_minor]).encode())
    if number % 9 == 0:
        world.react(event["id"], ("challenge", "delay", "review", "deny")[number // 9 % 4], "otp")
print(digest.hexdigest())
"""


def declared() -> dict[str, EventDef]:
    names = ("core", "account", "payment")
    files = {
        path.relative_to(PACKS).as_posix(): path.read_text("utf-8")
        for name in names
        for path in (PACKS / name / "pack.toml", PACKS / name / "events.toml", *(PACKS / name / "lists").glob("*.toml"))
    }
    return dict(load(files).events)


def misfit(event: dict[str, object], types: dict[str, EventDef]) -> str | None:
    """Why an event is not of its declared shape; None when it is."""
    definition = types.get(str(event["type"]))
    if definition is None:
        return f"unknown type {event['type']}"
    fields = {field.name: field for field in definition.fields}
    if strange := set(event) - set(fields) - {"id", "type", "at"}:
        return f"{definition.name}: undeclared {sorted(strange)}"
    for name, field in fields.items():
        if name not in event:
            if field.required:
                return f"{definition.name}: {name} is missing"
            continue
        value = event[name]
        if field.type.kind is Kind.MONEY:
            if not isinstance(value, str):
                return f"{definition.name}: {name} is not a decimal string"
            value = parse_minor(value, field.type.of or "CNY")
        elif field.type.kind is Kind.INT:
            if type(value) is not int:
                return f"{definition.name}: {name} is not a whole number"
        elif field.type.kind is Kind.BOOL:
            if type(value) is not bool:
                return f"{definition.name}: {name} is not true or false"
        elif not isinstance(value, str) or not 1 <= len(value) <= field.length_max:
            return f"{definition.name}: {name} is not a text of at most {field.length_max} characters"
        if field.values and value not in field.values:
            return f"{definition.name}: {name} is {value!r}"
        if isinstance(value, int) and field.least is not None and value < field.least:
            return f"{definition.name}: {name} is too small"
        if isinstance(value, int) and field.most is not None and value > field.most:
            return f"{definition.name}: {name} is too large"
    return None


def distance_km(one: tuple[int, int], other: tuple[int, int]) -> float:
    latitude, longitude, to_latitude, to_longitude = (radians(value / 10_000) for value in (*one, *other))
    east = cos(latitude) * cos(to_latitude) * sin((to_longitude - longitude) / 2) ** 2
    return 12_742 * asin(sqrt(min(1.0, sin((to_latitude - latitude) / 2) ** 2 + east)))


def told(world: World, count: int, answer: dict[str, str]) -> list[Simulated]:
    """The stream when the platform answers some scenarios ('honest' for none) with one outcome."""
    stream = []
    for simulated in islice(world, count):
        stream.append(simulated)
        outcome = answer.get(simulated.truth.scenario or "honest")
        if outcome is not None:
            world.react(simulated.event["id"], outcome, "otp", decision_id="dec_" + simulated.event["id"])
    return stream


@pytest.fixture(scope="module")
def fortnight() -> list[Simulated]:
    world = World(2026, users=USERS)
    end_us = world.now_us + DAYS * DAY_US
    stream = []
    for simulated in world:
        if world.now_us >= end_us:
            return stream
        stream.append(simulated)
    raise AssertionError("the stream has no end")


def test_the_same_seed_tells_the_same_story_in_every_process():
    digests = set()
    for hash_seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_seed_or_another_start_tells_another_story():
    stories = [World(1, users=60), World(2, users=60), World(1, users=60, start_us=1_700_000_000_000_000)]
    names = [{event["id"] for event, _ in islice(world, 500)} for world in stories]
    assert not names[0] & names[1]
    assert not names[0] & names[2]


def test_time_never_goes_back(fortnight):
    instants = [event["at"] for event, _ in fortnight]
    assert instants == sorted(instants, key=parse_instant)


def test_every_event_has_an_id_of_its_own(fortnight):
    assert len({event["id"] for event, _ in fortnight}) == len(fortnight)


def test_every_event_is_of_the_shape_that_the_packs_declare(fortnight):
    types = declared()
    misfits = Counter(reason for event, _ in fortnight if (reason := misfit(event, types)) is not None)
    assert not misfits


@pytest.mark.parametrize("outcome", ["challenge", "delay", "review", "deny"])
def test_events_that_answer_a_decision_are_of_the_declared_shape(outcome):
    types = declared()
    world = World(5, users=200, fraud=30)
    answer = dict.fromkeys((*SCENARIOS, "honest"), outcome)
    stream = told(world, 8_000, answer)
    misfits = Counter(reason for event, _ in stream if (reason := misfit(event, types)) is not None)
    assert not misfits


def test_wrong_events_are_as_rare_as_in_life(fortnight):
    wrong = [truth for _, truth in fortnight if truth.scenario is not None]
    assert 0.003 < len(wrong) / len(fortnight) < 0.02
    paid = [(event, truth) for event, truth in fortnight if event["type"] == "payment"]
    assert sum(truth.scenario is not None for _, truth in paid) / len(paid) < 0.01


def test_the_mix_of_events_is_a_wallets(fortnight):
    share = {kind: count / len(fortnight) for kind, count in Counter(e["type"] for e, _ in fortnight).items()}
    assert 0.4 < share["payment"] < 0.6
    assert 0.03 < share["login"] < 0.2
    assert 0.03 < share["transfer"] < 0.12
    for kind in ("top_up", "withdrawal", "refund", "bonus_redemption", "registration", "fraud_report"):
        assert 0 < share[kind] < 0.05, kind
    answers = Counter(e["approved"] for e, t in fortnight if e["type"] == "payment_result" and t.scenario is None)
    assert 0.95 < answers[True] / answers.total() < 0.995


def test_people_act_by_day_and_rest_by_night(fortnight):
    hours = Counter((parse_instant(e["at"]) // HOUR_US + 8) % 24 for e, t in fortnight if t.scenario is None)
    night = sum(hours[hour] for hour in range(1, 6))
    evening = sum(hours[hour] for hour in range(17, 22))
    assert 5 * night < evening


def test_each_scenario_appears_within_days(fortnight):
    assert {truth.scenario for _, truth in fortnight} - {None} == set(SCENARIOS)


def test_no_adversary_is_known_by_the_form_of_what_he_sends(fortnight):
    """Ids, devices and cards of an episode look like anyone's: a rule cannot cheat."""
    for name, shown in (("id", 4), ("device", 4), ("card", 6)):
        wrong = {event[name][:shown] for event, truth in fortnight if name in event and truth.scenario}
        honest = {event[name][:shown] for event, truth in fortnight if name in event and not truth.scenario}
        assert wrong <= honest, name


def test_no_single_word_gives_an_adversary_away(fortnight):
    """Whatever a payment, transfer or login says in one field, honest people say it too."""
    words: dict[bool, set[tuple[str, str, str]]] = {True: set(), False: set()}
    for event, truth in fortnight:
        if event["type"] in {"payment", "transfer", "login"}:
            said = {(event["type"], name, str(event[name])) for name in SAYINGS if name in event}
            words[truth.scenario is not None] |= said
    assert {said for said in words[True] - words[False] if said[2] not in {"headless", "emulator"}} == set()


def test_honest_people_keep_within_what_their_factors_allow(fortnight):
    """1,000 yuan a day by one factor, 5,000 by two, without what is paid by card at a till."""
    spent: Counter[tuple[str, int]] = Counter()
    for event, truth in fortnight:
        if truth.scenario is None and event["type"] in {"payment", "transfer"} and event["channel"] != "pos":
            day = (event["user"], (parse_instant(event["at"]) + 8 * HOUR_US) // DAY_US)
            spent[day] += parse_minor(event["amount"], "CNY")
            cap_minor = {"none": 100_000, "one": 100_000, "two": 500_000, "certificate": 10**9}
            assert spent[day] <= cap_minor[event["verification"]]


def test_no_honest_person_travels_faster_than_a_plane(fortnight):
    seen: dict[str, tuple[int, int, int]] = {}
    for event, truth in fortnight:
        if truth.scenario is None and "latitude_e4" in event:
            here = (parse_instant(event["at"]), event["latitude_e4"], event["longitude_e4"])
            there = seen.setdefault(event["user"], here)
            km = distance_km(there[1:], here[1:])
            assert km < 100 or km / ((here[0] - there[0]) / HOUR_US) < 900
            seen[event["user"]] = here


def test_people_act_as_often_as_the_rate_asks():
    calm, busy = World(1, users=100, fraud=0), World(1, users=100, fraud=0, rate=4)
    for world in (calm, busy):
        for _ in range(4_000):
            next(world)
    ratio = (calm.now_us - START_US) / (busy.now_us - START_US)
    assert 3 < ratio < 5


def test_an_honest_world_has_no_wrong_event():
    world = World(3, users=100, fraud=0)
    assert all(truth == Truth() for _, truth in islice(world, 3_000))


def test_labels_come_late_and_name_what_was_wrong(fortnight):
    truths = {event["id"]: truth for event, truth in fortnight}
    sent_us = {event["id"]: parse_instant(event["at"]) for event, _ in fortnight}
    labels = [event for event, _ in fortnight if event["type"] == "fraud_report"]
    delays = [parse_instant(label["at"]) - sent_us[label["payment"]] for label in labels]
    assert all(delay > 0 for delay in delays)
    assert max(delays) > DAY_US
    named_wrong = [truths[label["payment"]].scenario is not None for label in labels]
    assert sum(named_wrong) / len(labels) > 0.8


def test_losses_lie_on_money_that_moves(fortnight):
    for event, truth in fortnight:
        assert truth.loss_minor >= 0
        if truth.loss_minor:
            assert truth.loss_minor <= parse_minor(event["amount"], "CNY")
            assert event["type"] in {"payment", "transfer", "withdrawal", "bonus_redemption"}


def test_an_honest_person_passes_the_challenge_and_tries_again():
    world = World(8, users=80, fraud=0)
    wishes = passed = retried = 0
    for event, _ in islice(world, 4_000):
        if event["type"] == "transfer" and "retry_of" not in event:
            wishes += 1
            assert world.react(event["id"], "challenge", "face", decision_id=f"dec_{event['id']}")
        if event["type"] == "challenge_result":
            assert event["decision"].startswith("dec_evt_")
            assert event["method"] == "face"
            passed += event["passed"]
        retried += event["type"] == "transfer" and "retry_of" in event
    assert wishes > 50
    assert 0.9 * wishes < passed <= wishes
    assert 0.9 * wishes < retried <= wishes


def test_an_event_is_answered_once():
    world = World(8, users=80, fraud=0)
    event, _ = next(world)
    assert world.react(event["id"], "challenge")
    assert not world.react(event["id"], "deny")


def test_attackers_mostly_fail_a_challenge():
    wrong = {
        "account_takeover": "challenge",
        "impossible_travel": "challenge",
        "credential_stuffing": "challenge",
    }
    stream = told(World(4, users=300, fraud=25), 12_000, wrong)
    answers = [event["passed"] for event, _ in stream if event["type"] == "challenge_result"]
    assert len(answers) > 30
    assert sum(answers) / len(answers) < 0.3


def test_a_denied_attacker_moves_on():
    def events(outcome: dict[str, str]) -> dict[str, float]:
        stream = told(World(6, users=300, fraud=25), 12_000, outcome)
        found = Counter(t.scenario for _, t in stream)
        episodes = Counter(scenario for scenario, _ in {(t.scenario, t.episode) for _, t in stream})
        return {name: found[name] / episodes[name] for name in ("account_takeover", "card_testing")}

    free, refused = events({}), events(dict.fromkeys(SCENARIOS, "deny"))
    assert refused["account_takeover"] < free["account_takeover"]
    assert refused["card_testing"] < free["card_testing"] / 2


def test_who_is_not_let_in_does_nothing_there():
    """An honest visitor whose login stays refused leaves; a thief's money never moves."""
    world = World(15, users=200, fraud=30)
    refused: set[str] = set()
    for event, truth in islice(world, 8_000):
        if event["type"] == "registration":
            world.react(event["id"], "deny")
            refused.add(event["user"])
        elif event["type"] in {"payment", "transfer", "bonus_redemption", "withdrawal", "top_up"}:
            assert event["user"] not in refused, truth
    assert len(refused) > 20


def test_a_delay_ends_in_release_or_recall_and_no_card_is_asked_before():
    wait_us = 3 * HOUR_US
    world = World(9, users=300, fraud=25)
    held: dict[str, int] = {}
    ends: Counter[str] = Counter()
    for event, truth in islice(world, 12_000):
        if event["type"] in {"payment", "transfer"} and truth.scenario == "mule_ring":
            held[event["id"]] = world.now_us
            assert world.react(event["id"], "delay", wait_us=wait_us)
        if event["type"] in {"decision_release", "decision_recall"}:
            waited_us = world.now_us - held[event["decision"]]
            assert waited_us <= wait_us if event["type"] == "decision_recall" else waited_us == wait_us
            ends[event["type"]] += 1
    assert ends["decision_recall"] > 0
    assert ends["decision_release"] > 0


def test_what_is_denied_is_neither_answered_by_an_issuer_nor_reported():
    world = World(12, users=200, fraud=30)
    denied = set()
    for event, truth in islice(world, 10_000):
        if truth.scenario is not None and event["type"] in {"payment", "transfer"}:
            denied.add(event["id"])
            world.react(event["id"], "deny")
        assert event.get("payment") not in denied
    assert len(denied) > 50


def test_a_review_gets_an_analysts_verdict_within_a_day_or_two():
    world = World(13, users=200, fraud=30)
    reviewed: dict[str, tuple[int, bool]] = {}
    right = waits = 0
    for event, truth in islice(world, 10_000):
        if event["type"] == "transfer" and "retry_of" not in event:
            reviewed[event["id"]] = (world.now_us, truth.scenario is None)
            world.react(event["id"], "review")
        if event["type"] == "review_verdict":
            since_us, honest = reviewed[event["decision"]]
            assert 0 < world.now_us - since_us < 2 * DAY_US
            waits += 1
            right += (event["verdict"] == "accept") == honest
    assert waits > 100
    assert right / waits > 0.9


def test_answers_do_not_change_the_dice_of_others():
    """Denying every wrong event leaves nearly all honest life as it was, event for event."""

    def honest(answer: dict[str, str]) -> set[str]:
        stream = told(World(21, users=400, fraud=5), 12_000, answer)
        return {event["id"] for event, truth in stream if truth.scenario is None}

    free, guarded = honest({}), honest(dict.fromkeys(SCENARIOS, "deny"))
    assert len(free & guarded) / len(free) > 0.9


def test_the_world_refuses_what_it_cannot_play():
    with pytest.raises(ValueError, match="at least 20 users"):
        World(1, users=3)
    with pytest.raises(ValueError, match="rate"):
        World(1, users=50, rate=0)
    world = World(1, users=50)
    event, _ = next(world)
    with pytest.raises(ValueError, match="unknown outcome"):
        world.react(event["id"], "maybe")
    assert not world.react("evt_never_sent", "deny")


def test_truth_is_written_beside_the_stream_and_read_back():
    out = io.StringIO()
    stream = list(write_truth(islice(World(7, users=100, fraud=50), 5_000), out))
    read = read_truth(out.getvalue().splitlines())
    assert read == {event["id"]: truth for event, truth in stream if truth.scenario is not None}
    assert len(read) > 50
    everything = io.StringIO()
    list(write_truth(stream, everything, honest=True))
    assert len(read_truth(everything.getvalue().splitlines())) == 5_000


def test_every_bad_line_of_truth_is_named():
    good = truth_line({"id": "evt_1"}, Truth("mule_ring", "epi_1", 5))
    bad = good.replace("mule_ring", "magic")
    with pytest.raises(Problems) as caught:
        read_truth([good, bad, "{", good.replace("5", '"5"', 1), "[1]", good.replace(":5", ":true")])
    assert [problem.where for problem in caught.value.problems] == [f"line {number}" for number in range(2, 7)]


def test_a_stream_is_what_json_can_say():
    digest = hashlib.sha256()
    for event, _ in islice(World(7, users=100), 1_000):
        line = json.dumps(event)
        assert json.loads(line) == event
        digest.update(line.encode())
    assert digest.digest_size == 32


def test_honest_people_pay_micro_merchants_no_more_by_credit_card_than_these_may_take(fortnight):
    taken, counted = Counter(), 0
    for event, truth in fortnight:
        if event["type"] != "payment" or (event["merchant_kind"], event.get("card_kind")) != ("micro", "credit"):
            continue
        at_us = parse_instant(event["at"])
        day, month = local_day(at_us), local_day(at_us) - day_of_month(at_us)
        for period, most_minor in ((("day", day), 100_000), (("month", month), 1_000_000)):
            taken[event["merchant"], period] += parse_minor(event["amount"], "CNY")
            if truth.scenario is None:
                assert taken[event["merchant"], period] <= most_minor
                counted += 1
    assert counted > 100
