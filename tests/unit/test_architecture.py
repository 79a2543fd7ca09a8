"""What the map of the code promises and no linter counts: how long a file may be."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
HANDLER_LINES: Final = 80
FILE_LINES: Final = 400


def _tracked() -> list[Path]:
    command = ["git", "ls-files", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - no user's text
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def _longer_than(limit: int, files: list[Path]) -> dict[str, int]:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in files
    }
    return {name: lines for name, lines in lengths.items() if lines > limit}


def test_no_handler_is_longer_than_a_screen() -> None:
    """A handler decodes, calls one use case and encodes; more than that belongs further in."""
    handlers = [file for file in (ROOT / "functions").glob("*.py") if not file.name.startswith("_")]

    assert len(handlers) > 5
    assert {} == _longer_than(HANDLER_LINES, handlers)


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    """A file that has grown past this has more than one subject."""
    files = _tracked()

    assert len(files) > 100
    assert {} == _longer_than(FILE_LINES, files)
