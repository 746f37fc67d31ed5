# ruff: noqa: E501 - tables of TOML are read by their columns
"""A backtest decides as the platform would have decided, whatever way it takes there."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.problems import Problems
from jindi.engine import build
from jindi.packs import OUTCOMES, load
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Contest, Mode, Span, Tally, report, runner
from jindi.run.backtest.report import by_days, wilson
from jindi.run.backtest.runner import Question, promoted
from jindi.run.labels import Labels
from jindi.run.records import DecisionRecord
from jindi.stores.memory_log import MemoryLog
from past_world import (
    ALWAYS,
    FILES,
    FREE,
    LATER,
    STRICTER,
    WIDER,
    backtest,
    candidate,
    instant,
    lived,
    story,
)  # fmt: skip
from shop_world import POLICY, shop_files


def archive_of(log):
    return Archive(log)


def outcomes(judged):
    return {each.record.event_id: (str(each.decision.outcome), each.decision.score) for each in judged}


def journalled(log):
    return {
        record.event_id: (str(OUTCOMES[record.verdict.outcome]), record.verdict.score)
        for _, record in archive_of(log).records()
        if isinstance(record, DecisionRecord) and record.event_type == "pay"
    }


def test_the_same_packs_decide_the_past_as_it_was_both_ways():
    log, _ = lived(FILES, story(120), follow_ups=True)
    contest = Contest(archive_of(log), candidate(), ALWAYS)
    assert contest.mode(0, log.next_seq()) is Mode.FACTS
    assert outcomes(contest.by_facts(0, log.next_seq())) == journalled(log)
    assert outcomes(contest.by_replay(log.next_seq())) == journalled(log)


@pytest.mark.parametrize(
    "changed",
    [{"policy": STRICTER}, {"features": WIDER}, {"features": FREE}, {"features": FREE, "policy": STRICTER}],
    ids=["rules", "a longer window", "attempts counted", "both"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_decides_as_a_platform_with_the_candidates_packs_would_have(changed, seed):
    documents = story(150, seed)
    log, _ = lived(FILES, documents)
    new = candidate(**changed)
    other, _ = lived(dict(new.program.definitions.source), documents)
    assert outcomes(Contest(archive_of(log), new, ALWAYS).by_replay(log.next_seq())) == journalled(other)


def test_where_only_rules_change_facts_and_replay_agree_unless_outcomes_come_back_into_features():
    log, _ = lived({**FILES, "shop/features.toml": FREE}, story(150), follow_ups=True)
    contest = Contest(archive_of(log), candidate(policy=STRICTER, features=FREE), ALWAYS)
    assert contest.mode(0, log.next_seq()) is Mode.FACTS
    assert outcomes(contest.by_facts(0, log.next_seq())) == outcomes(contest.by_replay(log.next_seq()))


@pytest.mark.parametrize("change", ["features", "a new list", "fields"])
def test_what_the_journal_holds_no_facts_for_is_replayed(change):
    log, _ = lived(FILES, story(20))
    changed = {
        "features": {"features": WIDER},
        "a new list": {"policy": POLICY.replace("user in list('blocked')", "device in list('blocked_devices') or user in list('blocked')"),
                       "lists": shop_files()["shop/lists/lists.toml"] + '\n[blocked_devices]\ndoc = { zh = "设备。", en = "Devices." }\ncolour = "black"\nidentifier = "device"\n'},
        "fields": {"events": FILES["shop/events.toml"].replace('values = ["app", "web"]', 'values = ["app", "web", "pos"]')},
    }[change]  # fmt: skip
    files = {
        **shop_files(**({"events": FILES["shop/events.toml"]} | changed)),
        "shop/labels.toml": FILES["shop/labels.toml"],
    }
    new = Candidate("new", build(load(files)))
    assert Contest(archive_of(log), new, ALWAYS).mode(0, log.next_seq()) is Mode.REPLAY


def test_the_past_before_since_counts_as_it_was():
    documents = story(120)
    log, _ = lived(FILES, documents)
    since = instant(documents[60])
    contest = Contest(archive_of(log), candidate(policy=STRICTER), Span(since, ALWAYS.until_us))
    found = outcomes(contest.by_replay(log.next_seq()))
    assert set(found) == {d["id"] for d in documents if d["type"] == "pay" and instant(d) >= since}
    until = Contest(archive_of(log), candidate(policy=STRICTER), Span(0, since))
    assert set(outcomes(until.by_replay(log.next_seq()))) == set(journalled(log)) - set(found)


def without_cost(document):
    for each in document["candidates"]:
        for counted in each["types"].values():
            counted.pop("cost")
    return document


def test_parts_and_cores_make_no_difference(monkeypatch):
    log, blobs = lived({**FILES, "shop/features.toml": FREE}, story(200))
    new = candidate(policy=STRICTER, features=FREE)
    whole = without_cost(backtest(log, blobs, [new]))
    monkeypatch.setattr(runner, "PART_RECORDS", 37)
    assert without_cost(backtest(log, blobs, [new])) == whole
    assert without_cost(backtest(log, blobs, [new], cores=2)) == whole
    assert not blobs.names(runner.KEPT)


def test_an_interrupted_backtest_goes_on_where_it_was(monkeypatch):
    log, blobs = lived({**FILES, "shop/features.toml": FREE}, story(200))
    new = candidate(policy=STRICTER, features=FREE)
    whole = without_cost(backtest(log, blobs, [new]))
    monkeypatch.setattr(runner, "PART_RECORDS", 40)

    def stop(_, done, __):
        if done >= 80:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backtest(log, blobs, [new], progress=stop)
    assert len(blobs.names(runner.KEPT)) == 2
    seen = []
    assert without_cost(backtest(log, blobs, [new], progress=lambda _, done, __: seen.append(done))) == whole
    assert seen[0] == 80
    assert not blobs.names(runner.KEPT)


def test_a_changed_outcome_that_comes_back_into_a_feature_is_replayed():
    documents = story(200)
    log, blobs = lived(FILES, documents)
    new = candidate(policy=STRICTER)
    (found,) = backtest(log, blobs, [new])["candidates"]
    assert found["mode"] == "replay"
    other, _ = lived(dict(new.program.definitions.source), documents)
    would = [outcome for outcome, _ in journalled(other).values()]
    told = {name: part["events"] for name, part in found["types"]["pay"]["candidate"]["outcomes"].items()}
    assert told == {name: would.count(name) for name in told}


@pytest.mark.parametrize("features", [None, FREE], ids=["judged twice", "judged once"])
def test_progress_never_runs_backwards_and_comes_to_its_end(monkeypatch, features):
    monkeypatch.setattr(runner, "PART_RECORDS", 40)
    files = FILES if features is None else {**FILES, "shop/features.toml": features}
    log, blobs = lived(files, story(200))
    new = candidate(policy=STRICTER, **({} if features is None else {"features": features}))
    seen = []
    report = backtest(log, blobs, [new], progress=lambda _, done, total: seen.append((done, total)))
    assert report["candidates"][0]["mode"] == ("replay" if features is None else "facts")
    assert len({total for _, total in seen}) == 1, "what is left does not grow"
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    assert len({done for done, _ in seen}) > 3


def test_the_report_counts_what_the_decisions_say():
    documents = story(200)
    log, blobs = lived(FILES, documents)
    new = candidate(policy=STRICTER)
    archive = archive_of(log)
    labels = Labels.of(archive, new.program.definitions)
    contest = Contest(archive, new, ALWAYS)
    rows = [
        (each, labels.settled("fraud", each.seq, each.record.event_id, each.record.as_of_us, LATER))
        for each in contest.by_replay(log.next_seq())
    ]
    pays = backtest(log, blobs, [new])["candidates"][0]["types"]["pay"]
    amount = [field.name for field in rows[0][0].ep.event.fields].index("amount")
    stopped = [(each, label) for each, label in rows if each.decision.outcome != "allow"]
    side = pays["candidate"]
    assert pays["events"] == len(rows)
    assert side["stopped"]["events"] == len(stopped)
    assert side["money_caught_minor"] == sum(each.facts[amount] for each, label in stopped if label)
    assert side["money_wrongly_stopped_minor"] == sum(each.facts[amount] for each, label in stopped if label is False)
    assert side["recall"]["value"] == pytest.approx(
        sum(label is True for _, label in stopped) / sum(label is True for _, label in rows)
    )
    large = [label for each, label in rows if 0 in each.decision.hits]
    rule = pays["rules"]["candidate"]["large"]
    assert (rule["events"], rule["true"]) == (len(large), sum(map(bool, large)))
    assert rule["precision"]["low"] < rule["precision"]["value"] < rule["precision"]["high"]
    assert pays["rules_silent"] == [
        rule.id for rule in rows[0][0].ep.live.policy.rules if rule.id not in pays["rules"]["candidate"]
    ]
    assert sum(part["decided"]["events"] for part in pays["segments"].values()) == len(rows)
    assert sum(part["decided"]["events"] for part in pays["days"].values()) == len(rows)
    assert pays["customers"]["candidate"]["stopped"] == len({each.facts[0] for each, _ in stopped})
    assert pays["cost"]["candidate_us"] > 0


def test_changed_decisions_are_explained_on_both_sides():
    log, blobs = lived({**FILES, "shop/features.toml": FREE}, story(200))
    (found,) = backtest(log, blobs, [candidate(policy=STRICTER, features=FREE)])["candidates"]
    changes = found["types"]["pay"]["changes"]
    assert changes
    for change in changes:
        assert change["was"] == change["live"]["outcome"] != change["would"] == change["candidate"]["outcome"]
        assert {rule["id"] for rule in change["candidate"]["rules"]} != {rule["id"] for rule in change["live"]["rules"]}


def test_a_draft_is_judged_as_if_it_were_live():
    draft = POLICY.replace('id = "pay"', 'id = "pay-draft"').replace('state = "live"', 'state = "draft"')
    files = {**FILES, "shop/policies/draft.toml": draft.replace("amount >= cny('10000')", "amount >= cny('11000')")
             .replace('given = { amount = "10000.00" }, fires = true', 'given = { amount = "11000.00" }, fires = true')
             .replace('amount = "9999.99"', 'amount = "10999.99"')}  # fmt: skip
    definitions = load(files)
    program = promoted(definitions, "pay-draft")
    assert program.events["pay"].live.policy.id == "pay-draft"
    assert program.events["pay"].shadows == ()
    with pytest.raises(Problems, match="no policy of the candidate has this id"):
        promoted(definitions, "nobody")


def test_an_unknown_label_or_an_empty_journal_is_refused():
    log, blobs = lived(FILES, story(3))
    with pytest.raises(Problems, match="no candidate declares this label"):
        backtest(log, blobs, [candidate()], asked=Question(ALWAYS, LATER, label="nobody"))
    with pytest.raises(Problems, match="it is empty"):
        backtest(MemoryLog(), blobs, [candidate()])


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["allow", "review", "deny"]), st.sampled_from(["allow", "review", "deny"]),
        st.sampled_from([True, False, None]), st.integers(0, 1000), st.lists(st.sampled_from("abc"), unique=True),
    ),
    max_size=30,
)  # fmt: skip


def tallied(rows, start=0):
    tally = Tally()
    for number, (user, was, would, label, minor, hits) in enumerate(rows, start):
        tally.count(
            number,
            f"e{number}",
            f"2026-01-0{1 + user}",
            "s",
            f"u{user}",
            minor,
            label,
            was,
            would,
            [minor],
            frozenset(),
        )
        Tally.hit(tally.rules, hits, minor, label)
    return tally


@given(ROWS, st.integers(0, 30))
def test_counting_in_parts_is_counting_the_whole(rows, cut):
    whole, first, second = tallied(rows), tallied(rows[:cut]), tallied(rows[cut:], min(cut, len(rows)))
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Tally)
    kept.add(second)
    assert kept == whole
    assert report(kept) == report(whole)


def test_the_interval_of_a_share_holds_what_it_should():
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        share = wilson(hits, trials)
        assert (share.low, share.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson(0, 0) is None


def test_the_interval_over_days_is_wider_when_days_differ_and_absent_for_a_week_or_less():
    def days(shares):
        return [
            tallied([(0, "deny" if number < share else "allow", "allow", True, 100, []) for number in range(10)]).whole
            for share in shares
        ]

    def caught(drawn):
        return sum(each.live.get("deny").true for each in drawn if "deny" in each.live) / sum(
            each.decided.true for each in drawn
        )

    even, uneven = by_days(days([5] * 14), caught), by_days(days([0, 10] * 7), caught)
    assert even == (0.5, 0.5)
    assert uneven[0] < 0.4
    assert uneven[1] > 0.6
    assert by_days(days([5] * 6), caught) is None
    assert all(a <= b for a, b in pairwise(uneven))
