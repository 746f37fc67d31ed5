"""Settings: flags before environment before file before defaults; all read at once, or the program doesn't start."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from jindi.access import PARTIES
from jindi.app.accounts import OIDC_SECRET, profile_of, site_of
from jindi.app.notices import NOTICES, read_notices
from jindi.app.transport import TRANSPORT, read_transport
from jindi.app.vaults import ROOT_KEY, ROOT_PASSPHRASE, ROOTS_TOLD, root_problem
from jindi.basics.instants import DAY_US, HOUR_US
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.wiring import Setting, Settled
from jindi.run.cases.scanning import Unscanned
from jindi.run.platform import Settings
from jindi.stores.clamd import place_problem
from jindi.vault import PROFILES, Profile

FILE_NAME = "jindi.toml"
LISTS_ALONE = ("black.add", "black.extend", "grey.add", "grey.extend", "white.remove")
"""Changes that make the house more careful: what lets somebody through is never one person's."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A setting that exists: its default and what it means."""

    name: str
    default: str
    doc: str

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return f"JINDI_{self.name.upper()}"


KNOWN = (
    _Known("data", "jindi-data", "the folder of the journal, the snapshots and the keys"),
    _Known("packs", "", "folders of packs, separated by commas; empty: the packs that Jindi ships"),
    _Known("listen", "127.0.0.1:8420", "the address and port of the API and the console"),
    _Known("journal", "segments", "the journal's store: segments, or sqlite"),
    _Known("snapshot_every", "200000", "decisions between two snapshots"),
    _Known("snapshot_minutes", "10", "minutes after which fresh decisions get a snapshot"),
    _Known("archive_minutes", "10", "minutes between two rounds of the archive's follower; 0: the platform has none"),
    _Known("changes", "files", "what puts policies in force: files (saved packs, at once), or approved (an approval)"),
    _Known("proposal_days", "14", "days after which a proposal that nobody has answered ends"),
    _Known("four_eyes", "on", "operations on keys, the vault and people's data take a second person: on, or off"),
    _Known("approval_hours", "72", "hours after which an operation that nobody has answered ends; also key.create=24"),
    _Known("export_rows", "1000", "decisions that one person may export at once; more takes a second person"),
    _Known(
        "lists_alone",
        "",
        f"changes of lists that one person may make: some of {', '.join(LISTS_ALONE)}; empty: none",
    ),
    _Known("vault", "on", "keep the clear text of identifiers, sealed: on, or off"),
    _Known("vault_cipher", "aes-256-gcm", "what a new vault seals with: aes-256-gcm, or sm4-gcm"),
    _Known(
        "vault_root",
        "file",
        "the vault's root key: file (in the data folder), file:PATH, environment, passphrase, transit:URL",
    ),
    _Known("vault_root_token", "", "the file of the token for a root in a key service (transit:URL)"),
    _Known("vault_root_ca", "", "the certificates that this service is believed by; empty: the machine's own"),
    _Known("drift_hours", "24", "hours between two looks for drift; 0: the platform does not look"),
    _Known(
        "backup_to", "", "the folder of the backups, on another disk or machine; empty: none are made by themselves"
    ),
    _Known("backup_hours", "1", "hours between two backups; 0: the platform makes none by itself"),
    _Known("drill_days", "90", "days after which a drill is overdue; 0: never"),
    _Known("site", "", "the address at which people reach the console; passkeys and the company's sign-in need it"),
    _Known("passwords", "nist", "the profile of passwords and sign-ins: nist, pci, or mlps3"),
    _Known("breached_passwords", "", "a folder of breached passwords by the beginning of their SHA-1; empty: none"),
    _Known("company_words", "", "words that are no good in passwords here, separated by commas"),
    _Known("oidc", "", "a file about the company's own sign-in (OpenID Connect); empty: there is none"),
    _Known(
        "drill_key", "", "the backup key's file, for drills that the platform makes by itself; empty: it makes none"
    ),
    _Known("drill_hours", "168", "hours between two drills that the platform makes by itself; 0: none"),
    _Known("drill_in", "", "a folder with room for what a drill restores; empty: the machine's folder for such"),
    _Known("permits", "", "a file of the company's own Cedar policies, put beside the shipped ones; empty: none"),
    _Known("links_days", "180", "days after which a link that was not seen again is dropped; 0: no links are kept"),
    _Known("reveal_seconds", "60", "seconds for which a page of the console shows clear text"),
    _Known("heads", "", "a folder outside the platform's own that gets the journal's signed heads; empty: none"),
    _Known("heads_minutes", "10", "minutes between two signed heads that are exported; 0: only at the end"),
    _Known(
        "scanner", "", "the virus scanner (clamd) for files: tcp://127.0.0.1:PORT, or unix:/PATH; empty: none looks"
    ),
    _Known(
        "unscanned", "", "files that no scanner could look at: refuse, or take; empty: refuse once a scanner is named"
    ),
    *(_Known(*each) for each in TRANSPORT),
    *(_Known(*each) for each in NOTICES),
)

NO_SETTINGS = ("JINDI_API_KEY", ROOT_KEY, ROOT_PASSPHRASE, OIDC_SECRET)
"""Secrets that commands take from the environment; they are shown nowhere."""


def settle(flags: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settled:
    """All settings with where each came from. Raises Problems with everything that is wrong."""
    given = dict(os.environ if environment is None else environment)
    names = {known.variable: known for known in KNOWN}
    problems = [
        Problem("environment", name, "not a setting", f"use one of: {', '.join(sorted(names))}")
        for name in sorted(given)
        if name.startswith("JINDI_") and name not in names and name not in NO_SETTINGS
    ]
    data = flags.get("data") or given.get("JINDI_DATA") or KNOWN[0].default
    path = Path(data) / FILE_NAME
    written = _read(path, problems)
    lines, chosen = [], {}
    for known in KNOWN:
        if (flag := flags.get(known.name)) is not None:
            value, origin = flag, "flag"
        elif given.get(known.variable):
            value, origin = given[known.variable], f"environment {known.variable}"
        elif known.name in written:
            value, origin = _text(written[known.name]), str(path)
        else:
            value, origin = known.default, "default"
        chosen[known.name] = value
        lines.append(Setting(known.name, value, origin, known.doc))
    host, port = _address(chosen["listen"], problems)
    journal = chosen["journal"]
    if journal not in ("segments", "sqlite"):
        problems.append(Problem("settings", "journal", "not a known store", "use segments or sqlite"))
    every = _whole(chosen, "snapshot_every", 1_000, 10**9, problems)
    minutes = _whole(chosen, "snapshot_minutes", 1, 10_000, problems)
    archive_minutes = _whole(chosen, "archive_minutes", 0, 10_000, problems)
    changes = chosen["changes"]
    if changes not in ("files", "approved"):
        problems.append(Problem("settings", "changes", "not a way to change policies", "use files or approved"))
    proposal_days = _whole(chosen, "proposal_days", 1, 365, problems)
    if chosen["four_eyes"] not in ("on", "off"):
        problems.append(Problem("settings", "four_eyes", "neither on nor off", "use on or off"))
    approval_us, approval_us_of = _approval_hours(chosen["approval_hours"], problems)
    export_rows = _whole(chosen, "export_rows", 0, 10_000, problems)
    drift_hours = _whole(chosen, "drift_hours", 0, 10_000, problems)
    lists_alone = frozenset(part.strip() for part in chosen["lists_alone"].split(",") if part.strip())
    if not lists_alone <= set(LISTS_ALONE):
        remedy = f"use some of: {', '.join(LISTS_ALONE)}"
        problems.append(Problem("settings", "lists_alone", "not a change that one person may make", remedy))
    cipher = _vault(chosen, problems)
    backup_hours = _whole(chosen, "backup_hours", 0, 10_000, problems)
    drill_days = _whole(chosen, "drill_days", 0, 3_650, problems)
    reveal_seconds = _whole(chosen, "reveal_seconds", 5, 600, problems)
    links_days = _whole(chosen, "links_days", 0, 36_500, problems)
    drill_hours = _whole(chosen, "drill_hours", 0, 100_000, problems)
    if chosen["drill_key"] and Path(chosen["drill_key"]).resolve().is_relative_to(Path(data).resolve()):
        what = "lies in the data folder: whoever has the folder could read its backups"
        problems.append(Problem("settings", "drill_key", what, "name a file elsewhere, best on a machine of its own"))
    heads_minutes = _whole(chosen, "heads_minutes", 0, 10_000, problems)
    profile, site = profile_of(chosen["passwords"], problems), site_of(chosen["site"], problems)
    heads = _outside(chosen["heads"], Path(data), problems)
    transport = read_transport(chosen, problems)
    rules, mail = read_notices(chosen, problems)
    unscanned = _scanner(chosen, problems)
    if problems:
        raise Problems(problems)
    platform = Settings(
        every, minutes, archive_minutes=archive_minutes, drift_hours=drift_hours,
        changes="approved" if changes == "approved" else "files", proposal_us=proposal_days * DAY_US,
        heads_minutes=heads_minutes, reveal_seconds=reveal_seconds, four_eyes=chosen["four_eyes"] == "on",
        approval_us=approval_us, approval_us_of=approval_us_of, export_rows=export_rows,
        lists_alone=lists_alone,
    )  # fmt: skip
    packs = tuple(Path(part.strip()) for part in chosen["packs"].split(",") if part.strip())
    return Settled(
        Path(data), packs, host, port, journal, platform, tuple(lines),
        vault=chosen["vault"] == "on", vault_cipher=cipher, vault_root=chosen["vault_root"],
        vault_root_token=Path(chosen["vault_root_token"]) if chosen["vault_root_token"] else None,
        vault_root_ca=Path(chosen["vault_root_ca"]) if chosen["vault_root_ca"] else None,
        heads=heads,
        backup_to=Path(chosen["backup_to"]) if chosen["backup_to"] else None,
        backup_hours=backup_hours, drill_days=drill_days, transport=transport, rules=rules, mail=mail,
        links_days=links_days,
        drill_key=Path(chosen["drill_key"]) if chosen["drill_key"] else None, drill_hours=drill_hours,
        drill_in=Path(chosen["drill_in"]) if chosen["drill_in"] else None,
        permits=Path(chosen["permits"]) if chosen["permits"] else None,
        site=site, passwords=profile, oidc=Path(chosen["oidc"]) if chosen["oidc"] else None,
        breached=Path(chosen["breached_passwords"]) if chosen["breached_passwords"] else None,
        company_words=tuple(word.strip() for word in chosen["company_words"].split(",") if word.strip()),
        scanner=chosen["scanner"], unscanned=unscanned,
    )  # fmt: skip


def _approval_hours(text: str, problems: list[Problem]) -> tuple[int, Mapping[str, int]]:
    """How long operations wait for an answer: of all kinds, and of those that are named with hours of their own."""
    general, of = 72, {}
    for part in text.split(","):
        kind, equals, hours = (piece.strip() for piece in part.rpartition("="))
        if not hours.isdecimal() or not 1 <= int(hours) <= 8_760 or (equals and kind not in PARTIES):
            remedy = f"write hours from 1 to 8760, and after a comma other hours of some of: {', '.join(PARTIES)}"
            problems.append(Problem("settings", "approval_hours", "not hours, or of no kind of operation", remedy))
        elif equals:
            of[kind] = int(hours) * HOUR_US
        else:
            general = int(hours)
    return general * HOUR_US, of


def _vault(chosen: Mapping[str, str], problems: list[Problem]) -> Profile:
    """The cipher; what is wrong with the vault's settings goes to the problems."""
    if chosen["vault"] not in ("on", "off"):
        problems.append(Problem("settings", "vault", "neither on nor off", "use on or off"))
    if (problem := root_problem(chosen["vault_root"])) is not None:
        problems.append(Problem("settings", "vault_root", problem, f"use {ROOTS_TOLD}"))
    for profile in PROFILES:
        if profile == chosen["vault_cipher"]:
            return profile
    problems.append(Problem("settings", "vault_cipher", "not a cipher", f"use one of: {', '.join(PROFILES)}"))
    return PROFILES[0]


def _scanner(chosen: Mapping[str, str], problems: list[Problem]) -> Unscanned:
    """What becomes of files that no scanner could look at: to name one and not to be looked at is no safe default."""
    if chosen["scanner"] and (problem := place_problem(chosen["scanner"])) is not None:
        remedy = "write tcp://127.0.0.1:3310 or unix:/run/clamav/clamd.ctl, or leave it empty"
        problems.append(Problem("settings", "scanner", problem, remedy))
    for each in get_args(Unscanned):
        if each == chosen["unscanned"]:
            return cast("Unscanned", each)
    if chosen["unscanned"]:
        remedy = "use refuse or take, or leave it empty"
        problems.append(Problem("settings", "unscanned", "neither refuse nor take", remedy))
    return "refuse" if chosen["scanner"] else "take"


def _outside(text: str, data: Path, problems: list[Problem]) -> Path | None:
    """The folder of exported heads. Inside the platform's folder they would go the way of what they are to prove."""
    if not text:
        return None
    folder = Path(text)
    if folder.resolve().is_relative_to(data.resolve()):
        remedy = "name one that who can write the journal can't write, on another disk or machine"
        problems.append(Problem("settings", "heads", "this folder lies in the platform's own", remedy))
    return folder


def _text(written: object) -> str:
    """A value from the file as a flag would give it; a list is what commas separate."""
    return ",".join(map(str, written)) if isinstance(written, list) else str(written)


def _read(path: Path, problems: list[Problem]) -> Mapping[str, object]:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        problems.append(Problem(str(path.parent), "", "not a folder", "name the platform's folder with --data"))
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problems.append(Problem(str(path), "", f"can't be read: {why}", "mend the file or move it away"))
        return {}
    names = {known.name for known in KNOWN} - {"data"}
    remedy = f"use one of: {', '.join(sorted(names))}"
    problems += [Problem(str(path), name, "not a setting", remedy) for name in sorted(set(written) - names)]
    return written


def _address(text: str, problems: list[Problem]) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65_535:
        problems.append(Problem("settings", "listen", "not an address and port", "write 127.0.0.1:8420"))
        return "", 0
    return host.strip("[]"), int(port)


def _whole(chosen: Mapping[str, str], name: str, least: int, most: int, problems: list[Problem]) -> int:
    text = chosen[name]
    if not text.isdecimal() or not least <= int(text) <= most:
        problems.append(
            Problem("settings", name, "not a whole number in range", f"write a number from {least} to {most}")
        )
        return least
    return int(text)
