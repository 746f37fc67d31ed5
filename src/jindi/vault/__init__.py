"""Personal data stops here: identifiers in, keyed tokens out.

Knows: kinds of identifier and the key that their tokens are made with. Never: what an event means, who asks.
"""

from jindi.vault.tokens import KEY_BYTES, Tokens, is_token, new_key

__all__ = ["KEY_BYTES", "Tokens", "is_token", "new_key"]
