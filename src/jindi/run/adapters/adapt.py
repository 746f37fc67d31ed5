"""A file of messages → a file of events in time order, and a file of what was rejected. Whole files or none.

Every event that is written was read by the platform's own intake before, so that what takes events takes these.
"""

import contextlib
import hashlib
import heapq
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.packs import Definitions
from jindi.run.adapters.mapping import AdapterMap, Emit
from jindi.run.adapters.records import Record, Unreadable
from jindi.run.adapters.values import Values, Wrong
from jindi.run.events import Scalar
from jindi.run.intake import Intake, Refused
from jindi.vault import KEY_BYTES, Tokens

RUN_EVENTS = 50_000
"""So many events are sorted in memory; a file with more is sorted in pieces beside the output, then merged."""

IDS_KEPT = 1_000_000
"""So many ids are remembered to find one that comes twice; from a longer file the oldest are forgotten."""

TOLD_MAX = 50


@dataclass(frozen=True, slots=True)
class Made:
    """An event as it is written."""

    id: str
    type: str
    at_us: int
    line: bytes


@dataclass(slots=True)
class Adapted:
    """What came of a file."""

    records: int = 0
    events: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    """The first of them; the file of rejects has all."""


class _Lines:
    """Events in the order of their time, however many: sorted runs in files without a name, merged at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[tuple[int, int, bytes]] = []
        self._runs: list[BinaryIO] = []
        self._count = 0

    def add(self, at_us: int, line: bytes) -> None:
        self._waiting.append((at_us, self._count, line))
        self._count += 1
        if len(self._waiting) >= RUN_EVENTS:
            self._spill()

    def _spill(self) -> None:
        self._waiting.sort()
        run: BinaryIO = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed below
        self._runs.append(run)
        run.writelines(b"%d %d %b\n" % (at_us, number, line) for at_us, number, line in self._waiting)
        run.seek(0)
        self._waiting = []

    def sorted(self) -> Iterator[bytes]:
        self._waiting.sort()
        runs: list[Iterable[tuple[int, int, bytes]]] = [map(_read_back, run) for run in self._runs]
        for _, _, line in heapq.merge(*runs, self._waiting):
            yield line

    def close(self) -> None:
        for run in self._runs:
            run.close()


def _read_back(line: bytes) -> tuple[int, int, bytes]:
    at_us, number, rest = line.split(b" ", 2)
    return int(at_us), int(number), rest.rstrip(b"\n")


@dataclass(slots=True)
class _Seen:
    """Ids that came, as digests, so that none comes twice; the oldest are forgotten first."""

    digests: dict[bytes, None] = field(default_factory=dict)

    def again(self, event_id: str) -> bool:
        digest = hashlib.blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if digest in self.digests:
            return True
        self.digests[digest] = None
        if len(self.digests) > IDS_KEPT:
            del self.digests[next(iter(self.digests))]
        return False


class Adapter:
    """Turns records into events under one mapping."""

    def __init__(
        self, mapping: AdapterMap, definitions: Definitions, tokens: Tokens | None, now_us: Callable[[], int]
    ) -> None:
        if mapping.needs_key and tokens is None:
            remedy = "give --key FILE: 32 random bytes that you keep, as from head -c 32 /dev/urandom > adapt.key"
            raise Problems(
                [Problem(mapping.name, "", "makes pseudonyms of account or card numbers: needs a key", remedy)]
            )
        self._mapping, self._definitions, self._tokens = mapping, definitions, tokens
        self._now_us = now_us()
        # The intake's own tokens end here: only whether it takes the event is asked.
        self._intake = Intake(definitions, Tokens(bytes(KEY_BYTES)), now_us)

    def events(self, record: Record) -> tuple[list[Made], tuple[str, str] | None, list[Problem]]:
        """What a record gives: events, or why it is skipped, or its problems; all or nothing."""
        values = Values(self._mapping, record, self._tokens, self._now_us)
        try:
            for skip in self._mapping.skips:
                if values.holds(skip.when):
                    return [], (skip.zh, skip.en), []
            emits = self._chosen(values)
        except Wrong as error:
            return [], None, [Problem("", record.place, error.problem, error.remedy)]
        if not emits:
            remedy = "add an [[emit]] or a [[skip]] for it"
            return [], None, [Problem("", record.place, "the mapping says nothing about such a record", remedy)]
        made, problems = [], []
        for emit in emits:
            event, wrong = self._event(emit, values, record)
            problems += wrong
            if event is not None:
                made.append(event)
        return ([], None, problems) if problems else (made, None, [])

    def _chosen(self, values: Values) -> list[Emit]:
        """The first that holds, and all with `also` that do."""
        chosen: list[Emit] = []
        is_taken = False
        for each in self._mapping.emits:
            if (each.also or not is_taken) and values.holds(each.when):
                chosen.append(each)
                is_taken = is_taken or not each.also
        return chosen

    def _event(self, emit: Emit, values: Values, record: Record) -> tuple[Made | None, list[Problem]]:
        problems: list[Problem] = []

        def tell(item: str, problem: str, remedy: str) -> None:
            address = ": ".join(part for part in (record.place, item) if part)
            problems.append(Problem("", address, problem, remedy))

        event: dict[str, Scalar] = {"id": None, "type": emit.type, "at": None}
        at_us = 0
        try:
            event["id"] = _as_text(values.of(emit.id))
        except Wrong as error:
            tell("id", error.problem, error.remedy)
        try:
            at_us = values.at_us(emit.at)
            event["at"] = format_instant(at_us)
        except (Wrong, OverflowError) as error:
            tell("at", *((error.problem, error.remedy) if isinstance(error, Wrong) else ("not a time", "")))
        for target in self._definitions.events[emit.type].fields:
            if target.name in emit.fields:
                try:
                    value = values.field(target, emit.fields[target.name])
                except Wrong as error:
                    tell(target.name, error.problem, error.remedy)
                    continue
                if value is not None:
                    event[target.name] = value
                if isinstance(value, str) and target.identifier is None and _holds_card(value, record.card()):
                    tell(target.name, "holds the card number in clear", "leave the field out, or make a token of it")
        if problems:
            return None, problems
        if _holds_card(str(event["id"]), record.card()):
            tell("id", "holds the card number in clear", "make the id of other fields")
            return None, problems
        return self._taken(event, at_us, tell), problems

    def _taken(self, event: dict[str, Scalar], at_us: int, tell: Callable[[str, str, str], None]) -> Made | None:
        """The event as a line, once the intake takes it."""
        try:
            line = msgspec.json.encode(event)
            self._intake.read(line)
        except Refused as error:
            for each in error.problems:
                tell(each.item, each.problem, each.remedy)
            return None
        except UnicodeEncodeError:
            tell("", "has characters that are no text", "look at the encoding of the file")
            return None
        return Made(str(event["id"]), str(event["type"]), at_us, line)


def _as_text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _holds_card(text: str, card: str | None) -> bool:
    return card is not None and len(card) >= 12 and card in text


def adapt_file(
    stream: BinaryIO, name: str, out: Path, rejects: Path, adapter: Adapter, mapping: AdapterMap,
    told: Callable[[int], None] = lambda _: None,
) -> Adapted:  # fmt: skip
    """Adapt one file. `rejects` is written where something is rejected, and taken away where nothing is.

    Raises Problems where the file as a whole can't be read: then nothing is written.
    """
    done, seen, lines = Adapted(), _Seen(), _Lines(out.parent)
    with contextlib.ExitStack() as stack:
        stack.callback(lines.close)
        kept = stack.enter_context(_part_of(rejects))
        for record in mapping.reader.records(stream, name):
            done.records += 1
            if done.records % 4096 == 0:
                told(done.records)
            if isinstance(record, Unreadable):
                made, skipped = list[Made](), None
                problems = [Problem("", record.place, record.problem, record.remedy)]
            else:
                made, skipped, problems = adapter.events(record)
            if skipped is not None:
                done.skipped[skipped] += 1
            again = [each.id for each in made if seen.again(each.id)]
            if again:
                problems = [Problem("", f"{record.place}: id", "an id that came before", "make ids of what differs")]
            if problems:
                done.rejected += 1
                room = TOLD_MAX - len(done.problems)
                done.problems += [
                    Problem(name, each.item, each.problem, each.remedy) for each in problems[: max(room, 0)]
                ]
                kept.write(_rejected(record, problems))
                continue
            for each in made:
                done.events[each.type] += 1
                lines.add(each.at_us, each.line)
        target = stack.enter_context(_part_of(out))
        for line in lines.sorted():
            target.write(line + b"\n")
        for file, path in ((kept, rejects), (target, out)):
            file.flush()
            os.fsync(file.fileno())
            if file is kept and not done.rejected:
                path.unlink(missing_ok=True)
            else:
                _beside(path).replace(path)
    return done


def _rejected(record: Record | Unreadable, problems: list[Problem]) -> bytes:
    """A line of the file of rejects: where, why, and what the record said, so that it can be mended."""
    listed = [{"at": each.item, "problem": each.problem, "remedy": each.remedy} for each in problems]
    shown = record.content if isinstance(record, Unreadable) else record.shown()
    safe = {key: text.encode("utf-8", "replace").decode() for key, text in shown.items()}
    return msgspec.json.encode({"place": record.place, "problems": listed, "record": safe}) + b"\n"


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".part")


@contextlib.contextmanager
def _part_of(path: Path) -> Iterator[BinaryIO]:
    """A file that becomes `path` when it is whole. Only its owner may read it: it may hold card numbers."""
    part = _beside(path)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            yield file
    finally:
        part.unlink(missing_ok=True)
