"""A folder in which a shop has lived, with the register of controls, and checks that look at it."""

import asyncio
import json
import shutil
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from jindi.app.wiring import Outside, shipped_packs
from jindi.doors.cli.auditing import caller
from jindi.doors.cli.grounds import ScratchFolder, ground_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.packs import ControlDef, Words, load
from jindi.run.audit import Audit
from jindi.run.controls.registry import look
from shop_world import pay, shop_files

SAME = Words("同", "same")
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000

CONTROLS = """
[SHOP1]
doc      = { zh = "付款有生效策略。", en = "Payments have a live policy." }
measure  = { zh = "防止盗用", en = "Theft is stopped" }
risk     = "fraud"
by       = ["pack shop"]
check    = "policies_live"
with     = { events = ["pay"] }
owner    = "policy_author"
every    = "1d"
severity = "high"
basis    = "the owner"

[SHOP2]
doc      = { zh = "字段都有分级。", en = "Fields have classes." }
measure  = { zh = "信息分类", en = "Data is classified" }
risk     = "leak"
by       = ["jindi.packs"]
check    = "field_classes"
owner    = "security_admin"
every    = "7d"
severity = "medium"
basis    = { zh = "自定", en = "ours" }

[SHOP3]
doc      = { zh = "部件尚不存在。", en = "Its part is not there yet." }
measure  = { zh = "将来", en = "Later" }
risk     = "staff"
by       = ["nothing yet"]
check    = "not_there_yet"
owner    = "auditor"
every    = "1h"
severity = "low"
basis    = "the owner"

[SHOP4]
doc      = { zh = "不适用。", en = "Does not apply." }
measure  = { zh = "外部", en = "Elsewhere" }
risk     = "outage"
by       = ["nothing"]
check    = "restore_drill"
owner    = "system_admin"
every    = "1d"
severity = "low"
basis    = "the owner"
excluded = { zh = "由集团负责备份", en = "The group makes the backups" }
"""


def control(check, **arguments):
    """A control that asks for one check."""
    return ControlDef(
        "T01", "test", SAME, SAME, "leak", ("x",), check, arguments, "auditor", DAY_US, "high", SAME, None, "d"
    )


def write_packs(folder, controls=CONTROLS, **changed):
    """The shop with a register, and the pack platform, as folders."""
    files = {**shop_files(**changed), "shop/controls.toml": controls}
    for path, text in files.items():
        if path.startswith("shop/"):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace('deadline = "200ms"', 'deadline = "1h"'), "utf-8")
    shutil.copytree(shipped_packs() / "platform", folder / "platform", dirs_exist_ok=True)
    return [folder / "shop", folder / "platform"]


def wired(folder, **settings):
    """The outside world and the settings of a folder."""
    outside = Outside()
    packs = ",".join(map(str, write_packs(folder / "packs")))
    return outside, outside.settle({"data": str(folder / "data"), "packs": packs, **settings})


@contextmanager
def planted(module, **changed):
    """Faults put into a module or a class, and taken out again."""
    before = {name: getattr(module, name) for name in changed}
    for name, value in changed.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def live(outside, settled, count=12, *, starts=True):
    """A platform lives in the folder for a while."""

    async def go():
        platform = make_platform(outside, settled, Output(as_json=True), with_vault=True)
        await platform.start()
        try:
            if starts:
                await Audit(platform).act(caller(), "platform.start")
            for number in range(count):
                document = pay(number, "5.00", platform.now_us(), user=f"u{number % 3}")
                await platform.submit(json.dumps(document).encode(), platform.now_us())
            if starts:
                await Audit(platform).act(caller(), "platform.stop")
        finally:
            await platform.close()

    asyncio.run(go())


@cache
def lived(place):
    """A folder that nobody changes, with everything that a platform leaves behind, its heads elsewhere."""
    folder = Path(place)
    (folder / "heads").mkdir()
    outside, settled = wired(folder, heads=str(folder / "heads"))
    live(outside, settled)
    return outside, settled, load(outside.pack_files(settled.packs))


def staffed_place(place):
    """What checks stand on where the pack `staff` is in force, too."""
    outside, settled = wired(Path(place))
    shutil.copytree(shipped_packs() / "staff", Path(place) / "packs" / "staff")
    settled = replace(settled, packs=(*settled.packs, Path(place) / "packs" / "staff"))
    live(outside, settled)
    definitions = load(outside.pack_files(settled.packs))
    return replace(ground_of(outside, settled, definitions), kernel_clock=lambda: (0, 20_000, 100))


def ground(place, **changed):
    """What checks stand on: the folder that has lived, with what is changed for one test."""
    outside, settled, definitions = lived(str(place))
    return replace(ground_of(outside, settled, definitions), kernel_clock=lambda: (0, 20_000, 100), **changed)


def found(ground, check, **arguments):
    """What a check comes to."""
    return look(control(check, **arguments), ground)


def scratch_with(place, **changed):
    """A ground whose small platforms differ from the real ones by methods."""
    outside, settled, definitions = lived(str(place))
    kind = type("Planted", (ScratchFolder,), changed)

    @contextmanager
    def scratch():
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            made = kind(outside, settled, definitions.source, Path(folder))
            try:
                yield made
            finally:
                made.close()

    return ground(place, scratch=scratch)


class LogOf:
    """A journal that says other batches than there are."""

    def __init__(self, frames, next_seq):
        self.frames, self._next = frames, next_seq

    def read(self, first=0):
        return iter([frame for frame in self.frames if frame.first + frame.count > first])

    def next_seq(self):
        return self._next

    def close(self):
        pass


def journal_of(frames, next_seq=None):
    """What opens a journal of these batches."""

    @contextmanager
    def opened():
        end = frames[-1].first + frames[-1].count if frames else 0
        yield LogOf(frames, end if next_seq is None else next_seq)

    return opened


def frames_of(ground):
    with ground.journal() as log:
        return list(log.read(0))


# ---- servers that speak TLS, well and badly


def certificate(folder, days=90, key=None):
    """A certificate and its key, in files."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / f"server-{days}-{type(key).__name__}.pem"
    path.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return path


def rsa_key(bits=3072):
    return rsa.generate_private_key(65537, bits)


@contextmanager
def serving(context):
    """A server that shakes hands with everybody; its address. Without a context it speaks no TLS."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    ending = threading.Event()

    def accept():
        while not ending.is_set():
            try:
                plain, _ = server.accept()
            except TimeoutError:
                continue
            try:
                plain.settimeout(2)
                if context is None:
                    plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    plain.recv(100)
                else:
                    with context.wrap_socket(plain, server_side=True) as secured:
                        secured.recv(1)
            except OSError:
                pass
            finally:
                plain.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()
    finally:
        ending.set()
        thread.join()
        server.close()


def server_context(path, *, oldest=ssl.TLSVersion.TLSv1_2, suites="ECDHE+AESGCM"):
    import warnings

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
    context.set_ciphers(suites)
    return context
