"""The chain of batches: what was written is never changed unnoticed.

Knows: records, batches, hashes, checkpoints and their signatures. Never: files, clocks, what a record means.
"""

from jindi.journal.chain import (
    GENESIS,
    Batch,
    Chain,
    ChainBroken,
    Verified,
    seal,
    unseal,
    verify,
)
from jindi.journal.checkpoints import (
    Checkpoint,
    CheckpointRefused,
    Notary,
    Signer,
    Verifier,
    check,
    load_checkpoints,
    sign,
)

__all__ = [
    "GENESIS",
    "Batch",
    "Chain",
    "ChainBroken",
    "Checkpoint",
    "CheckpointRefused",
    "Notary",
    "Signer",
    "Verified",
    "Verifier",
    "check",
    "load_checkpoints",
    "seal",
    "sign",
    "unseal",
    "verify",
]
