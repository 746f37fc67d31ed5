"""A security engineer's first day, as docs/guard.md tells it: its commands, as they stand, on a fresh folder."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from test_doors_cli import Outside, jindi, no_settings_of_ours

from jindi.basics.instants import format_instant
from jindi.doors.cli.auditing import caller
from jindi.doors.cli.output import Output
from jindi.doors.cli.running import make_platform
from jindi.run.audit import Audit

__all__ = ["no_settings_of_ours"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guard.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
PLACES = {"/var/lib/jindi": "data", "/mnt/witness": "witness", "/mnt/backups": "backups", "/media/stick": "stick"}
NOT_HERE = ("jindi controls run", "jindi controls advisories")
"""What takes minutes, or a file that somebody has to fetch; tests of their own hold what they do."""


def lives(number):
    """`jindi up`, until an event has named the person of the page."""

    async def go():
        outside = Outside()
        settled = outside.settle({})
        platform = make_platform(outside, settled, Output(as_json=True), with_vault=True)
        await platform.start()
        try:
            await Audit(platform).act(caller(), "platform.start")
            transfer = {
                "type": "transfer", "at": format_instant(platform.now_us()), "user": "u00017",
                "payee": "bob", "amount": "4500.00", "funding": "balance", "account_class": "II",
                "verification": "certificate", "channel": "app", "arrival": "instant", "device": "a-phone",
                "ip": "203.0.113.7",
            }  # fmt: skip
            for event in range(20):
                raw = json.dumps(transfer | {"id": f"day-{number}-{event}"}).encode()
                await platform.submit(raw, platform.now_us())
        finally:
            await platform.close()

    asyncio.run(go())


def words_of(line, home, key):
    """A command's words, in our folder, with the files that its patterns name."""
    for place, ours in PLACES.items():
        line = line.replace(place, str(home / ours))
    words = [key if word == "$KEY" else word for word in shlex.split(line, comments=True)]
    return [each for word in words for each in (files_of(word) if "*" in word else [word])]


def files_of(pattern):
    return sorted(map(str, Path("/").glob(pattern.removeprefix("/"))))


def test_the_first_day_goes_as_the_page_says(tmp_path, monkeypatch):
    home, key, done, starts = tmp_path, "", [], 0
    (home / "docs").symlink_to(ROOT / "docs")
    settings = next(text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "backup_to" in text)
    for line in COMMANDS:
        if line.startswith(NOT_HERE):
            continue
        words = words_of(line, home, key)
        match words:
            case ["export", assigned]:
                monkeypatch.setenv(*assigned.split("=", 1))
                continue
            case ["mkdir", "-p", *folders]:
                for folder in folders:
                    Path(folder).mkdir(parents=True, exist_ok=True)
                for place, ours in PLACES.items():
                    settings = settings.replace(place, str(home / ours))
                (home / "data" / "jindi.toml").write_text(settings, "utf-8")
                continue
            case ["rm", "-rf", folder]:
                assert Path(folder) == home / "data"
                shutil.rmtree(folder)
                continue
            case ["jindi", "up"]:
                lives(starts := starts + 1)
                continue
            case ["python", *rest]:
                answer = subprocess.run([sys.executable, *rest], cwd=home, capture_output=True, text=True, check=False)
                code, said = answer.returncode, answer.stdout + answer.stderr
            case ["jindi", *rest]:
                result = jindi(*rest, given="y\n" if rest[:2] == ["subject", "erase"] else None)
                code, said = result.exit_code, result.stdout + result.stderr
            case _:
                raise AssertionError(f"nobody tries {line!r}")
        # Not one control was run here, so the report is red; the page says that others may be, too.
        assert code == (1 if line.startswith("jindi controls report") else 0), f"{line}: {said}"
        if line == "jindi audit head":
            key = re.search(r"The key to check it with: (\S+)", said)[1]
        done.append(line.split(" -")[0])
    assert starts == 2
    assert any("verify_bundle.py" in each for each in done)
    assert "jindi restore" in done
    assert (home / "controls.html").read_text("utf-8").startswith("<!doctype html>")
    assert tomllib.loads((home / "data" / "jindi.toml").read_text("utf-8"))["passwords"] == "mlps3"
    assert os.environ["JINDI_DATA"] == str(home / "data")
