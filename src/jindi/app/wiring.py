"""The only place that knows which stores are used."""

import os
import secrets
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

import jindi
from jindi.access import ApiKeys, OidcSettings, Permits, Replays, SignInLinks, Staff
from jindi.app.accounts import address_of, company_of, open_house, open_staff
from jindi.app.certificates import own_authority, tls_files
from jindi.app.settings import FILE_NAME, settle
from jindi.app.vaults import (
    BOOK,
    ROOT_NAME,
    another_root,
    has_vault,
    open_parts,
    open_vault,
    put_root,
    rehearsed_vault,
    root_bytes,
    root_elsewhere,
)
from jindi.app.vaults import KEYS as KEY_FOLDER
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.wiring import Settled
from jindi.doors.tls import TlsFiles
from jindi.journal import Signer, Verifier, checkpoints, heads
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
from jindi.run.archive import Archive
from jindi.run.audit import Audit
from jindi.run.backup.drill import VaultFound
from jindi.run.backup.making import Source
from jindi.run.backup.manifest import Split
from jindi.run.backup.parts import Chosen, Named, Texts, Together
from jindi.run.backup.repository import Repository
from jindi.run.backup.restoring import Room
from jindi.run.backup.sealing import ELSEWHERE, fingerprint
from jindi.run.controls.register import BLOB as CONTROLS
from jindi.run.filters import BLOB as FILTERS
from jindi.run.filters import OF_CASES as FILTERS_OF_CASES
from jindi.run.notices import Channels, PreferenceBook
from jindi.run.notices.assembling import Notifying
from jindi.run.people import House
from jindi.run.snapshots import PREFIX as SNAPSHOT
from jindi.run.snapshots import name_of, seq_of
from jindi.run.snapshots import serves as serving
from jindi.run.versions.drafts import PREFIX as DRAFT
from jindi.run.watching.bridge import BLOB as WATCHING
from jindi.run.webhooks import Endpoints, Reach
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.sending import receivers_context
from jindi.stores.clamd import Clamd
from jindi.stores.databases import copied, copied_in_memory
from jindi.stores.files import FileBlobs
from jindi.stores.folders import change_folder, copy_packs, read_folder, write_folder
from jindi.stores.lines import LineFile
from jindi.stores.rooms import EmptyRoom
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_acts import SqliteActs
from jindi.stores.sqlite_cases import SqliteCases
from jindi.stores.sqlite_links import SqliteLinks
from jindi.stores.sqlite_log import SqliteLog
from jindi.stores.sqlite_movements import SqliteMovements
from jindi.stores.sqlite_notices import SqliteNotices
from jindi.stores.sqlite_ratings import SqliteRatings
from jindi.stores.trees import FileTree
from jindi.vault import KEY_BYTES, SEEN, KeyRing, Tokens, Vault

TOKEN_KEY, SIGNING_KEY, STAFF_KEY, ORIGIN = "key-token", "key-signing", "key-staff", "key-origin"
KEYS = (TOKEN_KEY, SIGNING_KEY, STAFF_KEY)
"""The keys that only the keys' own backup holds; the vault's root is one more where it lies in a file."""

KEYS_EXPECTED, KEYS_SPLIT, BACKUP_TO = "keys-expected", "keys-split", "backup-to"
"""The fingerprints of the keys that a restored folder waits for; what the last keys' backup covers; and the public
half of the backup key."""

SEALS = (checkpoints.PREFIX, heads.PREFIX)
"""The names of what is signed about the journal begin so."""

KEPT_WHOLE = (
    ORIGIN, KEYS_SPLIT, BACKUP_TO, ApiKeys.BLOB, Endpoints.BLOB, Staff.BLOB, CONTROLS, WATCHING, Channels.BLOB,
    PreferenceBook.BLOB, FILTERS, FILTERS_OF_CASES,
)  # fmt: skip
"""The small blobs that a backup takes. Sessions and sign-in links end with the machine that gave them."""

PACKS = "packs.json"
"""The packs that the settings named, in a backup: path → text."""

OWN_PACKS = "packs"
"""The platform's own copies of the packs, in its data folder; a restored backup puts them there, too."""

DATABASES = ("vault.sqlite",)
"""The databases of the data folder, as far as they are there; a SQLite journal is taken as a journal."""

TOLD = "notices.sqlite"
"""What people were told and have read, what is on its way, and what goes on to somebody else unless they read it: the
journal alone can't say any of that again.
"""

BASE_PACK = "core"
EVALUATION_BYTES_MAX = 4 * 1024 * 1024
SHIPPED = ("account", "payment", "platform", "staff", "diligence")


class WallClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


def _kept(names: tuple[str, ...]) -> list[str]:
    """The small blobs of a backup: those above, and what authors are writing."""
    return [name for name in names if name in KEPT_WHOLE or name.startswith(DRAFT)]


def shipped_packs() -> Path:
    """The folder of the packs that come with Jindi: in the wheel, or beside the source."""
    package = Path(jindi.__file__).parent
    inside = package / "shipped_packs"
    return inside if inside.is_dir() else package.parents[1] / "packs"


class Outside:
    """The outside world: this machine's disk, clock and source of chance."""

    def __init__(self) -> None:
        self.clock: Clock = WallClock()
        self._own: Path | None = None

    def settle(self, flags: Mapping[str, str | None]) -> Settled:
        """Settings from flags, environment, file and defaults."""
        settled = settle(flags)
        self._own = settled.data / OWN_PACKS
        return settled

    def _folders(self, named: Sequence[Path]) -> list[Path]:
        """Where packs are read from: the folders that the settings name; else the platform's own copies, if what
        decides was ever changed in the console; else the packs that come with Jindi.
        """
        if named:
            return list(named)
        own = self._own
        return [own] if own is not None and own.is_dir() else [shipped_packs() / name for name in SHIPPED]

    def base_files(self) -> dict[str, str]:
        """The pack of a decision's life, which is always loaded."""
        return read_folder(shipped_packs() / BASE_PACK)

    def pack_files(self, folders: Sequence[Path]) -> dict[str, str]:
        """The base pack and the packs of the folders; the shipped ones when there is no folder."""
        files = self.base_files()
        for folder in self._folders(folders):
            for path, text in read_folder(folder).items():
                if path in files and not path.startswith(f"{BASE_PACK}/"):
                    raise Problems([Problem(str(folder), path, "this pack is given twice", "name each pack once")])
                files[path] = text
        return files

    def evaluations(self, folders: Sequence[Path]) -> dict[str, str]:
        """The evaluations of models that lie in the packs."""
        found: dict[str, str] = {}
        for folder in self._folders(folders):
            for path in sorted((*folder.glob("evaluations/*.json"), *folder.glob("*/evaluations/*.json"))):
                with suppress(OSError, UnicodeDecodeError):
                    if path.stat().st_size <= EVALUATION_BYTES_MAX:
                        found[f"{path.resolve().parent.parent.name}/{path.stem}"] = path.read_text("utf-8")
        return found

    def keep_packs(self, settled: Settled, patch: Mapping[str, str | None]) -> None:
        """Write changed pack files where they are read from. The packs that come with Jindi are not ours to change: the
        first change copies them into the data folder, and from then on they are read from there.
        """
        if any(path.startswith(f"{BASE_PACK}/") for path in patch):
            what, remedy = "comes with Jindi, and is not changed here", "change what rests on it"
            raise Problems([Problem(f"{BASE_PACK}/", "", what, remedy)])
        own = settled.data / OWN_PACKS
        if not settled.packs and not own.is_dir():
            copy_packs([shipped_packs() / name for name in SHIPPED], own, patch)
            return
        for folder, part in self._by_folder(settled, patch).items():
            change_folder(folder, part)

    def _by_folder(
        self, settled: Settled, patch: Mapping[str, str | None]
    ) -> dict[Path, dict[str, str | None]]:  # fmt: skip
        """Which folder each file of a patch lies in, and how it is called there. Raises Problems for several: they
        could not be changed all or none.
        """
        found: dict[Path, dict[str, str | None]] = {}
        for path, text in patch.items():
            pack, _, inside = path.partition("/")
            for folder in self._folders(settled.packs):
                base = folder.resolve()
                if (base / "pack.toml").is_file() and base.name == pack:
                    found.setdefault(base, {})[inside] = text
                    break
                if (base / pack).is_dir():
                    found.setdefault(base, {})[path] = text
                    break
            else:
                raise Problems([Problem(path, "", "lies in no folder of packs", "name its folder with --packs")])
        if len(found) > 1:
            what = "changes several folders of packs at once"
            raise Problems([Problem("packs", "", what, "propose the policies one by one")])
        return found

    def write_files(self, folder: Path, files: Mapping[str, str]) -> None:
        """Write new files into a folder that does not have them."""
        write_folder(folder, files)

    def write_whole(self, path: Path, raw: bytes) -> None:
        """Write a file whole or not at all."""
        FileBlobs(path.absolute().parent).save(path.name, [raw], private=True)

    def packs_mark(self, folders: Sequence[Path]) -> object:
        """Names, sizes and times of all pack files."""
        marks = []
        for folder in self._folders(folders):
            for path in sorted((*folder.rglob("*.toml"), *folder.rglob("models/*.json"))):
                try:
                    status = path.stat()
                except OSError:
                    continue
                marks.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(marks)

    def must_exist(self, settled: Settled, *, or_empty: bool = False) -> None:
        """Refuse a folder that holds no journal of any store: most likely its name was mistyped."""
        if any((settled.data / name).exists() for name in ("journal", "journal.sqlite")):
            return
        if or_empty and settled.data.is_dir() and {each.name for each in settled.data.iterdir()} <= {FILE_NAME}:
            return
        remedy = "name the folder of a platform that has been started, with --data"
        remedy += "; for a new platform make an empty folder first" if or_empty else ""
        raise Problems([Problem(str(settled.data), "", "no platform has been started in this folder", remedy)])

    def open_log(self, settled: Settled, on_sealed: Callable[[int], None] | None = None) -> Log:
        """The journal, for writing."""
        settled.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        other = settled.data / ("journal" if settled.journal == "sqlite" else "journal.sqlite")
        if other.exists():
            what = "this folder's journal is kept by the other store"
            raise Problems([Problem(str(other), "", what, "set journal as it was, or begin in a new folder")])
        if settled.journal == "sqlite":
            return SqliteLog(settled.data / "journal.sqlite")
        return SegmentLog(settled.data / "journal", on_sealed=on_sealed)

    def view_log(self, settled: Settled) -> Log:
        """The journal, for reading only."""
        place = settled.data / ("journal.sqlite" if settled.journal == "sqlite" else "journal")
        if not place.exists():
            raise Problems([Problem(str(place), "", "there is no journal here", "name the right folder with --data")])
        return SqliteLog(place) if settled.journal == "sqlite" else SegmentLog(place, read_only=True)

    def archive(self, settled: Settled) -> Files:
        """The archive's files."""
        return FileTree(self.archive_folder(settled))

    def archive_folder(self, settled: Settled) -> Path:
        """Where the archive lies."""
        return settled.data / "archive"

    def blobs(self, settled: Settled) -> Blobs:
        """Whatever is replaced whole."""
        settled.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileBlobs(settled.data / "state")

    def tokens(self, settled: Settled) -> Tokens:
        """The token key's functions; the key is made on the first run."""
        return Tokens(self._key(settled, TOKEN_KEY))

    def vault(self, settled: Settled, tell: Callable[[str], None]) -> Vault | None:
        """The vault, made on the first run; None when the settings have none."""
        if settled.vault:
            return open_vault(settled, self.clock.now_us(), tell)
        if has_vault(settled):
            tell("the vault is off: the clear text of new identifiers is not kept (setting vault)")
        return None

    def kept_vault(self, settled: Settled, tell: Callable[[str], None]) -> Vault:
        """The vault that is there."""
        if not has_vault(settled):
            raise Problems([Problem(str(settled.data), "", "there is no vault here", "name the folder with --data")])
        return open_vault(settled, self.clock.now_us(), tell)

    def has_vault(self, settled: Settled) -> bool:
        """Whether there is a vault."""
        return has_vault(settled)

    def vault_parts(self, settled: Settled, tell: Callable[[str], None]) -> tuple[VaultStore, KeyRing]:
        """What a vault is made of."""
        return open_parts(settled, self.clock.now_us(), tell)

    def package(self) -> Path:
        """Our own package's folder."""
        return Path(jindi.__file__).parent

    def pack_folders(self, settled: Settled) -> tuple[Path, ...]:
        """The folders of the packs that are loaded."""
        return (shipped_packs() / BASE_PACK, *self._folders(settled.packs))

    def lock(self) -> str | None:
        """The pinned dependencies, where they lie beside the source."""
        path = Path(jindi.__file__).parents[2] / "requirements.lock"
        return path.read_text("utf-8") if path.is_file() else None

    def another_root(self, settled: Settled, where: str) -> Root:
        """Another root key for the vault's ring."""
        return another_root(settled, where)

    def signer(self, settled: Settled) -> Signer:
        """Signs checkpoints."""
        return Signer(self.origin(settled), self._key(settled, SIGNING_KEY))

    def verifier(self, settled: Settled) -> Verifier | None:
        """Checks checkpoints' signatures."""
        blobs = self.blobs(settled)
        return self.signer(settled).verifier if blobs.load(SIGNING_KEY) is not None else None

    def elsewhere(self, settled: Settled) -> Lines | None:
        """Where heads are exported to: one file for each journal, so that several may share a folder."""
        return None if settled.heads is None else LineFile(settled.heads / f"{self.origin(settled)}.heads")

    def origin(self, settled: Settled) -> str:
        """The journal's own name, made by chance on the first run."""
        blobs = self.blobs(settled)
        name = blobs.load(ORIGIN)
        if name is None:
            name = f"jindi-{secrets.token_hex(6)}".encode()
            blobs.save(ORIGIN, [name])
        return name.decode()

    def _key(self, settled: Settled, name: str) -> bytes:
        blobs = self.blobs(settled)
        path = settled.data / "state" / name
        key = blobs.load(name)
        expected = self.keys_expected(settled).get(name)
        if key is None and expected is not None:
            # A new one in its place would sever every token from its person without a word.
            what = "this folder was restored, and the key has not come back yet"
            raise Problems([Problem(str(path), "", what, "run jindi keys-restore with the shares of the keys")])
        if key is None:
            blobs.save(name, [secrets.token_bytes(KEY_BYTES)], private=True)
            key = blobs.load(name) or b""
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Problems([Problem(str(path), "", "others can read this key", "chmod 600, and find out who did")])
        if len(key) != KEY_BYTES:
            raise Problems(
                [
                    Problem(
                        str(path), "", f"a key has {KEY_BYTES} bytes, this has {len(key)}", "restore it from its copy"
                    )
                ]
            )
        if expected not in (None, fingerprint(name, key)):
            what = "this is not the key that the restored folder had"
            raise Problems([Problem(str(path), "", what, "run jindi keys-restore with the shares of that key")])
        return key

    # -- backups

    def repository(self, place: Path) -> Repository:
        """Backups below a folder."""
        return Repository(FileTree(place), str(place))

    def room(self, settled: Settled) -> Room:
        """An empty data folder on its way."""
        return EmptyRoom(settled.data, settled.journal)

    def backup_source(self, settled: Settled, log: Log | None = None) -> Source:
        """What a backup of the folder is made of."""
        data = settled.data
        state, keys = FileTree(data / "state"), FileTree(data / KEY_FOLDER)
        # Settings may be a link to wherever a machine's settings lie.
        settings = data / FILE_NAME
        written: dict[str, Callable[[], BinaryIO]] = {}
        if settings.is_file():
            written[FILE_NAME] = lambda: settings.open("rb")

        def shortcuts(names: tuple[str, ...]) -> list[str]:
            """The newest snapshot, and all seals and heads: the journal that is read after them covers them."""
            snapshots = [name for name in names if name.startswith(SNAPSHOT)]
            return [*snapshots[-1:], *(name for name in names if name.startswith(SEALS))]

        def packs() -> dict[str, str]:
            """The packs that the settings name; the shipped ones come with Jindi, and the journal has all that were
            ever in force.
            """
            if not settled.packs and not (data / OWN_PACKS).is_dir():
                return {}
            files = self.pack_files(settled.packs)
            evaluations = {
                f"{pack}/evaluations/{name}.json": text
                for key, text in self.evaluations(settled.packs).items()
                for pack, name in [key.split("/", 1)]
            }
            return {path: text for path, text in files.items() if not path.startswith(f"{BASE_PACK}/")} | evaluations

        def serves(path: str, known: Collection[str]) -> str | None:
            """An older snapshot in the last backup: each new one is as large as the state, and hardly a byte of it is
            where it was.
            """
            begin = f"state/{SNAPSHOT}"
            older = [seq_of(each.removeprefix("state/")) for each in known if each.startswith(begin)]
            if not path.startswith(begin) or not older:
                return None
            seq = seq_of(path.removeprefix("state/"))
            with self._journal(settled, log) as opened:
                since = Archive(opened).in_force(seq)
            found = serving(seq, older, since)
            return None if found is None else f"state/{name_of(found)}"

        there = [name for name in DATABASES if (data / name).is_file()]
        databases: dict[str, Callable[[], BinaryIO]] = {name: partial(copied, data / name) for name in there}
        told = {TOLD: partial(copied, data / TOLD)} if (data / TOLD).is_file() else {}
        return Source(
            origin=self.origin(settled),
            store=settled.journal,
            journal=lambda: self._journal(settled, log),
            parts=[
                Chosen(state, "state/", shortcuts),
                Chosen(state, "state/", _kept),
                Named(written),
                Texts(PACKS, packs),
                # Before the journal: what comes meanwhile is told after a restore, and nothing that is in no journal.
                Named(told),
                # The counts first, then the rows, then their keys: none can speak of what the next one lacks.
                Chosen(keys, f"{KEY_FOLDER}/", lambda names: [name for name in names if name == SEEN], True),
                Named(databases, after_journal=True),
                Together(
                    (f"{KEY_FOLDER}/ring", partial(FileBlobs(data / KEY_FOLDER).load, "ring")),
                    (f"{KEY_FOLDER}/{BOOK}", partial(copied_in_memory, data / KEY_FOLDER / BOOK)),
                ),
            ],
            keys=lambda: self._fingerprints(settled),
            split=lambda: self.keys_split(settled),
            serves=serves,
        )  # fmt: skip

    @contextmanager
    def _journal(self, settled: Settled, log: Log | None) -> Iterator[Log]:
        """The journal that is open already, or a view of it."""
        if log is not None:
            yield log
            return
        view = self.view_log(settled)
        try:
            yield view
        finally:
            view.close()

    def key_bytes(self, settled: Settled) -> dict[str, bytes]:
        """The platform's keys by their names, as far as there are any."""
        blobs = self.blobs(settled)
        keys = {name: self._key(settled, name) for name in KEYS if blobs.load(name) is not None}
        root = root_bytes(settled)
        return keys if root is None else keys | {ROOT_NAME: root}

    def root_elsewhere(self, settled: Settled) -> str | None:
        """Where the vault's root is when shares can't hold it."""
        return root_elsewhere(settled)

    def _fingerprints(self, settled: Settled) -> dict[str, str]:
        """What tells the platform's keys from others; of a root that shares can't hold, where it is."""
        marks = {name: fingerprint(name, key) for name, key in self.key_bytes(settled).items()}
        where = root_elsewhere(settled)
        return marks if where is None else marks | {ROOT_NAME: f"{ELSEWHERE}{where}"}

    def rehearse_vault(self, settled: Settled, given: Mapping[str, bytes], of: Settled | None) -> VaultFound | None:
        """What a restored folder's vault is worth, with keys that are given or with those of another folder."""
        return rehearsed_vault(settled, given.get(ROOT_NAME), of)

    def keys_split(self, settled: Settled) -> Split | None:
        """What the last keys' backup covers."""
        raw = self.blobs(settled).load(KEYS_SPLIT)
        return None if raw is None else msgspec.json.decode(raw, type=Split)

    def note_split(self, settled: Settled, split: Split) -> None:
        """Remember what a keys' backup covers."""
        self.blobs(settled).save(KEYS_SPLIT, [msgspec.json.encode(split)])

    def keys_expected(self, settled: Settled) -> dict[str, str]:
        """The fingerprints of the keys that a restored folder waits for."""
        raw = self.blobs(settled).load(KEYS_EXPECTED)
        return {} if raw is None else msgspec.json.decode(raw, type=dict[str, str])

    def expect_keys(self, blobs: Blobs, fingerprints: Mapping[str, str]) -> None:
        """A restored folder starts with these keys only."""
        kept = {name: mark for name, mark in fingerprints.items() if name in KEYS}
        blobs.save(KEYS_EXPECTED, [msgspec.json.encode(kept)])

    def put_key(self, settled: Settled, name: str, key: bytes) -> None:
        """Put a key back where there is none. Raises Problems when another one is there."""
        if name == ROOT_NAME:
            put_root(settled, key)
            return
        blobs = self.blobs(settled)
        there = blobs.load(name)
        if there == key:
            return
        place = str(settled.data / "state" / name)
        if there is not None:
            raise Problems([Problem(place, "", "another key is there", "move it away, if it is not needed any more")])
        expected = self.keys_expected(settled).get(name)
        if name not in KEYS or expected not in (None, fingerprint(name, key)):
            raise Problems([Problem(place, "", "this folder had another key", "use the shares of the right set")])
        blobs.save(name, [key], private=True)

    def backup_to(self, settled: Settled) -> str | None:
        """The public half of the backup key."""
        raw = self.blobs(settled).load(BACKUP_TO)
        return None if raw is None else raw.decode("utf-8", "replace")

    def set_backup_to(self, settled: Settled, line: str) -> None:
        """From now on backups are made for this key."""
        self.blobs(settled).save(BACKUP_TO, [line.encode()])

    def keys(self, blobs: Blobs) -> ApiKeys:
        """API keys."""
        return ApiKeys(blobs, secrets.token_bytes)

    def replays(self, settled: Settled, blobs: Blobs) -> Replays:
        """What signed requests are held against."""
        return Replays(blobs, settled.transport.signature_window_s)

    def tls_files(self, settled: Settled) -> TlsFiles | None:
        """The files to speak TLS with."""
        return tls_files(settled, self.clock.now_us())

    def case_store(self, settled: Settled) -> CaseStore:
        """Where cases are kept."""
        return SqliteCases(settled.data / "cases.sqlite")

    def scanner(self, settled: Settled) -> Scanner | None:
        """What looks for malware in files; None when the settings have none."""
        return Clamd(settled.scanner) if settled.scanner else None

    def link_store(self, settled: Settled) -> LinkStore | None:
        """Where links are kept; None when the settings have none."""
        return SqliteLinks(settled.data / "links.sqlite") if settled.links_days else None

    def act_store(self, settled: Settled) -> ActStore | None:
        """Where it is kept what entities did; None when the settings keep no links."""
        return SqliteActs(settled.data / "customers.sqlite") if settled.links_days else None

    def rating_store(self, settled: Settled) -> RatingStore:
        """Where it is kept how customers are rated."""
        return SqliteRatings(settled.data / "ratings.sqlite")

    def movement_store(self, settled: Settled) -> MovementStore:
        """Where movements of customers' days are kept."""
        return SqliteMovements(settled.data / "movements.sqlite")

    def notifying(self, settled: Settled, blobs: Blobs, port: int | None = None) -> Notifying:
        """What people are told with."""
        return Notifying(
            SqliteNotices(settled.data / TOLD), Channels(blobs, secrets.token_bytes), PreferenceBook(blobs),
            settled.mail, settled.rules, self.address(settled, port),
        )  # fmt: skip

    def mailing(self, settled: Settled, blobs: Blobs) -> Mailing:
        """The webhooks."""
        transport = settled.transport
        try:
            context = receivers_context(transport.webhook_ca)
        except OSError:
            what, remedy = "holds no authorities (PEM), or can't be read", "name a file of certificates"
            raise Problems([Problem(str(transport.webhook_ca), "", what, remedy)]) from None
        reach = Reach(transport.webhook_allow, http_on_loopback=transport.webhook_http)
        return Mailing(Endpoints(blobs, secrets.token_bytes), reach, context)

    def own_authority(self, settled: Settled) -> Path:
        """The certificate to verify our own pair against."""
        return own_authority(settled)

    def permits(self, settled: Settled) -> Permits:
        """Who may do what."""
        if settled.permits is None:
            return Permits()
        place = str(settled.permits)
        try:
            own = settled.permits.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no text"
            remedy = "name a file of Cedar policies in UTF-8, or leave the setting permits empty"
            raise Problems([Problem(place, "", f"can't be read: {why}", remedy)]) from None
        return Permits(own, place)

    def staff(self, settled: Settled) -> Staff:
        """The accounts of staff."""
        return open_staff(settled, self.blobs(settled), lambda: self._key(settled, STAFF_KEY))

    def company(self, settled: Settled) -> OidcSettings | None:
        """The company's own sign-in, if there is one."""
        return company_of(settled, os.environ)

    def house(self, settled: Settled, audit: Audit, port: int) -> House:
        """The people of a running platform."""
        key = partial(self._key, settled, STAFF_KEY)
        return open_house(settled, self.blobs(settled), key, audit, self.clock, port)

    def address(self, settled: Settled, port: int | None = None) -> str:
        """Where people reach the console."""
        return address_of(settled, port)

    def links(self, blobs: Blobs) -> SignInLinks:
        """One-time sign-in links."""
        return SignInLinks(blobs, secrets.token_bytes)
