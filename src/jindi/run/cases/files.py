"""Files of cases: looked at, sealed in the vault under a key that each case has alone, and handed out against a record.

A file is no part of what a customer may have exported, as a note is none: it is what people found out about him. It is
no part of his erasure either; it goes with the case's own key. The journal holds its digest, so what is handed out is
what was attached.
"""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from jindi.cases import Attach, Case, FileState
from jindi.cases.evidence import Unfit, looked_at, plain_name
from jindi.vault import CannotOpen, Personal

if TYPE_CHECKING:
    from jindi.run.platform import Platform


class NotTaken(Exception):  # noqa: N818 - what a person is told
    """A file can't be attached; `why` is a word of `Unfit`, or `no_vault`."""

    def __init__(self, why: Unfit | str) -> None:
        self.why = why
        super().__init__(why)


class CaseFiles:
    """Keeps and opens the files of one platform's cases."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    @property
    def is_on(self) -> bool:
        """Whether there is a vault to keep them in: nothing is kept in clear."""
        return self._platform.vault is not None

    async def keep(self, case: Case, name: str, content: bytes) -> Attach:
        """Seal a file; the step that makes it the case's. Raises NotTaken, VaultFailure."""
        vault = self._platform.vault
        if vault is None:
            raise NotTaken("no_vault")
        media, why = await asyncio.to_thread(looked_at, content)
        if why is not None:
            raise NotTaken(why)
        digest = hashlib.sha256(content).hexdigest()
        token = self._platform.blind(f"{case.id} {digest}")
        sealed = Personal(_owner(case.id), token, b64encode(content).decode())
        await asyncio.to_thread(vault.commit, [sealed], self._platform.now_us())
        return Attach(token, plain_name(name), media, len(content), digest)

    async def read(self, file: FileState) -> bytes | None:
        """A file's bytes, exactly as they were attached; None when they are not there any more."""
        vault = self._platform.vault
        if vault is None:
            return None
        try:
            opened = await asyncio.to_thread(vault.open_one, _owner(file.case), file.token)
        except CannotOpen:
            return None
        content = b64decode(opened.clear) if opened is not None else b""
        return content if hashlib.sha256(content).hexdigest() == file.digest else None


def _owner(case: str) -> str:
    """Whose key a case's files are sealed under."""
    return f"case {case}"
