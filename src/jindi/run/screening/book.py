"""Matches and what became of them: a fold of two event types that only the platform tells.

A match says that somebody's name is near an entry of a watch list. Its memory has a scope: it is this customer's name
beside this entry as it read then. When any of the three changes it is another match.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from jindi.language import Value
from jindi.run.records import decision_seq

MATCH: Final = "screening_match"
VERDICT: Final = "screening_verdict"
PACK: Final = "platform"
"""The pack whose events these are; another pack's events of these names say nothing here."""

State = Literal["open", "cleared", "confirmed", "lifted"]
STATES: Final[tuple[State, ...]] = ("open", "cleared", "confirmed", "lifted")
SETTLED: Final = frozenset({"cleared", "lifted"})
"""It was found to be somebody else: the entry as it reads counts no more for this customer."""

_SEPARATOR: Final = "\x1f"


class Hit(msgspec.Struct, array_like=True):
    """One match as it stands. `seq` is the newest event that told of it, `mark` the digest of the entry that it is
    about, `user` whose name it is: the name's own token where it is nobody's. `by` and `second` are those who decided.
    """

    seq: int
    at_us: int
    user: str
    name: str
    list: str
    entry: str
    mark: str
    list_version: str
    score: int
    strength: str
    rules: str
    found: str
    state: State = "open"
    by: str = ""
    second: str = ""
    reason: str = ""
    decided_us: int = 0
    decided_seq: int = -1

    @property
    def key(self) -> str:
        """What is the same of two matches with other versions of an entry."""
        return key_of(self.user, self.name, self.list, self.entry)


def key_of(user: str, name: str, watch_list: str, entry: str) -> str:
    """A customer, the name that was looked for, and the entry."""
    return _SEPARATOR.join((user, name, watch_list, entry))


class Screened(msgspec.Struct, array_like=True):
    """All matches by their keys, in the order in which they were first told."""

    hits: dict[str, Hit] = msgspec.field(default_factory=dict)

    def note(self, event_type: str, seq: int, fields: Mapping[str, Value], at_us: int) -> None:
        """Take in an event of the two types."""
        texts = {name: "" if value is None else str(value) for name, value in fields.items()}
        key = key_of(texts["user"], texts["name"], texts["list"], texts["entry"])
        if event_type == MATCH:
            self.hits[key] = Hit(
                seq, at_us, texts["user"], texts["name"], texts["list"], texts["entry"], texts["mark"],
                texts["list_version"], int(texts["likeness"]), texts["strength"], texts["rules"], texts["found"],
            )  # fmt: skip
            return
        hit = self.hits.get(key)
        verdict = next((each for each in STATES if each == texts["verdict"]), None)
        # A verdict about an entry that reads otherwise by now says nothing about the one that stands there.
        if hit is not None and verdict is not None and hit.mark == texts["mark"]:
            hit.state, hit.by, hit.second, hit.reason = verdict, texts["by"], texts["second"], texts["reason"]
            hit.decided_us, hit.decided_seq = at_us, seq

    def of(self, user: str, name: str, watch_list: str, entry: str) -> Hit | None:
        """The match of a customer's name with an entry, whatever became of it."""
        return self.hits.get(key_of(user, name, watch_list, entry))

    def named(self, identifier: str) -> Hit | None:
        """The match that an address names: by the decision that told of it last."""
        try:
            seq = decision_seq(identifier)
        except ValueError:
            return None
        return next((each for each in self.hits.values() if each.seq == seq), None)

    def newest(self, state: str = "") -> list[Hit]:
        """All matches, or those of a state, the newest first."""
        found = [each for each in self.hits.values() if state in ("", each.state)]
        return sorted(found, key=lambda each: -each.seq)
