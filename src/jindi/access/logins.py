"""Names to sign in with, and names to be called by: one spelling each, and no look-alikes."""

import re
import unicodedata

LOGIN_MIN, LOGIN_MAX, NAME_MAX = 2, 64, 64

_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]*[a-z0-9])?\Z", re.ASCII)
_LOGIN_REMEDY = "use 2 to 64 of: a to z, 0 to 9, and inside also . _ @ + -"


def normal_login(text: str) -> str:
    """The one spelling of a login: NFKC, case folded. Raises ValueError, without the text.

    What still holds anything but plain letters then is refused, so no login looks like another one.

    >>> normal_login(" Li.Min@Example.com ")
    'li.min@example.com'
    >>> normal_login("ｌｉｍｉｎ")
    'limin'
    """
    if len(text) > 4 * LOGIN_MAX:
        raise ValueError(f"not a login; {_LOGIN_REMEDY}")
    login = unicodedata.normalize("NFKC", text).casefold().strip()
    if not LOGIN_MIN <= len(login) <= LOGIN_MAX or not _LOGIN.match(login):
        raise ValueError(f"not a login; {_LOGIN_REMEDY}")
    return login


def person_name(text: str) -> str:
    """What a person is called on screen: NFC, one line, nothing invisible. Raises ValueError, without the text."""
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    # Controls, marks that turn the reading direction, private and unassigned characters: C*; line ends: Zl, Zp.
    unseen = any(unicodedata.category(each)[0] == "C" or unicodedata.category(each) in ("Zl", "Zp") for each in name)
    if not name or len(name) > NAME_MAX or unseen:
        raise ValueError(f"not a name; write 1 to {NAME_MAX} characters that can be seen, on one line")
    return name
