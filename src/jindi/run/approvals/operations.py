"""What an operation that takes four eyes is, to the mechanism: how it is read, looked at, and done.

A kind of operation is one class, done at once (`AtOnce`) or when its result is collected (`Collected`). What it keeps
in the journal holds no secret and nobody's clear text.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from jindi.access import Principal
from jindi.basics.digests import canonical, digest

PAYLOAD_BYTES_MAX = 16_384


class Unfit(ValueError):  # noqa: N818 - what the person is told
    """What is asked for makes no sense now. `zh` and `en` say why, without anybody's data; where it has many
    lines `problems` are all that is wrong with them, by their numbers.
    """

    problems: Sequence[tuple[int, str, str]] = ()

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


class Line(NamedTuple):
    """One line of what is approved, for people: its name in both languages, and the value.

    `said` is the value in either language, where a page says it otherwise than programs get it.
    """

    zh: str
    en: str
    text: str
    said: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a proposer is handed when he collects what was approved: a secret that is shown this once, or a file."""

    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: str = ""
    media_type: str = ""
    chunks: AsyncIterator[bytes] | None = field(default=None, repr=False)


Asked = TypeVar("Asked", bound=msgspec.Struct)
Kept = TypeVar("Kept", bound=msgspec.Struct)


class Operation(ABC, Generic[Asked, Kept]):
    """A kind of operation. `asked` is the form in which somebody asks for it, `kept` what the journal has of it.

    `needed` people approve it.
    """

    what: str
    asked: type[Asked]
    kept: type[Kept]
    needed: int = 1
    payload_max: int = PAYLOAD_BYTES_MAX
    """So many bytes it may take in the journal."""

    @abstractmethod
    async def prepare(self, asked: Asked) -> Kept:
        """What is asked for, checked and in the form in which it is kept. Raises Unfit."""

    async def before_record(self, asked: Asked) -> None:
        """Make durable what the proposal's record is going to mention, right before there is one."""

    def alone(self, kept: Kept) -> bool:  # noqa: ARG002 - most never
        """Whether one person may do it as the platform is set: it is recorded as done without a second one."""
        return False

    @abstractmethod
    async def base(self, kept: Kept) -> Any:
        """What the approval rests on beside the payload, as JSON: if that has changed, it must be proposed again."""

    @abstractmethod
    def on(self, kept: Kept) -> str:
        """What it is done to, as the audit names it."""

    def about(self, kept: Kept) -> str:  # noqa: ARG002 - most concern no customer
        """The token of the customer whom it concerns."""
        return ""

    @abstractmethod
    def lines(self, kept: Kept) -> tuple[Line, ...]:
        """Exactly what is approved, for people."""

    async def lines_for(self, kept: Kept, who: Principal) -> tuple[Line, ...]:  # noqa: ARG002 - most show all the same
        """`lines`, as somebody may see them."""
        return self.lines(kept)

    def is_of(self, kept: Kept, who: Principal) -> bool:  # noqa: ARG002 - most concern nobody's account
        """Whether it would change the account of whoever asks: that is for others to ask for."""
        return False

    def rows(self, kept: Kept) -> int:  # noqa: ARG002 - most give out none
        """How many rows it gives out at the most, -1: it is not of that kind."""
        return -1

    # ---- what they have in common

    def read(self, document: Any) -> Asked:
        """What somebody sent. Raises Unfit."""
        try:
            return msgspec.convert(document, self.asked)
        except (msgspec.ValidationError, RecursionError) as error:
            raise Unfit("申请内容无法读取", f"the payload can't be read: {str(error)[:200]}") from None

    def pack(self, kept: Kept) -> bytes:
        """What the journal has of it."""
        return canonical(msgspec.to_builtins(kept))

    def unpack(self, payload: bytes) -> Kept:
        """What the journal has, read."""
        return msgspec.json.decode(payload, type=self.kept)

    async def base_digest(self, kept: Kept) -> str:
        """The digest of the base."""
        return digest(canonical(await self.base(kept)))


class AtOnce(Operation[Asked, Kept]):
    """Done as soon as it has its approvals."""

    @abstractmethod
    async def is_done(self, kept: Kept) -> bool:
        """Whether what is asked for is so already. Asked before `apply`, so that no crash does it twice."""

    @abstractmethod
    async def apply(self, kept: Kept, now_us: int) -> None:
        """Do it. Whatever it raises is recorded as failed, by the name of the error alone."""


class Collected(Operation[Asked, Kept]):
    """Done when its proposer comes for the result, once it has its approvals."""

    @abstractmethod
    async def deliver(self, kept: Kept, who: Principal, now_us: int) -> Delivery:
        """Do it, and hand the result to its proposer: at most once."""
