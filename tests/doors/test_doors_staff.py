"""`jindi staff`, and the program with and without accounts: from an empty folder to two people who are in."""

import json
import re
import time

import httpx
import pytest
from test_doors_cli import no_settings_of_ours, running, stop, told, write_packs  # noqa: F401 - a fixture for all
from test_doors_people import secret_of

from jindi.access import Staff
from staff_world import GOOD, totp


def invite(data, login="admin", name="王安", role="security_admin", **more):
    return told("staff", "invite", login, "--name", name, "--role", role, "--data", data, **more)


def test_an_account_is_made_in_an_empty_folder_and_listed_without_its_secrets(tmp_path):
    made = invite(tmp_path)
    assert made["link"].startswith("http://localhost:8420/invitation/")
    assert made["assumes"] == "settings", "it has not been started yet, and the words say so"
    token = made["link"].rpartition("/")[2]
    listed = told("staff", "list", "--data", tmp_path)["staff"]
    assert [(each["login"], each["roles"], each["state"]) for each in listed] == [
        ("admin", ["security_admin"], "invited")
    ]
    kept = (tmp_path / "state" / Staff.BLOB).read_text()
    assert token not in kept
    assert token not in json.dumps(listed)
    assert (tmp_path / "state" / Staff.BLOB).stat().st_mode & 0o077 == 0


def test_another_link_is_made_for_one_who_has_not_come_and_the_first_ends(tmp_path):
    first, second = invite(tmp_path), invite(tmp_path)
    assert first["id"] == second["id"]
    assert first["link"] != second["link"]
    refused = invite(tmp_path, role="auditor", code=2)
    assert "there is an account with this login" in json.dumps(refused)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("invite", "lіmin", "--name", "X", "--role", "analyst"), "not a login"),
        (("invite", "ok", "--name", "a\u202eb", "--role", "analyst"), "not a name"),
        (("invite", "ok", "--name", "X", "--role", "boss"), "unknown role"),
        (
            ("invite", "ok", "--name", "X", "--role", "security_admin", "--role", "system_admin"),
            "one person can't be both",
        ),
        (("roles", "admin", "--role", "auditor", "--role", "analyst"), "one person can't be both"),
    ],
)
def test_what_no_account_may_be_is_2_with_a_sentence(tmp_path, arguments, said):
    invite(tmp_path)
    assert said in json.dumps(told("staff", *arguments, "--data", tmp_path, code=2), ensure_ascii=False)


@pytest.mark.parametrize("step", ["disable", "enable", "reset"])
def test_a_login_that_nobody_has_is_1(tmp_path, step):
    invite(tmp_path)
    assert "nobody has this login" in json.dumps(told("staff", step, "nobody", "--data", tmp_path, code=1))


def test_each_step_is_in_the_journal_under_the_caller(tmp_path):
    invite(tmp_path)
    invite(tmp_path, "sysop", "陈系统", "system_admin")
    told("staff", "disable", "sysop", "--data", tmp_path)
    assert "not disabled" in json.dumps(told("staff", "enable", "admin", "--data", tmp_path, code=1))
    told("staff", "enable", "sysop", "--data", tmp_path)
    told("staff", "roles", "sysop", "--role", "auditor", "--data", tmp_path)
    journal = b"".join(path.read_bytes() for path in (tmp_path / "journal").glob("*.segment"))
    for what in (b"staff.invite", b"staff.disable", b"staff.enable", b"staff.roles"):
        assert what in journal
    assert re.search("陈系统 \\[auditor\\] per_[0-9a-f]{12}".encode(), journal), "by his name, as at the doors"


def take_up(http, link):
    """An invitation, by a browser: password, app, and in."""
    path = "/invitation/" + link.rpartition("/")[2]
    form = {"token": path.rpartition("/")[2], "password": GOOD, "again": GOOD}
    assert http.get(path).status_code == 200
    assert http.post("/invitation", data=form).headers["location"] == "/set-up"
    secret = secret_of(http.get("/set-up").text)
    done = http.post("/set-up/totp", data={"code": totp(time.time_ns() // 1000, secret)})
    assert done.status_code == 200


def test_from_an_empty_folder_to_an_administrator_who_is_in_and_afterwards_no_link_and_no_key_is_given(tmp_path):
    packs, data = write_packs(tmp_path), tmp_path / "data"
    data.mkdir()
    link = invite(data)["link"]
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["api_key"].startswith("jk_")
        with httpx.Client(base_url=ready["url"], trust_env=False, headers={"accept-language": "en"}) as http:
            take_up(http, link)
            assert http.get("/console/staff").status_code == 200
            assert httpx.get(ready["sign_in"], trust_env=False).status_code == 410
            cookie = dict(http.cookies)
        # While it runs, the command line changes nothing.
        assert told("staff", "disable", "admin", "--data", data, code=1)["ok"] is False
        assert stop(process)[0] == 0
    assert "last active security administrator" in json.dumps(told("staff", "disable", "admin", "--data", data, code=1))
    made = invite(data, login="chen", name="陈", role="auditor")
    assert made["link"].startswith(f"http://localhost:{ready['url'].rpartition(':')[2]}/invitation/"), (
        "where it was last"
    )
    assert made["assumes"] == "last_start"
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["api_key"] is None
        assert ready["sign_in"] == f"http://localhost:{ready['url'].rpartition(':')[2]}/sign-in"
        with httpx.Client(base_url=ready["url"], trust_env=False, cookies=cookie) as http:
            assert http.get("/console/account").status_code == 200  # the session has outlived the restart
        assert 'name="login"' in httpx.get(f"{ready['url']}/sign-in", trust_env=False).text
        assert stop(process)[0] == 0
    told("staff", "reset", "admin", "--data", data)
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        with httpx.Client(base_url=ready["url"], trust_env=False, cookies=cookie) as http:
            assert http.get("/console/account").status_code == 303  # reset while it was down
        assert stop(process)[0] == 0
