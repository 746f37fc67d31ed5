"""The book of reports: made of the journal alone. It holds how each stands, and nothing that any of them says."""

from typing import Any

import msgspec

from jindi import journal
from jindi.cases.filings import By, Report, filing_id, opened, stepped
from jindi.cases.filings_steps import Begun, Open, unpack_step
from jindi.parties.reporting.filing import NotPossible
from jindi.ports import Log
from jindi.run.records import REPORT, ReportRecord, decode

_clocks: msgspec.json.Decoder[tuple[Begun, ...]] = msgspec.json.Decoder(tuple[Begun, ...])


class Filings(msgspec.Struct, array_like=True):
    """All reports by their ids, in the order in which they were begun."""

    all: dict[str, Report] = msgspec.field(default_factory=dict)

    def note(self, seq: int, record: Any) -> None:
        """Take in a record of the journal; what is no step with a report says nothing here."""
        if not isinstance(record, ReportRecord):
            return
        try:
            step, clocks = unpack_step(record.body), _clocks.decode(record.clocks)
            by = By(record.name, record.received_us, record.marks)
            if isinstance(step, Open):
                self.all[filing_id(seq)] = opened(seq, step, by, clocks)
            elif (report := self.all.get(record.report)) is not None:
                self.all[report.id] = stepped(report, step, by, clocks, seq)
        except (msgspec.ValidationError, NotPossible):
            return  # a later version of Jindi wrote it

    def newest(self) -> list[Report]:
        """All of them, the newest first."""
        return [*reversed(self.all.values())]

    def of_case(self, case: str) -> list[Report]:
        """The reports that come from a case, the newest first."""
        return [each for each in self.newest() if each.case == case]


def read(log: Log) -> Filings:
    """All reports of a journal. Raises LogFailure."""
    found = Filings()
    for frame in log.read(0):
        for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
            if raw[1] == REPORT:  # a record's second byte is its kind
                found.note(seq, decode(raw))
    return found
