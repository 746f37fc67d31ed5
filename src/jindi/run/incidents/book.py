"""The book of incidents: made of the journal alone. There are hundreds, not millions, so all of them are in memory and
in each snapshot; what people wrote into the timeline stays in the journal and is read when somebody looks.
"""

from typing import Any

import msgspec

from jindi import journal
from jindi.cases.case import Taken
from jindi.cases.incidents import Clock, Incident, incident_id, opened, stepped, with_clocks
from jindi.cases.incidents_steps import Open, unpack_step
from jindi.ports import Log
from jindi.run.records import INCIDENT, IncidentRecord, decode

_clocks: msgspec.json.Decoder[tuple[Clock, ...]] = msgspec.json.Decoder(tuple[Clock, ...])


class Incidents(msgspec.Struct, array_like=True):
    """All incidents by their ids, in the order in which they were opened."""

    all: dict[str, Incident] = msgspec.field(default_factory=dict)

    def note(self, seq: int, record: Any) -> None:
        """Take in a record of the journal; what is no step with an incident says nothing here."""
        if not isinstance(record, IncidentRecord):
            return
        try:
            step, clocks = unpack_step(record.body), _clocks.decode(record.clocks)
        except msgspec.ValidationError:
            return  # a later version of Jindi wrote it
        by = Taken(record.name, record.received_us)
        if isinstance(step, Open):
            self.all[incident_id(seq)] = with_clocks(opened(seq, step, by), clocks)
        elif (incident := self.all.get(record.incident)) is not None:
            self.all[incident.id] = with_clocks(stepped(incident, step, by, seq), clocks)

    def newest(self) -> list[Incident]:
        """All of them, the newest first."""
        return [*reversed(self.all.values())]


def read(log: Log) -> Incidents:
    """All incidents of a journal. Raises LogFailure."""
    found = Incidents()
    for frame in log.read(0):
        for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
            if raw[1] == INCIDENT:  # a record's second byte is its kind
                found.note(seq, decode(raw))
    return found
