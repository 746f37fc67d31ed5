# ruff: noqa: E501 - tables of TOML are read by their columns
"""Labels: late, corrected, and never known before they were heard."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.instants import parse_instant
from jindi.run.labels import Labels, Step, examples, leaks, maturity, standing, truncated_share
from past_world import FILES, report
from shop_world import DAY_US, HOUR_US, NOON_US, Shop, event, pay, run

BLOCKED = """
id = "report"
on = "report"
state = "live"
deadline = "1s"
doc = { zh = "客诉策略。", en = "The policy of reports." }
[[rule]]
id = "no"
doc = { zh = "不收。", en = "Not taken." }
when = "payment == 'p2'"
then = "deny"
basis = "shop rules 8"
case = [ { name = "yes", given = { payment = "p2" }, fires = true }, { name = "no", given = { payment = "p1" }, fires = false } ]
"""


def told(*events):
    """The archive and the labels of a shop that has seen these events, in this order."""

    async def story():
        async with Shop(FILES) as shop:
            answers = []
            for each in events:
                document = each(answers) if callable(each) else each
                shop.clock.at_us = max(shop.clock.at_us, at_of(document))
                answers.append(await shop.send(document))
            archive = shop.platform.archive
            return archive, Labels.of(archive, shop.platform.program.definitions), answers

    return run(story())


def at_of(document):
    return parse_instant(document["at"])


def seq_of(answer):
    return int(answer["decision_id"].removeprefix("dec_"), 16)


def test_a_word_counts_from_when_it_was_heard_and_the_last_one_holds():
    heard, back = NOON_US + DAY_US, NOON_US + 3 * DAY_US
    _, labels, answers = told(pay(1), report(1, "p1", heard), report(2, "p1", back, fraud=False))
    seq = seq_of(answers[0])
    known = [labels.known("fraud", seq, "p1", at) for at in (heard - 1, heard, back - 1, back)]
    assert known == [None, True, True, False]
    assert [said.value for said in labels.words("fraud", seq, "p1")] == [True, False]


def test_an_event_of_which_nothing_is_heard_is_unknown_until_it_is_mature():
    _, labels, answers = told(pay(1))
    seq, mature = seq_of(answers[0]), NOON_US + 30 * DAY_US
    assert [labels.settled("fraud", seq, "p1", NOON_US, at) for at in (mature - 1, mature)] == [None, False]


def test_a_verdict_speaks_by_the_decision_and_a_report_by_the_event():
    later = NOON_US + HOUR_US

    def verdict(answers):
        return event("review_verdict", "v1", later, decision=answers[0]["decision_id"], verdict="reject", by="s1")

    _, labels, answers = told(pay(1, "10000.00"), verdict, report(1, "p1", later + 1, fraud=False))
    seq = seq_of(answers[0])
    assert labels.known("fraud", seq, "p1", later) is True
    assert labels.known("fraud", seq, "p1", later + 1) is False
    assert labels.known("fraud", seq + 1, "p2", later + 1) is None


def test_a_word_that_says_nothing_or_was_not_let_through_is_not_heard():
    async def story():
        async with Shop({**FILES, "shop/policies/report.toml": BLOCKED}) as shop:
            for document in (pay(1), pay(2), report(1, "p1", NOON_US, fraud=None), report(2, "p2", NOON_US)):
                await shop.send(document)
            labels = Labels.of(shop.platform.archive, shop.platform.program.definitions)
            assert labels.words("fraud", 1, "p1") == labels.words("fraud", 2, "p2") == []

    run(story())


def test_examples_are_the_settled_decisions_up_to_the_cut_with_the_facts_of_their_moment():
    cut = NOON_US + 40 * DAY_US
    archive, labels, _ = told(
        pay(1), pay(2, at_us=NOON_US + 1), pay(3, at_us=NOON_US + 20 * DAY_US), report(1, "p2", NOON_US + 21 * DAY_US),
        report(2, "p3", cut + 1), pay(4, at_us=cut + 2),
    )  # fmt: skip
    rows = list(examples(archive, labels, "fraud", "pay", cut_us=cut))
    assert [(row.event_id, row.value) for row in rows] == [("p1", False), ("p2", True)]
    assert [row.facts["pays_1d"] for row in rows] == [1, 2]
    assert not list(leaks(rows, archive, labels.definitions.labels["fraud"], cut))
    later = list(examples(archive, labels, "fraud", "pay", since_us=NOON_US + 1, cut_us=cut + 2))
    assert [(row.event_id, row.value) for row in later] == [("p2", True), ("p3", True)]
    with pytest.raises(LookupError, match="not about reading"):
        next(examples(archive, labels, "fraud", "reading", cut_us=cut))


def test_every_planted_leak_is_found_and_named():
    cut = NOON_US + 40 * DAY_US
    archive, labels, answers = told(
        pay(1), pay(2, at_us=NOON_US + 20 * DAY_US), report(1, "p1", NOON_US + DAY_US), pay(3, at_us=cut + 1),
        report(2, "p2", cut + 1), report(3, "p1", cut + 2, fraud=False),
    )  # fmt: skip
    definition = labels.definitions.labels["fraud"]
    (sound,) = examples(archive, labels, "fraud", "pay", cut_us=cut)
    late = list(examples(archive, labels, "fraud", "pay", cut_us=cut + 40 * DAY_US))
    planted = {
        "not what was known at the cut": replace(sound, value=late[0].value),
        "it was not mature": late[1],
        "decided after the cut": late[2],
        "did not see: pays_1d": replace(sound, facts={**sound.facts, "pays_1d": 2}),
        "did not see: fraud_later": replace(sound, facts={**sound.facts, "fraud_later": 1}),
        "no such decision": replace(sound, seq=999),
        "another event's row": replace(sound, seq=seq_of(answers[1])),
    }
    assert not list(leaks([sound], archive, definition, cut))
    for why, row in planted.items():
        assert any(why in leak.what for leak in leaks([row], archive, definition, cut)), why


def naive_share(delays, ages):
    """The estimator as it is written: for each delay, everybody at risk is counted."""
    steps, share = [], 1.0
    for delay in sorted(set(delays), reverse=True):
        steps.append(Step(delay, share))
        at_risk = sum(each <= delay <= age for each, age in zip(delays, ages, strict=True))
        share *= 1 - delays.count(delay) / at_risk
    return steps[::-1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_the_maturity_curve_is_the_estimator_as_it_is_written(pairs):
    delays, ages = [delay for delay, _ in pairs], [delay + more for delay, more in pairs]
    found, wanted = truncated_share(delays, ages), naive_share(delays, ages)
    assert [step.after_us for step in found] == [step.after_us for step in wanted]
    assert [step.share for step in found] == pytest.approx([step.share for step in wanted])


def test_young_events_do_not_make_labels_look_quicker_than_they_are():
    # One event a day for 100 days; half of the labels come after 10 days, half after 50. Seen at day 100, events
    # younger than 50 days have shown only the quick half.
    pairs = [(delay, 100 - day) for day in range(100) for delay in (10, 50) if delay <= 100 - day]
    plain = sum(delay == 10 for delay, _ in pairs) / len(pairs)
    (quick, slow) = truncated_share([delay for delay, _ in pairs], [age for _, age in pairs])
    assert plain > 0.6
    assert (quick.share, slow.share) == (0.5, 1.0)


def test_the_curve_counts_what_turned_out_true_in_the_end_from_when_it_was_first_heard():
    _, labels, answers = told(
        pay(1), pay(2), pay(3), report(1, "p1", NOON_US + DAY_US), report(2, "p2", NOON_US + DAY_US),
        report(3, "p2", NOON_US + 2 * DAY_US, fraud=False), report(4, "p3", NOON_US + 2 * DAY_US, fraud=False),
        report(5, "p3", NOON_US + 4 * DAY_US),
    )  # fmt: skip
    decided = [(seq_of(answer), f"p{number}", NOON_US) for number, answer in enumerate(answers[:3], 1)]
    curve = maturity(labels, "fraud", decided, NOON_US + 90 * DAY_US)
    assert curve == [Step(DAY_US, 0.5), Step(4 * DAY_US, 1.0)]
    assert maturity(labels, "fraud", decided, NOON_US) == []


def test_the_standing_counts_what_turned_out_and_what_is_not_known_yet():
    archive, labels, _ = told(
        pay(1), pay(2), pay(3, at_us=NOON_US + 20 * DAY_US), report(1, "p1", NOON_US + 21 * DAY_US),
        pay(4, at_us=NOON_US + 29 * DAY_US),
    )  # fmt: skip
    (now,) = standing(archive, labels, NOON_US + 30 * DAY_US)
    assert (now.label, now.event_type, now.decided, now.mature) == ("fraud", "pay", 4, 2)
    assert (now.true, now.false, now.unknown) == (1, 1, 2)
    assert (now.within(0.5), now.within(1.0)) == (21 * DAY_US, 21 * DAY_US)
    (then,) = standing(archive, labels, NOON_US)
    assert (then.decided, then.true, then.unknown, then.within(0.5)) == (2, 0, 2, None)
