"""Judged from the archive's columns, the past comes to the same figures as judged record by record from the journal."""

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history_world import RATIO, archived, rebatched, shop_journal, versions, wallet_journal
from jindi.app.wiring import Outside
from jindi.engine import build
from jindi.packs import load
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Contest, Span
from jindi.run.backtest.columns import Unfit, by_columns, complete_samples, sourcings
from jindi.run.backtest.labelled import labels_of
from jindi.run.backtest.runner import Backtest, Question, promoted
from jindi.run.backtest.tally import Tally
from jindi.run.history import parts as stored
from jindi.run.history.manifest import Broken, save
from jindi.run.history.manifest import load as manifest_of
from jindi.run.labels import Labels
from jindi.run.records import DecisionRecord
from jindi.stores.memory_log import MemoryLog
from jindi.stores.trees import FileTree
from past_world import ALWAYS, FILES, FREE, LATER, REPORTS, STRICTER, candidate, copied, lived, story
from shop_world import EVENTS, POLICY, MemoryBlobs

SINCE = 'doc = { zh = "自何时", en = "Since when" }'
FREE_FILES = {**FILES, "shop/features.toml": FREE}


def contest_of(log, program, span=ALWAYS, **more):
    return Contest(Archive(log), Candidate("new", program), span, **more)


def plainly(contest, last):
    """The definition: every record, one after the other."""
    tallies = {}
    for judged in contest.by_facts(0, last):
        contest.count(judged, tallies)
    return tallies


def in_columns(contest, files, after=-1, before=2**62):
    every = [part for part in manifest_of(files).parts if after < part.first and part.last < before]
    parts = [part for part in every if part.type in contest.types]
    sources = sourcings(contest, files, parts)
    tallies = {}
    for part in parts:
        found = by_columns(contest, files, part, sources[part.type, part.definitions])
        if found.whole.decided.events:
            tallies.setdefault(part.type, Tally()).add(found)
    complete_samples(contest, tallies)
    return tallies


def archive_files(log, folder):
    files = FileTree(folder)
    archived(files, rebatched(log, []))
    return files


def decisions(log, first=0):
    return [(seq, record) for seq, record in Archive(log).records(first) if isinstance(record, DecisionRecord)]


@pytest.mark.parametrize("segment", [None, "channel", "user", "pays_1d"])
@pytest.mark.parametrize("policy", [POLICY, STRICTER], ids=["as it was", "stricter"])
def test_columns_and_records_come_to_the_same_tallies(tmp_path, policy, segment):
    log, _ = lived(FREE_FILES, story(200), follow_ups=True)
    new = candidate(policy=policy, features=FREE)
    labels = Labels.of(Archive(log), new.program.definitions)
    more = {"label": "fraud", "labels": labels, "known_by_us": LATER, "segment": segment}
    files = archive_files(log, tmp_path)
    plain = plainly(contest_of(log, new.program, **more), log.next_seq())
    assert in_columns(contest_of(log, new.program, **more), files) == plain
    assert plain["pay"].whole.decided.true > 0


def test_only_what_lies_in_the_span_is_counted(tmp_path):
    log, _ = lived(FREE_FILES, story(150))
    new = candidate(policy=STRICTER, features=FREE)
    files = archive_files(log, tmp_path)
    moments = [record.as_of_us for _, record in decisions(log)]
    span = Span(moments[40], moments[90])
    plain = plainly(contest_of(log, new.program, span), log.next_seq())
    assert in_columns(contest_of(log, new.program, span), files) == plain


def test_degraded_late_and_lifted_decisions_come_to_the_same_and_means_of_amounts_are_not_cut_off(tmp_path):
    log = shop_journal()
    files = archive_files(log, tmp_path)
    _, second, third = [seq for seq, record in Archive(log).records() if not isinstance(record, DecisionRecord)]
    # One of the version's shadows reads a mean of amounts: it is judged as if it were live.
    for program in (build(load(versions()[1])), promoted(load(versions()[1]), "one")):
        contest = contest_of(log, program)
        plain = {}
        for judged in contest.by_facts(second, third):
            contest.count(judged, plain)
        assert in_columns(contest_of(log, program), files, after=second, before=third) == plain
        assert plain["pay"].whole.decided.events > 20
    assert any(record.absent for _, record in decisions(log, second))


def test_the_wallet_s_packs_come_to_the_same_under_another_limit(tmp_path):
    log = wallet_journal()
    files = archive_files(log, tmp_path)
    source = Outside().pack_files([])
    own = source["payment/parameters/own.toml"]
    lowered = own.replace('"5000.00"', '"1200.00"')
    assert lowered != own
    for edited in (source, {**source, "payment/parameters/own.toml": lowered}):
        program = build(load(edited))
        plain = plainly(contest_of(log, program), log.next_seq())
        assert in_columns(contest_of(log, program), files) == plain
        assert len(plain) > 3


def test_a_changed_ratio_is_computed_from_what_the_archive_holds(tmp_path):
    rule = """
[[rule]]
id = "share"
doc = { zh = "占比。", en = "A share." }
when = "spent_share > 0.5"
then = "review"
basis = "ours"
case = [
  { name = "yes", given = { spent_share = 0.75 }, fires = true },
  { name = "no", given = { spent_share = 0.25 }, fires = false },
]
"""
    head, tail = POLICY.split("[[exemption]]")
    policy = f"{head}{rule}\n[[exemption]]{tail}"
    then = {**FREE_FILES, "shop/features.toml": FREE + RATIO, "shop/policies/pay.toml": policy}
    log, _ = lived(then, story(120))
    files = archive_files(log, tmp_path)
    share = RATIO.replace("amount / spent_1d", "(amount + amount) / spent_1d")
    program = build(load({**then, "shop/features.toml": FREE + share}))
    contest = contest_of(log, program)
    pays = [part for part in manifest_of(files).parts if part.type == "pay"]
    assert all("spent_share" in each.computed for each in sourcings(contest, files, pays).values())
    plain = plainly(contest_of(log, program), log.next_seq())
    assert in_columns(contest, files) == plain
    assert plain["pay"].rules["share"].hits.events > plain["pay"].rules_live["share"].hits.events


def without_cost(document):
    for each in document["candidates"]:
        each.pop("from_archive")
        for counted in each["types"].values():
            counted.pop("cost")
    return document


@pytest.mark.parametrize("cores", [1, 2])
def test_a_whole_backtest_is_the_same_with_and_without_an_archive(tmp_path, cores):
    log, _ = lived(FREE_FILES, story(200), follow_ups=True)
    new = candidate(policy=STRICTER, features=FREE)
    asked = Question(ALWAYS, LATER, label="fraud", segment="channel")
    plain = Backtest(lambda: copied(log), MemoryBlobs(), asked, cores=1).run([new])
    whole = rebatched(log, [])
    files = archive_files(log, tmp_path)
    found = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=cores, files=files).run([new])
    assert found["candidates"][0]["from_archive"] == plain["candidates"][0]["types"]["pay"]["events"]
    assert found["candidates"][0]["types"]["pay"]["cost"]["events"] > 0
    assert without_cost(found) == without_cost(plain)


LONGER = FREE.replace('over = "7d"', 'over = "30d"')
SPOKEN = (
    FREE
    + """
[app_pays_7d]
doc = { zh = "七天内用客户端付款次数。", en = "Payments by app in seven days." }
of = ["pay"]
by = "user"
fold = "count"
over = "7d"
where = "channel == 'app'"
"""
)


def whole_and_in_half(log, folder, features, **more):
    """A backtest with other features, by replay event by event, and by columns from an archive that ends early."""
    whole = rebatched(log, [90, 60])
    half, files = MemoryLog(), FileTree(folder)
    for frame in list(whole.read(0))[:2]:
        half.append(frame.batch, frame.first, frame.count)
    archived(files, half)
    asked = Question(more.pop("span", ALWAYS), LATER, label="fraud", segment="channel")
    new = candidate(features=features, **more)
    plain = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=1).run([new])
    found = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=1, files=files).run([new])
    return plain, found


@pytest.mark.parametrize("policy", [POLICY, STRICTER], ids=["as it was", "stricter"])
@pytest.mark.parametrize("features", [LONGER, SPOKEN], ids=["a longer window", "another condition"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_replay_by_columns_comes_to_what_a_replay_event_by_event_does(tmp_path, features, policy, seed):
    log, _ = lived(FREE_FILES, story(200, seed), follow_ups=True)
    plain, found = whole_and_in_half(log, tmp_path, features, policy=policy)
    assert plain["candidates"][0]["mode"] == found["candidates"][0]["mode"] == "replay"
    assert found["candidates"][0]["from_archive"] > 0
    assert found["candidates"][0]["types"]["pay"]["cost"]["events"] > 0
    assert without_cost(found) == without_cost(plain)


def test_a_replay_by_columns_counts_what_lies_in_the_span_and_feeds_all(tmp_path):
    log, _ = lived(FREE_FILES, story(200))
    moments = [record.as_of_us for _, record in decisions(log)]
    span = Span(moments[70], moments[150])
    plain, found = whole_and_in_half(log, tmp_path, LONGER, policy=STRICTER, span=span)
    assert found["candidates"][0]["from_archive"] > 0
    assert without_cost(found) == without_cost(plain)


def test_where_decisions_come_back_into_features_events_are_replayed_one_by_one(tmp_path):
    log, _ = lived(FILES, story(120))
    plain, found = whole_and_in_half(log, tmp_path, FILES["shop/features.toml"].replace('over = "7d"', 'over = "30d"'))
    assert found["candidates"][0]["from_archive"] == 0
    assert without_cost(found) == without_cost(plain)


def test_an_archive_that_ends_before_the_journal_does_is_gone_on_from(tmp_path):
    log, _ = lived(FREE_FILES, story(200))
    whole, half, files = rebatched(log, [50, 60]), MemoryLog(), FileTree(tmp_path)
    for frame in list(whole.read(0))[:2]:
        half.append(frame.batch, frame.first, frame.count)
    archived(files, half)
    asked = Question(ALWAYS, LATER, label="fraud")
    new = candidate(policy=STRICTER, features=FREE)
    found = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=1, files=files).run([new])
    plain = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=1).run([new])
    assert 0 < found["candidates"][0]["from_archive"] < plain["candidates"][0]["types"]["pay"]["events"]
    assert without_cost(found) == without_cost(plain)


def rewritten(files, folder, event_type, change):
    """The archive's parts of one type changed by somebody who made the manifest fit."""
    manifest = manifest_of(files)
    parts = {part.path: part for part in manifest.parts}
    for path, part in parts.items():
        if part.type == event_type:
            table = change(pq.ParquetFile(folder / path).read())
            parts[path] = stored.write(files, part.day, part.type, part.definitions, iter([table]))
    save(files, msgspec.structs.replace(manifest, parts=tuple(parts.values())))


def all_denied(table):
    place = table.schema.get_field_index("outcome")
    return table.set_column(place, table.schema.field(place), pa.array(["deny"] * table.num_rows))


@pytest.mark.parametrize("cores", [1, 2])
def test_a_change_is_only_shown_when_the_journal_says_it_too(tmp_path, cores):
    log, _ = lived(FREE_FILES, story(60))
    whole, files = rebatched(log, []), archive_files(log, tmp_path)
    rewritten(files, tmp_path, "pay", all_denied)
    asked = Backtest(lambda: copied(whole), MemoryBlobs(), Question(ALWAYS, LATER), cores=cores, files=files)
    with pytest.raises(Broken, match="not what the journal says"):
        asked.run([candidate(features=FREE)])


def test_of_a_part_that_can_not_be_read_another_process_tells_too(tmp_path):
    log, _ = lived(FREE_FILES, story(60))
    whole, files = rebatched(log, []), archive_files(log, tmp_path)
    pays = [part for part in manifest_of(files).parts if part.type == "pay"]
    assert len(pays) > 2
    for part in pays[1:]:  # the first one tells the columns
        (tmp_path / part.path).write_bytes(b"PAR1 and nothing more")
    asked = Backtest(lambda: copied(whole), MemoryBlobs(), Question(ALWAYS, LATER), cores=2, files=files)
    with pytest.raises(Broken, match="can't be read"):
        asked.run([candidate(features=FREE)])


def test_rows_are_judged_alike_however_many_at_a_time(tmp_path, monkeypatch):
    log, _ = lived(FREE_FILES, story(150), follow_ups=True)
    new = candidate(policy=STRICTER, features=FREE)
    files = archive_files(log, tmp_path)
    plain = plainly(contest_of(log, new.program), log.next_seq())
    for rows in (1, 3, 1_000):
        monkeypatch.setattr("jindi.run.backtest.columns.ROWS", rows)
        assert in_columns(contest_of(log, new.program), files) == plain


def same_words(log, files, definitions):
    """How many decisions have a label: by the archive and by the journal alike."""
    plain = Labels.of(Archive(log), definitions)
    found = labels_of(Archive(log), files, manifest_of(files), definitions)
    spoken = 0
    for seq, record in decisions(log):
        for label in definitions.labels:
            words = plain.words(label, seq, record.event_id)
            assert found.words(label, seq, record.event_id) == words
            spoken += bool(words)
    return spoken


def test_labels_are_the_same_from_the_archive_as_from_the_journal(tmp_path):
    log, _ = lived(FREE_FILES, story(200), follow_ups=True)
    whole, half, files = rebatched(log, [90, 60]), MemoryLog(), FileTree(tmp_path / "half")
    for frame in list(whole.read(0))[:2]:
        half.append(frame.batch, frame.first, frame.count)
    archived(files, half)
    # Today the report has its fields in another order, and one that came later.
    moved = REPORTS.replace(
        "fraud   =", 'since = { type = "time", required = false, class = "C1", ' + SINCE + " }\nfraud   ="
    )
    today = build(load({**FREE_FILES, "shop/events.toml": EVENTS + moved})).definitions
    for definitions in (candidate(features=FREE).program.definitions, today):
        assert same_words(whole, files, definitions) > 10
        assert same_words(log, archive_files(log, tmp_path / definitions.digest[:8]), definitions) > 10


def test_labels_are_not_read_from_bytes_that_are_not_those_that_were_written(tmp_path):
    log, _ = lived(FREE_FILES, story(200))
    files = archive_files(log, tmp_path)
    path = next(part.path for part in manifest_of(files).parts if part.type == "report")
    changed = bytearray((tmp_path / path).read_bytes())
    changed[len(changed) // 3] ^= 1
    (tmp_path / path).write_bytes(changed)
    with pytest.raises(Broken):
        labels_of(Archive(log), files, manifest_of(files), candidate(features=FREE).program.definitions)


def test_another_journal_s_archive_is_not_used(tmp_path):
    log, _ = lived(FREE_FILES, story(60))
    other, _ = lived(FREE_FILES, story(40, seed=9))
    files = archive_files(other, tmp_path)
    asked = Question(ALWAYS, LATER)
    found = Backtest(lambda: copied(log), MemoryBlobs(), asked, cores=1, files=files).run([candidate(features=FREE)])
    assert found["candidates"][0]["from_archive"] == 0


def test_a_word_of_the_clock_that_was_not_kept_is_asked_of_the_journal(tmp_path):
    log, _ = lived(FREE_FILES, story(60))
    files = archive_files(log, tmp_path)
    policy = POLICY.replace("amount >= cny('1000') and", "minute >= 0 and amount >= cny('1000') and")
    new = candidate(policy=policy, features=FREE)
    contest = contest_of(log, new.program)
    with pytest.raises(Unfit):
        sourcings(contest, files, [part for part in manifest_of(files).parts if part.type == "pay"])
    asked = Question(ALWAYS, LATER)
    whole = rebatched(log, [])
    found = Backtest(lambda: copied(whole), MemoryBlobs(), asked, cores=1, files=files).run([new])
    assert found["candidates"][0]["from_archive"] == 0
    assert found["candidates"][0]["types"]["pay"]["events"] == 60
