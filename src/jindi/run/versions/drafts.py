"""What authors are writing: one draft for each author and policy, kept until it is proposed or given up.

A draft decides nothing and proves nothing, so it is no record: what comes of it is (a shadow, a proposal with its whole
patch). It is kept beside the journal, replaced whole, so that it outlives restarts, browsers and sessions.
"""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec

from jindi.access import folded
from jindi.ports import Blobs

PREFIX = "draft-"

_encode = msgspec.json.Encoder().encode


class Draft(msgspec.Struct, frozen=True):
    """A file as its author has it now. `base` is the text that it began from, `version` counts its savings.

    `owner` is the author's account, or his name where there are no accounts; `who` is how people call him. `policy` is
    the draft's name: a policy's, or of a parameters' file (`payment:own`); with such a one drafts of policies may go
    `along`, by their names. One that `removes` its policy says nothing else: its text is what it began from.
    """

    owner: str
    who: str
    policy: str
    path: str
    base: str
    text: str
    version: int
    at_us: int
    along: tuple[str, ...] = ()
    removes: bool = False


class Moved(Exception):  # noqa: N818 - what happened
    """The draft was saved elsewhere since it was read: `now` is how it stands, None when it is gone."""

    def __init__(self, now: Draft | None) -> None:
        self.now = now
        super().__init__("the draft was saved elsewhere meanwhile")


class Drafts:
    """All drafts, over blobs. Each has a file of its own, so that whoever saves one waits for no other."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._saving = asyncio.Lock()

    def of(self, owner: str, policy: str) -> Draft | None:
        """An author's draft of a policy; None when there is none, or it can't be read any more."""
        return self._read(_name(owner, policy))

    def all_of(self, owner: str) -> Sequence[Draft]:
        """An author's drafts, by policy."""
        found = (self._read(name) for name in self._blobs.names(_begin(owner)))
        return sorted((each for each in found if each is not None), key=lambda each: each.policy)

    async def save(self, draft: Draft, *, seen: int) -> Draft:
        """Keep a draft; `seen` is the version that its author had before him, 0 when there was none.

        Raises Moved when it is another by now, and keeps nothing; OSError comes through.
        """
        async with self._saving:
            now = self.of(draft.owner, draft.policy)
            if (now.version if now is not None else 0) != seen:
                raise Moved(now)
            saved = msgspec.structs.replace(draft, version=seen + 1)
            raw = _encode(saved)
            await asyncio.to_thread(self._blobs.save, _name(draft.owner, draft.policy), [raw], private=True)
            return saved

    async def drop(self, owner: str, policy: str, *, seen: int | None = None) -> None:
        """Give a draft up. Raises Moved when it is not the one that was seen."""
        async with self._saving:
            now = self.of(owner, policy)
            if seen is not None and now is not None and now.version != seen:
                raise Moved(now)
            await asyncio.to_thread(self._blobs.drop, _name(owner, policy))

    def _read(self, name: str) -> Draft | None:
        raw = self._blobs.load(name)
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=Draft)
        except msgspec.MsgspecError:
            return None


def named_owner(name: str) -> str:
    """Whose drafts they are where there is no account but a name: somebody's at the console, or a key's."""
    return f"name {folded(name)}"


def _begin(owner: str) -> str:
    return f"{PREFIX}{hashlib.sha256(owner.encode()).hexdigest()[:24]}-"


def _name(owner: str, policy: str) -> str:
    """A blob's name: whoever looks at the folder learns from it neither who writes nor what."""
    return _begin(owner) + hashlib.sha256(policy.encode()).hexdigest()[:24]
