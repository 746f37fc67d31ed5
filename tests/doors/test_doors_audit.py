"""The audit on the command line: heads kept elsewhere, bundles that prove themselves, and every way to cheat them."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_doors_cli import AT_US, EVENTS, live, no_settings_of_ours, told, write_packs  # noqa: F401 - a fixture

from jindi.app.wiring import Outside
from jindi.journal import Chain, unseal
from jindi.stores.segments import SegmentLog
from shop_world import CANARIES, pay

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder in which a platform has lived twice, with a folder of heads outside; nobody changes it."""
    folder = tmp_path_factory.mktemp("audited")
    packs = write_packs(folder / "packs")
    data = folder / "data"
    data.mkdir()
    (data / "jindi.toml").write_text(f'heads = "{folder / "elsewhere"}"\n', "utf-8")
    (folder / "elsewhere").mkdir()
    live(data, packs, EVENTS[:9])
    live(data, packs, EVENTS)
    (heads,) = (folder / "elsewhere").glob("*.heads")
    return data, packs, heads


@pytest.fixture
def copy(audited, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(audited[0], data)
    shutil.copytree(audited[2].parent, tmp_path / "elsewhere")
    (data / "jindi.toml").write_text(f'heads = "{tmp_path / "elsewhere"}"\n', "utf-8")
    return data, audited[1], tmp_path / "elsewhere" / audited[2].name


def records_of(data):
    log = SegmentLog(data / "journal", read_only=True)
    found = [record for frame in log.read(0) for record in unseal(frame.batch).records]
    log.close()
    return found


def write_anew(data, records):
    """What somebody does who owns the machine: the whole journal again, with a chain that holds, and all that was
    signed beside it forgotten.
    """
    shutil.rmtree(data / "journal")
    log, chain = SegmentLog(data / "journal"), Chain()
    for first in range(0, len(records), 4):
        batch = records[first : first + 4]
        log.append(chain.seal(batch, first), first, len(batch))
    log.close()
    for blob in (data / "state").glob("*-0*"):
        blob.unlink()


def other_records(tmp_path, packs, count=40):
    """Records of another history under the same packs."""
    live(tmp_path / "other", packs, [pay(n, "7.00", AT_US + n * 1_000_000, user="x") for n in range(count)])
    return records_of(tmp_path / "other")


def test_heads_are_exported_while_the_platform_lives_and_at_its_end(audited):
    data, _, heads = audited
    lines = heads.read_text("utf-8").splitlines()
    sizes = [int(json.loads(line)["head"].split("\n")[1]) for line in lines]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(records_of(data)) == 25
    document = told("verify", "--data", data)
    assert document["ok"]
    assert document["heads"] == len(lines) >= 2


MUTATIONS = {
    "deletion": lambda records: [*records[:8], *records[9:]],
    "edit": lambda records: [*records[:8], records[8].replace(b"p7", b"q7"), *records[9:]],
    "reorder": lambda records: [*records[:8], records[9], records[8], *records[10:]],
    "insertion": lambda records: [*records[:8], records[8], *records[8:]],
    "truncation": lambda records: records[:-1],
}


@pytest.mark.parametrize("how", MUTATIONS)
def test_a_journal_written_anew_is_found_by_exported_heads_alone(copy, how):
    data, _, _ = copy
    before = records_of(data)
    after = MUTATIONS[how](before)
    assert after != before
    write_anew(data, after)
    (data / "jindi.toml").rename(data / "away")
    assert told("verify", "--data", data)["ok"], "nothing inside the folder shows it"
    (data / "away").rename(data / "jindi.toml")
    document = told("verify", "--data", data, code=1)
    assert "head" in document["problem"]


def test_a_fork_that_was_signed_with_the_right_key_is_found(copy, tmp_path):
    data, packs, heads = copy
    write_anew(data, [*records_of(data)[:9], *other_records(tmp_path, packs)[9:]])
    (data / "jindi.toml").write_text("", "utf-8")
    assert told("audit", "head", "--data", data)["records"] > 25
    assert told("verify", "--data", data)["ok"]
    assert told("verify", "--data", data, "--heads", heads, code=1)["ok"] is False


def test_the_platform_itself_exports_no_head_of_a_journal_that_was_cut_short(copy):
    data, packs, heads = copy
    write_anew(data, records_of(data)[:-3])
    before = heads.read_bytes()
    assert "covers 25 records" in told("audit", "head", "--data", data, code=1)["error"]
    live(data, packs, [])
    assert heads.read_bytes() == before


def test_a_platform_over_an_old_copy_exports_no_head_even_when_it_has_grown_past_what_was_lost(copy):
    data, packs, heads = copy
    write_anew(data, records_of(data)[:-3])
    before = heads.read_bytes()
    for first in (30, 50):
        live(data, packs, [pay(n, "5.00", AT_US + n * 1_000_000) for n in range(first, first + 9)])
        assert heads.read_bytes() == before
    assert told("verify", "--data", data, code=1)["place"] == "head of 25 records"


def test_since_reads_only_what_stands_behind_a_head_and_finds_the_same_there(copy, tmp_path):
    data, packs, _ = copy
    whole = told("verify", "--data", data)
    tail = told("verify", "--data", data, "--since", 20)
    assert tail["root"] == whole["root"]
    assert 0 < tail["first"] <= 20
    assert tail["records"] < whole["records"]
    head = tmp_path / "head"
    told("audit", "head", "--data", data, "--out", head)
    assert told("verify", "--data", data, "--since", head)["records"] <= tail["records"]
    live(data, packs, [pay("later", "5.00", AT_US + 90_000_000)])
    grown = told("verify", "--data", data, "--since", head)
    assert grown["ok"]
    assert grown["root"] != whole["root"]
    for blob in (data / "state").glob("tree-*"):
        blob.unlink()  # without a place to begin it begins at the beginning
    assert told("verify", "--data", data, "--since", head)["records"] == told("verify", "--data", data)["records"]


def test_since_a_head_finds_that_the_journal_is_no_longer_its_own(copy, tmp_path):
    data, packs, _ = copy
    head = tmp_path / "head"
    told("audit", "head", "--data", data, "--out", head)
    for records in (records_of(data)[:-1], [*records_of(data)[:9], *other_records(tmp_path, packs)[9:]]):
        write_anew(data, records)
        assert told("verify", "--data", data, "--since", head, code=1)["ok"] is False


@pytest.mark.parametrize("since", ["nowhere", "dec_1"])
def test_since_what_is_neither_a_head_nor_a_record_is_told(audited, since):
    assert "--since" in told("verify", "--data", audited[0], "--since", since, code=1)["problem"]


def test_a_head_is_not_made_beside_a_running_platform(copy):
    data, _, _ = copy
    log = Outside().open_log(Outside().settle({"data": str(data)}))
    try:
        assert told("audit", "head", "--data", data, code=1)["ok"] is False
    finally:
        log.close()


@pytest.mark.parametrize("words", [("head",), ("bundle", "--seq", "1", "--out", "bundle.json")])
def test_a_mistyped_folder_is_told_and_not_made(tmp_path, words):
    assert told("audit", *words, "--data", tmp_path / "none", code=1)["ok"] is False
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "bundle.json").exists()


def test_a_folder_of_heads_inside_the_platforms_own_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("JINDI_HEADS", str(tmp_path / "data" / "heads"))
    document = told("config", "show", "--data", tmp_path / "data", code=2)
    assert "own" in document["problems"][0]["problem"]


# ---- bundles


@pytest.fixture(scope="module")
def bundled(audited, tmp_path_factory):
    """A bundle, and the published key."""
    out = tmp_path_factory.mktemp("bundle") / "bundle.json"
    document = told("audit", "bundle", "--data", audited[0], "--seq", "3..11", "--out", out)
    return json.loads(out.read_text("utf-8")), document["key"]


def checked(bundle, key, tmp_path, *more):
    path = tmp_path / "checked.json"
    path.write_text(bundle if isinstance(bundle, str) else json.dumps(bundle), "utf-8")
    # -I: nothing of this project can be imported by it.
    command = [sys.executable, "-I", "-W", "error", str(SCRIPT), str(path), key, *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


def test_the_script_that_checks_a_bundle_has_at_most_100_lines_and_needs_nothing_of_jindi():
    text = SCRIPT.read_text("utf-8")
    assert len(text.splitlines()) <= 100
    assert "import jindi" not in text
    assert "from jindi" not in text


def test_a_bundle_proves_its_records_offline(bundled, audited, tmp_path):
    bundle, key = bundled
    result = checked(bundle, key, tmp_path, "--heads", audited[2])
    assert result.returncode == 0, result.stderr
    assert "records 3 to 11 stand in the journal" in result.stdout
    assert not [canary for canary in CANARIES if canary in json.dumps(bundle)]
    chain_key = str(Outside().signer(Outside().settle({"data": str(audited[0])})).verifier)
    assert checked(bundle, chain_key, tmp_path).returncode == 0


def flipped(text):
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(bytes(data)).decode()


def edited(bundle):
    bundle["records"][4]["record"] = flipped(bundle["records"][4]["record"])


def deleted(bundle):
    del bundle["records"][4]


def deleted_and_renumbered(bundle):
    del bundle["records"][4]
    for seq, each in enumerate(bundle["records"], bundle["first"]):
        each["seq"] = seq
    bundle["end"] -= 1


def reordered(bundle):
    records = bundle["records"]
    records[4], records[5] = records[5], records[4]


def reordered_and_renumbered(bundle):
    reordered(bundle)
    records = bundle["records"]
    records[4]["seq"], records[5]["seq"] = records[5]["seq"], records[4]["seq"]


def with_paths_moved(bundle):
    records = bundle["records"]
    records[4]["record"], records[5]["record"] = records[5]["record"], records[4]["record"]


def cut(bundle):
    bundle["records"].pop()


def emptied(bundle):
    bundle["records"], bundle["end"] = [], bundle["first"]


def without_a_proof(bundle):
    bundle["consistency"].pop()


def with_a_bent_proof(bundle):
    bundle["consistency"][0][0] = flipped(bundle["consistency"][0][0])


def with_a_longer_path(bundle):
    bundle["records"][0]["path"].append(bundle["records"][0]["path"][0])


def with_a_shorter_path(bundle):
    bundle["records"][0]["path"].pop()


def with_heads_exchanged(bundle):
    bundle["heads"].reverse()


def with_a_head_edited(bundle):
    origin, size, rest = bundle["heads"][-1].split("\n", 2)
    bundle["heads"][-1] = "\n".join((origin, str(int(size) + 1), rest))


def with_another_origin(bundle):
    bundle["heads"][-1] = bundle["heads"][-1].replace("/tree", "/three")


def without_heads(bundle):
    bundle["heads"], bundle["consistency"] = [], []


def of_another_shape(bundle):
    bundle["records"][0]["path"] = {"0": None}


WHY = {
    "edited": "record 7 is not what stands there",
    "deleted": "records are missing or moved",
    "deleted_and_renumbered": "record 7 is not what stands there",
    "reordered": "records are missing or moved",
    "reordered_and_renumbered": "record 7 is not what stands there",
    "with_paths_moved": "record 7 is not what stands there",
    "cut": "records are missing or moved",
    "emptied": "the records lie behind the newest head",
    "without_a_proof": "the bundle can't be read: ValueError: zip()",
    "with_a_bent_proof": "the head of 25 records does not go on from that of",
    "with_a_longer_path": "a proof is too long",
    "with_a_shorter_path": "a proof is too short",
    "with_heads_exchanged": "the heads do not grow",
    "with_a_head_edited": "the head of 26 records is not signed with this key",
    "with_another_origin": "a head is of another journal",
    "without_heads": "the bundle can't be read: ",
    "of_another_shape": "the bundle can't be read: ",
}


@pytest.mark.parametrize("spoil", [
    edited, deleted, deleted_and_renumbered, reordered, reordered_and_renumbered, with_paths_moved, cut, emptied,
    without_a_proof, with_a_bent_proof, with_a_longer_path, with_a_shorter_path, with_heads_exchanged,
    with_a_head_edited, with_another_origin, without_heads, of_another_shape,
])  # fmt: skip
def test_a_spoilt_bundle_proves_nothing(bundled, tmp_path, spoil):
    bundle, key = bundled
    bundle = json.loads(json.dumps(bundle))
    spoil(bundle)
    result = checked(bundle, key, tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"NOT PROVED: {WHY[spoil.__name__]}"), result.stderr
    assert "Traceback" not in result.stderr


def test_a_bundle_is_believed_under_the_published_key_only(bundled, tmp_path):
    from jindi.journal import Signer

    bundle, key = bundled
    other = str(Signer(key.split("+", maxsplit=1)[0], bytes(32)).verifier)
    assert checked(bundle, other, tmp_path).returncode == 1
    assert checked(bundle, "no key", tmp_path).returncode == 1
    assert checked("no json", key, tmp_path).returncode == 1


def test_a_bundle_of_a_journal_that_was_cut_short_or_forked_lacks_an_exported_head(copy, tmp_path):
    data, packs, heads = copy
    (data / "jindi.toml").write_text("", "utf-8")
    for records in (records_of(data)[:-1], [*records_of(data)[:20], *other_records(tmp_path, packs)[20:]]):
        write_anew(data, records)
        told("audit", "head", "--data", data)
        out = tmp_path / "bundle.json"
        key = told("audit", "bundle", "--data", data, "--seq", "3..11", "--out", out)["key"]
        assert checked(out.read_text("utf-8"), key, tmp_path).returncode == 0, "in itself it is sound"
        result = checked(out.read_text("utf-8"), key, tmp_path, "--heads", heads)
        assert result.returncode == 1
        assert "cut off, or a fork" in result.stderr


def test_no_bundle_is_made_of_a_journal_that_its_heads_deny(copy, tmp_path):
    data, _, _ = copy
    write_anew(data, MUTATIONS["edit"](records_of(data)))
    document = told("audit", "bundle", "--data", data, "--seq", 3, "--out", tmp_path / "out", code=1)
    assert "not what its heads say" in document["error"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seq", ["24..30", "5..3", "x", "dec_1", "", "1..", "-1"])
def test_a_bundle_of_records_that_no_head_covers_is_refused_with_a_remedy(audited, tmp_path, seq):
    document = told("audit", "bundle", "--data", audited[0], "--seq=" + seq, "--out", tmp_path / "out", code=1)
    assert document["problems"] or "audit head" in document["error"]


def test_a_bundle_of_one_decision_is_asked_for_by_its_id(audited, tmp_path):
    document = told(
        "audit", "bundle", "--data", audited[0], "--seq", "dec_000000000005", "--out", tmp_path / "one.json"
    )
    assert (document["first"], document["end"]) == (5, 6)
    result = checked((tmp_path / "one.json").read_text("utf-8"), document["key"], tmp_path, "--heads", audited[2])
    assert "records 5 to 5" in result.stdout
