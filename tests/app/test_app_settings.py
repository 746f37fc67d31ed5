"""Settings: flags before environment before file before defaults, and everything wrong is told at once."""

import pytest

from jindi.access import PROFILES, Site
from jindi.app.accounts import breached_in, company_of, passkey_site
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


def test_the_rules_for_passwords_that_are_on_by_default_ask_for_no_kinds_and_no_change():
    profile = PROFILES[settle({}, {}).passwords]
    assert (profile.name, profile.max_age_us, profile.letter_and_digit, profile.kinds) == ("nist", None, False, 1)


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


@pytest.mark.parametrize(
    ("written", "unscanned"),
    [
        ("", "take"),
        ('scanner = "unix:/run/clamav/clamd.ctl"', "refuse"),
        ('scanner = "tcp://127.0.0.1:3310"\nunscanned = "take"', "take"),
        ('unscanned = "refuse"', "refuse"),
    ],
)
def test_once_a_scanner_is_named_what_it_can_not_look_at_is_refused_unless_it_is_said_otherwise(
    tmp_path, written, unscanned
):
    assert settle(in_folder(tmp_path, written), {}).unscanned == unscanned


def test_a_scanner_over_the_network_in_clear_is_no_setting():
    first, second = told({"scanner": "tcp://scanner.example:3310", "unscanned": "maybe"})
    assert "scanner" in first
    assert "in clear" in first
    assert "refuse or take" in second


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


def test_only_what_makes_the_house_more_careful_may_be_one_persons():
    assert settle({}, {}).platform.lists_alone == frozenset()
    given = {"JINDI_LISTS_ALONE": "black.add, white.remove"}
    assert settle({}, given).platform.lists_alone == {"black.add", "white.remove"}
    for wrong in ("white.add", "black.remove", "all"):
        with pytest.raises(Problems) as told:
            settle({}, {"JINDI_LISTS_ALONE": f"black.add,{wrong}"})
        assert "lists_alone" in str(told.value)


def test_what_puts_policies_in_force_is_a_setting_with_two_values():
    assert settle({}, {}).platform.changes == "files"
    settled = settle({"changes": "approved"}, {"JINDI_PROPOSAL_DAYS": "3"})
    assert (settled.platform.changes, settled.platform.proposal_us) == ("approved", 3 * DAY_US)
    assert "use files or approved" in told({"changes": "anyhow"})[0]
    assert told({}, {"JINDI_PROPOSAL_DAYS": "0"})


# ---- people


OIDC = """
issuer = "https://id.example.com"
client_id = "jindi"
mfa = ["mfa"]
[roles]
"risk" = ["analyst", "policy_author"]
"""


def company(tmp_path, text, secret="s"):
    (tmp_path / "oidc.toml").write_text(text, "utf-8")
    return company_of(settle({}, {"JINDI_OIDC": str(tmp_path / "oidc.toml")}), {"JINDI_OIDC_SECRET": secret})


def test_the_settings_of_people_are_read_and_the_companys_file_too(tmp_path):
    settled = settle({}, {
        "JINDI_SITE": "https://jindi.example.com/", "JINDI_PASSWORDS": "pci", "JINDI_COMPANY_WORDS": "acme, 宏远",
        "JINDI_BREACHED_PASSWORDS": str(tmp_path), "JINDI_OIDC_SECRET": "in no setting",
    })  # fmt: skip
    assert (settled.site, settled.passwords) == ("https://jindi.example.com", "pci")
    assert (settled.company_words, settled.breached) == (("acme", "宏远"), tmp_path)
    made = company(tmp_path, OIDC)
    assert made.roles == {"risk": frozenset({"analyst", "policy_author"})}
    assert (made.login_claim, made.mfa) == ("preferred_username", ("mfa",))
    assert "'s'" not in repr(made)
    assert company_of(settled, {}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE", "jindi.example.com"), ("SITE", "http://jindi.example.com"), ("SITE", "https://jindi.example.com/x"),
        ("SITE", "https://user:pw@jindi.example.com"), ("PASSWORDS", "strong"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_setting_of_people_stops_the_start(name, value):
    (problem,) = told(environment={f"JINDI_{name}": value})
    assert name.lower() in problem
    assert "user:pw" not in problem


def test_all_that_is_wrong_with_the_companys_file_is_told_at_once(tmp_path):
    text = """
    issuer = "http://id.example.com"
    login_claim = 7
    colour = "red"
    mfa = "mfa"
    [roles]
    risk = ["auditor", "analyst"]
    ops = "system_admin"
    """
    with pytest.raises(Problems) as wrong:
        company(tmp_path, text, secret="")
    for word in ("issuer", "client_id", "login_claim", "colour", "mfa", "can't be both", "ops", "JINDI_OIDC_SECRET"):
        assert word in str(wrong.value)


def test_files_and_folders_that_people_need_must_be_there():
    settled = settle({}, {"JINDI_OIDC": "/nowhere/oidc.toml", "JINDI_BREACHED_PASSWORDS": "/nowhere/at/all"})
    with pytest.raises(Problems) as wrong:
        company_of(settled, {})
    assert len(wrong.value.problems) == 2


def test_passkeys_are_for_a_site_with_a_name_and_tls_or_for_this_machine():
    def site(**settings):
        return passkey_site(settle({"listen": settings.get("listen")}, {"JINDI_SITE": settings.get("site", "")}), 9)

    assert site() == Site("localhost", ("http://localhost:9",))
    assert site(site="https://jindi.example.com") == Site("jindi.example.com", ("https://jindi.example.com",))
    assert site(listen="0.0.0.0:8420") is None
    assert site(site="https://10.0.0.1") is None


def test_breached_passwords_are_read_by_their_first_digits(tmp_path):
    (tmp_path / "ABCDE.txt").write_text("0018A45C4D1DEF81644B54AB7F969B88D65:1\r\nFF:2\n")
    ranges = breached_in(tmp_path)
    assert [line.partition(":")[0] for line in ranges("ABCDE")] == ["0018A45C4D1DEF81644B54AB7F969B88D65", "FF"]
    assert list(ranges("12345")) == []


def test_shorter_rsa_keys_are_taken_only_where_the_setting_names_the_place(tmp_path):
    transport = settle(in_folder(tmp_path, 'rsa_2048 = "sign_in"\n'), {}).transport
    assert (transport.rsa_bits_min("sign_in"), transport.rsa_bits_min("tls")) == (2048, 3072)
    assert settle({}, {}).transport.rsa_bits_min("sign_in") == 3072
    assert "use some of: sign_in, tls" in "".join(told({"data": str(tmp_path)}, {"JINDI_RSA_2048": "everywhere"}))
