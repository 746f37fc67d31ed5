"""Mined rules: exact bounds, conditions that mean what they say, time kept honest, drafts that prove themselves."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.app import main
from jindi.basics.problems import Problems
from jindi.engine import build, check_cases
from jindi.language import DURATION, INT, RATIO, Kind, Scope, Type, evaluate, read
from jindi.packs import ModelInput, load
from jindi.run.learn.bounds import at_least, lower, upper
from jindi.run.learn.conditions import Condition, conditions, readable
from jindi.run.learn.draft import draft_of
from jindi.run.learn.mining import View, mine
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from learn_world import RECIPE, facts
from shop_world import shop_files

MINE = (
    RECIPE.replace("KIND", "trees").replace("MORE", "").replace("folds = 2", "folds = 1")
    + """
[mine]
rules = 4
precision = 0.4
false_alarms = 0.05
"""
)
CNY = Type(Kind.MONEY, "CNY")
INPUTS = (
    ModelInput("amount", CNY), ModelInput("count", INT), ModelInput("share", RATIO), ModelInput("gap", DURATION),
    ModelInput("known", Type(Kind.BOOL)), ModelInput("channel", Type(Kind.TEXT), equals="web"),
)  # fmt: skip
SCOPE = Scope(names={each.name: each.type for each in INPUTS})


@pytest.fixture(scope="module")
def definitions():
    return load(shop_files())


@pytest.fixture(scope="module")
def world(tmp_path_factory, definitions):
    recipe, inputs = read_recipe(MINE, definitions, "r")
    path = facts(tmp_path_factory.mktemp("mine") / "facts.parquet")
    return read_table(path, recipe, inputs, definitions), recipe, inputs, definitions.packs["shop"].zone


# --- bounds -------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.data())
def test_the_chance_of_so_many_or_more_is_the_sum_of_the_binomial(told, data):
    from math import comb

    true, share = data.draw(st.integers(0, told)), data.draw(st.floats(0.01, 0.99))
    plain = sum(comb(told, k) * share**k * (1 - share) ** (told - k) for k in range(true, told + 1))
    assert at_least(true, told, share) == pytest.approx(plain, rel=1e-9, abs=1e-12)


@given(st.integers(1, 5_000), st.data(), st.sampled_from([0.05, 0.001, 1e-5]))
def test_bounds_are_where_chance_would_do_as_well_only_with_the_error(told, data, error):
    true = data.draw(st.integers(1, told))
    low, high = lower(true, told, error), upper(true, told, error)
    assert 0 <= low <= true / told <= high <= 1
    assert at_least(true, told, low) == pytest.approx(error, rel=1e-6)
    if true < told:
        assert 1 - at_least(true + 1, told, high) == pytest.approx(error, rel=1e-4, abs=1e-12)


# --- conditions ---------------------------------------------------------------------------------------

ROW = st.tuples(
    st.none() | st.integers(0, 10**7), st.none() | st.integers(0, 3_000), st.none() | st.floats(0, 4),
    st.none() | st.integers(0, 10**13), st.none() | st.booleans(), st.none() | st.sampled_from(["web", "app"]),
)  # fmt: skip


def seen(row):
    """A row as a model sees it."""
    amount, count, share, gap, known, channel = row
    web = None if channel is None else channel == "web"
    given_ = (None if amount is None else amount / 100, count, share, gap, known, web)
    return [np.nan if each is None else float(each) for each in given_]


@settings(max_examples=60)
@given(st.lists(ROW, min_size=4, max_size=12))
def test_a_condition_holds_where_its_text_is_true(rows):
    columns = np.array([seen(row) for row in rows])
    label = np.arange(len(rows)) % 2 == 0
    for each in conditions(INPUTS, columns, label):
        expression = read(each.text, SCOPE)
        values = [evaluate(expression, dict(zip(SCOPE.names, row, strict=True)).get) for row in rows]
        assert each.holds(columns).tolist() == [value is True for value in values], each.text


@given(st.floats(1e-6, 1e12))
def test_thresholds_have_two_digits(value):
    rounded = readable(ModelInput("x", RATIO), value)
    assert abs(rounded - value) <= 0.051 * value
    assert len(f"{rounded:.12e}".split("e")[0].rstrip("0").replace(".", "")) <= 2


def test_durations_are_whole_units_of_a_size_that_fits():
    gap = ModelInput("x", DURATION)
    texts = [Condition(gap, 0, "<", readable(gap, us)).text for us in (5.3e6, 4.2e8, 1.5e10, 9e11)]
    assert texts == ["x < seconds(5)", "x < minutes(7)", "x < hours(4)", "x < days(10)"]


# --- mining -------------------------------------------------------------------------------------------


def test_the_same_facts_and_recipe_give_the_same_rules(world):
    table, recipe, inputs, zone = world
    one, two = (mine(table, recipe, inputs, zone) for _ in range(2))
    assert one == two
    assert one.rules


def test_what_is_told_of_a_rule_is_counted_row_by_row(world):
    table, recipe, inputs, zone = world
    found = mine(table, recipe, inputs, zone)
    fold = found.fold
    rows = np.flatnonzero(table.within(fold.test_us, fold.end_us))
    for each in found.rules:
        hits = [row for row in rows.tolist() if all(c.holds(table.columns[[row]])[0] for c in each.conditions)]
        told = each.tested_on
        assert (told.rows, told.told) == (len(rows), len(hits))
        assert told.true == sum(bool(table.label[row]) for row in hits)
        assert told.caught == pytest.approx(sum(table.amount[row] for row in hits if table.label[row]))


def test_rules_keep_their_precision_and_the_set_its_false_alarms_where_they_are_chosen(world):
    table, recipe, inputs, zone = world
    found = mine(table, recipe, inputs, zone)
    chosen = found.chosen_on
    assert chosen.false <= recipe.mine.false_alarms * chosen.rows
    for each in found.rules:
        error = (1 - recipe.mine.confidence) / found.tried
        assert lower(each.chosen_on.true, each.chosen_on.told, error) >= recipe.mine.precision
        assert 1 <= len(each.conditions) <= recipe.mine.conditions
    assert len({each.text for each in found.rules}) == len(found.rules)


def test_each_rule_adds_what_no_rule_before_it_tells(world):
    table, recipe, inputs, zone = world
    found = mine(table, recipe, inputs, zone)
    usable, known = table.as_known(found.fold.test_us, recipe.length_us("delay"))
    rows = np.flatnonzero(usable & table.within(found.fold.calibrate_us, found.fold.known_us))
    view = View(table, rows, known[rows])
    before = view.stopped.copy()
    for each in found.rules:
        hits = view.hits(each.conditions)
        assert (hits & ~before & view.label).sum() >= 2
        before |= hits


def test_nothing_of_the_test_or_known_later_moves_what_is_chosen(world):
    """Leaks are planted one by one: the test's facts, the test's labels, labels that were reported late."""
    table, recipe, inputs, zone = world
    honest = [each.text for each in mine(table, recipe, inputs, zone).rules]
    fold = mine(table, recipe, inputs, zone).fold
    later = table.at_us >= fold.known_us
    late = table.label & (table.known_us > fold.test_us)
    columns = table.columns.copy()
    columns[later] = 1e6
    for changed in (
        replace(table, columns=columns), replace(table, label=table.label ^ later),
        replace(table, label=table.label & ~late),
    ):  # fmt: skip
        assert [each.text for each in mine(changed, recipe, inputs, zone).rules] == honest


def test_what_the_present_policy_stops_is_no_find(world):
    table, recipe, inputs, zone = world
    all_stopped = replace(table, stopped=np.ones(len(table.label), np.bool_))
    assert mine(all_stopped, recipe, inputs, zone).rules == ()


def test_labels_that_say_nothing_give_no_rules(world):
    table, recipe, inputs, zone = world
    chance = np.random.default_rng(5)
    noise = replace(table, label=chance.permutation(table.label))
    assert len(mine(noise, recipe, inputs, zone).rules) == 0


def test_too_little_to_learn_from_is_refused(world):
    table, recipe, inputs, zone = world
    with pytest.raises(Problems) as raised:
        mine(replace(table, label=np.zeros(len(table.label), np.bool_)), recipe, inputs, zone)
    assert {problem.item for problem in raised.value.problems} == {"train", "calibrate"}


def test_a_draft_loads_beside_its_packs_and_its_cases_come_out(world, definitions):
    table, recipe, inputs, zone = world
    draft = draft_of(recipe, mine(table, recipe, inputs, zone), definitions)
    loaded = load({**shop_files(), "shop/policies/mined.toml": draft})
    policy = next(each for each in loaded.policies if each.id == "fraud-mined")
    assert policy.state == "draft"
    assert all(sorted(case.fires for case in rule.cases) == [False, True] for rule in policy.rules)
    assert check_cases(build(loaded)) == []


def test_every_condition_that_can_be_mined_has_cases_that_come_out(definitions):
    """On thresholds and beside them, for every kind of fact of the shop's payments."""
    from jindi.run.learn.mining import Counts, Found, Mined

    recipe, inputs = read_recipe(
        MINE.replace('"device_users"', '"device_users", "hour", "channel == \'app\'"'), definitions, "r"
    )
    chance = np.random.default_rng(1)
    columns = np.column_stack([np.abs(chance.normal(50, 30, 400)).round() for _ in inputs])
    columns[:, [each.equals is not None for each in inputs]] = 1.0
    columns[::7] = np.nan
    columns[:, [each.name == "hour" for each in inputs]] = chance.integers(0, 24, (400, 1))
    tried = conditions(inputs, columns, np.arange(400) % 3 == 0)
    counts = Counts(1, 1, 1.0, 1, 1, 1.0, 0, 0.0, 0)
    pairs = [(one,) for one in tried] + [pair for pair in pairwise(tried) if pair[0].place != pair[1].place]
    fold = mine_fold(recipe, definitions)
    rules = tuple(Mined(pair, counts, counts) for pair in pairs)
    draft = draft_of(recipe, Found(rules, counts, counts, counts, 1, 1, fold), definitions)
    assert check_cases(build(load({**shop_files(), "shop/policies/mined.toml": draft}))) == []


def mine_fold(recipe, definitions):
    from jindi.run.learn.evaluation import folds

    return folds(recipe, definitions.packs["shop"].zone)[-1]


def test_the_command_writes_a_draft_that_passes_the_check(tmp_path, monkeypatch, capsys):
    packs = tmp_path / "packs"
    for path, text in shop_files().items():
        (packs / path).parent.mkdir(parents=True, exist_ok=True)
        (packs / path).write_text(text, "utf-8")
    facts(tmp_path / "facts.parquet")
    (tmp_path / "recipe.toml").write_text(MINE, "utf-8")
    arguments = ["rules", "mine", str(tmp_path / "facts.parquet"), "--recipe", str(tmp_path / "recipe.toml"), "--packs",
                 str(packs), "--into", str(packs / "shop"), "--json"]  # fmt: skip
    monkeypatch.setattr("sys.argv", ["jindi", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    given_ = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0, given_
    assert (packs / "shop/policies/fraud-mined.toml").is_file()
    assert given_["together"]["test"]["precision"] > 0.4
    monkeypatch.setattr("sys.argv", ["jindi", "packs", "check", str(packs), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert json.loads(capsys.readouterr().out)["ok"]
