"""A stand-in for a key service over real TLS: the transit engine's two calls as its documents describe them, over a
real AEAD, in this process. What is tested is our side of the line; that the service keeps its key is its own affair.
"""

import base64
import contextlib
import datetime as dt
import ipaddress
import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

TOKEN = "s.token-of-the-platform"


class Service:
    """Keys by mount and name, who may use them, and what was asked."""

    def __init__(self):
        self.keys = {"transit/jindi": AESGCM.generate_key(256)}
        self.asked, self.sealed, self.answer, self.delay_s = [], False, None, 0.0

    def do(self, path, token, document):
        """(status, document) of one request."""
        self.asked.append((path, document))
        if self.answer is not None:
            return self.answer
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        mount, what, name = path.removeprefix("/v1/").rsplit("/", 2)
        key = self.keys.get(f"{mount}/{name}")
        if key is None:
            return 404, {"errors": []}
        bound = base64.b64decode(document["associated_data"])
        if what == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(key).encrypt(nonce, base64.b64decode(document["plaintext"]), bound)
            return 200, {"data": {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}", "key_version": 1}}
        try:
            raw = base64.b64decode(document["ciphertext"].removeprefix("vault:v1:"))
            clear = AESGCM(key).decrypt(raw[:12], raw[12:], bound)
        except (InvalidTag, ValueError):
            return 400, {"errors": ["invalid ciphertext"]}
        return 200, {"data": {"plaintext": base64.b64encode(clear).decode()}}


def _certificate(name, key, issuer, issuer_key, *, is_authority):
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(issuer).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )  # fmt: skip
    if not is_authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(issuer_key, hashes.SHA256())


def certificates(folder):
    """The files of an authority's certificate, and of a server's with its key."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "server")]
    pem = serialization.Encoding.PEM
    authority = _certificate(names[0], keys[0], names[0], keys[0], is_authority=True).public_bytes(pem)
    server = _certificate(names[1], keys[1], names[0], keys[0], is_authority=False).public_bytes(pem)
    secret = keys[1].private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )  # fmt: skip
    (folder / "ca.pem").write_bytes(authority)
    (folder / "server.pem").write_bytes(server + secret)
    return folder / "ca.pem", folder / "server.pem"


@contextlib.contextmanager
def serving(service, server_pem):
    """The service's address while the block runs."""
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            gone.wait(service.delay_s)
            status, answer = service.do(self.path, self.headers["x-vault-token"], document)
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if status in (301, 307):
                self.send_header("location", "https://elsewhere.example/v1/transit/encrypt/jindi")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(raw)

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    http.handle_error = lambda *_: None
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{http.server_port}"
    finally:
        gone.set()
        http.shutdown()
        thread.join()
        http.server_close()
