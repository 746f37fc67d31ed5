"""The chain of batches and the tree over records: what was written is never changed unnoticed.

Knows: records, batches, hashes, proofs, checkpoints, heads and their signatures. Never: files, clocks, what a record
means.
"""

from jindi.journal.bundles import make_bundle
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
from jindi.journal.heads import (
    HeadCheck,
    HeadRefused,
    Heads,
    Resting,
    read_heads,
    resting,
    signed_heads,
    tree_verifier,
)
from jindi.journal.merkle import Frontier, Tree
from jindi.journal.proofs import is_included, leaf_hash

__all__ = [
    "GENESIS",
    "Batch",
    "Chain",
    "ChainBroken",
    "Checkpoint",
    "CheckpointRefused",
    "Frontier",
    "HeadCheck",
    "HeadRefused",
    "Heads",
    "Notary",
    "Resting",
    "Signer",
    "Tree",
    "Verified",
    "Verifier",
    "check",
    "is_included",
    "leaf_hash",
    "load_checkpoints",
    "make_bundle",
    "read_heads",
    "resting",
    "seal",
    "sign",
    "signed_heads",
    "tree_verifier",
    "unseal",
    "verify",
]
