"""The only place that knows which stores are used."""

import secrets
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import jindi
from jindi.access import ApiKeys, Sessions, SignInLinks
from jindi.app.settings import FILE_NAME, settle
from jindi.app.vaults import another_root, has_vault, open_vault
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.wiring import Settled
from jindi.journal import Signer, Verifier
from jindi.ports import Blobs, Clock, Files, Lines, Log, Root
from jindi.stores.files import FileBlobs
from jindi.stores.folders import read_folder, write_folder
from jindi.stores.lines import LineFile
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_log import SqliteLog
from jindi.stores.trees import FileTree
from jindi.vault import KEY_BYTES, Tokens, Vault

TOKEN_KEY, SIGNING_KEY, ORIGIN = "key-token", "key-signing", "key-origin"
BASE_PACK = "core"
EVALUATION_BYTES_MAX = 4 * 1024 * 1024
SHIPPED = ("account", "payment", "platform")


class WallClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


def shipped_packs() -> Path:
    """The folder of the packs that come with Jindi: in the wheel, or beside the source."""
    package = Path(jindi.__file__).parent
    inside = package / "shipped_packs"
    return inside if inside.is_dir() else package.parents[1] / "packs"


class Outside:
    """The outside world: this machine's disk, clock and source of chance."""

    def __init__(self) -> None:
        self.clock: Clock = WallClock()

    def settle(self, flags: Mapping[str, str | None]) -> Settled:
        """Settings from flags, environment, file and defaults."""
        return settle(flags)

    def base_files(self) -> dict[str, str]:
        """The pack of a decision's life, which is always loaded."""
        return read_folder(shipped_packs() / BASE_PACK)

    def pack_files(self, folders: Sequence[Path]) -> dict[str, str]:
        """The base pack and the packs of the folders; the shipped ones when there is no folder."""
        files = self.base_files()
        for folder in folders or [shipped_packs() / name for name in SHIPPED]:
            for path, text in read_folder(folder).items():
                if path in files and not path.startswith(f"{BASE_PACK}/"):
                    raise Problems([Problem(str(folder), path, "this pack is given twice", "name each pack once")])
                files[path] = text
        return files

    def evaluations(self, folders: Sequence[Path]) -> dict[str, str]:
        """The evaluations of models that lie in the packs."""
        found: dict[str, str] = {}
        for folder in folders or [shipped_packs() / name for name in SHIPPED]:
            for path in sorted((*folder.glob("evaluations/*.json"), *folder.glob("*/evaluations/*.json"))):
                with suppress(OSError, UnicodeDecodeError):
                    if path.stat().st_size <= EVALUATION_BYTES_MAX:
                        found[f"{path.resolve().parent.parent.name}/{path.stem}"] = path.read_text("utf-8")
        return found

    def write_files(self, folder: Path, files: Mapping[str, str]) -> None:
        """Write new files into a folder that does not have them."""
        write_folder(folder, files)

    def packs_mark(self, folders: Sequence[Path]) -> object:
        """Names, sizes and times of all pack files."""
        marks = []
        for folder in folders or [shipped_packs() / name for name in SHIPPED]:
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
        return key

    def keys(self, blobs: Blobs) -> ApiKeys:
        """API keys."""
        return ApiKeys(blobs, secrets.token_bytes)

    def sessions(self, blobs: Blobs) -> Sessions:
        """Sessions of people."""
        return Sessions(blobs, secrets.token_bytes)

    def links(self, blobs: Blobs) -> SignInLinks:
        """One-time sign-in links."""
        return SignInLinks(blobs, secrets.token_bytes)
