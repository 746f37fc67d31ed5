"""What the journal keeps: one decision with everything needed to make it again, or one set of definitions.

Records are msgpack arrays without names: the definitions, themselves a record, say what stands where. Derived
features and words of the clock are left out, for they are functions of what is kept.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from jindi.basics.digests import canonical
from jindi.engine import Decision, Verdict
from jindi.language import Value
from jindi.packs import OUTCOMES, Definitions
from jindi.run.events import Event, Scalar

DEFINITIONS, DECISION = 0, 1
ID_PREFIX = "dec_"

_encode = msgspec.msgpack.Encoder().encode
_WEIGHT = {outcome: weight for weight, outcome in enumerate(OUTCOMES)}


def decision_id(seq: int) -> str:
    """The id of the decision that stands at a sequence number of the journal.

    >>> decision_id(47)
    'dec_00000000002f'
    """
    return f"{ID_PREFIX}{seq:012x}"


def decision_seq(identifier: str) -> int:
    """The sequence number that a decision's id names. Raises ValueError when it is no such id.

    >>> decision_seq("dec_00000000002f")
    47
    """
    digits = identifier.removeprefix(ID_PREFIX)
    if len(digits) != 12 or not identifier.startswith(ID_PREFIX) or set(digits) - set("0123456789abcdef"):
        raise ValueError("not a decision id: dec_ and twelve hexadecimal digits")
    return int(digits, 16)


class VerdictRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A policy's verdict as kept: the outcome by weight, rules by their place in the policy."""

    outcome: int
    score: int
    hits: tuple[int, ...]
    exempted: tuple[int, ...]
    presumed: tuple[int, ...]
    degraded: tuple[str, ...]
    method: str | None
    wait_us: int | None


class DecisionRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One decision. `facts` are the slots between the fields and the derived features; `definitions` is the
    sequence number of the record that holds the definitions it was made with.
    """

    kind: int
    definitions: int
    as_of_us: int
    received_us: int
    event_id: str
    event_type: str
    at_us: int
    values: tuple[Scalar, ...]
    facts: tuple[Scalar, ...]
    absent: tuple[str, ...]
    late: bool
    verdict: VerdictRecord
    shadows: tuple[VerdictRecord, ...]

    @property
    def event(self) -> Event:
        """The event as intake made it."""
        return Event(self.event_id, self.event_type, self.at_us, self.values)


class DefinitionsRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A set of definitions from here on: its digest and the canonical text it is read from, packed."""

    kind: int
    received_us: int
    digest: str
    source: bytes


def _verdict(verdict: Verdict | Decision) -> tuple[Any, ...]:
    return (
        _WEIGHT[verdict.outcome], verdict.score, verdict.hits, verdict.exempted, verdict.presumed,
        verdict.degraded, verdict.method, verdict.wait_us,
    )  # fmt: skip


def encode_decision(
    definitions: int,
    as_of_us: int,
    received_us: int,
    event: Event,
    facts: Sequence[Value],
    absent: Sequence[str],
    late: bool,
    decision: Decision,
) -> bytes:
    """The bytes of a decision's record."""
    return _encode(
        (
            DECISION,
            definitions,
            as_of_us,
            received_us,
            event.id,
            event.type,
            event.at_us,
            event.values,
            facts,
            absent,
            late,
            _verdict(decision),
            [_verdict(shadow) for shadow in decision.shadows],
        )
    )


def encode_definitions(definitions: Definitions, received_us: int) -> bytes:
    """The bytes of a definitions record."""
    packed = zlib.compress(canonical(dict(definitions.source)), 9)
    return _encode((DEFINITIONS, received_us, definitions.digest, packed))


def source_of(record: DefinitionsRecord) -> Mapping[str, str]:
    """The pack files that a definitions record holds."""
    return msgspec.json.decode(zlib.decompress(record.source), type=dict[str, str])


_decode_decision = msgspec.msgpack.Decoder(DecisionRecord).decode
_decode_definitions = msgspec.msgpack.Decoder(DefinitionsRecord).decode


def decode(record: bytes | memoryview) -> DecisionRecord | DefinitionsRecord:
    """A record from its bytes. Raises ValueError when they are none."""
    # An array's header byte and the kind, a small integer, are the first two bytes.
    match record[1]:
        case 1:
            return _decode_decision(record)
        case 0:
            return _decode_definitions(record)
        case _:
            raise ValueError("not a record of this journal")
