"""What comes out of a policy: verdicts, and the decision that is journalled.

They are msgspec structs because thousands a second are made, kept and written.
"""

from collections.abc import Mapping

from msgspec import Struct

from jindi.packs.definitions import OUTCOMES, Outcome

WEIGHTS: Mapping[Outcome, int] = {outcome: weight for weight, outcome in enumerate(OUTCOMES)}
"""How heavy an outcome is: its place among all outcomes."""


class Verdict(Struct, frozen=True, gc=False):
    """What one policy says about one event.

    `hits` are the indices of the rules that stand, `exempted` of those whose condition held but whose
    outcome was lifted by an exemption (their score still counts), both in the policy's order.
    `presumed` are those of `hits` and `exempted` that only speak because an input was away and they are
    declared `closed` or `challenge`. `degraded` names the absent inputs that left a rule undetermined.
    `method` belongs to a challenge, `wait_us` to a delay; else None.
    """

    policy: str | None
    outcome: Outcome = Outcome.ALLOW
    score: int = 0
    hits: tuple[int, ...] = ()
    exempted: tuple[int, ...] = ()
    presumed: tuple[int, ...] = ()
    degraded: tuple[str, ...] = ()
    method: str | None = None
    wait_us: int | None = None


class Decision(Struct, frozen=True, gc=False):
    """The deciding policy's verdict, and beside it what each shadow policy would have said.

    `policy` is None when the event type has no live policy; the outcome is then to allow. `side` is 1 when the
    challenger decided and not the live policy.
    """

    policy: str | None
    outcome: Outcome
    score: int
    hits: tuple[int, ...]
    exempted: tuple[int, ...]
    presumed: tuple[int, ...]
    degraded: tuple[str, ...]
    method: str | None
    wait_us: int | None
    shadows: tuple[Verdict, ...] = ()
    side: int = 0

    @classmethod
    def of(cls, verdict: Verdict, shadows: tuple[Verdict, ...] = (), side: int = 0) -> "Decision":
        """A decision from the deciding verdict and those of the shadows."""
        return cls(
            verdict.policy, verdict.outcome, verdict.score, verdict.hits, verdict.exempted,
            verdict.presumed, verdict.degraded, verdict.method, verdict.wait_us, shadows, side,
        )  # fmt: skip
