"""An installation on the local cloud: upgraded from the release before, rolled back, migrated.

`make test-upgrade` runs it. It builds and deploys four times by the real `sam`, in turn the code
and the template of the release before and of this one.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.e2e.recorder import Recorder
from tests.upgrade import releases

pytestmark = pytest.mark.upgrade

SHARED: Final = (".venv", ".cloud")  # what make setup has made
LOCAL: Final = ".local"
EMULATOR: Final = "infra/local/ministack_*.py"  # imports nothing of ours
TOPIC: Final = "metric.upgraded"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder whose code is that of one release after the other; its local cloud stays."""

    folder: Path

    def take(self, release: Path) -> None:
        """Make the code that of a release."""
        for old in self.folder.iterdir():
            if old.name not in (*SHARED, LOCAL):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        ignored = shutil.ignore_patterns("__pycache__", ".*", *SHARED)
        shutil.copytree(release, self.folder, ignore=ignored, dirs_exist_ok=True)
        # The emulator stands for AWS, which does not go back with an installation.
        for part in releases.ROOT.glob(EMULATOR):
            shutil.copy2(part, self.folder / part.relative_to(releases.ROOT))

    def penstock(self, *words: str) -> Any:
        """The document that a command prints."""
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", "cli.main", *words, "--json"],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty folder with the environments of this one; its local cloud is down at the end."""
    made = tmp_path / "penstock"
    made.mkdir()
    for name in SHARED:
        (made / name).symlink_to((releases.ROOT / name).resolve())
    project = Project(made)
    yield project
    if (made / LOCAL).exists():
        project.penstock("local", "down")


def test_an_installation_is_upgraded_rolled_back_migrated_and_deleted(
    project: Project, tmp_path: Path, recorder: Recorder
) -> None:
    """What was set up stays through all of it, and every event is delivered once."""
    before = releases.checked_out(releases.last_tag(), tmp_path / "before", everything=True)
    project.take(before.folder)
    local = project.penstock("local", "up")
    _post(local, "webhooks", {"name": "n", "url": recorder.url("n"), "topics": [TOPIC]})
    _deliver(local, recorder, "evt_before")

    project.take(releases.ROOT)
    project.penstock("local", "up")
    _deliver(local, recorder, "evt_upgraded")
    assert "warning" == _migrations(project)

    project.take(before.folder)
    project.penstock("local", "up")
    _deliver(local, recorder, "evt_rolled_back")

    project.take(releases.ROOT)
    project.penstock("local", "up")
    project.penstock("admin", "migrate")
    assert "ok" == _migrations(project)
    _deliver(local, recorder, "evt_migrated")

    project.penstock("local", "down")
    assert not (project.folder / LOCAL / "data").exists()


def _migrations(project: Project) -> str:
    [check] = [c for c in project.penstock("doctor")["checks"] if c["name"] == "migrations"]
    return str(check["verdict"])


def _deliver(local: dict[str, Any], recorder: Recorder, event_id: str) -> None:
    _post(local, "events", {"id": event_id, "topic": TOPIC, "properties": {"mark": event_id}})
    requests = recorder.wait("n", lambda all_: any(event_id in r.body.decode() for r in all_))
    assert 1 == sum(event_id in request.body.decode() for request in requests)


def _post(local: dict[str, Any], what: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {local['api_key']}"}
    answer = httpx.post(f"{local['api_url']}/v1/{what}", json=body, headers=headers, timeout=60)
    answer.raise_for_status()
