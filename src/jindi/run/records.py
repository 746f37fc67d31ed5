"""What the journal keeps: one decision with everything needed to make it again, one set of definitions, one step that
a person took with versions of them, one step of an operation that takes four eyes, one step with a case or with an
incident, or one other action of a person or a key.

Records are msgpack arrays without names: the definitions, themselves a record, say what stands where. Derived
features and words of the clock are left out, for they are functions of what is kept.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from jindi.access import ACTIONS
from jindi.basics.digests import canonical
from jindi.engine import Decision, Verdict
from jindi.language import Value
from jindi.packs import OUTCOMES, Definitions
from jindi.run.events import Event, Scalar
from jindi.run.shapes import ShapeRecord

DEFINITIONS, DECISION, STEP, ACTION, APPROVAL, CASE, INCIDENT, REPORT = 0, 1, 2, 3, 4, 5, 6, 7
ID_PREFIX, STEP_PREFIX, APPROVAL_PREFIX = "dec_", "chg_", "apr_"

TEXT_MAX = 200
"""Longer names of things are cut in what is recorded of an action."""

Patch = Mapping[str, str | None]
"""Changes of files: path → its new text, or None where it goes away."""

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
    if (seq := _seq(identifier, ID_PREFIX)) is None:
        raise ValueError("not a decision id: dec_ and twelve hexadecimal digits")
    return seq


def step_id(seq: int) -> str:
    """The id of the step (a proposal, say) that stands at a sequence number of the journal.

    >>> step_id(47)
    'chg_00000000002f'
    """
    return f"{STEP_PREFIX}{seq:012x}"


def step_seq(identifier: str) -> int:
    """The sequence number that a step's id names. Raises ValueError when it is no such id.

    >>> step_seq("chg_00000000002f")
    47
    """
    if (seq := _seq(identifier, STEP_PREFIX)) is None:
        raise ValueError("not the id of a change: chg_ and twelve hexadecimal digits")
    return seq


def approval_id(seq: int) -> str:
    """The id of the operation that was proposed at a sequence number of the journal.

    >>> approval_id(47)
    'apr_00000000002f'
    """
    return f"{APPROVAL_PREFIX}{seq:012x}"


def approval_seq(identifier: str) -> int:
    """The sequence number that an operation's id names. Raises ValueError when it is no such id.

    >>> approval_seq("apr_00000000002f")
    47
    """
    if (seq := _seq(identifier, APPROVAL_PREFIX)) is None:
        raise ValueError("not the id of an operation: apr_ and twelve hexadecimal digits")
    return seq


def _seq(identifier: str, prefix: str) -> int | None:
    digits = identifier.removeprefix(prefix)
    if len(digits) != 12 or not identifier.startswith(prefix) or set(digits) - set("0123456789abcdef"):
        return None
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
    sequence number of the record that holds the definitions it was made with. `side` is 1 when the challenger decided.
    `shapes` are the patterns which the transfer completes and rules that were hit speak of, with their evidence.
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
    side: int = 0
    shapes: tuple[ShapeRecord, ...] = ()
    # That makes fifteen, and no more fit beside each other: the kind must stay a record's second byte (see `decode`).

    @property
    def event(self) -> Event:
        """The event as intake made it."""
        return Event(self.event_id, self.event_type, self.at_us, self.values)


class DefinitionsRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A set of definitions from here on: its digest and the canonical text it is read from, packed.

    `beneath` is packed, too: for each file that came with a shadow version the text that it covers, or None. Without
    those files the definitions are what people have put in force. `cause` is the sequence number of the step that
    brought them, -1 when it was none.
    """

    kind: int
    received_us: int
    digest: str
    source: bytes
    beneath: bytes = b""
    cause: int = -1


Verb = Literal["shadow", "retire", "propose", "withdraw", "reject", "approve", "roll_back", "carry"]
"""What a person can do with a version; and `carry`, which nobody does: a proposal goes on over what came in force."""


class StepRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that a person took with a version: who, when, why, and about exactly which content.

    `key` and `name` tell whose API key or session it was. `version` is the shadow version that is meant, or "" for
    steps about all definitions. `of` is the sequence number of the proposal that is answered or carried over, else -1.
    `digest` is the digest of the definitions that are proposed or come in force, shadows left out, and `base` of those
    that were in force. `expires_us` ends a proposal; `confirmed` names the rules that may fire on more than their
    share; `saved` says that the content was what lay in the packs' folders. `patch` is packed: path → new text, or
    None for a file that goes away, against `base`.
    """

    kind: int
    received_us: int
    verb: Verb
    key: str
    name: str
    why: str
    version: str = ""
    of: int = -1
    digest: str = ""
    base: str = ""
    expires_us: int = 0
    confirmed: tuple[str, ...] = ()
    saved: bool = False
    patch: bytes = b""


class Standing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What whoever acts was in the house at that moment: his roles, his line (the team that he answers in), and the
    device that he came from, as a token. Empty where the door does not know it.
    """

    roles: tuple[str, ...] = ()
    line: str = ""
    device: str = ""


class ActionRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a person or a key did or wanted to do, written before it was done.

    `what` names the action (`decision.read`), `on` what it was done to: an id, or a token where it could be personal.
    `allowed` is False when the right to it was missing, and nothing was done. `door` is where it came in, `place` the
    class of the address it came from, `request` the request's id. `about` is the token of the customer whom it
    concerns, `case` the case that it belongs to, `purpose` the purpose that was given, each "" when there is none;
    `rows` says how many rows it gives out at the most, -1 when nobody counted. `standing` is the actor's.
    """

    kind: int
    received_us: int
    key: str
    name: str
    what: str
    on: str = ""
    allowed: bool = True
    door: str = ""
    place: str = ""
    request: str = ""
    about: str = ""
    case: str = ""
    purpose: str = ""
    rows: int = -1
    standing: Standing = Standing()
    # That makes fifteen, and no more fit beside each other: the kind must stay a record's second byte (see `decode`).


ApprovalVerb = Literal["propose", "withdraw", "approve", "reject", "waive", "apply", "collect", "fail"]
"""What becomes of an operation that takes four eyes. `waive`: it goes on without them, for the setting says so."""


class ApprovalRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step of an operation that takes four eyes: who, when, why, and about exactly which content.

    `of` is the sequence number of the proposal, -1 in the proposal itself. `what` is the kind of operation, `payload`
    its canonical JSON, `base` the digest of the state that it was proposed against, `digest` that of all of these. A
    proposal ends at `expires_us`, and takes `needed` people. `right` is the key or account by which whoever acts may
    act, `marks` are all by which he is known.
    """

    kind: int
    received_us: int
    verb: ApprovalVerb
    key: str
    name: str
    why: str
    of: int = -1
    what: str = ""
    payload: bytes = b""
    base: str = ""
    digest: str = ""
    expires_us: int = 0
    needed: int = 0
    right: str = ""
    marks: tuple[str, ...] = ()
    # That makes fifteen, and no more fit beside each other: the kind must stay a record's second byte (see `decode`).


SIMULATED_DOOR = "demo"
"""Where the steps of a demo's own people come in, dated in its simulated past: no address leads there."""


class CaseRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that a person took with a case: who, when, and what exactly, written before it took effect.

    `body` is the step's canonical JSON. `key`, `name`, `door`, `place`, `request` and `standing` are as in an action's
    record. `about` is the token of the customer whom the case is about, "" where it is about none.
    """

    kind: int
    received_us: int
    key: str
    name: str
    case: str
    verb: str
    body: bytes
    door: str = ""
    place: str = ""
    request: str = ""
    about: str = ""
    standing: Standing = Standing()


class IncidentRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that a person took with an incident: who, when, and what exactly, written before it took effect.

    `incident` is "" in the step that opens one: its id is made of that record's place. `body` is the step's canonical
    JSON, `clocks` that of the clocks which it set going, as the rules of its moment had them. The rest is as in an
    action's record.
    """

    kind: int
    received_us: int
    key: str
    name: str
    incident: str
    verb: str
    body: bytes
    clocks: bytes = b"[]"
    door: str = ""
    place: str = ""
    request: str = ""
    standing: Standing = Standing()


class ReportRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that a person took with a report against money laundering, written before it took effect.

    `report` is "" in the step that begins one: its id is made of that record's place. `body` is the step's canonical
    JSON, which says by digests what was written and never what or of whom; `clocks` is that of the clocks which it set
    going. `marks` are all by which its author is known, as in an approval's record. The rest is as in an action's.
    """

    kind: int
    received_us: int
    key: str
    name: str
    report: str
    verb: str
    body: bytes
    clocks: bytes = b"[]"
    marks: tuple[str, ...] = ()
    door: str = ""
    place: str = ""
    request: str = ""
    standing: Standing = Standing()


Record = (
    DecisionRecord | DefinitionsRecord | StepRecord | ActionRecord | ApprovalRecord | CaseRecord | IncidentRecord
    | ReportRecord
)  # fmt: skip


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
    shapes: Sequence[ShapeRecord] = (),
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
            *((decision.side,) if decision.side or shapes else ()),
            *((shapes,) if shapes else ()),
        )
    )


def encode_definitions(
    definitions: Definitions, received_us: int, beneath: Patch | None = None, cause: int = -1
) -> bytes:
    """The bytes of a definitions record."""
    packed = zlib.compress(canonical(dict(definitions.source)), 9)
    if not beneath and cause < 0:
        return _encode((DEFINITIONS, received_us, definitions.digest, packed))
    return _encode((DEFINITIONS, received_us, definitions.digest, packed, pack_patch(beneath or {}), cause))


def encode_step(step: StepRecord) -> bytes:
    """The bytes of a step's record."""
    return _encode(step)


def encode_approval(step: ApprovalRecord) -> bytes:
    """The bytes of an operation's step."""
    return _encode(step)


def encode_case(step: CaseRecord) -> bytes:
    """The bytes of a case's step."""
    return _encode(step)


def encode_incident(step: IncidentRecord) -> bytes:
    """The bytes of an incident's step."""
    return _encode(step)


def encode_report(step: ReportRecord) -> bytes:
    """The bytes of a report's step."""
    return _encode(step)


_PLAIN = 10
"""Fields of an action of which no more is known; such a record is no longer than it ever was."""


def encode_action(action: ActionRecord) -> bytes:
    """The bytes of an action's record. KeyError for an action that no table names: nobody could read what was done."""
    ACTIONS[action.what]
    fields = msgspec.structs.astuple(action)
    return _encode(fields[:_PLAIN] if fields[_PLAIN:] == _NO_MORE else fields)


_NO_MORE = msgspec.structs.astuple(ActionRecord(ACTION, 0, "", "", ""))[_PLAIN:]


def source_of(record: DefinitionsRecord) -> dict[str, str]:
    """The pack files that a definitions record holds."""
    return msgspec.json.decode(zlib.decompress(record.source), type=dict[str, str])


def base_of(record: DefinitionsRecord) -> dict[str, str]:
    """The pack files that people have put in force: those of a definitions record without its shadow versions."""
    return patched(source_of(record), patch_of(record.beneath))


def pack_patch(patch: Patch) -> bytes:
    """A patch as records keep it; nothing when it is empty."""
    return zlib.compress(canonical(dict(patch)), 9) if patch else b""


def patch_of(packed: bytes) -> Patch:
    """The patch that `pack_patch` packed."""
    return msgspec.json.decode(zlib.decompress(packed), type=dict[str, str | None]) if packed else {}


def patched(files: Mapping[str, str], patch: Patch) -> dict[str, str]:
    """Files with a patch put on them.

    >>> patched({"a": "1", "b": "2"}, {"a": None, "c": "3"})
    {'b': '2', 'c': '3'}
    """
    kept = {path: text for path, text in files.items() if path not in patch}
    return kept | {path: text for path, text in patch.items() if text is not None}


_decode_decision = msgspec.msgpack.Decoder(DecisionRecord).decode
_decode_definitions = msgspec.msgpack.Decoder(DefinitionsRecord).decode
_decode_step = msgspec.msgpack.Decoder(StepRecord).decode
_decode_action = msgspec.msgpack.Decoder(ActionRecord).decode
_decode_approval = msgspec.msgpack.Decoder(ApprovalRecord).decode
_decode_case = msgspec.msgpack.Decoder(CaseRecord).decode
_decode_incident = msgspec.msgpack.Decoder(IncidentRecord).decode
_decode_report = msgspec.msgpack.Decoder(ReportRecord).decode


def decode(record: bytes | memoryview) -> Record:
    """A record from its bytes. Raises ValueError when they are none."""
    # An array's header (one byte, for up to fifteen fields) and the kind, a small integer, are the first two bytes.
    match record[1]:
        case 1:
            return _decode_decision(record)
        case 0:
            return _decode_definitions(record)
        case 2:
            return _decode_step(record)
        case 3:
            return _decode_action(record)
        case 4:
            return _decode_approval(record)
        case 5:
            return _decode_case(record)
        case 6:
            return _decode_incident(record)
        case 7:
            return _decode_report(record)
        case _:
            raise ValueError("not a record of this journal")
