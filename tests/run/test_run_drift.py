"""Drift is told when there is some, hardly ever when there is none, and decay against what was promised."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_world import (
    QUESTION,
    SHARES,
    archive,
    evaluation,
    evaluation_text,
    lived,
    packs,
    platform_files,
    quiet,
    town,
)
from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import load
from jindi.run.drift import Question, drift, figures, judging, rows, statistics
from jindi.run.drift.figures import MISSING, OTHER, compare_columns
from jindi.run.drift.judging import evaluation_of
from jindi.run.drift.report import ROWS_MIN
from jindi.run.drift.watcher import Watcher, evaluations_for, events_of
from jindi.run.platform import Settings
from jindi.stores.memory_log import MemoryLog
from past_world import FILES
from shop_world import DAY_US, NOON_US, Shop, pay, run

# ---- the tests behind it


def test_the_oracles_of_the_index_and_its_critical_values():
    actual = [0.08, 0.09, 0.10, 0.11, 0.12, 0.10, 0.09, 0.11, 0.10, 0.10]
    assert statistics.psi([0.1] * 10, actual) == pytest.approx(0.0121227161, abs=1e-9)  # O37
    for n, m, critical in ((200, 200, 0.16919), (1000, 300, 0.07332), (20000, 5000, 0.00423)):  # X2
        assert statistics.critical_psi(10, n, m) == pytest.approx(critical, abs=1e-5)


def naive_psi(expected, actual):
    """The definition, bin by bin."""
    return sum(
        (a / sum(actual) - e / sum(expected)) * math.log((a / sum(actual)) / (e / sum(expected)))
        for e, a in zip(expected, actual, strict=True)
        if e or a
    )


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=20))
def test_the_index_of_counts_is_its_definition(pairs):
    expected, actual = [e for e, _ in pairs], [a for _, a in pairs]
    if not sum(expected) or not sum(actual):
        return
    kept = [(e, a) for e, a in pairs if e or a]
    half = 0.5 if any(not e or not a for e, a in kept) else 0.0
    wanted = naive_psi([e + half for e, _ in kept], [a + half for _, a in kept])
    assert statistics.psi_of_counts(expected, actual) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert statistics.psi_of_counts(expected, actual) >= -1e-12
    if not half:
        assert statistics.psi(expected, actual) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
        assert statistics.psi(actual, expected) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(st.floats(1e-6, 2000), st.floats(0.5, 300))
def test_the_chi_square_tail_is_that_of_a_library(x, freedom):
    chi2 = pytest.importorskip("scipy.stats").chi2
    assert statistics.chi_square_tail(x, freedom) == pytest.approx(chi2.sf(x, freedom), rel=1e-8, abs=1e-13)


@given(st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]), st.floats(0.5, 60))
def test_the_chi_square_quantile_turns_the_tail_round(share, freedom):
    quantile = statistics.chi_square_quantile(share, freedom)
    assert statistics.chi_square_tail(quantile, freedom) == pytest.approx(1 - share, rel=1e-6)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=60), st.lists(st.integers(-9, 9), min_size=1, max_size=60))
def test_the_distance_is_its_definition(one, other):
    def below(values, x):
        return sum(value <= x for value in values) / len(values)

    wanted = max(abs(below(one, x) - below(other, x)) for x in {*one, *other})
    found = statistics.ks_distance(np.array(one, float), np.array(other, float))
    assert found == pytest.approx(wanted, abs=1e-12)


def test_the_distance_s_tail_is_near_the_exact_one():
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(3)
    for n, m in ((60, 80), (400, 300)):
        for shift in (0.0, 0.2, 0.4):
            one, other = draw.normal(size=n), draw.normal(shift, size=m)
            exact = stats.ks_2samp(one, other)
            distance = statistics.ks_distance(one, other)
            assert distance == pytest.approx(exact.statistic)
            assert statistics.ks_tail(distance, n * m / (n + m)) == pytest.approx(exact.pvalue, rel=0.25, abs=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_probabilities_are_never_smaller_and_keep_their_order(tails):
    adjusted = statistics.holm(tails)
    assert all(after >= before for after, before in zip(adjusted, tails, strict=True))
    assert all(0 <= each <= 1 for each in adjusted)
    order = sorted(range(len(tails)), key=tails.__getitem__)
    assert [adjusted[n] for n in order] == sorted(adjusted)
    assert adjusted[order[0]] == min(1.0, len(tails) * tails[order[0]])


# ---- one fact


def columns(kind, draw, n):
    match kind:
        case "normal":
            return draw.normal(size=n)
        case "counts":
            return draw.poisson(0.3, n).astype(float)
        case "missing":
            return np.where(draw.random(n) < 0.1, np.nan, draw.lognormal(size=n))
        case _:
            return [("app", "web", "pos")[n] for n in draw.choice(3, n, p=[0.7, 0.25, 0.05])]


@pytest.mark.parametrize("kind", ["normal", "counts", "missing", "words"])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (1000, 300)])
def test_without_drift_an_alarm_is_as_rare_as_it_is_said_to_be(kind, n, m):
    draw = np.random.default_rng(7)
    tails = [compare_columns(columns(kind, draw, n), columns(kind, draw, m), 0.05).tail for _ in range(400)]
    assert 0.02 <= np.mean(np.array(tails) < 0.05) <= 0.085


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.9, 1.0])
def test_rows_of_one_customer_are_no_strangers_and_make_no_alarm(alike):
    draw = np.random.default_rng(11)

    def people(count):
        sizes = draw.geometric(1 / 8, count)
        whom = np.repeat(np.arange(count), sizes)
        own = math.sqrt(alike) * draw.normal(size=count)[whom]
        return own + math.sqrt(1 - alike) * draw.normal(size=len(whom)), whom

    found = []
    for _ in range(200):
        (a, of_a), (b, of_b) = people(400), people(200)
        found.append(compare_columns(a, b, 0.05, (of_a, of_b)))
    assert np.mean([each.tail < 0.05 for each in found]) <= 0.11
    assert np.mean([each.ks_tail < 0.05 for each in found]) <= 0.09
    naive = np.mean([each.psi > statistics.critical_psi(10, 3200, 1600) for each in found])
    assert naive > 0.3 or alike < 0.3, "rows taken for strangers would have cried wolf"


def test_a_shift_is_found_whatever_it_is_of():
    draw = np.random.default_rng(5)
    shifts = {
        "numbers": (draw.normal(size=900), draw.normal(0.5, size=900)),
        "what goes missing": (draw.normal(size=900), np.where(draw.random(900) < 0.2, np.nan, draw.normal(size=900))),
        "words": (["app"] * 800 + ["web"] * 100, ["app"] * 600 + ["web"] * 300),
        "a new word": (["app"] * 900, ["app"] * 700 + ["pos"] * 200),
        "a number that was always the same": (np.zeros(900), np.repeat([0.0, 1.0], [700, 200])),
    }
    for name, (reference, current) in shifts.items():
        found = compare_columns(reference, current, 0.05)
        assert found.tail < 1e-6, name
        assert found.psi > found.critical, name
        assert found.size != "small", name


NUMBERS = st.lists(st.one_of(st.integers(-5, 30).map(float), st.just(math.nan)), min_size=1, max_size=120)
WORDS = st.lists(st.one_of(st.sampled_from("abcdefghijklmnop"), st.none()), min_size=1, max_size=120)


@given(st.one_of(st.tuples(NUMBERS, NUMBERS), st.tuples(WORDS, WORDS)))
def test_bins_hold_every_row_once_and_none_is_thin(pair):
    reference, current = (
        np.array(each) if all(isinstance(x, float) for x in [*pair[0], *pair[1]]) else each for each in pair
    )
    if isinstance(reference, np.ndarray):
        bins, there, here = figures.numeric_bins(reference, current, 5)
    else:
        bins, there, here = figures.word_bins(reference, current, 5)
    for side, places, column in (("reference", there, reference), ("current", here, current)):
        assert sum(getattr(each, side) for each in bins) == len(column) == len(places)
        assert [getattr(each, side) for each in bins] == np.bincount(places, minlength=len(bins)).tolist()
    if len(bins) > 1:
        whole, smaller = len(reference) + len(current), min(len(reference), len(current))
        assert all((each.reference + each.current) / whole * smaller >= 5 - 1e-9 for each in bins)
    assert len({each.name for each in bins}) == len(bins) or {OTHER, MISSING} & {each.name for each in bins}


# ---- the whole report


def asked(log, question=QUESTION, **evaluations):
    return drift(archive(log), question, evaluations)


def found(document):
    return {(each["what"], each["name"]): each["proposal"] for each in document["findings"]}


def test_where_nothing_changes_nobody_has_to_hear_of_anything():
    document = asked(quiet(), fraud=evaluation(0.82))
    assert document["findings"] == []
    pays = document["types"]["pay"]
    assert pays["compared"]
    assert not any(each["alarm"] for each in pays["facts"].values())
    model = pays["models"]["fraud"]
    assert (model["proposal"], model["because"]) == ("nothing", [])
    assert model["newest"]["positives"] >= judging.POSITIVES_MIN
    assert 0.8 <= model["calibration"]["ratio"] <= 1.25
    assert model["score"]["psi"] < 0.1
    rates = pays["outcomes"]["rates"]["allow"]
    assert rates["reference"]["low"] < rates["reference"]["value"] < rates["reference"]["high"]


def test_false_alarms_over_all_facts_are_as_rare_as_said():
    alarms = 0
    for seed in range(12):
        document = asked(lived(town(seed + 20, per_day=40)))
        alarms += any(each["alarm"] for each in document["types"]["pay"]["facts"].values())
    assert alarms <= 3  # one in twenty is promised: four of twelve would have a chance of 2 in 1,000


def test_a_shift_of_amounts_is_found_in_the_fact_in_the_outcomes_and_in_the_score():
    document = asked(lived(town(new={"large": 0.5})), fraud=evaluation())
    told = found(document)
    assert ("fact", "amount") in told
    assert told["model", "fraud"] == "retrain"
    (model,) = (each for each in document["findings"] if each["what"] == "model")
    assert model["because"] == ("score_drift_large",)
    assert model["size"] == "large"
    amount = document["types"]["pay"]["facts"]["amount"]
    assert amount["psi"] > amount["critical"]
    assert amount["ks_tail"] < 0.001
    assert "channel" not in {name for _, name in told}


def test_a_moderate_drift_of_the_score_asks_for_a_new_calibration():
    document = asked(lived(town(new={"large": 0.24}, per_day=120)), fraud=evaluation())
    model = document["types"]["pay"]["models"]["fraud"]
    assert model["score"]["size"] == "moderate"
    assert (model["proposal"], model["because"]) == ("recalibrate", ["score_drift_moderate"])


def test_a_model_that_ranks_worse_than_its_evaluation_is_to_be_trained_again():
    flat = dict.fromkeys(SHARES, 0.10) | {"large web": 0.2, "large": 0.2}
    document = asked(lived(town(shares=flat, per_day=100)), fraud=evaluation(0.82))
    model = document["types"]["pay"]["models"]["fraud"]
    assert model["decay"]["size"] == "large"
    assert model["decay"]["tail"] < 0.001
    assert model["proposal"] in ("retrain", "retire")
    assert "auc_fell" in model["because"] or model["proposal"] == "retire"


def test_a_model_that_tells_nothing_apart_is_to_be_retired():
    document = asked(lived(town(shares=dict.fromkeys(SHARES, 0.15), per_day=100)), fraud=evaluation(0.82))
    model = document["types"]["pay"]["models"]["fraud"]
    assert (model["proposal"], model["because"]) == ("retire", ["auc_gone"])
    assert model["newest"]["auc"]["high"] < judging.AUC_GONE


def test_a_model_that_foretells_half_of_what_comes_true_is_to_be_calibrated():
    twice = {name: min(0.95, 2 * share) for name, share in SHARES.items()}
    document = asked(lived(town(shares=twice, per_day=100)), fraud=evaluation(0.80, 0.05))
    model = document["types"]["pay"]["models"]["fraud"]
    assert model["calibration"]["ratio"] > 1.5
    assert "calibration_off" in model["because"]
    assert model["proposal"] in ("recalibrate", "retrain")


def test_labels_count_only_when_mature_and_as_they_were_known():
    log = quiet()
    early = NOON_US + 20 * DAY_US
    document = asked(log, Question(QUESTION.current_us, QUESTION.reference_us, None, early))
    pays = document["types"]["pay"]
    assert max(until for _, until in pays["slices"]) <= "2026-12-08"
    whole = asked(log)["types"]["pay"]
    assert sum(each["rows"] for each in pays["models"]["fraud"]["slices"]) < sum(
        each["rows"] for each in whole["models"]["fraud"]["slices"]
    )
    assert "large" not in whole["rules"] or whole["rules"]["large"]["slices"]


def test_rules_have_their_precision_slice_by_slice():
    document = asked(quiet())
    rule = document["types"]["pay"]["rules"]["model-sure"]
    assert len(rule["slices"]) == judging.SLICES
    newest = rule["slices"][-1]
    assert newest["precision"]["low"] < SHARES["large web"] < newest["precision"]["high"]
    assert rule["tail"] > 0.001


def test_a_feature_that_was_defined_anew_is_no_drift():
    files = packs()
    wider = files["shop/features.toml"].replace('over = "7d"', 'over = "21d"')
    assert wider != files["shop/features.toml"]
    log = lived(town(), change=(20, files | {"shop/features.toml": wider}))
    document = asked(log)
    users = document["types"]["pay"]["facts"].get("device_users")
    assert users is None or users["redefined"]
    assert found(document) == {}


def test_what_grows_with_the_history_is_told_and_not_judged():
    question = Question(current_us=7 * DAY_US, reference_us=14 * DAY_US)
    older = asked(quiet(), question)["types"]["pay"]["facts"]
    young = asked(quiet())["types"]["pay"]["facts"]
    for name in ("pays_1d", "spent_1d", "device_users"):
        assert young[name]["growing"], "the reference begins with the journal: its windows were empty"
        assert young[name]["adjusted"] is None
        assert not young[name]["alarm"]
        assert not older[name]["growing"]
        assert older[name]["adjusted"] is not None
    assert not young["amount"]["growing"]


@pytest.mark.parametrize(
    ("over", "fold", "growing"),
    [
        ('"7d"', "count", False), ('"21d"', "count", True), ('"ever"', "count", True), ('"day"', "count", False),
        ('"month"', "count", True), ('"ever"', "since_first", True), ('"ever"', "since_last", False),
    ],
)  # fmt: skip
def test_a_window_is_judged_when_the_reference_saw_it_full(over, fold, growing):
    feature = f"""
[pays_more]
doc = {{ zh = "更多。", en = "More." }}
of = "pay"
by = "user"
fold = "{fold}"
over = {over}
"""
    definitions = load(packs() | {"shop/features.toml": packs()["shop/features.toml"] + feature})
    today = rows.Facts(archive(quiet()), build(definitions).events["pay"])
    first = NOON_US
    reference = rows.Stretch(first + 14 * DAY_US, first + 28 * DAY_US)
    assert today.is_growing("pays_more", reference, first) is growing
    assert not today.is_growing("amount", reference, first)


def test_too_little_to_compare_is_said():
    with pytest.raises(Problems, match="the journal is empty"):
        asked(MemoryLog())
    with pytest.raises(Problems, match=f"{ROWS_MIN} decisions in both"):
        asked(lived(town()[:60]))


def test_a_sample_is_the_same_every_time_and_fair(monkeypatch):
    seen = [rows.Sample(50) for _ in range(2)]
    for each in seen:
        for number in range(1_000):
            each.add(number)
    assert seen[0].rows == seen[1].rows
    assert seen[0].seen == 1_000
    assert 300 < np.mean(seen[0].rows) < 700
    monkeypatch.setattr(rows.Sample.__init__, "__defaults__", (400,))
    document = asked(quiet())
    assert document["types"]["pay"]["reference"]["looked_at"] == 400
    assert document["findings"] == []


def test_evaluations_are_read_as_learning_writes_them_and_nothing_else():
    definitions = load(packs())
    text = evaluation_text(0.9)
    assert evaluations_for(definitions, {"shop/fraud": text})["fraud"].auc == 0.9
    for bad in ("", "[]", "{}", '{"folds": []}', text.replace("0.9", '"high"'), text.replace("0.9", "1e999")):
        assert evaluations_for(definitions, {"shop/fraud": bad}) == {}
    assert evaluations_for(definitions, {"other/fraud": text}) == {}
    assert evaluation_of({"folds": 3}) is None


# ---- what is found is an event like any other


def watcher():
    return Watcher(lambda: {"shop/fraud": evaluation_text()}, QUESTION)


def test_what_is_found_is_decided_with_reasons_and_once():
    log = lived(town(new={"large": 0.5}))

    async def go():
        async with Shop(packs(), log=log, settings=Settings(release_due=False)) as shop:
            shop.clock.at_us = shop.platform.lane.state.high_us
            decided = await shop.platform.rounds.look_for_drift(watcher())
            assert decided >= 2
            first = {decided.event.id: decided for decided in shop.platform.lane.recent}
            outcomes = [str(each.decision.outcome) for each in first.values()]
            assert outcomes.count("review") >= 2
            model = next(each for each in first.values() if "model:pay.fraud:retrain" in each.event.values)
            rules = shop.platform.program.events["drift_found"].live.policy.rules
            (hit,) = (rules[n] for n in model.decision.hits)
            assert hit.id == "drift-model-retrain"
            assert hit.doc.zh
            assert hit.doc.en
            shop.clock.at_us += DAY_US
            await shop.platform.rounds.look_for_drift(watcher())
            again = list(shop.platform.lane.recent)[len(first) :]
            assert {str(each.decision.outcome) for each in again} == {"allow"}
            assert all("drift-told-already" in [rules[n].id for n in each.decision.hits] for each in again)

    run(go())


def test_without_the_pack_it_is_told_in_words():
    files = {path: text for path, text in packs().items() if not path.startswith("platform/")}
    log = lived(town(new={"large": 0.5}), files)

    async def go():
        async with Shop(files, log=log, settings=Settings(release_due=False)) as shop:
            assert await shop.platform.rounds.look_for_drift(watcher()) == 0
            assert any("drift: fact:pay.amount:large" in line for line in shop.told)

    run(go())


def test_where_there_is_nothing_to_find_nothing_is_sent():
    async def go():
        async with Shop(packs(), log=quiet(), settings=Settings(release_due=False)) as shop:
            before = shop.platform.lane.state.next_seq
            assert await shop.platform.rounds.look_for_drift(watcher()) == 0
            assert shop.platform.lane.state.next_seq == before
        async with Shop({**FILES, **platform_files()}) as shop:
            await shop.send(pay(1))
            assert await shop.platform.rounds.look_for_drift(watcher()) == 0

    run(go())


def test_a_look_that_is_broken_off_sends_nothing():
    log = lived(town(new={"large": 0.5}))

    async def go():
        async with Shop(packs(), log=log, settings=Settings(release_due=False)) as shop:
            stopped = watcher()
            stopped.close()
            assert await shop.platform.rounds.look_for_drift(stopped) == 0

    run(go())


def test_findings_are_events_of_the_pack_whatever_they_are():
    document = {
        "current": ["2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"],
        "findings": [
            {"what": "fact", "on": "pay", "name": "x" * 300, "size": "moderate", "proposal": "nothing", "psi": 0.2,
             "critical": None, "auc": None, "auc_expected": None, "because": ()},
            {"what": "model", "on": "pay", "name": "fraud", "size": "large", "proposal": "retire", "psi": None,
             "critical": None, "auc": 0.5123456789, "auc_expected": 0.8, "because": ("auc_gone",)},
        ] + [
            {"what": "fact", "on": "pay", "name": f"f{n}", "size": "large", "proposal": "nothing", "psi": 0.3 + n,
             "critical": 0.01, "auc": None, "auc_expected": None, "because": ()} for n in range(30)
        ],
    }  # fmt: skip
    events = events_of(document)
    assert len(events) == 20
    assert (events[0]["subject"], events[0]["auc"]) == ("model:pay.fraud:retire", 0.512346)
    assert events[1]["psi"] == 29.3
    intake = reopened_intake()
    for number, fields in enumerate(events):
        assert intake.make("drift_found", f"d{number}", NOON_US, fields).type == "drift_found"


def reopened_intake():
    from jindi.run.intake import Intake
    from jindi.vault import Tokens
    from shop_world import KEY

    return Intake(load(packs()), Tokens(KEY), lambda: NOON_US)


def test_a_running_platform_looks_by_itself_unless_it_is_told_not_to(monkeypatch):
    monkeypatch.setattr("jindi.run.rounds.FIRST_LOOK_US", 1_000)
    log = lived(town(new={"large": 0.5}))

    async def go(hours):
        async with Shop(
            packs(), log=log, watcher=watcher(), settings=Settings(release_due=False, drift_hours=hours)
        ) as shop:
            shop.clock.at_us = shop.platform.lane.state.high_us
            before = shop.platform.lane.state.next_seq
            for _ in range(2_000 if hours else 200):
                if shop.platform.lane.state.next_seq > before:
                    return True
                await asyncio.sleep(0.05 if hours else 0.001)
            return False

    assert run(go(24))
    assert not run(go(0))
