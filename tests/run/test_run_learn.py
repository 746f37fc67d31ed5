"""Learning keeps time honest, repeats to the digit, and ships what it evaluated."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jindi.app import main
from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import load
from jindi.run.learn.evaluation import CONFIDENCE, drawn_parts, fitted, folds, learn, test_rows
from jindi.run.learn.evaluation import tested as outcome_of
from jindi.run.learn.recipe import read_recipe
from jindi.run.learn.table import read_table
from jindi.run.learn.thresholds import allowed
from learn_world import DAYS, PER_DAY, RECIPE, facts
from models_world import DECLARED, with_model
from shop_world import shop_files

test_rows.__test__ = False


@pytest.fixture(scope="module")
def definitions():
    return load(shop_files())


def read(tmp_path, definitions, kind="logistic-woe", more=""):
    text = RECIPE.replace("KIND", kind).replace("MORE", more)
    recipe, inputs = read_recipe(text, definitions, "recipe.toml")
    return read_table(facts(tmp_path / "facts.parquet"), recipe, inputs, definitions), recipe, inputs


def zone(definitions):
    return definitions.packs["shop"].zone


KINDS = ("logistic-woe", "trees", "balanced")


def needed(kind):
    if kind != "logistic-woe":
        pytest.importorskip("lightgbm", reason="LightGBM is not installed: trees are not trained")
    return kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_facts_and_recipe_give_the_same_file_and_figures(tmp_path, definitions, kind):
    table, recipe, inputs = read(tmp_path, definitions, needed(kind))
    one, two = (learn(table, recipe, inputs, zone(definitions)) for _ in range(2))
    assert one == two
    assert one[1]["mean"]["auc"] > 0.65
    assert len(one[1]["folds"]) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_learnt_is_what_is_served(tmp_path, definitions, kind):
    table, recipe, inputs = read(tmp_path, definitions, needed(kind))
    text, _ = learn(table, recipe, inputs, zone(definitions))
    model, _ = fitted(table, folds(recipe, zone(definitions))[-1], recipe, inputs, jobs=1)
    served = build(load(with_model(shop_files(), text, declared=DECLARED))).events["pay"]
    rows = table.columns[:200]
    told = model.probabilities(rows)
    for row, wanted in zip(rows.tolist(), told.tolist(), strict=True):
        amount, pays, web, users = row
        given = {
            "amount": round(amount * 100), "pays_1d": int(pays), "channel": "web" if web else "app",
            "device_users": None if np.isnan(users) else int(users),
        }  # fmt: skip
        facts_ = [given.get(name) for name in served.slots]
        assert served.models["fraud"](facts_)[0] == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_became_known_later_moves_a_model(tmp_path, definitions, kind):
    """Leaks are planted one by one: the future's rows, late labels, labels of the gap."""
    table, recipe, inputs = read(tmp_path, definitions, needed(kind))
    fold = folds(recipe, zone(definitions))[0]
    _, honest = fitted(table, fold, recipe, inputs, jobs=1)
    later = table.at_us >= fold.known_us
    columns = table.columns.copy()
    columns[later] = 1e6
    assert fitted(replace(table, columns=columns), fold, recipe, inputs, jobs=1)[1] == honest
    assert fitted(replace(table, label=table.label ^ later), fold, recipe, inputs, jobs=1)[1] == honest
    late = table.label & (table.known_us > fold.test_us)
    assert (late & ~later).any()
    # What was reported late was no fraud to anybody at that moment.
    assert fitted(replace(table, label=table.label & ~late), fold, recipe, inputs, jobs=1)[1] == honest
    # But a label that was known does move it.
    told = table.label & table.within(fold.train_us, fold.calibrate_us) & ~late
    fewer = table.label & ~(told & (np.arange(len(told)) % 2 == 0))
    assert fitted(replace(table, label=fewer), fold, recipe, inputs, jobs=1)[1] != honest


def test_amounts_in_minor_units_that_say_so_are_learnt_from_as_they_will_be_seen(tmp_path, definitions):
    """The archive keeps whole minor units and says so in the column; the model sees major units live."""
    table, recipe, inputs = read(tmp_path, definitions)
    path = facts(tmp_path / "archived.parquet")
    plain = pq.read_table(path)
    cents = pa.array([round(each * 100) for each in plain["amount"].to_pylist()], pa.int64())
    says = pa.field("amount", pa.int64(), metadata={"kind": "money", "unit": "minor", "currency": "CNY"})
    place = plain.schema.get_field_index("amount")
    pq.write_table(plain.set_column(place, says, cents), path)
    archived = read_table(path, recipe, inputs, definitions)
    assert np.array_equal(archived.columns, table.columns, equal_nan=True)
    assert np.allclose(archived.amount, table.amount)


@pytest.mark.parametrize("type_", [pa.int64(), pa.decimal128(38, 0)], ids=str)
def test_whole_amounts_that_do_not_say_their_unit_are_refused(tmp_path, definitions, type_):
    """A sum of a query over the archive comes as decimals without places."""
    _, recipe, inputs = read(tmp_path, definitions)
    path = facts(tmp_path / "unsaid.parquet", amount=pa.array([100] * DAYS * PER_DAY, type_))
    with pytest.raises(Problems) as found:
        read_table(path, recipe, inputs, definitions)
    assert "column amount: whole numbers" in str(found.value)
    assert "major units" in str(found.value)


def test_only_events_of_the_recipes_type_are_read_from_an_export_of_several(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions)
    path = facts(tmp_path / "several.parquet")
    plain = pq.read_table(path).rename_columns({"event_type": "type"})
    other = plain.slice(0, 100).set_column(0, "type", pa.array(["reading"] * 100))
    pq.write_table(pa.concat_tables([plain, other]), path)
    assert len(read_table(path, recipe, inputs, definitions).label) == len(table.label)


def test_each_fold_is_held_to_the_share_of_false_alarms_that_the_fold_before_asked_for(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions, more="false_alarms = 0.1")
    _, evaluation = learn(table, recipe, inputs, zone(definitions))
    first, last = evaluation["folds"]
    assert "alarms_at_the_last_threshold" not in first
    (before, after) = folds(recipe, zone(definitions))
    earlier = outcome_of(table, before, fitted(table, before, recipe, inputs, jobs=1)[0])
    later = outcome_of(table, after, fitted(table, after, recipe, inputs, jobs=1)[0])
    found = last["alarms_at_the_last_threshold"]
    honest_before = int((~earlier.label & (earlier.probability >= found["threshold"])).sum())
    assert honest_before <= allowed(0.1 * len(earlier.label), CONFIDENCE) < 0.1 * len(earlier.label)
    told = later.probability >= found["threshold"]
    assert found["false_share"] == (told & ~later.label).mean()
    assert found["recall"] == (told & later.label).sum() / later.label.sum()
    assert 0 < found["recall"] < 1


def test_where_the_share_affords_no_alarm_there_is_no_threshold_and_nothing_is_told(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions, more="false_alarms = 0.0")
    _, evaluation = learn(table, recipe, inputs, zone(definitions))
    found = evaluation["folds"][-1]["alarms_at_the_last_threshold"]
    assert (evaluation["threshold_for_false_alarms"], found["threshold"], found["recall"]) == (None, None, 0)


def test_a_label_counts_from_when_it_became_known(tmp_path, definitions):
    table, recipe, _ = read(tmp_path, definitions)
    day_us = 86_400_000_000
    moment_us = int(table.at_us[-1]) - 20 * day_us
    usable, known = table.as_known(moment_us, recipe.length_us("delay"))
    for row in range(len(table.label)):
        told = table.label[row] and table.known_us[row] <= moment_us
        assert known[row] == told
        assert usable[row] == (told or table.at_us[row] + 7 * day_us <= moment_us)
    assert (known[usable] != table.label[usable]).any()


def test_folds_follow_one_another_and_train_only_on_what_lies_a_delay_back(definitions, tmp_path):
    _, recipe, _ = read(tmp_path, definitions)
    first, last = folds(recipe, zone(definitions))
    day_us = 86_400_000_000
    assert first.end_us == last.test_us
    for fold in (first, last):
        lengths = (fold.calibrate_us - fold.train_us, fold.known_us - fold.calibrate_us, fold.test_us - fold.known_us)
        assert lengths == (21 * day_us, 7 * day_us, 7 * day_us)


def test_entities_that_are_known_to_be_bad_are_nobodys_finding(tmp_path, definitions):
    table, recipe, _ = read(tmp_path, definitions)
    fold = folds(recipe, zone(definitions))[-1]
    rows = set(test_rows(table, fold).tolist())
    day_us = 86_400_000_000
    for row in np.flatnonzero(table.within(fold.test_us, fold.end_us)).tolist():
        begins = fold.test_us + (int(table.at_us[row]) - fold.test_us) // day_us * day_us
        known = table.label & (table.entity == table.entity[row]) & (table.known_us <= begins)
        known &= table.at_us >= fold.leave_out_us
        assert (row in rows) == (not known.any())


def test_rows_without_a_label_are_left_out(tmp_path, definitions):
    recipe, inputs = read_recipe(RECIPE.replace("KIND", "logistic-woe").replace("MORE", ""), definitions, "r")
    whole = read_table(facts(tmp_path / "a.parquet"), recipe, inputs, definitions)
    gaps = [None if row % 3 == 0 else bool(truth) for row, truth in enumerate(whole.label)]
    part = read_table(facts(tmp_path / "b.parquet", fraud=gaps), recipe, inputs, definitions)
    assert part.label.tolist() == [truth for truth in gaps if truth is not None]
    assert part.at_us.tolist() == [
        at for at, truth in zip(whole.at_us.tolist(), gaps, strict=True) if truth is not None
    ]


RANDOM = RECIPE.replace("KIND", "logistic-woe").replace("test_from = 2026-02-20\n", "").replace("MORE", "")


def test_a_random_split_is_only_made_when_it_is_asked_for_and_tests_on_what_it_did_not_train_on(tmp_path, definitions):
    recipe, inputs = read_recipe(RANDOM.replace("folds = 2", 'folds = 2\nsplit = "random"'), definitions, "r")
    table = read_table(facts(tmp_path / "facts.parquet"), recipe, inputs, definitions)
    parts = list(drawn_parts(table, recipe))
    assert len(parts) == 2
    for train, test in parts:
        assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(table.label)))
        for truth in (True, False):
            assert (table.label[test] == truth).sum() == round((table.label == truth).sum() * recipe.test_share)
    assert parts[0][1].tolist() != parts[1][1].tolist()
    text, evaluation = learn(table, recipe, inputs, zone(definitions))
    assert json.loads(text)["made"]["split"] == "random"
    assert learn(table, recipe, inputs, zone(definitions)) == (text, evaluation)
    assert evaluation["recipe"]["split"] == "random"


@pytest.mark.parametrize(
    ("more", "item"),
    [
        ("", "test_from"),
        ('split = "random"\ntest_from = 2026-02-20', "test_from"),
        ("test_at = 2026-02-20T00:00:00", "test_at"),
        ("test_from = 2026-02-20\ntest_at = 2026-02-20T00:00:00Z", "test_from"),
    ],
)
def test_a_recipe_says_once_when_its_test_begins(definitions, more, item):
    with pytest.raises(Problems) as raised:
        read_recipe(RANDOM.replace("folds = 2", f"folds = 2\n{more}"), definitions, "r")
    assert [problem.item for problem in raised.value.problems] == [item]


def test_a_test_may_begin_at_an_instant(tmp_path, definitions):
    by_day, _ = read_recipe(RECIPE.replace("KIND", "trees").replace("MORE", ""), definitions, "r")
    begins = by_day.test_us(zone(definitions))
    instant = f"test_at = {datetime.fromtimestamp(begins / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
    by_instant, _ = read_recipe(RANDOM.replace("folds = 2", f"folds = 2\n{instant}"), definitions, "r")
    assert folds(by_instant, zone(definitions)) == folds(by_day, zone(definitions))


def test_an_average_of_boosters_scores_the_mean_of_their_raw_scores(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions, needed("trees"))

    def with_settings(**changed):
        given = {name: getattr(recipe.settings, name) for name in recipe.settings.__struct_fields__} | changed
        return msgspec.structs.replace(recipe, settings=type(recipe.settings)(**given), calibrate="0d")

    fold = folds(with_settings(), zone(definitions))[-1]
    drawn = {"rows_share": 0.6, "inputs_share": 0.5}
    both, _ = fitted(table, fold, with_settings(average=2, **drawn), inputs, jobs=1)
    first, _ = fitted(table, fold, with_settings(**drawn), inputs, jobs=1)
    second, _ = fitted(
        table, fold, msgspec.structs.replace(with_settings(**drawn), seed=recipe.seed + 1), inputs, jobs=1
    )
    rows = table.columns[:100]
    assert first.raws(rows).tolist() != second.raws(rows).tolist()
    assert both.raws(rows) == pytest.approx((first.raws(rows) + second.raws(rows)) / 2)


def test_amounts_that_a_table_rounded_are_whole_cents_again(tmp_path, definitions):
    table, _, _ = read(tmp_path, definitions)
    cents = table.columns[:, 0] * 100
    assert (table.columns[:, 0] == np.rint(cents) / 100).all()


def test_monotone_inputs_only_raise_the_score(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions, needed("trees"))
    settings = type(recipe.settings)(trees=30, monotone={"amount": 1})
    recipe = type(recipe)(**{name: getattr(recipe, name) for name in recipe.__struct_fields__} | {"settings": settings})
    model, _ = fitted(table, folds(recipe, zone(definitions))[-1], recipe, inputs, jobs=1)
    for row in table.columns[:20]:
        swept = np.tile(row, (50, 1))
        swept[:, 0] = np.linspace(0, 3_000, 50)
        assert (np.diff(model.raws(swept)) >= 0).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("surplus = 1", "surplus"),
        ('delay = "x"', "recipe.toml"),
        ("seed = -1", "seed"),
    ],
)
def test_a_wrong_recipe_is_refused(definitions, more, said):
    text = RECIPE.replace("KIND", "trees").replace("MORE", more)
    with pytest.raises(Problems, match=said):
        read_recipe(text, definitions, "recipe.toml")


def test_all_that_is_wrong_with_a_recipe_is_told_at_once(definitions):
    text = RECIPE.replace("KIND", "trees").replace("MORE", "").replace('"pays_1d"', '"phone", "nothing", "channel"')
    text = text.replace('"7d"', '"soon"').replace("folds = 2", "folds = 0")
    with pytest.raises(Problems) as raised:
        read_recipe(text, definitions, "recipe.toml")
    assert {problem.item for problem in raised.value.problems} == {
        "delay", "calibrate", "folds", "input phone", "input nothing", "input channel",
    }  # fmt: skip


def test_a_table_that_does_not_fit_is_refused(tmp_path, definitions):
    recipe, inputs = read_recipe(RECIPE.replace("KIND", "trees").replace("MORE", ""), definitions, "r")
    count = DAYS * PER_DAY
    for changed, said in (
        ({"fraud": np.full(count, 2)}, "a label is true or false"),
        ({"event_type": ["login"] * count}, "holds no pay events"),
        ({"amount": ["x"] * count}, "a column is not of its type"),
    ):
        with pytest.raises(Problems, match=said):
            read_table(facts(tmp_path / "f.parquet", **changed), recipe, inputs, definitions)
    pq.write_table(pa.table({"at": [1]}), tmp_path / "g.parquet")
    with pytest.raises(Problems, match="column amount: not in the file"):
        read_table(tmp_path / "g.parquet", recipe, inputs, definitions)


def test_too_little_to_learn_from_is_refused(tmp_path, definitions):
    table, recipe, inputs = read(tmp_path, definitions)
    with pytest.raises(Problems, match="too few to learn from"):
        learn(replace(table, label=np.zeros(len(table.label), bool)), recipe, inputs, zone(definitions))


def test_the_command_writes_a_model_that_its_pack_loads(tmp_path, monkeypatch, capsys):
    for path, text in shop_files().items():
        target = tmp_path / "packs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    facts(tmp_path / "facts.parquet")
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("KIND", "logistic-woe").replace("MORE", ""), "utf-8")
    packs = tmp_path / "packs"
    arguments = [
        "learn", str(tmp_path / "facts.parquet"), "--recipe", str(tmp_path / "recipe.toml"),
        "--packs", str(packs), "--into", str(packs / "shop"), "--json",
    ]  # fmt: skip
    monkeypatch.setattr("sys.argv", ["jindi", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    given = json.loads(capsys.readouterr().out)
    text = (packs / "shop/models/fraud.json").read_text("utf-8")
    assert load(with_model(shop_files(), text)).models["fraud"].digest == given["digest"]
    card = (packs / "shop/models/fraud.md").read_text("utf-8")
    assert given["digest"] in card
    evaluation = json.loads((packs / "shop/evaluations/fraud.json").read_text("utf-8"))
    assert evaluation["mean"] == given["mean"]
    (packs / "shop/models.toml").write_text(DECLARED, "utf-8")
    monkeypatch.setattr("sys.argv", ["jindi", "packs", "check", str(packs), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert json.loads(capsys.readouterr().out)["models"] == 1
