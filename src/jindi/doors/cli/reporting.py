"""What `jindi aml` does. Clear text goes to the folder that was named, in files that only its owner reads; what is said
on the terminal names files, paths, codes and counts.
"""

import csv
import io
import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

from jindi import packs
from jindi.basics.instants import day_of, parse_instant
from jindi.basics.money import EXPONENTS, parse_minor
from jindi.basics.problems import Problem, Problems
from jindi.basics.shapes import Limits, Misshapen, check_names, check_shape
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Wiring
from jindi.packs import Definitions
from jindi.packs.tables import meant
from jindi.parties.reporting import (
    Form,
    Large,
    LargeReport,
    LargeWatch,
    Movement,
    Packet,
    PacketName,
    Remark,
    Report,
    Rules,
    UnknownYear,
    WorkingCalendar,
    next_serial,
    packet_name,
    parse,
    read_as,
    read_receipt,
    read_report,
    render,
)
from jindi.parties.reporting import goaml as goaml_form
from jindi.parties.reporting.goaml import Unit, check_unit
from jindi.parties.reporting.large import DIRECTIONS, SIDES, ZONE
from jindi.parties.reporting.markup import shown
from jindi.parties.reporting.names import ACTIONS, SECTORS, Action, Sector

CORRECT: Final = 3
REFUSED: Final = 4
"""Exit codes of receipts: programs must not take them for "taken"."""

FILE_BYTES_MAX: Final = 512 << 20
REPORT_BYTES_MAX: Final = 64 << 20
PROBLEMS_MAX: Final = 1_000
"""More slips than that in one file are not told one by one."""

FOUND: Final = "large.json"

COLUMNS: Final = (
    "id", "at", "customer", "kind", "means", "side", "direction", "amount", "currency", "cny", "usd", "exempt",
    "suspicious",
)  # fmt: skip
"""What is read of a transaction; the last five may be left out."""

REPORT_SHAPE: Final = Limits(depth=16, members=4_000_000)

_WHY: Final = {
    "weekday": ("周一至周五", "Monday to Friday"), "weekend": ("周末", "a weekend"),
    "day off": ("放假", "a day off"), "worked weekend": ("调休上班", "a weekend that is worked"),
}  # fmt: skip
_OUTCOMES: Final = {
    "accepted": ("已接收", "taken"), "to_correct": ("要求补正", "to be corrected"), "refused": ("被退回", "refused"),
}  # fmt: skip


# ---- working days


def look_at_days(
    wiring: Wiring, output: Output, folders: list[Path] | None, day: str, count: str, name: str
) -> None:  # fmt: skip
    """Tell what a day is, and what lies so many working days behind it. Raises Problems."""
    definitions = _definitions(wiring, folders)
    if name not in definitions.calendars:
        remedy = meant(name, definitions.calendars)
        raise Problems([Problem("--calendar", "", "is no calendar that a pack declares", remedy)])
    calendar, first = WorkingCalendar(definitions.calendars[name]), _day(day, "DAY")
    given: dict[str, Any] = {}
    try:
        found = calendar.look(first)
        if count.startswith("+"):
            given = _after(calendar, first, count[1:])
        elif count:
            until = _day(count, "+N|DAY")
            given = {"until": until.isoformat(), "working_days": calendar.between(first, until)}
    except UnknownYear as error:
        raise Problems([_unknown(error)]) from None
    basis = {"zh": found.basis.zh, "en": found.basis.en}
    output.give(
        {"ok": True, "calendar": name, "day": first.isoformat(), "is_working": found.is_working, "why": found.why,
         "basis": basis, "mark": found.mark} | given
    )  # fmt: skip
    zh, en = _WHY[found.why]
    worked = ("工作日", "a working day") if found.is_working else ("非工作日", "no working day")
    output.say(f"{first} {worked[0]}（{zh}；{found.basis.zh}）")
    output.say(f"{first} {worked[1]} ({en}; {found.basis.en}; {found.mark})")
    if "due" in given:
        output.say(f"+{given['after']} → {given['due']}")
        if not given["is_settled"]:
            output.say("未定：次年放假通知可能改动。 Not settled: the next year's notice may move it.")
    elif given:
        days = given["working_days"]
        until_en = f"Until {given['until']}, included: {counted(days, 'working day')}."
        output.say(f"至 {given['until']}（含）：{days} 个工作日。 {until_en}")


def _after(calendar: WorkingCalendar, day: date, count: str) -> dict[str, Any]:
    try:
        due = calendar.after(day, int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0)
    except UnknownYear:
        raise
    except ValueError as error:
        raise Problems([Problem("+N", "", str(error), "write it as +5")]) from None
    return {"after": int(count), "due": due.day.isoformat(), "is_settled": due.is_settled}


def _unknown(error: UnknownYear) -> Problem:
    return Problem(
        f"calendar {error.calendar}", str(error.year), "the days off of this year are not declared",
        "add the State Council's notice of that year to a pack's calendars.toml",
    )  # fmt: skip


# ---- large transactions


def find_large(
    wiring: Wiring, output: Output, folders: list[Path] | None, file: Path, out: Path, today: str
) -> None:  # fmt: skip
    """Find the days that are large, write them, and tell how many. Raises Problems."""
    definitions = _definitions(wiring, folders)
    rules = Rules.of(definitions)
    measured = _day(today, "--today") if today else day_of(wiring.clock.now_us(), ZONE)
    folder = Folder(out)
    watch = _watched(file, rules)
    found, unknown = watch.found(), dict[Problem, None]()
    lines = [_line(each, rules, measured, unknown) for each in found]
    path = folder.write(
        FOUND,
        json.dumps({"definitions": definitions.digest, "today": measured.isoformat(), "found": lines},
                   ensure_ascii=False, indent=1).encode() + b"\n",
    )  # fmt: skip
    counts = Counter(each.criterion.code for each in found)
    late = sum(line["is_late"] is True for line in lines)
    if unknown:
        output.say(f"{path}: {counted(len(lines), 'large day')}")
        raise Problems(unknown)
    output.give(
        {"ok": True, "file": str(path), "transactions": len(watch), "found": len(found), "by_code": counts,
         "late": late, "today": measured.isoformat()}
    )  # fmt: skip
    for code in sorted(counts):
        doc = next(each.criterion.doc for each in found if each.criterion.code == code)
        output.say(f"{code} {doc.zh} {doc.en}: {counts[code]:,}")
    output.say(
        f"{len(watch):,} 笔交易，{len(found):,} 个大额交易日（其中 {late:,} 个已逾期）→ {path}\n"
        f"{counted(len(watch), 'transaction')}, {counted(len(found), 'large day')} ({late:,} late) → {path}"
    )


def _line(each: Large, rules: Rules, today: date, unknown: dict[Problem, None]) -> dict[str, Any]:
    due = None
    try:
        due = rules.due(each)
    except UnknownYear as error:
        unknown[_unknown(error)] = None
    return {
        "customer": each.customer, "day": each.day.isoformat(), "code": each.criterion.code,
        "criterion": each.criterion.name, "direction": each.direction,
        "lines": [
            {
                "currency": line.currency, "of": line.of, "sum_minor": line.sum_minor,
                "threshold_minor": line.threshold_minor, "mark": line.mark,
                "basis": {"zh": line.basis.zh, "en": line.basis.en},
            }
            for line in each.lines
        ],
        "transactions": list(each.movements), "due": due.day.isoformat() if due else None,
        "is_settled": due.is_settled if due else None, "is_late": due.day < today if due else None,
    }  # fmt: skip


def _watched(file: Path, rules: Rules) -> LargeWatch:
    """All movements of a file, counted. Raises Problems with the line of each."""
    watch, problems = LargeWatch(rules), list[Problem]()
    for where, row in _rows(file):
        movement = _movement(where, row, problems)
        if movement is not None:
            try:
                watch.observe(movement)
            except Problems as error:
                problems += [Problem(f"{where}: {each.where}", each.item, each.problem, each.remedy)
                             for each in error.problems]  # fmt: skip
        if len(problems) >= PROBLEMS_MAX:
            problems.append(Problem(str(file), "", f"has more than {PROBLEMS_MAX:,} slips", "mend these first"))
            break
    if problems:
        raise Problems(problems)
    return watch


def _rows(file: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    text = _text_of(file, FILE_BYTES_MAX)
    if not text.strip():
        raise Problems([Problem(str(file), "", "is empty", "give CSV with a header, or NDJSON")])
    if text.lstrip().startswith("{"):
        for at, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield f"{file}: line {at}", _object(file, at, line)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(file, [each.strip().casefold() for each in reader.fieldnames or ()])
        for row in reader:
            if None in row:
                what = "has more cells than the header has names"
                raise Problems([Problem(str(file), f"line {reader.line_num}", what, "mend the line")])
            yield (
                f"{file}: line {reader.line_num}",
                {str(key).strip().casefold(): (value or "").strip() for key, value in row.items() if key is not None},
            )
    except csv.Error:
        what, remedy = "is no CSV", "give CSV with a header, or NDJSON"
        raise Problems([Problem(str(file), f"line {reader.line_num}", what, remedy)]) from None


def _check_columns(file: Path, names: list[str]) -> None:
    """Hold a header against what is read: a name that is not known may be a slip that hides something."""
    lacking = [each for each in COLUMNS[:-5] if each not in names]
    problems = [Problem(f"{file}: line 1", each, "is missing", "name it in the header") for each in lacking]
    problems += [
        # A file without a header begins with somebody's data: it is not quoted.
        Problem(f"{file}: line 1", f"column {number}", "is none that is read here", meant(each, COLUMNS))
        for number, each in enumerate(names, 1)
        if each not in COLUMNS
    ]
    if problems:
        raise Problems(problems)


def _object(file: Path, at: int, line: str) -> dict[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problems([Problem(str(file), f"line {at}", "is no JSON object", "write one object on each line")])
    unknown = [str(key) for key in found if key not in COLUMNS]
    if unknown:
        raise Problems(
            Problem(f"{file}: line {at}", shown(key), "is nothing that is read here", meant(key, COLUMNS))
            for key in unknown
        )
    return {key: _plain(value) for key, value in found.items() if value is not None}


def _plain(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


_CHOICES: Final = {
    "kind": packs.CUSTOMER_KINDS, "means": packs.MEANS, "side": SIDES, "direction": DIRECTIONS,
}  # fmt: skip


def _movement(where: str, row: Mapping[str, str], problems: list[Problem]) -> Movement | None:
    before = len(problems)
    problems += [Problem(where, name, "is missing", "give it") for name in ("id", "customer") if not row.get(name)]
    for name, known in _CHOICES.items():
        if row.get(name) not in known:
            problems.append(Problem(where, name, "is missing or unknown", f"use one of: {', '.join(known)}"))
    currency = row.get("currency", "") or "CNY"
    if currency not in EXPONENTS:
        problems.append(Problem(where, "currency", "is unknown", "give an ISO 4217 code"))
        return None
    at_us = _guarded(where, "at", problems, lambda: parse_instant(row.get("at", "")))
    amounts = {}
    for name, of in (("amount", currency), ("cny", "CNY"), ("usd", "USD")):
        text = row.get(name, "") or (row.get("amount", "") if of == currency else "")
        if not text:
            remedy = f"give the equivalent in {of}" if name != "amount" else "give it"
            problems.append(Problem(where, name, "is missing", remedy))
        else:
            amounts[name] = _guarded(where, name, problems, lambda text=text, of=of: parse_minor(text, of))
    suspicious = row.get("suspicious", "") or "false"
    if suspicious not in ("true", "false"):
        problems.append(Problem(where, "suspicious", "is neither true nor false", "write one of the two"))
    if len(problems) > before:
        return None
    return Movement(
        row["id"], at_us, row["customer"], cast("packs.CustomerKind", row["kind"]), cast("packs.Means", row["means"]),
        cast("Any", row["side"]), cast("Any", row["direction"]), currency, amounts["amount"], amounts["cny"],
        amounts["usd"], row.get("exempt", ""), suspicious == "true",
    )  # fmt: skip


def _guarded(where: str, name: str, problems: list[Problem], read: Any) -> int:
    try:
        found: int = read()
    except ValueError as error:
        problems.append(Problem(where, name, str(error)))
        return 0
    return found


# ---- packets


@dataclass(frozen=True, slots=True)
class Making:
    """What a packet is made of, and how it is called."""

    file: Path
    out: Path
    action: str
    sector: str
    day: str
    serial: int | None
    unit: Path | None


def make_packet(wiring: Wiring, output: Output, asked: Making) -> None:
    """Make a packet and write it. Raises Problems."""
    report = read_report(document_of(asked.file), str(asked.file))
    folder, now_us = Folder(asked.out), wiring.clock.now_us()
    if asked.unit is not None:
        unit = read_as(Unit, document_of(asked.unit), str(asked.unit))
        if problems := check_unit(unit):
            raise Problems(problems)
        packet = goaml_form.render(report, unit, now_us, f"{_as_file_name(report.id)}.xml")
    else:
        day = _day(asked.day, "--day") if asked.day else day_of(now_us, ZONE)
        packet = render(report, _name(report, asked, day, folder))
    path = folder.write(packet.name, packet.data)
    _tell(output, path, packet)


def _name(report: Report, asked: Making, day: date, folder: "Folder") -> PacketName:
    problems = [
        Problem(option, "", "is unknown", f"use one of: {', '.join(known)}")
        for option, given, known in (("--action", asked.action, ACTIONS), ("--sector", asked.sector, SECTORS))
        if given not in known
    ]
    if problems:
        raise Problems(problems)
    topic: Any = "large" if isinstance(report, LargeReport) else "suspicious"
    try:
        serial = asked.serial
        if serial is None:
            serial = next_serial(folder.packets(), report.institution.code, day)
        return PacketName(
            cast("Action", asked.action), cast("Sector", asked.sector), topic, report.institution.code, day, serial
        )
    except ValueError as error:
        raise Problems(
            [Problem("the packet's name", "", str(error), "look at the report's institution and the options")]
        ) from None


def _as_file_name(text: str) -> str:
    if not text or not all(each.isalnum() or each in "-_." for each in text) or text.startswith("."):
        raise Problems([Problem("report", "id", "is no name for a file", "use letters, digits, - and _")])
    return text


def _tell(output: Output, path: Path, packet: Packet) -> None:
    output.give(
        {
            "ok": True, "file": str(path), "name": packet.name, "bytes": len(packet.data),
            "left_out": list(packet.left_out), "remarks": [_remark(each) for each in packet.remarks],
        }
    )  # fmt: skip
    output.say(f"{path}: {len(packet.data):,} bytes")
    for each in packet.left_out:
        output.say(f"  报文没有此项 this form has no place for: {each}")
    for remark in packet.remarks:
        output.say(f"  请核对 look at {remark.path}：{remark.words.zh} {remark.words.en}")


def _remark(remark: Remark) -> dict[str, str]:
    return {"path": remark.path, "zh": remark.words.zh, "en": remark.words.en}


def check_packet(output: Output, file: Path) -> None:
    """Read a packet back. Raises Problems."""
    data = bytes_of(file, REPORT_BYTES_MAX)
    try:
        name = packet_name(file.name)
    except ValueError:
        tree = goaml_form.read(data, str(file))
        transactions = tree["transaction"]
        form, count = "goaml", len(transactions) if isinstance(transactions, list) else 0
    else:
        report = parse(data, name)
        form, count = name.stem[:3], _transactions_of(report)
    output.give({"ok": True, "form": form, "transactions": count})
    output.say(f"✓ {file}: {form}, {counted(count, 'transaction')}")


def _transactions_of(report: Report) -> int:
    if isinstance(report, LargeReport):
        return sum(len(feature.transactions) for day in report.days for feature in day.features)
    return len(report.transactions)


# ---- receipts


def tell_receipt(output: Output, file: Path, form: Path | None, out: Path | None) -> None:
    """Tell what became of a packet; ends with CORRECT or REFUSED where it was not taken. Raises Problems."""
    shape = read_as(Form, document_of(form), str(form)) if form is not None else None
    folder = Folder(out) if out is not None else None
    receipt = read_receipt(file.name, bytes_of(file, REPORT_BYTES_MAX), shape)
    errors = [
        {"field": each.field, "code": each.code, "zh": each.words.zh if each.words else "",
         "en": each.words.en if each.words else ""}
        for each in receipt.errors
    ]  # fmt: skip
    path = None
    if folder is not None:
        whole = [
            told | {"place": each.place, "says": each.says} for told, each in zip(errors, receipt.errors, strict=True)
        ]
        data = json.dumps(
            {"packet": receipt.name.packet.stem, "asks": receipt.asks, "errors": whole}, ensure_ascii=False
        )
        path = folder.write(f"{receipt.name.packet.stem}.receipt.json", data.encode() + b"\n")
    output.give(
        {"ok": True, "outcome": receipt.name.outcome, "packet": receipt.name.packet.text, "landed": receipt.name.landed,
         "until": receipt.until, "is_read": receipt.is_read, "errors": errors}
        | ({"file": str(path)} if path is not None else {})
    )  # fmt: skip
    zh, en = _OUTCOMES[receipt.name.outcome]
    output.say(f"{receipt.name.packet.text} {zh} {en} {receipt.name.landed}".rstrip())
    if receipt.until:
        output.say(f"  完成时限 until {receipt.until}")
    for told in errors:
        output.say(f"  {told['field']} {told['zh']} {told['code']} {told['en']}".rstrip())
    if not receipt.is_read:
        output.say(
            "  内容格式未知，请用 --form 说明。 What is inside is in a form that is not known: tell it with --form."
        )
    if path is not None:
        output.say(f"→ {path}")
    if receipt.name.outcome != "accepted":
        raise SystemExit(CORRECT if receipt.name.outcome == "to_correct" else REFUSED)


# ---- files


class Folder:
    """The folder that was named for clear text: made if it is not there, for its owner alone. Raises Problems for one
    that others may look into.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = path.stat().st_mode
        except OSError as error:
            what = (error.strerror or "can't be made").lower()
            raise Problems([Problem(str(path), "", what, "name a folder that can be made")]) from None
        if mode & 0o077:
            raise Problems([Problem(str(path), "", "others may look into it", f"chmod 700 {path}")])

    def packets(self) -> list[PacketName]:
        """The packets that lie here."""
        found = []
        for each in self.path.iterdir():
            try:
                found.append(packet_name(each.name))
            except ValueError:
                continue
        return found

    def write(self, name: str, data: bytes) -> Path:
        """Write a new file that its owner alone reads; nothing is ever overwritten. Raises Problems."""
        path = self.path / name
        try:
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise Problems(
                [Problem(str(path), "", "is there already", "name another folder, or move it away")]
            ) from None
        with os.fdopen(target, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path


def _definitions(wiring: Wiring, folders: list[Path] | None) -> Definitions:
    settled = wiring.settle({"packs": ",".join(map(str, folders)) if folders else None})
    return packs.load(wiring.pack_files(settled.packs))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problems([Problem(option, "", "is no day", "write it as 2026-09-30")]) from None


def document_of(file: Path) -> Mapping[str, Any]:
    """A TOML or JSON file. Raises Problems; what the parsers quote of it is not told."""
    text = _text_of(file, REPORT_BYTES_MAX)
    try:
        if file.suffix == ".toml":
            return tomllib.loads(text)
        check_shape(text.encode(), REPORT_SHAPE)
        check_names(text.encode())
        found = json.loads(text)
    except Misshapen as error:
        raise Problems([Problem(str(file), "", str(error), "give one report at a time")]) from None
    except json.JSONDecodeError as error:
        raise Problems([Problem(str(file), f"line {error.lineno}", "is no JSON", "mend the line")]) from None
    except (ValueError, RecursionError):
        what = "is no TOML" if file.suffix == ".toml" else "is no JSON"
        raise Problems([Problem(str(file), "", what, "mend it: a reader of that form tells the line")]) from None
    return cast("Mapping[str, Any]", found)


def _text_of(file: Path, most: int) -> str:
    try:
        return bytes_of(file, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problems([Problem(str(file), "", "is not UTF-8", "save it as UTF-8")]) from None


def bytes_of(file: Path, most: int) -> bytes:
    """A file's bytes. Raises Problems for more than `most` of them, OSError."""
    with file.open("rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise Problems([Problem(str(file), "", f"is larger than {most >> 20} MiB", "give less at once")])
    return data
