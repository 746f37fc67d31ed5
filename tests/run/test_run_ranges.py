"""Lists of ranges: looked up exactly, in clear, at the door; what is found is journalled, and nobody else tells it."""

import asyncio
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.basics.ranges import read_range
from jindi.run.intake import Refused
from jindi.run.lists import Lists
from jindi.run.ranges import Ranges
from shop_world import Shop

NOW_US = 1_000
FILES = Outside().pack_files([])
NAMES = ("tor_ranges", "vpn_ranges")


class Kept(Lists):
    """Lists without packs."""

    def __init__(self, **entries):
        self.entries = entries
        self.version = 0


def found(lists, address, names=NAMES):
    return Ranges().find(lists, address, names, NOW_US)


def test_the_first_list_in_which_an_address_lies_is_told():
    lists = Kept(tor_ranges={"192.0.2.0/24": None}, vpn_ranges={"192.0.0.0/16": None, "2001:db8::/32": None})
    assert found(lists, "192.0.2.7") == "tor_ranges"
    assert found(lists, "192.0.3.7") == "vpn_ranges"
    assert found(lists, "2001:db8:1::9") == "vpn_ranges"
    assert found(lists, "198.51.100.1") is None
    assert found(lists, "no address") is None


def test_a_range_whose_entry_has_ended_is_none_any_more():
    lists = Kept(tor_ranges={"192.0.2.0/24": NOW_US, "192.0.2.0/25": NOW_US + 1}, vpn_ranges={})
    assert found(lists, "192.0.2.200") is None
    assert found(lists, "192.0.2.7") == "tor_ranges"


def test_a_changed_list_is_seen_at_once():
    lists, ranges = Kept(tor_ranges={}, vpn_ranges={}), Ranges()
    assert ranges.find(lists, "192.0.2.7", NAMES, NOW_US) is None
    lists.entries["tor_ranges"]["192.0.2.0/24"] = None
    lists.version += 1
    assert ranges.find(lists, "192.0.2.7", NAMES, NOW_US) == "tor_ranges"


ADDRESS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
RANGE = st.tuples(ADDRESS, st.integers(0, 32)).map(lambda pair: read_range(f"{pair[0]}/{pair[1]}"))


@settings(max_examples=60)
@given(st.lists(st.tuples(RANGE, st.sampled_from([None, 500, 2_000])), max_size=8), ADDRESS)
def test_it_finds_what_looking_at_every_range_finds(entries, address):
    kept = dict(entries)
    expected = any(
        ip_address(address) in ip_network(value) and (ends is None or ends > NOW_US) for value, ends in kept.items()
    )
    assert (found(Kept(tor_ranges=kept), address, ("tor_ranges",)) is not None) == expected


@pytest.mark.parametrize("text", ["192.0.2.0/33", "everywhere", "", "198.51.100", "192.0.2.0/24/8"])
def test_what_is_no_range_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="no range of addresses") as refusal:
        read_range(text)
    assert not text or text not in str(refusal.value)


# ---- on a platform


def played(talk):
    async def go():
        async with Shop(FILES) as shop:
            await talk(shop)

    asyncio.run(go())


def login(shop, number, **more):
    return {
        "id": f"l{number}", "type": "login", "at": format_instant(shop.clock.at_us), "user": "u1",
        "device": "device-0001", "ip": "192.0.2.7", "channel": "app", "method": "password", "success": True, **more,
    }  # fmt: skip


def entry(shop, number, value, action="add"):
    return {
        "id": f"e{number}", "type": "list_entry", "at": format_instant(shop.clock.at_us), "list": "tor_ranges",
        "value": value, "action": action, "reason": "published", "by": "feed",
    }  # fmt: skip


def seen(shop, answer):
    """What the journal has of the field that the platform fills."""
    found_ = shop.platform.find(answer["decision_id"])
    return dict(zip(found_.ep.fields, found_.record.values, strict=True))["address_in"]


def test_a_login_from_a_listed_range_is_challenged_and_the_journal_says_why():
    async def talk(shop):
        assert (await shop.send(login(shop, 1)))["outcome"] == "allow"
        await shop.send(entry(shop, 1, "192.0.2.99/24"))
        challenged = await shop.send(login(shop, 2))
        assert challenged["outcome"] == "challenge"
        assert [each["rule"] for each in challenged["reasons"]] == ["login-anonymous-network"]
        assert seen(shop, challenged) == "tor_ranges"
        await shop.send(entry(shop, 2, "192.0.2.0/24", "remove"))
        allowed = await shop.send(login(shop, 3))
        assert (allowed["outcome"], seen(shop, allowed)) == ("allow", None)
        again = await shop.send(login(shop, 2))
        assert again == challenged, "the same login again is the same, whatever the list says now"

    played(talk)


def test_nobody_but_the_platform_says_where_an_address_lies_and_only_ranges_are_listed():
    async def talk(shop):
        with pytest.raises(Refused, match="filled by the platform"):
            await shop.send(login(shop, 1, address_in="tor_ranges"))
        with pytest.raises(Refused, match="no range of addresses"):
            await shop.send(entry(shop, 1, "the whole of Mars"))

    played(talk)
