"""What failed beside others is tried once more, alone; what fails twice fails."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("once_more.py")
SHAKES = """
import pathlib
def test_that_shakes():
    seen = pathlib.Path(__file__).with_name("seen")
    here = seen.exists()
    seen.touch()
    assert here
"""
FAILS = "def test_that_fails(): assert False\n"


def checked(folder, **files):
    """Run tests in `folder` as `make check` does. Gives the exit status and what was said."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text, "utf-8")
    first = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=folder, capture_output=True, check=False)
    again = subprocess.run(
        [sys.executable, SCRIPT, str(first.returncode)], cwd=folder, capture_output=True, check=False, text=True
    )
    return again.returncode, again.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return tmp_path


def test_a_test_that_fails_once_is_named_as_shaky_and_does_not_hide_the_others(folder):
    status, said = checked(folder, shakes=SHAKES)
    assert status == 0
    assert said.endswith(
        "SHAKY (failed beside others, passed alone; to be mended):\n  test_shakes.py::test_that_shakes\n"
    )


def test_a_test_that_fails_twice_fails_the_check(folder):
    status, said = checked(folder, shakes=SHAKES, fails=FAILS)
    assert status == 1
    assert "SHAKY" not in said


def test_many_failures_or_a_run_that_broke_off_are_not_tried_again(folder):
    status, said = checked(folder, **{f"fails{each}": FAILS for each in range(6)})
    assert (status, said) == (1, "")
    status, said = checked(folder, broken="import nothing_of_this_name\n")
    assert (status, said) == (2, "")
