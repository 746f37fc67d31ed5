"""The answer on the wire: the same bytes whether it is given for the first time or again."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from jindi.basics.instants import format_instant
from jindi.engine import EventProgram, Reason, advice_of
from jindi.packs import Outcome
from jindi.run.records import decision_id

_json = msgspec.json.Encoder().encode
JOINED_MAX = 1_024

RESTRICTED = "restricted"
DISCREET = Reason(
    RESTRICTED,
    "该业务暂时无法办理，请联系客服。",
    "This can't be done at the moment. Please contact customer service.",
    "",
)
"""What an answer says in the place of a rule that whoever it is about must not hear of."""


class Verdictlike(Protocol):
    """What an answer needs of a verdict, live or read back."""

    @property
    def score(self) -> int:
        """Points."""

    @property
    def hits(self) -> Sequence[int]:
        """Rules hit, by their place in the policy."""

    @property
    def exempted(self) -> Sequence[int]:
        """Rules hit whose outcome an exemption lifted."""

    @property
    def degraded(self) -> Sequence[str]:
        """Inputs that were away and mattered."""

    @property
    def method(self) -> str | None:
        """How to step up, for a challenge."""

    @property
    def wait_us(self) -> int | None:
        """How long to wait, for a delay."""


class Writer:
    """Writes the answers of one event type and one side: everything that doesn't change is bytes already."""

    def __init__(self, ep: EventProgram, side: int = 0) -> None:
        live = ep.decider(side)
        rules = live.policy.rules if live is not None else ()
        reasons = live.reasons if live is not None else ()
        told = [DISCREET if rule.discreet else reason for rule, reason in zip(rules, reasons, strict=True)]
        self._reasons = [_json(reason) for reason in told]
        self._joined: dict[tuple[int, ...], bytes] = {}
        self._ep, self._side = ep, side
        self._advice: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._rule_ids = tuple(reason.rule for reason in told)
        self._policy = _json(f"{live.policy.id}@{live.policy.digest[:12]}") if live is not None else b"null"
        # Nearly every answer ends like this: no rule spoke.
        self._nothing = b"".join(
            (b',"outcome":"allow","score":0,"reasons":[],"policy":', self._policy, b',"degraded":false,"late":false}')
        )

    def write(self, seq: int, event_id: str, as_of_us: int, late: bool, outcome: str, verdict: Verdictlike) -> bytes:
        """The JSON object of a decision."""
        if outcome == "allow" and not (verdict.hits or verdict.exempted or verdict.degraded or verdict.score or late):
            return b"".join(
                (b'{"decision_id":"', decision_id(seq).encode(), b'","event_id":', _json(event_id), self._nothing)
            )
        parts = [
            b'{"decision_id":"', decision_id(seq).encode(), b'","event_id":', _json(event_id),
            b',"outcome":"', outcome.encode(), b'","score":', str(verdict.score).encode(),
            b',"reasons":[', self._reasons_of(tuple(verdict.hits)),
            b'],"policy":', self._policy,
            b',"degraded":', b"true" if verdict.degraded else b"false",
            b',"late":', b"true" if late else b"false",
        ]  # fmt: skip
        extra: dict[str, Any] = {}
        if verdict.exempted:
            extra["exempted"] = [self._rule_ids[hit] for hit in verdict.exempted]
        if verdict.degraded:
            extra["degraded_inputs"] = list(verdict.degraded)
        if outcome == "challenge" and verdict.method is not None:
            extra["method"] = verdict.method
        if outcome == "delay" and verdict.wait_us is not None:
            extra["release_at"] = format_instant(as_of_us + verdict.wait_us)
        if extra:
            parts += [b",", _json(extra)[1:-1]]
        if outcome != "allow":
            parts.append(self._advice_of(outcome, tuple(verdict.hits)))
        parts.append(b"}")
        return b"".join(parts)

    def _reasons_of(self, hits: tuple[int, ...]) -> bytes:
        """The reasons of some rules. The same few are hit together again and again."""
        joined = self._joined.get(hits)
        if joined is None:
            if len(self._joined) >= JOINED_MAX:
                self._joined.clear()
            joined = self._joined[hits] = b",".join([self._reasons[hit] for hit in hits])
        return joined

    def _advice_of(self, outcome: str, hits: tuple[int, ...]) -> bytes:
        """What the customer is told, as a field of its own; nothing where nothing is told."""
        told = self._advice.get((outcome, hits))
        if told is None:
            if len(self._advice) >= JOINED_MAX:
                self._advice.clear()
            found = advice_of(self._ep, self._side, Outcome(outcome), hits)
            lines = [{"id": each.name, "zh": each.doc.zh, "en": each.doc.en} for each in found]
            told = self._advice[outcome, hits] = b',"advice":' + _json(lines) if lines else b""
        return told
