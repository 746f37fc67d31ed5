# ruff: noqa: E501 - tables of TOML are read by their columns
"""A shop whose decisions come to people as cases, and the desk where they are worked."""

import tempfile

import msgspec

from jindi.ports import CaseStoreFailure
from jindi.run.audit import Actor
from jindi.run.cases import Desk, Following
from jindi.run.labels import Labels
from jindi.run.records import CaseRecord, DecisionRecord
from jindi.stores import SqliteCases
from jindi.stores.files import FileBlobs, MemoryBlobs
from past_world import LABELS
from shop_world import POLICY, Shop, copied, shop_files

TYPOLOGIES = """
[theft]
doc = { zh = "盗用。", en = "Theft." }
by = "user"
severity = "high"
due = "4h"
step = [ { doc = { zh = "致电本人。", en = "Call the owner." } }, { doc = { zh = "看设备。", en = "Look at the device." } } ]

[scam]
doc = { zh = "诈骗。", en = "A scam." }
by = ["device", "user"]
least = "delay"
severity = "critical"
due = "2h"

[probe]
doc = { zh = "试探。", en = "Probing." }
by = "card"
least = "challenge"
severity = "low"
due = "2d"
"""
FINDING = """
[[fraud.from]]
event = "case_finding"
names = "decision"
is = "finding == 'confirmed'"
"""
POINTING = (
    POLICY.replace('basis = "shop rules 1"', 'typology = "probe"\nbasis = "shop rules 1"')
    .replace('basis = "shop rules 2"', 'typology = "scam"\nbasis = "shop rules 2"')
    .replace('basis = "shop rules 3"', 'typology = "theft"\nbasis = "shop rules 3"')
)
NO_REPORTS = LABELS.replace('[[fraud.from]]\nevent = "report"\nnames = "payment"\nis = "fraud"\n', "")
ANN = Actor("per_ann", "ann", "console", "private", "r1", ("analyst",), "fraud-a", "")
BOB = Actor("per_bob", "bob", "api", "private", "r2", ("senior_analyst",), "fraud-a", "")
PAYMENTS = {"challenge": "1200.00", "delay": "6000.00", "review": "12000.00", "allow": "10.00"}


def case_files(**more):
    return {
        **shop_files(policy=POINTING), "shop/typologies.toml": TYPOLOGIES, "shop/labels.toml": NO_REPORTS + FINDING,
        **more,
    }  # fmt: skip


class Room(Shop):
    """A shop over memory with its cases. `store` outlives it, as a file does."""

    def __init__(self, files=None, *, store=None, people=("ann", "bob"), folder=None, **more):
        """`folder` is where snapshots go: a process of its own writes them, so none gets into memory."""
        self.folder = folder
        if folder is not None:
            more.setdefault("blobs", FileBlobs(tempfile.mkdtemp(dir=folder)))
        super().__init__(files or case_files(), **more)
        self.store, self.names = store or SqliteCases(":memory:"), people

    async def __aenter__(self):
        await super().__aenter__()
        self.following = Following(self.platform, self.store, self.told.append)
        self.desk = Desk(self.platform, self.following, lambda: self.names)
        return self

    async def cases(self, **how):
        """The cases that are asked for, after all that is durable was taken in; by default all, the oldest first."""
        await self.following.catch_up()
        return (await self.desk.find(self.desk.query(**{"order": "opened", "limit": 200} | how)))[0]

    async def one(self, **how):
        (found,) = await self.cases(**how)
        return found

    def records(self, kind=CaseRecord):
        return [record for _, record in self.platform.archive.records() if isinstance(record, kind)]

    def events(self, *types):
        """What the journal has of some event types: type, id, fields by name."""
        found = []
        for record in self.records(DecisionRecord):
            if record.event_type in types:
                fields = self.platform.program.events[record.event_type].event.fields
                named = {f.name: v for f, v in zip(fields, record.values, strict=True) if v is not None}
                found.append((record.event_type, record.event_id, named))
        return found

    def labels(self):
        return Labels.of(self.platform.archive, self.platform.program.definitions)

    def again(self, *, files=None, store=None, blobs=None, **more):
        """The room after a crash, over what its journal, its blobs and its store hold by now."""
        return Room(
            files or self.files, log=copied(self.log), blobs=blobs or self._left(), clock=self.clock,
            store=store or self.store, people=self.names, folder=self.folder, **more,
        )  # fmt: skip

    def _left(self):
        """What lies in the blobs by now, whatever the room still does with them."""
        left = MemoryBlobs() if isinstance(self.blobs, MemoryBlobs) else FileBlobs(tempfile.mkdtemp(dir=self.folder))
        for name in self.blobs.names(""):
            left.save(name, [self.blobs.load(name)])
        return left


def tables(store):
    """All rows of a store. Where it stands is not among them: a platform goes on writing by itself."""
    keys = {"cases": "id", "tags": "tag, case_id", "alerts": "seq", "steps": "case_id, seq"}
    found = {name: store._ask(f"select * from {name} order by {key}") for name, key in keys.items()}
    read = msgspec.msgpack.decode
    return found | {name: [(*row[:-1], read(row[-1])) for row in found[name]] for name in ("cases", "alerts")}


class Failing:
    """A store whose `put` fails some times."""

    def __init__(self, store, after, times=1):
        self._store, self._after, self._times = store, after, times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *given):
        if self._after == 0 and self._times:
            self._times -= 1
            raise CaseStoreFailure("the disk is full")
        self._after = max(self._after - 1, 0)
        self._store.put(*given)
