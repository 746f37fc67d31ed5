"""What people do with a report against money laundering: each step is a value, kept in the journal before it takes
effect.

A step says that something was written, by its digest, and never what: a report is secret, and the journal is read by
more people than may know of it. What was written lies sealed in the vault under the report's own key.
"""

from datetime import date
from typing import Final, Literal

import msgspec

from jindi.basics.digests import canonical
from jindi.parties.reporting.names import Topic

ClockKind = Literal["file", "correct"]
"""What a clock asks for: that the report is sent, or that a correction of it is."""


class Sealed(msgspec.Struct, frozen=True):
    """Something in the vault: its token there, and the SHA-256 of its bytes in hexadecimal digits."""

    token: str
    digest: str


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A clock as it was set going. `due_us` is the last instant that is in time, None where no calendar says so;
    not `is_settled`: a notice that is not declared yet may move it. `mark` is how sure the time is, and `zh`, `en`
    where it comes from.
    """

    kind: ClockKind
    start_us: int
    due_us: int | None
    is_settled: bool
    mark: str
    zh: str
    en: str


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """A report is begun. `owner` is under whose key the vault keeps it, `case` the case that it comes from, `typology`
    that case's kind; `aware_us` since when the suspicion is confirmed, `follows` an earlier report that this one goes
    on with.
    """

    topic: Topic
    owner: str
    draft: Sealed
    aware_us: int
    case: str = ""
    typology: str = ""
    follows: str = ""


class Write(msgspec.Struct, frozen=True, tag="write"):
    """The report says something else from now on: its text, its evidence, its codes."""

    draft: Sealed


class Propose(msgspec.Struct, frozen=True, kw_only=True, tag="propose"):
    """Its packet was made, and waits for a second person. `packet` is what the approval is bound to: the digest is that
    of the packet's bytes. `alone`: the house runs without four eyes.
    """

    packet: Sealed
    subjects: int
    transactions: int
    alone: bool = False


class Approve(msgspec.Struct, frozen=True, tag="approve"):
    """Somebody else agrees to exactly the packet of a digest."""

    digest: str


class Return(msgspec.Struct, frozen=True, tag="return"):
    """Somebody else does not agree: it is written anew."""

    why: str


class Pack(msgspec.Struct, frozen=True, tag="pack"):
    """The packet has its name, which was never used before."""

    stem: str


class Send(msgspec.Struct, frozen=True, tag="send"):
    """It was handed over on a day, as its sender says."""

    on: date


class Land(msgspec.Struct, frozen=True, kw_only=True, tag="land"):
    """A receipt came. `name` is its file's, `errors` how many it tells, None where they could not be read."""

    name: str
    receipt: Sealed
    errors: int | None


class Revise(msgspec.Struct, frozen=True, tag="revise"):
    """It is opened again to be corrected."""

    why: str


class Withdraw(msgspec.Struct, frozen=True, tag="withdraw"):
    """A report of large transactions that the centre has is to be deleted there."""

    why: str


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """It is given up before it was ever sent."""

    why: str


Step = Open | Write | Propose | Approve | Return | Pack | Send | Land | Revise | Withdraw | Drop

WHY_LENGTH_MAX: Final = 500

_decoder: msgspec.json.Decoder[Step] = msgspec.json.Decoder(Step)


def pack_step(step: Step) -> bytes:
    """A step as the journal keeps it.

    >>> pack_step(Drop("twice"))
    b'{"type":"drop","why":"twice"}'
    """
    return canonical(msgspec.to_builtins(step))


def unpack_step(packed: bytes) -> Step:
    """What `pack_step` packed. Raises msgspec.ValidationError."""
    return _decoder.decode(packed)


def verb_of(step: Step) -> str:
    """What a step is called.

    >>> verb_of(Return("the account is wrong"))
    'return'
    """
    return str(step.__struct_config__.tag)
