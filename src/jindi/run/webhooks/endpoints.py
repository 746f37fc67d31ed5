"""Which endpoints there are, and how far each has been told."""

from collections.abc import Callable
from typing import Literal

import msgspec

from jindi.basics.instants import DAY_US
from jindi.packs import OUTCOMES
from jindi.ports import Blobs
from jindi.run.webhooks.signing import PRIVATE, new_secret, shown_to_receiver

ENDPOINTS_MAX = 32
OVERLAP_US = DAY_US
"""After a rotation messages are signed with both secrets for so long."""

State = Literal["on", "off", "dead"]


class Unknown(LookupError):  # noqa: N818 - what is told
    """There is no such endpoint."""


class Secret(msgspec.Struct, frozen=True):
    """A secret to sign with; `until_us` None: the one that stays."""

    text: str
    until_us: int | None = None


class Endpoint(msgspec.Struct, frozen=True):
    """Somebody who is told. `outcomes` and `types` choose decisions; empty: all. `why` says why it is dead."""

    id: str
    url: str
    created_us: int
    secrets: list[Secret]
    outcomes: list[str] = []
    types: list[str] = []
    state: State = "on"
    why: str = ""

    def in_force(self, now_us: int) -> list[str]:
        """The secrets to sign with now, the newest first."""
        return [each.text for each in self.secrets if each.until_us is None or now_us < each.until_us]

    def wants(self, outcome: str, event_type: str) -> bool:
        """Whether a decision is told here."""
        return (not self.outcomes or outcome in self.outcomes) and (not self.types or event_type in self.types)


class Progress(msgspec.Struct):
    """How far an endpoint has been told: `next` is the first record that it has not been. `failures` counts those in a
    row; `retry_us` is when the next try is due.
    """

    next: int
    delivered: int = 0
    failures: int = 0
    retry_us: int = 0
    last_us: int = 0
    last_why: str = ""


class Endpoints:
    """All endpoints, in memory and durable under one private name. One process at a time owns the stored state."""

    BLOB = "webhooks.json"
    PROGRESS = "webhook-progress-"

    def __init__(self, blobs: Blobs, random: Callable[[int], bytes]) -> None:
        self._blobs, self._random = blobs, random
        raw = blobs.load(self.BLOB)
        try:
            found = [] if raw is None else msgspec.json.decode(raw, type=list[Endpoint])
        except msgspec.DecodeError as damage:
            raise ValueError(f"{self.BLOB}: not what was written ({damage}); restore it from a backup") from None
        self._all = {each.id: each for each in found}

    def all(self) -> tuple[Endpoint, ...]:
        """All of them, oldest first."""
        return tuple(sorted(self._all.values(), key=lambda each: (each.created_us, each.id)))

    def get(self, identifier: str) -> Endpoint:
        """One of them. Raises Unknown."""
        if (found := self._all.get(identifier)) is None:
            raise Unknown("there is no endpoint with this id")
        return found

    def add(
        self, url: str, now_us: int, *, outcomes: list[str], types: list[str], asymmetric: bool = False
    ) -> tuple[Endpoint, str]:
        """A new endpoint, and what its receiver needs to check signatures; that is told nowhere else.

        Raises ValueError for an outcome that there is none of, or when there are too many endpoints.
        """
        known = [str(each) for each in OUTCOMES]
        if unknown := sorted(set(outcomes) - set(known)):
            raise ValueError(f"no such outcome: {', '.join(unknown)[:80]}; use some of: {', '.join(known)}")
        if len(self._all) >= ENDPOINTS_MAX:
            raise ValueError(f"there are {ENDPOINTS_MAX} endpoints; remove one first")
        secret = new_secret(self._random, asymmetric=asymmetric)
        made = Endpoint(f"wh_{self._random(6).hex()}", url, now_us, [Secret(secret)], outcomes, types)
        self._replace(made)
        return made, shown_to_receiver(secret)

    def rotate(self, identifier: str, now_us: int) -> str:
        """A new secret beside the old one, which ends after a day; what the receiver needs. Raises Unknown."""
        endpoint = self.get(identifier)
        newest = endpoint.secrets[0]
        made = new_secret(self._random, asymmetric=newest.text.startswith(PRIVATE))
        self._replace(
            msgspec.structs.replace(endpoint, secrets=[Secret(made), Secret(newest.text, now_us + OVERLAP_US)])
        )
        return shown_to_receiver(made)

    def put(self, identifier: str, state: State, why: str = "") -> None:
        """Switch an endpoint on or off, or mark it dead. Raises Unknown."""
        self._replace(msgspec.structs.replace(self.get(identifier), state=state, why=why))
        if state == "on" and (progress := self.progress(identifier)) is not None:
            progress.failures = progress.retry_us = 0
            self.save_progress(identifier, progress)

    def remove(self, identifier: str) -> None:
        """Forget an endpoint for good. Raises Unknown."""
        self.get(identifier)
        rest = {key: each for key, each in self._all.items() if key != identifier}
        self._save(rest)
        self._blobs.drop(self.PROGRESS + identifier)

    def progress(self, identifier: str) -> Progress | None:
        """How far an endpoint has been told; None before its first look."""
        raw = self._blobs.load(self.PROGRESS + identifier)
        return None if raw is None else msgspec.json.decode(raw, type=Progress)

    def save_progress(self, identifier: str, progress: Progress) -> None:
        """Remember it durably."""
        self._blobs.save(self.PROGRESS + identifier, [msgspec.json.encode(progress)])

    def _replace(self, endpoint: Endpoint) -> None:
        self._save(self._all | {endpoint.id: endpoint})

    def _save(self, found: dict[str, Endpoint]) -> None:
        self._blobs.save(self.BLOB, [msgspec.json.encode(list(found.values()))], private=True)
        self._all = found
