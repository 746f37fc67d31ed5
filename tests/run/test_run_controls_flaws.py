"""Known flaws of components: records of OSV's shape, the versions they are in, how bad, since when, when overdue."""

import json
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from jindi.basics.problems import Problems
from jindi.run.controls import advisories as advisories_room
from jindi.run.controls.advisories import in_use, keep, kept, take_in
from jindi.run.controls.flaws import REMEDIATION, cvss3, days_for, flaws_of, normal, open_flaws
from jindi.stores.files import MemoryBlobs
from pages import ROOT

DAY = 86_400_000_000
NOW = int(datetime(2026, 11, 28, tzinfo=UTC).timestamp()) * 1_000_000

GHSA = {
    "schema_version": "1.7.0",
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-11-20T21:10:03.123456Z",
    "published": "2026-11-10T16:00:00Z",
    "aliases": ["CVE-2026-10001"],
    "summary": "Sandbox escape in a template engine",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Jinja2", "purl": "pkg:pypi/jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.6"}]}],
            "versions": ["3.1.4", "3.1.5"],
            "database_specific": {"last_known_affected_version_range": "<= 3.1.5"},
        }
    ],
    "references": [{"type": "ADVISORY", "url": "https://advisories.example.com/GHSA-aaaa-bbbb-cccc"}],
    "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-1336"], "github_reviewed": True},
}

PYSEC = {
    "id": "PYSEC-2026-77",
    "modified": "2026-11-21T00:00:00Z",
    "published": "2026-11-12T08:30:00Z",
    "aliases": ["CVE-2026-10001", "GHSA-aaaa-bbbb-cccc"],
    "details": "The same flaw, told by another database.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [
                {"type": "GIT", "repo": "https://code.example.com/jinja", "events": [{"introduced": "0"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}, {"fixed": "3.1.6"}]},
            ],
            "versions": [],
        }
    ],
}

OF_GO = {
    "id": "GO-2026-1",
    "modified": "2026-11-27T00:00:00Z",
    "published": "2026-11-27T00:00:00Z",
    "affected": [{"package": {"ecosystem": "Go", "name": "jinja2"}, "ranges": [{"type": "SEMVER", "events": "?"}]}],
}


def record(**changed):
    return {**GHSA, **changed}


def affecting(*events, versions=(), name="jinja2", **more):
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    package = {"ecosystem": "PyPI", "name": name}
    return record(affected=[{"package": package, "ranges": ranges, "versions": list(versions), **more}])


def is_in(version, told):
    return flaws_of(told)[0][0].is_in(version)


# ---- which versions


@pytest.mark.parametrize(
    ("version", "has_it"),
    [("3.1.5", True), ("3.1.6", False), ("3.1.6rc1", True), ("3.1.10", False), ("0.1", True), ("3.1.5.post1", True),
     ("3.1.05", True), ("1!1.0", False)],
)  # fmt: skip
def test_versions_are_compared_as_python_orders_them(version, has_it):
    assert is_in(version, GHSA) == has_it


@pytest.mark.parametrize(
    ("version", "has_it"),
    [("1.9", False), ("2.0", True), ("2.5", True), ("2.6", False), ("3.0", True), ("3.4", True), ("3.4.1", False)],
)
def test_a_flaw_may_have_several_stretches_and_an_end_that_still_has_it(version, has_it):
    told = affecting({"introduced": "3.0"}, {"last_affected": "3.4"}, {"fixed": "2.6"}, {"introduced": "2.0"})
    assert is_in(version, told) == has_it


def test_a_version_that_is_listed_has_it_however_it_is_spelt_and_others_do_not():
    told = affecting(versions=["2.0.0", "2.1"])
    assert [is_in(version, told) for version in ("2.0", "2.1.0", "2.2")] == [True, True, False]


def test_what_can_not_be_compared_counts_as_having_it():
    assert is_in("not-a-version", GHSA)
    assert is_in("3.1.6", affecting({"introduced": "0"}, {"fixed": "trunk"}))
    only_commits = record(affected=[{**PYSEC["affected"][0], "ranges": PYSEC["affected"][0]["ranges"][:1]}])
    assert is_in("3.1.6", only_commits)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_a_stretch_is_from_where_it_was_introduced_to_before_it_was_fixed(begin, end, ours):
    told = affecting({"introduced": f"1.{begin}"}, {"fixed": f"1.{end}"})
    # A fix that lies before it, or at it, is of an earlier stretch.
    end_ = Version(f"1.{end}") if end > begin else Version("9999")
    assert is_in(f"1.{ours}", told) == (Version(f"1.{begin}") <= Version(f"1.{ours}") < end_)


def test_other_ecosystems_are_none_of_ours_and_a_withdrawn_record_tells_of_nothing():
    assert flaws_of(OF_GO) is None
    assert flaws_of(record(withdrawn="2026-11-22T00:00:00Z"))[0] == []


def test_names_are_those_of_the_index():
    assert {normal(each) for each in ("Ruamel.Yaml", "ruamel_yaml", "ruamel--yaml")} == {"ruamel-yaml"}
    assert flaws_of(affecting({"introduced": "0"}, name="Ruamel.Yaml"))[0][0].name == "ruamel-yaml"


# ---- how bad, and since when


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", 3.7),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", None),
        ("CVSS:3.1/AV:N", None),
        ("", None),
    ],
)
def test_cvss_3_is_reckoned_as_the_standard_has_it(vector, score):
    assert cvss3(vector) == score


def test_of_several_words_about_severity_the_worst_counts_and_silence_counts_as_critical():
    assert flaws_of(GHSA)[0][0].severity == "high", "its vector says 7.8, its database says moderate"
    assert flaws_of(record(severity=[]))[0][0].severity == "medium"
    silent = record(severity=[{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}], database_specific={})
    assert flaws_of(silent)[0][0].severity == "unknown"
    assert days_for("unknown") == days_for("critical") == 3


def test_several_records_of_one_flaw_are_one_known_since_the_first_and_as_bad_as_the_worst():
    flaws = [*flaws_of(PYSEC)[0], *flaws_of(GHSA)[0]]
    (found,) = open_flaws(flaws, {"jinja2": {"3.1.5"}})
    assert found.ids == ["CVE-2026-10001", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-77"]
    assert found.severity == "high"
    assert found.published_us == int(datetime(2026, 11, 10, 16, tzinfo=UTC).timestamp()) * 1_000_000
    assert found.due_us == found.published_us + 14 * DAY


def test_a_record_that_joins_two_others_makes_one_of_all_three():
    told = [affecting({"introduced": "0"}) | {"id": name, "aliases": also}
            for name, also in (("A-1", []), ("A-2", []), ("A-3", ["A-1", "A-2"]))]  # fmt: skip
    flaws = [flaw for each in told for flaw in flaws_of(each)[0]]
    assert [each.ids for each in open_flaws(flaws, {"jinja2": {"1"}})] == [["A-1", "A-2", "A-3"]]


def test_without_a_word_of_its_publication_a_flaw_is_as_old_as_its_last_change():
    told = {name: value for name, value in GHSA.items() if name != "published"}
    assert flaws_of(told)[0][0].published_us == flaws_of(GHSA)[1]


def test_the_times_are_those_of_the_policy():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for severity, days in REMEDIATION[-1][1].items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {severity}"))
        assert f"{days} days" in line


# ---- taken in


def test_a_zip_a_folder_a_list_lines_and_one_record_are_all_read(tmp_path):
    folder = tmp_path / "PyPI"
    folder.mkdir()
    for each in (GHSA, PYSEC, OF_GO):
        (folder / f"{each['id']}.json").write_text(json.dumps(each), "utf-8")
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
        archive.writestr("README", "no record")
    written = {
        "list.json": json.dumps([GHSA, PYSEC, OF_GO]),
        "vulns.json": json.dumps({"vulns": [GHSA, PYSEC, OF_GO]}),
        "lines.ndjson": "\n".join(json.dumps(each) for each in (GHSA, PYSEC, OF_GO)) + "\n",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, "utf-8")
    for path in (folder, packed, *(tmp_path / name for name in written)):
        told = take_in([path], {"jinja2"}, NOW)
        assert (told.records, sorted(flaw.id for flaw in told.flaws)) == (2, [GHSA["id"], PYSEC["id"]]), path
    (tmp_path / "one.json").write_text(json.dumps(GHSA), "utf-8")
    assert take_in([tmp_path / "one.json"], {"jinja2"}, NOW).newest_us == flaws_of(GHSA)[1]


def test_only_the_flaws_of_our_components_are_kept_and_they_come_back_as_they_were(tmp_path):
    path = tmp_path / "list.json"
    path.write_text(json.dumps([GHSA, affecting({"introduced": "0"}, name="elsewhere")]), "utf-8")
    told = take_in([path], {"jinja2"}, NOW)
    assert (told.records, [flaw.name for flaw in told.flaws]) == (2, ["jinja2"])
    blobs = MemoryBlobs()
    assert kept(blobs) is None
    keep(blobs, told)
    assert kept(blobs) == told
    blobs.save(advisories_room.BLOB, [b"{"])
    assert kept(blobs) is None


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        ([GHSA, "x"], "not an object"),
        ([record(id="../../x")], "not an id"),
        ([record(id="x\ny")], "not an id"),
        ([record(modified="yesterday")], "`modified`"),
        ([record(published=None)], "`published`"),
        ([affecting({"fixed": "1"})], "begins nowhere"),
        ([affecting({"introduced": 1})], "says nothing"),
        ([record(affected="all")], "`affected`"),
        ([OF_GO], "no record about a component of Python"),
        ([], "no record about a component of Python"),
        ([record(modified="2030-01-01T00:00:00Z")], "of the future"),
    ],
)
def test_what_is_no_record_is_refused_whole_with_its_place_and_a_remedy(tmp_path, wrong, saying):
    path = tmp_path / "list.json"
    path.write_text(json.dumps(wrong), "utf-8")
    with pytest.raises(Problems) as told:
        take_in([path], {"jinja2"}, NOW)
    assert saying in str(told.value)


def test_attack_files_made_to_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(advisories_room, "RECORD_BYTES_MAX", 1_000)
    monkeypatch.setattr(advisories_room, "TEXT_BYTES_MAX", 1_000)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b" " * 10_000_000)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 1_001)
    deep = tmp_path / "deep.json"
    deep.write_bytes(b"[" * 900)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bomb.read_bytes()[:-30])
    for path in (bomb, large, deep, broken, tmp_path / "nowhere.json"):
        with pytest.raises(Problems, match="can't be read"):
            take_in([path], {"jinja2"}, NOW)


def test_locked_and_installed_versions_both_count():
    found = in_use("jinja2==0.0.1 \\\n    --hash=sha256:00\nonly-elsewhere==2 ; sys_platform == 'win32'\n")
    assert "0.0.1" in found["jinja2"]
    assert len(found["jinja2"]) == 2, "and the one that is installed"
    assert found["only-elsewhere"] == {"2"}
