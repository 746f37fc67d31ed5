"""What clear text may be asked for: a list of purposes, each with the kinds of identifier that it needs.

Knows: purposes and their words. Never: who asks. A purpose that needs no identity number doesn't open one: that is what
"only what is necessary" of PIPL Art. 6 means on a screen. The list and its kinds are a design default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jindi.vault import SHOWN_MAX

CASE_REMEDY = "write the case's reference, such as CASE-2026-0042"

_OURS = re.compile(r"case_[0-9a-f]{12}\Z", re.ASCII)
_CASE = re.compile(r"[A-Za-z]{2,12}[-_/][0-9A-Za-z]+(?:[-_/][0-9A-Za-z]+){0,4}\Z", re.ASCII)
_CASE_LENGTH_MAX = 40
_DIGITS_MAX = 10
"""More digits in a row than this, separators left out, could be somebody's number."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody wants to see clear text, in words, and what he may see for it."""

    name: str
    zh: str
    en: str
    kinds: frozenset[str]


def _table(*purposes: Purpose) -> dict[str, Purpose]:
    return {purpose.name: purpose for purpose in purposes}


_EVERY = frozenset(SHOWN_MAX)

PURPOSES: Mapping[str, Purpose] = _table(
    Purpose(
        "fraud_investigation", "欺诈调查", "fraud investigation",
        frozenset({"name", "phone", "email", "bank_card", "account", "device", "ip"}),
    ),
    Purpose("customer_contact", "联系客户核实", "calling the customer", frozenset({"name", "phone", "email"})),
    Purpose(
        "customer_request", "处理客户请求或投诉", "a customer's request or complaint",
        frozenset({"name", "phone", "email", "address", "account", "bank_card"}),
    ),
    Purpose("legal_order", "司法或监管协查", "an order of a court or an authority", _EVERY),
    Purpose("aml_report", "反洗钱报告", "a report against money laundering", _EVERY),
    Purpose(
        "reconciliation", "资金对账", "reconciliation", frozenset({"name", "bank_card", "account", "uscc"}),
    ),
)  # fmt: skip


def is_case(text: str) -> bool:
    """Whether a text has the form of a case's reference, and can't be somebody's number in its clothes.

    >>> is_case("CASE-2026-0042"), is_case("case_00000000002f"), is_case("TEL-138-1234-5678"), is_case("because")
    (True, True, False, False)
    """
    if _OURS.match(text) is not None:
        return True
    if len(text) > _CASE_LENGTH_MAX or _CASE.match(text) is None:
        return False
    return all(len(digits) <= _DIGITS_MAX for digits in re.findall("[0-9]+", re.sub("[-_/]", "", text)))
