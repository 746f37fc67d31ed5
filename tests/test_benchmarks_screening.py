"""What the benchmark of screening counts is counted rightly."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import screening as bench

from jindi.parties.screening import Entry, Index, Name


def test_precision_recall_and_f1_are_those_of_the_textbook():
    scored = [(90.0, True, {}), (85.0, False, {}), (70.0, True, {}), (10.0, False, {})]
    assert bench.f1(scored, 80) == (0.5, 0.5, 0.5)
    assert bench.f1(scored, 60) == pytest.approx((2 / 3, 1.0, 0.8))
    assert bench.best(scored) == 70


@pytest.mark.parametrize("kind", bench.ERRORS)
def test_an_error_is_what_it_is_called_and_the_same_for_a_seed(kind):
    name = "Anton Maria Bergmann"
    one, other = (bench.ERRORS[kind](name, random.Random(3)) for _ in range(2))
    assert one == other
    assert (one == name) == (kind == "none")


def test_what_is_missed_and_what_is_found_wrongly_is_counted():
    entry = Entry("1", "person", (Name("Anton Maria Bergmann"),))
    index = Index.of([entry])
    told = bench.recall(index, [entry])
    assert (told["none"].of, told["none"].found) == (1, 1)
    told = bench.recall(index, [Entry("2", "person", (Name("Xaver Quill Ottoson"),))])
    assert (told["none"].of, told["none"].found, len(told["none"].missed)) == (1, 0, 1)
    assert bench.false_hits(index, ["Ann Lee", "Anton Bergman"]) == [("Anton Bergman", "Anton Maria Bergmann", 90)]
