"""The reference is what the code says, and the other pages name only what exists."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.build import reference, schema_pages

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(
    r"^\s*(?:\$ )?penstock ([a-z][a-z -]*)|`penstock ([a-z][a-z -]*)", re.MULTILINE
)


@pytest.mark.parametrize(
    "name", ["api.md", "cli.md", "penstock-toml.md", *schema_pages.pages(mark="")]
)
def test_the_reference_has_not_drifted_from_the_code(name: str) -> None:
    """Run `python -m infra.build.reference` when it has: one that lies is worse than none."""
    written = (reference.FOLDER / name).read_text(encoding="utf-8")

    assert reference.pages()[name] == written


def test_every_command_that_a_page_names_exists() -> None:
    """A reader who copies a line from the docs must not be told that there is no such command."""
    known = {path for path, _ in reference.commands()}
    groups = {path[: match.start()] for path in known for match in re.finditer(" ", path)} | {""}

    unknown = {
        f"{page.relative_to(ROOT)}: penstock {name}"
        for page in PAGES
        if page.is_file()
        for name in named(page.read_text(encoding="utf-8"))
        if not is_known(name.split(), known | groups)
    }

    assert set() == unknown


def named(text: str) -> Iterable[str]:
    """What follows `penstock` in a page's code."""
    return (first or second for first, second in COMMAND.findall(text))


def is_known(words: list[str], known: set[str]) -> bool:
    """Whether some beginning of the words is a command, or all of them a group."""
    return any(" ".join(words[:n]) in known for n in range(1, len(words) + 1))
