"""What the map of the code promises and no linter counts: how long a file may be, and rooms."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
HANDLER_LINES: Final = 80
FILE_LINES: Final = 400
# What these two are rooms of is AWS and DynamoDB, not the product.
ROOMS_OF_STORES: Final = {"aws", "tables"}


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


def _rooms(layer: str) -> set[str]:
    return {path.parent.name for path in (ROOT / "runtime" / layer).glob("*/__init__.py")}


def _glossary() -> str:
    return (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_every_room_of_the_core_is_a_word_of_the_glossary() -> None:
    """Who looks for a noun finds its folder, and who opens a folder finds what its name means."""
    words = re.findall(r"^\| \*\*([^*]+)\*\* \|", _glossary(), re.MULTILINE)
    plurals = {word: {word, f"{word}s", re.sub("y$", "ies", word)} for word in words}

    assert set() == {
        room for room in _rooms("core") if not any(room in each for each in plurals.values())
    }


def test_the_glossary_lists_exactly_the_rooms_of_the_core() -> None:
    """A room that has gone is taken off the list, and a new one is put on it."""
    line = re.search(r"^The rooms of `runtime/core`: (.+)\.$", _glossary(), re.MULTILINE)

    assert line is not None
    assert sorted(_rooms("core")) == line[1].split(", ")


def test_use_cases_and_stores_have_no_rooms_that_the_core_has_not() -> None:
    """One noun has one name on every layer, so that the second look-up costs nothing."""
    assert set() == _rooms("usecases") - _rooms("core")
    assert ROOMS_OF_STORES == _rooms("stores") - _rooms("core")
