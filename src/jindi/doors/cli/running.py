"""Bringing the platform up: recover, serve, watch the packs, close in order."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvloop

from jindi.access import OidcSettings, Scope
from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problem, Problems
from jindi.doors.assembly import START_KEY, Assembly, Given, company_of, start_key
from jindi.doors.cli.alone import ADDRESS
from jindi.doors.cli.auditing import caller
from jindi.doors.cli.backing import Where, recipient_of
from jindi.doors.cli.following import child_of
from jindi.doors.cli.grounds import apart_of, ground_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.rehearsing import ChildRehearsal
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.doors.fences import Fences, Turnstile
from jindi.doors.hosts import Hosts
from jindi.doors.serve import listen, serve
from jindi.doors.tls import LOOK_S, WARN_DAYS, Terminator, days_left
from jindi.journal import Heads, Notary
from jindi.packs import canonical_files
from jindi.ports import ActStoreFailure, CaseStoreFailure, LinkStoreFailure, LogFailure
from jindi.run.audit import Audit, NotRecorded
from jindi.run.backup.saver import Limits, Saver
from jindi.run.cases import Scanning
from jindi.run.controls.warden import Warden
from jindi.run.drift.watcher import Watcher
from jindi.run.history.keeper import Keeper
from jindi.run.people import Office
from jindi.run.platform import NotNow, Platform
from jindi.run.webhooks import Courier

if TYPE_CHECKING:
    from jindi.run.demo import Began

COLLECT_S = 60.0
"""How often the cycle collector has its turn. Left to itself it walks all young objects whenever enough have come,
some 70 ms under load; decisions make hardly any cycles, so once a minute is enough."""

WATCH_S = 1.0
"""How often the packs' folders are looked at for changes."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The world that `demo` is to show; None: as the folder began, or as usual."""

    seed: int | None
    users: int | None
    days: int | None


def make_platform(
    wiring: Wiring, settled: Settled, output: Output, *, release_due: bool = True, with_vault: bool = False
) -> Platform:
    """A platform over the folder of the settings, not yet started. Raises Problems.

    With the vault, if the settings have one, where events come in; the platform closes it.
    """
    # Packs that can't be read make no folder.
    files = _saved(wiring, settled, output)
    vault = wiring.vault(settled, output.note) if with_vault else None
    blobs = wiring.blobs(settled)
    return Platform(
        open_log=lambda sealed: wiring.open_log(settled, sealed),
        blobs=blobs,
        tokens=wiring.tokens(settled),
        clock=wiring.clock,
        files=files,
        settings=replace(settled.platform, release_due=release_due),
        notary=Notary(wiring.origin(settled), wiring.signer(settled), blobs),
        heads=Heads(wiring.origin(settled), wiring.signer(settled), blobs, wiring.elsewhere(settled)),
        keeper=Keeper(wiring.archive(settled)) if settled.platform.archive_minutes else None,
        watcher=Watcher(lambda: wiring.evaluations(settled.packs)) if settled.platform.drift_hours else None,
        vault=vault,
        saver=saver_of(wiring, settled),
        warden=warden_of(wiring, settled),
        tell=output.note,
    )


def saver_of(wiring: Wiring, settled: Settled) -> Saver | None:
    """What makes the backups; None while no place for them is set. Raises Problems."""
    if settled.backup_to is None:
        return None
    place = Where(settled.backup_to).place(settled)
    return Saver(
        wiring.repository(place), lambda log: wiring.backup_source(settled, log),
        lambda: recipient_of(wiring, settled), wiring.signer(settled), wiring.blobs(settled), wiring.clock,
        Limits(settled.backup_hours, settled.drill_days, settled.drill_hours),
        None if settled.drill_key is None else ChildRehearsal(place, settled),
    )  # fmt: skip


def warden_of(wiring: Wiring, settled: Settled) -> Warden:
    """What runs the controls of the packs in force."""
    return Warden(
        wiring.blobs(settled), wiring.clock, partial(ground_of, wiring, settled), partial(apart_of, wiring, settled),
        lambda: wiring.origin(settled),
    )  # fmt: skip


def _saved(wiring: Wiring, settled: Settled, output: Output) -> dict[str, str]:
    """The saved packs. Where changes are approved they are drafts, and may be in any state. Raises Problems."""
    try:
        return wiring.pack_files(settled.packs)
    except (Problems, OSError) as error:
        if settled.platform.changes == "files":
            raise
        output.note(f"the drafts can't be read: {error}")
        return {}


def bring_up(wiring: Wiring, settled: Settled, output: Output, simulation: Simulation | None = None) -> None:
    """Run until told to stop; fail with every problem when it can't begin."""
    # Whatever is made until the start is done lives long: a search for cycles would find next to none (`_collect`).
    gc.disable()
    try:
        # Whatever can't be had is found before a folder is made.
        with closing(_listening(settled)) as sock:
            provider = wiring.company(settled)
            output.warm()
            # The simulated world releases and recalls by itself, in its own time.
            platform = make_platform(wiring, settled, output, release_due=simulation is None, with_vault=True)
            world = _world(wiring, settled, simulation, platform) if simulation is not None else None
            tls = _terminator(wiring, settled)
            uvloop.run(_up(wiring, settled, output, platform, sock, world, tls, provider))
    except (Problems, LogFailure, NotRecorded, CaseStoreFailure, LinkStoreFailure, ActStoreFailure, OSError) as error:
        output.fail(error)
    finally:
        gc.enable()


def _listening(settled: Settled) -> socket.socket:
    try:
        return listen(settled.host, settled.port)
    except OSError as error:
        raise Problems(
            [Problem("settings", "listen", f"can't listen there: {error.strerror}", "choose another --listen")]
        ) from None


def _terminator(wiring: Wiring, settled: Settled) -> Terminator | None:
    """What speaks TLS; None where nobody asked for it. Raises Problems."""
    files = wiring.tls_files(settled)
    return None if files is None else Terminator(files, wiring.clock.now_us())


def _world(wiring: Wiring, settled: Settled, simulation: Simulation, platform: Platform) -> "Began":
    """The simulated world of the folder; until it tells its past, the platform takes nothing else: to start it is
    somebody's doing, too. Raises Problems when it began as another one.
    """
    from jindi.run.demo import HELD, begun  # noqa: PLC0415

    platform.held = HELD
    return begun(wiring.blobs(settled), asdict(simulation))


async def _up(
    wiring: Wiring, settled: Settled, output: Output, platform: Platform, sock: socket.socket,
    world: "Began | None", tls: Terminator | None, provider: OidcSettings | None,
) -> None:  # fmt: skip
    with output.progress() as progress:
        task = progress.add_task("reading the journal", total=None)
        await platform.start(lambda done, total: progress.update(task, completed=done, total=total))
    # What lives now lives long: keep the collector from walking it again and again.
    gc.freeze()
    blobs = wiring.blobs(settled)
    keys, links, permits = wiring.keys(blobs), wiring.links(blobs), wiring.permits(settled)
    replays, mailing = wiring.replays(settled, blobs), wiring.mailing(settled, blobs)
    audit, who = Audit(platform), caller()
    await audit.act(who, "platform.start")
    host, port = sock.getsockname()[:2]
    scheme = "http" if tls is None else "https"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    # For links that are made while nothing runs; without it they stand on the settings.
    with contextlib.suppress(OSError):
        blobs.save(ADDRESS, [wiring.address(settled, port).encode()])
    house = wiring.house(settled, audit, port)
    await Office(house).lapse()
    api_key, sign_in = None, f"{wiring.address(settled, port)}/sign-in"
    if not house.staff.has_active():
        # Until somebody has an account, whoever starts the platform is all that there is.
        await audit.act(who, "key.create", f"{START_KEY} [{Scope.ADMIN}]")
        api_key = start_key(keys, wiring.clock.now_us())
        await audit.act(who, "link.create", f"operator [{Scope.ADMIN}]")
        sign_in = f"{url}/sign-in/{links.create('operator', frozenset({Scope.ADMIN}), wiring.clock.now_us())}"

    def ready() -> None:
        output.give({"url": url, "api_key": api_key, "sign_in": sign_in})
        output.say(f"Jindi is up: {url}   data: {settled.data}   records replayed: {platform.replayed}")
        if api_key is not None:
            output.say(f"API key (shown once): {api_key}")
            output.say(f"Sign in once, within 15 minutes: {sign_in}")
        else:
            output.say(f"Sign in with your account: {sign_in}   password profile: {settled.passwords}")
        if not settled.platform.four_eyes:
            output.say(
                "双人复核已关闭。Four eyes are off: one person alone changes keys and the vault (setting four_eyes)."
            )
        if settled.transport.tls == "demo":
            output.say(f"Its certificate is our own; verify it against {wiring.own_authority(settled)}")
        if (warning := in_clear(settled)) is not None:
            output.note(warning)
        output.say("Jindi is not legal advice. 金堤不构成法律意见。  Stop with Ctrl+C.")

    stream = None
    if world is not None:
        from jindi.run.demo import Stream  # noqa: PLC0415 - the simulated world is only imported where it runs

        stream = Stream(
            platform, wiring.clock, seed=world.seed, users=world.users, days=world.days,
            truth=settled.data / "truth.ndjson", told=output.note,
        )  # fmt: skip
    transport, named = settled.transport, urlsplit(wiring.address(settled, port)).hostname or settled.host
    fences = Fences(
        Hosts((settled.host, named, *transport.hosts)), Turnstile(transport.rates), replays, transport.connections,
        hsts=transport.tls == "files",
    )  # fmt: skip
    courier = Courier(platform, mailing.endpoints, mailing.sender, wiring.clock, output.note)
    works = [_watch_packs(wiring, settled, output, platform), _collect(), courier.run()]
    if tls is not None:
        works.append(_watch_tls(wiring, settled, output, tls))
    async with _beside(*works, *([stream.run()] if stream else [])):
        try:
            given = Given(
                keys=keys, house=house, links=links, clock=wiring.clock, permits=permits,
                company=company_of(provider, wiring.address(settled, port), house),
                base_files=wiring.base_files, saved=lambda: wiring.pack_files(settled.packs),
                keep=partial(wiring.keep_packs, settled), view_log=lambda: wiring.view_log(settled),
                archive=wiring.archive(settled), score=stream.board.to_json if stream else lambda: None,
                staff=stream.staff if stream else None,
                fences=fences, mailing=mailing, cases=wiring.case_store(settled),
                notifying=wiring.notifying(settled, blobs, port), link_store=wiring.link_store(settled),
                links_days=settled.links_days, link_child=child_of(settled), act_store=wiring.act_store(settled),
                rating_store=wiring.rating_store(settled),
                movement_store=wiring.movement_store(settled),
                scanning=Scanning(wiring.scanner(settled), settled.unscanned),
            )  # fmt: skip
            context = tls.context if tls is not None else None
            await serve(Assembly(platform, given), sock, ready=ready, tls=context)
        finally:
            await house.settled()
            with contextlib.suppress(OSError):  # then the marks of before are in force, which lie further ahead
                replays.close()
            # A lane that has stopped can't write it; that it stopped is told otherwise.
            with contextlib.suppress(NotRecorded):
                await audit.act(who, "platform.stop")
            await platform.close()
    output.note("stopped in order; the next start goes on from here")


async def _collect() -> None:
    """Collect cycles now and then; what has survived once is not walked again."""
    while True:
        await asyncio.sleep(COLLECT_S)
        gc.collect()
        gc.freeze()


@contextlib.asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> Any:
    """Tasks that run as long as the block does."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_packs(wiring: Wiring, settled: Settled, output: Output, platform: Platform) -> None:
    """Changed packs take effect at once, whole or not at all; where changes are approved they are only drafts."""
    if settled.platform.changes == "approved":
        return
    mark = wiring.packs_mark(settled.packs)
    while True:
        await asyncio.sleep(WATCH_S)
        now = wiring.packs_mark(settled.packs)
        if now == mark:
            continue
        mark = now
        try:
            # They are read where nobody writes them: an approval may be on its way into the folder.
            async with platform.changing():
                await platform.put_in_force(canonical_files(wiring.pack_files(settled.packs)), platform.aside)
        except (Problems, LogFailure, OSError) as error:
            output.note(f"the changed packs are not taken; the platform goes on with the ones it has:\n{error}")


async def _watch_tls(wiring: Wiring, settled: Settled, output: Output, tls: Terminator) -> None:
    """Changed files are taken as they come; our own pair is renewed in time; one that ends soon is told once a day."""
    told_us = 0
    while True:
        await asyncio.sleep(LOOK_S)
        now_us = wiring.clock.now_us()
        try:
            files = await asyncio.to_thread(wiring.tls_files, settled)
            if (word := await asyncio.to_thread(tls.look, now_us)) is not None:
                output.note(word)
            if files is None or now_us - told_us < DAY_US:
                continue
            if (left := days_left(files.certificate, now_us)) < WARN_DAYS and settled.transport.tls == "files":
                told_us = now_us
                output.note(f"the TLS certificate ends in {left} days: renew it, and the new file is taken by itself")
        except (Problems, OSError) as error:
            output.note(str(error))


def in_clear(settled: Settled) -> str | None:
    """What to say of a platform that sends keys and decisions in clear over a network; None where it does not."""
    if settled.transport.tls != "off" or _is_loopback(settled.host):
        return None
    return (
        f"listening on {settled.host} without TLS: keys, sessions and decisions cross the network in clear."
        " Set tls to files (or demo), or listen on 127.0.0.1 behind a proxy that speaks TLS"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def snapshot_offline(wiring: Wiring, settled: Settled, output: Output) -> None:
    """Recover and write a snapshot."""
    try:
        platform = make_platform(wiring, settled, output)
        name = asyncio.run(_snapshot(platform, output))
    except (Problems, LogFailure, NotNow, OSError) as error:
        output.fail(error)
    output.give({"ok": True, "snapshot": name, "replayed": platform.replayed})
    output.say(f"{name} is written; records replayed for it: {platform.replayed:,}")


async def _snapshot(platform: Platform, output: Output) -> str:
    with output.progress() as progress:
        task = progress.add_task("reading the journal", total=None)
        # Another set of packs would go into the journal, and be in force there, by mere oversight.
        await platform.start(lambda done, total: progress.update(task, completed=done, total=total), same_packs=True)
    try:
        return await platform.snapshot()
    finally:
        await platform.close(snapshot=False)
