"""`batch.md` is followed word for word, in the real sandbox of this machine."""

import json
import re
from pathlib import Path
from typing import Final

from cli.functions_test import run_batch
from tests.page_reader import Reader
from tests.pages import ROOT, steps

PAGE: Final = (ROOT / "docs" / "reference" / "batch.md").read_text(encoding="utf-8")


def test_the_examples_show_what_happens(tmp_path: Path) -> None:
    """It needs no cloud, and so neither does its reader."""
    Reader(folder=tmp_path).follow(steps(PAGE))


def test_the_page_lists_every_key_of_a_result_and_no_other(tmp_path: Path) -> None:
    """Who writes a program that reads results goes by this table."""
    file = tmp_path / "sources.jsonl"
    line = {"id": 1, "code": "def handler(event):\n    return 1", "engine": "restricted"}
    file.write_text(json.dumps(line), encoding="utf-8")

    [result] = run_batch(file)

    table = PAGE.partition("## A result")[2].partition("A source that")[0]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    assert list(result) == re.findall(r"`(\w+)`", " ".join(rows))
