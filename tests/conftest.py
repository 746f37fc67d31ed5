"""What all tests share: this folder is importable, Hypothesis never judges by the clock, and long files begin first."""

import os
from collections import Counter, defaultdict

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")

LONG = (
    "tests/run/test_run_learn_handbook_plus.py",
    "tests/run/test_run_handbook.py",
    "tests/test_benchmarks.py",
    "tests/doors/test_doors_cases_browser.py",
    "tests/doors/test_doors_cases_fifty_browser.py",
    "tests/doors/test_doors_lists_browser.py",
    "tests/doors/test_doors_people_browser.py",
    "tests/doors/test_doors_cli.py",
    "tests/run/test_run_history_follower.py",
    "tests/run/test_run_learn_handbook.py",
)
"""Files that take long though they hold few tests. Where several processes share the tests they begin with these, so
that none is left with one of them at the end. (`test_run_learn_handbook.py` waits for what `test_run_handbook.py`
makes.) `--costs` says which files they are.
"""

_COST = pytest.StashKey[float]()


def pytest_addoption(parser):
    parser.addoption("--rewrite", action="store_true", help="write pages that are made from the code again")
    parser.addoption("--costs", type=int, default=0, metavar="N", help="tell the N files that took most processor time")


def pytest_configure(config):
    assert all((config.rootpath / each).is_file() for each in LONG), "a long file has another name now"
    # Of several processes each takes file after file, in the order in which they were collected.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The long files first, then those with the most tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        counts = Counter(map(file_of, items))
        ranks = {file: (rank, 0, file) for rank, file in enumerate(LONG)}
        items.sort(key=lambda item: ranks.get(each := file_of(item), (len(LONG), -counts[each], each)))


def file_of(item):
    return item.nodeid.partition("::")[0]


def processor_s():
    """Seconds of processor time, of ended child processes too: a busy machine does not make them more."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.stash[_COST] = processor_s()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield
    item.user_properties.append(("processor_s", processor_s() - item.stash[_COST]))


def pytest_terminal_summary(terminalreporter, config):
    if not (most := config.getoption("--costs")):
        return
    spent, count = defaultdict(float), Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                spent[file_of(report)] += dict(report.user_properties).get("processor_s", 0.0)
                count[file_of(report)] += 1
    terminalreporter.section(f"processor time: {sum(spent.values()):.0f} s, the costliest {most} files")
    for file, seconds in sorted(spent.items(), key=lambda each: -each[1])[:most]:
        terminalreporter.write_line(f"{seconds:8.1f} s {count[file]:6} tests  {file}")
