"""Calls everything that user code can call, with the most hostile values that it can make."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_call_with_any_value_changes_the_platform_or_hands_it_out() -> None:
    """The way out of the language was a helper of ours that trusted its `self`.

    What is the platform's: whatever was there before the function was loaded. What may be handed
    out: what the tables of modules, built-in names and attributes show.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.walk"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    walked = json.loads(done.stdout)
    assert walked["complaints"] == []
    assert walked["calls"] > 500_000
