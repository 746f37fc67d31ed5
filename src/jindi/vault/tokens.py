"""Keyed tokens: the same phone is the same token in every event, and without the key it is nobody's.

A token is a pseudorandom function of the identifier's normal form, keyed per *kind* of identifier, never
per column. An unkeyed hash would not do: all mainland mobile numbers can be tried in hours.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable

from jindi.basics.identifiers import NORMAL_FORMS

KEY_BYTES = 32
TOKEN_BYTES = 16
"""128 bits: two identifiers share a token by chance less than once in 10**18 for a billion of each."""

_CACHE_MAX = 16_384
_CODE = re.compile("[A-Za-z0-9_-]{22}", re.ASCII)


def new_key(random_bytes: Callable[[int], bytes]) -> bytes:
    """A fresh token key; losing it severs all tokens from their people, so it is backed up and never rotated
    away: rotation of the vault's encryption keys leaves tokens as they are.
    """
    return random_bytes(KEY_BYTES)


def is_token(kind: str, text: str) -> bool:
    """Whether a text has the form of a token of a kind. (Clear text may begin like one; it never ends like one.)

    >>> is_token("email", "email.me@example.com"), is_token("email", Tokens(bytes(32)).token("email", "a@example.com"))
    (False, True)
    """
    return text.startswith(f"{kind}.") and _CODE.fullmatch(text, len(kind) + 1) is not None


class Tokens:
    """Makes tokens under one root key. Stateless but for a bounded memory of recent answers."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the token key must have {KEY_BYTES} bytes, this one has {len(key)}")
        self._keys = {
            kind: hmac.digest(key, f"jindi token v1 {kind}".encode(), hashlib.sha256) for kind in NORMAL_FORMS
        }
        # Any text has one token, whether it is a field of kind `text` or what somebody was asked for by.
        self._blind_key = self._keys["text"] = hmac.digest(key, b"jindi blind v1", hashlib.sha256)
        self._makers = {kind: self._maker(kind) for kind in NORMAL_FORMS}

    def token(self, kind: str, clear: str) -> str:
        """The token of an identifier: its kind, a dot, 22 characters of base 64 that are safe in addresses.

        Raises ValueError, without the value, when the text is no identifier of that kind.

        >>> tokens = Tokens(bytes(32))
        >>> tokens.token("phone", "13812345678") == tokens.token("phone", "+86 138-1234-5678")
        True
        >>> tokens.token("phone", "13812345678") == tokens.token("account", "+8613812345678")
        False
        """
        return self._makers[kind](clear)

    def blind(self, text: str) -> str:
        """A keyed token of any text, for where it must be kept that somebody asked, and not what for in clear.

        >>> Tokens(bytes(32)).blind("Ann") == Tokens(bytes(32)).blind("Ann") != Tokens(bytes(32)).blind("ann")
        True
        >>> Tokens(bytes(32)).blind("Ann") == Tokens(bytes(32)).token("text", "Ann")
        True
        """
        code = hashlib.blake2b(text.encode(), digest_size=TOKEN_BYTES, key=self._blind_key).digest()
        return f"text.{urlsafe_b64encode(code)[:22].decode()}"

    def maker(self, kind: str) -> Callable[[str], str]:
        """`token` for one kind of identifier."""
        return self._makers[kind]

    def _maker(self, kind: str) -> Callable[[str], str]:
        normal_form, key = NORMAL_FORMS[kind], self._keys[kind]
        recent: dict[str, str] = {}

        def token(clear: str) -> str:
            if (known := recent.get(clear)) is not None:
                return known
            normal = normal_form(clear)
            code = hashlib.blake2b(normal.encode(), digest_size=TOKEN_BYTES, key=key).digest()
            if len(recent) >= _CACHE_MAX:
                recent.clear()
            made = recent[clear] = f"{kind}.{urlsafe_b64encode(code)[:22].decode()}"
            return made

        return token
