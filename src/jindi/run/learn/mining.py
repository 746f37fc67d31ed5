"""Rules from facts: found on one stretch of time, chosen on a later one, and told with the figures of a third.

Short conjunctions are grown by a beam (Clark, Niblett 1989, "The CN2 induction algorithm") that looks for the most
positives less `price` times the negatives (the linear cost of Fürnkranz, Flach 2005, "ROC 'n' rule learning"), for
several prices and again on what is not covered yet. Whatever it finds has to hold its precision on the later stretch,
by an exact bound whose error is shared out among all rules that are tried there (Bonferroni). Of those that do, the
set is chosen greedily by what each adds to what the present policy and the rules before it stop, while false alarms
stay within their budget: the greedy way covers at least 1 - 1/e of what the best set would (Nemhauser et al. 1978).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.packs import ModelInput
from jindi.run.learn.bounds import lower, upper
from jindi.run.learn.conditions import Condition, conditions
from jindi.run.learn.evaluation import Fold, folds
from jindi.run.learn.metrics import Doubles, Truths, Wholes
from jindi.run.learn.recipe import Recipe
from jindi.run.learn.table import Table

PRICES = (0.1, 0.5, 2.0, 10.0)
BEAM = 24
ROUNDS = 6
NEGATIVES_MAX = 60_000
POSITIVES_MIN = 5

Bytes = npt.NDArray[np.float32]
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a rule, or a set of rules, does on some rows. `amount` sums are of positives, in major units.

    `beyond` counts what the present policy let through.
    """

    rows: int
    positives: int
    amount: float
    told: int
    true: int
    caught: float
    beyond_true: int
    beyond_caught: float
    beyond_false: int

    @property
    def false(self) -> int:
        """Told though nothing was wrong."""
        return self.told - self.true

    @property
    def precision(self) -> float:
        """Of what was told, the share that was true."""
        return self.true / self.told if self.told else float("nan")

    def bounds(self, error: float = 0.05) -> tuple[float, float]:
        """The exact interval of the precision (Clopper, Pearson 1934)."""
        return lower(self.true, self.told, error / 2), upper(self.true, self.told, error / 2)


@dataclass(frozen=True, slots=True)
class Mined:
    """A rule that was chosen: its conditions, and what it did where it was chosen and where it was tested."""

    conditions: tuple[Condition, ...]
    chosen_on: Counts
    tested_on: Counts

    @property
    def text(self) -> str:
        """The rule's condition in the packs' language."""
        return " and ".join(each.text for each in self.conditions)


@dataclass(frozen=True, slots=True)
class Found:
    """What mining gives: the rules in the order in which they were chosen, and all of them together."""

    rules: tuple[Mined, ...]
    chosen_on: Counts
    tested_on: Counts
    policy_on_test: Counts
    tried: int
    held: int
    fold: Fold


def mine(
    table: Table, recipe: Recipe, inputs: Sequence[ModelInput], zone: ZoneInfo, *, told: Told = lambda _: None
) -> Found:
    """The rules of a recipe, mined in the stretches of its last fold. Raises Problems when one holds too little.

    Neither of the first two stretches sees a label that was not known when the test began; the test's rows decide
    nothing.
    """
    fold = folds(recipe, zone)[-1]
    usable, known = table.as_known(fold.test_us, recipe.length_us("delay"))
    train = np.flatnonzero(usable & table.within(fold.train_us, fold.calibrate_us))
    select = np.flatnonzero(usable & table.within(fold.calibrate_us, fold.known_us))
    test = np.flatnonzero(table.within(fold.test_us, fold.end_us))
    _enough(recipe, fold, int(known[train].sum()), int(known[select].sum()), len(test))
    sample = _sample(known, train, recipe.seed)
    tried = conditions(inputs, table.columns[sample], known[sample])
    told(f"conditions tried: {len(tried):,}, on {len(sample):,} of {len(train):,} rows")
    pool = _pool(tried, table.columns[sample], known[sample], len(train), recipe, told)
    view = View(table, select, known[select])
    told(f"rules to be held against {len(select):,} later rows: {len(pool)}")
    held = _held([(rule, view.hits(rule)) for rule in pool], view, recipe)
    chosen = _chosen(held, view, recipe)
    told(f"rules that keep their precision: {len(held)}, chosen: {len(chosen)}")
    # What was reported is what is tested against: the truth of the test's own time.
    final = View(table, test, table.label[test])
    rules = tuple(Mined(rule, view.counts(hits), final.counts(final.hits(rule))) for rule, hits in chosen)
    union = [np.zeros(len(each.rows), np.bool_) for each in (view, final)]
    for rule, hits in chosen:
        union[0] |= hits
        union[1] |= final.hits(rule)
    return Found(
        rules, view.counts(union[0]), final.counts(union[1]), final.counts(final.stopped), len(pool), len(held), fold
    )


class View:
    """Some rows of a table with the labels that count there."""

    def __init__(self, table: Table, rows: Wholes, label: Truths) -> None:
        self.rows, self.label = rows, label
        self.columns = table.columns[rows]
        self.amount = np.where(label, table.amount[rows], 0.0)
        self.stopped = table.stopped[rows]

    def hits(self, rule: Sequence[Condition]) -> Truths:
        """Where all conditions hold."""
        found = np.ones(len(self.rows), np.bool_)
        for each in rule:
            found &= each.holds(self.columns)
        return found

    def counts(self, hits: Truths) -> Counts:
        """What telling these rows does."""
        true, beyond = hits & self.label, hits & ~self.stopped
        return Counts(
            rows=len(self.rows), positives=int(self.label.sum()), amount=float(self.amount.sum()),
            told=int(hits.sum()), true=int(true.sum()), caught=float(self.amount[hits].sum()),
            beyond_true=int((beyond & self.label).sum()), beyond_caught=float(self.amount[beyond].sum()),
            beyond_false=int((beyond & ~self.label).sum()),
        )  # fmt: skip


def _enough(recipe: Recipe, fold: Fold, trained: int, chosen: int, tested: int) -> None:
    problems = [
        Problem(recipe.name, stretch, f"{count} positives are too few", f"give at least {POSITIVES_MIN}: {remedy}")
        for stretch, count, remedy in (
            ("train", trained, "a longer `train`"),
            ("calibrate", chosen, "a longer `calibrate`, on which rules are chosen"),
        )
        if count < POSITIVES_MIN
    ]  # fmt: skip
    if not tested:
        problems.append(Problem(recipe.name, "test", f"no rows after {format_instant(fold.test_us)}", "a later file"))
    if problems:
        raise Problems(problems)


def _sample(label: Truths, rows: Wholes, seed: int) -> Wholes:
    """All positives, and as many negatives as the beam can look at."""
    negatives = rows[~label[rows]]
    if len(negatives) > NEGATIVES_MAX:
        negatives = np.random.default_rng(seed).choice(negatives, NEGATIVES_MAX, replace=False)
    found: Wholes = np.sort(np.concatenate([rows[label[rows]], negatives]))
    return found


Rule = tuple[Condition, ...]
Place = tuple[int, ...]


def _pool(
    tried: Sequence[Condition], columns: Doubles, label: Truths, whole: int, recipe: Recipe, told: Told
) -> list[Rule]:
    """What beams find for each price, round by round on the positives that no rule before covers."""
    holds = np.stack([each.holds(columns) for each in tried], axis=1) if tried else np.zeros((len(label), 0), np.bool_)
    positives, negatives = holds[label].astype(np.float32), holds[~label].astype(np.float32)
    count = len(negatives)
    weight = (whole - int(label.sum())) / count if count else 1.0  # each negative of the sample stands for so many
    found: dict[Place, None] = {}
    for price in PRICES:
        left = np.ones(len(positives), np.bool_)
        for number in range(ROUNDS):
            told(f"price {price}, round {number + 1} of {ROUNDS}: {int(left.sum())} positives left")
            best = _beam(positives[left], negatives, price * weight, recipe.mine.conditions, tried)
            if not best:
                break
            found.update(dict.fromkeys(best))
            covered = positives[:, list(best[0])].all(axis=1)
            if not (covered & left).any():
                break
            left &= ~covered
            if int(left.sum()) < POSITIVES_MIN:
                break
    return [tuple(tried[place] for place in places) for places in found]


def _beam(positives: Bytes, negatives: Bytes, price: float, depth: int, tried: Sequence[Condition]) -> list[Place]:
    """The best conjunctions, the best first; ties go to the shorter and then to what was declared first."""
    beam: list[Place] = [()]
    best: dict[Place, float] = {}
    for _ in range(depth):
        scored: dict[Place, float] = {}
        for places in beam:
            inside = positives[positives[:, list(places)].all(axis=1)] if places else positives
            beside = negatives[negatives[:, list(places)].all(axis=1)] if places else negatives
            gains = inside.sum(axis=0) - price * beside.sum(axis=0)
            for place, gain in enumerate(gains.tolist()):
                longer = tuple(sorted({*places, place}))
                if len(longer) > len(places) and _makes_sense(longer, tried):
                    scored[longer] = gain
        beam = sorted(scored, key=lambda places: (-scored[places], places))[:BEAM]
        # A condition more has to earn its place: what its rule gains without it is remembered first.
        for places in beam:
            parts = [best.get(places[:at] + places[at + 1 :], 0.0) for at in range(len(places))]
            if scored[places] > max(parts, default=0.0):
                best[places] = scored[places]
    ordered = sorted(best, key=lambda places: (-best[places], len(places), places))
    return [places for places in ordered if best[places] > 0][:BEAM]


def _makes_sense(places: Place, tried: Sequence[Condition]) -> bool:
    """No two conditions of one rule ask the same fact the same way, nor whether a missing one is large."""
    asked = [(tried[place].place, tried[place].how) for place in places]
    facts = [fact for fact, _ in asked]
    return len(set(asked)) == len(asked) and not any(
        how in ("missing", "is", "is not") and facts.count(fact) > 1 for fact, how in asked
    )


def _held(pool: Sequence[tuple[Rule, Truths]], view: View, recipe: Recipe) -> list[tuple[Rule, Truths]]:
    """Those whose precision is at least what is asked for, at an error shared out among all that were tried."""
    error = (1 - recipe.mine.confidence) / max(len(pool), 1)
    kept = []
    for rule, hits in pool:
        true, told = int((hits & view.label).sum()), int(hits.sum())
        if true >= 2 and lower(true, told, error) >= recipe.mine.precision:
            kept.append((rule, hits))
    return kept


def _chosen(held: Sequence[tuple[Rule, Truths]], view: View, recipe: Recipe) -> list[tuple[Rule, Truths]]:
    """The greedy set: each time the rule that adds most for its false alarms, within the budget."""
    allowed = recipe.mine.false_alarms * len(view.rows)
    done = view.stopped.copy() if recipe.mine.beyond else np.zeros(len(view.rows), np.bool_)
    chosen: list[tuple[Rule, Truths]] = []
    share, spent = max(1.0, allowed / recipe.mine.rules), 0  # a rule's own share of the budget weighs as nothing
    while len(chosen) < recipe.mine.rules:
        best: tuple[float, int] | None = None
        for number, (rule, hits) in enumerate(held):
            new = hits & ~done
            true, false = int((new & view.label).sum()), int((new & ~view.label).sum())
            if true < 2 or spent + false > allowed:
                continue
            worth = (float(view.amount[new].sum()) + 1e-9) / (false + share) / (1 + 0.05 * len(rule))
            if best is None or worth > best[0]:
                best = (worth, number)
        if best is None:
            break
        rule, hits = held[best[1]]
        spent += int((hits & ~done & ~view.label).sum())
        done |= hits
        chosen.append((rule, hits))
    return chosen
