"""Settings and packs in one signed file of their own: small, without a secret, fit for a place under version control.

A backup has them, too; this is for whoever wants to see what was set when, or to begin a second machine like the first.
"""

import binascii
from base64 import b64decode, b64encode
from pathlib import Path

import msgspec

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.journal import Verifier
from jindi.packs import digest_of
from jindi.run.backup.sealing import fingerprint

TITLE = "jindi configuration 1"
SETTINGS = "jindi.toml"


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the file. `settings` is the text of the settings' file, `in_force` all settings with where each came
    from, `packs` the pack files (path → text) without those that ship with Jindi, `digest` that of all packs together.
    `keys` are fingerprints, and `covered` those that a keys' backup holds.
    """

    origin: str
    made: str
    settings: str | None
    in_force: dict[str, tuple[str, str]]
    packs: dict[str, str]
    digest: str
    keys: dict[str, str]
    covered: dict[str, str]


def save_configuration(wiring: Wiring, settled: Settled, output: Output, out: Path) -> None:
    """Write the file. Raises Problems, OSError."""
    wiring.must_exist(settled)
    files = wiring.pack_files(settled.packs)
    base = wiring.base_files()
    written, split = settled.data / SETTINGS, wiring.keys_split(settled)
    found = Configuration(
        wiring.origin(settled), format_instant(wiring.clock.now_us()),
        written.read_text("utf-8") if written.is_file() else None,
        {line.name: (line.value, line.origin) for line in settled.lines},
        {path: text for path, text in files.items() if path not in base} if settled.packs else {},
        digest_of(files), {name: fingerprint(name, key) for name, key in wiring.key_bytes(settled).items()},
        split.keys if split is not None else {},
    )  # fmt: skip
    signer = wiring.signer(settled)
    text = f"{TITLE}\n{msgspec.json.encode(found).decode()}\n"
    raw = f"{text}{b64encode(signer.sign(text)).decode()}\n".encode()
    wiring.write_whole(out, raw)
    output.give({"ok": True, "file": str(out), "packs": len(found.packs), "digest": found.digest,
                 "key": str(signer.verifier)})  # fmt: skip
    output.say(
        f"✓ {out}: settings and {len(found.packs)} pack files, digest {found.digest[:16]}.\n"
        f"Checked with: {signer.verifier}"
    )


def restore_configuration(wiring: Wiring, settled: Settled, output: Output, file: Path, by: str | None) -> None:
    """Settings and packs of the file into a new folder. Raises Problems, OSError."""
    found = read(file, by)
    data = settled.data
    if data.exists() and any(data.iterdir()):
        what = "is there and not empty; nothing is ever restored over what is there"
        raise Problems([Problem(str(data), "", what, "name a new folder")])
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if found.packs:
        wiring.write_files(data / "packs", found.packs)
    if found.settings is not None:
        wiring.write_whole(data / SETTINGS, found.settings.encode())
    output.give({"ok": True, "data": str(data), "packs": len(found.packs), "settings": found.settings is not None,
                 "made": found.made, "signature": "checked" if by else "not checked"})  # fmt: skip
    output.say(
        f"✓ {data}: settings and {len(found.packs)} pack files of {found.made}. Look at the paths in {SETTINGS}."
    )
    if by is None:
        output.note("the signature was not checked: give --by with the line that save printed")


def read(file: Path, by: str | None) -> Configuration:
    """What a file holds, checked when it is known who signs. Raises Problems, OSError."""
    lines = file.read_text("utf-8", "replace").split("\n")
    try:
        if len(lines) != 4 or lines[0] != TITLE:
            raise ValueError("is no configuration that was saved, or is cut off")
        if by is not None and not Verifier.parse(by).signed(
            f"{lines[0]}\n{lines[1]}\n", b64decode(lines[2], validate=True)
        ):
            raise ValueError("is not signed by this key, or was changed")
        return msgspec.json.decode(lines[1], type=Configuration, strict=True)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Problems([Problem(str(file), "", str(error), "take another copy of it")]) from None
