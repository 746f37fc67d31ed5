"""Drift and decay: whether what is decided on, and how well it is judged, is still what it was.

Knows: the journal, labels as they mature, what a model's evaluation promised. Never: what to do about it beyond a
proposal; a person decides that.
"""

from jindi.run.drift.figures import Comparison, compare_columns
from jindi.run.drift.report import Evaluations, Question, drift
from jindi.run.drift.statistics import chi_square_quantile, chi_square_tail, critical_psi, ks_distance, ks_tail, psi

__all__ = [
    "Comparison", "Evaluations", "Question", "chi_square_quantile", "chi_square_tail", "compare_columns",
    "critical_psi", "drift", "ks_distance", "ks_tail", "psi",
]  # fmt: skip
