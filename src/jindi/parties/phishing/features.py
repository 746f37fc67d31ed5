"""What a URL looks like, in numbers. No number says in which country or under which suffix a name stands, whether it is
served over TLS, or what language it is in: none of that makes a link false, and old data would say it does.
"""

import math
import re
from collections import Counter
from typing import Final

from jindi.parties.phishing.urls import Url

_WORDS: Final = re.compile(r"[a-z]+", re.ASCII)
_VOWELS: Final = frozenset("aeiouy")
_CONSONANTS: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]+", re.ASCII)
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{12,}", re.ASCII)

LURES: Final = (
    "account", "admin", "alert", "auth", "bank", "billing", "bonus", "cancel", "card", "client", "cmd", "confirm",
    "customer", "dispatch", "free", "gift", "help", "invoice", "limited", "lock", "log", "mail", "member", "online",
    "password", "pay", "recover", "refund", "reset", "resolution", "restore", "reward", "safe", "secur", "service",
    "session", "sign", "submit", "support", "suspen", "unlock", "update", "upgrade", "user", "valid", "verif", "wallet",
    "webapp", "webscr", "win",
)  # fmt: skip
"""Beginnings of words that hurry or reassure. Ours."""

BRANDS: Final = (
    "adobe", "alibaba", "alipay", "amazon", "apple", "bankofamerica", "boa", "chase", "dhl", "docusign", "dropbox",
    "ebay", "facebook", "gmail", "google", "hotmail", "icloud", "instagram", "itunes", "linkedin", "microsoft",
    "netflix", "office", "outlook", "paypal", "taobao", "unionpay", "usps", "wechat", "weixin",
    "wellsfargo", "whatsapp", "yahoo",
)  # fmt: skip
"""Names that strangers like to borrow. Ours, and no judgement about anybody who bears one."""

NAMES: Final = (
    "url_length", "host_length", "path_length", "query_length", "labels", "name_length", "longest_label", "host_digits",
    "host_hyphens", "is_address", "has_port", "has_user", "is_international", "host_consonants", "host_vowel_share",
    "host_entropy", "name_words", "depth", "path_digits", "path_hyphens", "path_dots", "path_capitals", "path_entropy",
    "digits_run", "hex_run", "parameters", "percents", "signs", "words", "longest_word", "mean_word", "lures_in_host",
    "lures_in_path", "brand_in_name", "brand_is_name", "brand_before_name", "brand_in_path", "page_php", "page_html",
    "page_file", "is_bare", "ends_with_slash", "double_slash", "tilde", "host_in_path",
)  # fmt: skip
"""What the numbers of `features_of` are called, in their order."""


def features_of(url: Url) -> tuple[float, ...]:
    """The numbers of a URL, one for each of `NAMES`: counts, characters, shares, bits per character, 0 or 1."""
    path, query = url.path.lower(), url.query.lower()
    behind = path + ("?" + query if query else "")
    before = ".".join(url.labels[: -(2 + url.suffix.count("."))]) if url.suffix else ""
    words = _WORDS.findall(f"{url.host} {behind}")
    host_words = _WORDS.findall(url.host)
    letters = [each for each in url.host if each.isalpha()]
    page = path.rpartition("/")[2]
    numbers = {
        "url_length": len(url.host) + len(behind),
        "host_length": len(url.host),
        "path_length": len(path),
        "query_length": len(query),
        "labels": len(url.labels),
        "name_length": len(url.name),
        "longest_label": max(map(len, url.labels)),
        "host_digits": sum(each.isdigit() for each in url.host),
        "host_hyphens": url.host.count("-"),
        "is_address": url.is_address,
        "has_port": bool(url.port),
        "has_user": bool(url.user),
        "is_international": url.is_international,
        "host_consonants": max(map(len, _CONSONANTS.findall(url.host)), default=0),
        "host_vowel_share": sum(each in _VOWELS for each in letters) / max(len(letters), 1),
        "host_entropy": _entropy(url.host),
        "name_words": len(_WORDS.findall(url.name)),
        "depth": sum(bool(part) for part in path.split("/")),
        "path_digits": sum(each.isdigit() for each in path),
        "path_hyphens": path.count("-") + path.count("_"),
        "path_dots": path.count("."),
        "path_capitals": sum(each.isupper() for each in url.path),
        "path_entropy": _entropy(path),
        "digits_run": max(map(len, _DIGITS.findall(f"{url.name} {behind}")), default=0),
        "hex_run": max(map(len, _HEX.findall(behind)), default=0),
        "parameters": query.count("=") if query else 0,
        "percents": behind.count("%"),
        "signs": sum(not each.isalnum() and each not in "/.-_?=&%" for each in behind),
        "words": len(words),
        "longest_word": max(map(len, words), default=0),
        "mean_word": sum(map(len, words)) / max(len(words), 1),
        "lures_in_host": _lures(host_words),
        "lures_in_path": _lures(_WORDS.findall(behind)),
        "brand_in_name": any(brand in url.name and brand != url.name for brand in BRANDS),
        "brand_is_name": url.name in BRANDS,
        "brand_before_name": any(brand in before for brand in BRANDS),
        "brand_in_path": any(brand in behind for brand in BRANDS),
        "page_php": page.endswith((".php", ".asp", ".aspx", ".jsp", ".cgi")),
        "page_html": page.endswith((".html", ".htm", ".shtml")),
        "page_file": page.endswith((".exe", ".zip", ".apk", ".rar", ".scr", ".js", ".pdf")),
        "is_bare": path in ("", "/") and not query,
        "ends_with_slash": path.endswith("/") and path != "/",
        "double_slash": "//" in path,
        "tilde": "~" in path,
        "host_in_path": "http" in behind or "www." in behind or ".com" in behind,
    }
    return tuple(float(numbers[name]) for name in NAMES)


def _lures(words: list[str]) -> int:
    return sum(word.startswith(LURES) for word in words)


def _entropy(text: str) -> float:
    """Bits per character."""
    counts = Counter(text).values()
    return sum(count / len(text) * math.log2(len(text) / count) for count in counts) if text else 0.0
