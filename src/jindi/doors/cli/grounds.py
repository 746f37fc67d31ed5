"""What checks stand on, made of the wiring: the real folder, and small platforms in temporary places."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console as Terminal

from jindi import packs
from jindi.access import ApiKeys, Permits, Scope, SignInLinks
from jindi.basics.problems import Problem, Problems
from jindi.doors.api import build_api
from jindi.doors.api.app import HOT, Routes
from jindi.doors.cli.backing import recipient_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.doors.console.console import Console
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.fences import Fences
from jindi.doors.guarding import doors_of
from jindi.journal import Heads, Notary, Signer
from jindi.packs import Definitions
from jindi.ports import Blobs, Log, VaultStore
from jindi.run.approvals.approvals import Approvals, approvals_of
from jindi.run.approvals.people import Grant, Invite, Reset
from jindi.run.audit import Audit
from jindi.run.backup.making import Source
from jindi.run.backup.repository import Repository
from jindi.run.backup.restoring import Room
from jindi.run.backup.sealing import fingerprint
from jindi.run.backup.standing import Standing, standing
from jindi.run.controls.ground import Address, Application, Ground, Later
from jindi.run.controls.machine import kernel_clock
from jindi.run.history.keeper import Keeper
from jindi.run.people import House
from jindi.run.platform import Platform, Settings
from jindi.run.reveals import Reveals
from jindi.run.subjects import Rights
from jindi.run.versions.desk import Desk
from jindi.run.webhooks.reaching import Reach, Resolve
from jindi.vault import KeyRing, Tokens, Vault

Opened = Callable[[], Log]


def ground_of(
    wiring: Wiring, settled: Settled, definitions: Definitions, log: Log | None = None, vault: Vault | None = None
) -> Ground:
    """The real folder of some settings. `log` and `vault`: what a running platform has open; else they are opened for
    as long as a check looks.
    """
    return Ground(
        clock=wiring.clock,
        data=settled.data,
        packs=wiring.pack_folders(settled),
        settings={line.name: line.value for line in settled.lines},
        definitions=definitions,
        listen=(settled.host, settled.port),
        blobs=wiring.blobs(settled),
        journal=partial(_journal, wiring, settled, log),
        vault=partial(_vault, wiring, settled, vault),
        verifier=lambda: wiring.verifier(settled),
        origin=lambda: wiring.origin(settled),
        elsewhere=lambda: wiring.elsewhere(settled),
        tokens=lambda: wiring.tokens(settled),
        backups=lambda: _backups(wiring, settled),
        fingerprints=lambda: {name: fingerprint(name, key) for name, key in wiring.key_bytes(settled).items()},
        split=lambda: wiring.keys_split(settled),
        reach=partial(_reach, settled),
        permits=lambda own: Permits(own, "the check's own"),
        staff=lambda: wiring.staff(settled),
        keys=lambda: wiring.keys(wiring.blobs(settled)),
        scratch=lambda: scratch_of(wiring, settled, definitions.source),
        source=wiring.package(),
        lock=wiring.lock(),
        speak=spoken,
        kernel_clock=kernel_clock,
        scanner=lambda: wiring.scanner(settled),
        is_running=log is not None,
    )


@dataclass(frozen=True, slots=True)
class Apart:
    """Makes the ground again in another process, which is given nothing that is open. (It is pickled.)"""

    wiring: Wiring
    settled: Settled
    source: dict[str, str]

    def __call__(self) -> Ground:
        """The ground, opened there."""
        return ground_of(self.wiring, self.settled, packs.load(self.source))


def apart_of(wiring: Wiring, settled: Settled, definitions: Definitions) -> Apart:
    """What makes the ground of these settings in another process."""
    return Apart(wiring, settled, dict(definitions.source))


@contextmanager
def _journal(wiring: Wiring, settled: Settled, log: Log | None) -> Iterator[Log]:
    if log is not None:
        yield log
        return
    view = wiring.view_log(settled)
    try:
        yield view
    finally:
        view.close()


@contextmanager
def _vault(wiring: Wiring, settled: Settled, vault: Vault | None) -> Iterator[Vault]:
    if vault is not None:
        yield vault
        return
    opened = wiring.kept_vault(settled, lambda _: None)
    try:
        yield opened
    finally:
        opened.close()


def _reach(settled: Settled, resolve: Resolve) -> Reach:
    """Where webhooks may go by the settings."""
    transport = settled.transport
    return Reach(transport.webhook_allow, http_on_loopback=transport.webhook_http, resolve=resolve)


def _backups(wiring: Wiring, settled: Settled) -> Standing:
    if settled.backup_to is None:
        raise Problems([Problem("settings", "backup_to", "no place for backups is set", "name a folder elsewhere")])
    repository = wiring.repository(settled.backup_to)
    try:
        return standing(
            repository, wiring.signer(settled).verifier, recipient_of(wiring, settled), wiring.blobs(settled),
            settled.backup_hours, settled.drill_days, wiring.clock.now_us(),
        )  # fmt: skip
    finally:
        repository.close()


def spoken(text: str) -> str:
    """What the operator's log shows of a text."""
    output, heard = Output(as_json=False), io.StringIO()
    output.err = Terminal(file=heard, highlight=False, soft_wrap=True, width=10_000)
    output.note(text)
    return heard.getvalue()


# ---- scratch


@contextmanager
def scratch_of(wiring: Wiring, settled: Settled, source: Mapping[str, str]) -> Iterator["ScratchFolder"]:
    """A new data folder in a temporary place that goes away with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="jindi-check-") as place:
        scratch = ScratchFolder(wiring, settled, source, Path(place))
        try:
            yield scratch
        finally:
            scratch.close()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What both doors of a small platform share."""

    permits: Permits
    desk: Desk
    approvals: Approvals
    reveals: Reveals
    rights: Rights


class ScratchFolder:
    """A new platform's whole outside world below one folder, with keys of its own."""

    def __init__(self, wiring: Wiring, settled: Settled, source: Mapping[str, str], place: Path) -> None:
        self.folder, self.backup_folder = place, place / "backups"
        self.clock = Later(wiring.clock)
        self.told: list[str] = []
        self._wiring, self._source = wiring, source
        # Of the real settings it has the stores and ciphers. Its keys are its own: the real root is never asked.
        self._settled = replace(
            settled, data=place / "data", vault=True, vault_root="file", heads=None, backup_to=self.backup_folder,
            platform=Settings(archive_minutes=0, drift_hours=0, heads_minutes=0, release_due=False),
        )  # fmt: skip
        self._parts: tuple[Vault, VaultStore, KeyRing] | None = None
        self._keys: ApiKeys | None = None
        self._links: SignInLinks | None = None

    def close(self) -> None:
        """Let go of what is open."""
        if self._parts is not None:
            self._parts[0].close()

    def platform(self, open_log: Opened | None = None) -> Platform:
        """A platform that is not started yet."""
        wiring, settled = self._wiring, self._settled
        blobs = wiring.blobs(settled)
        return Platform(
            open_log=lambda sealed: open_log() if open_log is not None else wiring.open_log(settled, sealed),
            blobs=blobs,
            tokens=wiring.tokens(settled),
            clock=self.clock,
            files=self._source,
            settings=settled.platform,
            notary=Notary(wiring.origin(settled), wiring.signer(settled), blobs),
            heads=Heads(wiring.origin(settled), wiring.signer(settled), blobs, None),
            keeper=Keeper(wiring.archive(settled)),
            vault=wiring.vault(settled, self.told.append),
            tell=self.told.append,
        )

    def doors(self, platform: Platform, *scopes: Scope, house: House | None = None) -> tuple[Application, str]:
        """API and console of a platform that has been started, and a key."""
        wiring, keys = self._wiring, self.keys()
        clear, _ = keys.create("check", frozenset(scopes), self.clock.now_us())
        house = house or self.house(platform)
        parts = self._parts_of(platform, house)
        fences = Fences(replays=wiring.replays(self._settled, self.blobs()))
        application = build_api(
            platform, keys, self.clock, dict, self._console(platform, house, parts).app(), None, parts.desk,
            parts.permits, fences, None, parts.approvals, parts.reveals, parts.rights,
        )  # fmt: skip
        return application, clear

    def _parts_of(self, platform: Platform, house: House) -> "_Parts":
        permits = self._wiring.permits(self._settled)
        approvals = approvals_of(
            platform, permits, self.keys(), people=house.staff.principals, is_gone=house.staff.is_gone,
            more=[Invite(house), Grant(house), Reset(house)],
        )  # fmt: skip
        return _Parts(
            permits, Desk(platform, lambda: platform.base), approvals, Reveals(platform, house.audit, permits),
            Rights(platform, house.audit),
        )  # fmt: skip

    def _console(self, platform: Platform, house: House, parts: "_Parts") -> Console:
        zone = next(iter(platform.program.definitions.packs.values())).zone
        return Console(
            PlatformSource(platform), sessions=house.sessions, links=self.links(), clock=self.clock, zone=zone,
            desk=parts.desk, keys=self.keys(), audit=house.audit, house=house, permits=parts.permits,
            approvals=parts.approvals, reveals=parts.reveals, rights=parts.rights,
        )  # fmt: skip

    def house(self, platform: Platform) -> House:
        """The people of a platform that has been started."""
        house = self._wiring.house(self._settled, Audit(platform), self._settled.port)
        house.clock = self.clock
        return house

    def keys(self) -> ApiKeys:
        """The API keys that the doors know."""
        self._keys = self._keys or self._wiring.keys(self.blobs())
        return self._keys

    def links(self) -> SignInLinks:
        """One-time sign-in links that the doors know."""
        self._links = self._links or self._wiring.links(self.blobs())
        return self._links

    def pages(self, platform: Platform) -> list[Address]:
        """All addresses of the console."""
        house = self.house(platform)
        console = self._console(platform, house, self._parts_of(platform, house))
        return [Address(*each) for each in doors_of(console.routes())]

    def addresses(self, platform: Platform) -> list[Address]:
        """All addresses of the API."""
        routes = Routes(platform, self.keys(), dict, Desk(platform, lambda: platform.base), Permits()).routes()
        return [Address(*each) for each in (HOT, *doors_of(routes))]

    def log(self) -> Log:
        """The journal, for writing."""
        return self._wiring.open_log(self._settled)

    def journal_files(self) -> list[Path]:
        """The files that the journal is kept in."""
        place = self._settled.data / "journal"
        if place.is_dir():
            return [path for path in place.iterdir() if path.is_file() and path.stat().st_size > 0]
        return [path for path in (self._settled.data / "journal.sqlite",) if path.is_file()]

    def blobs(self) -> Blobs:
        """The small state."""
        return self._wiring.blobs(self._settled)

    def signer(self) -> Signer:
        """Signs the journal's seals."""
        return self._wiring.signer(self._settled)

    def tokens(self) -> Tokens:
        """The token key's functions."""
        return self._wiring.tokens(self._settled)

    def vault(self) -> tuple[Vault, VaultStore, KeyRing]:
        """A vault of its own, opened once."""
        if self._parts is None:
            apart = replace(self._settled, data=self.folder / "vault")
            store, ring = self._wiring.vault_parts(apart, self.told.append)
            self._parts = Vault(store, ring), store, ring
        return self._parts

    def backups(self) -> Repository:
        """A place for backups."""
        return self._wiring.repository(self.backup_folder)

    def source(self) -> Source:
        """What a backup of the folder is made of."""
        return self._wiring.backup_source(self._settled)

    def room(self, name: str) -> Room:
        """An empty place that a backup is restored into."""
        return self._wiring.room(self._elsewhere(name))

    def restored_log(self, name: str) -> Log:
        """The journal of what was restored."""
        return self._wiring.view_log(self._elsewhere(name))

    def _elsewhere(self, name: str) -> Settled:
        return replace(self._settled, data=self.folder / f"restored-{name}")
