"""The TLS files that the settings name, or a pair of our own in the data folder, made and renewed as it is due."""

import socket
from ipaddress import ip_address
from pathlib import Path

from jindi.basics.problems import Problem, Problems
from jindi.doors.certificates import Pair, covers, new_authority, new_leaf, permits
from jindi.doors.cli.wiring import Settled
from jindi.doors.tls import TlsFiles
from jindi.ports import Blobs
from jindi.stores.files import FileBlobs

FOLDER = "tls"
AUTHORITY, AUTHORITY_KEY, LEAF, LEAF_KEY = "ca.pem", "ca.key", "server.pem", "server.key"


def tls_files(settled: Settled, now_us: int) -> TlsFiles | None:
    """The files to serve with; None without TLS. Raises Problems."""
    transport = settled.transport
    if transport.tls == "off":
        return None
    if transport.tls == "files":
        assert transport.certificate is not None, "settings are checked"
        assert transport.key is not None, "settings are checked"
        return TlsFiles(transport.certificate, transport.key, transport.client_ca, transport.rsa_bits_min("tls"))
    folder = settled.data / FOLDER
    settled.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    _renew(FileBlobs(folder), folder, _names(settled.host), now_us)
    return TlsFiles(folder / LEAF, folder / LEAF_KEY, transport.client_ca, transport.rsa_bits_min("tls"))


def own_authority(settled: Settled) -> Path:
    """The certificate to verify our own pair against."""
    return settled.data / FOLDER / AUTHORITY


def _renew(blobs: Blobs, folder: Path, names: list[str], now_us: int) -> None:
    """A pair for these names that lasts a while, under an authority that stays the same as long as it can."""
    there, signing = blobs.load(AUTHORITY), blobs.load(AUTHORITY_KEY)
    if there is None or signing is None or not permits(there, names, now_us):
        made = new_authority(names, now_us)
        blobs.save(AUTHORITY_KEY, [made.key], private=True)
        blobs.save(AUTHORITY, [made.certificate])
        there, signing = made
    else:
        leaf = blobs.load(LEAF) or b""
        if covers(leaf, names, now_us) and leaf.endswith(there) and blobs.load(LEAF_KEY) is not None:
            return
    try:
        pair = new_leaf(Pair(there, signing), names, now_us)
    except ValueError:
        what = "the authority of our own certificate can't be read"
        raise Problems([Problem(str(folder), "", what, "remove this folder: a new one is made")]) from None
    # For a moment the old certificate lies beside the new key: that pair is refused, and the next look takes both.
    blobs.save(LEAF_KEY, [pair.key], private=True)
    blobs.save(LEAF, [pair.certificate])


def _names(host: str) -> list[str]:
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname().lower()]
    try:
        address = ip_address(host)
    except ValueError:
        names.append(host.lower())
    else:
        if not address.is_unspecified:
            names.append(str(address))
    return [name for name in dict.fromkeys(names) if name and name.isascii()]
