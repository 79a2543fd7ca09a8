"""No page shows a command that nothing executes, unless it says why."""

from pathlib import Path
from typing import Final

import pytest

from tests.page_reader import Reader
from tests.pages import ELSEWHERE, EXECUTED, ROOT, WITHOUT_CLOUD, steps, unexecuted

FOLLOWED: Final = {*EXECUTED, *WITHOUT_CLOUD, *ELSEWHERE}
FOLDERS: Final = ("docs", "examples", "infra", "runtime")  # that have pages for people
# Records of decisions and of changes quote what was typed once.
HISTORY: Final = ("CHANGELOG.md", "docs/adr/")


def pages() -> list[str]:
    """Every page of the project that a user reads."""
    paths = [
        *ROOT.glob("*.md"),
        *(path for each in FOLDERS for path in (ROOT / each).rglob("*.md")),
    ]
    names = sorted(str(path.relative_to(ROOT)) for path in paths)
    return [name for name in names if not name.startswith(HISTORY)]


@pytest.mark.parametrize("name", [name for name in pages() if name not in FOLLOWED])
def test_a_page_that_nobody_follows_has_no_command_without_a_reason(name: str) -> None:
    """Whoever adds commands to a page adds it to `EXECUTED`, or marks them."""
    assert [] == unexecuted((ROOT / name).read_text(encoding="utf-8"))


def test_the_pages_that_are_followed_exist() -> None:
    """A page that was renamed would else be forgotten."""
    assert set(pages()) >= FOLLOWED
    for name, test in ELSEWHERE.items():
        assert Path(name).name in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["$ ls", "penstock doctor", ".venv/bin/penstock doctor"])
@pytest.mark.parametrize(
    "page", ["{}\n```\n{}\n```\n", "{}\n```sh\n# look\n{}\n```\n", "{}\n\n    {}\n"]
)
def test_a_command_is_found_however_it_is_written(page: str, command: str) -> None:
    """Between fences with or without a language, or indented."""
    mark = "<!-- not executed: it needs an account -->"

    assert [command] == unexecuted(page.format("", command))
    assert [] == unexecuted(page.format(mark, command))
    assert [] == unexecuted(page.format("", "a drawing"))


@pytest.mark.parametrize("name", WITHOUT_CLOUD)
def test_a_page_that_needs_no_cloud_shows_what_happens(name: str, tmp_path: Path) -> None:
    """Word for word, in a folder that looks like the project's and is not."""
    for each in ROOT.iterdir():
        if not each.name.startswith(".") or each.name == ".venv":
            (tmp_path / each.name).symlink_to(each)

    Reader(folder=tmp_path).follow(steps((ROOT / name).read_text(encoding="utf-8")))
