"""The company's sign-in over real HTTP: an honest provider lets in, and every forged answer is refused by name."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from jindi.access import OidcRefused, OidcSettings
from jindi.doors.oidc import Company
from oidc_world import CLIENT, PASSWORD, hmac_of_public_key, provider, unsigned
from staff_world import HOUR, MINUTE, NOW, Clock, chance

SITE = "https://jindi.example.com"


@pytest.fixture
def here():
    with provider(Clock()) as made:
        yield made


def company(here, **more):
    settings = OidcSettings(here.issuer, CLIENT, PASSWORD, mfa=("mfa",), **more)
    return Company(settings, SITE, here.clock, chance())


def query_of(address):
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}


async def signing_in(one, here, change=lambda query: query):
    url, handle = await one.begin()
    return await one.finish(handle, change(query_of(here.authorize(url))))


def why(one, here, change=lambda query: query):
    with pytest.raises(OidcRefused) as refusal:
        asyncio.run(signing_in(one, here, change))
    return refusal.value.why


def test_an_honest_provider_vouches_for_its_person(here):
    said = asyncio.run(signing_in(company(here, group_claim="groups"), here))
    assert (said.login, said.name, said.has_mfa) == ("limin", "Li Min", True)
    assert said.subject == f"{here.issuer}\n42"
    asked = here.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{SITE}/sign-in/company/back"
    assert len(asked["state"]) == len(asked["nonce"]) == 43


def test_whoever_showed_one_factor_only_is_told_so(here):
    here.person["amr"] = ["pwd"]
    assert not asyncio.run(signing_in(company(here), here)).has_mfa
    here.person["acr"] = "mfa"
    assert asyncio.run(signing_in(company(here), here)).has_mfa


FORGED = {
    "another issuer": ({"iss": "https://evil.example"}, "iss"),
    "no issuer": ({"iss": None}, "iss"),
    "for another client": ({"aud": "another"}, "aud"),
    "no audience": ({"aud": None}, "aud"),
    "for several, made for another": ({"aud": [CLIENT, "another"], "azp": "another"}, "azp"),
    "for several, made for nobody": ({"aud": [CLIENT, "another"]}, "azp"),
    "expired": ({"exp": NOW // 1_000_000 - 61}, "exp"),
    "no expiry": ({"exp": None}, "exp"),
    "an expiry that is a text": ({"exp": "tomorrow"}, "exp"),
    "from the future": ({"iat": NOW // 1_000_000 + 3_600}, "iat"),
    "made long ago": ({"iat": NOW // 1_000_000 - 3_600}, "iat"),
    "not yet": ({"nbf": NOW // 1_000_000 + 3_600}, "nbf"),
    "another nonce": ({"nonce": "x" * 43}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "a nonce that is a list": ({"nonce": ["x"]}, "nonce"),
    "nobody": ({"sub": None}, "sub"),
    "a subject that is a number": ({"sub": 42}, "sub"),
    "without a login": ({"preferred_username": None}, "login"),
    "a login that is a list": ({"preferred_username": ["limin"]}, "login"),
}


@pytest.mark.parametrize(("claims", "reason"), FORGED.values(), ids=FORGED)
def test_attack_a_token_that_says_something_else_is_refused(here, claims, reason):
    here.claims = claims
    assert why(company(here), here) == reason


def test_attack_an_unsigned_token_is_refused(here):
    here.forge = unsigned
    assert why(company(here), here) == "signature"


def test_attack_an_access_token_in_the_place_of_an_id_token_is_refused(here):
    for said, reason in (("at+jwt", "type"), ("application/at+jwt", "type"), ("logout+jwt", "type")):
        here.forge = lambda claims, said=said: here.sign(claims, header={"alg": "RS256", "kid": "k1", "typ": said})
        assert why(company(here), here) == reason


@pytest.mark.parametrize("said", ["JWT", "jwt"])
def test_a_token_that_calls_itself_what_it_is_is_believed(here, said):
    here.forge = lambda claims: here.sign(claims, header={"alg": "RS256", "kid": "k1", "typ": said})
    assert asyncio.run(signing_in(company(here), here)).login == "limin"


def test_attack_a_token_signed_with_the_public_key_as_a_secret_is_refused(here):
    here.forge = hmac_of_public_key(here)
    assert why(company(here), here) == "signature"
    here.served = {"keys": [here.key.as_dict(private=False), {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}
    assert why(company(here), here) == "signature"


def test_attack_a_token_signed_with_another_key_is_refused_also_under_the_right_name(here):
    for kid in ("k1", "k9"):
        forger = RSAKey.generate_key(3072, {"kid": kid})
        here.forge = lambda claims, forger=forger: here.sign(claims, forger)
        assert why(company(here), here) == "signature"


def test_attack_a_token_that_brings_its_own_key_is_refused(here):
    forger = RSAKey.generate_key(3072, {"kid": "k1"})
    header = {"alg": "RS256", "kid": "k1", "jwk": forger.as_dict(private=False)}
    here.forge = lambda claims: here.sign(claims, forger, header)
    assert why(company(here), here) == "signature"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "x" * 100_000, "e30.e30.e30"])
def test_attack_rubbish_instead_of_a_token_is_refused(here, token):
    here.forge = lambda claims: token
    assert why(company(here), here) == "signature"


def test_attack_a_changed_token_is_refused(here):
    def changed(claims):
        head, body, signature = here.sign(claims).split(".")
        return f"{head}.{body[:-4]}AAAA.{signature}"

    here.forge = changed
    assert why(company(here), here) == "signature"


def test_attack_a_state_of_another_browser_is_refused(here):
    assert why(company(here), here, lambda query: query | {"state": "x" * 43}) == "state"
    assert why(company(here), here, lambda query: {"code": query["code"]}) == "state"


def test_attack_an_answer_is_used_once(here):
    one = company(here)

    async def twice():
        url, handle = await one.begin()
        query = query_of(here.authorize(url))
        await one.finish(handle, query)
        await one.finish(handle, query)

    with pytest.raises(OidcRefused, match="state"):
        asyncio.run(twice())


def test_attack_a_code_of_one_browser_does_not_serve_another(here):
    one = company(here)

    async def swapped():
        mine, handle = await one.begin()
        theirs, _ = await one.begin()
        stolen = query_of(here.authorize(theirs))["code"]
        return await one.finish(handle, query_of(here.authorize(mine)) | {"code": stolen})

    with pytest.raises(OidcRefused, match="denied"):  # the verifier is another one
        asyncio.run(swapped())


def test_attack_an_answer_that_comes_too_late_is_refused(here):
    one = company(here)

    async def late():
        url, handle = await one.begin()
        query = query_of(here.authorize(url))
        here.clock.at_us += 10 * MINUTE
        await one.finish(handle, query)

    with pytest.raises(OidcRefused, match="state"):
        asyncio.run(late())


def test_attack_an_answer_that_names_another_issuer_is_refused(here):
    assert why(company(here), here, lambda query: query | {"iss": "https://evil.example"}) == "issuer"


def test_whoever_did_not_sign_in_at_the_company_is_refused(here):
    assert why(company(here), here, lambda query: {"error": "access_denied", "state": query["state"]}) == "denied"


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"token_endpoint": "http://192.0.2.1/token"}, "endpoints"),
        ({"jwks_uri": "file:///etc/passwd"}, "endpoints"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "endpoints"),
        ({"jwks_uri": "https://user:secret@example.com/"}, "endpoints"),
        ({"jwks_uri": None}, "endpoints"),
    ],
)
def test_attack_a_description_that_leads_elsewhere_is_refused(here, described, reason):
    here.described = described
    assert why(company(here), here) == reason


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_provider_that_does_not_answer_lets_nobody_in_and_redirects_are_not_followed(here, status):
    here.status = status
    assert why(company(here), here) == "unreachable"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"[]"])
def test_attack_rubbish_from_the_provider_is_refused(here, body):
    here.body = body
    assert why(company(here), here) in ("unreachable", "issuer")


def test_attack_a_provider_that_sends_without_end_is_cut_off(here):
    here.body = b" " * 1_000_000
    assert why(company(here), here) == "too_large"


def test_a_new_key_is_fetched_when_it_comes_into_use_and_not_more_than_once_a_minute(here):
    one = company(here)
    asyncio.run(signing_in(one, here))
    assert here.keys_asked == 1
    here.key = RSAKey.generate_key(3072, {"kid": "k5", "use": "sig"})
    assert why(one, here) == "signature"
    here.clock.at_us += MINUTE
    assert asyncio.run(signing_in(one, here)).login == "limin"
    assert here.keys_asked == 2
    here.clock.at_us += HOUR
    asyncio.run(signing_in(one, here))
    assert here.keys_asked == 3


def test_an_unchecked_email_is_no_login(here):
    here.person |= {"email": "boss@example.com", "email_verified": False}
    assert why(company(here, login_claim="email"), here) == "email"
    here.person["email_verified"] = True
    assert asyncio.run(signing_in(company(here, login_claim="email"), here)).login == "boss@example.com"


def test_a_provider_that_can_not_prove_itself_lets_nobody_in_and_the_operator_is_told_why(here, caplog):
    here.issuer = here.issuer.replace("http://", "https://")
    assert why(company(here), here) == "unreachable"
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("jindi")]
    assert line.startswith("the company's sign-in could not be asked: ConnectError: ")
    assert "SSL" in line
    assert PASSWORD not in line


def test_an_issuer_without_tls_is_refused_but_on_this_machine(here):
    with pytest.raises(ValueError, match="https"):
        Company(OidcSettings("http://id.example.com", CLIENT, PASSWORD), SITE, here.clock, chance())


def test_the_clients_secret_is_in_no_repr(here):
    assert PASSWORD not in repr(company(here).settings)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bits", [1024, 2048])
def test_attack_a_token_signed_with_a_short_key_is_refused(here, caplog, bits):
    here.key = RSAKey.import_key(rsa.generate_private_key(65537, bits), {"kid": "k1"})
    assert why(company(here), here) == "short_key"
    assert 'rsa_2048 = "sign_in"' in caplog.text


@pytest.mark.filterwarnings("ignore")
def test_a_providers_key_of_2048_bits_is_taken_where_the_setting_says_so_and_a_shorter_one_never(here):
    here.key = RSAKey.import_key(rsa.generate_private_key(65537, 2048), {"kid": "k1"})
    assert asyncio.run(signing_in(company(here, rsa_bits_min=2048), here)).login == "limin"
    here.key = RSAKey.import_key(rsa.generate_private_key(65537, 1024), {"kid": "k1"})
    assert why(company(here, rsa_bits_min=2048), here) == "short_key"
