"""The published page of the sandbox is made from the tables that it runs by."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "sandbox.md"


def test_the_published_page_is_what_the_sandbox_does() -> None:
    """A page that says otherwise costs its readers an afternoon; `python -m sandbox.reference`.

    In a process of its own, as a process has one guest at most.
    """
    command = [sys.executable, "-m", "sandbox.reference"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert PAGE.read_text("utf-8") == done.stdout
