"""The real lists, where they lie beside the repository: read whole, and names with an error are found in them."""

import gzip
import os
import random
from pathlib import Path

import pytest

from jindi.parties.screening import Index, Subject
from jindi.parties.screening.formats import read_ofac, read_un

DATA = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sanctions_lists"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="NOT TESTED: no sanctions lists; set SHARED_DATA")


def test_the_united_nations_list_is_read_and_searched():
    watch = read_un(gzip.decompress((DATA / "UN_consolidated_20260227.xml.gz").read_bytes()), "un.xml")
    people = [each for each in watch.entries.values() if each.kind == "person" and len(each.name) > 12]
    assert (len(watch.entries), watch.published_on) == (1003, "2026-02-27")
    index, rng, found = Index.of(watch.entries.values()), random.Random(7), 0
    chosen = rng.sample(people, 40)
    for entry in chosen:
        at = rng.randrange(1, len(entry.name) - 2)
        name = entry.name[:at] + entry.name[at + 1 :]
        found += any(match.entry.id == entry.id for match in index.screen(Subject((name,), "person")))
    assert found >= 38


def test_ofac_s_list_is_read_whole():
    sdn, alt = (
        gzip.decompress((DATA / f"ofac_{each}.csv.gz").read_bytes()).decode("latin-1") for each in ("sdn", "alt")
    )
    watch = read_ofac(sdn, "sdn.csv", alt)
    kinds = [each.kind for each in watch.entries.values()]
    assert (len(kinds), kinds.count("person"), kinds.count("vessel"), kinds.count("aircraft")) == (7379, 3845, 323, 217)
