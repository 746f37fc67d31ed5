"""TLS on the port: old versions, weak suites, strangers under mutual TLS, certificates that change while it runs."""

import asyncio
import datetime as dt
import socket
import ssl
import stat
import threading
from contextlib import closing, suppress
from dataclasses import replace

import pytest
import uvloop
from api_world import Api
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from test_doors_connection import request

from jindi.access import Replays, Scope
from jindi.app.certificates import tls_files
from jindi.app.settings import settle
from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problems
from jindi.client import Client, JindiError, Signer
from jindi.doors import certificates
from jindi.doors.certificates import Pair, covers, new_authority, new_leaf
from jindi.doors.cli.running import in_clear
from jindi.doors.fences import Fences
from jindi.doors.tls import Terminator, TlsFiles, days_left, opened
from jindi.stores.files import MemoryBlobs
from shop_world import pay

NAMES = ["localhost", "127.0.0.1", "::1"]


def now_us():
    return int(dt.datetime.now(dt.UTC).timestamp() * 1_000_000)


class Place:
    """A folder with the files of a server."""

    def __init__(self, folder, names=NAMES):
        self.folder, self.names = folder, names
        self.authority = new_authority(names, now_us())
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.authority.certificate)
        self.renew()

    @property
    def files(self):
        return TlsFiles(self.folder / "server.pem", self.folder / "server.key")

    def renew(self, at_us=None):
        self.put(new_leaf(self.authority, self.names, at_us or now_us()))

    def put(self, pair):
        for path, data in ((self.files.key, pair.key), (self.files.certificate, pair.certificate)):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(data)
            fresh.chmod(0o600)
            fresh.replace(path)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def person(name, authority=None, *, is_ca=False, key=None):
    """A certificate of a client, self-made or under an authority: (certificate, key)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = (subject, key) if authority is None else (authority[0].subject, authority[1])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(not is_ca, *[False] * 4, is_ca, is_ca, *[False] * 2)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )  # fmt: skip
    return made, key


def write(folder, name, certificate, key):
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def client_of(place, **more):
    context = ssl.create_default_context(cafile=place.ca)
    for name, value in more.items():
        setattr(context, name, value)
    return context


def shake(port, context, name="localhost", send=b""):
    """Shake hands in a thread's own time: (version, suite, the server's certificate, what it answers)."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=120)
    with closing(plain), context.wrap_socket(plain, server_hostname=name) as sealed:
        found = sealed.version(), sealed.cipher()[0], sealed.getpeercert(binary_form=True)
        if send:
            sealed.sendall(send)
        return (*found, sealed.recv(4096) if send else b"")


HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


def serving(place, work, files=None, **fences):
    """Run blocking work against a platform that speaks TLS, on the loop that is used for real."""

    async def go():
        terminator = Terminator(files or place.files, now_us())
        api = Api(tls=terminator.context, fences=Fences(hsts=True, **fences))
        api.road = "socket"
        async with api:
            return await asyncio.to_thread(work, api, terminator)

    return uvloop.run(go())


def test_a_program_that_trusts_the_authority_is_heard_and_one_that_does_not_never_speaks(place):
    def work(api, _):
        url = f"https://localhost:{api.socket.port}"
        with Client(url, api.admin, ca=place.ca) as client:
            assert client.decide(pay(1)).outcome == "allow"
        with Client(url, api.admin, tries=1) as client, pytest.raises(JindiError, match="could not be reached"):
            client.decide(pay(2))
        assert api.shop.platform.lane.state.next_seq == 2

    serving(place, work)


def test_a_program_signs_over_tls(place):
    def work(api, _):
        key = Ed25519PrivateKey.generate()
        made = api.keys.create_signing("p", frozenset(Scope), 1, key.public_key().public_bytes_raw())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        api.shop.clock.at_us = now_us()
        with Client(f"https://localhost:{api.socket.port}", signer=Signer(made.id, pem), ca=place.ca) as client:
            made = client.decide(pay(1))
            assert client.decision(made.decision_id).event_id == "p1"
            assert len(list(client.decide_many([pay(n) for n in range(2, 40)]))) == 38
            assert client.features("user", "李四/x")["entity"] == "user"

    serving(place, work, replays=Replays(MemoryBlobs()))


def test_a_client_is_made_with_one_way_to_say_who_it_is():
    for given in ({}, {"api_key": "jk_x", "signer": object()}):
        with pytest.raises(ValueError, match="either"):
            Client("https://localhost", **given)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_of_an_old_version_is_refused(place, version):
    def work(api, _):
        context = client_of(place)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(api.socket.port, context)

    serving(place, work)


@pytest.mark.parametrize(
    "suites", ["AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "NULL"]
)
def test_a_suite_without_forward_secrecy_or_authenticated_sealing_is_refused(place, suites):
    def work(api, _):
        context = client_of(place, maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(f"{suites}:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(api.socket.port, context)

    serving(place, work)


def test_both_versions_that_are_left_are_spoken_and_no_session_is_resumed(place):
    def work(api, _):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_of(place, maximum_version=version)
            said = shake(api.socket.port, context, send=HEALTH)
            assert said[0] == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
            assert said[3].startswith(b"HTTP/1.1 200")
            plain = socket.create_connection(("127.0.0.1", api.socket.port), timeout=120)
            with context.wrap_socket(plain, server_hostname="localhost") as sealed:
                sealed.sendall(HEALTH)
                sealed.recv(4096)
                assert sealed.session is None or not sealed.session.has_ticket

    serving(place, work)


def test_answers_over_tls_promise_tls_on_the_short_way_too(place):
    def work(api, _):
        context = client_of(place)
        for number in range(2):
            said = shake(api.socket.port, context, send=request(api.admin, pay(number), "connection: close"))[3]
            assert b"strict-transport-security: max-age=31536000" in said
            assert b"x-content-type-options: nosniff" in said

    serving(place, work)


def test_plain_http_on_the_port_of_tls_is_not_answered(place):
    def work(api, _):
        with closing(socket.create_connection(("127.0.0.1", api.socket.port), timeout=120)) as plain:
            plain.sendall(HEALTH)
            with suppress(ConnectionError):
                assert b"HTTP" not in plain.recv(4096)

    serving(place, work)


def test_who_does_not_shake_hands_holds_nothing_for_long(place, monkeypatch):
    monkeypatch.setattr("jindi.doors.serve.HANDSHAKE_S", 0.5)

    def work(api, _):
        with closing(socket.create_connection(("127.0.0.1", api.socket.port), timeout=120)) as silent:
            silent.sendall(b"\x16\x03\x01")
            with suppress(ConnectionError):
                assert silent.recv(100) is not None  # the wait for it would end the test

    serving(place, work)


# ---- mutual TLS


@pytest.fixture
def partners(tmp_path):
    authority = person("partners", is_ca=True)
    folder = tmp_path / "partners"
    folder.mkdir()
    ca, _ = write(folder, "authority", *authority)
    return authority, ca, write(folder, "shop", *person("shop", authority))


def test_a_client_without_a_certificate_or_with_a_stranger_s_is_refused_under_mutual_tls(place, partners, tmp_path):
    _, ca, (certificate, key) = partners
    strangers = person("partners", is_ca=True)
    forged = write(tmp_path, "forged", *person("shop", strangers))
    alone = write(tmp_path, "alone", *person("shop"))

    def work(api, _):
        url = f"https://localhost:{api.socket.port}"
        for given in (None, forged, alone):
            with Client(url, api.admin, ca=place.ca, certificate=given, tries=1) as client, pytest.raises(JindiError):
                client.decide(pay(1))
        assert api.shop.platform.lane.state.next_seq == 1
        with Client(url, api.admin, ca=place.ca, certificate=(certificate, key)) as client:
            assert client.decide(pay(1)).event_id == "p1"
        old = client_of(place, maximum_version=ssl.TLSVersion.TLSv1_2)
        old.load_cert_chain(certificate, key)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(api.socket.port, old)

    serving(place, work, TlsFiles(place.files.certificate, place.files.key, ca))


def test_partners_who_are_taken_off_the_list_are_refused_without_a_restart(place, partners):
    _, ca, (certificate, key) = partners
    files = TlsFiles(place.files.certificate, place.files.key, ca)

    def work(api, terminator):
        context = client_of(place)
        context.load_cert_chain(certificate, key)
        assert shake(api.socket.port, context, send=HEALTH)[3].startswith(b"HTTP/1.1 200")
        ca.write_bytes(person("others", is_ca=True)[0].public_bytes(Encoding.PEM))
        assert taken(terminator) == "the changed TLS files are taken; connections from now on use them"
        said = b""
        with suppress(ssl.SSLError, ConnectionError):
            said = shake(api.socket.port, context, send=HEALTH)[3]
        assert said == b""

    serving(place, work, files)


def test_a_list_of_clients_that_names_no_authority_is_refused(place, tmp_path):
    plain, _ = write(tmp_path, "plain", *person("shop"))
    with pytest.raises(Problems, match="is no authority"):
        opened(TlsFiles(place.files.certificate, place.files.key, plain), now_us())


# ---- certificates that change


def taken(terminator):
    """What two looks say: a file is taken when it has stood still from one to the next."""
    first = terminator.look(now_us())
    return first or terminator.look(now_us())


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"], ids=["with a name", "without"])
def test_a_renewed_certificate_is_used_for_new_connections_while_old_ones_go_on(place, name):
    def work(api, terminator):
        context = client_of(place)
        before = shake(api.socket.port, context, name)[2]
        plain = socket.create_connection(("127.0.0.1", api.socket.port), timeout=120)
        with context.wrap_socket(plain, server_hostname=name) as old:
            place.renew()
            assert taken(terminator).startswith("the changed TLS files are taken")
            assert taken(terminator) is None
            after = shake(api.socket.port, context, name)[2]
            assert after != before
            old.sendall(HEALTH)
            assert old.recv(4096).startswith(b"HTTP/1.1 200")
            assert old.getpeercert(binary_form=True) == before

    serving(place, work)


BROKEN = {
    "another key": lambda place: place.files.key.write_bytes(new_leaf(place.authority, NAMES, now_us()).key),
    "no certificate": lambda place: place.files.certificate.write_bytes(b"nonsense"),
    "an empty file": lambda place: place.files.certificate.write_bytes(b""),
    "half a certificate": lambda place: place.files.certificate.write_bytes(place.files.certificate.read_bytes()[:300]),
    "gone": lambda place: place.files.key.unlink(),
    "an expired one": lambda place: place.renew(now_us() - 20 * DAY_US),
    "one that is not valid yet": lambda place: place.renew(now_us() + 20 * DAY_US),
    "a key that all can read": lambda place: place.files.key.chmod(0o644),
    "a key that its group can write": lambda place: place.files.key.chmod(0o660),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_new_file_is_refused_with_a_word_and_the_old_certificate_stays(place, name):
    def work(api, terminator):
        context = client_of(place)
        before = shake(api.socket.port, context)[2]
        BROKEN[name](place)
        assert taken(terminator).startswith("the changed TLS files are not taken; connections go on")
        assert shake(api.socket.port, context)[2] == before
        place.renew()
        assert taken(terminator).startswith("the changed TLS files are taken")
        assert shake(api.socket.port, context)[2] != before

    serving(place, work)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_stops_a_start_and_is_named(place, name):
    BROKEN[name](place)
    with pytest.raises(Problems) as told:
        Terminator(place.files, now_us())
    assert "server." in str(told.value)
    assert "PRIVATE" not in str(told.value)


def with_rsa(place, bits):
    """The server's files, with an RSA key of so many bits under no authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    place.put(Pair(
        made.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ))  # fmt: skip
    return place.files


def test_rsa_keys_have_128_bits_of_security_or_a_setting_says_otherwise(place, tmp_path):
    files = with_rsa(place, 2048)
    with pytest.raises(Problems, match="weak") as told:
        opened(files, now_us())
    assert 'use ECDSA of 256 bits, or RSA of 3072; or take 2048 by the setting rsa_2048 = "tls"' in str(told.value)
    assert opened(replace(files, rsa_bits_min=2048), now_us())
    authority = tmp_path / "clients.pem"
    authority.write_bytes(files.certificate.read_bytes())
    place.renew()
    with pytest.raises(Problems, match=r"clients\.pem.*weak"):
        opened(replace(place.files, client_ca=authority), now_us())
    with pytest.raises(Problems, match="weak") as told:
        opened(replace(with_rsa(place, 1024), rsa_bits_min=2048), now_us())
    assert "rsa_2048" not in str(told.value), "no setting opens it further"


def test_a_chain_is_as_strong_as_its_weakest_key(place):
    weak = with_rsa(place, 2048).certificate.read_bytes()
    place.renew()
    place.files.certificate.write_bytes(place.files.certificate.read_bytes() + weak)
    with pytest.raises(Problems, match="weak"):
        opened(place.files, now_us())


def test_attack_a_client_with_a_short_key_under_the_right_authority_is_not_taken(place, tmp_path):
    authority = person("shops", is_ca=True)
    ca, _ = write(tmp_path, "shops", *authority)
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate, key = write(tmp_path, "short", *person("shop", authority, key=short))

    def answered(api, _):
        context = client_of(place)
        context.set_ciphers("ALL:@SECLEVEL=1")
        context.load_cert_chain(certificate, key)
        try:
            return shake(api.socket.port, context, send=HEALTH)[3]
        except (ssl.SSLError, ConnectionError):
            return b""

    files = TlsFiles(place.files.certificate, place.files.key, ca)
    assert serving(place, answered, files) == b""
    assert serving(place, answered, replace(files, rsa_bits_min=2048)).startswith(b"HTTP/1.1 200")


def test_a_weak_key_and_a_sealed_one_are_refused(place):
    with pytest.raises(Problems, match="weak"):
        opened(with_rsa(place, 1024), now_us())
    place.renew()
    key = ec.generate_private_key(ec.SECP256R1())
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    place.files.key.write_bytes(sealed)
    with pytest.raises(Problems, match="passphrase"):
        opened(place.files, now_us())


def test_handshakes_in_many_threads_while_the_certificate_changes_all_succeed(place):
    def work(api, terminator):
        failed, ending = [], threading.Event()

        def shaking():
            context = client_of(place)
            while not ending.is_set():
                try:
                    shake(api.socket.port, context)
                except OSError as error:
                    failed.append(error)

        threads = [threading.Thread(target=shaking) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            place.renew()
            taken(terminator)
        ending.set()
        for thread in threads:
            thread.join()
        assert not failed

    serving(place, work)


# ---- our own pair


def demo(tmp_path, listen="127.0.0.1:0"):
    return settle({"data": str(tmp_path / "data"), "tls": "demo", "listen": listen}, {})


def test_our_own_pair_is_made_once_kept_and_renewed_under_the_same_authority(tmp_path):
    settled, start_us = demo(tmp_path), now_us()
    files = tls_files(settled, start_us)
    folder = files.certificate.parent
    first, authority = files.certificate.read_bytes(), (folder / "ca.pem").read_bytes()
    for name in ("server.key", "ca.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    opened(files, start_us)
    assert days_left(files.certificate, start_us) in (certificates.LEAF_DAYS - 1, certificates.LEAF_DAYS)
    tls_files(settled, start_us + 6 * DAY_US)
    assert files.certificate.read_bytes() == first
    tls_files(settled, start_us + 8 * DAY_US)
    assert files.certificate.read_bytes() != first
    assert (folder / "ca.pem").read_bytes() == authority
    opened(files, start_us + 8 * DAY_US)


def test_our_own_pair_has_the_names_that_it_is_asked_by(tmp_path):
    files = tls_files(demo(tmp_path, "10.1.2.3:0"), now_us())
    assert covers(files.certificate.read_bytes(), ["localhost", "127.0.0.1", "::1", "10.1.2.3"], now_us())
    # Another address needs another authority: the old one may not vouch for it.
    before = (files.certificate.parent / "ca.pem").read_bytes()
    tls_files(demo(tmp_path, "10.9.9.9:0"), now_us())
    assert (files.certificate.parent / "ca.pem").read_bytes() != before


def test_whoever_gets_our_authority_s_key_can_t_vouch_for_another_site(tmp_path):
    authority = new_authority(NAMES, now_us())
    place = Place(tmp_path)
    place.authority, place.names = authority, ["bank.example"]
    place.ca.write_bytes(authority.certificate)
    place.renew()

    def work(api, _):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
            shake(api.socket.port, client_of(place), "bank.example")

    serving(place, work)


# ---- settings


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"JINDI_TLS": "yes"}, "tls"),
        ({"JINDI_TLS": "files"}, "tls_certificate"),
        ({"JINDI_TLS_CERTIFICATE": "x"}, "tls_certificate"),
        ({"JINDI_TLS_CLIENT_CA": "x"}, "tls_client_ca"),
        ({"JINDI_TLS": "demo", "JINDI_TLS_KEY": "x"}, "tls_key"),
        ({"JINDI_SIGNATURE_WINDOW": "0"}, "signature_window"),
        ({"JINDI_RATE_EVENTS": "lots"}, "rate_events"),
        ({"JINDI_RATE_SIGN_IN": "10/day"}, "rate_sign_in"),
        ({"JINDI_CONNECTIONS": "1"}, "connections"),
        ({"JINDI_WEBHOOK_ALLOW": "10.0.0.0/99"}, "webhook_allow"),
        ({"JINDI_WEBHOOK_HTTP": "on"}, "webhook_http"),
    ],
)
def test_a_setting_of_transport_that_is_wrong_or_would_not_be_used_stops_the_start(given, named):
    with pytest.raises(Problems) as told:
        settle({}, given)
    assert [each.item for each in told.value.problems if each.item == named]


@pytest.mark.parametrize(
    ("listen", "tls", "warned"),
    [
        ("127.0.0.1:1", "off", False), ("[::1]:1", "off", False), ("localhost:1", "off", False),
        ("0.0.0.0:1", "off", True), ("[::]:1", "off", True), ("10.0.0.1:1", "off", True), ("0.0.0.0:1", "demo", False),
    ],
)  # fmt: skip
def test_keys_in_clear_over_a_network_are_warned_of(listen, tls, warned):
    assert (in_clear(settle({"listen": listen, "tls": tls}, {})) is not None) is warned
