"""What judging the past costs: a journal of decisions, its archive, candidates with other rules and other features.

40 features over 4 keys, 50 rules and a model of 300 trees with 31 leaves each. Everything is counted from the question
to the report: the archive read, windows, model, rules, tallies, and the explanations of the decisions that are shown.
"""

import itertools
import json
import re
import resource
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec

from benchmarks import doors, models, pack
from benchmarks.measuring import Report, collector_off, cpu_s
from jindi import journal, packs
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US
from jindi.engine import Program, build
from jindi.packs.models import seal
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Span
from jindi.run.backtest.contest import EVER_US
from jindi.run.backtest.runner import Backtest, Question
from jindi.run.blocks import BLOCK_EVENTS, Block
from jindi.run.history.follower import Follower
from jindi.run.intake import Intake
from jindi.run.records import encode_decision, encode_definitions
from jindi.run.state import State
from jindi.stores.files import FileBlobs
from jindi.stores.segments import SegmentLog
from jindi.stores.trees import FileTree
from jindi.vault import KEY_BYTES, Tokens

SUBJECT = "Backtests: 40 features, 50 rules, 300 trees, one core"
KNOWN_BY_US = 2 * 10**15
BATCH = 1_000
GAP_US = 3_111_111
WEEK_US = 7 * DAY_US
LAPS = 10
PROMISED_FROM = 400_000
MODEL_RULE = f"""
[[rule]]
id = "model-sure"
doc = {pack.DOC}
when = "bench_model >= 0.99"
then = "review"
basis = "none: a measurement"
share_max = "100%"
  [[rule.case]]
  name = "sure"
  given = {{ bench_model = 0.995 }}
  fires = true
  [[rule.case]]
  name = "not sure"
  given = {{ bench_model = 0.5 }}
  fires = false
"""


REPORT, LABEL = "bench_report", "bench_fraud"
REPORTED_EVERY = 200
"""Of so many payments one is reported, as good or as fraud."""

REPORTS = f"""
[{REPORT}]
doc = {pack.DOC}
late_after = "5m"
[{REPORT}.fields]
payment = {{ type = "text", class = "C1", doc = {pack.DOC} }}
fraud = {{ type = "bool", class = "C1", doc = {pack.DOC} }}
"""
LABELS = f"""
[{LABEL}]
doc = {pack.DOC}
on = "{pack.EVENT}"
mature = "7d"
[[{LABEL}.from]]
event = "{REPORT}"
names = "payment"
is = "fraud"
"""


def files() -> dict[str, str]:
    """The pack of forty features and fifty rules, with a model that a further rule reads, and a label."""
    text = {f"{pack.NAME}/{path}": content for path, content in pack.files().items()}
    text[f"{pack.NAME}/models.toml"] = (
        f'[bench_model]\ndoc = {pack.DOC}\non = "{pack.EVENT}"\nfile = "models/bench.json"\ndegrade = "open"\n'
    )
    text[f"{pack.NAME}/models/bench.json"] = model()
    text[f"{pack.NAME}/events.toml"] += REPORTS
    text[f"{pack.NAME}/labels.toml"] = LABELS
    text[f"{pack.NAME}/policies/{pack.EVENT}.toml"] += MODEL_RULE
    return {**Outside().base_files(), **text}


def model() -> str:
    """A model file: trees whose splits are drawn by chance, over the forty features."""
    kinds = {"count": "int", "distinct": "int"}
    inputs = [
        {"name": name, "type": kinds.get(fold, "money of CNY")}
        for key in pack.KEYS
        for name, fold, _, _ in pack.feature_names(key)
    ]
    trees = models.drawn()
    trees["threshold"] = [50 * abs(each) for each in trees["threshold"]]
    document = {
        "format": "jindi-model/1", "kind": "trees", "inputs": inputs, "base": 0.0, "link": "sigmoid", "trees": trees,
        "calibration": {"kind": "none"}, "card": "models/bench.md",
    }  # fmt: skip
    return seal(document)


def live(folder: Path, program: Program, events: int, start_us: int | None = None) -> None:
    """A journal of so many payments and their reports, as a platform would have written it, and its archive."""
    log, chain = SegmentLog(folder / "journal"), journal.Chain()
    state = State.fresh(program)
    intake = Intake(program.definitions, Tokens(bytes(KEY_BYTES)), lambda: 1 << 61)
    records = [encode_definitions(program.definitions, 0)]
    state.next_seq = 1
    stream = reported(pack.events(events, start_us or doors.midnight_us(), GAP_US))
    while raws := [json.dumps(event).encode() for event in itertools.islice(stream, BLOCK_EVENTS)]:
        block, given = Block(), [intake.read(raw) for raw in raws]
        for event in given:
            block.add(event.type, max(event.at_us, state.high_us), event.values)
        rows = {name: iter(answers.rows()) for name, answers in block.into(state.windows).items()}
        for event in given:
            gathered = state.gather_with(event, next(rows[event.type]))
            decision = state.decide(event, gathered)
            facts = gathered.base[len(event.values) :]
            records.append(
                encode_decision(0, gathered.as_of_us, event.at_us, event, facts, (), gathered.late, decision)
            )
            state.applied(state.next_seq, event, gathered.as_of_us, decision.outcome, decision.wait_us)
            if len(records) >= BATCH:
                append(log, chain, records)
    append(log, chain, records)
    follow(folder, log)


def reported(payments: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Payments, and a report of one of them now and then."""
    for number, payment in enumerate(payments):
        yield payment
        if number % REPORTED_EVERY == 0:
            about = {"payment": payment["id"], "fraud": number % (3 * REPORTED_EVERY) == 0}
            yield {"id": f"rep_{number:09}", "type": REPORT, "at": payment["at"], **about}


def follow(folder: Path, log: SegmentLog) -> None:
    """The archive of a journal that is complete, which is closed then."""
    tree = FileTree(folder / "archive")
    tree.hold()
    Follower(tree, Archive(log)).follow()
    tree.close()
    log.close()


def append(log: SegmentLog, chain: journal.Chain, records: list[bytes]) -> None:
    """Seal what has gathered into one batch."""
    if records:
        first = log.next_seq()
        log.append(chain.seal(records, first), first, len(records))
        records.clear()


def again(folder: Path, past: Path, laps: int, lap_us: int) -> None:
    """A journal in which the decisions of another one come so many times, each lap of whole weeks later than the one
    before and with ids of its own, and its archive. A lap's decisions know nothing of the laps before: for candidates
    that change nothing but rules a decision's facts are all there is, and living ten laps takes ten times as long.
    """
    log, chain, given = SegmentLog(folder / "journal"), journal.Chain(), SegmentLog(past / "journal", read_only=True)
    for lap in range(laps):
        for frame in given.read(0):
            records = list(journal.unseal(frame.batch).records)
            if frame.first == 0:
                definitions = records.pop(0)
                if lap == 0:
                    append(log, chain, [definitions])
            append(log, chain, [later(raw, lap, lap * lap_us) for raw in records])
    given.close()
    follow(folder, log)


def later(raw: bytes, lap: int, by_us: int) -> bytes:
    """The same decision, so much later."""
    kind, definitions, as_of_us, received_us, event_id, event_type, at_us, values, *rest = msgspec.msgpack.decode(raw)
    if event_type == REPORT:
        values[0] += f"_{lap}"  # the payment that it is about
    times = as_of_us + by_us, received_us + by_us
    return msgspec.msgpack.encode(
        (kind, definitions, *times, f"{event_id}_{lap}", event_type, at_us + by_us, values, *rest)
    )


def asked(folder: Path, program: Program, *, archive: bool = True, label: str | None = None) -> tuple[dict, float]:
    """One candidate against the whole past on one core: the report, and the CPU seconds."""
    backtest = Backtest(
        lambda: SegmentLog(folder / "journal", read_only=True), FileBlobs(folder / "state"),
        Question(Span(0, EVER_US), KNOWN_BY_US, label), cores=1, keep_blobs=False,
        files=FileTree(folder / "archive") if archive else None,
    )  # fmt: skip
    with collector_off():
        begin = cpu_s()
        (found,) = backtest.run([Candidate("candidate", program)])["candidates"]
        return found, cpu_s() - begin


def edited(source: Mapping[str, str], path: str, pattern: str, by: str) -> Program:
    """The packs with one thing in one file changed, wherever it stands there."""
    text = re.sub(pattern, by, source[path])
    if text == source[path]:
        raise ValueError(f"{path} holds nothing like {pattern}")
    return build(packs.load({**source, path: text}))


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Rules alone; features, model and rules; the journal event by event beside them; memory as the past grows."""
    events = 3_000 if quick else 400_000
    source = files()
    program = build(packs.load(source))
    place = folder / "past"
    place.mkdir()
    live(place, program, events)
    rules = other_rules(source)
    features = edited(source, f"{pack.NAME}/features.toml", 'over = "1h"', 'over = "2h"')
    for told, candidate, least, label in (
        ("other rules, from the archive", rules, 300_000, None),
        ("other rules, held against a label, from the archive", rules, 300_000, LABEL),
        ("other features, model and rules, from the archive in order of arrival", features, 50_000, None),
    ):
        rates = []
        for _ in range(min(rounds, 3)):
            found, spent = asked(place, candidate, label=label)
            counted(found, events, from_archive=True)
            rates.append(events / spent)
        report.add(SUBJECT, told, "events/s", rates, at_least=least)
    few = Path(folder / "few")
    few.mkdir()
    live(few, program, events // 20)
    for told, candidate in (("other rules", rules), ("other features, model and rules", features)):
        by_columns, _ = asked(few, candidate, label=LABEL)
        record_by_record, spent = asked(few, candidate, archive=False, label=LABEL)
        same(report, told, by_columns, record_by_record)
        report.add(SUBJECT, f"{told}, from the journal, one by one", "events/s", [events // 20 / spent])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.add(SUBJECT, "memory of this process at most, so far", "MB", [peak_mb])


def measure_long(report: Report, folder: Path, *, events: int, rounds: int) -> None:
    """Other rules over a long past and over a tenth of it, each time in a process of its own: does memory grow?"""
    past, long, lap = folder / "past", folder / "long", events // LAPS
    past.mkdir()
    long.mkdir()
    lap_us = (lap * GAP_US // WEEK_US + 1) * WEEK_US
    live(past, build(packs.load(files())), lap, doors.midnight_us() - LAPS * lap_us)
    again(long, past, LAPS, lap_us)
    for place, count in ((past, lap), (long, lap * LAPS)):
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
            told = [processes.submit(alone, place, count).result() for _ in range(rounds)]
        rates, peaks_mb = ([each[at] for each in told] for at in (0, 1))
        # In a short past what happens once for each backtest, such as compiling the packs, is most of the time.
        least = 300_000 if count >= PROMISED_FROM else None
        report.add(SUBJECT, f"other rules, {count:,} events, process and all", "events/s", rates, at_least=least)
        report.add(SUBJECT, f"… memory of the process at most, {count:,} events", "MB", peaks_mb)


def alone(place: Path, events: int) -> tuple[float, float]:
    """In a process of its own: the rate of a backtest with other rules, and the most memory that the process held."""
    found, spent = asked(place, other_rules(files()))
    counted(found, events, from_archive=True)
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return events / spent, peak_kb / 1024


def other_rules(source: Mapping[str, str]) -> Program:
    """The candidate in which one rule's score is another."""
    return edited(source, f"{pack.NAME}/policies/{pack.EVENT}.toml", "score = 10\n", "score = 11\n")


def counted(found: dict, events: int, *, from_archive: bool) -> None:
    """Stop unless every event was judged, and where it was to be judged."""
    (of_type,) = found["types"].values()
    if of_type["events"] != events or bool(found["from_archive"]) != from_archive:
        raise AssertionError(f"{of_type['events']} of {events} events, {found['from_archive']} from the archive")


def same(report: Report, told: str, one: dict, other: dict) -> None:
    """Say so when two ways to the same report differ in anything but cost."""
    differing = [name for name in figures(one) if figures(one)[name] != figures(other)[name]]
    if differing:
        report.say(f"backtest, {told}: by columns and one by one differ in {', '.join(differing)}")


def figures(found: dict) -> dict:
    """A report's figures without its cost."""
    (of_type,) = found["types"].values()
    return {name: value for name, value in of_type.items() if name != "cost"}
