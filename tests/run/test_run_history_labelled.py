"""A labelled export says of each decision what the journal knows by then, and nothing that it does not."""

import asyncio

import pyarrow as pa
import pytest

from history_world import archived
from jindi.basics.problems import Problems
from jindi.run.history.labelled import NEEDED, Labelled, Question, check
from jindi.run.history.manifest import load
from jindi.run.history.selection import Selection, Wanted
from jindi.run.labels import Labels
from jindi.stores import FileTree
from past_world import FILES, instant, report, story
from shop_world import DAY_US, NOON_US, Shop, copied, pay


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """An archive of a shop's weeks, and the labels that its journal holds."""
    late = NOON_US + 90 * DAY_US
    documents = [
        *story(150),
        pay(900, "5.00", late), report(901, "p900", late + 1), report(902, "p900", late + 2, fraud=False),
        pay(903, "5.00", late + 3), report(904, "p903", late + 4), report(905, "p903", late + 5, fraud=False),
        report(906, "p903", late + 6), report(907, "p903", late + 7), pay(908, "5.00", late + 8),
    ]  # fmt: skip

    async def go():
        async with Shop(FILES) as shop:
            for document in documents:
                shop.clock.at_us = max(shop.clock.at_us, instant(document))
                await shop.send(document)
            labels = Labels.of(shop.platform.archive, shop.platform.program.definitions)
            return copied(shop.log), labels

    log, labels = asyncio.run(go())
    files = FileTree(tmp_path_factory.mktemp("past") / "archive")
    archived(files, log)
    return files, labels, late


def exported(past, by_us, mature_us, columns=()):
    files, labels, _ = past
    wanted = Wanted(types=("pay",), columns=(*columns, *NEEDED) if columns else ())
    labelled = Labelled(Selection(files, load(files), wanted), labels, Question("fraud", mature_us, by_us), columns)
    return pa.Table.from_batches(list(labelled.batches()), labelled.schema)


@pytest.mark.parametrize("days", [1, 40, 89, 200])
def test_each_row_has_the_label_that_the_journal_settles_by_then(past, days):
    by_us, mature_us = NOON_US + days * DAY_US, past[1].definitions.labels["fraud"].mature_us
    table = exported(past, by_us, mature_us)
    rows = table.select(["seq", "event_id", "as_of", "fraud"]).to_pylist()
    told = [
        past[1].settled("fraud", row["seq"], row["event_id"], int(row["as_of"].timestamp() * 1_000_000), by_us)
        for row in rows
    ]
    assert [row["fraud"] for row in rows] == told
    assert (None in told) == (days < 200)


def test_a_true_label_is_known_since_the_word_that_has_stood(past):
    late = past[2]
    table = exported(past, late + DAY_US, 30 * DAY_US, ("event_id",))
    rows = {row["event_id"]: row for row in table.to_pylist()}
    since = {name: row["fraud_known"] and round(row["fraud_known"].timestamp() * 1e6) for name, row in rows.items()}
    assert (rows["p900"]["fraud"], since["p900"]) == (False, None)
    assert (rows["p903"]["fraud"], since["p903"]) == (True, late + 6)
    assert (rows["p908"]["fraud"], since["p908"]) == (None, None)
    assert table.schema.names == ["event_id", "fraud", "fraud_known"]


def test_silence_means_false_after_as_long_as_was_asked(past):
    by_us = past[2] + DAY_US
    answers = {row["event_id"]: row["fraud"] for row in exported(past, by_us, DAY_US - 8).to_pylist()}
    assert answers["p908"] is False
    answers = {row["event_id"]: row["fraud"] for row in exported(past, by_us, DAY_US).to_pylist()}
    assert answers["p908"] is None


def test_amounts_say_their_unit_to_whoever_learns_from_them(past):
    field = exported(past, NOON_US, DAY_US).schema.field("amount")
    assert (field.metadata[b"unit"], field.metadata[b"currency"]) == (b"minor", b"CNY")


def test_a_label_that_is_not_about_the_events_is_refused_with_those_that_it_is_about(past):
    definitions = past[1].definitions
    check(definitions, "fraud", ["pay"])
    for label, types, said in (("froud", ["pay"], "there are: fraud"), ("fraud", [], "some of: pay"),
                               ("fraud", ["pay", "reading"], "not about reading")):  # fmt: skip
        with pytest.raises(Problems) as found:
            check(definitions, label, types)
        assert said in str(found.value)


def test_a_column_with_the_labels_name_is_not_overwritten(past):
    files, labels, _ = past
    selection = Selection(files, load(files), Wanted(types=("pay",)))
    question = Question("amount", DAY_US, NOON_US)
    with pytest.raises(Problems, match="has this name already"):
        Labelled(selection, labels, question)
