"""Files of cases: looked at, sealed in the vault under a key that each case has alone, and handed out against a record.

A file is no part of what a customer may have exported, as a note is none: it is what people found out about him. It is
no part of his erasure either; it goes with the case's own key. The journal holds its digest, so what is handed out is
what was attached.

A file in which a virus scanner finds something is neither kept nor handed out. The finding is a record: its name and
the file's digest, for those who guard the house; nothing of the file.
"""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

from jindi.cases import Attach, Case, FileState
from jindi.cases.evidence import Unfit, looked_at, plain_name
from jindi.run.audit import Actor, Audit
from jindi.run.cases.scanning import Scanning
from jindi.vault import CannotOpen, Personal

if TYPE_CHECKING:
    from jindi.run.platform import Platform

FOUND: Final = "file.found"
"""The action that is recorded when a scanner found something."""

UNSCANNED: Final = "file.unscanned"
"""The action that is recorded when a scanner that is set could not look, and the file passed all the same."""


class NotTaken(Exception):  # noqa: N818 - what a person is told
    """A file can't be attached, or not be handed out; `why` is a word of `Unfit`, `no_vault`, `file_infected` (a
    scanner found something) or `file_unscanned` (none could look).
    """

    def __init__(self, why: Unfit | str) -> None:
        self.why = why
        super().__init__(why)


class CaseFiles:
    """Keeps and opens the files of one platform's cases. `scanning` says which of them may come and go."""

    def __init__(self, platform: "Platform", scanning: Scanning) -> None:
        self._platform, self._audit, self.scanning = platform, Audit(platform), scanning

    @property
    def is_on(self) -> bool:
        """Whether any file can be attached: there is a vault, for nothing is kept in clear, and a scanner where all
        have to be looked at.
        """
        return self._platform.vault is not None and not self.scanning.takes_none

    async def keep(self, actor: Actor, case: Case, name: str, content: bytes) -> Attach:
        """Seal a file; the step that makes it the case's. Raises NotTaken, VaultFailure, NotRecorded."""
        vault = self._platform.vault
        if vault is None:
            raise NotTaken("no_vault")
        media, why = await asyncio.to_thread(looked_at, content)
        if why is not None:
            raise NotTaken(why)
        digest = hashlib.sha256(content).hexdigest()
        await self._scanned(actor, case.id, content, digest)
        token = self._platform.blind(f"{case.id} {digest}")
        sealed = Personal(_owner(case.id), token, b64encode(content).decode())
        await asyncio.to_thread(vault.commit, [sealed], self._platform.now_us())
        return Attach(token, plain_name(name), media, len(content), digest)

    async def read(self, actor: Actor, file: FileState) -> bytes | None:
        """A file's bytes, exactly as they were attached; None when they are not there any more. Raises NotTaken when
        a scanner finds something in it by now, or can't look; NotRecorded.
        """
        vault = self._platform.vault
        if vault is None:
            return None
        try:
            opened = await asyncio.to_thread(vault.open_one, _owner(file.case), file.token)
        except CannotOpen:
            return None
        content = b64decode(opened.clear) if opened is not None else b""
        if hashlib.sha256(content).hexdigest() != file.digest:
            return None
        await self._scanned(actor, file.case, content, file.digest)
        return content

    async def _scanned(self, actor: Actor, case: str, content: bytes, digest: str) -> None:
        """Have a file looked at. Raises NotTaken when it may not pass, NotRecorded when that can't be journalled."""
        look = await self.scanning.look(content)
        if look.found:
            await self._audit.act(actor, FOUND, f"{look.found} sha256:{digest}", allowed=False, case=case)
            raise NotTaken("file_infected")
        if not look.failed:
            return
        if self.scanning.is_on:
            self._platform.say(f"a file could not be looked at: {look.failed}")
        if self.scanning.unscanned == "refuse":
            raise NotTaken("file_unscanned")
        if self.scanning.is_on:
            await self._audit.act(actor, UNSCANNED, f"sha256:{digest}", case=case)


def _owner(case: str) -> str:
    """Whose key a case's files are sealed under."""
    return f"case {case}"
