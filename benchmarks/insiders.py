"""How many insiders are caught, how soon, and at what cost in false alarms: the pack `staff` over a simulated office.

The figures of the pack were chosen on the offices of `TUNED` seeds; those of `TESTED` were looked at once, when
everything was chosen. Two naive ways see the same stream, at the false alarms that the pack has on the tuned seeds: one
threshold for each count that all share, and the z-score of a person's day among the days of his peers.

    python -m benchmarks.insiders --out benchmarks/INSIDERS.md       the section of RESULTS.md
    python -m benchmarks.insiders --seed 1 --told    one office; each missed episode and each false alarm
"""

import argparse
import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

from scipy.stats import binomtest, poisson

from benchmarks import results
from jindi.basics.instants import DAY_US, HOUR_US, parse_instant
from jindi.engine import Program, build
from jindi.packs import OUTCOMES, load
from jindi.run.intake import Intake
from jindi.run.simulate.insiders import open_office
from jindi.run.simulate.truth import INSIDERS
from jindi.run.simulate.world import START_US
from jindi.run.state import State
from jindi.vault import Tokens

PACKS = Path(__file__).parents[1] / "packs"
TUNED, TESTED = (1, 2), (14, 15, 16, 17, 18)
CALM_DAYS, DAYS = 42, 154
"""Habits are learnt in the calm days, which count for nothing; then insiders begin."""

MONTH_DAYS = 30.44
REVIEW = OUTCOMES.index("review")
CREEP = "roles-creep"
"""The one rule that fires on what an insider is, not on what he does: it counts as his at any action."""

COUNTS = ("customers", "caseless", "reveals", "searches", "rows", "refused", "nightly", "closed", "approved", "whites")
"""What the naive ways count of a person's day."""


HEAD = """# Insiders of a simulated office

Made by `python -m benchmarks.insiders --out benchmarks/INSIDERS.md` on {when} UTC. Simulated people, not real ones: how
the office and its insiders behave is written in `src/jindi/run/simulate`, and was written by who wrote the rules.

"""


@dataclass(slots=True)
class Episode:
    """What one insider did, and when somebody was told."""

    scheme: str
    who: set[str] = field(default_factory=set)
    at_us: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    dates: set[tuple[str, int]] = field(default_factory=set)
    told_us: int | None = None

    @property
    def before(self) -> int:
        """The rows (a look is one) that he had seen when somebody was told; all, if nobody was."""
        return sum(rows for at_us, rows in zip(self.at_us, self.rows, strict=True) if at_us < (self.told_us or 1 << 62))


@dataclass(slots=True)
class Seen:
    """One office under the pack, and what the naive ways need of it."""

    seed: int
    episodes: dict[str, Episode] = field(default_factory=dict)
    false: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    """False alarms: a person's day with at least one, and by which rules."""
    people: set[str] = field(default_factory=set)
    counts: dict[tuple[str, int], Counter[str]] = field(default_factory=dict)
    """Counts of a person's day."""
    roles: dict[str, str] = field(default_factory=dict)
    person_days: int = 0
    events: int = 0

    @property
    def months(self) -> float:
        """Months of people after the calm days."""
        return self.person_days / MONTH_DAYS


def shipped() -> Program:
    """The pack `staff` as it is shipped."""
    files = {
        path.relative_to(PACKS).as_posix(): path.read_text("utf-8")
        for name in ("core", "staff")
        for path in (PACKS / name).rglob("*.toml")
    }
    return build(load(files))


def look(seed: int, program: Program, days: int = DAYS) -> Seen:
    """Let an office live under the pack."""
    state = State.fresh(program)
    office = open_office(seed, start_us=START_US, calm_days=CALM_DAYS)
    until_us, from_us = office.midnight(days), office.midnight(CALM_DAYS)
    intake = Intake(program.definitions, Tokens(bytes(32)), lambda: 1 << 62)
    seen = Seen(seed)
    for seq, (document, truth) in enumerate(office):
        at_us = parse_instant(document["at"])
        if at_us >= until_us:
            break
        fields = {name: value for name, value in document.items() if name not in ("id", "type", "at")}
        event = intake.make(document["type"], document["id"], at_us, fields)
        gathered = state.gather(event, feed=True)
        decision = state.decide(event, gathered)
        state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us)
        seen.events += 1
        who, day = _suspect(document), (at_us - START_US) // DAY_US
        _count(seen, document, who, day, at_us)
        if truth.scenario is not None and truth.episode is not None:
            episode = seen.episodes.setdefault(truth.episode, Episode(truth.scenario))
            episode.who.add(who)
            episode.at_us.append(at_us)
            episode.rows.append(document.get("rows", 1))
            episode.dates.add((who, day))
        if OUTCOMES.index(decision.outcome) < REVIEW or at_us < from_us:
            continue
        live = program.events[event.type].live
        assert live is not None, "nothing is reviewed without a policy"
        rules = {live.policy.rules[hit].id for hit in decision.hits}
        mine = seen.episodes.get(truth.episode or "") or next(
            (each for each in seen.episodes.values() if CREEP in rules and who in each.who), None
        )
        if mine is None:
            seen.false.setdefault((who, day), set()).update(rules)
        elif mine.told_us is None:
            mine.told_us = at_us
    begun = {one.name: (one.joined, one.left) for one in office.people}
    seen.person_days = sum(
        max(0, min(days, left if left is not None else days) - max(CALM_DAYS, joined))
        for joined, left in begun.values()
    )
    return seen


def _suspect(document: dict[str, Any]) -> str:
    """Whom an event is about: of changed roles whoever has them now."""
    for name in ("grantee", "actor", "approver", "staff", "by"):
        if name in document:
            return str(document[name])
    raise AssertionError(document["type"])


def _count(seen: Seen, document: dict[str, Any], who: str, day: int, at_us: int) -> None:
    """What the naive ways count."""
    kind, counts = document["type"], seen.counts.setdefault((who, day), Counter())
    if kind == "staff_action":
        if "roles" in document:
            seen.roles[who] = document["roles"]
        hour = (at_us + 8 * HOUR_US) % DAY_US // HOUR_US
        counts["nightly"] += hour >= 23 or hour < 6
        counts["refused"] += not document["allowed"]
        what = document["kind"]
        counts["reveals"] += what == "reveal"
        counts["searches"] += what == "search"
        counts["rows"] += document.get("rows", 0) if what == "export" else 0
        if "customer" in document:
            counts["customers"] += 1
            counts["caseless"] += not document["has_case"]
    elif kind == "staff_alert_closed":
        counts["closed"] += document["verdict"] == "good"
    elif kind == "staff_approval":
        counts["approved"] += 1
    elif kind == "staff_list_change":
        counts["whites"] += document["colour"] == "white" and document["move"] == "add"


Days = dict[tuple[str, int], bool]
"""Which days of people a naive way alarms on."""


def thresholds(tuned: list[Seen], share: float) -> dict[str, float]:
    """One threshold for each count: what so small a share of all days exceeds."""
    found = {}
    for name in COUNTS:
        values = sorted(counts[name] for seen in tuned for counts in seen.counts.values())
        found[name] = float(values[min(len(values) - 1, int(len(values) * (1 - share)))])
    return found


def over(seen: Seen, limits: dict[str, float]) -> set[tuple[str, int]]:
    """Days above any threshold."""
    return {
        key for key, counts in seen.counts.items()
        if key[1] >= CALM_DAYS and any(counts[name] > limits[name] for name in COUNTS)
    }  # fmt: skip


def z_scores(seen: Seen) -> dict[tuple[str, int], float]:
    """Of each person's day the largest z among the days of his peers in the 28 days before."""
    by_role: dict[str, dict[int, list[Counter[str]]]] = defaultdict(lambda: defaultdict(list))
    for (who, day), counts in seen.counts.items():
        by_role[seen.roles.get(who, "")][day].append(counts)
    scores = {}
    for role, days in by_role.items():
        for today in [day for day in days if day >= CALM_DAYS]:
            past = [counts for day in range(today - 28, today) for counts in days.get(day, ())]
            if len(past) < 20:
                continue
            about = {
                name: (fmean(each[name] for each in past), pstdev([each[name] for each in past])) for name in COUNTS
            }
            for (who, day), counts in seen.counts.items():
                if day == today and seen.roles.get(who, "") == role:
                    scores[who, day] = max((counts[name] - mean) / max(std, 0.5) for name, (mean, std) in about.items())
    return scores


def caught(seen: Seen, alarms: set[tuple[str, int]]) -> tuple[dict[str, bool], int]:
    """Which episodes a naive way sees (on any day of theirs), and how many of its alarms are false."""
    theirs = {key for episode in seen.episodes.values() for key in episode.dates}
    found = {name: bool(episode.dates & alarms) for name, episode in seen.episodes.items()}
    return found, len(alarms - theirs)


def budgeted(alarms_at: Callable[[float], list[set[tuple[str, int]]]], tuned: list[Seen], budget: int, low: float,
             high: float) -> float:  # fmt: skip
    """The strictness at which a way makes no more false alarms on the tuned offices than `budget`."""
    for _ in range(40):
        middle = (low + high) / 2
        false = sum(caught(seen, alarms)[1] for seen, alarms in zip(tuned, alarms_at(middle), strict=True))
        low, high = (middle, high) if false > budget else (low, middle)
    return high


def interval(hits: int, of: int) -> str:
    """A share with its 95 % interval (Clopper-Pearson)."""
    if not of:
        return "–"
    span = binomtest(hits, of).proportion_ci(0.95)
    return f"{hits}/{of} ({100 * span.low:.0f}–{100 * span.high:.0f} %)"


def rate(count: int, months: float) -> str:
    """False alarms a month of a person, with the 95 % interval of a Poisson count."""
    low, high = (poisson.ppf(0.025, count) if count else 0.0), poisson.ppf(0.975, max(count, 1))
    return f"{count / months:.3f} ({low / months:.3f}–{high / months:.3f})"


def page(tuned: list[Seen], tested: list[Seen]) -> Iterator[str]:
    """The section: recall by scheme, false alarms, beside two naive ways at the same false alarms."""
    budget = sum(len(seen.false) for seen in tuned)
    scores = {seen.seed: z_scores(seen) for seen in (*tuned, *tested)}

    def thresholded(strictness: float) -> list[set[tuple[str, int]]]:
        limits = thresholds(tuned, 10**-strictness)
        return [over(seen, limits) for seen in tuned]

    def scored(strictness: float) -> list[set[tuple[str, int]]]:
        return [{key for key, z in scores[seen.seed].items() if z > strictness} for seen in tuned]

    limits = thresholds(tuned, 10 ** -budgeted(thresholded, tuned, budget, 0.0, 7.0))
    z_limit = budgeted(scored, tuned, budget, 0.0, 1_000.0)
    naive = {seen.seed: caught(seen, over(seen, limits)) for seen in tested}
    z_way = {seen.seed: caught(seen, {k for k, z in scores[seen.seed].items() if z > z_limit}) for seen in tested}
    months = sum(seen.months for seen in tested)
    yield "| insider | caught by the pack | first alert after | rows seen before | one threshold | z-score of peers |"
    yield "| --- | --- | --- | --- | --- | --- |"
    totals = [0, 0, 0, 0]
    for scheme in (*INSIDERS, ""):
        mine = [(s.seed, n, e) for s in tested for n, e in s.episodes.items() if scheme in ("", e.scheme)]
        told = [each for _, _, each in mine if each.told_us is not None]
        totals = [
            len(told), sum(naive[seed][0][name] for seed, name, _ in mine),
            sum(z_way[seed][0][name] for seed, name, _ in mine), len(mine),
        ]  # fmt: skip
        hours = [((each.told_us or 0) - each.at_us[0]) / HOUR_US for each in told]
        after = f"{median(hours):.0f} h" if hours else "–"
        before = f"{median(each.before for each in told):.0f}" if told else "–"
        shares = [interval(hits, totals[3]) for hits in totals[:3]]
        yield f"| {scheme or '**all**'} | {shares[0]} | {after} | {before} | {shares[1]} | {shares[2]} |"
    ours = sum(len(seen.false) for seen in tested)
    others = [sum(way[seen.seed][1] for seen in tested) for way in (naive, z_way)]
    yield (
        f"| false alarms a person's month | {rate(ours, months)} | | | {rate(others[0], months)} |"
        f" {rate(others[1], months)} |"
    )
    yield ""
    events = sum(seen.events for seen in tested)
    yield (
        f"{len(tested)} offices of seeds {TESTED[0]} to {TESTED[-1]}, {events:,} events, {months:.0f} months of people"
        f" after {CALM_DAYS} calm days; the pack's figures were chosen on seeds {', '.join(map(str, TUNED))}, where it"
        f" makes {rate(budget, sum(seen.months for seen in tuned))} false alarms; the naive ways are as strict as makes"
        " them no more there. An alarm is a person's day. Medians are over what was caught; 95 % intervals."
    )
    rules = Counter(rule for seen in tested for rules in seen.false.values() for rule in rules)
    most = sorted(rules.items(), key=lambda each: (-each[1], each[0]))[:8]
    yield ""
    yield "False alarms by rule: " + ", ".join(f"{rule} {count}" for rule, count in most) + "."


def told(seen: Seen) -> Iterator[str]:
    """Everything that is wrong with one office's figures."""
    for name, episode in sorted(seen.episodes.items()):
        who = ", ".join(sorted(episode.who))
        fate = (
            "missed"
            if episode.told_us is None
            else f"told after {(episode.told_us - episode.at_us[0]) / HOUR_US:.0f} h"
        )
        yield f"{name}: {who}, {len(episode.at_us)} events: {fate}"
    rules = Counter(rule for rules in seen.false.values() for rule in rules)
    often = rate(len(seen.false), seen.months)
    yield f"{len(seen.false)} false alarms, {often} a person's month: {dict(rules.most_common())}"


def main(arguments: list[str] | None = None) -> int:
    """Print the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.insiders", description=__doc__)
    parser.add_argument("--seed", type=int, help="only this office")
    parser.add_argument("--told", action="store_true", help="with --seed: what was missed, and what was false")
    parser.add_argument("--quick", action="store_true", help="does everything run? The figures mean nothing")
    parser.add_argument("--out", type=Path, help="where the page goes (default: printed)")
    given = parser.parse_args(arguments)
    program = shipped()
    if given.seed is not None:
        for line in told(look(given.seed, program)):
            print(line)
        return 0
    days = CALM_DAYS + 21 if given.quick else DAYS
    seeds = (TUNED[:1], TESTED[:1]) if given.quick else (TUNED, TESTED)
    tuned, tested = ([look(seed, program, days) for seed in each] for each in seeds)
    text = HEAD.format(when=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}") + "\n".join(page(tuned, tested)) + "\n"
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")
        results.RESULTS.write_text(results.with_learnt(results.RESULTS.read_text("utf-8")), encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
