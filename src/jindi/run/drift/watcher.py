"""Drift looked for beside the live lane: a thread that works in small pieces and rests between them."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import msgspec

from jindi.basics.problems import Problems
from jindi.packs import Definitions
from jindi.ports import Blobs
from jindi.run.archive import Archive
from jindi.run.drift.judging import Evaluation, evaluation_of
from jindi.run.drift.report import Question, drift

BLOB = "drift-looked.json"
SHAPE = 1
"""The shape of a kept report: another one is not read."""

EVENT = "drift_found"
FINDINGS_MAX = 20
"""So many events come of one round; the rest is told when these are settled."""

REST_S = 0.0005

_DIGITS = 6


class _Stopping(Exception):  # noqa: N818 - what ends a round
    """The platform is closing."""


class Looked(msgspec.Struct, frozen=True):
    """A whole report of the watcher, and up to which record of the journal it looked."""

    report: dict[str, Any]
    until: int


class _Kept(msgspec.Struct, frozen=True):
    """What lies on the disk: the last report, and in which shape."""

    shape: int
    looked: Looked


class Watcher:
    """Looks for drift. `texts` gives the evaluations of models, `pack/NAME` → the JSON text of its file."""

    def __init__(self, texts: Callable[[], Mapping[str, str]], question: Question | None = None) -> None:
        self.texts, self._question = texts, question or Question()
        self.looked: Looked | None = None
        """What the last round found, perhaps before a restart; None before the first one."""
        self._stopping = threading.Event()
        self._working = threading.Lock()

    def keep(self, blobs: Blobs) -> None:
        """Keep what the last round found, so that a restart goes on with it. OSError comes through."""
        if self.looked is not None:
            blobs.save(BLOB, [msgspec.json.encode(_Kept(SHAPE, self.looked))], private=True)

    def recall(self, blobs: Blobs, end: int) -> None:
        """Go on with what was found before a restart. What speaks of more than the journal has (`end`), is of another
        version, or can't be read is forgotten: the next round finds it anew.
        """
        raw = blobs.load(BLOB)
        if raw is None or self.looked is not None:
            return
        with suppress(msgspec.MsgspecError):
            kept = msgspec.json.decode(raw, type=_Kept)
            if kept.shape == SHAPE and kept.looked.until <= end:
                self.looked = kept.looked

    def round(self, archive: Archive, definitions: Definitions) -> list[dict[str, Any]]:
        """The fields of an event for each finding, the gravest first; none when there is too little to compare."""
        with self._working:
            if self._stopping.is_set():
                return []
            try:
                until = archive.log.next_seq()
                evaluations = evaluations_for(definitions, self.texts())
                found = drift(archive, self._question, evaluations, rest=self._rest)
            except (_Stopping, Problems):
                return []
            self.looked = Looked(found, until)
        return events_of(found)

    def close(self) -> None:
        """Break off what is under way."""
        self._stopping.set()
        with self._working:
            pass

    def _rest(self) -> None:
        if self._stopping.is_set():
            raise _Stopping
        time.sleep(REST_S)


def evaluations_for(definitions: Definitions, texts: Mapping[str, str]) -> dict[str, Evaluation]:
    """The evaluation of each model that has one: of the same name as its file, in its pack."""
    found: dict[str, Evaluation] = {}
    for name, model in definitions.models.items():
        text = texts.get(f"{model.pack}/{PurePosixPath(model.file).stem}")
        if text is None:
            continue
        try:
            evaluation = evaluation_of(msgspec.json.decode(text, type=dict[str, Any]))
        except msgspec.MsgspecError:
            continue
        if evaluation is not None:
            found[name] = evaluation
    return found


def events_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A report's findings as the fields of `drift_found` events: models first, then what has drifted farthest."""
    order = {"retire": 0, "retrain": 1, "recalibrate": 2, "nothing": 3}
    findings = sorted(document["findings"], key=lambda each: (order[each["proposal"]], -(each["psi"] or 0.0)))
    events = []
    for each in findings[:FINDINGS_MAX]:
        tag = each["proposal"] if each["what"] == "model" else each["size"]
        fields = {
            "subject": f"{each['what']}:{each['on']}.{each['name']}:{tag}"[:200],
            "what": each["what"], "on": each["on"], "name": each["name"], "size": each["size"],
            "proposal": each["proposal"], "because": ", ".join(each["because"]) or None,
            "current_from": document["current"][0], "current_until": document["current"][1],
        }  # fmt: skip
        for name in ("psi", "critical", "auc", "auc_expected"):
            fields[name] = None if each[name] is None else round(each[name], _DIGITS)
        events.append({name: value for name, value in fields.items() if value is not None})
    return events
