"""`keep-a-local-cloud.md` is followed word for word, on a cloud of its own, with code that changes.

The cloud is that of a copy of the project, so it is not the developer's, and its code can change.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from infra.local import cloud, deploy, emulator, sources
from infra.local.place import Place
from tests.api_client import a_url_event
from tests.e2e.recorder import Recorder
from tests.page_reader import Reader
from tests.pages import ROOT, steps

pytestmark = pytest.mark.e2e

PAGE: Final = ROOT / "docs" / "howto" / "keep-a-local-cloud.md"
COPIED: Final = (*sources.DEPLOYED, "infra/__init__.py", "cli", "examples")
SHARED: Final = (".venv", ".cloud")  # what make setup has made


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project, whose local cloud is down again at the end."""
    made = tmp_path / "penstock"
    for name in COPIED:
        target = made / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, target)
    for name in SHARED:
        (made / name).symlink_to(ROOT / name)
    yield made
    cloud.down(Place(made / ".local"))


def test_a_kept_cloud_keeps_what_is_in_it_and_runs_the_newest_code(
    project: Path, recorder: Recorder
) -> None:
    """As the page says: stopped and started, and then with code that has changed."""
    reader = Reader(folder=project, environment={"PYTHONPATH": str(project)})
    until_newer, heading, rest = PAGE.read_text(encoding="utf-8").partition("## Run newer code")
    newer, _, from_reset = rest.partition("## Begin again")
    reader.follow(steps(until_newer))
    local = json.loads((project / ".local" / "state.json").read_text(encoding="utf-8"))
    assert (heading, "Penstock") == ("## Run newer code", _title(local))

    document = project / "functions" / "_api" / "openapi.py"
    text = document.read_text(encoding="utf-8")
    document.write_text(text.replace('"title": "Penstock"', '"title": "Renewed"'), encoding="utf-8")
    reader.follow(steps(newer))

    assert "Renewed" == _title(local)
    assert "Renewed" == _title_by_alias(local)  # which callers of an HTTP API meet
    _post(local, "webhooks", {"name": "n", "url": recorder.url("n"), "topics": ["metric.n"]})
    _post(local, "events", {"id": "evt_n", "topic": "metric.n"})
    [arrived] = recorder.wait("n", bool)
    assert "metric.n" == json.loads(arrived.body)["type"]
    reader.follow(steps(from_reset))


def _title(local: dict[str, Any]) -> str:
    answer = httpx.get(f"{local['api_url']}/openapi.json", timeout=60)  # it starts cold
    return str(answer.json()["info"]["title"])


def _title_by_alias(local: dict[str, Any]) -> str:
    functions = emulator.root().client("lambda", endpoint_url=local["aws_endpoint"])
    answer = functions.invoke(
        FunctionName=deploy.function(functions, "ApiFunction"),
        Qualifier="live",
        Payload=json.dumps(a_url_event("GET", "/openapi.json")),
    )
    return str(json.loads(json.load(answer["Payload"])["body"])["info"]["title"])


def _post(local: dict[str, Any], what: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {local['api_key']}"}
    answer = httpx.post(f"{local['api_url']}/v1/{what}", json=body, headers=headers, timeout=60)
    answer.raise_for_status()
