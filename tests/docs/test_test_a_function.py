"""The part of `test-a-function.md` that needs no cloud is followed word for word without one."""

from pathlib import Path

from tests.page_reader import Reader
from tests.pages import ROOT, steps

PAGE = ROOT / "docs" / "howto" / "test-a-function.md"


def test_a_function_is_tested_on_a_machine_without_a_cloud(tmp_path: Path) -> None:
    """`make check` finds a line that has changed, long before the local cloud is up."""
    on_your_machine = PAGE.read_text(encoding="utf-8").partition("\n## In the cloud")[0]

    Reader(folder=tmp_path).follow(steps(on_your_machine))
