"""Files in, frozen definitions out: typed, dated, checked, with every problem told at once.

Knows: the format of packs and what must hold in them. Never: where files lie, what happens to an event.
"""

from jindi.packs.definitions import (
    FOLDS,
    OUTCOMES,
    BandDef,
    CaseDef,
    DataClass,
    Definitions,
    Degrade,
    DerivedDef,
    EventDef,
    ExemptionDef,
    FeatureDef,
    FieldDef,
    LabelDef,
    LimitDef,
    LimitStep,
    ListDef,
    ListEntry,
    Outcome,
    Over,
    PackDef,
    PolicyDef,
    RuleDef,
    Unit,
    WordDef,
    Words,
)
from jindi.packs.load import load
from jindi.packs.scopes import readable, scope_for
from jindi.packs.skeleton import skeleton

__all__ = [
    "FOLDS",
    "OUTCOMES",
    "BandDef",
    "CaseDef",
    "DataClass",
    "Definitions",
    "Degrade",
    "DerivedDef",
    "EventDef",
    "ExemptionDef",
    "FeatureDef",
    "FieldDef",
    "LabelDef",
    "LimitDef",
    "LimitStep",
    "ListDef",
    "ListEntry",
    "Outcome",
    "Over",
    "PackDef",
    "PolicyDef",
    "RuleDef",
    "Unit",
    "WordDef",
    "Words",
    "load",
    "readable",
    "scope_for",
    "skeleton",
]
