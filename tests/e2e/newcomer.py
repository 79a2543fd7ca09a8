"""A new tenant of the tests' local cloud, in a folder of its own."""

import json
from pathlib import Path

from cli._connection import STATE
from cli.client import Client
from infra.local.state import LocalCloud


def settle(folder: Path, local_cloud: LocalCloud, api: Client, *, tenant: str) -> None:
    """Make the tenant, and let `penstock` find the cloud as that tenant in the folder and below.

    It finds it as it finds one that `penstock local up` has made: by its state.
    """
    made = api.post("/v1/tenants", {"id": tenant})
    state = {**local_cloud.to_json(), "tenant": made["id"], "api_key": made["key"]}
    (folder / STATE).parent.mkdir()
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
