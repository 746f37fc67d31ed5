"""The first two digits of an identity number or of a unified social credit code: the province that gave it out.

Source: GB/T 2260 (codes of administrative divisions), the level of provinces; 83 stands on residence permits of people
from Taiwan. Nothing finer is held against a table: districts were merged and renamed for forty years, and a number
keeps the code of the day on which it was given out, so that a table of today would doubt people who are old.
"""

from collections.abc import Set as AbstractSet
from typing import Final

PROVINCES: Final[AbstractSet[str]] = frozenset(
    {
        "11", "12", "13", "14", "15",
        "21", "22", "23",
        "31", "32", "33", "34", "35", "36", "37",
        "41", "42", "43", "44", "45", "46",
        "50", "51", "52", "53", "54",
        "61", "62", "63", "64", "65",
        "71", "81", "82", "83",
    }
)  # fmt: skip
"""All codes of provinces that an identity number may begin with."""

NATION: Final = "10"
"""What a unified social credit code has for bodies that the centre registers (GB 32100-2015)."""
