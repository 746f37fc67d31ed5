"""What people do with a case: each step is a value, kept in the journal before it takes effect."""

from typing import Final, Literal, get_args

import msgspec

from jindi.basics.digests import canonical

Verdict = Literal["confirmed", "cleared", "undetermined"]
"""What a case came to: it is what it was taken for, it is not, or nobody could tell."""

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


class Assign(msgspec.Struct, frozen=True, tag="assign"):
    """The case is `to`'s from now on; "" gives it back to the queue. `to` is a member's name."""

    to: str = ""


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A remark for colleagues."""

    text: str


class Tag(msgspec.Struct, frozen=True, tag="tag"):
    """Marks come and go."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Snooze(msgspec.Struct, frozen=True, tag="snooze"):
    """The case is out of the queue until an instant, or until something new comes to it."""

    until_us: int
    why: str


class Wake(msgspec.Struct, frozen=True, tag="wake"):
    """The case is back in the queue before its time."""


class Check(msgspec.Struct, frozen=True, tag="check"):
    """A step of the investigation, by its place in the typology, is done, or after all not."""

    step: int
    done: bool = True


class Escalate(msgspec.Struct, frozen=True, tag="escalate"):
    """The case goes to the senior queue, and to nobody in it."""

    why: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """The case is over. `approval` is the operation by which two people closed it, "" where one was enough."""

    verdict: Verdict
    why: str
    approval: str = ""


class Reopen(msgspec.Struct, frozen=True, tag="reopen"):
    """The case is open again: something new is known."""

    why: str


class Merge(msgspec.Struct, frozen=True, tag="merge"):
    """All that belongs to the case belongs to another one from now on."""

    into: str
    why: str


class Split(msgspec.Struct, frozen=True, tag="split"):
    """These alerts, by their places in the journal, are a case of their own from now on."""

    alerts: tuple[int, ...]
    why: str


class Task(msgspec.Struct, frozen=True, tag="task"):
    """Something to be done for the case that no typology foresees; `who` "" leaves open who does it."""

    text: str
    who: str = ""
    due_us: int | None = None


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """A task, by its place among the case's, is done, or after all not."""

    task: int
    done: bool = True


class Attach(msgspec.Struct, frozen=True, tag="attach"):
    """A file belongs to the case. `token` is what the vault has it under, `digest` the SHA-256 of its bytes, `media`
    its type as its content says it.
    """

    token: str
    name: str
    media: str
    size: int
    digest: str


class Withdraw(msgspec.Struct, frozen=True, tag="withdraw"):
    """A file, by its place among the case's, should never have been attached: nobody is given it any more."""

    file: int
    why: str


class Review(msgspec.Struct, frozen=True, tag="review"):
    """A second look at a closed case by somebody else: whether the verdict was right."""

    agrees: bool
    why: str


Step = (
    Assign | Note | Tag | Snooze | Wake | Check | Escalate | Close | Reopen | Merge | Split | Task | Tick | Attach
    | Withdraw | Review
)  # fmt: skip

_decoder: msgspec.json.Decoder[Step] = msgspec.json.Decoder(Step)


def verb_of(step: Step) -> str:
    """A step's name.

    >>> verb_of(Wake())
    'wake'
    """
    return str(type(step).__struct_config__.tag)


def pack_step(step: Step) -> bytes:
    """A step as the journal keeps it.

    >>> pack_step(Note("asked the customer"))
    b'{"text":"asked the customer","type":"note"}'
    """
    return canonical(msgspec.to_builtins(step))


def unpack_step(packed: bytes) -> Step:
    """What `pack_step` packed. Raises msgspec.ValidationError."""
    return _decoder.decode(packed)
