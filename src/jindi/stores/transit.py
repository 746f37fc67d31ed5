"""A root key that never leaves its service: the transit engine of OpenBao or HashiCorp Vault, asked over HTTPS.

The service seals and opens one small key under a key of its own, with the place that it is for as associated data: its
type must be an AEAD, `aes256-gcm96` or `chacha20-poly1305`. Whoever has the ring's file and not the service's consent
has nothing; consent is a policy of the service, can be taken back there, and each use is in its audit.

Nothing is tried again and nothing is kept for later: what the service does not answer, in time and in form, is refused.
No answer of the service is quoted; the status says enough.
"""

import binascii
import os
import ssl
import stat
from base64 import b64decode, b64encode
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from jindi.ports import RootFailure

KIND = "transit"
TIMEOUT_S = 10.0
_ANSWER_BYTES_MAX = 65_536
_TOKEN_BYTES_MAX = 4_096

_MEANING = {
    HTTPStatus.BAD_REQUEST: "it refused what it was asked: another key, another place, or a key type without"
    " associated data",
    HTTPStatus.FORBIDDEN: "it does not let this token do that, or does not know the token",
    HTTPStatus.NOT_FOUND: "there is no such key or mount",
    HTTPStatus.SERVICE_UNAVAILABLE: "it is sealed, or not ready",
}


class _Data(msgspec.Struct):
    ciphertext: str = ""
    plaintext: str = ""


class _Answer(msgspec.Struct):
    data: _Data


def place_problem(place: str) -> str | None:
    """What is wrong with the address of a transit key; None when nothing is.

    >>> place_problem("https://bao.example:8200/transit/jindi") is None
    True
    >>> place_problem("http://bao.example:8200/transit/jindi")
    'not an https address'
    """
    parts = urlsplit(place)
    if parts.scheme != "https" or not parts.hostname:
        return "not an https address"
    if parts.username is not None or parts.query or parts.fragment:
        return "holds more than host, mount and key"
    segments = parts.path.strip("/").split("/")
    return None if len(segments) >= 2 and all(segments) else "does not name a mount and a key: https://HOST/MOUNT/KEY"


class TransitRoot:
    """The `Root` port over a transit key. `place` is `https://HOST[:PORT]/MOUNT/KEY`, `token` the file of the token.

    `authority` is the file of the certificates that the service is believed by; None: the machine's own.
    Raises RootFailure, also when a file is not as it must be.
    """

    def __init__(
        self, place: str, token: Path, authority: Path | None = None, about: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        parts = urlsplit(place)
        *mount, self._key = parts.path.strip("/").split("/")
        self._base, self._mount = f"https://{parts.netloc}", "/".join(map(quote, mount))
        self._token, self._timeout_s = token, timeout_s
        self._about = dict(about or {"kind": KIND, "place": place})
        try:
            self._trust = ssl.create_default_context(cafile=None if authority is None else os.fspath(authority))
        except OSError as error:
            raise RootFailure(f"{authority}: the authority's certificates can't be read: {error.strerror}") from None
        self._trust.minimum_version = ssl.TLSVersion.TLSv1_2

    @property
    def about(self) -> Mapping[str, str]:
        """Its kind and its address."""
        return self._about

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """A small key, sealed by the service."""
        asked = {"plaintext": b64encode(key).decode(), "associated_data": b64encode(bound).decode()}
        sealed = self._asked("encrypt", asked).ciphertext
        if not sealed:
            raise RootFailure(f"{self._base}: the key service answered without a ciphertext")
        return sealed.encode()

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """What the service sealed."""
        asked = {"ciphertext": wrapped.decode("ascii", "replace"), "associated_data": b64encode(bound).decode()}
        try:
            return b64decode(self._asked("decrypt", asked).plaintext, validate=True)
        except binascii.Error:
            raise RootFailure(f"{self._base}: the key service's answer can't be read") from None

    def _asked(self, what: str, document: Mapping[str, str]) -> _Data:
        headers = {"x-vault-token": self._read_token(), "x-vault-request": "true"}
        url = f"{self._base}/v1/{self._mount}/{what}/{quote(self._key, safe='')}"
        try:
            # No proxy of the environment's, no redirect: what is sent is a key.
            with (
                httpx.Client(verify=self._trust, timeout=self._timeout_s, trust_env=False) as http,
                http.stream("POST", url, json=document, headers=headers) as answer,
            ):
                status, raw = answer.status_code, b""
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > _ANSWER_BYTES_MAX:
                        raise RootFailure(f"{self._base}: the key service's answer is too long")
        except httpx.TimeoutException:
            raise RootFailure(f"{self._base}: the key service did not answer within {self._timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its own words name hosts and reasons of TLS; what was sent stands in none of them.
            raise RootFailure(f"{self._base}: the key service can't be reached: {error}") from None
        if status != HTTPStatus.OK:
            meaning = _MEANING.get(HTTPStatus(status), "") if status in set(HTTPStatus) else ""
            raise RootFailure(f"{self._base}: the key service answered {status}" + (f": {meaning}" if meaning else ""))
        try:
            return msgspec.json.decode(raw, type=_Answer).data
        except (msgspec.MsgspecError, ValueError):
            raise RootFailure(f"{self._base}: the key service's answer can't be read") from None

    def _read_token(self) -> str:
        """Read anew each time: an agent beside us may renew it."""
        try:
            status = self._token.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _TOKEN_BYTES_MAX:
                raise RootFailure(f"{self._token}: no file of a token")
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise RootFailure(f"{self._token}: others can read this token (chmod 600, and have it revoked)")
            token = self._token.read_text("ascii").strip()
        except UnicodeDecodeError:
            raise RootFailure(f"{self._token}: no file of a token") from None
        except OSError as error:
            raise RootFailure(f"{self._token}: the token can't be read: {error.strerror}") from None
        if not token or not token.isprintable() or " " in token:
            raise RootFailure(f"{self._token}: no file of a token")
        return token
