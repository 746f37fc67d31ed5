"""`jindi adapt`: payment messages and bills of others become events; a mapping to begin with for what is not known."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.packs import Definitions, load
from jindi.run.adapters import Adapted, Adapter, AdapterMap, adapt_file, read_mapping, shipped, sketch
from jindi.vault import KEY_BYTES, Tokens

REJECTED = 3
"""How a run ends that wrote events and rejected records."""

OWN, NEW = "own", "new"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the arguments say."""

    format: str
    source: Path
    out: Path
    rejects: Path | None
    mapping: Path | None
    key: Path | None
    assume: tuple[str, ...]
    type: str


def adapt(wiring: Wiring, settled: Settled, asked: Asked, output: Output) -> None:
    """Do what was asked and tell it. Raises Problems."""
    definitions = load(wiring.pack_files(settled.packs))
    if asked.format == NEW:
        _begin(asked, definitions, output)
        return
    mapping = _mapping(asked, definitions)
    rejects = asked.rejects or asked.out.with_name(f"{asked.out.stem}.rejects.ndjson")
    _apart(asked.source, asked.out, rejects)
    tokens = _tokens(asked.key) if asked.key is not None else None
    adapter = Adapter(mapping, definitions, tokens, wiring.clock.now_us)
    with asked.source.open("rb") as stream, output.progress() as progress:
        task = progress.add_task(asked.source.name, total=None)
        done = adapt_file(
            stream, asked.source.name, asked.out, rejects, adapter, mapping,
            lambda records: progress.update(task, completed=records),
        )  # fmt: skip
    _tell(done, mapping, asked.out, rejects, output)
    if done.rejected:
        raise SystemExit(REJECTED)


def _mapping(asked: Asked, definitions: Definitions) -> AdapterMap:
    texts = shipped()
    if asked.format != OWN and asked.format not in texts:
        known = ", ".join([*texts, f"{OWN} (with --mapping)", f"{NEW} (a mapping from a sample)"])
        raise Problems([Problem("FORMAT", "", "not known", f"use one of: {known}")])
    over = None if asked.format == OWN else asked.format
    assumed = _assumed(asked.assume)
    if asked.mapping is None:
        if over is None:
            raise Problems([Problem("--mapping", "", "missing", "name the mapping of your own format")])
        return read_mapping(texts[over], definitions, over, texts, assumed)
    try:
        text = asked.mapping.read_text("utf-8")
    except UnicodeDecodeError:
        raise Problems([Problem(asked.mapping.name, "", "is not UTF-8", "save it as UTF-8")]) from None
    return read_mapping(text, definitions, asked.mapping.name, texts, assumed, over)


def _assumed(said: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [each.partition("=") for each in said]
    if not all(sign and name for name, sign, _ in pairs):
        raise Problems([Problem("--assume", "", "not a name and a value", "write --assume account_class=I")])
    return {name.strip(): value.strip() for name, _, value in pairs}


def _apart(source: Path, out: Path, rejects: Path) -> None:
    problems = [
        Problem(str(path.parent), "", "no such folder", "make it first")
        for path in dict.fromkeys((out, rejects))
        if not path.parent.is_dir()
    ]
    if not problems:
        names = [path.parent.resolve() / path.name for path in (out, rejects)]
        if names[0] == names[1] or source.resolve() in [name.resolve() for name in names]:
            problems.append(Problem("--out", "", "input, output and rejects are one file", "give each its own name"))
    if problems:
        raise Problems(problems)


def _tokens(path: Path) -> Tokens:
    """The key of the pseudonyms: 32 bytes, or 64 hexadecimal digits, which only their owner may read."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Problems([Problem(str(path), "", "others may read the key", f"chmod 600 {path.name}")])
    with path.open("rb") as file:
        raw = file.read(4096)
    if len(raw) != KEY_BYTES:
        try:
            raw = bytes.fromhex(raw.decode("ascii").strip())
        except ValueError:
            raw = b""
    if len(raw) != KEY_BYTES:
        remedy = f"head -c {KEY_BYTES} /dev/urandom > {path.name}"
        raise Problems([Problem(str(path), "", f"not a key of {KEY_BYTES} bytes", remedy)])
    return Tokens(raw)


def _tell(done: Adapted, mapping: AdapterMap, out: Path, rejects: Path, output: Output) -> None:
    for problem in done.problems:
        output.note(f"✗ {problem}")
    events = sum(done.events.values())
    output.give(
        {
            "ok": not done.rejected,
            "records": done.records,
            "events": dict(sorted(done.events.items())),
            "skipped": [{"count": count, "zh": zh, "en": en} for (zh, en), count in sorted(done.skipped.items())],
            "rejected": done.rejected,
            "assumed": dict(mapping.assumed),
            "problems": [
                {"where": each.where, "item": each.item, "problem": each.problem, "remedy": each.remedy}
                for each in done.problems
            ],
            "out": str(out),
            "rejects": str(rejects) if done.rejected else None,
        }
    )
    said = ", ".join(f"{name} {count:,}" for name, count in sorted(done.events.items()))
    output.say(f"{counted(done.records, 'record')}: {counted(events, 'event')} ({said or 'none'}) → {out}")
    for (zh, en), count in sorted(done.skipped.items()):
        output.say(f"skipped {count:,}: {en} · {zh}")
    if mapping.assumed:
        output.say(
            f"assumed, not read: {', '.join(f'{name} {_said(value)}' for name, value in mapping.assumed.items())}"
        )
    if done.rejected:
        output.say(f"rejected {counted(done.rejected, 'record')} → {rejects}")


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _begin(asked: Asked, definitions: Definitions, output: Output) -> None:
    """A new mapping file; one that is there is left alone."""
    with asked.source.open("rb") as file:
        sample = file.read(1 << 20)
    text = sketch(sample, asked.source.name, asked.type, definitions, shipped())
    try:
        descriptor = os.open(asked.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise Problems([Problem(str(asked.out), "", "is there already", "give another --out")]) from None
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text)
    output.give({"ok": True, "out": str(asked.out)})
    output.say(f"a mapping to begin with → {asked.out}")
