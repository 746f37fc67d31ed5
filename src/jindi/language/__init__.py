"""The one expression language: parse, type-check, compile, trace; one row at a time, or whole columns.

Knows: expressions, their types and their meaning. Never: where values come from.
"""

from jindi.language.columns import Column, column_of, evaluate_columns, true_in
from jindi.language.compiler import Rules, Truths, Values, build_rules, build_truths, build_values
from jindi.language.explain import Crossing, Trace, crossings, trace
from jindi.language.expression import Expression, ExpressionProblems, evaluate, read
from jindi.language.rows import OPERATORS, ROWS_MAX, Group, Join, Row, laid_out, rows_of, written
from jindi.language.syntax import LENGTH_MAX, RESERVED
from jindi.language.types import BOOL, DURATION, INT, RATIO, TEXT, TIME, Kind, Scope, Type, Value
from jindi.language.words import TIME_WORDS, distance_km, time_words

__all__ = [
    "BOOL",
    "DURATION",
    "INT",
    "LENGTH_MAX",
    "OPERATORS",
    "RATIO",
    "RESERVED",
    "ROWS_MAX",
    "TEXT",
    "TIME",
    "TIME_WORDS",
    "Column",
    "Crossing",
    "Expression",
    "ExpressionProblems",
    "Group",
    "Join",
    "Kind",
    "Row",
    "Rules",
    "Scope",
    "Trace",
    "Truths",
    "Type",
    "Value",
    "Values",
    "build_rules",
    "build_truths",
    "build_values",
    "column_of",
    "crossings",
    "distance_km",
    "evaluate",
    "evaluate_columns",
    "laid_out",
    "read",
    "rows_of",
    "time_words",
    "trace",
    "true_in",
    "written",
]
