"""The vault of a data folder: its two files, its ring, and where its root key comes from."""

import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.wiring import Settled, VaultIsOpen
from jindi.ports import Blobs, Root, RootFailure, VaultFailure, VaultHeld, VaultStore
from jindi.run.backup.drill import VaultFound
from jindi.stores.files import FileBlobs
from jindi.stores.sqlite_vault import SqliteVault
from jindi.stores.transit import KIND as TRANSIT
from jindi.stores.transit import TransitRoot, place_problem
from jindi.vault import (
    ROOT_BYTES,
    CannotOpen,
    KeyRing,
    KeyRoot,
    Vault,
    about_root,
    new_stretch,
    passphrase_root,
    profile_named,
    read_secret,
)

KEYS, ROWS, BOOK, ROOT_FILE = "keys", "vault.sqlite", "subjects.sqlite", "root.key"
ROOT_KEY, ROOT_PASSPHRASE = "JINDI_ROOT_KEY", "JINDI_ROOT_PASSPHRASE"
ROOTS = ("file", "environment", "passphrase", TRANSIT)
PLACED = ("file", TRANSIT)
"""Kinds of root that may be followed by a colon and a place."""

ROOTS_TOLD = "file, file:PATH, environment, passphrase or transit:https://HOST/MOUNT/KEY"
PASSPHRASE_MIN = 12
ROOT_NAME = "vault-root"
"""The name of the root key among the keys in shares."""


def has_vault(settled: Settled) -> bool:
    """Whether a folder has a vault already."""
    return any(
        path.exists() for path in (settled.data / ROWS, settled.data / KEYS / BOOK, settled.data / KEYS / "ring")
    )


def open_vault(settled: Settled, now_us: int, tell: Callable[[str], None]) -> Vault:
    """The vault of a folder, made when there is none. Raises Problems."""
    store, ring = open_parts(settled, now_us, tell)
    vault = Vault(store, ring)
    if vault.returned:
        tell(f"{vault.returned} rows of erased subjects had come back with a copy; they are dropped")
    return vault


def open_parts(settled: Settled, now_us: int, tell: Callable[[str], None]) -> tuple[VaultStore, KeyRing]:
    """What a vault is made of: its rows with their key book, and its ring. Raises Problems."""
    keys = settled.data / KEYS
    # One by one: folders that are made on the way to another get the mode of everybody.
    settled.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.mkdir(exist_ok=True, mode=0o700)
    if stat.S_IMODE(keys.stat().st_mode) & 0o077:
        raise _wrong(keys, "others can look into this folder", "chmod 700, and find out who did")
    existed = has_vault(settled)
    blobs = FileBlobs(keys)
    try:
        ring = _ring(settled, blobs, now_us, tell, existed=existed)
        return SqliteVault(settled.data / ROWS, keys / BOOK), ring
    except CannotOpen:
        remedy = "give the root key, or the copy of the ring, that belong together"
        raise _wrong(keys / "ring", "the key ring can't be opened with this root key", remedy) from None
    except RootFailure as failure:
        raise _wrong(
            "vault_root", str(failure), "mend that, then start again; without its root no vault opens"
        ) from None
    except VaultHeld as failure:
        raise VaultIsOpen([Problem("vault", "", str(failure))]) from None
    except VaultFailure as failure:
        raise Problems([Problem("vault", "", str(failure))]) from None


def _ring(settled: Settled, blobs: Blobs, now_us: int, tell: Callable[[str], None], *, existed: bool) -> KeyRing:
    about = about_root(blobs)
    if about is not None:
        return KeyRing.load(blobs, _root(settled, about))
    if existed:
        place = settled.data / KEYS / "ring"
        raise _wrong(place, "the key ring is missing, and there are sealed rows", "restore it from its copy")
    return KeyRing.create(blobs, _new_root(settled, tell), settled.vault_cipher, now_us)


def _root(settled: Settled, about: Mapping[str, str]) -> Root:
    """The root that a ring was put under; nothing is ever made here."""
    kind, place = _kind(settled)
    if about.get("kind") != kind:
        made = about.get("kind", "unknown")
        raise _wrong("settings", f"vault_root is {kind}, and the ring's root is of kind {made}", "set it as it was")
    if kind == TRANSIT:
        return _transit(settled, _place(settled.vault_root), about)
    try:
        profile = profile_named(about.get("profile", ""))
    except ValueError:
        raise CannotOpen from None
    if kind == "passphrase":
        return passphrase_root(_given(ROOT_PASSPHRASE), profile, about)
    secret = _given_secret() if kind == "environment" else _file_secret(place)
    return KeyRoot(secret, profile, about)


def _new_root(settled: Settled, tell: Callable[[str], None]) -> Root:
    """The root for a new ring. A file is made only where the setting names none: there one is expected."""
    kind, place = _kind(settled)
    if kind == "file" and settled.vault_root == "file" and not place.exists():
        FileBlobs(place.parent).save(place.name, [f"{secrets.token_hex(ROOT_BYTES)}\n".encode()], private=True)
        tell(
            f"the vault's root key was made: {place}. Copy it to another place than the data; for production keep it"
            " elsewhere (vault_root in docs/vault.md)"
        )
    return _fresh(settled, kind, _place(settled.vault_root))


def root_bytes(settled: Settled) -> bytes | None:
    """The root key, where it lies in a file that the ring is under. Raises Problems when the file is not as it must."""
    about = about_root(FileBlobs(settled.data / KEYS))
    kind, place = _kind(settled)
    if about is None or about.get("kind") != "file" or kind != "file":
        return None
    return _file_secret(place) if place.exists() else None


def root_elsewhere(settled: Settled) -> str | None:
    """Where the root is, for a ring whose root shares can't hold; None when they can, or when there is no ring."""
    about = about_root(FileBlobs(settled.data / KEYS))
    kind = None if about is None else about.get("kind", "unknown")
    if about is None or kind == "file":
        return None
    return f"{kind} {about.get('place', '')}".strip()


def put_root(settled: Settled, secret: bytes) -> None:
    """Put the root key back where the settings expect it. Raises Problems when another one is there."""
    kind, place = _kind(settled)
    if kind != "file" or len(secret) != ROOT_BYTES:
        raise _wrong("settings", f"vault_root is {kind}, and the shares hold a root from a file", "set it as it was")
    if place.exists():
        if _file_secret(place) != secret:
            raise _wrong(place, "another key is there", "move it away, if it is not needed any more")
        return
    FileBlobs(place.parent).save(place.name, [f"{secret.hex()}\n".encode()], private=True)


def rehearsed_vault(settled: Settled, secret: bytes | None, of: Settled | None) -> VaultFound | None:
    """What the vault of a restored folder is worth: how much there is, and whether a sample of it opens.

    With the root key that is given, else with that of the folder `of` and this process's environment; with neither it
    is only counted. None when there is no vault.
    """
    keys = settled.data / KEYS
    about = about_root(FileBlobs(keys))
    if not (settled.data / ROWS).exists():
        return None
    if about is None or not (keys / BOOK).exists():
        return VaultFound(0, 0, 0, 0, "", "its rows are there, and neither key book nor ring")
    try:
        if secret is not None:
            root: Root = KeyRoot(secret, profile_named(about.get("profile", "")), about)
        elif of is not None:
            root = _root(of, about)
        else:
            store = SqliteVault(settled.data / ROWS, keys / BOOK)
            counts = store.counts()
            store.close()
            return VaultFound(counts.subjects, counts.rows, 0, 0, "", "")
        vault = Vault(SqliteVault(settled.data / ROWS, keys / BOOK), KeyRing.load(FileBlobs(keys), root))
    except CannotOpen:
        return VaultFound(0, 0, 0, 0, "", "its key ring can't be opened with this root key")
    except (Problems, RootFailure, VaultFailure, ValueError) as failure:
        return VaultFound(0, 0, 0, 0, "", f"it can't be opened: {failure}")
    try:
        found = vault.sample()
        problem = ""
        if found.opened < found.tried:
            problem = f"of {found.tried} rows that were tried only {found.opened} open"
        elif found.tally != "agrees":
            problem = f"its rows are not those that were counted ({found.tally}, at least {found.missing_rows} missing)"
        return VaultFound(found.subjects, found.rows, found.tried, found.opened, found.tally, problem)
    except VaultFailure as failure:
        return VaultFound(0, 0, 0, 0, "", str(failure))
    finally:
        vault.close()


def another_root(settled: Settled, where: str) -> Root:
    """A root for a ring that is there: a `vault_root` in words. Raises Problems; nothing is made."""
    kind, _, path = where.partition(":")
    if root_problem(where) is not None or bool(path) != (kind in PLACED):
        raise _wrong("root", root_problem(where) or "not a place of a root key", f"use {ROOTS_TOLD}")
    if kind == _kind(settled)[0] and kind not in PLACED:
        raise _wrong("root", f"the root is from the {kind} already", "go by way of another kind")
    return _fresh(settled, kind, path)


def root_problem(where: str) -> str | None:
    """What is wrong with a `vault_root`; None when nothing is."""
    kind, colon, place = where.partition(":")
    if kind not in ROOTS or (colon and (kind not in PLACED or not place)) or (kind == TRANSIT and not place):
        return "not a place of a root key"
    return place_problem(place) if kind == TRANSIT else None


def _place(where: str) -> str:
    return where.partition(":")[2]


def _transit(settled: Settled, place: str, about: Mapping[str, str] | None = None) -> Root:
    if settled.vault_root_token is None:
        what = "a root in a key service needs the file of a token"
        raise _wrong("settings", what, "set vault_root_token to a file that this process alone can read")
    return TransitRoot(place, settled.vault_root_token, settled.vault_root_ca, about)


def _fresh(settled: Settled, kind: str, where: str) -> Root:
    """A root that no ring is under yet."""
    profile, place = settled.vault_cipher, Path(where) if where else settled.data / KEYS / ROOT_FILE
    if kind == TRANSIT:
        return _transit(settled, where)
    if kind == "passphrase":
        passphrase = _given(ROOT_PASSPHRASE)
        if len(passphrase) < PASSPHRASE_MIN:
            raise _wrong(ROOT_PASSPHRASE, f"shorter than {PASSPHRASE_MIN} characters", "take a longer one")
        return passphrase_root(passphrase, profile, new_stretch() | {"profile": profile})
    secret = _given_secret() if kind == "environment" else _file_secret(place)
    return KeyRoot(secret, profile, {"kind": kind, "profile": profile})


def _kind(settled: Settled) -> tuple[str, Path]:
    """The kind of root that is set, and where its file lies (if it is one)."""
    kind, _, path = settled.vault_root.partition(":")
    return kind, Path(path) if path else settled.data / KEYS / ROOT_FILE


def _given(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise _wrong("environment", f"{name} is missing", "set it for this process alone")
    return value


def _given_secret() -> bytes:
    try:
        return read_secret(_given(ROOT_KEY))
    except ValueError as error:
        raise _wrong(ROOT_KEY, str(error), "make one with: openssl rand -hex 32") from None


def _file_secret(path: Path) -> bytes:
    """A secret from a file that its owner alone can read."""
    try:
        status = path.stat()
    except FileNotFoundError:
        remedy = "restore it from its copy; for a new vault make it: (umask 077; openssl rand -hex 32 > FILE)"
        raise _wrong(path, "the root key is missing", remedy) from None
    if not stat.S_ISREG(status.st_mode):
        raise _wrong(path, "the root key is no plain file", "name a file with --data or vault_root")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise _wrong(path, "others can read this key", "chmod 600, and find out who did")
    try:
        return read_secret(path.read_text("ascii"))
    except UnicodeDecodeError:
        raise _wrong(path, "not a root key: 64 hexadecimal digits", "restore it from its copy") from None
    except ValueError as error:
        raise _wrong(path, str(error), "restore it from its copy") from None


def _wrong(where: object, what: str, remedy: str) -> Problems:
    return Problems([Problem(str(where), "", what, remedy)])
