"""A root key in a key service: what is sealed there opens there, and whatever is not as it must be is refused."""

import base64
import json

import pytest

from jindi.ports import RootFailure
from jindi.stores.transit import TransitRoot, place_problem
from transit_world import TOKEN, Service, certificates, serving

KEY = bytes(range(33))


@pytest.fixture(scope="module")
def pems(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def token(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def address(service, pems):
    with serving(service, pems[1]) as found:
        yield found


@pytest.fixture
def root(address, pems, token):
    return TransitRoot(f"{address}/transit/jindi", token, pems[0], timeout_s=60)


def test_what_the_service_sealed_it_opens_for_the_same_place_only(root, service):
    wrapped = root.wrap(KEY, b"ring")
    assert wrapped.startswith(b"vault:v1:")
    assert root.unwrap(wrapped, b"ring") == KEY
    with pytest.raises(RootFailure, match="answered 400"):
        root.unwrap(wrapped, b"elsewhere")
    assert [path for path, _ in service.asked] == ["/v1/transit/encrypt/jindi"] + ["/v1/transit/decrypt/jindi"] * 2
    assert service.asked[0][1] == {
        "plaintext": base64.b64encode(KEY).decode(), "associated_data": base64.b64encode(b"ring").decode(),
    }  # fmt: skip


def test_a_key_below_a_longer_mount_is_named(address, service, pems, token):
    service.keys["teams/risk/transit/ring one"] = service.keys["transit/jindi"]
    root = TransitRoot(f"{address}/teams/risk/transit/ring%20one", token, pems[0])
    with pytest.raises(RootFailure, match="answered 404"):
        root.wrap(KEY, b"")
    assert service.asked[0][0].startswith("/v1/teams/risk/transit/encrypt/ring")


def test_about_says_where_it_is_and_holds_no_token(root, address):
    assert root.about == {"kind": "transit", "place": f"{address}/transit/jindi"}
    assert TOKEN not in repr(vars(root))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"not json"), "can't be read"),
        ((200, {"data": {}}), "without a ciphertext"),
        ((200, {"data": {"ciphertext": 7}}), "can't be read"),
        ((200, b"[" * 70_000), "too long"),
        ((307, {}), "answered 307"),
        ((429, {}), "answered 429"),
        ((599, {}), "answered 599"),
    ],
)
def test_an_answer_that_is_none_is_refused(root, service, answer, why):
    service.answer = answer
    with pytest.raises(RootFailure, match=why):
        root.wrap(KEY, b"ring")


def test_no_failure_quotes_the_key_or_the_token(root, service):
    service.answer = (400, {"errors": [f"bad {TOKEN} {base64.b64encode(KEY).decode()}"]})
    with pytest.raises(RootFailure) as told:
        root.wrap(KEY, b"ring")
    said = str(told.value)
    assert TOKEN not in said
    assert base64.b64encode(KEY).decode() not in said
    assert told.value.__suppress_context__ or told.value.__context__ is None


def test_a_sealed_service_and_one_that_does_not_know_us_are_told_apart(root, service, token):
    service.sealed = True
    with pytest.raises(RootFailure, match="it is sealed"):
        root.wrap(KEY, b"")
    service.sealed = False
    token.write_text("another")
    with pytest.raises(RootFailure, match="does not let this token"):
        root.wrap(KEY, b"")
    token.write_text(TOKEN)
    assert root.unwrap(root.wrap(KEY, b""), b"") == KEY, "a token that was renewed is read anew"


def test_a_service_that_does_not_answer_is_not_waited_for_without_end(address, service, pems, token):
    service.delay_s = 5
    with pytest.raises(RootFailure, match=r"within 0\.2 s"):
        TransitRoot(f"{address}/transit/jindi", token, pems[0], timeout_s=0.2).wrap(KEY, b"")


def test_a_service_that_another_authority_vouches_for_is_not_believed(address, service, token, tmp_path):
    strange, _ = certificates(tmp_path / "strange")
    for authority in (strange, None):
        with pytest.raises(RootFailure, match="can't be reached"):
            TransitRoot(f"{address}/transit/jindi", token, authority).wrap(KEY, b"")
    assert service.asked == []


def test_a_service_that_is_not_there_is_told(token, pems):
    with pytest.raises(RootFailure, match="can't be reached"):
        TransitRoot("https://127.0.0.1:9/transit/jindi", token, pems[0]).wrap(KEY, b"")


def test_a_token_file_that_others_can_read_or_that_is_none_is_refused(root, token, service, tmp_path):
    token.chmod(0o640)
    with pytest.raises(RootFailure, match="others can read this token"):
        root.wrap(KEY, b"")
    token.chmod(0o600)
    for wrong in (b"", b"two words", b"\xff\xfe", b"x" * 5_000, b"a\nb"):
        token.write_bytes(wrong)
        with pytest.raises(RootFailure, match="no file of a token"):
            root.wrap(KEY, b"")
    token.unlink()
    with pytest.raises(RootFailure, match="can't be read"):
        root.wrap(KEY, b"")
    assert service.asked == []


def test_an_authority_that_can_not_be_read_is_told(token, tmp_path):
    (tmp_path / "ca").write_text("no certificate")
    for path in (tmp_path / "ca", tmp_path / "none"):
        with pytest.raises(RootFailure, match="certificates can't be read"):
            TransitRoot("https://host/transit/jindi", token, path)


@pytest.mark.parametrize(
    "wrong",
    ["http://h/transit/k", "h/transit/k", "https://h/k", "https://h//k", "https://u:p@h/transit/k",
     "https://h/transit/k?x=1", "https:///transit/k"],
)  # fmt: skip
def test_an_address_that_names_no_key_behind_tls_is_told(wrong):
    assert place_problem(wrong) is not None


def test_no_proxy_of_the_environment_sees_the_key(root, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert json.dumps(root.unwrap(root.wrap(KEY, b"ring"), b"ring") == KEY) == "true"
