"""Changes of lists: entries added, given another end, or taken off, by two people where the settings say so.

What was typed is a token before anything is kept, and its clear text is sealed before the record that mentions the
token. What was approved is told by the front door, as events that count once.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from jindi.access import Principal
from jindi.basics.instants import format_instant
from jindi.run.answered import fingerprint
from jindi.run.approvals.book import Entry
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.audit import NotRecorded
from jindi.run.intake import OWN_IDS
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.listed.changes import AskedChange, Checked, KeptChange, KeptEntry, LineProblem, checked, ends_of
from jindi.run.listed.roster import is_of_staff
from jindi.run.platform import Platform
from jindi.run.state import LIST_ENTRY

if TYPE_CHECKING:
    from jindi.run.reveals import Reveals

WHAT: Final = "list.change"
TOLD_AT_ONCE: Final = 64
LINES_SHOWN: Final = 500
"""So many entries stand in the lines that are approved; all stand in the payload, and so under the digest."""

MOVE_WORDS: Final = {
    "add": ("加入", "add"), "extend": ("调整到期", "change the end"), "remove": ("移除", "take off"),
}  # fmt: skip
COLOUR_WORDS: Final = {"black": ("黑名单", "black"), "white": ("白名单", "white"), "grey": ("灰名单", "grey")}


class UnfitLines(Unfit):
    """Lines of a change that can't be taken, each with its number; `zh` and `en` are the first of them."""

    def __init__(self, problems: tuple[LineProblem, ...]) -> None:
        first, more = problems[0], len(problems) - 1
        zh, en = first.zh, first.en
        if first.line:
            zh, en = f"第 {first.line} 行：{zh}", f"line {first.line}: {en}"
        if more:
            zh, en = f"{zh}（另有 {more} 处）", f"{en} (and {more} more)"
        super().__init__(zh, en)
        self.problems = problems


class NotTaken(Exception):  # noqa: N818 - the book keeps its name
    """A policy did not let a change of a list through."""


class Changing(AtOnce[AskedChange, KeptChange]):
    """Change a list. It is changed in the name of whoever asked, and each event says by which operation."""

    what, asked, kept = WHAT, AskedChange, KeptChange
    payload_max = 400_000

    def __init__(self, platform: Platform, reveals: "Reveals | None" = None) -> None:
        """With `reveals` people see masks beside tokens, as far as they may."""
        self._platform, self._reveals = platform, reveals

    def check(self, asked: AskedChange) -> Checked:
        """What is wrong with a change, and what would be kept of it."""
        definition = self._platform.program.definitions.lists.get(asked.list)
        if definition is not None and is_of_staff(definition):
            zh = "员工监测的名单由人事系统以事件维护，不在此变更"
            return Checked(
                None, (LineProblem(0, zh, "lists for watching staff are told by events, and not changed here"),)
            )
        return checked(self._platform, asked)

    async def prepare(self, asked: AskedChange) -> KeptChange:
        """The same with tokens in the place of identifiers."""
        found = self.check(asked)
        if found.kept is None:
            raise UnfitLines(found.problems)
        return found.kept

    async def before_record(self, asked: AskedChange) -> None:
        """Seal what the vault does not hold yet: a token whose clear text is lost could be shown to nobody."""
        vault, personal = self._platform.vault, self.check(asked).personal
        if vault is not None and personal:
            await asyncio.to_thread(vault.commit, personal, self._platform.now_us())

    async def base(self, kept: KeptChange) -> object:
        """What the list is, and what it says of these values now."""
        definition = self._platform.program.definitions.lists.get(kept.list)
        if definition is None:
            return None
        members = self._platform.lane.state.lists.entries[kept.list]
        standing = [[members[each.value]] if each.value in members else None for each in kept.entries]
        return [definition.colour, str(definition.of), standing]

    def alone(self, kept: KeptChange) -> bool:
        """Whether the settings let one person do it."""
        definition = self._platform.program.definitions.lists.get(kept.list)
        return definition is not None and f"{definition.colour}.{kept.move}" in self._platform.settings.lists_alone

    async def is_done(self, kept: KeptChange) -> bool:
        """Whether the list is so already."""
        members = self._platform.lane.state.lists.entries.get(kept.list)
        if members is None:
            return False
        if kept.move == "remove":
            return all(each.value not in members for each in kept.entries)
        return all(each.value in members and members[each.value] == each.expires_us for each in kept.entries)

    async def apply(self, kept: KeptChange, now_us: int) -> None:  # noqa: ARG002 - events have the approval's time
        """Tell each entry by the front door. What a crash leaves untold is told again, under the same ids."""
        entry = self._entry_of(kept)
        for first in range(0, len(kept.entries), TOLD_AT_ONCE):
            numbered = enumerate(kept.entries[first : first + TOLD_AT_ONCE], first)
            await self._tell(entry, kept, numbered)

    async def _tell(self, entry: Entry, kept: KeptChange, numbered: Iterable[tuple[int, KeptEntry]]) -> None:
        platform, futures = self._platform, list[asyncio.Future[bytes]]()
        now_us, answered = platform.now_us(), platform.lane.state.answered
        try:
            for number, each in numbered:
                identifier = f"{OWN_IDS}{entry.id}-{number}"
                if answered.find(fingerprint(identifier)) is not None:
                    continue
                fields = {
                    "list": kept.list, "value": each.value, "action": "remove" if kept.move == "remove" else "add",
                    "reason": each.reason or kept.reason, "by": entry.asked.name,
                }  # fmt: skip
                if each.expires_us is not None:
                    fields["expires"] = format_instant(each.expires_us)
                try:
                    event = platform.intake.make(LIST_ENTRY, identifier, entry.approved_us, fields)
                    futures.append(platform.lane.submit(event, now_us))
                except Conflict:
                    continue  # told before, under definitions that have changed since
            answers = await asyncio.gather(*futures)
        except (Busy, Stopped):
            await asyncio.gather(*futures, return_exceptions=True)
            raise NotRecorded("the lane takes no more now; the rest is told later") from None
        if any(msgspec.json.decode(each)["outcome"] != "allow" for each in answers):
            raise NotTaken

    def _entry_of(self, kept: KeptChange) -> Entry:
        """The operation that is being done: the newest of exactly this content that has its approvals."""
        payload, now_us = self.pack(kept), self._platform.now_us()
        return next(
            each for each in self._platform.approvals.newest()
            if each.asked.what == self.what and each.asked.payload == payload and each.state(now_us) == "approved"
        )  # fmt: skip

    def on(self, kept: KeptChange) -> str:
        """The list, and how much of it."""
        return f"{kept.list} {kept.move} {len(kept.entries)}"

    def rows(self, kept: KeptChange) -> int:
        """None: a change gives nothing out."""
        return super().rows(kept)

    def lines(self, kept: KeptChange) -> tuple[Line, ...]:
        """The list, the move, how many entries, until when, why, and the first entries."""
        return (*self._head(kept), *self._entries(kept, {}))

    async def lines_for(self, kept: KeptChange, who: Principal) -> tuple[Line, ...]:
        """The same with masks beside tokens, as far as somebody may see them."""
        return (*self._head(kept), *self._entries(kept, await self.masks(kept.entries[:LINES_SHOWN], who)))

    async def masks(self, entries: Iterable[KeptEntry], who: Principal) -> dict[str, str]:
        """The masks of entries, by token, as far as somebody may see them."""
        found: dict[str, str] = {}
        if self._reveals is not None:
            for each in entries:
                if (mask := await self._reveals.mask(who, each.value)) is not None:
                    found[each.value] = mask
        return found

    def _head(self, kept: KeptChange) -> Iterable[Line]:
        definition = self._platform.program.definitions.lists.get(kept.list)
        zh, en = MOVE_WORDS[kept.move]
        yield Line("名单", "List", kept.list)
        if definition is not None:
            colour_zh, colour_en = COLOUR_WORDS[definition.colour]
            yield Line("名单类别", "Colour", f"{colour_zh} / {colour_en}", (colour_zh, colour_en))
            doc = definition.doc
            yield Line("名单说明", "What it is", f"{doc.zh} {doc.en}", (doc.zh, doc.en))
        yield Line("变更", "Change", f"{zh} / {en}", (zh, en))
        yield Line("条目数", "Entries", f"{len(kept.entries):,}")
        yield Line("原因", "Why", kept.reason)
        if kept.move != "remove":
            first_us, last_us, forever = ends_of(kept.entries)
            if first_us is not None and last_us is not None:
                ends = format_instant(first_us)
                yield Line("到期", "Ends", ends if first_us == last_us else f"{ends} – {format_instant(last_us)}")
            if forever:
                yield Line("长期有效", "For good", f"{forever:,}")

    def _entries(self, kept: KeptChange, masks: dict[str, str]) -> Iterable[Line]:
        for number, each in enumerate(kept.entries[:LINES_SHOWN], 1):
            mask = masks.get(each.value)
            text = each.value if mask is None else f"{mask} · {each.value}"
            more = [] if each.expires_us is None else [format_instant(each.expires_us)]
            more += [each.reason] if each.reason else []
            yield Line(f"第 {number} 条", f"Entry {number}", " · ".join([text, *more]))
        if len(kept.entries) > LINES_SHOWN:
            yield Line("其余", "And", f"+{len(kept.entries) - LINES_SHOWN:,}")
