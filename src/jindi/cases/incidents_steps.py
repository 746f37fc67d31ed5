"""What people do with an incident: each step is a value, kept in the journal before it takes effect."""

from typing import Final, Literal, get_args

import msgspec

from jindi.basics.digests import canonical
from jindi.packs import Grade, IncidentKind, Profile

Post = Literal["commander", "deputy", "scribe", "communications", "liaison"]
"""What somebody is in an incident: who leads it, who stands in, who writes, who speaks, who talks to the supervisor."""

POSTS: Final[tuple[Post, ...]] = get_args(Post)

LinkKind = Literal["case", "decision", "control", "alert", "incident"]
"""What an incident may hang together with. `alert`: a decision about staff, which the suspect's line never sees."""

LINK_KINDS: Final[tuple[LinkKind, ...]] = get_args(LinkKind)

Channel = Literal["platform", "phone", "mail", "letter", "meeting", "message"]
"""By what a report was sent: the authority's own platform, telephone, e-mail, on paper, in a meeting, by message."""

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


class Link(msgspec.Struct, frozen=True):
    """One thing that an incident hangs together with."""

    kind: LinkKind
    id: str


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What is hit, as far as it is known. None: nobody knows yet.

    `persons` are counted, `amount_minor` is the direct loss in minor units of `currency`, `outage_min` whole minutes.
    `critical`: critical information infrastructure is hit; `whole`: all of a system is down, not a main function alone.
    """

    systems: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    persons: int | None = None
    amount_minor: int | None = None
    currency: str = ""
    outage_min: int | None = None
    critical: bool = False
    whole: bool = False


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """An incident begins to be worked. `aware_us` is when the house became aware of it, `began_us` when it began (None:
    nobody knows). A drill is worked like any other and reported to nobody.
    """

    title: str
    incident_kind: IncidentKind
    grade: Grade
    aware_us: int
    began_us: int | None = None
    profiles: tuple[Profile, ...] = ("cn",)
    impact: Impact = Impact()
    links: tuple[Link, ...] = ()
    drill: bool = False


class Classify(msgspec.Struct, frozen=True, kw_only=True, tag="classify"):
    """Grade, kind or rules of reporting are others from now on."""

    grade: Grade
    incident_kind: IncidentKind
    profiles: tuple[Profile, ...]
    why: str


class Assess(msgspec.Struct, frozen=True, tag="assess"):
    """What is hit, as it is known by now."""

    impact: Impact


class Predate(msgspec.Struct, frozen=True, kw_only=True, tag="predate"):
    """The house was aware of it earlier than was said, or it began at another time. Awareness only moves back: a clock
    never ends later because somebody wrote another time.
    """

    aware_us: int
    began_us: int | None = None
    why: str


class Appoint(msgspec.Struct, frozen=True, tag="appoint"):
    """Somebody has a post from now on; "" leaves it empty."""

    post: Post
    who: str


class Entry(msgspec.Struct, frozen=True, tag="entry"):
    """What happened, for the timeline; `at_us` is when, None: now."""

    text: str
    at_us: int | None = None


class Task(msgspec.Struct, frozen=True, tag="task"):
    """Something to be done, by whom ("": by anybody) and until when."""

    text: str
    who: str = ""
    due_us: int | None = None


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """A task, by its place, is done, or after all not."""

    task: int
    done: bool = True


class Tie(msgspec.Struct, frozen=True, tag="tie"):
    """The incident hangs together with something, or after all not."""

    link: Link
    off: bool = False


class Contain(msgspec.Struct, frozen=True, tag="contain"):
    """It goes no further. `at_us` is since when, None: now."""

    text: str
    at_us: int | None = None


class Resolve(msgspec.Struct, frozen=True, tag="resolve"):
    """All works again. `at_us` is since when, None: now."""

    text: str
    at_us: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A report was sent: which, when, to whom by name, by what, and under which reference of theirs."""

    report: str
    at_us: int
    to: str
    channel: Channel
    reference: str = ""
    note: str = ""


class Excuse(msgspec.Struct, frozen=True, tag="excuse"):
    """A report is not owed after all, and why."""

    report: str
    why: str


class Review(msgspec.Struct, frozen=True, tag="review"):
    """What is learnt: the cause, the lessons, the measures. A later one takes the place of an earlier one."""

    cause: str
    lessons: str
    measures: str


class Close(msgspec.Struct, frozen=True, tag="close"):
    """The incident is over. `approval` is the operation by which two people closed it, "" where one was enough."""

    why: str
    approval: str = ""


class Reopen(msgspec.Struct, frozen=True, tag="reopen"):
    """It is open again: it was not over."""

    why: str


Step = (
    Open | Classify | Assess | Predate | Appoint | Entry | Task | Tick | Tie | Contain | Resolve | Report | Excuse
    | Review | Close | Reopen
)  # fmt: skip

_decoder: msgspec.json.Decoder[Step] = msgspec.json.Decoder(Step)


def verb_of(step: Step) -> str:
    """A step's name.

    >>> verb_of(Entry("seen"))
    'entry'
    """
    return str(type(step).__struct_config__.tag)


def pack_step(step: Step) -> bytes:
    """A step as the journal keeps it.

    >>> pack_step(Reopen("again"))
    b'{"type":"reopen","why":"again"}'
    """
    return canonical(msgspec.to_builtins(step))


def unpack_step(packed: bytes) -> Step:
    """What `pack_step` packed. Raises msgspec.ValidationError."""
    return _decoder.decode(packed)
