"""Each remedy of `trace-an-event.md` is followed word for word, without the local cloud."""

import json
from pathlib import Path

from cli._connection import STATE
from tests.page_reader import Reader
from tests.pages import ROOT, steps
from tests.platform_in_process import platform

PAGE = ROOT / "docs" / "howto" / "trace-an-event.md"


def test_every_remedy_of_the_page_works(tmp_path: Path) -> None:
    """Somebody who is told that nothing is lost must be able to get it back by these commands."""
    with platform() as served:
        state = {"api_url": served.url, "api_key": served.api.key}
        (tmp_path / STATE).parent.mkdir()
        (tmp_path / STATE).write_text(json.dumps(state), encoding="utf-8")
        project = tmp_path / "mine"
        project.mkdir()

        Reader(folder=project).follow(steps(PAGE.read_text(encoding="utf-8")))
