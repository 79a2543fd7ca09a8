"""The documents: every link inside the project leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_page_lead_somewhere(page: Path) -> None:
    """A dead link sends the reader away at the moment when he wanted to know."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [] == [target for target in targets if not (page.parent / target).exists()]


def test_architecture_is_short() -> None:
    """A map that takes an hour to read is not read; 200 lines are the limit."""
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) < 200


def test_decisions_say_how_we_would_notice_that_they_were_wrong() -> None:
    """A decision that nothing could prove wrong is a habit."""
    for page in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")):
        text = page.read_text(encoding="utf-8")
        for part in ("**Status**", "**Context.**", "**Options**", "**Decision.**", "**How we"):
            assert part in text, f"{page.name} lacks {part}"
