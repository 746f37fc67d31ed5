"""Checks of the vault: what is sealed, under which keys, and whether an identifier's token gives it away."""

import hashlib
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from jindi.basics.digests import digest
from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.instants import DAY_US, format_instant
from jindi.ports import SealedRow, VaultFailure
from jindi.run.controls.ground import Evidence, Ground, Scratch, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.controls.worlds import CANARIES
from jindi.vault import PROFILES, USES_MAX, CannotOpen, Personal, Tokens, Vault, is_token, nonce_of

REST_S: Final = 0.001
_STOLEN: Final = "a subject's key to another subject"


@contextmanager
def _scratch_vault(ground: Ground) -> Iterator[tuple[Scratch, Vault]]:
    with ground.scratch() as scratch:
        vault, _, _ = scratch.vault()
        try:
            yield scratch, vault
        finally:
            vault.close()


def _people(scratch: Scratch, count: int) -> list[Personal]:
    tokens = scratch.tokens()
    phones = [f"139{number:08d}" for number in range(count)]
    return [Personal(f"check-{number}", tokens.token("phone", each), each) for number, each in enumerate(phones)]


def _opens(work: Callable[[], object]) -> bool:
    try:
        work()
    except CannotOpen:
        return False
    return True


@check(
    "sealed_in_place",
    "把密文换到另一行、另一主体、另一密钥版本：一律打不开",
    "Sealed texts moved to another row, another subject, another version of the ring: none of them opens",
)
def sealed_in_place(ground: Ground, _: Asked) -> Evidence:
    """C02. ASVS 5.0 11.3.3, 8.4.1."""
    with ground.scratch() as scratch:
        vault, store, ring = scratch.vault()
        try:
            tokens = scratch.tokens()
            phone, mail = (tokens.token(kind, CANARIES[kind]) for kind in ("phone", "email"))
            people = [Personal(who, token, CANARIES[kind]) for who in ("one", "other")
                      for kind, token in (("phone", phone), ("email", mail))]  # fmt: skip
            vault.commit(people, scratch.clock.now_us())
            if not all(_opens(lambda who=who: vault.export(who)) for who in ("one", "other")):  # type: ignore[misc]
                raise could_not_run("刚写入的行就打不开", "rows that were just written do not open")
            one, other = store.subject("one"), store.subject("other")
            if one is None or other is None:
                raise could_not_run("刚写入的主体找不到", "subjects that were just written are not there")
            mine = {row.token: row for row in store.rows_of(one.number)}
            theirs = {row.token: row for row in store.rows_of(other.number)}
            moves: dict[str, list[SealedRow]] = {
                "to another row of the subject": [mine[phone]._replace(sealed=mine[mail].sealed)],
                "to the same row of another subject": [mine[phone]._replace(sealed=theirs[phone].sealed)],
            }
            opened = []
            for name, rows in moves.items():
                store.replace(rows)
                if _opens(lambda: vault.export("one")):
                    opened.append(name)
                store.replace([mine[phone]])
            bound = b"check"
            ring.rotate(scratch.clock.now_us())
            version, wrapped = ring.wrap(b"key", bound)
            places: dict[str, Callable[[], object]] = {
                "a key to another version of the ring": lambda: ring.unwrap(version - 1, wrapped, bound),
                "a key to another place": lambda: ring.unwrap(version, wrapped, b"elsewhere"),
            }
            store.rewrap([one._replace(wrapped=other.wrapped)])
            # The rows would not open with another's key anyway: it is the key itself that must not.
            if "one" not in vault.check().closed_subjects:
                opened.append(_STOLEN)
            opened += [name for name, work in places.items() if _opens(work)]
        finally:
            vault.close()
    evidence: Evidence = {"moves": [*moves, *places, _STOLEN], "opened": opened}
    if opened:
        raise failed("移动过的密文仍能打开", "a sealed text opens in a place that it was not sealed for", **evidence)
    return evidence


@check(
    "flipped_bits",
    "翻转密文的每一位：一律被拒，且答复完全相同",
    "Every bit of a sealed text flipped, one at a time: all are refused, in the very same words",
)
def flipped_bits(ground: Ground, _: Asked) -> Evidence:
    """C03. ASVS 5.0 11.2.5, 11.3.3."""
    tried: dict[str, int] = {}
    for profile in PROFILES:
        sealer, bound = ground.sealer(profile), b"check"
        sealed = sealer.seal(b"13964207531", bound)
        if sealer.open(sealed, bound) != b"13964207531":
            raise failed("密文打开后不是原文", "what opens is not what was sealed", profile=profile)
        words: set[str] = set()
        for bit in range(8 * len(sealed)):
            bent = bytearray(sealed)
            bent[bit // 8] ^= 1 << bit % 8
            try:
                sealer.open(bytes(bent), bound)
            except CannotOpen as refusal:
                words.add(str(refusal))
            except Exception as error:  # noqa: BLE001 - another answer is an oracle
                words.add(type(error).__name__)
            else:
                raise failed(
                    "有一位被翻转的密文仍能打开", "a sealed text with a flipped bit opens", profile=profile, bit=bit
                )
        if len(words) != 1:
            raise failed(
                "拒绝的答复不一致，可被用作神谕", "the refusals differ, so they tell what was wrong",
                profile=profile, answers=sorted(words),
            )  # fmt: skip
        tried[profile] = 8 * len(sealed)
    return {"bits": tried, "refused": sum(tried.values())}


@check(
    "key_inventory",
    "密钥清单：编号、算法、状态、启用日期、用量；没有超过期限或次数的",
    "Inventory of the ring's keys: number, algorithm, state, age, uses; none beyond its period or its uses",
    is_here=True,
    days_max=365,
)
def key_inventory(ground: Ground, asked: Asked) -> Evidence:
    """C04. ASVS 5.0 11.1.2, 13.3.4. 2^32 uses: NIST SP 800-38D 8.3. The period is a design default."""
    now_us, days_max = ground.clock.now_us(), asked.whole("days_max")
    with ground.vault() as vault:
        status = vault.status()
    keys = [
        {
            "version": each.number, "algorithm": each.profile, "state": each.state,
            "created": format_instant(each.created_us), "days": (now_us - each.created_us) // DAY_US,
            "uses_at_most": each.uses, "subjects": status.counts.versions.get(each.number, 0),
        }
        for each in status.versions
    ]  # fmt: skip
    active = [each for each in status.versions if each.state == "active"]
    evidence: Evidence = {"keys": keys, "days_max": days_max, "uses_max": USES_MAX, "waiting": status.waiting}
    if len(active) != 1:
        raise failed("生效的密钥不是恰好一把", f"{len(active)} keys are active, not one", **evidence)
    if now_us - active[0].created_us > days_max * DAY_US:
        raise failed(
            f"生效的密钥已用满 {days_max} 天，应当轮换", f"the active key is older than {days_max} days: rotate it",
            **evidence,
        )  # fmt: skip
    if active[0].uses >= USES_MAX:
        raise failed("生效的密钥已达到使用次数上限", "the active key has been used as often as it may be", **evidence)
    unknown = set(status.counts.versions) - {each.number for each in status.versions if each.state != "destroyed"}
    if unknown:
        raise failed(
            "有主体密钥由清单之外或已销毁的版本封装", "subjects' keys lie under versions that are not in the ring",
            unknown=sorted(unknown), **evidence,
        )  # fmt: skip
    return evidence


@check(
    "rotation_drill",
    "轮换演练：轮换、全部重新封装、销毁旧版本；旧封装被拒，行数与内容不变",
    "Rotation drill: rotate, re-wrap all, destroy the old version; old wraps are refused, rows stay what they were",
    subjects=200,
)
def rotation_drill(ground: Ground, asked: Asked) -> Evidence:
    """C05. ASVS 5.0 11.2.2; PCI DSS 3.7.4."""
    with ground.scratch() as scratch:
        vault, store, ring = scratch.vault()
        try:
            people = _people(scratch, asked.whole("subjects"))
            vault.commit(people, scratch.clock.now_us())
            before = _contents(vault, people)
            old = ring.active.number
            kept = list(store.subjects(limit=5))
            began = time.monotonic()
            made = vault.rotate(scratch.clock.now_us())
            rewrapped = 0
            while more := vault.rewrap(1_000):
                rewrapped += more
            took_s = time.monotonic() - began
            waiting = vault.status().waiting
            if waiting == 0:
                vault.destroy(old, scratch.clock.now_us())
            after = _contents(vault, people)
            store.rewrap(kept)  # as an old copy of the key book would have them
            still = [each.name for each in kept if _opens(lambda each=each: vault.export(each.name))]  # type: ignore[misc]
        finally:
            vault.close()
    evidence: Evidence = {
        "subjects": len(people), "from_version": old, "to_version": made.number, "rewrapped": rewrapped,
        "waiting": waiting, "seconds": round(took_s, 3), "old_wraps_tried": len(kept), "old_wraps_opened": len(still),
        "contents_before": before, "contents_after": after,
    }  # fmt: skip
    if waiting or rewrapped != len(people):
        raise failed("重新封装后仍有密钥留在旧版本", "keys were left under the old version", **evidence)
    if still:
        raise failed("旧版本销毁后，旧封装仍能打开", "what the old version wrapped opens after it is gone", **evidence)
    if before != after:
        raise failed("轮换前后的内容不同", "what opens after the rotation is not what opened before", **evidence)
    return evidence


def _contents(vault: Vault, people: list[Personal]) -> str:
    """A digest of all that opens, in order."""
    opened = [f"{each.subject} {row.token} {row.clear}" for each in people for row in vault.export(each.subject)]
    return digest("\n".join(opened).encode())


@check(
    "keyed_tokens",
    "标识符的令牌由密钥生成、按类分开、至少 128 位：没有密钥，百万个手机号的字典一个也对不上",
    "Tokens are keyed, apart for each kind, of 128 bits: without the key a dictionary of phones hits none",
    phones=1_000_000,
)
def keyed_tokens(ground: Ground, asked: Asked) -> Evidence:
    """C06. PCI DSS 4.0.1 3.5.1.1: hashes of numbers that can all be tried must be keyed."""
    tokens, count = ground.tokens(), asked.whole("phones")
    sample = {tokens.token("phone", f"139{number:08d}").partition(".")[2] for number in range(0, count, count // 100)}
    bits = min(len(each) for each in sample) * 6
    guessers: dict[str, Callable[[bytes], bytes]] = {
        "SHA-256": lambda text: hashlib.sha256(text).digest(),
        "BLAKE2b": lambda text: hashlib.blake2b(text, digest_size=16).digest(),
        "BLAKE2b, key of zeros": lambda text: hashlib.blake2b(text, digest_size=16, key=bytes(32)).digest(),
        "SHA-512": lambda text: hashlib.sha512(text).digest(),
    }
    hits: dict[str, int] = dict.fromkeys(guessers, 0)
    stolen = {urlsafe_b64decode(code + "==") for code in sample}
    prefix = NORMAL_FORMS["phone"]("13900000000")[:-8].encode()
    for number in range(count):
        form = b"%b%08d" % (prefix, number)
        for name, guess in guessers.items():
            hits[name] += guess(form)[:16] in stolen
    # A key of zeros made into tokens is what a key that was never set would give.
    zero = Tokens(bytes(32))
    hits["our tokens, key of zeros"] = sum(
        zero.token("phone", f"139{number:08d}").partition(".")[2] in sample for number in range(0, count, count // 100)
    )
    kinds = {kind: tokens.token(kind, "canary-device-7531").partition(".")[2] for kind in ("device", "account")}
    evidence: Evidence = {"tried": count, "sample": len(sample), "bits": bits, "hits": hits}
    if any(hits.values()):
        raise failed("不用密钥也能还原令牌", "tokens can be reversed without the key", **evidence)
    if bits < 128 or len(sample) < 100:
        raise failed("令牌不足 128 位或有重复", "tokens have fewer than 128 bits, or collide", **evidence)
    if len(set(kinds.values())) != len(kinds):
        raise failed("不同类别的令牌相同", "two kinds of identifier share a token", **evidence)
    if not is_token("phone", tokens.token("phone", CANARIES["phone"])):
        raise failed("令牌的形式不对", "a token does not have a token's form", **evidence)
    return evidence


@check(
    "nonces_unique",
    "扫描全部密文的随机数：同一把密钥之下没有重复",
    "The nonces of sealed texts: none twice under one key",
    is_here=True,
    seals_max=1_000_000,
)
def nonces_unique(ground: Ground, asked: Asked) -> Evidence:
    """C07. ASVS 5.0 11.3.4. AES-GCM takes a nonce twice without a word, and gives its key away."""
    most, seen, after, repeated = asked.whole("seals_max"), set[tuple[str, bytes]](), -1, 0
    with ground.vault() as vault:
        while len(seen) + repeated < most:
            page, last = vault.seals(after)
            if last is None:
                break
            after = last
            for key, sealed in page:
                pair = (key, nonce_of(sealed))
                repeated += pair in seen
                seen.add(pair)
            time.sleep(REST_S)
    evidence: Evidence = {"seals": len(seen) + repeated, "keys": len({key for key, _ in seen}), "repeated": repeated}
    if repeated:
        raise failed("同一把密钥下有重复的随机数", "a nonce was used twice under one key", **evidence)
    if not seen:
        raise could_not_run("保险库中还没有密文", "the vault holds nothing yet")
    return evidence


@check(
    "erasure_drill",
    "删除演练：主体密钥销毁后，行被清除；把旧行从副本放回，仍然读不出任何内容",
    "Erasure drill: with the subject's key destroyed the rows go; put back from a copy, they open no more",
)
def erasure_drill(ground: Ground, _: Asked) -> Evidence:
    """C33, its part about erasure. ASVS 5.0 14.2.7; GB/T 22239 8.1.4.10; PIPL art. 47 (from memory)."""
    with _scratch_vault(ground) as (scratch, vault):
        store = scratch.vault()[1]
        people = _people(scratch, 3)
        vault.commit(people, scratch.clock.now_us())
        exported = vault.export(people[0].subject)
        right = vault.correct(people[1].subject, people[1].token, "13700000001", scratch.tokens(),
                              scratch.clock.now_us())  # fmt: skip
        corrected = [row.clear for row in vault.export(people[1].subject)]
        subject = store.subject(people[0].subject)
        assert subject is not None, "it was just made"
        copies = list(store.rows_of(subject.number))
        dropped = vault.erase(people[0].subject, scratch.clock.now_us())
        gone = vault.look_up(people[0].token)
        # Rows of a copy come back; their key doesn't.
        try:
            store.add([], copies)
            back = vault.look_up(people[0].token)
            purged = store.purge()
        except VaultFailure:
            raise could_not_run("旧行放不回保险库", "rows could not be put back into the vault") from None
        others = vault.export(people[2].subject)
    evidence: Evidence = {
        "exported": len(exported), "dropped": dropped, "found_after": len(gone), "found_after_copy": len(back),
        "copies_purged": purged, "others_open": len(others),
    }  # fmt: skip
    if len(exported) != 1 or corrected.count("13700000001") == 0 or not right:
        raise failed("查阅或更正没有生效", "export or correction did not do what it promises", **evidence)
    if gone or back or dropped != 1:
        raise failed("删除后的个人信息仍能读出", "what was erased can still be read", **evidence)
    if not others:
        raise failed("删除影响了其他主体", "the erasure took others' data along", **evidence)
    return evidence
