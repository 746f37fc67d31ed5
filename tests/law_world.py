"""Stories of payment law: events in order through the shipped packs, each with what was decided and why."""

import json
import tempfile
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from jindi.packs import Definitions
from jindi.run.batch import decide_file
from jindi.run.platform import compiled
from jindi.vault import Tokens
from shop_world import KEY

ROOT = Path(__file__).parents[1]
RATED = (
    ("payment/parameters/own.toml", 'is = "unrated"', 'is = "{}"'),
    ("payment/parameters/own.toml", "is = 0.0,", "is = {},"),
)


def files_of(*folders: str) -> dict[str, str]:
    """The pack files of some folders of the repository."""
    return {
        path.relative_to(ROOT / folder).as_posix(): path.read_text("utf-8")
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.toml"))
    }


@cache
def mainland():
    """The packs that Jindi ships, compiled."""
    return compiled(files_of("packs"))


@cache
def rated(rating: str, share: str):
    """The same for an institution with a rating and a share of real-name accounts."""
    files = files_of("packs")
    for (path, before, after), value in zip(RATED, (rating, share), strict=True):
        assert files[path].count(before) == 1
        files[path] = files[path].replace(before, after.format(value))
    return compiled(files)


@cache
def europe():
    """The pack of the second jurisdiction, with `core` alone beside it."""
    both = {**files_of("packs-eu"), **{path: text for path, text in files_of("packs").items() if path[:5] == "core/"}}
    return compiled(both)


def definitions() -> Definitions:
    """What the shipped packs and those of the second jurisdiction declare, loaded side by side."""
    return compiled(files_of("packs", "packs-eu")).definitions


def told(events, program=None) -> list[tuple[str, list[str]]]:
    """(outcome, rules hit) of each of some events, in their order. Their ids are given here."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.ndjson", Path(folder) / "out.parquet"
        lines = [json.dumps({"id": f"e{number}", **event}) for number, event in enumerate(events)]
        source.write_text("\n".join(lines), "utf-8")
        decide_file(source, target, program or mainland(), Tokens(KEY), None)
        rows = pq.read_table(target, columns=["outcome", "reasons"]).to_pylist()
    return [(row["outcome"], list(row["reasons"] or [])) for row in rows]


def outcomes(events, program=None) -> list[str]:
    """The outcomes alone."""
    return [outcome for outcome, _ in told(events, program)]


def payment(at: str, amount: str, **fields):
    """A payment from a balance, by app, to a company."""
    return {
        "type": "payment", "at": at, "user": "ann", "merchant": "m1", "merchant_kind": "company", "amount": amount,
        "funding": "balance", "account_class": "II", "verification": "certificate", "channel": "app", **fields,
    }  # fmt: skip


def by_card(at: str, amount: str, card: str, **fields):
    """The same from a bank card."""
    return payment(at, amount, **{"funding": "card", "card": card, "card_kind": "debit", **fields})


def transfer(at: str, amount: str, **fields):
    """A transfer from a balance to an old friend, who gets it the next day."""
    return {
        "type": "transfer", "at": at, "user": "ann", "payee": "bob", "amount": amount, "funding": "balance",
        "account_class": "II", "verification": "certificate", "channel": "app", "arrival": "next_day", **fields,
    }  # fmt: skip
