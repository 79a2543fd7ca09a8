"""The API as a tool of others finds it that knows the OpenAPI document alone.

schemathesis makes requests of the document: examples, every boundary of every schema, good and bad
values at random, chains of calls in which one answer gives the next request its ids, other methods,
no key, and another tenant's key. It holds each answer against the document.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import pytest

from cli._connection import Connection
from cli.client import Client
from infra.build.venvs import CONTRACT
from infra.demo.patience import Patience
from infra.local import deploy
from infra.local.bootstrap import bootstrap
from infra.local.emulator import REGION, ROOT_KEYS
from infra.local.state import LocalCloud
from runtime.core.tenancy import api_key
from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.e2e

HERE: Final = Path(__file__).parent
CALLERS: Final = ("one", "other")  # `schemathesis.toml` names them
LEAST_EXAMPLES: Final = 2_000
TIMEOUT_S: Final = 400
PATIENCE_S: Final = 60.0
SOURCE: Final = "def handler(event):\n    return {n}\n"
_GENERATED: Final = re.compile(r"^  (\d+) generated", re.MULTILINE)


def test_the_api_does_what_its_document_says(
    local_cloud: LocalCloud, recorder: Recorder, tmp_path: Path
) -> None:
    """Whoever writes a client from the document alone must not be surprised."""
    keys = {name: new_key(local_cloud, f"contract-{name}") for name in CALLERS}
    for key in keys.values():
        furnish(local_cloud, key, receiver=recorder.url("contract"))

    shown = schemathesis(local_cloud, keys, receiver=recorder.url("contract"), folder=tmp_path)

    assert "No issues found" in shown, shown
    [generated] = _GENERATED.findall(shown)
    assert int(generated) >= LEAST_EXAMPLES
    assert "404" not in shown


def new_key(cloud: LocalCloud, tenant: str) -> str:
    """A new tenant's key with every scope and `admin`."""
    session = boto3.Session(
        region_name=REGION,
        aws_access_key_id=ROOT_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    stack = session.client("cloudformation", endpoint_url=cloud.aws_endpoint)
    outputs = deploy.outputs(stack)
    return bootstrap(session, endpoint=cloud.aws_endpoint, outputs=outputs, tenant=tenant)


def furnish(cloud: LocalCloud, key: str, *, receiver: str) -> None:
    """Give a tenant a function that has run on an event, and a delivery, a profile and a sync."""
    with httpx.HTTPTransport() as transport:
        api = Client(Connection(url=cloud.api_url, key=key, origin="a test"), transport=transport)
        api.post("/v1/functions", {"name": "vip", "topics": ["metric.x"], "secrets": ["TOKEN"]})
        for n in (1, 2):
            api.post("/v1/functions/vip/versions", {"source": SOURCE.format(n=n)})
        api.post("/v1/functions/vip/publish", {"version": 1})
        api.post("/v1/syncs", {"name": "lake", "kind": "s3"})
        api.post("/v1/webhooks", {"name": "crm", "url": receiver, "topics": ["metric.x"]})
        api.post("/v1/events", {"topic": "metric.x", "profile": {"email": "ada@example.com"}})
        for path, query in (
            ("/v1/deliveries", {}),
            ("/v1/runs", {}),
            ("/v1/profiles", {"email": "ada@example.com"}),
        ):
            there = partial(api.get, path, query)
            assert Patience(PATIENCE_S).until(lambda there=there: bool(there()["data"])), path


def schemathesis(cloud: LocalCloud, keys: Mapping[str, str], *, receiver: str, folder: Path) -> str:
    """What schemathesis prints about the API, called with the keys of these two callers."""
    callers = folder / "callers.json"
    callers.touch(mode=0o600)
    callers.write_text(json.dumps({"auth": [_caller(*each) for each in keys.items()]}))
    command = [
        *(CONTRACT.path / "bin" / "schemathesis", "--config-file", HERE / "schemathesis.toml"),
        *("run", f"{cloud.api_url}/openapi.json", "--url", cloud.api_url),
        *("--max-examples", "6", "--workers", "2", "--no-color"),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py"),
        "PENSTOCK_CALLERS": str(callers),
        "PENSTOCK_KEY_IDS": ",".join(api_key.id_of(api_key.digest(key)) for key in keys.values()),
        "PENSTOCK_RECEIVER": receiver,
        "PENSTOCK_ANSWERS": str(folder / "answers.jsonl"),
    }
    done = subprocess.run(  # noqa: S603 - the command is ours
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.stdout + done.stderr


def _caller(name: str, key: str) -> dict[str, Any]:
    header = {"name": "Authorization", "value": f"Bearer {key}"}
    return {"name": name, "fixedHeaders": [header]}
