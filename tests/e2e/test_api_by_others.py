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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from cli._connection import Connection
from cli.client import Client
from functions._api.endpoints import ENDPOINTS
from infra.build.venvs import CONTRACT
from infra.demo.patience import Patience
from infra.local import deploy, emulator
from infra.local.bootstrap import bootstrap
from infra.local.state import LocalCloud
from runtime.core.tenancy import api_key
from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.e2e

HERE: Final = Path(__file__).parent
CALLERS: Final = ("one", "other")  # `schemathesis.toml` names them
LEAST_EXAMPLES: Final = 2_000
TIMEOUT_S: Final = 500
PATIENCE_S: Final = 60.0
EMAIL: Final = "ada@example.com"
SOURCE: Final = "def handler(event):\n    return {n}\n"
TRANSFORM: Final = {
    "name": "tidy",
    "method": "format",
    "sources": ["city"],
    "settings": {"trim": True},
}
SUCCESS_BELOW: Final = 300
# schemathesis deletes last. By then another of its requests may have deleted the function or what
# it has, ended its canary, or erased the person with whatever was run for her. And it has no second
# person to merge her with, nor an uploaded file. Its sync has no gap, has loaded nothing that a
# backfill could load again, and it guesses no table's name. The other tests of these operations see
# them succeed.
MAY_COME_TOO_LATE: Final = {
    "PATCH /v1/profiles/{profile_id}",
    "POST /v1/functions/{name}/replay",
    "POST /v1/jobs/{job_id}/start",
    "POST /v1/profiles/merge",
    "POST /v1/profiles/unmerge",
    "POST /v1/runs/{run_id}/retry",
    "POST /v1/syncs/{sync_id}/backfill",
    "POST /v1/syncs/{sync_id}/refresh",
    "POST /v1/syncs/{sync_id}/skip-gap",
    "DELETE /v1/functions/{name}/canary",
    "DELETE /v1/functions/{name}/secrets/{secret}",
    "DELETE /v1/functions/{name}/versions/{version}",
}
_GENERATED: Final = re.compile(r"^  (\d+) generated", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What schemathesis found."""

    exit_code: int  # 0: nothing is wrong
    shown: str  # what it printed
    succeeded: set[str]  # the operations, `METHOD /path`, that have succeeded at least once


def test_the_api_does_what_its_document_says(
    local_cloud: LocalCloud, recorder: Recorder, tmp_path: Path
) -> None:
    """Whoever writes a client from the document alone must not be surprised."""
    assert CONTRACT.ready, "python -m infra.build.venvs contract makes what this test runs"
    keys = {name: new_key(local_cloud, f"contract-{name}") for name in CALLERS}
    receiver = recorder.url("contract")
    things = [furnish(local_cloud, key, receiver=receiver) for key in keys.values()]

    tried = schemathesis(local_cloud, keys, things[0], receiver=receiver, folder=tmp_path)

    assert tried.exit_code == 0, tried.shown
    [generated] = _GENERATED.findall(tried.shown)
    assert int(generated) >= LEAST_EXAMPLES
    # A refusal is easily as the document says; so each operation has to succeed, too.
    wanted = {f"{each.method} {each.path}" for each in ENDPOINTS} - MAY_COME_TOO_LATE
    assert wanted <= tried.succeeded, wanted - tried.succeeded


def new_key(cloud: LocalCloud, tenant: str) -> str:
    """A new tenant's key with every scope and `admin`."""
    session = emulator.root()
    stack = session.client("cloudformation", endpoint_url=cloud.aws_endpoint)
    outputs = deploy.outputs(stack)
    return bootstrap(session, endpoint=cloud.aws_endpoint, outputs=outputs, tenant=tenant)


def furnish(cloud: LocalCloud, key: str, *, receiver: str) -> dict[str, dict[str, str]]:
    """Give a tenant some of everything.

    Returns:
        The names and ids that stand in paths, by the path, or by that of the collection which it
        is below.
    """
    with httpx.HTTPTransport() as transport:
        api = Client(Connection(url=cloud.api_url, key=key, origin="a test"), transport=transport)
        api.post("/v1/functions", {"name": "vip", "topics": ["metric.x"], "secrets": ["TOKEN"]})
        for n in range(1, 5):
            api.post("/v1/functions/vip/versions", {"source": SOURCE.format(n=n)})
        for n in (2, 1):
            api.post("/v1/functions/vip/publish", {"version": n})
        api.post("/v1/functions", {"name": "old"})
        sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"})
        wanted = {"name": "crm", "url": receiver, "topics": ["metric.x"]}
        hook = api.post("/v1/webhooks", wanted)["id"]
        made = api.post("/v1/api-keys", {"name": "ci", "scopes": ["events:write"]})
        delivery, run, profile = (
            _first(api, path, query)
            for path, query in (
                ("/v1/deliveries", {}),
                ("/v1/runs", {}),
                ("/v1/profiles", {"email": EMAIL}),
            )
        )
        of_hook = api.post(f"/v1/webhooks/{hook}/replay")["id"]
        of_function = api.post("/v1/functions/vip/replay")["id"]
        api.put("/v1/functions/vip/canary", {"version": 3})
        api.put("/v1/functions/vip/secrets/TOKEN", {"value": "hush"})
        transform = api.post("/v1/transforms", TRANSFORM)
        job = api.post("/v1/profiles/export", {"format": "csv"})
        entry = _first(api, "/v1/audit", {"action": "webhook.created"})
        made_id = str(made["id"])
        # Of another one than the caller's, whose own events must go on being taken.
        tenant = api.post("/v1/tenants", {"id": f"t-{made_id.removeprefix('key_')[:20]}"})
    of_run = {"name": "vip", "secret": "TOKEN", "version": "4", "run_id": run["id"]}
    return {
        "/v1/webhooks": {"webhook_id": hook, "replay_id": of_hook},
        "/v1/functions": {**of_run, "replay_id": of_function},
        "/v1/functions/{name}": {"name": "old"},  # one of its operations deletes it
        "/v1/runs": {"run_id": run["id"]},
        "/v1/deliveries": {"delivery_id": delivery["id"]},
        "/v1/events": {"event_id": delivery["event_id"]},
        "/v1/traces": {"event_id": delivery["event_id"]},
        "/v1/profiles": {"profile_id": profile["id"]},
        "/v1/jobs": {"job_id": job["id"]},
        "/v1/transforms": {"transform_id": transform["id"]},
        "/v1/syncs": {"sync_id": sync["id"]},
        "/v1/api-keys": {"key_id": made["id"]},
        "/v1/audit": {"entry_id": entry["id"]},
        "/v1/tenants": {"tenant": tenant["id"]},
    }


def _first(api: Client, path: str, query: Mapping[str, str]) -> Any:
    """The first of a listing, once there is one.

    Until then it sends event after event: the first of them may find a matcher that does not know
    of the tenant's new subscriptions yet.
    """
    page: list[Any] = []

    def is_there() -> bool:
        page[:] = api.get(path, query)["data"]
        if not page:
            api.post("/v1/events", {"topic": "metric.x", "profile": {"email": EMAIL}})
        return bool(page)

    assert Patience(PATIENCE_S).until(is_there), path
    return page[0]


def schemathesis(
    cloud: LocalCloud,
    keys: Mapping[str, str],
    things: Mapping[str, Mapping[str, str]],
    *,
    receiver: str,
    folder: Path,
) -> Tried:
    """Run schemathesis on the API.

    Args:
        cloud: whose API.
        keys: of the two callers, by their names.
        things: what the first caller has, as `furnish` returns it.
        receiver: an address that webhooks may have.
        folder: for what it writes.
    """
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
        "PENSTOCK_THINGS": json.dumps(things),
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
    answers = map(json.loads, (folder / "answers.jsonl").read_text().splitlines())
    return Tried(
        exit_code=done.returncode,
        shown=done.stdout + done.stderr,
        succeeded={each["operation"] for each in answers if each["status"] < SUCCESS_BELOW},
    )


def _caller(name: str, key: str) -> dict[str, Any]:
    header = {"name": "Authorization", "value": f"Bearer {key}"}
    return {"name": name, "fixedHeaders": [header]}
