"""The register that comes with Jindi: what it names is there, and what is not there yet is known and not green."""

import importlib
import re
from pathlib import Path

import pytest
from typer.main import get_command

from jindi.app.settings import KNOWN
from jindi.app.wiring import Outside
from jindi.doors.cli.commands import app
from jindi.oversight import RISKS
from jindi.packs import load
from jindi.run.controls import CHECKS
from jindi.run.controls.registry import fitted

DEFINITIONS = load(Outside().pack_files(()))
CONTROLS = DEFINITIONS.controls
PAGE = (Path(__file__).parents[2] / "docs" / "controls.md").read_text("utf-8")

THERE = sorted(CONTROLS)


def test_every_control_that_ships_has_its_check():
    assert {name for name, each in CONTROLS.items() if each.check not in CHECKS} == set()


def commands():
    found = set()
    for name, command in get_command(app).commands.items():
        found |= {name, *(f"{name} {inner}" for inner in getattr(command, "commands", {}))}
    return found


def is_there(what):
    kind, _, name = what.partition(" ")
    match kind:
        case "setting":
            return name in {each.name for each in KNOWN}
        case "command":
            return name in commands()
        case "pack":
            return name in DEFINITIONS.packs
        case _ if kind.startswith("jindi."):
            return importlib.import_module(kind) is not None
        case _:
            return (Path(__file__).parents[2] / what).is_file()


@pytest.mark.parametrize("name", THERE)
def test_what_carries_a_control_out_exists(name):
    assert [each for each in CONTROLS[name].by if not is_there(each)] == []


@pytest.mark.parametrize("name", THERE)
def test_each_check_takes_what_its_control_asks_it_with(name):
    control = CONTROLS[name]
    assert fitted(control, CHECKS[control.check])


def test_every_check_is_used_by_a_control_that_ships():
    assert {each.check for each in CONTROLS.values()} >= set(CHECKS)


def test_the_measures_against_each_kind_of_risk_have_controls():
    """Those of a platform: `funds` comes with the ledger."""
    assert {each.risk for each in CONTROLS.values()} == set(RISKS) - {"funds"}


def test_nothing_that_ships_is_taken_out_of_force():
    assert all(each.excluded is None for each in CONTROLS.values())


def test_the_page_has_every_check_with_its_arguments_and_counts_what_ships():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.split("## The checks", 1)[1], re.MULTILINE))
    assert rows.keys() == CHECKS.keys()
    for name, check in CHECKS.items():
        assert check.doc.en in rows[name]
        assert all(f"`{argument}`" in rows[name] for argument in check.takes)
    assert f"The packs that Jindi ships have {len(CONTROLS)}." in PAGE
    for state in ("passed", "failed", "could_not_run", "overdue", "never", "altered", "excluded"):
        assert f"| `{state}` |" in PAGE


def test_ids_of_the_knowledge_base_keep_their_meaning():
    """C01 to C46 are numbered as they were proposed; what is not built has no entry."""
    assert {"C38", "C42", "C43", "C44"} & CONTROLS.keys() == set()
