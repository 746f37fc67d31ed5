"""Checks of the journal: it can't be bent unnoticed, its heads are elsewhere, its decisions come out again."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from jindi import journal
from jindi.basics.instants import DAY_US, MINUTE_US, format_instant
from jindi.journal import Chain, ChainBroken, Checkpoint, CheckpointRefused, Tree, tree_verifier
from jindi.ports import Frame, Log
from jindi.run.archive import Archive
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.records import DECISION, ActionRecord, decode
from jindi.run.recovery import chain_before
from jindi.run.replay.one import prove

_ORIGIN: Final = "check"


def _tail(log: Log, batches: int) -> list[Frame]:
    """The newest batches, the oldest first."""
    end, found = log.next_seq(), list[Frame]()
    while end > 0 and len(found) < batches:
        frame = next(iter(log.read(end - 1)), None)
        if frame is None:
            break
        found.append(frame)
        end = frame.first
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Verifying:
    """How a copy is verified: its frames, the chain where it begins, the checkpoint of its end."""

    walk: Callable[[Sequence[Frame], Chain, Sequence[Checkpoint]], object] = lambda frames, chain, seals: (
        journal.verify(frames, seals, chain)
    )


VERIFYING: Final = Verifying()


def mutations(frames: Sequence[Frame]) -> Iterator[tuple[str, list[Frame]]]:
    """A copy of the newest batches, bent in each of the ways in which somebody would bend it."""
    middle = len(frames) // 2
    batch = bytearray(frames[middle].batch)
    batch[len(batch) // 2] ^= 1
    yield "one bit edited", [*frames[:middle], _as(frames[middle], bytes(batch)), *frames[middle + 1 :]]
    yield "a record rewritten, its batch hashed again", _rewritten(frames, middle)
    yield "a batch deleted", [*frames[:middle], *frames[middle + 1 :]]
    yield "a batch deleted, those behind numbered and hashed again", _closed_up(frames, middle)
    yield "two batches exchanged", [*frames[:middle], *frames[middle : middle + 2][::-1], *frames[middle + 2 :]]
    yield "the end cut off", list(frames[:-1])
    yield "another history from the middle on", _forked(frames, middle)
    yield "a batch inserted", [*frames[:middle], frames[middle - 1], *frames[middle:]]


def _as(frame: Frame, batch: bytes) -> Frame:
    return Frame(frame.first, frame.count, batch)


def _rewritten(frames: Sequence[Frame], at: int) -> list[Frame]:
    opened = journal.unseal(frames[at].batch)
    records = [opened.records[0] + b"\0", *opened.records[1:]]
    return [*frames[:at], _as(frames[at], journal.seal(records, opened.first, opened.previous)), *frames[at + 1 :]]


def _closed_up(frames: Sequence[Frame], at: int) -> list[Frame]:
    """A whole history without one batch, with all that follows chained again: only what was signed can tell."""
    chain = Chain(journal.unseal(frames[at].batch).previous, frames[at].first)
    made = list(frames[:at])
    for frame in frames[at + 1 :]:
        first = chain.next_seq
        made.append(Frame(first, frame.count, chain.seal(journal.unseal(frame.batch).records, first)))
    return made


def _forked(frames: Sequence[Frame], at: int) -> list[Frame]:
    """The same number of records, others from a place on, chained as they should be."""
    chain = Chain(journal.unseal(frames[at].batch).previous, frames[at].first)
    made = list(frames[:at])
    for frame in frames[at:]:
        first = chain.next_seq
        records = [record + b"\0" for record in journal.unseal(frame.batch).records]
        made.append(Frame(first, frame.count, chain.seal(records, first)))
    return made


@check(
    "chain_mutations",
    "取真实日志尾部的副本：改动、删除、换序、截断、分叉、插入，逐一验证均被发现；原样则通过",
    "A copy of the real journal's end, edited, deleted, reordered, cut, forked: each is found; as it is, it holds",
    batches=64,
)
def chain_mutations(ground: Ground, asked: Asked) -> Evidence:
    """C28. PCI DSS 10.3.2, 10.3.4; GB/T 22239 8.1.4.3."""
    return mutated(ground, asked.whole("batches"), VERIFYING)


def mutated(ground: Ground, batches: int, verifying: Verifying) -> Evidence:
    """Bend a copy of the journal's end in every way, and see that the walk finds each."""
    with ground.journal() as log:
        frames = _tail(log, batches)
        if len(frames) < 4:
            raise could_not_run("日志还太短，至少要有四个批次", "the journal is too short: four batches are needed")
        chain = chain_before(log, frames[0].first)
        verifier = ground.verifier()
        seals = [] if verifier is None else journal.load_checkpoints(ground.blobs, verifier, ground.origin())
    end = frames[-1]
    # The head as it would be signed now, in the other place.
    seal = Checkpoint(_ORIGIN, end.first + end.count, journal.unseal(end.batch).head, ground.clock.now_us())
    # Also those that cover more than there is: then the end was cut off.
    here = [each for each in seals if each.seq > frames[0].first]
    try:
        verifying.walk(frames, Chain(chain.head, chain.next_seq), [*here, seal])
    except ChainBroken as broken:
        raise failed(
            f"日志尾部本身就不成立：{broken.place}", f"the journal's end does not hold as it is: {broken}",
            place=broken.place, seq=broken.seq,
        ) from None  # fmt: skip
    found, missed = {}, []
    for name, bent in mutations(frames):
        try:
            verifying.walk(bent, Chain(chain.head, chain.next_seq), [seal])
            missed.append(name)
        except ChainBroken as broken:
            found[name] = broken.place
    evidence: Evidence = {
        "batches": len(frames), "records": seal.seq - frames[0].first, "seals_agreed": len(here),
        "head": seal.head.hex(), "found": found, "missed": missed,
    }  # fmt: skip
    if missed:
        raise failed(f"有 {len(missed)} 种改动未被发现", f"{len(missed)} ways to bend it go unnoticed", **evidence)
    return evidence


@check(
    "head_exported",
    "树头已导出到平台之外，且覆盖除最近几分钟以外的全部记录；与日志一致",
    "A signed head lies outside the platform, covers all but the last minutes, and is what the journal says",
    minutes_max=60,
)
def head_exported(ground: Ground, asked: Asked) -> Evidence:
    """C29. PCI DSS 10.3.3; ASVS 5.0 16.4.3. The age is a design default."""
    elsewhere, signer = ground.elsewhere(), ground.verifier()
    if elsewhere is None or signer is None:
        raise failed(
            "没有设置树头的导出位置（设置 heads），改写日志者无人可证",
            "no place outside is set for heads (setting heads)",
        )
    verifier = tree_verifier(signer)
    try:
        heads = journal.read_heads(elsewhere.read(), verifier)
    except CheckpointRefused as refused:
        raise failed("导出的树头中有不是本平台签名的", f"an exported head is not signed by us: {refused}") from None
    except OSError:
        raise failed("导出的树头读不到", "the exported heads can't be read") from None
    if not heads:
        raise failed("还没有导出任何树头", "no head was exported yet")
    newest = max(heads, key=lambda each: each.seq)
    with ground.journal() as log:
        total = log.next_seq()
        tree, uncovered_us = Tree(), None
        for frame in log.read(0):
            records = journal.unseal(frame.batch).records
            if tree.size < newest.seq:
                tree.extend(records[: newest.seq - frame.first])
            if uncovered_us is None and frame.first + frame.count > newest.seq:
                first = decode(records[max(newest.seq - frame.first, 0)])
                uncovered_us = first.received_us
                break
    now_us = ground.clock.now_us()
    age_us = 0 if uncovered_us is None else now_us - uncovered_us
    evidence: Evidence = {
        "heads": len(heads), "newest_records": newest.seq, "newest_at": format_instant(newest.at_us),
        "root": newest.head.hex(), "journal_records": total, "not_covered": max(0, total - newest.seq),
        "not_covered_minutes": age_us // MINUTE_US,
    }  # fmt: skip
    if newest.seq > total:
        raise failed(
            "导出的树头覆盖的记录比日志现有的多：日志被截短", "the head covers more than the journal has", **evidence
        )
    if tree.root != newest.head:
        raise failed("导出的树头与日志不符：历史被改动", "the exported head is of another history", **evidence)
    if age_us > asked.whole("minutes_max") * MINUTE_US:
        raise failed("最近的记录久未被导出的树头覆盖", "records have gone uncovered for too long", **evidence)
    return evidence


@check(
    "retention",
    "日志从第一条起完整保存、可直接读取，没有任何一段被删",
    "The journal is kept from its first record on and can be read at once; no stretch of it is gone",
)
def retention(ground: Ground, _: Asked) -> Evidence:
    """C33, its part about keeping. PCI DSS 10.5.1: twelve months, three of them at hand; 网络安全法 six months."""
    with ground.journal() as log:
        total, next_, digest = log.next_seq(), 0, hashlib.sha256()
        oldest_us: int | None = None
        last: Frame | None = None
        for frame in log.read(0):
            if frame.first != next_:
                raise failed(
                    "日志中间缺少一段", f"the journal misses records {next_} to {frame.first - 1}", first_missing=next_
                )
            next_ = frame.first + frame.count
            opened = journal.unseal(frame.batch)
            if oldest_us is None:
                oldest_us = decode(opened.records[0]).received_us
            digest.update(opened.head)
            last = frame
        newest_us = None if last is None else decode(journal.unseal(last.batch).records[-1]).received_us
    evidence: Evidence = {
        "records": next_, "batches_digest": digest.hexdigest(),
        "oldest": None if oldest_us is None else format_instant(oldest_us),
        "days_kept": 0 if oldest_us is None or newest_us is None else (newest_us - oldest_us) // DAY_US,
    }  # fmt: skip
    if next_ != total:
        raise failed("日志的末尾读不到", "the journal's end can't be read", **evidence)
    if not next_:
        raise could_not_run("日志还是空的", "the journal is empty")
    return evidence


@check(
    "replays_alike",
    "重演最近的决策：在日志所载事实上重新决定，逐字节相同",
    "The newest decisions made again on their journalled facts: every byte is the same",
    decisions=200,
)
def replays_alike(ground: Ground, asked: Asked) -> Evidence:
    """Why a decision was made can be shown afterwards. 电子签名法 and PIPL art. 24 (from memory)."""
    with ground.journal() as log:
        seqs = list(islice(_newest_decisions(log), asked.whole("decisions")))
        if not seqs:
            raise could_not_run("日志中还没有决策", "there is no decision yet")
        archive = Archive(log)
        different = [seq for seq in seqs if prove(archive, seq).causes]
    evidence: Evidence = {"decisions": len(seqs), "first": seqs[-1], "last": seqs[0], "different": different}
    if different:
        raise failed(
            f"有 {len(different)} 条决策重演的结果不同", f"{len(different)} decisions come out otherwise", **evidence
        )
    return evidence


def _newest_decisions(log: Log) -> Iterator[int]:
    end = log.next_seq()
    while end > 0:
        frame = next(iter(log.read(end - 1)), None)
        if frame is None:
            return
        for at, record in reversed(list(enumerate(journal.unseal(frame.batch).records))):
            if frame.first + at < end and record[1] == DECISION:
                yield frame.first + at
        end = frame.first


@check(
    "starts_recorded",
    "审计的启动与停止本身有记录；停止之前的记录不缺",
    "That the platform began and ended is in the record itself",
)
def starts_recorded(ground: Ground, _: Asked) -> Evidence:
    """C31, its part about starts. PCI DSS 10.2.1.6."""
    found = {"platform.start": 0, "platform.stop": 0}
    last = ""
    with ground.journal() as log:
        decisions = len(list(islice(_newest_decisions(log), 1)))
        for _seq, record in Archive(log).others(log.next_seq()):
            if isinstance(record, ActionRecord) and record.what in found:
                found[record.what] += 1
                last = record.what
    evidence: Evidence = {"starts": found["platform.start"], "stops": found["platform.stop"], "last": last}
    if decisions and not found["platform.start"]:
        raise failed("平台做过决策，却没有启动的记录", "decisions were made, and no start was recorded", **evidence)
    if found["platform.stop"] > found["platform.start"]:
        raise failed("停止的记录多于启动", "more ends than beginnings are recorded", **evidence)
    if not found["platform.start"]:
        raise could_not_run("平台还没有启动过", "the platform was never started")
    return evidence
