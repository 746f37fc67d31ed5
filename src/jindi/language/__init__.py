"""The one expression language: parse, type-check, compile, trace.

Knows: expressions, their types and their meaning. Never: where values come from.
"""

from jindi.language.compiler import Rules, Values, build_rules, build_values
from jindi.language.explain import Crossing, Trace, crossings, trace
from jindi.language.expression import Expression, ExpressionProblems, evaluate, read
from jindi.language.syntax import RESERVED
from jindi.language.types import BOOL, DURATION, INT, RATIO, TEXT, TIME, Kind, Scope, Type, Value
from jindi.language.words import TIME_WORDS, distance_km, time_words

__all__ = [
    "BOOL",
    "DURATION",
    "INT",
    "RATIO",
    "RESERVED",
    "TEXT",
    "TIME",
    "TIME_WORDS",
    "Crossing",
    "Expression",
    "ExpressionProblems",
    "Kind",
    "Rules",
    "Scope",
    "Trace",
    "Type",
    "Value",
    "Values",
    "build_rules",
    "build_values",
    "crossings",
    "distance_km",
    "evaluate",
    "read",
    "time_words",
    "trace",
]
