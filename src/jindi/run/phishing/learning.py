"""Links with their truth → a model file: the house's trees over what links look like, the same for the same seed."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from jindi.basics.digests import digest
from jindi.basics.problems import Problem, Problems
from jindi.packs.models import FORMAT, seal
from jindi.parties.phishing import NAMES, features_of, read_url
from jindi.run.learn.boosters import trees_of
from jindi.run.learn.fitting import platt
from jindi.run.learn.metrics import Doubles, Truths
from jindi.run.learn.training import with_calibration
from jindi.run.phishing.scoring import model_of

TREES: Final = 150
LEAVES: Final = 24
RATE: Final = 0.08
LEAF_ROWS: Final = 40
"""(design default) Small trees and few: the file stays under 300 KB, and no site is learnt by heart."""


def tenth_of(host: str) -> int:
    """Which of ten parts a host falls into, from a digest of it: all its links are on one side of every cut."""
    return int(digest(host.encode())[:8], 16) % 10


def table_of(links: Sequence[str]) -> tuple[Doubles, list[str], list[int]]:
    """What links look like, one a row, their hosts, and the places of those that could be read."""
    rows, hosts, places = [], [], []
    for place, link in enumerate(links):
        try:
            url = read_url(link)
        except ValueError:
            continue
        rows.append(features_of(url))
        hosts.append(url.host)
        places.append(place)
    return np.array(rows, dtype=np.float64), hosts, places


def learn(rows: Doubles, hosts: Sequence[str], label: Truths, *, seed: int = 1, made: Any = None) -> str:
    """The text of a model file. Of the hosts one tenth only calibrates it, and is not learnt from.

    Raises Problems when LightGBM is not installed.
    """
    try:
        import lightgbm  # noqa: PLC0415 - only who trains needs it
    except ImportError:
        raise Problems([Problem("phishing", "", "LightGBM is not installed", "pip install 'jindi[learn]'")]) from None
    kept = np.array([tenth_of(host) == 0 for host in hosts])
    given = {
        "objective": "binary", "learning_rate": RATE, "num_leaves": LEAVES, "min_data_in_leaf": LEAF_ROWS,
        "seed": seed, "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(rows[~kept], label[~kept].astype(np.float64))
    text: str = lightgbm.train(given, data, TREES).model_to_string()
    document: dict[str, Any] = {
        "format": FORMAT,
        "kind": "trees",
        "inputs": [{"name": name, "type": "ratio"} for name in NAMES],
        "base": 0.0,
        "link": "sigmoid",
        "trees": trees_of([text]),
        "calibration": {"kind": "none"},
        "card": "docs/account-safety.md",
        "made": {"by": "jindi.run.phishing.learning", "seed": seed, "rows": int((~kept).sum()),
                 "positives": int(label[~kept].sum()), **(made or {})},
    }  # fmt: skip
    raws = model_of(seal(document)).raws(rows[kept])
    return seal(with_calibration(document, platt(raws, label[kept])))
