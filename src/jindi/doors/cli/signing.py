"""The pair of keys that a program signs its requests with."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output


def pair_of(public_key: Path | None, output: Output) -> tuple[bytes, str | None]:
    """The raw public key of a file, or of a pair made here; then its private half as PEM."""
    if public_key is None:
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return private.public_key().public_bytes_raw(), pem
    try:
        found = load_pem_public_key(public_key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        remedy = "make one: openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout"
        output.fail(Problems([Problem(str(public_key), "", "holds no public Ed25519 key (PEM)", remedy)]))
    return found.public_bytes_raw(), None
