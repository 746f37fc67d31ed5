import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.access import (
    ABSOLUTE_US,
    IDLE_US,
    LINK_LIFETIME_US,
    ApiKeys,
    Scope,
    Sessions,
    SignInLinks,
    csrf_token,
    is_csrf_token,
    parse_scopes,
)

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
READ = frozenset({Scope.DECISIONS_READ})


class Shelf:
    """Blobs in a dict that remembers which names were saved as private, and how often."""

    def __init__(self):
        self.kept, self.private, self.saves = {}, set(), 0

    def save(self, name, chunks, *, private=False):
        self.kept[name] = b"".join(bytes(chunk) for chunk in chunks)
        self.saves += 1
        if private:
            self.private.add(name)

    def load(self, name):
        return self.kept.get(name)

    def names(self, prefix=""):
        return tuple(sorted(name for name in self.kept if name.startswith(prefix)))

    def drop(self, name):
        self.kept.pop(name, None)


def bytes_source():
    counter = itertools.count()
    return lambda n: hashlib.shake_128(str(next(counter)).encode()).digest(n)


def test_a_key_is_known_by_its_clear_text_and_survives_a_restart():
    shelf = Shelf()
    clear, key = ApiKeys(shelf, bytes_source()).create("gateway", frozenset({Scope.EVENTS_WRITE}), NOW)
    again = ApiKeys(shelf, bytes_source())
    assert clear.startswith("jk_")
    assert again.holder(clear, NOW) == key == again.holder(clear.encode(), NOW)
    assert key.scopes == {Scope.EVENTS_WRITE}


def test_only_the_digest_of_a_key_is_kept_and_the_file_is_private():
    shelf = Shelf()
    clear, _ = ApiKeys(shelf, bytes_source()).create("gateway", READ, NOW)
    stored = b"".join(shelf.kept.values())
    assert clear.encode() not in stored
    assert clear.removeprefix("jk_").encode() not in stored
    assert shelf.private == {ApiKeys.BLOB}


def test_a_revoked_key_is_refused_at_once_and_stays_in_the_list():
    shelf = Shelf()
    keys = ApiKeys(shelf, bytes_source())
    clear, key = keys.create("old", READ, NOW)
    assert keys.revoke(key.id, NOW + 5)
    assert keys.holder(clear, NOW) is None
    assert not keys.revoke(key.id, NOW + 6)
    assert [k.revoked_us for k in ApiKeys(shelf, bytes_source()).all()] == [NOW + 5]


@pytest.mark.parametrize("text", ["", "jk_", "jk_" + "A" * 43, "x" * 100_000, "密钥", b"\xff\xfe", "jk_\x00"])
def test_what_is_not_a_key_holds_nothing(text):
    keys = ApiKeys(Shelf(), bytes_source())
    keys.create("one", READ, NOW)
    assert keys.holder(text, NOW) is None


@given(st.text(max_size=80))
def test_no_other_text_opens_a_key(text):
    keys = ApiKeys(Shelf(), bytes_source())
    clear, _ = keys.create("one", READ, NOW)
    assert (keys.holder(text.encode("utf-8", "surrogatepass"), NOW) is None) == (text != clear)


def test_scopes_are_read_from_text_and_unknown_ones_are_named():
    assert parse_scopes(["events:write", " admin "]) == {Scope.EVENTS_WRITE, Scope.ADMIN}
    with pytest.raises(ValueError, match=r"'evnts:write'.*events:write"):
        parse_scopes(["evnts:write"])
    with pytest.raises(ValueError, match="no scope given"):
        parse_scopes([])


def test_a_key_that_could_not_be_stored_is_not_in_force():
    class Full(Shelf):
        def save(self, name, chunks, *, private=False):
            raise OSError("no space left")

    keys = ApiKeys(Full(), bytes_source())
    with pytest.raises(OSError, match="no space"):
        keys.create("lost", READ, NOW)
    assert keys.all() == ()


def test_damaged_state_is_refused_with_a_remedy_not_taken_for_empty():
    shelf = Shelf()
    shelf.kept[ApiKeys.BLOB] = b'[{"id": 1}]'
    with pytest.raises(ValueError, match=r"access-keys\.json: .*restore it from a backup"):
        ApiKeys(shelf, bytes_source())


def test_a_link_lets_in_once():
    links = SignInLinks(Shelf(), bytes_source())
    token = links.create("limin", READ, NOW)
    assert links.redeem(token, NOW + 1).who == "limin"
    assert links.redeem(token, NOW + 2) is None


def test_looking_at_a_link_does_not_use_it_up():
    links = SignInLinks(Shelf(), bytes_source())
    token = links.create("limin", READ, NOW)
    assert links.look(token, NOW) == links.look(token, NOW + 1) != None  # noqa: E711 - three at once
    assert links.redeem(token, NOW + 2) is not None


def test_a_link_expires_after_a_quarter_of_an_hour():
    links = SignInLinks(Shelf(), bytes_source())
    token = links.create("limin", READ, NOW)
    assert LINK_LIFETIME_US == 15 * MINUTE
    assert links.look(token, NOW + LINK_LIFETIME_US - 1) is not None
    assert links.redeem(token, NOW + LINK_LIFETIME_US) is None


def test_a_used_link_stays_used_after_a_restart():
    shelf = Shelf()
    links = SignInLinks(shelf, bytes_source())
    token = links.create("limin", READ, NOW)
    assert SignInLinks(shelf, bytes_source()).look(token, NOW) is not None
    links.redeem(token, NOW)
    assert SignInLinks(shelf, bytes_source()).redeem(token, NOW) is None
    assert token.encode() not in b"".join(shelf.kept.values())


def test_a_link_whose_use_cannot_be_stored_lets_nobody_in():
    shelf = Shelf()
    links = SignInLinks(shelf, bytes_source())
    token = links.create("limin", READ, NOW)

    def full(name, chunks, *, private=False):
        raise OSError("no space left")

    shelf.save = full
    with pytest.raises(OSError, match="no space"):
        links.redeem(token, NOW)
    del shelf.save
    assert links.redeem(token, NOW) is not None


def test_waiting_links_are_bounded_and_expired_ones_make_room():
    links = SignInLinks(Shelf(), bytes_source())
    for _ in range(64):
        links.create("limin", READ, NOW)
    with pytest.raises(ValueError, match="64 sign-in links are waiting"):
        links.create("limin", READ, NOW)
    assert links.create("limin", READ, NOW + LINK_LIFETIME_US)


def test_a_session_ends_when_nobody_uses_it():
    sessions = Sessions(Shelf(), bytes_source())
    opened = sessions.open("limin", READ, NOW)
    assert sessions.read(opened.clear_id, NOW + IDLE_US - 1) is not None
    assert sessions.read(opened.clear_id, NOW + 2 * IDLE_US - 2) is not None
    assert sessions.read(opened.clear_id, NOW + 3 * IDLE_US) is None


def test_a_page_that_refreshes_itself_keeps_no_session_open():
    sessions = Sessions(Shelf(), bytes_source())
    opened = sessions.open("limin", READ, NOW)
    for minutes in range(1, 30):
        assert sessions.read(opened.clear_id, NOW + minutes * MINUTE, use=False) is not None
    assert sessions.read(opened.clear_id, NOW + IDLE_US, use=False) is None


def test_a_busy_session_ends_after_twelve_hours():
    sessions = Sessions(Shelf(), bytes_source())
    opened = sessions.open("limin", READ, NOW)
    for at_us in range(NOW, NOW + ABSOLUTE_US, 20 * MINUTE):
        assert sessions.read(opened.clear_id, at_us) is not None
    assert sessions.read(opened.clear_id, NOW + ABSOLUTE_US) is None


def test_a_session_survives_a_restart_and_only_its_digest_is_kept():
    shelf = Shelf()
    opened = Sessions(shelf, bytes_source()).open("limin", READ, NOW)
    assert Sessions(shelf, bytes_source()).read(opened.clear_id, NOW + 1).who == "limin"
    assert opened.clear_id.encode() not in b"".join(shelf.kept.values())
    assert shelf.private == {Sessions.BLOB}


def test_use_is_written_at_most_once_a_minute():
    shelf = Shelf()
    sessions = Sessions(shelf, bytes_source())
    opened = sessions.open("limin", READ, NOW)
    before = shelf.saves
    for second in range(180):
        sessions.read(opened.clear_id, NOW + second * 1_000_000)
    assert shelf.saves - before == 2
    stored = json.loads(shelf.kept[Sessions.BLOB])
    assert stored[0]["used_us"] >= NOW + 120 * 1_000_000


def test_a_closed_session_is_gone_and_closing_is_personal():
    sessions = Sessions(Shelf(), bytes_source())
    one, two, other = (sessions.open(who, READ, NOW) for who in ("limin", "limin", "chen"))
    assert sessions.close(one.clear_id)
    assert not sessions.close(one.clear_id)
    assert sessions.close_all("limin") == 1
    assert sessions.read(two.clear_id, NOW) is None
    assert sessions.read(other.clear_id, NOW) is not None


@pytest.mark.parametrize("clear_id", ["", "x" * 10_000, "会话", "../../etc"])
def test_what_is_not_a_session_id_reads_nothing(clear_id):
    sessions = Sessions(Shelf(), bytes_source())
    sessions.open("limin", READ, NOW)
    assert sessions.read(clear_id, NOW) is None


def test_a_csrf_token_belongs_to_one_session_and_does_not_tell_its_id():
    sessions = Sessions(Shelf(), bytes_source())
    one, two = (sessions.open("limin", READ, NOW).clear_id for _ in range(2))
    assert is_csrf_token(one, csrf_token(one))
    assert not is_csrf_token(one, csrf_token(two))
    assert not is_csrf_token(one, "")
    assert not is_csrf_token(one, "令牌")
    assert one not in csrf_token(one)
