"""Which decisions come to people, as what, and about whom."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from jindi.basics.money import EXPONENTS
from jindi.language import Kind, Value
from jindi.packs import OUTCOMES, EventDef, Outcome, RuleDef, TypologyDef

CUSTOMERS: Final = ("user", "customer")
"""Entities that stand for the customers of the house."""

ITSELF: Final = "decision"
"""The entity of an alert that is about nobody whom the event names: it is about its decision alone."""


class Alert(msgspec.Struct, frozen=True):
    """One decision that people look at. `seq` is its place in the journal, `outcome` its weight among `OUTCOMES`.

    `subject` is whose it is: the value (a token, where it is an identifier's) of the entity that the typology is about.
    `amount_minor` is the first amount of the event, None when it has none.
    """

    seq: int
    event_type: str
    typology: str
    entity: str
    subject: str
    at_us: int
    outcome: int
    score: int
    amount_minor: int | None = None
    currency: str = ""


def alert_of(
    seq: int, event: EventDef, values: Sequence[Value], at_us: int, outcome: Outcome, score: int,
    hits: Sequence[RuleDef], typologies: Mapping[str, TypologyDef],
) -> Alert | None:  # fmt: skip
    """The alert that a decision is; None when it is none.

    Its typology is that of the rule that weighs most: the heaviest outcome, then the highest score, then the first.
    """
    typology = _typology_of(hits, typologies)
    weight = OUTCOMES.index(outcome)
    if typology is None or weight < OUTCOMES.index(typology.least):
        return None
    entity, subject = _subject_of(event, values, typology)
    amount_minor, currency = _amount_of(event, values)
    return Alert(
        seq, event.name, typology.name, entity, subject or str(seq), at_us, weight, score, amount_minor, currency
    )


def _typology_of(hits: Sequence[RuleDef], typologies: Mapping[str, TypologyDef]) -> TypologyDef | None:
    pointing = [rule for rule in hits if rule.typology in typologies]
    if pointing:
        first = max(pointing, key=lambda rule: (_weight(rule), rule.score))
        return typologies[first.typology or ""]
    return next((each for each in typologies.values() if each.rest), None)


def _weight(rule: RuleDef) -> int:
    return OUTCOMES.index(rule.then) if rule.then is not None else 0


def _subject_of(event: EventDef, values: Sequence[Value], typology: TypologyDef) -> tuple[str, str]:
    named: dict[str | None, Value] = {}
    for field, value in zip(event.fields, values, strict=True):
        if value is not None:
            named.setdefault(field.entity, value)  # of payer and payee, say, it is about the first
    for entity in typology.by:
        if entity in named:
            return entity, str(named[entity])
    return ITSELF, ""


def _amount_of(event: EventDef, values: Sequence[Value]) -> tuple[int | None, str]:
    named = {field.name: value for field, value in zip(event.fields, values, strict=True)}
    for field in event.fields:
        value = named[field.name]
        if field.type.kind is Kind.MONEY and isinstance(value, int):
            currency = field.type.of or str(named.get(field.type.currency_field or "", ""))
            if currency in EXPONENTS:
                return value, currency
    return None, ""
