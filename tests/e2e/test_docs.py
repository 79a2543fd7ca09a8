"""The pages about functions, followed command by command on the local cloud."""

import json
from pathlib import Path

import pytest

from cli._connection import STATE
from cli.client import Client
from infra.local.cloud import LocalCloud
from tests.page_reader import Reader
from tests.pages import EXECUTED, ROOT, steps

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", EXECUTED)
def test_a_page_shows_what_happens(
    name: str, local_cloud: LocalCloud, api: Client, tmp_path: Path
) -> None:
    """Word for word, in a new project of a new tenant, which sees nothing of the other tests.

    The cloud is the one that the other tests use, instead of the one that `penstock local up` makes
    for the reader. `penstock` finds it in the same way: by the state in the project's folder.
    """
    tenant = api.post("/v1/tenants", {"id": Path(name).stem})
    state = {**local_cloud.to_json(), "tenant": tenant["id"], "api_key": tenant["key"]}
    (tmp_path / STATE).parent.mkdir()
    (tmp_path / STATE).write_text(json.dumps(state), encoding="utf-8")
    project = tmp_path / "mine"
    project.mkdir()

    Reader(folder=project).follow(steps((ROOT / name).read_text(encoding="utf-8")))
