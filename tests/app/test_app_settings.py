"""Settings: flags before environment before file before defaults, and everything wrong is told at once."""

import pytest

from jindi.app.settings import FILE_NAME, KNOWN, settle
from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problems


def told(flags=None, environment=None):
    with pytest.raises(Problems) as problems:
        settle(flags or {}, environment or {})
    return [str(problem) for problem in problems.value.problems]


def origins(settled):
    return {line.name: (line.value, line.origin) for line in settled.lines}


def in_folder(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    return {"data": str(tmp_path)}


def test_without_anything_all_settings_are_defaults():
    settled = settle({}, {})
    assert (settled.host, settled.port, settled.journal, settled.packs) == ("127.0.0.1", 8420, "segments", ())
    assert {origin for _, origin in origins(settled).values()} == {"default"}
    assert len(settled.lines) == len(KNOWN)


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(tmp_path):
    flags = in_folder(tmp_path, 'listen = "127.0.0.1:1"\njournal = "sqlite"\nsnapshot_every = 5000\n')
    environment = {"JINDI_LISTEN": "127.0.0.1:2", "JINDI_JOURNAL": "segments"}
    settled = settle(flags | {"listen": "127.0.0.1:3"}, environment)
    assert (settled.port, settled.journal, settled.platform.snapshot_every) == (3, "segments", 5000)
    assert origins(settled)["listen"] == ("127.0.0.1:3", "flag")
    assert origins(settled)["journal"] == ("segments", "environment JINDI_JOURNAL")
    assert origins(settled)["snapshot_every"] == ("5000", str(tmp_path / FILE_NAME))
    assert origins(settled)["snapshot_minutes"] == ("10", "default")
    assert all(line.doc for line in settled.lines)


def test_packs_may_be_a_list_or_a_text_with_commas(tmp_path):
    for written in ('packs = ["a", "b"]', 'packs = "a, b"'):
        assert [str(path) for path in settle(in_folder(tmp_path, written), {}).packs] == ["a", "b"]


def test_an_empty_variable_is_none():
    assert settle({}, {"JINDI_DATA": "", "JINDI_LISTEN": ""}).data.name == "jindi-data"


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    flags = in_folder(
        tmp_path, 'colour = "red"\njournal = "stone"\nsnapshot_every = 5\nsnapshot_minutes = "soon"\nlisten = 7\n'
    )
    problems = told(flags, {"JINDI_PORT": "1", "JINDI_LISTN": "x", "PATH": "/bin", "JINDI_API_KEY": "jk_x"})
    text = "\n".join(problems)
    assert len(problems) == 7
    for word in ("JINDI_PORT", "JINDI_LISTN", "colour", "journal", "snapshot_every", "snapshot_minutes", "listen"):
        assert word in text
    assert "jk_x" not in text


@pytest.mark.parametrize(
    "listen", ["8420", "127.0.0.1", "127.0.0.1:", ":8420", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x"]
)
def test_an_address_that_is_none_is_refused(listen):
    assert "not an address and port" in told({"listen": listen})[0]


def test_an_address_of_ip_6_is_taken():
    settled = settle({"listen": "[::1]:0"}, {})
    assert (settled.host, settled.port) == ("::1", 0)


@pytest.mark.parametrize("text", ["not toml", "= 1", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_file_that_can_not_be_read_is_told_and_not_passed_over(tmp_path, text):
    assert "can't be read" in told(in_folder(tmp_path, text))[0]


def test_what_is_wrong_with_a_file_is_told_with_its_place(tmp_path):
    assert "line 2" in told(in_folder(tmp_path, 'journal = "sqlite"\npacks = [,\n'))[0]
    (tmp_path / "file").write_text("", "utf-8")
    assert told({"data": str(tmp_path / "file")}, {})[0].startswith(f"{tmp_path / 'file'}: not a folder")


def test_a_value_of_a_wrong_type_is_told(tmp_path):
    for text in ("snapshot_every = true", "snapshot_every = 5000.5", "snapshot_minutes = [1]\njournal = false"):
        assert told(in_folder(tmp_path, text))


def test_what_puts_policies_in_force_is_a_setting_with_two_values():
    assert settle({}, {}).platform.changes == "files"
    settled = settle({"changes": "approved"}, {"JINDI_PROPOSAL_DAYS": "3"})
    assert (settled.platform.changes, settled.platform.proposal_us) == ("approved", 3 * DAY_US)
    assert "use files or approved" in told({"changes": "anyhow"})[0]
    assert told({}, {"JINDI_PROPOSAL_DAYS": "0"})
