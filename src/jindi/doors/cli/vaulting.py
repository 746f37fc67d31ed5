"""What is done with a vault at rest: its keys, and one person's rights. Read by people in two languages."""

import sys
from collections.abc import Callable
from typing import TypeVar

import typer
from rich.table import Table

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.auditing import caller
from jindi.doors.cli.output import Output
from jindi.doors.cli.requesting import day, definitions, found_requests, right_named, today
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.run.audit import record_alone
from jindi.run.requests import CLOSE, OPEN, Ending, closed, due_on, id_of, opened
from jindi.vault import Vault, profile_named

REWRAP_AT_ONCE = 10_000
RESEAL_AT_ONCE = 2_000
"""Subjects sealed anew between two syncs, while nobody waits."""

Had = TypeVar("Had")


class Keeping:
    """A vault, opened by this command alone."""

    def __init__(self, vault: Vault, wiring: Wiring, settled: Settled, output: Output) -> None:
        self._vault, self._wiring, self._settled, self._output = vault, wiring, settled, output
        self._now_us = wiring.clock.now_us()

    def _record(self, what: str, on: str) -> int:
        """Journal an action before it is done, and say where; LogFailure or Problems, and nothing is done."""
        log = self._wiring.open_log(self._settled)
        try:
            return record_alone(log, caller(), what, on, self._now_us)
        finally:
            log.close()

    def _record_of(self, what: str, subject: str) -> None:
        """The same for one person. A name that the vault doesn't know may be anybody's number: it is not written."""
        self._record(what, subject if self._vault.has(subject) else "")

    # ---- keys

    def status(self) -> None:
        """How much there is, and under which keys."""
        found = self._vault.status()
        versions = [
            {
                "version": each.number, "cipher": each.profile, "state": each.state, "created": _at(each.created_us),
                "retired": _at(each.retired_us) or None, "destroyed": _at(each.destroyed_us) or None,
                "uses_at_most": each.uses, "subjects": found.counts.versions.get(each.number, 0),
            }
            for each in found.versions
        ]  # fmt: skip
        counts = {"subjects": found.counts.subjects, "erased": found.counts.erased, "rows": found.counts.rows}
        left = {"waiting": found.waiting, "to_reseal": found.to_reseal}
        self._output.give({"ok": True, **counts, **left, "versions": versions})
        if self._output.as_json:
            return
        self._output.say(
            f"信息主体 subjects: {counts['subjects']:,}   已删除 erased: {counts['erased']:,}"
            f"   行 rows: {counts['rows']:,}"
        )
        table = Table(
            "版本 version", "算法 cipher", "状态 state", "自 since", "信息主体 subjects", "用量至多 uses at most"
        )
        for each in found.versions:
            state = _STATES[each.state]
            subjects = f"{found.counts.versions.get(each.number, 0):,}"
            since = _at(each.destroyed_us or each.retired_us or each.created_us)
            table.add_row(str(each.number), each.profile, state, since, subjects, f"{each.uses:,}")
        self._output.out.print(table)
        if found.to_reseal is not None:
            self._output.say(f"待换主体密钥 subjects to be sealed anew: {found.to_reseal:,}")

    def rotate(self, cipher: str | None) -> None:
        """A new version wraps from now on."""
        try:
            profile = profile_named(cipher) if cipher is not None else None
        except ValueError as error:
            raise Problems([Problem("--cipher", "", str(error))]) from None
        self._record("vault.rotate", cipher or "")
        made = self._vault.rotate(self._now_us, profile)
        waiting = self._vault.status().waiting
        self._output.give({"ok": True, "version": made.number, "cipher": made.profile, "waiting": waiting})
        self._output.say(
            f"第 {made.number} 版（{made.profile}）生效，{waiting:,} 把信息主体密钥待重新封装。\n"
            f"Version {made.number} ({made.profile}) is active; {waiting:,} subjects' keys are to be re-wrapped."
        )

    def rewrap(self, *, destroy: bool) -> None:
        """All keys under the active version, and perhaps the old versions gone."""
        self._record("vault.rewrap", "")
        done = 0
        while more := self._vault.rewrap(REWRAP_AT_ONCE):
            done += more
        gone = []
        if destroy:
            gone = [each.number for each in self._vault.status().versions if each.state == "retired"]
            for number in gone:
                self._record("vault.destroy", f"version {number}")
                self._vault.destroy(number, self._now_us)
        self._output.give({"ok": True, "rewrapped": done, "destroyed": gone})
        self._output.say(f"已重新封装 {done:,} 把密钥。{done:,} keys are re-wrapped.")
        if gone:
            named = ", ".join(map(str, gone))
            self._output.say(f"已销毁版本 {named}。Destroyed: version {named}.")

    def reseal(self, *, later: bool) -> None:
        """A new key for each subject, and its rows sealed under it; or only asked of the platform's next start."""
        self._record("vault.reseal", "later" if later else "")
        asked = self._vault.status().to_reseal
        # What was begun goes on; keys that are newer than its beginning are new already.
        total = self._vault.begin_reseal(self._now_us) if asked is None else asked
        if later:
            self._output.give({"ok": True, "to_reseal": total})
            self._output.say(
                f"{total:,} 个信息主体待换密钥，平台运行时逐步完成。\n"
                f"{total:,} subjects are to be sealed anew; the running platform does it bit by bit."
            )
            return
        subjects = rows = skipped = 0
        is_done = False
        with self._output.progress() as progress:
            task = progress.add_task("sealing anew", total=total or None)
            while not is_done:
                turn = self._vault.reseal(self._wiring.clock.now_us(), RESEAL_AT_ONCE, RESEAL_AT_ONCE)
                subjects, rows, skipped = subjects + turn.subjects, rows + turn.rows, skipped + turn.skipped
                is_done = turn.is_done
                progress.update(task, completed=subjects + skipped)
        self._output.give({"ok": not skipped, "subjects": subjects, "rows": rows, "skipped": skipped})
        self._output.say(
            f"{subjects:,} 个信息主体换了新密钥，{rows:,} 行已重新加密。\n"
            f"{subjects:,} subjects have a new key; {rows:,} rows are sealed under it."
        )
        if skipped:
            self._output.say(
                f"✗ 跳过 {skipped:,} 个：其密钥或行打不开，见 jindi vault check。\n"
                f"✗ {skipped:,} were left as they are, for not all of theirs opens: see jindi vault check."
            )
            raise SystemExit(1)

    def recount(self, *, sure: bool) -> None:
        """Give up rows that are missing."""
        found = self._vault.check()
        if not sure:
            typer.confirm(
                f"放弃缺失的行（至少 {found.missing_rows:,}），以现有 {found.rows:,} 行为准？"
                f" Give up what is missing (at least {found.missing_rows:,} rows), and count the {found.rows:,} anew?",
                abort=True,
                err=True,
            )
        self._record("vault.recount", f"{found.tally}, {found.missing_rows} missing, {found.rows} there")
        rows = self._vault.recount(self._now_us)
        self._output.give({"ok": True, "rows": rows, "given_up": found.missing_rows})
        self._output.say(f"以现有 {rows:,} 行为准。The {rows:,} rows that are there are all from now on.")

    def change_root(self, where: str) -> None:
        """The ring under another root."""
        root = self._wiring.another_root(self._settled, where)
        self._record("vault.root", where)
        self._vault.change_root(root)
        self._output.give({"ok": True, "vault_root": where})
        self._output.say(
            f'密钥环已改由新的根密钥封装。请设置 vault_root = "{where}"，并销毁密钥环的旧副本。\n'
            f'The key ring is under the new root. Set vault_root = "{where}", and destroy old copies of the ring.'
        )

    def check(self) -> None:
        """Whether everything opens."""
        found = self._vault.check()
        wrong = {
            "subjects_that_do_not_open": len(found.closed_subjects),
            "rows_that_do_not_open": found.closed_rows,
            "rows_without_a_key": found.keyless_rows,
            "tally": found.tally,
            "rows_missing": found.missing_rows,
        }
        self._output.give({"ok": found.ok, "subjects": found.subjects, "rows": found.rows, **wrong})
        if found.ok:
            self._output.say(
                f"{found.subjects:,} 个信息主体、{found.rows:,} 行全部可解，一行不缺。"
                f"All of {found.subjects:,} subjects and {found.rows:,} rows open, and none is missing."
            )
            return
        if found.tally != "agrees":
            self._output.say(f"✗ {_TALLIES[found.tally]}   缺失至少 missing at least: {found.missing_rows:,}")
        if not (found.closed_subjects or found.closed_rows or found.keyless_rows):
            raise SystemExit(1)
        self._output.say(
            f"✗ 打不开：信息主体密钥 {len(found.closed_subjects):,}，行 {found.closed_rows:,}；"
            f"无密钥的行 {found.keyless_rows:,}\n"
            f"✗ do not open: {len(found.closed_subjects):,} subjects' keys, {found.closed_rows:,} rows;"
            f" {found.keyless_rows:,} rows have no key (see docs/vault.md, Restore)"
        )
        raise SystemExit(1)

    # ---- one person's rights

    def export(self, subject: str) -> None:
        """All that is kept of a subject."""
        self._record_of("subject.export", subject)
        rows = self._had(lambda: self._vault.export(subject))
        listed = [
            {"kind": each.kind, "token": each.token, "value": each.clear, "since": _at(each.since_us),
             "corrected": _at(each.corrected_us) or None}
            for each in rows
        ]  # fmt: skip
        self._output.give({"ok": True, "subject": subject, "rows": listed})
        if self._output.as_json:
            return
        self._output.say(f"{subject}: {len(rows):,} 行 rows")
        for row in rows:
            corrected = f"   更正于 corrected {_at(row.corrected_us)}" if row.corrected_us is not None else ""
            self._output.say(f"  {row.kind}  {row.clear}  {row.token}  自 since {_at(row.since_us)}{corrected}")

    def correct(self, subject: str, token: str) -> None:
        """The right text from standard input: arguments stand in the shell's history and in lists of processes."""
        clear = sys.stdin.readline().strip()
        tokens = self._wiring.tokens(self._settled)
        self._record_of("subject.correct", subject)
        try:
            right = self._had(lambda: self._vault.correct(subject, token, clear, tokens, self._now_us))
        except ValueError as error:
            raise Problems([Problem("standard input", "", str(error))]) from None
        self._output.give({"ok": True, "subject": subject, "token": token, "right_token": right})
        self._output.say(f"已更正；正确值的令牌 {right}。\nCorrected; the right value's own token is {right}.")

    def erase(self, subject: str, *, sure: bool) -> None:
        """Destroy a subject's key."""
        if not sure:
            typer.confirm(
                f"销毁 {subject} 的密钥？无法撤销。Destroy the key of {subject}? This can't be undone.",
                abort=True,
                err=True,
            )
        self._record_of("subject.erase", subject)
        dropped = self._had(lambda: self._vault.erase(subject, self._now_us))
        self._output.give({"ok": True, "subject": subject, "rows": dropped})
        self._output.say(
            f"{subject} 的密钥已销毁，{dropped:,} 行再不可读，行的备份亦然。"
            "密钥簿的旧副本须以新副本替换，见 docs/vault.md。\n"
            f"The key of {subject} is destroyed; {dropped:,} rows can't be read any more, in backups of the rows"
            " either. Replace old copies of the key book (docs/vault.md, Erasure)."
        )

    # ---- requests

    def open_request(self, right: str, subject: str, received: str | None) -> None:
        """Record a request and say when it is due."""
        known = definitions(self._wiring, self._settled)
        named, came = right_named(right), day(received, today(self._wiring, known))
        try:
            due, limit = due_on(named, came, known.limits)
            # A name that the vault doesn't know may be anybody's number.
            whose = subject if self._vault.has(subject) else self._wiring.tokens(self._settled).blind(subject)
            text = opened(named, whose, came, due)
        except (LookupError, ValueError) as error:
            raise Problems([Problem("request", "", str(error.args[0]), "see docs/vault.md, Requests")]) from None
        seq = self._record(OPEN, text)
        step = limit.on(came)
        self._output.give({
            "ok": True, "request": id_of(seq), "right": named, "subject": whose, "received": came.isoformat(),
            "due": due.isoformat(), "basis": step.basis.en, "mark": limit.mark_of(step),
        })  # fmt: skip
        self._output.say(f"{id_of(seq)}: 最迟答复 due {due}（{step.basis.zh}；{step.basis.en}；{limit.mark_of(step)}）")

    def close_request(self, request: str, *, refused: bool) -> None:
        """Record the end of a request."""
        found = {each.id: each for each in found_requests(self._wiring, self._settled).open}.get(request)
        if found is None:
            what = "there is no open request of this name"
            raise Problems([Problem("REQUEST", "", what, "see jindi subject requests")])
        ending: Ending = "refused" if refused else "done"
        self._record(CLOSE, closed(request, ending))
        self._output.give({"ok": True, "request": request, "ending": ending, "due": found.due.isoformat()})
        self._output.say(f"{request}: {'已拒绝 refused' if refused else '已答复 done'}")

    def _had(self, act: Callable[[], Had]) -> Had:
        try:
            return act()
        except LookupError as error:
            raise Problems([Problem("vault", "", str(error.args[0]), "see jindi vault status")]) from None


_TALLIES = {
    "differs": "行与计数不符：有行被删、被加或被换回旧值。"
    "Rows are not those that were counted: some were taken away, added, or put back as they were.",
    "older": "行的文件是旧副本。The file of the rows is an older copy than what was counted.",
    "gone": "计数缺失或被改。The count of the rows is gone or was changed.",
}

_STATES = {"active": "在用 active", "retired": "停用 retired", "destroyed": "已销毁 destroyed"}


def _at(at_us: int | None) -> str:
    return "" if at_us is None else format_instant(at_us)
