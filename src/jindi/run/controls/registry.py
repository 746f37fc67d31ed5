"""The checks by name. A new one is a function with a decorator; nothing else has to know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jindi.basics.problems import Problems
from jindi.oversight import Outcome
from jindi.packs import ControlDef, Words
from jindi.run.controls.ground import CouldNotRun, Evidence, Failed, Ground, could_not_run

Argument = int | str | tuple[str, ...]


class Asked:
    """What a control asks its check for: the arguments of the pack, the check's own where there is none."""

    def __init__(self, given: Mapping[str, Argument]) -> None:
        self._given = given

    def whole(self, name: str) -> int:
        """A whole number."""
        value = self._given[name]
        assert isinstance(value, int), "arguments were fitted"
        return value

    def text(self, name: str) -> str:
        """A text."""
        value = self._given[name]
        assert isinstance(value, str), "arguments were fitted"
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._given[name]
        assert isinstance(value, tuple), "arguments were fitted"
        return value


Look = Callable[[Ground, Asked], Evidence]


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what it does in words, and which arguments it takes, each with its default.

    `is_here`: it needs what a running platform alone has open (the vault's key book), so it runs in a thread of that
    platform; all others run in a process of their own, beside decisions and not between them.
    """

    name: str
    doc: Words
    look: Look
    takes: Mapping[str, Argument]
    is_here: bool


CHECKS: dict[str, Check] = {}
"""All checks that this version of Jindi has."""


def check(name: str, zh: str, en: str, *, is_here: bool = False, **takes: Argument) -> Callable[[Look], Look]:
    """Enter a function as the check of this name."""

    def entered(look: Look) -> Look:
        assert name not in CHECKS, f"two checks are called {name}"
        CHECKS[name] = Check(name, Words(zh, en), look, takes, is_here)
        return look

    return entered


@dataclass(frozen=True, slots=True)
class Found:
    """What a check came to."""

    outcome: Outcome
    why: Words
    evidence: Evidence


def look(control: ControlDef, ground: Ground) -> Found:
    """Run the check of a control. Whatever stands in its way is what it came to, never an exception."""
    try:
        found = CHECKS.get(control.check)
        if found is None:
            raise could_not_run(
                f"本版本没有名为 {control.check} 的检查，无从证明",
                f"this version has no check called {control.check}, so nothing is proved",
            )
        evidence = found.look(ground, fitted(control, found))
    except Failed as failure:
        return Found("failed", failure.why, failure.evidence)
    except CouldNotRun as hindrance:
        return Found("could_not_run", hindrance.why, hindrance.evidence)
    except Problems as problems:
        # They name a place, a problem and a remedy, and never a value that could be anybody's.
        first = problems.problems[0]
        place = first.where or first.item
        why = Words(f"检查所需的部分不可用：{place}", f"what the check needs is not to be had: {first}"[:400])
        return Found("could_not_run", why, {"problems": len(problems.problems)})
    except Exception as error:  # noqa: BLE001 - whatever it was, nothing is proved
        # Only its kind: a message may hold what the check was looking at.
        kind = type(error).__name__
        return Found("could_not_run", Words(f"检查中断：{kind}", f"the check broke off: {kind}"), {"error": kind})
    if not evidence:
        return Found("could_not_run", Words("检查没有给出证据", "the check brought no evidence"), {})
    return Found("passed", Words("", ""), evidence)


def fitted(control: ControlDef, found: Check) -> Asked:
    """The arguments of a control, fitted to what its check takes. Raises CouldNotRun."""
    wrong = sorted(
        name
        for name, value in control.arguments.items()
        if name not in found.takes or type(value) is not type(found.takes[name])
    )
    if wrong:
        raise could_not_run(
            f"检查 {found.name} 不接受这样的参数：{', '.join(wrong)}",
            f"the check {found.name} takes no such argument: {', '.join(wrong)}",
        )
    return Asked({**found.takes, **control.arguments})
