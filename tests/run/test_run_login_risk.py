"""The login risk of pack `account` is the published formula: by its published numbers, and by a naive definition."""

import json
import random
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.run.batch import decide_file
from jindi.run.platform import compiled
from jindi.vault import Tokens

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
UNSEEN_ODDS = 4.0
"""p(x) / p(x | user) of what the user never had: the open code takes a quarter of p(x) for p(x | user)."""


# ---- the definition, as long-winded as it is read


def share(past, field, value):
    return sum(each[field] == value for each in past) / len(past) if past and value is not None else 0.0


def odds(past, mine, login, levels):
    """p(x) / p(x | user) of one feature: `levels` are fields with their weights, the finest first."""
    everybody = of_user = 0.0
    for depth, (field, weight) in enumerate(levels):
        if depth == 0:
            count = sum(each[field] == login[field] for each in past)
            coarser = [len({each[name] for each in past} - {None}) for name, _ in levels[1:]]
            unseen = 1 + sum(coarser)
            n = len(past)
            smoothed = count / n * (1 - unseen / (n + unseen)) if count else 1 / (n + unseen)
            everybody += weight * smoothed
        else:
            everybody += weight * share(past, field, login[field])
        of_user += weight * share(mine, field, login[field])
    return everybody / of_user if of_user else UNSEEN_ODDS


def risk(past, login, features):
    """S of Freeman et al. (2016), equation 7 without attack data; None for a user without a past."""
    mine = [each for each in past if each["user"] == login["user"]]
    if not mine:
        return None
    score = 1.0
    for levels in features:
        score *= odds(past, mine, login, levels)
    return score * (1 / len({each["user"] for each in past})) / (len(mine) / len(past))


SIMPLE = ([("ip", 1.0)], [("device", 1.0)])
EXTENDED = ([("ip", 0.6), ("network", 0.3), ("city", 0.1)], [("device", 0.54), ("agent", 0.19)])


def published():
    """100 logins of 20 users: one has ten, nine from A and one from B; of all, nine are from A and eleven from B."""
    past = [{"user": "u", "x": "A"}] * 9 + [{"user": "u", "x": "B"}]
    past += [{"user": f"v{n % 19}", "x": "B" if n < 10 else f"rest{n}"} for n in range(90)]
    return past


@pytest.mark.parametrize(("value", "expected"), [("A", 0.0495049505), ("B", 0.5445544554), ("C", 2.0)])
def test_the_definition_gives_the_numbers_of_the_published_formula(value, expected):
    assert risk(published(), {"user": "u", "x": value}, ([("x", 1.0)],)) == pytest.approx(expected, abs=1e-9)


def test_smoothing_on_the_users_side_too_would_take_an_unseen_value_for_the_usual_one():
    usual = (9 / 101) / (9 / 11)
    unseen = (1 / 101) / (1 / 11)
    assert usual == pytest.approx(unseen)  # why what the user never had counts four
    past = published()
    assert risk(past, {"user": "u", "x": "C"}, ([("x", 1.0)],)) > 10 * risk(
        past, {"user": "u", "x": "A"}, ([("x", 1.0)],)
    )


# ---- the pack


@pytest.fixture(scope="module")
def program():
    return compiled(Outside().pack_files([]))


def told(program, logins, folder):
    """What the shipped packs say of logins, a row each."""
    source, out = folder / "logins.ndjson", folder / "out.parquet"
    lines = []
    for number, login in enumerate(logins):
        fields = {name: value for name, value in login.items() if value is not None}
        at_us = int((BEGIN + timedelta(minutes=17 * number)).timestamp() * 1_000_000)
        lines.append(json.dumps({"id": f"l{number}", "type": "login", "at": format_instant(at_us), **fields}))
    source.write_text("\n".join(lines), "utf-8")
    decide_file(source, out, program, Tokens(b"k" * 32), None)
    return pq.read_table(out).to_pylist()


def logins(seed, count):
    chance = random.Random(seed)
    for _ in range(count):
        place = chance.choice((0, 0, 0, 1, 1, 2))
        yield {
            "user": f"u{chance.randrange(5)}",
            "device": f"device-{chance.choice((0, 0, 1, 2)):04d}",
            "ip": f"10.0.{place}.{chance.randrange(2)}",
            "network": chance.choice((None, f"AS{place}", f"AS{place}")),
            "city": chance.choice((None, "Jinan", "Kunming")),
            "agent": chance.choice(("android", "ios", None)),
            "channel": "app",
            "method": "password",
            "success": chance.random() < 0.9,
        }


@pytest.mark.parametrize("seed", [1, 2])
def test_the_pack_computes_the_definition_login_by_login(program, tmp_path, seed):
    stream = list(logins(seed, 160))
    past, compared = [], 0
    for login, row in zip(stream, told(program, stream, tmp_path), strict=True):
        for name, features in (("login_risk", EXTENDED), ("login_risk_simple", SIMPLE)):
            expected = risk(past, login, features)
            assert row[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name
            compared += expected is not None
        if login["success"] and row["outcome"] == "allow":
            past.append(login)
    assert compared > 200


def test_a_stolen_password_in_a_strange_place_asks_for_the_face_and_the_owner_at_home_for_nothing(program, tmp_path):
    def login(number, **changed):
        base = {
            "user": f"u{number}", "device": f"device-{number:04d}", "ip": f"10.0.{number % 250}.7",
            "network": f"AS{number % 9}", "city": "Jinan", "agent": "android", "channel": "app",
            "method": "password", "success": True,
        }  # fmt: skip
        return base | changed

    stream = [login(number) for _ in range(4) for number in range(120)]
    stream += [
        login(7),
        login(8, device="device-9999", ip="10.9.9.9", network="AS99", agent="chrome", city="Kunming"),
        login(9, device="device-9998", agent="ios"),
    ]
    rows = told(program, stream, tmp_path)
    at_home, stolen, new_phone = rows[-3:]
    assert {row["outcome"] for row in rows[:480]} == {"allow"}
    assert at_home["login_risk"] < 0.1
    assert at_home["outcome"] == "allow"
    assert stolen["login_risk"] > 2
    assert {"login-risk-raised", "login-risk-simple", "login-risk-high"} <= set(stolen["reasons"])
    assert stolen["outcome"] == "challenge"
    assert at_home["login_risk"] < new_phone["login_risk"] < stolen["login_risk"]
