"""What the command line asks of the app: the outside world, opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from jindi.access import (
    RSA_BITS_MIN,
    RSA_BITS_OPENED,
    ApiKeys,
    OidcSettings,
    Permits,
    ProfileName,
    Replays,
    SignInLinks,
    Staff,
)
from jindi.access.replays import WINDOW_S
from jindi.basics.problems import Problems
from jindi.doors.fences import CONNECTIONS_MAX, Rates
from jindi.doors.tls import TlsFiles
from jindi.journal import Signer, Verifier
from jindi.ports import (
    ActStore,
    Blobs,
    CaseStore,
    Clock,
    Files,
    Lines,
    LinkStore,
    Log,
    MovementStore,
    RatingStore,
    Root,
    Scanner,
    VaultStore,
)
from jindi.run.audit import Audit
from jindi.run.backup.drill import VaultFound
from jindi.run.backup.making import Source
from jindi.run.backup.manifest import Split
from jindi.run.backup.repository import Repository
from jindi.run.backup.restoring import Room
from jindi.run.cases.scanning import Unscanned
from jindi.run.notices import MailSettings, Rules
from jindi.run.notices.assembling import Notifying
from jindi.run.people import House
from jindi.run.platform import Settings
from jindi.run.webhooks.mailing import Mailing
from jindi.vault import KeyRing, Profile, Tokens, Vault


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it stands: its value and where that came from."""

    name: str
    value: str
    origin: str
    doc: str


@dataclass(frozen=True, slots=True)
class Transport:
    """How others may talk to the platform, and to whom it talks."""

    tls: Literal["off", "demo", "files"] = "off"
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    rsa_2048: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()
    signature_window_s: int = WINDOW_S
    rates: Rates = field(default_factory=Rates)
    connections: int = CONNECTIONS_MAX
    webhook_allow: tuple[str, ...] = ()
    webhook_http: bool = False
    webhook_ca: Path | None = None

    def rsa_bits_min(self, place: str) -> int:
        """The shortest RSA key that is taken at a place, `sign_in` or `tls`."""
        return RSA_BITS_OPENED if place in self.rsa_2048 else RSA_BITS_MIN


@dataclass(frozen=True, slots=True)
class Settled:
    """All settings, read once."""

    data: Path
    packs: tuple[Path, ...]
    host: str
    port: int
    journal: str
    platform: Settings
    lines: tuple[Setting, ...]
    vault: bool = True
    vault_cipher: Profile = "aes-256-gcm"
    vault_root: str = "file"
    vault_root_token: Path | None = None
    vault_root_ca: Path | None = None
    heads: Path | None = None
    backup_to: Path | None = None
    backup_hours: int = 0
    drill_days: int = 0
    drill_key: Path | None = None
    drill_hours: int = 0
    drill_in: Path | None = None
    links_days: int = 180
    transport: Transport = field(default_factory=Transport)
    permits: Path | None = None
    site: str = ""
    passwords: ProfileName = "nist"
    breached: Path | None = None
    company_words: tuple[str, ...] = ()
    oidc: Path | None = None
    rules: Rules = field(default_factory=Rules)
    mail: MailSettings | None = None
    scanner: str = ""
    unscanned: Unscanned = "take"


class VaultIsOpen(Problems):
    """Another process has the vault open."""


class Wiring(Protocol):
    """The outside world for one run of the program."""

    clock: Clock

    def settle(self, flags: Mapping[str, str | None]) -> Settled:
        """Settings from flags, environment, file and defaults. Raises Problems with all that is wrong."""

    def pack_files(self, folders: Sequence[Path]) -> dict[str, str]:
        """The pack files of some folders, with the base pack. Raises Problems."""

    def evaluations(self, folders: Sequence[Path]) -> dict[str, str]:
        """The evaluations of models that lie in the packs: `pack/NAME` → the text; what can't be read is left out."""

    def base_files(self) -> dict[str, str]:
        """The pack that is always loaded."""

    def keep_packs(self, settled: Settled, patch: Mapping[str, str | None]) -> None:
        """Write changed pack files (None: they go away) where they are read from, all or none. Raises Problems."""

    def write_files(self, folder: Path, files: Mapping[str, str]) -> None:
        """Write new files into a folder that does not have them. Raises Problems."""

    def write_whole(self, path: Path, raw: bytes) -> None:
        """Write a file whole or not at all, durable when this returns. Raises OSError."""

    def packs_mark(self, folders: Sequence[Path]) -> object:
        """Something that changes when a file of the packs may have changed; cheap to ask."""

    def must_exist(self, settled: Settled, *, or_empty: bool = False) -> None:
        """Refuse a folder that no platform has been started in; nothing is made. Raises Problems.

        `or_empty`: one that is there and holds nothing yet is meant to become one.
        """

    def open_log(self, settled: Settled, on_sealed: Callable[[int], None] | None = None) -> Log:
        """The journal, for writing; one process at a time. Raises LogFailure."""

    def view_log(self, settled: Settled) -> Log:
        """The journal, for reading only, beside a running platform. Raises LogFailure."""

    def archive(self, settled: Settled) -> Files:
        """The archive's files; nothing is made before something is saved."""

    def archive_folder(self, settled: Settled) -> Path:
        """Where the archive lies."""

    def blobs(self, settled: Settled) -> Blobs:
        """Snapshots, checkpoints, keys: whatever is replaced whole."""

    def tokens(self, settled: Settled) -> Tokens:
        """The token key's functions; the key is made on the first run. Raises Problems when it is unsafe."""

    def vault(self, settled: Settled, tell: Callable[[str], None]) -> Vault | None:
        """The vault, made on the first run; None when the settings have none. Raises Problems."""

    def kept_vault(self, settled: Settled, tell: Callable[[str], None]) -> Vault:
        """The vault that is there, whatever the settings say. Raises Problems when there is none, VaultIsOpen when
        another process has it.
        """

    def has_vault(self, settled: Settled) -> bool:
        """Whether there is a vault."""

    def vault_parts(self, settled: Settled, tell: Callable[[str], None]) -> tuple[VaultStore, KeyRing]:
        """What a vault is made of: rows with their key book, and the ring; made on the first run. Raises Problems."""

    def package(self) -> Path:
        """Our own package's folder."""

    def pack_folders(self, settled: Settled) -> tuple[Path, ...]:
        """The folders of the packs that are loaded."""

    def lock(self) -> str | None:
        """The pinned dependencies, where they are at hand."""

    def another_root(self, settled: Settled, where: str) -> Root:
        """Another root key for the vault's ring: `where` as the setting `vault_root`. Raises Problems."""

    def signer(self, settled: Settled) -> Signer:
        """Signs checkpoints; its key is made on the first run."""

    def verifier(self, settled: Settled) -> Verifier | None:
        """Checks checkpoints' signatures; None before the first key."""

    def elsewhere(self, settled: Settled) -> Lines | None:
        """Where heads are exported to; None when the settings name no place."""

    def origin(self, settled: Settled) -> str:
        """The journal's own name."""

    def keys(self, blobs: Blobs) -> ApiKeys:
        """API keys."""

    def replays(self, settled: Settled, blobs: Blobs) -> Replays:
        """What signed requests are held against. Raises ValueError when it is damaged."""

    def tls_files(self, settled: Settled) -> TlsFiles | None:
        """The files to speak TLS with, our own pair made or renewed; None without TLS. Raises Problems."""

    def mailing(self, settled: Settled, blobs: Blobs) -> Mailing:
        """The webhooks. Raises Problems, and ValueError when what is kept of them is damaged."""

    def case_store(self, settled: Settled) -> CaseStore:
        """Where cases are kept. Raises CaseStoreFailure."""

    def link_store(self, settled: Settled) -> LinkStore | None:
        """Where links are kept; None when the settings have none. Raises LinkStoreFailure."""

    def scanner(self, settled: Settled) -> Scanner | None:
        """What looks for malware in files; None when the settings have none."""

    def act_store(self, settled: Settled) -> ActStore | None:
        """Where it is kept what entities did; None when the settings keep no links. Raises ActStoreFailure."""

    def rating_store(self, settled: Settled) -> RatingStore:
        """Where it is kept how customers are rated. Raises RatingStoreFailure."""

    def movement_store(self, settled: Settled) -> MovementStore:
        """Where movements of customers' days are kept. Raises MovementStoreFailure."""

    def notifying(self, settled: Settled, blobs: Blobs, port: int | None = None) -> Notifying:
        """What people are told with. Raises NoticeStoreFailure, and ValueError when what is kept of it is damaged."""

    def own_authority(self, settled: Settled) -> Path:
        """The certificate to verify our own pair against."""

    def permits(self, settled: Settled) -> Permits:
        """Who may do what: the shipped policies, and the company's own. Raises Problems."""

    def staff(self, settled: Settled) -> Staff:
        """The accounts of staff. Raises Problems when they are damaged."""

    def company(self, settled: Settled) -> OidcSettings | None:
        """The company's own sign-in, if there is one. Raises Problems, also for other things of people's."""

    def house(self, settled: Settled, audit: Audit, port: int) -> House:
        """The people of a running platform, which listens at a port. Raises Problems."""

    def address(self, settled: Settled, port: int | None = None) -> str:
        """Where people reach the console."""

    def links(self, blobs: Blobs) -> SignInLinks:
        """One-time sign-in links."""

    def repository(self, place: Path) -> Repository:
        """Backups below a folder; nothing is made before something is saved."""

    def room(self, settled: Settled) -> Room:
        """An empty data folder on its way. Raises Problems when there is something in its place."""

    def backup_source(self, settled: Settled, log: Log | None = None) -> Source:
        """What a backup is made of; the journal is opened for reading unless it is given."""

    def key_bytes(self, settled: Settled) -> dict[str, bytes]:
        """The platform's keys by their names, as far as there are any."""

    def root_elsewhere(self, settled: Settled) -> str | None:
        """Where the vault's root is when shares can't hold it; None when they can, or when there is none."""

    def rehearse_vault(self, settled: Settled, given: Mapping[str, bytes], of: Settled | None) -> VaultFound | None:
        """What a restored folder's vault is worth, with keys that are given or with those of another folder; only
        counted with neither, None without a vault.
        """

    def keys_split(self, settled: Settled) -> Split | None:
        """What the last keys' backup covers."""

    def note_split(self, settled: Settled, split: Split) -> None:
        """Remember what a keys' backup covers."""

    def expect_keys(self, blobs: Blobs, fingerprints: Mapping[str, str]) -> None:
        """A restored folder starts with these keys only."""

    def put_key(self, settled: Settled, name: str, key: bytes) -> None:
        """Put a key back where there is none. Raises Problems when another one is there."""

    def backup_to(self, settled: Settled) -> str | None:
        """The line of the public half of the backup key; None before it is set."""

    def set_backup_to(self, settled: Settled, line: str) -> None:
        """From now on backups are made for this key."""
