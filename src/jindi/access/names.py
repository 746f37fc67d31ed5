"""Names of people as they are compared: what looks alike to whoever typed it is one name."""

import unicodedata


def folded(name: str) -> str:
    """A name without case, width, accents of composition, invisible characters and doubled spaces.

    Letters of different scripts that look alike stay different: who gives a key its name is seen by whoever approves.

    >>> folded("  Ａnn\u200b ") == folded("ann")
    True
    """
    plain = unicodedata.normalize("NFKC", name)
    seen = "".join(" " if char.isspace() else char for char in plain if unicodedata.category(char) not in ("Cf", "Cc"))
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
