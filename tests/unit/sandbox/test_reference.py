"""The published page of the sandbox is made from the tables that it runs by."""

from pathlib import Path

from sandbox import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sandbox.md"


def test_the_published_page_is_what_the_sandbox_does() -> None:
    """A page that says otherwise costs its readers an afternoon; `python -m sandbox.reference`."""
    assert PAGE.read_text("utf-8") == reference.page()
