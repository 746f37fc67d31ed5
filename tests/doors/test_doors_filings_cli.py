"""`jindi aml reports`: the walk of the page is run against a platform, and the terminal is told nobody's data."""

import asyncio
import json
import re
import shlex
import stat
from pathlib import Path

from test_doors_filings_api import Filings
from typer.testing import CliRunner

from filings_world import REFUSAL, WORDS, laundering_files, open_files, receipt_name
from jindi.access import Scope
from jindi.app.wiring import Outside
from jindi.cases.filings import STATES as KNOWN
from jindi.doors.cli.commands import _Context, app
from jindi.doors.cli.filing import STATES
from jindi.parties.reporting import packet_name
from shop_world import run

PAGE = (Path(__file__).parents[2] / "docs" / "aml-reports.md").read_text("utf-8")


class Served(Filings):
    """The API behind a socket, and the command beside it."""

    road = "socket"

    async def __aenter__(self):
        await super().__aenter__()
        self.url = f"http://127.0.0.1:{self.socket.port}"
        return self

    async def told(self, *arguments, key=None, code=0, as_json=True):
        more = ["--json"] if as_json else []
        line = ["aml", "reports", *map(str, arguments), "--url", self.url, *more]
        line += [] if "--api-key" in line else ["--api-key", key or self.officer]
        result = await asyncio.to_thread(CliRunner().invoke, app, line, obj=_Context(Outside()))
        said = result.stdout + result.stderr
        assert result.exit_code == code, (line, said, result.exception)
        assert not [word for word in WORDS if word in said], "the terminal is told nobody's data"
        return json.loads(result.stdout.splitlines()[-1]) if as_json else result.stdout


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def walk():
    return [line for block in fences("bash") for line in block.splitlines()]


def filled(line, given):
    return re.sub(r"\$(\w+)", lambda found: given[found[1]], line)


def named(title):
    (text,) = (each for each in fences("toml") if each.startswith(f"# {title}\n"))
    return text


def test_the_walk_of_the_page_goes_from_a_case_to_a_receipt_and_out_again(tmp_path, monkeypatch):
    async def go():
        monkeypatch.chdir(tmp_path)
        async with Served(files=laundering_files()) as api:
            cases = (await api.ask("GET", "/v1/cases", key=api.worker)).json()["cases"]
            case = next(each for each in cases if each["entity"] == "payee")
            draft = named("draft.toml").replace("dec_000000000003", api.decisions[0])
            (tmp_path / "draft.toml").write_text(draft.replace("dec_000000000004", api.decisions[1]), "utf-8")
            (tmp_path / "form.toml").write_text(named("form.toml"), "utf-8")
            given = {"CASE": case["id"], "SECOND": api.second, "TODAY": "2026-11-22"}
            done = {}
            for line in walk():
                parts = shlex.split(filled(line, given))
                assert parts[:3] == ["jindi", "aml", "reports"], line
                if parts[3] == "days":
                    await api.room.pays(99, "600000.00", user="u7")
                    await api.room.moving.catch_up()
                done[parts[3]] = told = await api.told(*parts[3:], code=3 if parts[3] == "receipt" else 0)
                if parts[3] == "new":
                    given["REPORT"] = told["id"]
                if parts[3] == "propose":
                    given["DIGEST"] = told["digest"]
                if parts[3] == "send":
                    name = receipt_name("to_correct", packet_name(told["packets"][0]))
                    (tmp_path / name).write_bytes(REFUSAL)
                    given["RECEIPT"] = shlex.quote(name)
            assert [each["field"] for each in done["receipt"]["errors"]] == ["SEVC"]
            assert done["statistics"]["months"][0]["to_correct"] == 1
            assert {each["code"] for each in done["days"]["days"]} == {"0503"}
            assert done["begin"]["topic"] == "large"
            assert (await api.told("show", given["REPORT"]))["state"] == "proposed"
            written = sorted(path.name for path in (tmp_path / "private").iterdir())
            assert written[:1] == ["draft.json"]
            assert len(written) == 3
            whole = json.loads(next((tmp_path / "private").glob("rpt_*.json")).read_text("utf-8"))
            assert whole["receipts"][0]["errors"][0]["place"] == "SEIF 1"
            assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.glob("*/*"))

    run(go())


def test_goaml_is_written_by_the_units_codes_and_words_say_the_same(tmp_path, monkeypatch):
    async def go():
        monkeypatch.chdir(tmp_path)
        async with Served() as api:
            (tmp_path / "unit.toml").write_text(named("unit.toml"), "utf-8")
            (tmp_path / "draft.toml").write_text(
                named("draft.toml").replace("dec_000000000003", api.decisions[0])
                .replace("dec_000000000004", api.decisions[1])
                + 'latin_last = "Shan"\nlatin_first = "Xiongxin"\n[[others]]\nuser = "u2"\nlatin_last = "Yuchi"\n',
                "utf-8",
            )  # fmt: skip
            report = await api.told("new", "draft.toml")
            said = await api.told("propose", report["id"], as_json=False)
            assert "待审批 waits for approval" in said
            assert "1 subject, 2 transactions" in said
            made = await api.told("packet", report["id"], "--out", "private", "--goaml", "unit.toml")
            assert made["file"].endswith(".goaml.xml")
            assert (await api.told("list", as_json=False)).startswith(report["id"])
            assert "2026-11,suspicious,,1,0" in await api.told("statistics", as_json=False)
            lacking = await api.told("write", report["id"], "draft.toml", as_json=False)
            assert "起草中 being written" in lacking

    run(go())


def test_what_the_platform_declines_is_told_and_ends_with_1(tmp_path, monkeypatch):
    async def go():
        monkeypatch.chdir(tmp_path)
        async with Served() as api:
            (tmp_path / "empty.json").write_text("{}")
            report = await api.told("new", "empty.json")
            refused = await api.told("propose", report["id"], code=1)
            assert len(refused["problems"]) > 5
            await api.told("list", key=api.key(Scope.CASES_WORK), code=1)
            await api.told("approve", report["id"], "--digest", "0" * 64, key=api.second, code=1)
            await api.told("drop", report["id"], "--why", "twice")
            assert (await api.told("show", report["id"]))["state"] == "dropped"

    run(go())


def test_large_days_are_told_without_their_customers_and_begun(tmp_path, monkeypatch):
    async def go():
        monkeypatch.chdir(tmp_path)
        async with Served(files=open_files()) as api:
            await api.room.pays(9, "600000.00", user="customer-77")
            await api.room.moving.catch_up()
            told = await api.told("days", "--day", "2026-11-22")
            assert "customer-77" not in str(told)
            assert "未起草 no report" in await api.told("days", as_json=False)
            report = await api.told("begin", "2026-11-22")
            assert report["topic"] == "large"
            assert {each["report"] for each in (await api.told("days"))["days"]} == {report["id"]}

    run(go())


def test_every_state_has_words():
    assert set(STATES) == set(KNOWN)
