"""Pages are followed without the local cloud, too: what they run there, the dialect runs here."""

import json
from pathlib import Path

import pytest

from cli._connection import STATE
from runtime.usecases.deliveries import start_replay as deliveries
from runtime.usecases.functions import start_replay as functions
from tests.page_reader import Reader
from tests.pages import ROOT, steps
from tests.platform_in_process import platform

DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    "page",
    [
        "howto/trace-an-event.md",
        "howto/manage-a-function.md",
        "howto/test-a-function.md",
        "tutorial/first-function.md",
    ],
)
def test_every_command_of_the_page_does_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is told that nothing is lost must be able to get it back by these commands."""
    # The emulated indexes do not lag, so no job has to wait for them.
    for use_case in (deliveries, functions):
        monkeypatch.setattr(use_case, "SETTLE_MS", 0)
    with platform() as served:
        state = {"api_url": served.url, "api_key": served.api.key}
        (tmp_path / STATE).parent.mkdir()
        (tmp_path / STATE).write_text(json.dumps(state), encoding="utf-8")
        project = tmp_path / "mine"
        project.mkdir()

        Reader(folder=project).follow(steps((DOCS / page).read_text(encoding="utf-8")))
