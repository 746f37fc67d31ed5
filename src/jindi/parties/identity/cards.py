"""Which scheme a bank card is of, and what it draws on, by the digits that its number begins with.

The ranges of schemes are public (ISO/IEC 7812-1 and what the schemes print); those of single banks are not, and the few
below are from memory. A platform's acquirer has the whole table under licence: where it says otherwise, it is right. A
number in no range tells nothing, which is no reason to doubt it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Scheme = Literal["unionpay", "visa", "mastercard", "amex", "jcb", "diners", "discover"]
Funding = Literal["debit", "credit"]
Mark = Literal["verified", "from memory"]


@dataclass(frozen=True, slots=True)
class CardRange:
    """Numbers whose first digits lie from `first` to `last` (of one length), in use since `since`.

    `funding` is None where a range has both; `mark` says how sure the line is.
    """

    first: str
    last: str
    scheme: Scheme
    since: date
    funding: Funding | None = None
    mark: Mark = "from memory"

    def holds(self, number: str, day: date) -> bool:
        """Whether a card's number lies in the range, on a day.

        >>> CardRange("51", "55", "mastercard", date(1968, 1, 1)).holds("5412345678901234", date(2026, 1, 1))
        True
        """
        return self.since <= day and self.first <= number[: len(self.first)] <= self.last


_EARLY: Final = date(1970, 1, 1)
_UNIONPAY: Final = date(2002, 3, 26)

CARD_RANGES: Final = (
    # Single banks first: the longest beginning says most.
    CardRange("622202", "622202", "unionpay", _UNIONPAY, "debit"),
    CardRange("622208", "622208", "unionpay", _UNIONPAY, "debit"),
    CardRange("621226", "621226", "unionpay", _UNIONPAY, "debit"),
    CardRange("622848", "622848", "unionpay", _UNIONPAY, "debit"),
    CardRange("621700", "621700", "unionpay", _UNIONPAY, "debit"),
    CardRange("622700", "622700", "unionpay", _UNIONPAY, "debit"),
    CardRange("621661", "621661", "unionpay", _UNIONPAY, "debit"),
    CardRange("622588", "622588", "unionpay", _UNIONPAY, "debit"),
    CardRange("622575", "622581", "unionpay", _UNIONPAY, "credit"),
    CardRange("625", "625", "unionpay", _UNIONPAY, "credit"),
    CardRange("62", "62", "unionpay", _UNIONPAY),
    CardRange("81", "81", "unionpay", date(2016, 1, 1)),
    CardRange("2221", "2720", "mastercard", date(2017, 1, 1), None, "from memory"),
    CardRange("3528", "3589", "jcb", _EARLY),
    CardRange("6011", "6011", "discover", _EARLY),
    CardRange("300", "305", "diners", _EARLY),
    CardRange("644", "649", "discover", _EARLY),
    CardRange("34", "34", "amex", _EARLY, None),
    CardRange("37", "37", "amex", _EARLY, None),
    CardRange("36", "36", "diners", _EARLY),
    CardRange("38", "39", "diners", _EARLY),
    CardRange("51", "55", "mastercard", _EARLY),
    CardRange("65", "65", "discover", _EARLY),
    CardRange("4", "4", "visa", _EARLY),
)


def card_range(number: str, day: date) -> CardRange | None:
    """The first range that a card's number lies in, the most telling one; None when it lies in none.

    >>> card_range("6225750000000000", date(2026, 1, 1)).funding
    'credit'
    >>> card_range("9999999999999999", date(2026, 1, 1)) is None
    True
    """
    return next((each for each in CARD_RANGES if each.holds(number, day)), None)
