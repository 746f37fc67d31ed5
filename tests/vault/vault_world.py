"""A vault over each store, with a few people in it."""

from jindi.stores import MemoryVault, SqliteVault
from jindi.stores.files import FileBlobs, MemoryBlobs
from jindi.vault import KeyRing, KeyRoot, Personal, Tokens, Vault

TOKENS = Tokens(bytes(range(32)))
PHONE, OTHER_PHONE, CARD = "13812345678", "13987654321", "6222021234567890128"


def root(seed=1):
    return KeyRoot(bytes([seed]) * 32, "aes-256-gcm", {"kind": "file"})


def personal(subject, kind, clear):
    return Personal(subject, TOKENS.token(kind, clear), clear)


ANN = [personal("ann", "phone", PHONE), personal("ann", "bank_card", CARD)]
BOB = [personal("bob", "phone", PHONE)]


def memory_vault(profile="aes-256-gcm", **how):
    return Vault(MemoryVault(), KeyRing.create(MemoryBlobs(), root(), profile, 1), **how)


def disk_vault(folder, profile="aes-256-gcm", **how):
    """A vault in a folder as the app keeps it: the rows here, keys and ring in `keys`."""
    blobs = FileBlobs(folder / "keys")
    ring = KeyRing.load(blobs, root()) if blobs.load("ring") else KeyRing.create(blobs, root(), profile, 1)
    return Vault(SqliteVault(folder / "vault.sqlite", folder / "keys" / "subjects.sqlite"), ring, **how)


def shown(opened):
    return sorted((each.subject, each.kind, each.clear) for each in opened)
