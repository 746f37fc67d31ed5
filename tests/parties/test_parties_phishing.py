"""Links: read as browsers read them, and held against own domains as an eye does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.parties.phishing import NAMES, URL_MAX, features_of, imitated, read_url, skeleton

OWN = ("alipay.com", "icbc.com.cn", "jd.com")


def how(link, own=OWN):
    found = imitated(read_url(link), own)
    return None if found is None else (found.domain, found.how)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.alipay.com/login",
        "https://ALIPAY.com",
        "alipay.com.",
        "https://mybank.icbc.com.cn/icbc/newperbank",
        "https://item.jd.com/100.html",
        "https://www.taobao.com/",
        "https://www.gov.cn/",
        "https://cbc.example/",
        "https://jdpower.com/",
        "https://example.com/alipay.com",
        "https://bank.example.org/",
    ],
)
def test_own_domains_and_strangers_imitate_nobody(link):
    assert how(link) is None


@pytest.mark.parametrize(
    ("link", "domain", "way"),
    [
        ("https://аlipay.com/", "alipay.com", "looks_the_same"),  # a Cyrillic а
        ("https://xn--lipay-3ve.com/", "alipay.com", "looks_the_same"),
        ("https://a1ipay.cn/", "alipay.com", "looks_the_same"),
        ("https://alipey.com/", "alipay.com", "nearly_the_same"),
        ("https://aliapy.com/", "alipay.com", "nearly_the_same"),
        ("https://alipy.com/", "alipay.com", "nearly_the_same"),
        ("https://ibcc.com/", "icbc.com.cn", "nearly_the_same"),
        ("https://alipay.net/", "alipay.com", "other_suffix"),
        ("https://icbc.com/", "icbc.com.cn", "other_suffix"),
        ("https://alipay-login.top/", "alipay.com", "inside_the_name"),
        ("https://jd-gift.top/", "jd.com", "inside_the_name"),
        ("https://login.icbc.com.cn.evil-pay.top/", "icbc.com.cn", "before_the_name"),
        ("https://secure-alipay.verify.example.org/", "alipay.com", "before_the_name"),
        ("https://alipay.com@192.0.2.1/", "alipay.com", "in_the_user"),
    ],
)
def test_what_imitates_an_own_domain_is_told_with_how(link, domain, way):
    assert how(link) == (domain, way)


def test_two_names_with_one_skeleton_look_the_same():
    assert skeleton("раураl") == skeleton("paypal") == skeleton("PayPa1")
    assert skeleton("rnicrosoft") == skeleton("microsoft")
    assert skeleton("alipay") != skeleton("taobao")


def test_a_short_own_name_is_not_seen_in_every_word():
    assert how("https://jdk-downloads.example.org/") is None
    assert how("https://adjd.example.org/") is None


@pytest.mark.parametrize(
    ("link", "host", "domain"),
    [
        ("www.alipay.com.cn/a", "www.alipay.com.cn", "alipay.com.cn"),
        ("http:\\\\evil.example\\path", "evil.example", "evil.example"),
        ("https://user:secret@shop.example:8443/x?y#z", "shop.example", "shop.example"),
        ("//cdn.example.co.uk/x", "cdn.example.co.uk", "example.co.uk"),
        ("http://192.0.2.7/x", "192.0.2.7", "192.0.2.7"),
        ("http://[2001:db8::1]:80/x", "2001:db8::1", "2001:db8::1"),
        ("http://localhost/", "localhost", "localhost"),
    ],
)
def test_a_link_is_read_as_browsers_read_it(link, host, domain):
    url = read_url(link)
    assert (url.host, url.domain) == (host, domain)


@pytest.mark.parametrize("link", ["", "   ", "https://", "https:///path", "https://a b/", "x" * (URL_MAX + 1)])
def test_what_is_no_link_is_refused_without_repeating_it(link):
    with pytest.raises(ValueError, match="URL") as refusal:
        read_url(link)
    assert "a b" not in str(refusal.value)
    assert "xxx" not in str(refusal.value)


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_whatever_is_read_has_all_its_numbers(text):
    try:
        url = read_url(text)
    except ValueError:
        return
    row = features_of(url)
    assert len(row) == len(NAMES)
    assert all(abs(value) < 1e6 for value in row)
    imitated(url, OWN)


def test_the_suffix_and_the_scheme_move_no_number():
    plain = features_of(read_url("http://bank.example.com/login.php"))
    assert plain == features_of(read_url("https://bank.example.com/login.php"))
    names = dict(zip(NAMES, features_of(read_url("https://bank.example.cn/login.php")), strict=True))
    assert {name for name, value in zip(NAMES, plain, strict=True) if names[name] != value} <= {
        "url_length", "host_length", "host_entropy", "host_vowel_share", "host_consonants", "mean_word",
    }  # fmt: skip
