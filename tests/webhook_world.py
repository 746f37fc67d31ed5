"""Somebody else's side of webhooks: a server that takes them, and the check that the specification asks for."""

import hashlib
import hmac
import json
import threading
import time
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verified(secret, headers, body, now_s=None, *, seen=None):
    """A receiver that checks as the specification says: signature, then time, then whether it was here before."""
    message_id, sent_s = headers["webhook-id"], headers["webhook-timestamp"]
    signed = f"{message_id}.{sent_s}.".encode() + body
    for each in headers["webhook-signature"].split(" "):
        version, _, text = each.partition(",")
        if version == "v1" and secret.startswith("whsec_"):
            made = hmac.new(b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
            if hmac.compare_digest(b64encode(made).decode(), text):
                break
        elif version == "v1a" and secret.startswith("whpk_"):
            try:
                key = Ed25519PublicKey.from_public_bytes(b64decode(secret.removeprefix("whpk_")))
                key.verify(b64decode(text), signed)
            except InvalidSignature:
                continue
            break
    else:
        return False
    if now_s is not None and abs(now_s - int(sent_s)) > 300:
        return False
    if seen is not None:
        if message_id in seen:
            return False
        seen.add(message_id)
    return True


class Receiver:
    """Somebody else's server on this machine. `answers` gives a status (and headers) for each request in turn."""

    def __init__(self, answers=(), *, tls=None, drip_s=0.0, body=b""):
        self.taken, self.answers, self.behaviour = [], list(answers), threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.taken.append((dict(self.headers.items()), body, self.path))
                status, more = outer.answers.pop(0) if outer.answers else (200 if outer.body else 204, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(outer.body)))
                self.end_headers()
                pieces = [outer.body] if not outer.drip_s else [bytes([byte]) for byte in outer.body]
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(outer.drip_s)

            def log_message(self, *_):
                pass

        self.body, self.drip_s = body, drip_s
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'http' if tls is None else 'https'}://localhost:{self.port}/hook?a=b"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def headers_of(taken):
    return {name.lower(): value for name, value in taken[0].items()}


def ids(receiver):
    return [json.loads(body)["data"]["event_id"] for _, body, _ in receiver.taken]
