"""The words that a pack may use: keys of every table, kinds, outcomes, names that are taken.

`docs/packs.md` documents every key of `KEYS`; a test holds the two together.
"""

import keyword
from collections.abc import Mapping

from jindi.basics.identifiers import NORMAL_FORMS
from jindi.language import TIME_WORDS

KEYS: Mapping[str, tuple[str, ...]] = {
    "pack": ("name", "version", "zone", "currency", "doc", "needs"),
    "doc": ("zh", "en"),
    "event": ("doc", "late_after", "lifecycle", "own", "fields"),
    "field": (
        "type", "class", "doc", "required", "entity", "identifier", "subject", "same_as", "values", "length_max",
        "least", "most", "currency", "currency_field", "screens", "derives", "strict", "lies_in",
    ),
    "field screens": ("name", "number", "birth", "country", "kind"),
    "field derives": ("from", "what"),
    "field lies_in": ("address", "lists"),
    "feature": (
        "doc", "of", "by", "fold", "value", "over", "lag", "where", "counts", "current", "q", "degrade",
    ),
    "pattern fact": ("doc", "pattern", "fact", "degrade"),
    "derived": ("doc", "is", "else", "degrade"),
    "model": ("doc", "on", "file", "degrade"),
    "limit": ("doc", "type", "currency", "mark", "value"),
    "step": ("since", "is", "basis", "mark"),
    "list": ("doc", "colour", "of", "identifier", "entry"),
    "entry": ("value", "expires", "reason"),
    "label": ("doc", "on", "mature", "from"),
    "word": ("event", "names", "is"),
    "policy": ("id", "on", "state", "split", "doc", "deadline", "keeps", "band", "rule", "exemption", "case"),
    "split": ("by", "share", "seed"),
    "band": ("from", "then", "method", "wait"),
    "rule": (
        "id", "doc", "when", "then", "score", "basis", "degrade", "method", "wait", "share_max",
        "confirmed_share", "typology", "tell", "discreet", "case",
    ),
    "rule case": ("name", "given", "lists", "at", "fires"),
    "exemption": ("id", "doc", "when", "lifts", "basis"),
    "policy case": ("name", "given", "lists", "at", "outcome"),
    "control": (
        "doc", "measure", "risk", "by", "check", "with", "owner", "every", "severity", "basis", "excluded",
    ),
    "typology": ("doc", "by", "least", "severity", "due", "rest", "step"),
    "typology step": ("doc",),
    "advice": ("doc", "outcome"),
    "incident report": (
        "doc", "profile", "to", "least", "kinds", "critical", "persons", "due", "every", "again", "mark", "basis",
    ),
    "incident due": ("from", "within", "of"),
    "incident threshold": ("doc", "profile", "grade", "measure", "from", "kinds", "critical", "whole"),
    "incident plan": ("doc", "kind", "step"),
    "incident plan step": ("doc",),
    "source": (
        "title", "body", "number", "since", "status", "mark", "names", "address", "note", "article",
    ),
    "article": ("id", "says", "mark"),
    "pattern": (
        "doc", "kind", "of", "over", "payers", "payees", "middlemen", "sources", "length", "order", "share", "new_for",
        "only_new", "basis", "mark", "case",
    ),
    "pattern feed": ("event", "payer", "payee", "amount"),
    "pattern case": ("name", "transfers", "completes", "gives"),
    "calendar": ("doc", "adds_to", "year"),
    "calendar year": ("of", "off", "work", "basis", "mark"),
    "days off": ("first", "last"),
    "large criterion": (
        "doc", "code", "who", "means", "border", "cny", "usd", "within", "calendar", "basis", "mark",
    ),
    "large exemption": ("doc", "basis", "mark"),
    "rating scheme": ("doc", "on", "steps", "opens", "again", "first", "calendar", "basis", "mark"),
    "rating level": ("doc", "from", "review", "enhanced"),
    "rating factor": ("doc", "group", "weight", "of", "is", "from", "otherwise", "missing", "basis", "mark"),
    "rating bound": ("at", "is"),
    "rating mitigation": ("doc", "of", "is", "at_least", "less", "basis"),
    "rating direct": ("doc", "of", "is", "at_least", "basis"),
    "suspicion": ("doc", "typology", "crimes", "features", "basis", "mark"),
    "movement": (
        "doc", "event", "customer", "kind", "way", "means", "side", "amount", "card", "other", "other_name", "exempt",
    ),
}  # fmt: skip
"""Every key that each kind of table accepts; any other key is refused."""

FIELD_TYPES = ("text", "int", "bool", "money", "time", "ratio")
LIMIT_TYPES = ("money", "int", "ratio", "duration", "text")
MARKS = ("verified", "from memory", "design default")
SOURCE_STATES = ("in force", "repealed", "draft", "ours")
COLOURS = ("black", "white", "grey")
STATES = ("live", "shadow", "draft")
DEGRADES = ("open", "closed", "challenge")
DATA_CLASSES = ("public", "C1", "C2", "C3")
UNITS = ("day", "week", "month", "year")
RISKS = (
    "leak",
    "attack",
    "keys",
    "outage",
    "staff",
    "fraud",
    "compliance",
    "funds",
    "suppliers",
    "evidence",
)
"""What a control is against. The words for people stand with the register (`oversight`)."""

SEVERITIES = ("high", "medium", "low")
CONTROLS_PERIOD_MAX_US = 366 * 86_400_000_000
"""A control that is looked at less than once a year is not looked at."""

IDENTIFIERS: tuple[str, ...] = tuple(NORMAL_FORMS)
"""Kinds of identifier that intake can turn into tokens."""

PERSONAL = ("phone", "id_card", "bank_card", "email", "name", "address", "account", "text")
"""Kinds that point at a person: JR/T 0171-2020 puts them in C2, so a lower class is refused."""

DERIVED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "id_card": {
        "region": ("text", "C2"), "age": ("int", "C2"), "sex": ("text", "C2"), "fault": ("text", "C1"),
    },
    "uscc": {
        "registrar": ("text", "C1"), "sort": ("text", "C1"), "region": ("text", "C1"), "fault": ("text", "C1"),
    },
    "bank_card": {"scheme": ("text", "C1"), "funding": ("text", "C1")},
    "phone": {"plan": ("text", "C1"), "block": ("text", "C2")},
}  # fmt: skip
"""What a kind of identifier tells without telling whose it is: for each attribute its type, and the lowest data class
that a field of it may have. What describes one person stays personal though nobody is named by it.
"""

STRICT = tuple(kind for kind, attributes in DERIVED.items() if "fault" in attributes)
"""Kinds whose numbers can be well-formed and yet impossible, so that a field may be `strict` about them."""

GIVEN_AWAY = ("phone", "mobile", "id_card", "bank_card", "card_number", "email")
"""Field names that say that they hold a personal identifier: without `identifier` they would be stored in
clear, which is hardly ever meant."""

ENVELOPE = ("id", "type", "at")
"""What every event carries beside its fields."""

TAKEN = frozenset({*ENVELOPE, *TIME_WORDS, *keyword.kwlist, "true", "false"})
"""Names that no field and no feature may have, because an expression or an event means something else by
them."""

LIFECYCLES: Mapping[str, Mapping[str, str]] = {
    "challenge_result": {"decision": "text", "user": "text", "method": "text", "passed": "bool"},
    "release": {"decision": "text", "by": "text"},
    "recall": {"decision": "text", "by": "text"},
    "verdict": {"decision": "text", "verdict": "text", "by": "text"},
    "finding": {"decision": "text", "finding": "text", "by": "text"},
    "list_entry": {"list": "text", "value": "text", "action": "text", "reason": "text", "by": "text"},
}
"""The events of a decision's life, with the fields (and their types) that each must have."""

PATTERN_FACTS = ("members", "others", "length", "money", "span", "share", "new_pairs")
"""What a pattern tells beside whether it is complete: counts, money in minor units, microseconds, parts per million."""

PATTERN_WORDS = ("hit", *PATTERN_FACTS, "whole")
"""What a feature may be of a pattern: whether it is complete, its figures, and whether all could be looked at."""

PATTERN_FOLD = "pattern"
"""The fold of a feature that is a fact of a pattern; packs don't write it."""

EVERYBODY = "everybody"
"""The `by` of a feature that is kept once for all events, as the size of the whole history is."""

FOLDS_OF_NUMBERS = frozenset({"sum", "mean", "std", "min", "max", "quantile"})
FOLDS_WITHOUT_VALUE = frozenset({"count", "since_first", "since_last"})
FOLDS_STRICTLY_EARLIER = frozenset({"seen", "first", "last", "since_first", "since_last"})
"""Folds that never see the current event; `current` would mean nothing."""

FOLDS_OF_TOKENS = ("count", "distinct", "seen", "first", "last")
