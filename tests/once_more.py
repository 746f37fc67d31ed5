"""Run once more, alone, the few tests that failed beside others, and name those that then pass.

`make check` runs its tests on all cores, browsers and servers among them. One test of thousands may wait for something
longer than it allows, only because of its neighbours. Such a test deserves to be mended, not to hide what all others
say: it is run again, with nothing beside it, and if it passes it is named as shaky. A test that fails twice fails.

    python tests/once_more.py EXIT_STATUS_OF_PYTEST

More than `FEW` failures, or a run that broke off, are never tried again.
"""

import json
import subprocess
import sys
from pathlib import Path

FEW = 5
FAILED = 1
"""What pytest exits with when tests were run and some of them failed."""
KEPT = Path(".pytest_cache/v/cache/lastfailed")


def main(status: int) -> int:
    if status != FAILED or not KEPT.is_file():
        return status
    failed = sorted(json.loads(KEPT.read_text("utf-8")))
    if not 0 < len(failed) <= FEW:
        return status
    tell(f"{len(failed)} failed beside others; each is run once more, alone:", failed)
    again = subprocess.run(
        [sys.executable, "-m", "pytest", "--numprocesses", "0", "--last-failed", "--last-failed-no-failures", "none"],
        check=False,
    ).returncode
    if again == 0:
        tell("SHAKY (failed beside others, passed alone; to be mended):", failed)
    return again


def tell(what: str, tests: list[str]) -> None:
    sys.stdout.write("\n  ".join(["\n" + what, *tests]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
