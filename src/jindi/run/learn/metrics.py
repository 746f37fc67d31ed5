"""How good scores are: ranking, alerts that people can work off, calibration, money; with intervals.

Everything is a function of labels, scores, and who and when; nothing here knows how a score was made. Scores
are compared only by order unless the name says probability. Ties are one point of every curve.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

BINS = 15


@dataclass(frozen=True, slots=True)
class Curve:
    """How many positives and negatives lie at or above each different score, the highest first."""

    positives: Doubles
    negatives: Doubles

    @classmethod
    def of(cls, label: Truths, score: Doubles, weight: Doubles | None = None) -> "Curve":
        """The curve of scores; `weight` counts a row more than once, or not at all."""
        order = np.argsort(-score, kind="stable")
        each = np.ones(len(score)) if weight is None else weight[order]
        ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
        truth = label[order]
        return cls(np.cumsum(each * truth)[ends], np.cumsum(each * ~truth)[ends])

    def auc(self) -> float:
        """The chance that a positive scores above a negative; half for a tie.

        >>> Curve.of(np.array([True, False, False]), np.array([2.0, 2.0, 1.0])).auc()
        0.75
        """
        fall = np.diff(self.negatives, prepend=0.0)
        middle = self.positives - np.diff(self.positives, prepend=0.0) / 2
        whole = self.positives[-1] * self.negatives[-1]
        return float(np.sum(fall * middle) / whole) if whole else float("nan")

    def average_precision(self) -> float:
        """Precision, averaged over the positives in the order of their scores.

        >>> round(Curve.of(np.array([True, False, True]), np.array([3.0, 2.0, 1.0])).average_precision(), 4)
        0.8333
        """
        if not self.positives[-1]:
            return float("nan")
        told = self.positives + self.negatives
        precision = np.divide(self.positives, told, out=np.zeros_like(told), where=told > 0)
        return float(np.sum(np.diff(self.positives, prepend=0.0) * precision) / self.positives[-1])

    def ks(self) -> float:
        """The largest gap between the shares of positives and of negatives at or above a score."""
        if not self.positives[-1] or not self.negatives[-1]:
            return float("nan")
        return float(np.max(np.abs(self.positives / self.positives[-1] - self.negatives / self.negatives[-1])))


def auc(label: Truths, score: Doubles) -> float:
    """The area under the ROC curve."""
    return Curve.of(label, score).auc()


def average_precision(label: Truths, score: Doubles) -> float:
    """The area under the precision-recall curve, in steps."""
    return Curve.of(label, score).average_precision()


def card_precision(label: Truths, score: Doubles, card: Wholes, day: Wholes, k: int) -> float:
    """Card Precision@k: the mean of its days."""
    return float(np.mean(card_precisions(label, score, card, day, k)))


def card_precisions(label: Truths, score: Doubles, card: Wholes, day: Wholes, k: int) -> list[float]:
    """Card Precision@k, day by day: of the k cards alerted, the share that was compromised that day. A card that
    was found is looked at no more. (Fraud Detection Handbook, chapter 4.)
    """
    found: set[int] = set()
    shares = []
    for today in np.unique(day):
        rows = np.flatnonzero(day == today)
        rows = rows[~np.isin(card[rows], list(found))]
        highest, worst = _by_card(label[rows], score[rows], card[rows])
        hits = [each for each in highest[:k] if worst[each]]
        found.update(hits)
        shares.append(len(hits) / k)
    return shares


def _by_card(label: Truths, score: Doubles, card: Wholes) -> tuple[list[int], dict[int, bool]]:
    """Cards by their highest score of the day, and whether any of their events was positive."""
    cards, place = np.unique(card, return_inverse=True)
    top = np.full(len(cards), -np.inf)
    np.maximum.at(top, place, score)
    bad = np.zeros(len(cards), np.bool_)
    np.logical_or.at(bad, place, label)
    return cards[np.argsort(-top, kind="stable")].tolist(), dict(zip(cards.tolist(), bad.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Alerts:
    """What a threshold does: alerts are cards a day; recall is of positive events."""

    threshold: float
    cards_per_day: float
    precision: float
    recall: float


def alerts(label: Truths, score: Doubles, card: Wholes, day: Wholes, threshold: float) -> Alerts:
    """What alerting at or above a threshold does."""
    told = score >= threshold
    days = max(len(np.unique(day)), 1)
    pairs = {(int(c), int(d)): False for c, d in zip(card[told], day[told], strict=True)}
    for c, d in zip(card[told & label], day[told & label], strict=True):
        pairs[int(c), int(d)] = True
    recall = float(np.sum(told & label) / np.sum(label)) if label.any() else float("nan")
    precision = sum(pairs.values()) / len(pairs) if pairs else float("nan")
    return Alerts(threshold, len(pairs) / days, precision, recall)


def budget_threshold(score: Doubles, card: Wholes, day: Wholes, cards_per_day: int) -> float:
    """The lowest threshold that alerts no more than so many cards a day on average; infinite when none does."""
    days = len(np.unique(day))
    _, place = np.unique(np.stack([card, day]), axis=1, return_inverse=True)
    top = np.full(int(place.max()) + 1, -np.inf)
    np.maximum.at(top, place.ravel(), score)
    ordered = np.sort(top)[::-1]
    allowed = cards_per_day * days
    if allowed >= len(ordered):
        return float(ordered[-1])
    above = ordered[ordered > ordered[allowed]]
    return float(above[-1]) if len(above) else float("inf")


def calibration_error(label: Truths, probability: Doubles, bins: int = BINS) -> float:
    """The expected calibration error over bins of equal size: how far shares and probabilities lie apart."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [len(p) * abs(float(np.mean(label[p])) - float(np.mean(probability[p]))) for p in parts if len(p)]
    return float(sum(gaps) / len(label))


def savings(label: Truths, probability: Doubles, amount: Doubles, review_cost: float) -> float:
    """What is saved by reviewing where probability x amount reaches the cost, as a share of all that was lost."""
    reviewed = probability * amount >= review_cost
    lost = float(np.sum(amount[label]))
    paid = float(np.sum(reviewed) * review_cost + np.sum(amount[label & ~reviewed]))
    return 1.0 - paid / lost if lost else float("nan")


def macro_f1(label: Truths, told: Truths) -> float:
    """The mean of the F1 of the positives and the F1 of the negatives, for those that are told to be positive.

    >>> macro_f1(np.array([True, False, False, False]), np.array([True, True, False, False]))
    0.7333333333333334
    """
    both = []
    for truth, said in ((label, told), (~label, ~told)):
        whole = int(truth.sum()) + int(said.sum())
        both.append(2 * int((truth & said).sum()) / whole if whole else 0.0)
    return sum(both) / 2


def draws(
    figure: Callable[[Curve], float], label: Truths, score: Doubles, card: Wholes, *, seed: int, rounds: int = 200
) -> Doubles:
    """A figure over whole cards drawn again and again: a card's events are no strangers. NaN where a draw has one
    class alone.
    """
    chance = np.random.default_rng(seed)
    cards, place = np.unique(card, return_inverse=True)
    found = np.empty(rounds)
    for each in range(rounds):
        drawn = np.bincount(chance.integers(0, len(cards), len(cards)), minlength=len(cards)).astype(np.float64)
        found[each] = figure(Curve.of(label, score, drawn[place]))
    return found


def daily_draws(days: Sequence[float], *, seed: int, rounds: int = 200) -> Doubles:
    """The mean of a daily figure over whole days drawn again and again."""
    chance = np.random.default_rng(seed)
    each = np.asarray(days, np.float64)
    means: Doubles = each[chance.integers(0, len(each), (rounds, len(each)))].mean(axis=1)
    return means


def interval(drawn: Doubles) -> tuple[float, float]:
    """The 95 % interval of what was drawn."""
    found = drawn[~np.isnan(drawn)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """The mean of folds and how far they lie apart."""
    return float(np.mean(values)), float(np.std(values))
