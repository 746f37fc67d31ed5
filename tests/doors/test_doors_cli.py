"""The command line: what people and programs are told, and how it ends."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from jindi.app.wiring import Outside
from jindi.doors.cli.commands import _Context, app, run
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.run.records import decision_id
from shop_world import CANARIES, LISTS, POLICY, event, pay, shop_files

AT_US = 1_717_200_000_000_000  # 2024-06-01: before any clock that runs these tests
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("JINDI_")}


def jindi(*arguments, given=None):
    """A command in this process: its exit code, what it said, and what it said of itself."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], obj=_Context(Outside()), input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(*arguments, code=0, **more):
    """The JSON document of a command: the only thing on standard output."""
    result = jindi(*arguments, "--json", **more)
    assert result.exit_code == code, (result.stdout, result.stderr)
    lines = result.stdout.splitlines()
    assert len(lines) == 1, result.stdout
    return json.loads(lines[0])


def write_packs(folder, **changed):
    for path, text in shop_files(**changed).items():
        if path.startswith("shop/"):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            # A decision has a deadline; what a busy machine makes of it is not what is tested here.
            target.write_text(text.replace('deadline = "200ms"', 'deadline = "1h"'), "utf-8")
    return folder / "shop"


def live(data, packs, events, *, vault=False, rest_s=0.0):
    """A platform lives in a folder for a while, and rests before it ends; its answers."""
    outside = Outside()
    settled = outside.settle({"data": str(data), "packs": str(packs)})

    async def go():
        platform = make_platform(outside, settled, Output(as_json=True), with_vault=vault)
        await platform.start()
        answers = [
            json.loads(await platform.submit(json.dumps(each).encode(), outside.clock.now_us())) for each in events
        ]
        await asyncio.sleep(rest_s)
        await platform.close()
        return answers

    return asyncio.run(go())


EVENTS = [
    pay(n, ("5.00", "2000.00", "6000.00", "15000.00")[n % 4], AT_US + n * 1_000_000, user=f"u{n % 3}")
    for n in range(24)
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A folder in which a platform has lived, its packs, and its answers. Nobody changes it."""
    folder = tmp_path_factory.mktemp("lived")
    packs = write_packs(folder / "packs")
    return folder / "data", packs, live(folder / "data", packs, EVENTS)


@pytest.fixture
def copy(lived, tmp_path):
    """A copy of it, to be spoilt."""
    import shutil

    shutil.copytree(lived[0], tmp_path / "data")
    return tmp_path / "data", lived[1], lived[2]


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("JINDI_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


# ---- verify


def test_verify_counts_batches_and_decisions(lived):
    document = told("verify", "--data", lived[0])
    assert (document["ok"], document["decisions"], document["records"]) == (True, 24, 25)
    assert document["batches"] >= 1
    result = jindi("verify", "--data", lived[0])
    assert result.exit_code == 0
    assert "24 decisions" in result.stdout


def test_verify_of_a_folder_without_a_journal_is_2_and_makes_nothing(tmp_path):
    assert told("verify", "--data", tmp_path / "none", code=2)["ok"] is False
    assert not (tmp_path / "none").exists()


def test_any_flipped_byte_of_the_journal_is_found_and_its_place_named(copy):
    data, _, _ = copy
    (segment,) = (data / "journal").glob("*.segment")
    whole = segment.read_bytes()
    end = len(whole.rstrip(b"\0"))
    for place in range(0, end, max(1, end // 23)):
        bad = bytearray(whole)
        bad[place] ^= 0x10
        segment.write_bytes(bad)
        document = told("verify", "--data", data, code=1)
        assert document["ok"] is False
        assert document["place"]
        assert document["problem"]
        assert not [canary for canary in CANARIES if canary in json.dumps(document)]
    segment.write_bytes(whole)
    assert told("verify", "--data", data)["ok"]


def test_the_first_broken_place_is_told_to_people_too(copy):
    (segment,) = (copy[0] / "journal").glob("*.segment")
    bad = bytearray(segment.read_bytes())
    bad[5000] ^= 1
    segment.write_bytes(bad)
    result = jindi("verify", "--data", copy[0])
    assert result.exit_code == 1
    assert "broken at" in result.stderr


def test_a_checkpoint_kept_elsewhere_finds_a_journal_that_was_cut_short_or_rewritten(copy, tmp_path):
    data, packs, _ = copy
    note = tmp_path / "note.txt"
    made = told("checkpoint", "--data", data, "--out", note)
    assert made["records"] == 25
    assert told("verify", "--data", data, "--checkpoint", note)["checkpoints"] >= 1
    assert told("verify", "--data", data, "--checkpoint", note, "--key", made["key"])["ok"]
    other = tmp_path / "other"
    live(other, packs, EVENTS[:5])
    for name in ("key-signing", "key-origin"):  # somebody who holds the key has written another history
        (other / "state" / name).write_bytes((data / "state" / name).read_bytes())
    for blob in (other / "state").glob("checkpoint*"):
        blob.unlink()
    assert told("verify", "--data", other, "--checkpoint", note, code=1)["ok"] is False
    note.write_text(note.read_text("utf-8").replace("25", "26"), "utf-8")
    assert told("verify", "--data", data, "--checkpoint", note, code=1)["place"] == "checkpoint"


# ---- explain


def test_explain_tells_each_condition_with_its_value_and_what_would_change_it(lived):
    data, packs, answers = lived
    document = told("explain", answers[1]["decision_id"], "--data", data, "--packs", packs)
    assert (document["decision_id"], document["event_id"], document["outcome"]) == (
        answers[1]["decision_id"],
        "p1",
        "challenge",
    )
    assert [rule["id"] for rule in document["rules"] if rule["state"] == "hit"] == ["large"]
    result = jindi("explain", answers[1]["decision_id"], "--data", data)
    assert result.exit_code == 0
    for words in ("CHALLENGE", "Large: a challenge.", "大额", "amount >= ", "what would change it"):
        assert words in result.stdout
    assert not [canary for canary in CANARIES if canary in result.stdout]


def test_explain_tells_people_what_was_hit_and_how_much_is_left_out_until_they_ask_for_all(lived):
    data, _, answers = lived
    identifier = answers[1]["decision_id"]
    document = told("explain", identifier, "--data", data)
    states = {rule["id"]: rule["state"] for rule in document["rules"]}
    short, whole = (jindi("explain", identifier, "--data", data, *more).stdout for more in ([], ["--all"]))
    assert set(states.values()) == {"hit", "not_hit"}
    for rule, state in states.items():
        assert f" {rule}  " in whole or f" {rule} " in whole
        assert (f" {rule} " in short) == (state == "hit")
    rest = sum(state == "not_hit" for state in states.values())
    assert f"not shown: {rest} rules, " in short
    assert "--all shows them" in short
    assert "not shown" not in whole
    assert all(f"{limit['name']} = " in whole for limit in document["limits"])
    assert len(whole.splitlines()) > len(short.splitlines())


def test_amounts_are_told_with_their_currency_first_and_programs_get_them_as_ever(lived):
    data, _, answers = lived
    document = told("explain", answers[1]["decision_id"], "--data", data)
    (amount,) = [line["value"] for line in document["inputs"] if line["name"] == "amount"]
    assert amount == "2000.00 CNY"
    shown = jindi("explain", answers[1]["decision_id"], "--data", data, "--all").stdout
    assert "amount = CNY 2,000.00" in shown
    assert not re.search(r"\d CNY", shown)


@pytest.mark.parametrize("identifier", ["dec_0000000000ff", "dec_000000000000", "p1", ""])
def test_explain_of_what_is_no_decision_is_1_with_a_sentence(lived, identifier):
    document = told("explain", identifier, "--data", lived[0], code=1)
    assert document["ok"] is False
    assert document["error"]


def test_what_somebody_wrote_into_an_event_commands_no_terminal(tmp_path):
    packs = write_packs(tmp_path)
    nasty = pay("x", "2000.00", AT_US) | {"id": "x\x1b[2J\x07\u202egnp", "user": "\x1b]0;owned\x07"}
    (answer,) = live(tmp_path / "data", packs, [nasty])
    result = jindi("explain", answer["decision_id"], "--data", tmp_path / "data")
    assert result.exit_code == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", result.stdout)


# ---- packs


def test_packs_check_counts_what_it_proved():
    document = told("packs", "check")
    assert document["ok"]
    assert document["rules"] >= 40
    assert document["cases"] >= 2 * document["rules"]


def test_packs_check_tells_every_problem_of_every_file_and_is_1(tmp_path):
    packs = write_packs(
        tmp_path,
        policy=POLICY.replace("amount >= cny('1000')", "amuont >= cny('1000')").replace(
            "amount >= cny('10000')", "amount >= usd('1')"
        ),
        lists=LISTS.replace('colour = "black"', 'colour = "pink"'),
    )
    document = told("packs", "check", packs, code=1)
    places = {problem["where"] for problem in document["problems"]}
    assert places == {"shop/policies/pay.toml", "shop/lists/lists.toml"}
    assert len(document["problems"]) >= 4
    assert jindi("packs", "check", packs).exit_code == 1


def test_packs_check_of_a_failing_case_names_the_case(tmp_path):
    packs = write_packs(tmp_path, policy=POLICY.replace('"999.99"', '"1000.00"'))
    assert any("large" in problem["item"] for problem in told("packs", "check", packs, code=1)["problems"])


def test_packs_check_of_no_folder_is_1(tmp_path):
    assert told("packs", "check", tmp_path / "none", code=1)["problems"][0]["problem"] == "not a folder"


def test_packs_show_lists_all_names_and_one_with_both_languages(lived):
    names = told("packs", "show", "--packs", lived[1])
    assert {"pay", "reading", "challenge_result"} <= set(names["event"])
    assert "large" in names["rule"]
    rule = told("packs", "show", "large", "--packs", lived[1])["rule"]
    assert (rule["zh"], rule["en"], rule["basis"]) == ("大额，需验证。", "Large: a challenge.", "shop rules 1")
    for name in ("pays_1d", "daily", "blocked", "pay"):
        assert jindi("packs", "show", name, "--packs", lived[1]).exit_code == 0
    assert jindi("packs", "show", "--packs", lived[1]).exit_code == 0
    assert told("packs", "show", "nothing", "--packs", lived[1], code=1)["ok"] is False


def test_a_new_pack_works_as_it_is_and_is_never_written_over_another(tmp_path):
    document = told("packs", "new", "mine", "--into", tmp_path)
    assert all((tmp_path / path).exists() or Path(path).exists() for path in document["files"])
    assert told("packs", "check", tmp_path / "mine")["ok"]
    told("packs", "new", "mine", "--into", tmp_path, code=1)
    for name in ("../evil", "Mine", "", "core x", "core"):
        told("packs", "new", name, "--into", tmp_path, code=1)
    (tmp_path / "a-file").write_text("", "utf-8")
    (problem,) = told("packs", "new", "mine", "--into", tmp_path / "a-file" / "below", code=1)["problems"]
    assert "could not be written" in problem["problem"]


# ---- decide


def test_decide_answers_every_event_of_a_file(lived, tmp_path):
    source, out = tmp_path / "in.ndjson", tmp_path / "out.parquet"
    source.write_text("\n".join(json.dumps(each) for each in EVENTS), "utf-8")
    document = told("decide", source, "--out", out, "--packs", lived[1])
    assert (document["ok"], document["rows"], document["events"]) == (True, 24, 24)
    assert pq.read_table(out)["outcome"].to_pylist() == [answer["outcome"] for answer in lived[2]]
    assert jindi("decide", source, "--out", out, "--packs", lived[1]).exit_code == 0


def test_decide_maps_the_columns_of_a_table(lived, tmp_path):
    (tmp_path / "in.csv").write_text("n,t,who,sum\n1,1717200000,u1,5.00\n2,1717200001,u1,2000.00\n", "utf-8")
    (tmp_path / "map.toml").write_text(
        'type = "pay"\nid = { column = "n" }\nat = { column = "t", unit = "s" }\n[fields]\nuser = { column = "who" }\n'
        'amount = { column = "sum" }\nchannel = { literal = "app" }\n',
        "utf-8",
    )
    arguments = (
        "decide",
        tmp_path / "in.csv",
        "--packs",
        lived[1],
        "--columns",
        tmp_path / "map.toml",
        "--out",
        tmp_path / "o.parquet",
    )
    document = told(*arguments)
    assert document["outcomes"]["challenge"] == 1


def test_decide_says_what_is_wrong_and_leaves_nothing_behind(lived, tmp_path):
    source = tmp_path / "in.ndjson"
    source.write_text('{"id": 1}\n', "utf-8")
    out = tmp_path / "out.parquet"
    assert told("decide", source, "--out", out, "--packs", lived[1], code=1)["problems"]
    assert told("decide", source, "--out", tmp_path / "none" / "o.parquet", "--packs", lived[1], code=2)["ok"] is False
    assert told("decide", source, "--out", source, "--packs", lived[1], code=1)["ok"] is False
    assert jindi("decide", tmp_path / "missing", "--out", out).exit_code == 2
    out.mkdir()
    source.write_text(json.dumps(EVENTS[0]), "utf-8")
    assert told("decide", source, "--out", out, "--packs", lived[1], code=1)["ok"] is False
    (tmp_path / "map.toml").write_bytes(b"\xff\xfe")
    arguments = ("--columns", tmp_path / "map.toml", "--packs", lived[1])
    assert told("decide", source, "--out", tmp_path / "o.parquet", *arguments, code=1)["ok"] is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ndjson", "map.toml", "out.parquet"]


# ---- the platform's folder


def test_a_snapshot_is_written_and_named(copy):
    data, packs, _ = copy
    for blob in (data / "state").glob("snapshot-*"):
        blob.unlink()
    document = told("snapshot", "--data", data, "--packs", packs)
    assert (data / "state" / document["snapshot"]).is_file()
    assert document["replayed"] == 25
    assert told("snapshot", "--data", data, "--packs", packs)["replayed"] == 0


def test_a_snapshot_under_other_packs_is_refused_before_they_get_into_the_journal(copy):
    data, _, _ = copy
    before = told("verify", "--data", data)
    assert "--packs" in told("snapshot", "--data", data, code=1)["problems"][0]["remedy"]
    assert told("verify", "--data", data) == before


def test_doctor_looks_at_everything_and_is_1_when_something_is_not_well(copy, monkeypatch):
    data, packs, _ = copy
    monkeypatch.setenv("CI", "1")
    document = told("doctor", "--data", data, "--packs", packs)
    assert document["ok"]
    assert {"python", "machine", "disk", "packs", "data", "keys", "journal", "snapshots"} <= {
        f["what"] for f in document["findings"]
    }
    data.chmod(0o755)
    (data / "state" / "key-token").chmod(0o644)
    ill = {finding["what"]: finding for finding in told("doctor", "--data", data, "--packs", packs, code=1)["findings"]}
    assert not ill["data"]["is_well"]
    assert not ill["keys"]["is_well"]
    assert ill["keys"]["text"]
    result = jindi("doctor", "--data", data, "--packs", packs)
    assert result.exit_code == 1
    assert "✗" in result.stdout


def test_doctor_of_nothing_yet_is_well(tmp_path, monkeypatch):
    monkeypatch.setenv("CI", "1")
    assert told("doctor", "--data", tmp_path / "new")["ok"]
    assert not (tmp_path / "new").exists()


def test_a_key_that_others_can_read_is_not_used(copy):
    data, packs, _ = copy
    (data / "state" / "key-token").chmod(0o644)
    document = told("snapshot", "--data", data, "--packs", packs, code=1)
    assert "others can read this key" in document["problems"][0]["problem"]


def test_config_show_tells_each_value_with_its_origin(tmp_path, monkeypatch):
    monkeypatch.setenv("JINDI_LISTEN", "127.0.0.1:1")
    document = told("config", "show", "--data", tmp_path)
    lines = {line["name"]: line for line in document["settings"]}
    assert (lines["listen"]["value"], lines["listen"]["origin"]) == ("127.0.0.1:1", "environment JINDI_LISTEN")
    assert lines["data"]["origin"] == "flag"
    assert lines["journal"]["origin"] == "default"
    assert "JINDI_LISTEN" in jindi("config", "show").stdout


@pytest.mark.parametrize(
    "command", [("config", "show"), ("verify",), ("doctor",), ("keys", "list"), ("packs", "check"), ("up",)]
)
def test_a_setting_that_does_not_exist_stops_every_command_with_2(command, monkeypatch):
    monkeypatch.setenv("JINDI_PROT", "1")
    assert "JINDI_PROT" in json.dumps(told(*command, code=2))


def test_keys_are_made_listed_and_revoked_and_shown_once(copy):
    data = copy[0]
    made = told("keys", "new", "shop", "--scope", "events:write", "--scope", "metrics:read", "--data", data)
    assert made["api_key"].startswith("jk_")
    listed = told("keys", "list", "--data", data)["keys"]
    assert [(key["id"], key["name"], key["scopes"], key["revoked"]) for key in listed] == [
        (made["id"], "shop", ["events:write", "metrics:read"], None)
    ]
    stored = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert made["api_key"].encode() not in stored
    assert made["api_key"] not in json.dumps(listed)
    told("keys", "revoke", made["id"], "--data", data)
    assert told("keys", "list", "--data", data)["keys"][0]["revoked"]
    assert told("keys", "revoke", made["id"], "--data", data, code=1)["ok"] is False
    assert told("keys", "new", "x", "--scope", "everything", "--data", data, code=2)["ok"] is False
    (listed,) = told("keys", "list", "--data", data)["keys"]
    assert listed["expires"] is not None, "a key that never ends is nobody's to forget"
    assert jindi("keys", "list", "--data", data).exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "new", "x", "--scope", "admin"), ("keys", "list"), ("keys", "revoke", "key_62cf6a6b278c"),
        ("snapshot",), ("verify",), ("checkpoint",), ("replay",), ("labels",), ("drift",), ("archive",),
        ("archive", "--verify"), ("export", "out.csv"), ("explain", "dec_000000000001"),
        ("backtest", "--policy", "pay"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("there", [False, True])
def test_a_mistyped_folder_is_named_with_a_remedy_and_nothing_is_made(command, there, tmp_path):
    data = tmp_path / "mistyped"
    if there:
        data.mkdir()
        (data / "notes.txt").write_text("somebody's", "utf-8")
    result = jindi(*command, "--data", data, "--json")
    assert result.exit_code in (1, 2)
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["where"].startswith(str(data))
    assert "--data" in problem["remedy"]
    assert sorted(tmp_path.rglob("*")) == ([data, data / "notes.txt"] if there else [])


def test_keys_of_a_platform_that_is_to_be_started_are_made_in_an_empty_folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jindi.toml").write_text('listen = "127.0.0.1:0"', "utf-8")
    made = told("keys", "new", "ann", "--scope", "policies:write", "--data", tmp_path / "data")
    assert [key["id"] for key in told("keys", "list", "--data", tmp_path / "data")["keys"]] == [made["id"]]


def test_keys_of_a_folder_whose_journal_is_the_other_store_s_are_refused_with_a_sentence(copy, monkeypatch):
    monkeypatch.setenv("JINDI_JOURNAL", "sqlite")
    document = told("keys", "new", "x", "--scope", "admin", "--data", copy[0], code=1)
    assert "the other store" in document["problems"][0]["problem"]


def test_a_checkpoint_that_can_not_be_written_is_a_problem_and_not_half_a_success(lived, tmp_path):
    document = told("checkpoint", "--data", lived[0], "--out", tmp_path / "none" / "note", code=1)
    assert document["ok"] is False
    assert document["problems"][0]["where"] == str(tmp_path / "none" / "note")


def test_arguments_that_can_not_be_read_are_told_to_programs_too(monkeypatch, capsys):
    for arguments in (
        ["verify", "--nosuch"],
        ["nosuch"],
        ["decide", "missing"],
        ["bench", "--events", "no"],
        ["demo", "--users", "3"],
    ):
        for more in ([], ["--json"]):
            monkeypatch.setattr(sys, "argv", ["jindi", *arguments, *more])
            with pytest.raises(SystemExit) as end:
                run(Outside())
            assert end.value.code == 2
            said = capsys.readouterr()
            assert said.err
            assert json.loads(said.out)["ok"] is False if more else not said.out


@pytest.mark.parametrize(
    ("arguments", "where", "item", "problem"),
    [
        (("explain",), "jindi explain", "ID", "missing"),
        (("keys", "new", "x"), "jindi keys new", "--scope", "missing"),
        (("demo", "--users", "3"), "jindi demo", "--users", "Input should be greater than or equal to 20"),
        (("verify", "--dta", "x"), "jindi verify", "--dta", "No such option"),
        (("keys", "nosuch"), "jindi keys", "", "No such command 'nosuch'."),
        ((), "jindi", "--json", "No such option"),
    ],
)
def test_a_problem_with_arguments_has_the_shape_of_every_other_problem(
    arguments, where, item, problem, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["jindi", *arguments, "--json"])
    with pytest.raises(SystemExit) as end:
        run(Outside())
    assert end.value.code == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["error"]) == (False, "1 problem")
    (told_of,) = document["problems"]
    remedy = told_of.pop("remedy")
    assert told_of == {"where": where, "item": item, "problem": problem}
    assert f"{where} --help" in remedy or "did you mean" in remedy


def test_what_is_said_in_one_sentence_is_a_problem_too(lived):
    document = told("explain", "dec_0000000000ff", "--data", lived[0], code=1)
    assert [each["problem"] for each in document["problems"]] == [document["error"]]


def leaves(command, words=()):
    """Every command that does something, with its words."""
    inner = getattr(command, "commands", {})
    return [leaf for name, each in inner.items() for leaf in leaves(each, (*words, name))] or [words]


@pytest.mark.parametrize("words", leaves(get_command(app)), ids=" ".join)
def test_help_shows_no_types_of_a_program_s_inside(words):
    shown = jindi(*words, "--help").stdout
    assert not re.search(r"list\[|Path|\[\[|…\]", shown), shown


def test_one_of_a_thing_is_not_told_in_the_plural(tmp_path):
    packs = write_packs(tmp_path / "packs")
    live(tmp_path / "data", packs, EVENTS[:1])
    assert "1 decision (2 records), 1 checkpoint agrees" in jindi("verify", "--data", tmp_path / "data").stdout
    assert "1 decision made again" in jindi("replay", "--data", tmp_path / "data").stdout
    assert "1 decision archived; 1 in 1 part," in jindi("archive", "--data", tmp_path / "data").stdout
    exported = jindi("export", tmp_path / "one.csv", "--data", tmp_path / "data").stdout
    assert exported.startswith("1 row →")
    assert "2 packs, " in (checked := jindi("packs", "check", packs).stdout)
    assert " 1 policy, " in checked


def test_what_the_machine_refuses_is_a_problem_and_never_a_traceback(monkeypatch, capsys, tmp_path):
    data = tmp_path / "data"
    data.write_text("no folder", "utf-8")
    for arguments in (["keys", "list"], ["doctor"], ["up", "--listen", "127.0.0.1:0"], ["snapshot"], ["verify"]):
        monkeypatch.setattr(sys, "argv", ["jindi", *arguments, "--data", str(data), "--json"])
        with pytest.raises(SystemExit) as end:
            run(Outside())
        assert end.value.code in (1, 2)
        said = capsys.readouterr()
        assert json.loads(said.out)["ok"] is False
        assert "Traceback" not in said.err


def test_the_version_and_help_are_told():
    assert re.fullmatch(r"jindi \d+\.\d+\.\d+\n", jindi("--version").stdout)
    for command in ((), ("packs",), ("keys",), ("config",), ("up",), ("decide",)):
        assert "Usage" in jindi(*command, "--help").stdout


# ---- a running platform, in a process of its own


SHIPPED = Path(__file__).parents[2] / "packs"


@contextmanager
def running(data, packs, *more, command="up"):
    arguments = [command, "--data", str(data), "--packs", str(packs), "--listen", "127.0.0.1:0", "--json", *more]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", "from jindi.app import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=300)


def stop(process):
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def until(happens):
    import time

    for _ in range(6_000):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it has not happened in five minutes")


def test_up_prints_one_line_when_it_is_ready_serves_takes_changed_packs_and_stops_in_order(tmp_path):
    packs, data = write_packs(tmp_path), tmp_path / "data"
    with running(data, packs) as process:
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"url", "api_key", "sign_in"}
        assert ready["sign_in"].startswith(f"{ready['url']}/sign-in/")
        with httpx.Client(
            base_url=ready["url"], headers={"authorization": f"Bearer {ready['api_key']}"}, trust_env=False
        ) as http:
            assert http.get("/readyz").status_code == 200
            first = http.post("/v1/events", json=EVENTS[0])
            assert first.status_code == 200
            assert http.get(f"/v1/decisions/{first.json()['decision_id']}").json()["status"] == "final"
            assert http.get("/v1/nothing").headers["content-type"] == "application/problem+json"
            assert (
                "text/html"
                in http.get("/", headers={"accept": "text/html"}, follow_redirects=True).headers["content-type"]
            )
            page = httpx.get(ready["sign_in"], trust_env=False)
            assert page.status_code < 400
            # A second platform over the same folder is turned away and disturbs nothing.
            with running(data, packs) as second:
                out, err = second.communicate(timeout=300)
                assert (second.returncode, json.loads(out)["ok"]) == (1, False)
                assert "Traceback" not in err
            assert told("keys", "new", "x", "--scope", "admin", "--data", data, code=1)["ok"] is False
            # Trying packs against it keeps nothing; changing them takes effect.
            (tmp_path / "event.json").write_text(json.dumps(pay("try", "950.00", AT_US + 10**9)), "utf-8")
            edited = write_packs(
                tmp_path / "edited", policy=POLICY.replace("cny('1000')", "cny('900')").replace('"999.99"', '"899.99"')
            )
            tried = (
                "packs",
                "try",
                tmp_path / "event.json",
                "--url",
                ready["url"],
                "--api-key",
                ready["api_key"],
                "--packs",
                edited,
            )
            assert told(*tried)["decision"]["outcome"] == "challenge"
            assert "CHALLENGE" in jindi(*tried).stdout
            assert told(*tried[:-3], "jk_wrong", "--packs", edited, code=1)["ok"] is False
            digest = http.get("/v1/packs").json()["digest"]
            (packs / "policies" / "pay.toml").write_text("broken =", "utf-8")
            (packs / "policies" / "pay.toml").write_text((edited / "policies" / "pay.toml").read_text("utf-8"), "utf-8")
            until(lambda: http.get("/v1/packs").json()["digest"] != digest)
            assert http.post("/v1/events", json=pay("try", "950.00", AT_US + 10**9)).json()["outcome"] == "challenge"
            assert http.post("/v1/snapshots").status_code == 201
            assert told("verify", "--data", data)["decisions"] == 2
        code, rest, err = stop(process)
    assert (code, rest) == (0, "")
    assert "Traceback" not in err
    with running(data, packs) as again:
        ready = json.loads(again.stdout.readline())
        answer = httpx.post(
            f"{ready['url']}/v1/events",
            json=EVENTS[0],
            headers={"authorization": f"Bearer {ready['api_key']}"},
            trust_env=False,
        )
        assert answer.content == first.content
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=300)
        assert again.returncode == 0
    assert not [
        canary
        for canary in CANARIES
        for path in data.rglob("*")
        if path.is_file() and canary.encode() in path.read_bytes()
    ]


def test_a_demo_tells_its_past_though_to_start_it_is_an_event_itself(tmp_path):
    data = tmp_path / "data"
    with running(data, SHIPPED, "--users", "40", "--days", "1", command="demo") as process:
        assert json.loads(process.stdout.readline())["sign_in"]
        until(lambda: "the past is told" in process.stderr.readline())
        stop(process)
    assert told("verify", "--data", data)["decisions"] > 500, "a day of forty customers and their office"


def test_up_that_can_not_begin_says_why_and_is_1(tmp_path):
    packs = write_packs(tmp_path, policy=POLICY.replace("amount >=", "amuont >="))
    with running(tmp_path / "data", packs) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert json.loads(out)["problems"]
    assert "Traceback" not in err


def test_up_over_a_damaged_journal_names_the_place_and_does_not_begin(copy):
    (segment,) = (copy[0] / "journal").glob("*.segment")
    bad = bytearray(segment.read_bytes())
    bad[len(bad.rstrip(b"\0")) // 2] ^= 1
    segment.write_bytes(bad)
    with running(copy[0], copy[1]) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert segment.name in json.loads(out)["error"]
    assert "Traceback" not in err
    assert segment.read_bytes() == bytes(bad)


def test_a_demo_of_another_size_than_its_folder_began_with_does_not_begin(copy):
    data, packs, _ = copy
    before = told("verify", "--data", data)
    (data / "state" / "demo.json").write_text('{"seed":7,"users":60,"days":2}', "utf-8")
    asked = ("--data", data, "--packs", packs, "--listen", "127.0.0.1:0", "--users", 61)
    (problem,) = told("demo", *asked, code=1)["problems"]
    assert problem["item"] == "--users"
    assert "another folder" in problem["remedy"]
    assert told("verify", "--data", data) == before


@pytest.mark.parametrize("command", ["up", "demo"])
def test_where_another_listens_the_start_says_so_and_makes_nothing(command, tmp_path):
    packs = write_packs(tmp_path / "packs")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_here = ("--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        document = told(command, "--data", tmp_path / "data", "--packs", packs, *taken_here, code=1)
    (problem,) = document["problems"]
    assert "can't listen" in problem["problem"]
    assert "--listen" in problem["remedy"]
    assert not (tmp_path / "data").exists()


def test_packs_try_without_a_platform_says_so(tmp_path, lived):
    (tmp_path / "event.json").write_text("{}", "utf-8")
    document = told("packs", "try", tmp_path / "event.json", "--url", "http://127.0.0.1:1", "--packs", lived[1], code=1)
    assert "no platform answers there" in document["problems"][0]["problem"]
    (tmp_path / "event.json").write_text("{not json", "utf-8")
    document = told("packs", "try", tmp_path / "event.json", "--url", "http://127.0.0.1:1", "--packs", lived[1], code=1)
    assert document["problems"][0]["problem"] == "not JSON"
    document = told("packs", "try", tmp_path / "none.json", "--packs", lived[1], code=1)
    assert document["problems"][0]["where"] == str(tmp_path / "none.json")
    (tmp_path / "event.json").write_text("{}", "utf-8")
    document = told("packs", "try", tmp_path / "event.json", "--url", "http://[bad", "--packs", lived[1], code=1)
    assert "no platform answers there" in document["problems"][0]["problem"]


@pytest.mark.parametrize(
    ("status", "body", "problem", "remedy"),
    [
        (200, b"<html>something else</html>", "no platform answers there", "--url"),
        (401, b'{"title":"No API key in force was given"}', "No API key", "--api-key"),
        (400, b'{"title":"The request can\'t be read","detail":"give files"}', "can't be read", "give files"),
    ],
)
def test_packs_try_says_what_another_address_or_a_wrong_key_answers(
    status, body, problem, remedy, tmp_path, lived, monkeypatch
):
    (tmp_path / "event.json").write_text("{}", "utf-8")
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(status, content=body))
    (first,) = told("packs", "try", tmp_path / "event.json", "--packs", lived[1], code=1)["problems"]
    assert problem in first["problem"]
    assert remedy in first["remedy"]


# ---- labels


LABELS = """
[fraud]
doc = { zh = "欺诈。", en = "It was fraud." }
on = "pay"
mature = "30d"
[[fraud.from]]
event = "review_verdict"
names = "decision"
is = "verdict == 'reject'"
"""


def test_labels_say_what_turned_out_and_what_is_not_known_yet(tmp_path):
    packs = write_packs(tmp_path / "packs")
    (packs / "labels.toml").write_text(LABELS, "utf-8")
    fields = {"decision": decision_id(4), "verdict": "reject", "by": "s1"}
    verdict = event("review_verdict", "v1", AT_US + 30_000_000, **fields)
    live(tmp_path / "data", packs, [*EVENTS[:8], verdict])
    (fraud,) = told("labels", "--data", tmp_path / "data")["labels"]
    assert (fraud["label"], fraud["on"], fraud["decided"], fraud["true"]) == ("fraud", "pay", 8, 1)
    assert fraud["known_within"][0]["share"] == 0.5
    assert "It was fraud." in jindi("labels", "--data", tmp_path / "data").output


def test_labels_of_packs_without_any_say_so(lived):
    assert told("labels", "--data", lived[0])["labels"] == []
    assert "no label is declared" in jindi("labels", "--data", lived[0]).output


# ---- backtests


def stricter(folder):
    """The shop's packs with the threshold of a rule moved from 1,000.00 to 1.00."""
    moved = POLICY.replace("amount >= cny('1000') and", "amount >= cny('1') and").replace('"999.99"', '"0.99"')
    return write_packs(folder, policy=moved)


def test_a_backtest_says_what_edited_packs_would_have_decided(tmp_path):
    packs = write_packs(tmp_path / "packs")
    (packs / "labels.toml").write_text(LABELS, "utf-8")
    live(tmp_path / "data", packs, EVENTS[:8])
    edited = stricter(tmp_path / "edited")
    (edited / "labels.toml").write_text(LABELS, "utf-8")
    page = tmp_path / "backtest.html"
    document = told("backtest", "--data", tmp_path / "data", "--candidate", edited, "--page", page, "--cores", 1)
    (candidate,) = document["candidates"]
    found = candidate["types"]["pay"]
    assert (document["label"], found["events"]) == ("fraud", 8)
    assert found["changed"] > 0
    assert found["candidate"]["stopped"]["events"] > found["live"]["stopped"]["events"]
    assert "回测" in page.read_text("utf-8")
    words = jindi("backtest", "--data", tmp_path / "data", "--candidate", edited, "--cores", 1)
    assert words.exit_code == 0
    assert "stopped" in words.stdout


def test_a_backtest_over_an_archive_that_is_not_whole_names_the_part_and_the_remedy(tmp_path):
    live(tmp_path / "data", write_packs(tmp_path / "packs"), EVENTS[:8])
    told("archive", "--data", tmp_path / "data")
    (part,) = (tmp_path / "data").glob("**/*type=pay/*.parquet")
    whole = part.read_bytes()
    part.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
    edited = stricter(tmp_path / "edited")
    document = told("backtest", "--data", tmp_path / "data", "--candidate", edited, "--cores", 1, code=1)
    assert part.name in json.dumps(document)
    assert "jindi archive --verify" in json.dumps(document)


def test_a_backtest_of_a_question_that_makes_no_sense_names_all_that_is_wrong(lived, tmp_path):
    edited = write_packs(tmp_path)
    asked = ["--since", "2026-13-01", "--until", "tomorrow", "--segment", "nothing"]
    document = told("backtest", "--data", lived[0], "--candidate", edited, *asked, code=1)
    assert [each["item"] for each in document["problems"]] == ["--segment", "--since", "--until"]
    document = told("backtest", "--data", lived[0], code=1)
    assert "nothing to try" in document["problems"][0]["problem"]
    asked = ["--since", "2026-02-01", "--until", "2026-01-01"]
    document = told("backtest", "--data", lived[0], "--candidate", edited, *asked, code=1)
    assert "not after" in document["problems"][0]["problem"]


def test_a_page_that_can_not_be_written_is_a_problem(lived, tmp_path):
    edited = write_packs(tmp_path)
    page = tmp_path / "nowhere" / "page.html"
    document = told("backtest", "--data", lived[0], "--candidate", edited, "--page", page, "--cores", 1, code=1)
    assert "can't be written" in document["problems"][0]["problem"]
