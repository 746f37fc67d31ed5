"""Erasures that hold: whoever the journal says was erased is erased again when an older key book has brought him back.

The record comes before its effect, so this also finishes what a loss of power has cut short. Where the last look ended
is noted in the key book itself: an older book brings its older note along, and is looked at from there.
"""

from collections.abc import Iterator

from jindi import journal
from jindi.ports import Log
from jindi.run.records import ACTION, APPROVAL_PREFIX, ActionRecord, decode
from jindi.vault import Vault

ERASE = "subject.erase"
"""The action whose record says that the subject that it names was erased."""


def erase_again(vault: Vault, log: Log, now_us: int) -> int:
    """Erase whom the journal says was erased and who is there all the same; how many there were.

    Raises LogFailure, VaultFailure.
    """
    end = log.next_seq()
    since = vault.erasures_known
    # A journal that is shorter than the note is another one, or older: all of it is looked at.
    returned = vault.erase_again(_erasures(log, since if since <= end else 0), now_us)
    vault.know_erasures(end)
    return returned


def _erasures(log: Log, since: int) -> Iterator[tuple[str | int, int]]:
    """Whom the journal says was erased, and when, from record `since` on. What one person alone did names the subject;
    what takes four eyes, and so belongs to an approval, his number in the vault, for that is all that it may say.
    """
    if since >= log.next_seq():
        return
    for frame in log.read(since):
        for record in journal.unseal(frame.batch).records:
            if record[1] == ACTION:  # a record's second byte is its kind
                action = decode(record)
                if isinstance(action, ActionRecord) and action.what == ERASE and action.allowed and action.on:
                    is_approved = action.case.startswith(APPROVAL_PREFIX)
                    yield int(action.on, 16) if is_approved else action.on, action.received_us
