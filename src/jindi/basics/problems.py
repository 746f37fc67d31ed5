"""A problem with an address: where it is, what is wrong, and what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with what somebody gave us.

    `where` is a file or a path in a document, `item` the thing in it, `problem` what is wrong with the
    value (never the value itself where it could be personal), `remedy` what to do.

    >>> print(Problem("payment/features.toml", "users_7d", "unknown fold 'cuont'", "use one of: count, sum"))
    payment/features.toml: users_7d: unknown fold 'cuont' (use one of: count, sum)
    """

    where: str
    item: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        address = ": ".join(part for part in (self.where, self.item) if part)
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{address}: {self.problem}{remedy}" if address else f"{self.problem}{remedy}"


class Problems(Exception):  # noqa: N818 - it is the list of problems itself that is raised
    """All the problems of one input, raised together so that one try shows them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_as_people_count))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _as_people_count(problem: Problem) -> tuple[tuple[tuple[str, int], ...], Problem]:
    """Line 2 before line 10.

    >>> [str(each) for each in Problems([Problem("line 10", "", "b"), Problem("line 2", "", "a")]).problems]
    ['line 2: a', 'line 10: b']
    """
    parts = re.findall(r"(\D*)(\d*)", f"{problem.where}\0{problem.item}", re.ASCII)
    return tuple((text, int(digits or -1)) for text, digits in parts), problem
