"""The promise that matters most: SIGKILL at any instant loses nothing that was acknowledged."""

import json
import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).with_name("killing.py")


def test_killing_a_loaded_platform_loses_no_answer_counts_nothing_twice_and_recovers_the_same_state():
    done = subprocess.run(
        [sys.executable, str(HARNESS), "--rounds", "12", "--seed", "3"],
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.strip().splitlines()[-1].replace("'", '"'))
    assert figures["kills"] == 12
    assert figures["decisions"] >= figures["acknowledged"] > 100
