"""`receive-in-python.md` is followed word for word, from the build of the package on."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.page_reader import Reader
from tests.pages import ROOT, steps

PAGE: Final = (ROOT / "docs" / "howto" / "receive-in-python.md").read_text(encoding="utf-8")
VERIFIER: Final = (ROOT / "penstock" / "webhooks.py").read_text(encoding="utf-8")


def test_a_receiver_is_built_and_believes_only_what_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no cloud and no network, and nothing of this repository but the wheel."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "penstock").symlink_to(ROOT)

    Reader(folder=tmp_path).follow(steps(PAGE))


def test_the_page_explains_every_code_and_no_other() -> None:
    """A receiver that logs a code must find it."""
    codes = set(re.findall(r'Rejected\(\s*"(\w+)"', VERIFIER))

    rows = re.findall(r"^\| (`.+?) \|", PAGE.partition("## Why")[2], re.MULTILINE)
    assert codes == set(re.findall(r"`(\w+)`", " ".join(rows)))
