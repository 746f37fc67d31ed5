# ruff: noqa: E501 - tables of changes are read by their columns
"""A replay proves every byte of the past, and names what somebody planted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.problems import Problems
from jindi.journal import Chain, unseal
from jindi.packs.models import seal
from jindi.run.archive import Archive
from jindi.run.records import DecisionRecord, decode
from jindi.run.replay import Depth, Range, Replay, runner
from jindi.run.replay.causes import same
from jindi.run.replay.one import prove
from jindi.run.replay.rebuilding import Absences
from jindi.run.replay.runner import seq_at
from jindi.stores.files import MemoryBlobs
from jindi.stores.memory_log import MemoryLog
from models_world import changed as model
from replay_world import long_life, planted, records_of, retold
from shop_world import copied, shop_program

ALL = Range(0, 1 << 40)
BOTH = (Depth.FACTS, Depth.FEATURES)


def replayed(log, depth, range_=ALL, blobs=None, **more):
    return Replay(lambda: copied(log), blobs or MemoryBlobs(), **more).run(range_, depth)


def programs():
    log, _ = long_life()
    archive = Archive(copied(log))
    return {seq: archive.program(seq) for seq, record in enumerate(records_of(log)) if record[0] == 0}


def find(test):
    """The first record that fits, as (number, plain list)."""
    log, _ = long_life()
    return next((seq, record) for seq, record in enumerate(records_of(log)) if record[0] == 1 and test(record))


def slot(record, name):
    """Where a fact stands in a record's facts."""
    ep = programs()[record[1]].events[record[5]]
    return ep.index[name] - len(ep.fields)


# ---- nothing differs


@pytest.mark.parametrize("depth", BOTH)
def test_every_byte_of_a_long_life_comes_out_as_it_stands(depth):
    log, _ = long_life()
    records = records_of(log)
    report = replayed(log, depth)
    assert report.ok, report
    assert report.tally.records == len(records)
    assert report.tally.decisions == sum(record[0] == 1 for record in records)
    assert report.digests == {seq: records[seq][2] for seq in report.tally.definitions}
    assert len(report.digests) == 5
    *_, last = log.read(0)
    assert report.head == unseal(last.batch).head


def test_that_life_had_every_turn():
    log, _ = long_life()
    decisions = [record for record in records_of(log) if record[0] == 1]
    assert {record[11][0] for record in decisions} == {0, 1, 2, 3, 4}
    assert {bool(record[10]) for record in decisions} == {True, False}
    assert any(record[11][3] for record in decisions), "an exemption lifted something"
    assert any(record[11][4] for record in decisions), "something was presumed"
    assert len({tuple(record[9]) for record in decisions}) >= 3, "warming and the deadline took features away"
    assert any(record[12] for record in decisions), "a shadow spoke"
    assert {"challenge_result", "decision_release", "decision_recall", "review_verdict", "list_entry"} <= {
        record[5] for record in decisions
    }


@pytest.mark.parametrize("depth", BOTH)
def test_parts_and_blocks_and_cores_make_no_difference(depth, monkeypatch):
    log, _ = long_life()
    whole = replayed(log, depth)
    monkeypatch.setattr(runner, "PART_RECORDS", 37)
    monkeypatch.setattr("jindi.run.replay.rebuilding.BLOCK_RECORDS", 7)
    assert replayed(log, depth) == whole
    assert replayed(log, depth, cores=2) == whole


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_any_range_is_proved_from_a_snapshot_or_from_the_beginning(data):
    log, blobs = long_life()
    first = data.draw(st.integers(0, log.next_seq() - 1))
    last = data.draw(st.integers(first + 1, log.next_seq()))
    for depth in BOTH:
        for kept in (blobs, MemoryBlobs()):
            report = replayed(log, depth, Range(first, last), kept)
            assert report.ok, report
            assert report.tally.records == last - first


def test_a_snapshot_that_fits_is_gone_on_from_and_named():
    log, blobs = long_life()
    name = blobs.names("snapshot-")[0]
    seq = int(name.removeprefix("snapshot-"))
    assert replayed(log, Depth.FEATURES, Range(seq + 3, seq + 9), blobs).snapshot == name
    assert replayed(log, Depth.FEATURES, Range(seq - 3, seq + 9), blobs).snapshot is None
    damaged = MemoryBlobs()
    damaged.save(name, [blobs.load(name)[:-1] + b"\0"])
    report = replayed(log, Depth.FEATURES, Range(seq + 3, seq + 9), damaged)
    assert report.ok
    assert report.snapshot is None
    assert "not used" in report.notes[0]


def test_instants_find_their_records():
    log, _ = long_life()
    archive = Archive(copied(log))
    decisions = [(seq, record) for seq, record in archive.records() if isinstance(record, DecisionRecord)]
    for seq, record in decisions[::25]:
        first = next(s for s, r in decisions if r.as_of_us >= record.as_of_us)
        found = seq_at(archive, record.as_of_us)
        assert found in (first, first - 1)
        assert found <= seq
    assert seq_at(archive, 1 << 61) == log.next_seq()
    assert seq_at(archive, decisions[0][1].as_of_us) == 0
    assert seq_at(archive, 0) <= 1


def test_a_range_without_records_is_refused():
    log, _ = long_life()
    with pytest.raises(Problems, match="no such records"):
        replayed(log, Depth.FACTS, Range(log.next_seq(), log.next_seq() + 5))
    with pytest.raises(Problems, match="no such records"):
        replayed(MemoryLog(), Depth.FACTS)


# ---- interrupted


@pytest.mark.parametrize("depth", BOTH)
def test_an_interrupted_replay_goes_on_where_it_was(depth, monkeypatch):
    log, _ = long_life()
    blobs = MemoryBlobs()
    whole = replayed(log, depth)
    monkeypatch.setattr(runner, "PART_RECORDS", 60)
    monkeypatch.setattr("jindi.run.replay.rebuilding.BLOCK_RECORDS", 1)

    def stop(done, _):
        if done >= 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Replay(lambda: copied(log), blobs).run(ALL, depth, stop)
    assert blobs.names(runner.KEPT)
    seen = []
    report = Replay(lambda: copied(log), blobs).run(ALL, depth, lambda done, total: seen.append((done, total)))
    assert report == whole
    assert seen[0][0] >= 180 if depth is Depth.FACTS else seen[0][1] <= log.next_seq() - 200
    assert not blobs.names(runner.KEPT)


def test_what_an_interrupted_replay_of_another_journal_left_is_not_used(monkeypatch):
    log, _ = long_life()
    seq, _ = find(lambda record: record[5] == "pay" and record[11][0] == 3)
    other = planted(log, seq, lambda record: record[11].__setitem__(0, 0))
    monkeypatch.setattr(runner, "PART_RECORDS", 60)
    monkeypatch.setattr("jindi.run.replay.rebuilding.BLOCK_RECORDS", 1)

    def stop(done, _):
        if done >= 300:
            raise KeyboardInterrupt

    for depth in BOTH:
        blobs = MemoryBlobs()
        with pytest.raises(KeyboardInterrupt):
            Replay(lambda: copied(log), blobs).run(ALL, depth, stop)
        report = replayed(other, depth, blobs=blobs)
        assert report.tally.differences[0].seq == seq


# ---- something was planted, and every hash behind it made anew


def put(place, value):
    """A change of a record's part, by a path into the plain list."""

    def change(record):
        inner = record
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value(inner[place[-1]]) if callable(value) else value

    return change


PAY = {
    "a milder outcome": (lambda r: r[11][0] == 3, (11, 0), 0, "outcome", Depth.FACTS),
    "a rule taken away": (lambda r: r[11][2] == [2], (11, 2), [], "rule", Depth.FACTS),
    "a rule made up": (lambda r: r[11][2] == [], (11, 2), [0], "rule", Depth.FACTS),
    "a rule that there isn't": (lambda r: r[11][2] == [], (11, 2), [99], "rule", Depth.FACTS),
    "an exemption made up": (lambda r: r[11][2] == [0], (11, 3), [0], "rule", Depth.FACTS),
    "another score": (lambda r: r[11][1] == 20, (11, 1), 21, "score", Depth.FACTS),
    "another method": (lambda r: r[11][6] == "otp", (11, 6), "face", "method", Depth.FACTS),
    "a shorter wait": (lambda r: r[11][7] is not None, (11, 7), 1, "wait", Depth.FACTS),
    "an unsaid degradation": (lambda r: r[11][5], (11, 5), [], "degraded", Depth.FACTS),
    "a shadow's word": (lambda r: r[12] and r[12][0][2], (12, 0, 2), [], "rule", Depth.FACTS),
    "a shadow gone": (lambda r: r[12], (12,), [], "shadows", Depth.FACTS),
    "a later instant": (lambda r: r[11][0] == 0, (2,), lambda at: at + 1, "as_of", Depth.FACTS),
    "a late one on time": (lambda r: r[10] is True, (10,), False, "late", Depth.FACTS),
    "older definitions": (lambda r: r[1] > 0, (1,), 0, "definitions", Depth.FACTS),
    "an absence in the first packs": (lambda r: r[1] == 0 and not r[9], (9,), ["spent_1d"], "absent", Depth.FEATURES),
    "an absence long caught up": (
        lambda r: r[1] > 200 and r[4][:4] == "pon-",
        (9,),
        ["spent_1d"],
        "absent",
        Depth.FEATURES,
    ),
}


@pytest.mark.parametrize("name", PAY)
def test_what_is_planted_in_a_decision_is_found_with_its_cause(name):
    test, place, value, kind, shallowest = PAY[name]
    seq, _ = find(lambda record: record[5] == "pay" and test(record))
    log = planted(long_life()[0], seq, put(place, value))
    for depth in BOTH if shallowest is Depth.FACTS else (Depth.FEATURES,):
        report = replayed(log, depth)
        assert not report.ok
        first = report.tally.differences[0]
        assert (first.seq, first.event_type) == (seq, "pay")
        assert kind in [cause.kind for cause in first.causes], first


@pytest.mark.parametrize(
    ("fact", "kind", "shallowest"),
    [
        ("limit('daily')", "limit", Depth.FACTS),
        ("hour", "clock", Depth.FACTS),
        ("user in list('blocked')", "list", Depth.FEATURES),
        ("spent_1d", "feature", Depth.FEATURES),
        ("device_users", "feature", Depth.FEATURES),
        ("web_spent_1d", "feature", Depth.FEATURES),
    ],
)
def test_a_planted_fact_is_found_with_what_it_should_be(fact, kind, shallowest):
    seq, record = find(
        lambda r: r[5] == "pay" and not r[9] and fact in programs()[r[1]].events["pay"].index
        and type(r[8][slot(r, fact)]) in (int, bool)
    )  # fmt: skip
    at = slot(record, fact)
    was = record[8][at]
    now = not was if isinstance(was, bool) else was + 1
    log = planted(long_life()[0], seq, put((8, at), now))
    for depth in BOTH if shallowest is Depth.FACTS else (Depth.FEATURES,):
        (first, *_) = replayed(log, depth).tally.differences
        cause = next(cause for cause in first.causes if cause.kind == kind)
        assert (first.seq, cause.name, cause.journalled, cause.recomputed) == (seq, fact, now, was)


def test_a_changed_amount_shows_in_the_sums_of_those_behind_it():
    seq, _ = find(lambda r: r[5] == "pay" and r[11][0] == 0 and r[7][1] == 500)
    report = replayed(planted(long_life()[0], seq, put((7, 1), 501)), Depth.FEATURES)
    assert report.tally.differences[0].seq == seq
    assert {"spent_1d"} <= {cause.name for cause in report.tally.differences[0].causes}
    assert report.tally.different > 1


@pytest.mark.parametrize(
    ("path", "edit", "kind", "name", "depth"),
    [
        ("shop/parameters/limits.toml", lambda t: t.replace("20000.00", "15000.00"), "limit", "limit('daily')", "facts"),
        ("shop/lists/lists.toml", lambda t: t.replace('"villain"', '"u1"'), "list", "user in list('blocked')", "features"),
        ("shop/models/fraud.json", lambda _: model(("base",), 9.0), "rule", "model-sure", "facts"),
        ("shop/policies/pay.toml", lambda t: t.replace("score = 20", "score = 25"), "score", "", "facts"),
        ("shop/features.toml", lambda t: t.replace('over = "7d"', 'over = "1h"'), "feature", "device_users", "features"),
    ],
)  # fmt: skip
def test_changed_definitions_are_found_in_the_decisions_that_they_made(path, edit, kind, name, depth):
    second = sorted(programs())[1]

    def rewrite(files):
        assert edit(files[path]) != files[path]
        files[path] = edit(files[path])

    log = planted(long_life()[0], second, retold(rewrite))
    report = replayed(log, Depth(depth))
    causes = [cause for found in report.tally.differences for cause in found.causes if found.event_type == "pay"]
    assert (kind, name) in [(cause.kind, cause.name) for cause in causes]
    if name == "model-sure":
        assert all(cause.inputs["fraud"] >= 0.9 for cause in causes if cause.name == name)


@pytest.mark.parametrize("depth", BOTH)
def test_definitions_that_are_not_what_their_digest_says_are_told_themselves(depth):
    second = sorted(programs())[1]

    def rewrite(files):
        files["shop/pack.toml"] += "\n"

    report = replayed(planted(long_life()[0], second, retold(rewrite, honest=False)), depth)
    (first, *_) = report.tally.differences
    assert (first.seq, first.event_type, [cause.kind for cause in first.causes]) == (second, "", ["definitions"])


@pytest.mark.parametrize("depth", BOTH)
def test_definitions_that_do_not_load_are_told_and_what_was_decided_under_them_is_not_called_proved(depth):
    second = sorted(programs())[1]

    def rewrite(files):
        files["shop/models/fraud.json"] = seal({"format": "jindi-model/1"})

    report = replayed(planted(long_life()[0], second, retold(rewrite)), depth)
    assert not report.ok
    if depth is Depth.FACTS:
        assert report.tally.differences[0].seq == second
        assert "models/fraud.json" in report.tally.differences[0].causes[0].recomputed
        assert report.tally.different > 50
    else:
        assert (report.stopped.seq, report.stopped.causes[0].kind) == (second, "definitions")


@pytest.mark.parametrize("depth", BOTH)
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda _: b"\x93\x01\x02", "unreadable"),
        (lambda _: b"\xc1\xc1", "unreadable"),
        (lambda _: b"", "unreadable"),
        (put((5,), "nothing of ours"), "event"),
        (put((7,), lambda values: values[:-1]), "event"),
        (put((7, 1), "12.00"), "event"),
        (put((8,), lambda facts: facts[:-1]), None),
        (put((8,), lambda facts: ["text"] * len(facts)), None),
        (put((11, 0), 17), "outcome"),
    ],
)
def test_nonsense_is_told_not_stumbled_over(depth, change, kind):
    seq, _ = find(lambda r: r[5] == "pay" and r[1] > 0 and not r[9])
    report = replayed(planted(long_life()[0], seq, change), depth)
    assert report.tally.differences[0].seq == seq
    assert kind in (None, *(cause.kind for cause in report.tally.differences[0].causes))


@pytest.mark.parametrize("depth", BOTH)
def test_other_bytes_for_the_same_values_are_not_the_same_bytes(depth):
    seq, _ = find(lambda r: r[5] == "pay" and r[11][1] == 0)

    def longer(_):
        plain = Archive(copied(long_life()[0])).raw(seq)
        assert plain[2] == 0
        return plain[:2] + b"\xcc\x00" + plain[3:]  # the same number in two bytes

    log = planted(long_life()[0], seq, longer)
    (found,) = replayed(log, depth).tally.differences
    assert [cause.kind for cause in found.causes] == ["encoding"]


def test_an_instant_planted_before_new_features_catch_up_is_one_difference():
    seq, _ = find(lambda r: r[5] == "pay" and r[1] == 0 and r[11][0] == 1)
    report = replayed(planted(long_life()[0], seq, put((2,), lambda at: at + 1)), Depth.FEATURES)
    assert [(each.seq, [cause.kind for cause in each.causes]) for each in report.tally.differences] == [
        (seq, ["as_of"])
    ]  # fmt: skip


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_no_single_change_of_what_was_decided_goes_unnoticed(data):
    log, _ = long_life()
    records = records_of(log)
    seq = data.draw(st.sampled_from([n for n, record in enumerate(records) if record[0] == 1]))
    record = records[seq]
    place = data.draw(st.sampled_from(
        [(2,), (10,), (11, 0), (11, 1), *((8, n) for n, value in enumerate(record[8]) if isinstance(value, int))]
    ))  # fmt: skip

    def other(value):
        if isinstance(value, bool):
            return not value
        return data.draw(st.integers(0, 4).filter(lambda n: n != value)) if place == (11, 0) else value + 1

    report = replayed(planted(log, seq, put(place, other)), Depth.FEATURES)
    assert report.tally.differences[0].seq == seq


# ---- the chain


@pytest.mark.parametrize("depth", BOTH)
@pytest.mark.parametrize("part", [1 << 20, 40])
def test_a_chain_that_does_not_hold_is_told_and_nothing_behind_it_is_called_proved(depth, part, monkeypatch):
    monkeypatch.setattr(runner, "PART_RECORDS", part)
    log, _ = long_life()
    frames = list(log.read(0))
    cut = next(n for n, frame in enumerate(frames) if frame.first > 120)
    broken, chain = MemoryLog(), Chain(b"\0" * 32, frames[cut].first)
    for frame in frames[:cut]:
        broken.append(frame.batch, frame.first, frame.count)
    for frame in frames[cut:]:
        broken.append(chain.seal(unseal(frame.batch).records, frame.first), frame.first, frame.count)
    report = replayed(broken, depth)
    assert not report.ok
    assert report.broken.seq == frames[cut].first
    assert report.tally.records <= max(frames[cut].first, 40 * (frames[cut].first // 40 + 1))


def test_two_parts_of_different_chains_are_not_one_proof(monkeypatch):
    log, _ = long_life()
    frames = list(log.read(0))
    starts = [frame.first for frame in frames]
    cut = next(n for n, first in enumerate(starts) if first >= 100)
    monkeypatch.setattr(runner, "PART_RECORDS", starts[cut])
    broken, chain = MemoryLog(), Chain(b"\0" * 32, frames[cut].first)
    for frame in frames[:cut]:
        broken.append(frame.batch, frame.first, frame.count)
    for frame in frames[cut:]:
        broken.append(chain.seal(unseal(frame.batch).records, frame.first), frame.first, frame.count)
    assert replayed(broken, Depth.FACTS).broken.seq == starts[cut]


# ---- small things


def test_one_decision_is_proved_by_itself():
    log, _ = long_life()
    archive = Archive(copied(log))
    for seq, record in enumerate(records_of(log)):
        if record[0] == 1:
            proof = prove(archive, seq)
            assert proof.identical
            assert (proof.record, proof.definitions_digest) == (decode(proof.raw), records_of(log)[record[1]][2])
    with pytest.raises(LookupError):
        prove(archive, log.next_seq())
    with pytest.raises(LookupError):
        prove(archive, 0)


def test_values_are_the_same_only_as_bytes():
    assert same(1, 1)
    assert same(float("nan"), float("nan"))
    assert same(None, None)
    assert not same(1, 1.0)
    assert not same(1, True)
    assert not same(0.0, -0.0)


def test_absences_are_those_that_a_lane_can_have_had():
    ep = shop_program().events["pay"]
    windows = tuple(sorted(ep.windows))
    later = Absences(caught_up=False)
    assert later.allowed(ep, ("spent_1d",))
    assert not later.allowed(ep, ("pays_1d",)), "others than before"
    assert later.allowed(ep, windows), "past the deadline"
    assert later.allowed(ep, ())
    assert not later.allowed(ep, ("spent_1d",)), "it had caught up"
    assert later.allowed(ep, windows)
    assert not Absences(caught_up=True).allowed(ep, ("spent_1d",))
    assert not Absences(caught_up=False).allowed(ep, ("amount",)), "no window feature"
    assert not Absences(caught_up=False).allowed(ep, ("spent_1d", "pays_1d")), "not in the order that is written"
