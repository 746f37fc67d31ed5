"""Personal data stops here: identifiers in, keyed tokens out; the clear text sealed, under a key of each subject's own.

Knows: kinds of identifier, keys, and whose a field is. Never: what an event means, who asks.
"""

from jindi.vault.ciphers import PROFILES, USES_MAX, CannotOpen, Profile, Sealer, nonce_of, profile_named
from jindi.vault.masks import HIDDEN, LEVELS, SENSITIVE, SHOWN_MAX, Level, mask
from jindi.vault.ring import KeyRing, RingProblem, Version, about_root
from jindi.vault.roots import ROOT_BYTES, KeyRoot, new_stretch, passphrase_root, read_secret
from jindi.vault.tally import SEEN
from jindi.vault.tokens import KEY_BYTES, Tokens, is_token, new_key
from jindi.vault.vault import Checked, Known, Opened, Personal, Resealed, Sampled, Vault, VaultStatus, kind_of

__all__ = [
    "HIDDEN",
    "KEY_BYTES",
    "LEVELS",
    "PROFILES",
    "ROOT_BYTES",
    "SEEN",
    "SENSITIVE",
    "SHOWN_MAX",
    "USES_MAX",
    "CannotOpen",
    "Checked",
    "KeyRing",
    "KeyRoot",
    "Known",
    "Level",
    "Opened",
    "Personal",
    "Profile",
    "Resealed",
    "RingProblem",
    "Sampled",
    "Sealer",
    "Tokens",
    "Vault",
    "VaultStatus",
    "Version",
    "about_root",
    "is_token",
    "kind_of",
    "mask",
    "new_key",
    "new_stretch",
    "nonce_of",
    "passphrase_root",
    "profile_named",
    "read_secret",
]
