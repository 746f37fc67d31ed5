"""Shares of keys on paper: enough of them give the keys back, a damaged one is named, strange ones are refused."""

import itertools
import os
import random

import pytest

from jindi.run.backup.shares import Share, Unreadable, keys_of, parse, shares_of

CHANCE = random.Random(7)
KEYS = {"key-token": bytes(range(32)), "key-signing": CHANCE.randbytes(32), "backup-key": CHANCE.randbytes(80)}


@pytest.fixture(scope="module")
def shares():
    # Always the same: of a thousand changed lines one may pass as a line, and is found by the last one.
    return shares_of(KEYS, 3, 5, CHANCE.randbytes)


def test_any_three_of_five_sheets_give_the_keys_back(shares):
    sheets = [each.text() for each in shares]
    for chosen in itertools.combinations(sheets, 3):
        assert keys_of([parse(sheet, "sheet") for sheet in chosen]) == KEYS
    assert keys_of([parse(sheet, "sheet") for sheet in sheets]) == KEYS


def test_fewer_are_refused_and_so_are_two_of_the_same(shares):
    for given in ((), shares[:2], (shares[0], shares[0], shares[1])):
        with pytest.raises(Unreadable, match=r"are needed|no share"):
            keys_of(list(given))


def test_nothing_of_a_key_stands_in_a_share(shares):
    for each in shares:
        assert not [name for name, key in KEYS.items() if key[:4] in each.value or name.encode() in each.value]


def test_any_changed_character_is_found_and_the_share_named(shares):
    text = shares[1].text()
    body = text[: text.index("\n\n", text.index("\n 0  "))]
    alphabet, chance = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", random.Random(5)
    for place, character in enumerate(body):
        if character in " \n":
            continue
        other = chance.choice([each for each in alphabet if each != character])
        changed = text[:place] + other + text[place + 1 :]
        with pytest.raises(Unreadable) as unreadable:
            keys_of([parse(shares[0].text(), "a"), parse(changed, "sheet two"), parse(shares[2].text(), "c")])
        assert "sheet two" in str(unreadable.value)


def test_the_changed_line_is_named(shares):
    lines = shares[1].text().splitlines()
    place = next(at for at, line in enumerate(lines) if line.startswith(" 3  "))
    for wrong in (lines[place].replace(lines[place][4:8], "AAAA"), lines[place].lower()):
        with pytest.raises(Unreadable, match="share 2: line 3"):
            parse("\n".join([*lines[:place], wrong, *lines[place + 1 :]]), "sheet")


def test_lines_that_are_missing_or_in_another_order_are_found(shares):
    lines = shares[1].text().splitlines()
    for gone in range(2, 6):
        with pytest.raises(Unreadable, match="sheet"):
            parse("\n".join(lines[:gone] + lines[gone + 1 :]), "sheet")
    lines[2], lines[3] = lines[3], lines[2]
    with pytest.raises(Unreadable, match="share 2"):
        parse("\n".join(lines), "sheet")
    for text in ("", "hello\n", "\n".join(lines[1:])):
        with pytest.raises(Unreadable, match="first line"):
            parse(text, "sheet")


def test_shares_of_different_sets_are_refused(shares):
    others = shares_of(KEYS, 3, 5, os.urandom)
    with pytest.raises(Unreadable, match="different sets"):
        keys_of([*shares[:2], others[2]])
    # Were the sets to have one name, what they give is still seen to be no key.
    forged = [Share(each.number, 5, 3, shares[0].set_id, each.value) for each in others]
    with pytest.raises(Unreadable, match="don't belong together"):
        keys_of([*shares[:2], forged[2]])


def test_one_share_alone_must_never_be_the_keys():
    with pytest.raises(ValueError, match="at least two"):
        shares_of(KEYS, 1, 5, os.urandom)
    with pytest.raises(ValueError, match="needed"):
        shares_of(KEYS, 6, 5, os.urandom)
