"""What a report says, sealed in the vault: each report's under a key of its own, as files of cases are.

It is no part of what a customer may have exported, and no part of his erasure: a report is kept as long as its rule
says, and whoever was erased meanwhile stands in it as he was reported. The journal holds the digest, so that what is
opened is what was sealed.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from jindi.cases.filings_steps import Sealed
from jindi.vault import CannotOpen, Personal

if TYPE_CHECKING:
    from jindi.run.platform import Platform

OWNER = "report "
"""How the names begin under which the vault keeps reports."""


def seal(platform: "Platform", owner: str, content: bytes, digest: str = "") -> Sealed:
    """Keep something; `digest` is what is vouched for, that of all of it unless another one is given. To seal the same
    again changes nothing. Raises VaultFailure.
    """
    vault = platform.vault
    assert vault is not None, "asked before"
    whole = hashlib.sha256(content).hexdigest()
    token = platform.blind(f"{owner} {whole}")
    vault.commit([Personal(owner, token, b64encode(content).decode())], platform.now_us())
    return Sealed(token, digest or whole)


def unseal(platform: "Platform", owner: str, sealed: Sealed) -> bytes | None:
    """What was kept; None when it is not there any more."""
    vault = platform.vault
    if vault is None:
        return None
    try:
        opened = vault.open_one(owner, sealed.token)
    except CannotOpen:
        return None
    return None if opened is None else b64decode(opened.clear)
