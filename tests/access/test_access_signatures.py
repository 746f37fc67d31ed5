"""Signed requests: the standards' own examples, and what somebody tries who has no key, or an old request."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from jindi.access import ApiKeys, Scope
from jindi.access.replays import AHEAD_S, NotYet, Replayed, Replays, Stale
from jindi.access.signatures import (
    Claim,
    Message,
    SignatureRefused,
    check_covered,
    check_digest,
    check_signature,
    content_digest,
    read_claim,
    sign,
    signature_base,
)
from jindi.stores.files import MemoryBlobs

# RFC 9421, appendix B.1.4 (test-key-ed25519) and B.2.6 (the signature with it over the request of appendix B.2).
RFC_PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
RFC_COVERED = ("date", "@method", "@path", "@authority", "content-type", "content-length")
RFC_PARAMETERS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
RFC_MESSAGE = Message(
    "POST", "https", "example.com", "/foo", "param=Value&Pet=dog",
    [
        (b"host", b"example.com"), (b"date", b"Tue, 20 Apr 2021 02:07:55 GMT"), (b"content-type", b"application/json"),
        (b"content-length", b"18"),
    ],
)  # fmt: skip
RFC_BASE = """\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
;created=1618884473;keyid="test-key-ed25519\""""

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW_S, NONCE, BODY = 1_795_320_000, "0123456789abcdef", b'{"id":"1"}'


def message(method="POST", path="/v1/events", query="", host="jindi.test", headers=((b"content-type", b"a/b"),)):
    return Message(method, "https", host, path, query, [(b"host", host.encode()), *headers])


def signed(of=None, body=BODY, key=KEY, **more):
    of = of or message(**more)
    made = sign(key, "key_1", of, body, NOW_S, NONCE)
    return of._replace(headers=[*of.headers, *((n.encode(), v.encode()) for n, v in made.items())])


def changed(of, name, value):
    return of._replace(headers=[(n, value(v) if n == name else v) for n, v in of.headers])


def check(of, body=BODY, public=PUBLIC):
    claim = read_claim(of.headers)
    check_covered(claim, of.headers, has_body=bool(body))
    check_signature(claim, of, public)
    check_digest(of.headers, body)
    return claim


def test_the_base_and_the_signature_of_rfc_9421_appendix_b_2_6():
    assert signature_base(RFC_COVERED, RFC_PARAMETERS, RFC_MESSAGE).decode() == RFC_BASE
    public = load_pem_public_key(RFC_PUBLIC).public_bytes_raw()
    claim = Claim("test-key-ed25519", 1618884473, "", None, RFC_COVERED, RFC_PARAMETERS, b64decode(RFC_SIGNATURE))
    check_signature(claim, RFC_MESSAGE, public)
    assert load_pem_private_key(RFC_PRIVATE, None).sign(RFC_BASE.encode()) == b64decode(RFC_SIGNATURE)
    with pytest.raises(SignatureRefused):
        check_signature(claim, RFC_MESSAGE._replace(path="/bar"), public)


def test_the_digests_of_rfc_9530_appendix_b_1_and_rfc_9421_appendix_b_2():
    # {"hello": "world"} with a line feed behind it; without one, as RFC 9421 has it.
    with_feed = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    without = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    wide = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    assert content_digest(b'{"hello": "world"}\n') == with_feed
    assert content_digest(b'{"hello": "world"}') == without
    for text in (without, wide):
        check_digest([(b"content-digest", text.encode())], b'{"hello": "world"}')
        with pytest.raises(SignatureRefused):
            check_digest([(b"content-digest", text.encode())], b'{"hello": "World"}')


@given(
    st.sampled_from(["GET", "POST"]), st.from_regex(r"/[a-z0-9/%._~-]{0,40}", fullmatch=True),
    st.from_regex(r"[a-z0-9=&%]{0,40}", fullmatch=True), st.binary(max_size=200),
)  # fmt: skip
def test_what_was_signed_is_found_right_and_nothing_else_is(method, path, query, body):
    of = signed(message(method, path, query), body)
    check_signature(claim := read_claim(of.headers), of, PUBLIC)
    for other in (of._replace(path=path + "x"), of._replace(query=query + "x"), of._replace(method="PUT"),
                  of._replace(authority="other.test")):  # fmt: skip
        with pytest.raises(SignatureRefused):
            check_signature(claim, other, PUBLIC)


def test_the_authority_is_compared_as_the_standard_normalises_it():
    of = signed(host="Jindi.Test:443")
    check_signature(read_claim(of.headers), of._replace(authority="jindi.test"), PUBLIC)
    with pytest.raises(SignatureRefused):
        check_signature(read_claim(of.headers), of._replace(authority="jindi.test:8443"), PUBLIC)


def test_a_changed_body_is_refused():
    with pytest.raises(SignatureRefused, match="digest of the body"):
        check(signed(), BODY + b" ")


def test_a_digest_that_was_made_to_fit_a_changed_body_is_refused():
    other = BODY + b" "
    of = changed(signed(), b"content-digest", lambda _: content_digest(other).encode())
    with pytest.raises(SignatureRefused, match="not its own"):
        check(of, other)


def test_a_body_without_its_digest_in_the_signature_is_refused():
    with pytest.raises(SignatureRefused, match="content-digest"):
        check(signed(body=None))


def test_another_content_type_than_was_signed_is_refused():
    with pytest.raises(SignatureRefused, match="not its own"):
        check(changed(signed(), b"content-type", lambda _: b"application/x-ndjson"))
    bare = signed(headers=())
    with pytest.raises(SignatureRefused, match="does not cover content-type"):
        check(bare._replace(headers=[*bare.headers, (b"content-type", b"application/x-ndjson")]))


@pytest.mark.parametrize("component", ["@method", "@authority", "@path", "@query"])
def test_a_signature_that_leaves_out_what_would_change_the_request_is_refused(component):
    drop = f'"{component}" '.encode()
    of = changed(signed(), b"signature-input", lambda value: value.replace(drop, b""))
    with pytest.raises(SignatureRefused, match="does not cover"):
        check(of)


@pytest.mark.parametrize("name", ["hmac-sha256", "rsa-pss-sha512", "none", "ED25519"])
def test_another_algorithm_is_no_way_in(name):
    of = changed(signed(), b"signature-input", lambda value: value.replace(b'"ed25519"', f'"{name}"'.encode()))
    with pytest.raises(SignatureRefused, match="alg"):
        check(of)


def test_the_public_key_is_no_secret_of_a_shared_kind_and_opens_nothing_as_a_bearer():
    keys = ApiKeys(MemoryBlobs(), bytes)
    keys.create_signing("p", frozenset({Scope.ADMIN}), 1, PUBLIC)
    for text in (PUBLIC, b"signed by " + PUBLIC, PUBLIC.hex(), "key_000000000000"):
        assert keys.holder(text, 1) is None
    assert keys.signer("key_000000000000", 1)[1] == PUBLIC
    keys.revoke("key_000000000000", 2)
    assert keys.signer("key_000000000000", 1) is None
    with pytest.raises(ValueError, match="registered"):
        keys.create_signing("q", frozenset({Scope.ADMIN}), 1, PUBLIC)


def test_a_signing_key_past_its_end_signs_no_more():
    keys = ApiKeys(MemoryBlobs(), bytes)
    made = keys.create_signing("p", frozenset({Scope.ADMIN}), 1, PUBLIC, expires_us=10)
    assert keys.signer(made.id, 9) is not None
    assert keys.signer(made.id, 10) is None


@pytest.mark.parametrize("name", [b"signature", b"signature-input", b"content-digest"])
def test_a_header_that_is_given_twice_is_refused(name):
    of = signed()
    twice = of._replace(headers=[*of.headers, next(each for each in of.headers if each[0] == name)])
    with pytest.raises(SignatureRefused):
        check(twice)


@pytest.mark.parametrize(
    "bend",
    [
        lambda v: v + b", " + v.replace(b"sig=", b"sig2="),
        lambda v: v.replace(b";created", b";;created"),
        lambda v: v.replace(b'"@method"', b'"@method" "@method"'),
        lambda v: v.replace(b'"@method"', b'"@method";req'),
        lambda v: v.replace(b'"@method"', b'"@method"  '),
        lambda v: v.replace(b"created=", b'created="') + b'"',
        lambda v: v.replace(b";created=1795320000", b""),
        lambda v: v.replace(b';nonce="0123456789abcdef"', b""),
        lambda v: v.replace(b';nonce="0123456789abcdef"', b';nonce="short"'),
        lambda v: v + b";created=1",
        lambda v: v + b';evil="x"',
        lambda v: v.replace(b'keyid="key_1"', b'keyid="key\\"_1"'),
        lambda v: b"sig=()" + v[v.index(b";created") :],
        lambda v: v.replace(b"sig=", b"other="),
        lambda v: b"",
        lambda v: v + b"x" * 3_000,
    ],
)
def test_what_the_standard_would_read_another_way_is_refused(bend):
    with pytest.raises(SignatureRefused):
        check(changed(signed(), b"signature-input", bend))


def test_a_header_built_to_make_the_reader_search_for_ever_is_refused_at_once():
    evil = b'sig=("@method")' + b';a="' * 400
    with pytest.raises(SignatureRefused):
        read_claim([(b"signature-input", evil), (b"signature", b"sig=::")])


def test_another_key_s_signature_is_refused():
    with pytest.raises(SignatureRefused, match="not its own"):
        check(signed(key=Ed25519PrivateKey.from_private_bytes(bytes(32))))


# ---- once


def test_the_same_signature_a_second_time_is_refused():
    replays = Replays(MemoryBlobs())
    replays.take("key_1", NOW_S, NONCE, None, NOW_S)
    for later in (0, 10, 299):
        with pytest.raises(Replayed):
            replays.take("key_1", NOW_S, NONCE, None, NOW_S + later)
    replays.take("key_2", NOW_S, NONCE, None, NOW_S)


@pytest.mark.parametrize("created_s", [NOW_S - 301, NOW_S + AHEAD_S + 1, 0])
def test_a_signature_of_another_time_is_refused(created_s):
    with pytest.raises(Stale):
        Replays(MemoryBlobs()).take("key_1", created_s, NONCE, None, NOW_S)


def test_a_signature_past_its_own_end_is_refused():
    with pytest.raises(Stale):
        Replays(MemoryBlobs()).take("key_1", NOW_S - 10, NONCE, NOW_S - 1, NOW_S)


def test_a_clock_that_is_put_back_brings_no_old_signature_back():
    replays = Replays(MemoryBlobs())
    replays.take("key_1", NOW_S, NONCE, None, NOW_S)
    replays.take("key_1", NOW_S + 400, "b" * 16, None, NOW_S + 400)
    assert len(replays) == 1
    with pytest.raises(Stale):
        replays.take("key_1", NOW_S, NONCE, None, NOW_S)


@pytest.mark.parametrize("orderly", [True, False])
@given(st.lists(st.tuples(st.integers(-300, AHEAD_S), st.integers(0, 40)), min_size=1, max_size=12))
def test_nothing_that_was_taken_before_a_restart_is_taken_after_it(orderly, moments):
    blobs, now_s = MemoryBlobs(), NOW_S
    replays, taken = Replays(blobs), []
    for place, (created, passed) in enumerate(moments):
        now_s += passed
        try:
            if replays.take("key_1", now_s + created, f"{place:016}", None, now_s):
                replays.save()
        except (Stale, NotYet):
            continue
        taken.append((now_s + created, f"{place:016}"))
    if orderly:
        replays.close()
    again = Replays(blobs)
    for created_s, nonce in taken:
        with pytest.raises((Stale, NotYet)):
            again.take("key_1", created_s, nonce, None, now_s)
        # However far the clock was put back meanwhile:
        with pytest.raises((Stale, NotYet)):
            Replays(blobs).take("key_1", created_s, nonce, None, created_s)


def test_after_an_orderly_stop_the_next_second_is_good_and_after_a_crash_a_few_later():
    for orderly, wait in ((True, 1), (False, 6)):
        blobs = MemoryBlobs()
        first = Replays(blobs)
        assert first.take("key_1", NOW_S, NONCE, None, NOW_S)
        first.save()
        if orderly:
            first.close()
        again = Replays(blobs)
        with pytest.raises(NotYet) as told:
            again.take("key_1", NOW_S + wait - 1, "b" * 16, None, NOW_S + wait - 1)
        assert told.value.wait_s >= 1
        again.take("key_1", NOW_S + wait, "b" * 16, None, NOW_S + wait)


def test_the_memory_of_nonces_is_bounded_and_fails_closed_for_the_key_that_fills_it():
    replays = Replays(MemoryBlobs(), nonces_max=40, key_nonces_max=10)
    for place in range(10):
        replays.take("key_1", NOW_S, f"{place:016}", None, NOW_S)
    with pytest.raises(NotYet):
        replays.take("key_1", NOW_S, "x" * 16, None, NOW_S)
    replays.take("key_2", NOW_S, "x" * 16, None, NOW_S)
    replays.take("key_1", NOW_S + 301, "x" * 16, None, NOW_S + 301)
    assert len(replays) == 1


def test_a_damaged_memory_is_told_and_never_taken_for_an_empty_one():
    blobs = MemoryBlobs()
    blobs.save(Replays.BLOB, [b"{"])
    with pytest.raises(ValueError, match="not what was written"):
        Replays(blobs)
