"""A small OpenID Connect provider that really answers over HTTP, and can be told to lie in each way."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, PASSWORD = "jindi-console", "client secret"
ACCESS, REFRESH = "access-token-canary", "refresh-token-canary"


class Provider:
    """`claims` are put over those of an honest token; `forge` makes another token of the honest claims."""

    def __init__(self, clock):
        self.clock = clock
        self.key = RSAKey.generate_key(3072, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.person = {"sub": "42", "preferred_username": "limin", "name": "Li Min", "amr": ["pwd", "mfa"]}
        self.claims, self.forge, self.described, self.served = {}, None, {}, None
        self.codes, self.asked, self.status, self.keys_asked, self.body = {}, [], 200, 0, None
        self.issuer = ""

    def sign(self, claims, key=None, header=None):
        key = key or self.key
        return jwt.encode(header or {"alg": "RS256", "kid": key.kid}, claims, key)

    def authorize(self, address):
        """The person signs in at the provider: where the browser is sent back to."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def token(self, form, authorization):
        right = "Basic " + base64.b64encode(f"{CLIENT}:{PASSWORD.replace(' ', '%20')}".encode()).decode()
        plain = "Basic " + base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            authorization not in (right, plain)
            or asked is None
            or asked["code_challenge"] != challenge.rstrip(b"=").decode()
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        now = self.clock.at_us // 1_000_000
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        given = self.forge(claims) if self.forge else self.sign(claims)
        return 200, {"id_token": given, "access_token": ACCESS, "refresh_token": REFRESH, "token_type": "Bearer"}

    def answer(self, path, form=None, authorization=""):
        if self.status != 200:
            return self.status, {"error": "down"}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys", **self.described,
            }  # fmt: skip
        if path == "/keys":
            self.keys_asked += 1
            return 200, self.served or {"keys": [self.key.as_dict(private=False)]}
        if path == "/token":
            return self.token(form, authorization)
        return 404, {}


@contextmanager
def provider(clock):
    """A provider that listens on this machine."""
    here = Provider(clock)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._give(*here.answer(self.path))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[-1] for name, values in parse_qs(body).items()}
            self._give(*here.answer(self.path, form, self.headers.get("authorization", "")))

        def _give(self, status, document):
            raw = here.body if here.body is not None else json.dumps(document).encode()
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("location", f"{here.issuer}/elsewhere")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _part(document):
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hmac_of_public_key(provider):
    """The oldest trick: the public key, which everybody has, as the secret of an HMAC."""
    secret = provider.key.as_pem(private=False)

    def forge(claims):
        said = f"{_part({'alg': 'HS256', 'kid': 'k1', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{said}.{_part(hmac.digest(secret, said.encode(), 'sha256'))}"

    return forge


def unsigned(claims):
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
