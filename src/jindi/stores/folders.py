"""Folders of pack files ↔ texts by path: the only place where packs touch the disk."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from jindi.basics.problems import Problem, Problems

FILE_BYTES_MAX = 1_000_000
"""A pack file is written by people; a larger one is a mistake."""

MODEL_BYTES_MAX = 32_000_000
"""A model file is written by a program."""

FILES_MAX = 2_000
"""More files than this are not a folder of packs: somebody named the wrong one."""


def read_folder(path: Path) -> dict[str, str]:
    """The `*.toml` and `models/*.json` texts of a folder that is a pack or holds packs, keyed
    `pack folder/relative path`.

    A folder is a pack when `pack.toml` lies in it; otherwise its own folders are the packs. Hidden files
    and folders are passed by. Raises Problems with everything that cannot be read: no folder, no pack,
    a link that leads out of the folder, text that isn't UTF-8, a file that is too large.
    """
    if not path.is_dir():
        raise Problems([Problem(str(path), "", "not a folder", "name a folder with a pack.toml, or a folder of such")])
    base = path.resolve()
    alone = (base / "pack.toml").is_file()
    problems: list[Problem] = []
    files: dict[str, str] = {}
    for found in _pack_files(base, base, problems):
        relative = found.relative_to(base)
        key = PurePosixPath(base.name or "pack", *relative.parts) if alone else PurePosixPath(*relative.parts)
        if len(files) >= FILES_MAX:
            problems.append(Problem(str(path), "", f"more than {FILES_MAX} files", "name a folder of packs"))
            break
        text = _text(found, str(key), problems)
        if text is not None:
            files[str(key)] = text
    if not problems and not any(PurePosixPath(key).name == "pack.toml" for key in files):
        problems.append(Problem(str(path), "", "holds no pack", "a pack is a folder with a pack.toml"))
    if problems:
        raise Problems(problems)
    return files


def write_folder(path: Path, files: Mapping[str, str]) -> None:
    """Write new files below a folder, which is made when it isn't there; all of them or none.

    Refuses, with Problems, to overwrite anything and to write outside the folder.
    """
    base = path.resolve()
    problems: list[Problem] = []
    for key in files:
        pure = PurePosixPath(key)
        target = base / pure
        if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\\" in key:
            problems.append(Problem(key[:200], "", "not a path below the folder", "use / and no .."))
        elif not target.parent.resolve().is_relative_to(base):
            problems.append(Problem(key, "", "lies behind a link that leads out of the folder", "remove the link"))
        elif os.path.lexists(target):
            problems.append(Problem(key, "", "is there already", "choose another name, or remove it first"))
    if problems:
        raise Problems(problems)
    written: list[Path] = []
    made: list[Path] = []
    try:
        for key, text in files.items():
            target = base / PurePosixPath(key)
            made.extend(reversed([p for p in target.parents if not p.exists()]))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:  # "x": never over what came meanwhile
                written.append(target)
                file.write(text)
    except OSError as error:
        for target in written:
            target.unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # it was never made, or somebody put something into it
                folder.rmdir()
        remedy = "nothing was written; look at the folder's rights and the disk's space"
        raise Problems([Problem(str(path), "", f"could not be written: {error.strerror}", remedy)]) from error


def change_folder(path: Path, patch: Mapping[str, str | None]) -> None:
    """Put other texts in the place of files below a folder, add and remove some: all of it or none, each file whole.

    A file keeps its rights, its mark of byte order and its line ends. Raises Problems when that can't be done. A crash
    between two files leaves some of them changed.
    """
    base = path.resolve()
    targets = {key: _below(base, key) for key in patch}
    staged: dict[str, Path] = {}
    before: dict[str, bytes | None] = {}
    done: list[str] = []
    made: list[Path] = []
    try:
        for key, text in patch.items():
            target = targets[key]
            before[key] = target.read_bytes() if target.is_file() else None
            made.extend(reversed([each for each in target.parents if not each.exists()]))
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                staged[key] = _staged(target, _as_before(text, before[key]))
        for key in patch:
            if key in staged:
                staged[key].replace(targets[key])
            else:
                targets[key].unlink(missing_ok=True)
            done.append(key)
        for folder in {target.parent for target in targets.values()}:
            _sync_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            for key in done:
                old = before[key]
                if old is None:
                    targets[key].unlink(missing_ok=True)
                else:
                    _staged(targets[key], old).replace(targets[key])
            for left in staged.values():
                left.unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()
        remedy = "nothing was written; look at the folder's rights and the disk's space"
        raise Problems([Problem(str(path), "", f"could not be written: {error.strerror}", remedy)]) from error


def _below(base: Path, key: str) -> Path:
    pure = PurePosixPath(key)
    target = base / pure
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\\" in key:
        raise Problems([Problem(key[:200], "", "not a path below the folder", "use / and no ..")])
    if not target.resolve().is_relative_to(base):
        raise Problems([Problem(key, "", "lies behind a link that leads out of the folder", "remove the link")])
    return target


def _as_before(text: str, old: bytes | None) -> bytes:
    """A text with the mark and the line ends that its file had."""
    raw = text.encode()
    if old is None:
        return raw
    mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    return mark + (raw.replace(b"\n", b"\r\n") if b"\r\n" in old else raw)


def _staged(target: Path, raw: bytes) -> Path:
    """Content beside the file that it is for, under a hidden name, durable, with that file's rights."""
    under_way = target.with_name(f".{target.name}.{os.getpid()}.new")
    fd = os.open(under_way, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(fd, target.stat().st_mode & 0o777)
        view = memoryview(raw)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    return under_way


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def copy_packs(folders: Sequence[Path], target: Path, patch: Mapping[str, str | None]) -> None:
    """Copies of pack folders in a new folder, with a patch done to them: there whole, or not at all."""
    under_way = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        for folder in folders:
            shutil.copytree(folder, under_way / folder.name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        for copied in under_way.rglob("*"):  # what comes with a package may be for reading only
            copied.chmod(copied.stat().st_mode | 0o200)
        change_folder(under_way, patch)
        under_way.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        remedy = "nothing was written; look at the folder's rights and the disk's space"
        raise Problems([Problem(str(target), "", f"could not be written: {error.strerror}", remedy)]) from error
    finally:
        shutil.rmtree(under_way, ignore_errors=True)


def _pack_files(folder: Path, base: Path, problems: list[Problem]) -> Iterator[Path]:
    """The files below a folder, in the order of their names, each link followed only inside the folder."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        problems.append(Problem(str(folder), "", f"cannot be read: {error.strerror}", "look at its rights"))
        return
    for name in names:
        if name.startswith("."):
            continue
        found = folder / name
        place = str(found.relative_to(base))
        if found.is_symlink() and (_is_pack_file(found) or found.is_dir()):
            # A link that leads out could give any file of the machine; one to a folder could go in circles.
            # A link to a file inside is how mounted configuration looks, and is read.
            if found.is_dir() or not found.resolve().is_relative_to(base):
                remedy = "put the file itself into the folder"
                problems.append(Problem(place, "", "is a link to a folder or out of the folder", remedy))
            else:
                yield found
        elif found.is_dir():
            yield from _pack_files(found, base, problems)
        elif _is_pack_file(found):
            yield found


def _is_pack_file(found: Path) -> bool:
    return found.name.endswith(".toml") or _is_model(found)


def _is_model(found: Path) -> bool:
    return found.name.endswith(".json") and found.parent.name == "models"


def _text(found: Path, key: str, problems: list[Problem]) -> str | None:
    if not found.is_file():  # asked before opening: a pipe would wait for a writer for good
        problems.append(Problem(key, "", "not a plain file", "remove it"))
        return None
    try:
        most = MODEL_BYTES_MAX if _is_model(found) else FILE_BYTES_MAX
        with found.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        problems.append(Problem(key, "", f"cannot be read: {error.strerror}", "look at its rights"))
        return None
    if len(data) > most:
        problems.append(Problem(key, "", f"larger than {most} bytes", "split it"))
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(Problem(key, f"line {line}", "not UTF-8", "save the file as UTF-8"))
        return None
