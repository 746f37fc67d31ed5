"""What checks stand on: the real folder with its journal, keys and settings, and small platforms made for them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from jindi.access import ApiKeys, Permits, Scope, SignInLinks, Staff
from jindi.journal import Signer, Verifier
from jindi.packs import Definitions, Words
from jindi.ports import Blobs, Clock, Lines, Log, Scanner, VaultStore
from jindi.run.backup.making import Source
from jindi.run.backup.manifest import Split
from jindi.run.backup.repository import Repository
from jindi.run.backup.restoring import Room
from jindi.run.backup.standing import Standing
from jindi.run.people import House
from jindi.run.platform import Platform
from jindi.run.webhooks.reaching import Reach, Resolve
from jindi.vault import KeyRing, Profile, Sealer, Tokens, Vault

Evidence = dict[str, Any]
"""What a check saw, as JSON: figures, names, digests. Never a value that could be anybody's."""

Application = Callable[[Any, Any, Any], Any]
"""An ASGI application: all doors of a platform behind one address."""


class Failed(Exception):  # noqa: N818 - what the check says
    """The safeguard does not hold: why, in both languages, and what was seen."""

    def __init__(self, why: Words, evidence: Evidence | None = None) -> None:
        self.why, self.evidence = why, evidence or {}
        super().__init__(why.en)


class CouldNotRun(Exception):  # noqa: N818 - what the check says
    """The check can't look, so nothing is proved: why, in both languages."""

    def __init__(self, why: Words, evidence: Evidence | None = None) -> None:
        self.why, self.evidence = why, evidence or {}
        super().__init__(why.en)


def failed(zh: str, en: str, **evidence: Any) -> Failed:
    """A failure in both languages, with its evidence."""
    return Failed(Words(zh, en), evidence)


def could_not_run(zh: str, en: str, **evidence: Any) -> CouldNotRun:
    """Why nothing could be proved, in both languages."""
    return CouldNotRun(Words(zh, en), evidence)


class Address(NamedTuple):
    """One address of a door. `action` is None where nobody is asked who he is."""

    method: str
    path: str
    action: str | None


class Later:
    """A clock that a check may put ahead, so that what ends by itself ends while it looks on."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.ahead_us = clock, 0

    def now_us(self) -> int:
        """The clock's instant, and as much later as was asked for."""
        return self._clock.now_us() + self.ahead_us


class Scratch(Protocol):
    """A new data folder in a temporary place, with everything that a platform of these settings has."""

    folder: Path
    """All that is written lies below it."""

    backup_folder: Path
    """Where its backups go."""

    clock: Later
    told: list[str]
    """What the operator's log said so far."""

    def platform(self, open_log: Callable[[], Log] | None = None) -> Platform:
        """A platform with the packs in force, its vault, and a place for backups; not started yet."""

    def doors(
        self, platform: Platform, *scopes: Scope, house: House | None = None
    ) -> tuple[Application, str]:  # fmt: skip
        """API and console of a platform that has been started, with all their parts, and an API key with these scopes.
        `house`: the people whom the console knows; without, those whom it finds.
        """

    def house(self, platform: Platform) -> House:
        """The people of a platform that has been started, as they lie on the disk: nobody, at first."""

    def keys(self) -> ApiKeys:
        """The API keys that the doors know."""

    def links(self) -> SignInLinks:
        """One-time sign-in links that the doors know."""

    def pages(self, platform: Platform) -> list[Address]:
        """All addresses of the console, with the action that each stands for."""

    def addresses(self, platform: Platform) -> list[Address]:
        """All addresses of the API, with the action that each stands for."""

    def log(self) -> Log:
        """The journal, for writing, while no platform has it."""

    def blobs(self) -> Blobs:
        """The small state."""

    def signer(self) -> Signer:
        """Signs the journal's seals."""

    def tokens(self) -> Tokens:
        """The token key's functions."""

    def vault(self) -> tuple[Vault, VaultStore, KeyRing]:
        """A vault of its own, apart from the platform's, with its rows and keys at hand."""

    def backups(self) -> Repository:
        """A place for backups beside the folder."""

    def source(self) -> Source:
        """What a backup of the folder is made of."""

    def room(self, name: str) -> Room:
        """An empty place that a backup is restored into, below the folder."""

    def journal_files(self) -> list[Path]:
        """The files that the journal is kept in."""

    def restored_log(self, name: str) -> Log:
        """The journal of what was restored under this name."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The real thing. What is opened is opened when a check asks for it, and raises what stands in the way.

    `reach` gives what says where we may connect to, with these settings and a way to resolve names.
    `permits` gives what judges who may do what, with a company's own policies beside the shipped ones. `staff` are the
    real accounts, `keys` the real API keys: to be looked at.
    `lock` is the text of the pinned dependencies (None where it is not at hand), `source` our own package's folder,
    `speak` what the operator's log shows of a text, `scanner` what looks for malware in files, if the settings have it.
    `is_running`: it is the running platform that asks.
    """

    clock: Clock
    data: Path
    packs: tuple[Path, ...]
    settings: Mapping[str, str]
    definitions: Definitions
    listen: tuple[str, int]
    blobs: Blobs
    journal: Callable[[], AbstractContextManager[Log]]
    vault: Callable[[], AbstractContextManager[Vault]]
    verifier: Callable[[], Verifier | None]
    origin: Callable[[], str]
    elsewhere: Callable[[], Lines | None]
    tokens: Callable[[], Tokens]
    backups: Callable[[], Standing]
    fingerprints: Callable[[], Mapping[str, str]]
    split: Callable[[], Split | None]
    scratch: Callable[[], AbstractContextManager[Scratch]]
    reach: Callable[[Resolve], Reach]
    permits: Callable[[str], Permits]
    staff: Callable[[], Staff]
    keys: Callable[[], ApiKeys]
    source: Path
    lock: str | None
    speak: Callable[[str], str]
    kernel_clock: Callable[[], tuple[int, int, int]]
    scanner: Callable[[], Scanner | None]
    sealer: Callable[[Profile], Sealer] = Sealer.fresh
    is_running: bool = False
