"""Asking the company's provider (OpenID Connect): its description, its keys, and a token for a code. Nothing of an
answer is believed here; `access.oidc` judges it.
"""

import logging
from typing import Any

import httpx
import msgspec

from jindi.access import (
    Asked,
    Drafts,
    Identity,
    OidcRefused,
    OidcSettings,
    Provider,
    RandomBytes,
    answered_code,
    ask,
    identity,
    is_safe_address,
    read_provider,
)
from jindi.basics.instants import HOUR_US, MINUTE_US, SECOND_US
from jindi.ports import Clock

_log = logging.getLogger(__name__)

BACK = "/sign-in/company/back"
"""Where the provider sends the browser back to, below the site's own address."""

ANSWER_BYTES_MAX = 262_144
TIMEOUT_S = 10.0
DESCRIPTION_US, KEYS_AGAIN_US = HOUR_US, MINUTE_US
"""How long a description and keys are kept; and how soon keys are fetched again for one that is not among them."""


class Company:
    """One provider, for one site. Asking it is the only request that Jindi makes to sign somebody in."""

    def __init__(
        self, settings: OidcSettings, site: str, clock: Clock, random: RandomBytes,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        if not is_safe_address(settings.issuer):
            raise ValueError("the issuer's address is neither https nor this machine")
        self.settings, self._clock, self._random = settings, clock, random
        self._back, self._transport = site.rstrip("/") + BACK, transport
        self._asked: Drafts[Asked] = Drafts(random)
        self._provider: tuple[Provider, int] | None = None
        self._keys: tuple[Any, int] | None = None

    async def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the handle that its cookie keeps until it comes back. Raises OidcRefused."""
        url, asked = ask(self.settings, await self._described(), self._back, self._random)
        return url, self._asked.begin(asked, self._clock.now_us())

    async def finish(self, handle: str, query: dict[str, str]) -> Identity:
        """Whom the provider vouches for, once for each handle. Raises OidcRefused."""
        now_us = self._clock.now_us()
        asked = self._asked.take(handle, now_us)
        code = answered_code(self.settings, asked, query)
        assert asked is not None, "there is no code without it"
        provider = await self._described()
        answer = await self._fetch(provider.token_endpoint, {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._back,
            "client_id": self.settings.client_id, "code_verifier": asked.verifier,
        })  # fmt: skip
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise OidcRefused("token")
        try:
            return identity(self.settings, token, await self._jwks(provider), asked.nonce, now_us // SECOND_US)
        except OidcRefused as refusal:
            if refusal.why == "short_key":
                # Only the operator can do something about it.
                _log.warning(
                    "the company's sign-in is not believed: its provider signs with an RSA key of fewer than %d bits; "
                    'ask for ES256, EdDSA or a longer key there, or take it by the setting rsa_2048 = "sign_in"',
                    self.settings.rsa_bits_min,
                )
            # A key that came into use meanwhile; who only makes up keys has us ask once a minute.
            assert self._keys is not None, "fetched just now"
            if refusal.why != "signature" or now_us - self._keys[1] < KEYS_AGAIN_US:
                raise
            self._keys = None
            return identity(self.settings, token, await self._jwks(provider), asked.nonce, now_us // SECOND_US)

    async def _described(self) -> Provider:
        now_us = self._clock.now_us()
        if self._provider is None or now_us - self._provider[1] >= DESCRIPTION_US:
            address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            self._provider = read_provider(self.settings, await self._fetch(address)), now_us
        return self._provider[0]

    async def _jwks(self, provider: Provider) -> Any:
        now_us = self._clock.now_us()
        if self._keys is None or now_us - self._keys[1] >= DESCRIPTION_US:
            self._keys = await self._fetch(provider.jwks_uri), now_us
        return self._keys[0]

    async def _fetch(self, address: str, form: dict[str, str] | None = None) -> Any:
        """A JSON document of bearable size. No redirect is followed, no proxy of the environment is used."""
        who = httpx.BasicAuth(self.settings.client_id, self.settings.client_secret) if form is not None else None
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
                ) as http,
                http.stream("GET" if form is None else "POST", address, data=form, auth=who) as answer,
            ):  # fmt: skip
                if answer.status_code != httpx.codes.OK:
                    raise OidcRefused("denied" if form is not None else "unreachable")
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX:
                        raise OidcRefused("too_large")
                return msgspec.json.decode(bytes(body))
        except (httpx.HTTPError, msgspec.DecodeError, RecursionError) as error:
            # A certificate that nobody vouches for is the operator's to know of; the person is told less.
            _log.warning("the company's sign-in could not be asked: %s: %s", type(error).__name__, error)
            raise OidcRefused("unreachable") from None
