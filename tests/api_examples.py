"""Makes the examples of the OpenAPI document: a shop's day with the API, played on in-process AWS.

    python -m tests.api_examples    writes functions/_api/examples.json

What differs from run to run (ids, times, keys, hashes) is replaced by values that do not.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from functions._api.endpoints import ENDPOINTS
from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions import error_groups
from runtime.core.functions.run import Outcome, Run
from runtime.core.profiles import profile as profiles
from runtime.core.usage.usage import Usage
from runtime.core.warehouse import health
from runtime.core.warehouse.gap import Gap, RawGap
from runtime.core.warehouse.plan import Load, LoadState, TableCount
from runtime.stores.usage.usages import Usages
from tests.api_client import running_api
from tests.api_people import jobs, people, timeline, transforms, without_lambda
from tests.api_story import EVENT, Story
from tests.builders import NOW, a_delivery, a_profile, a_run, an_attempt, an_event
from tests.doubles import ScriptedSandbox

FILE: Final = Path(__file__).parents[1] / "functions" / "_api" / "examples.json"
SOURCE: Final = """def handler(event):
    return {"order": event["properties"]["order"]}
"""
WEBHOOK: Final = {
    "name": "orders to the CRM",
    "url": "https://hooks.example.com/penstock",
    "topics": ["metric.placed_order"],
    "filter": {"properties": {"value": [{"numeric": [">", 100]}]}},
}
IDENTITY: Final = {
    "default_country": "DE",
    "own_kinds": ["loyalty_card"],
    "max_values": {"external_id": 1},
    "blocked": ["shop@example.com"],
}
ERROR: Final = {
    "type": "KeyError",
    "message": "'order'",
    "traceback": (
        'Traceback (most recent call last):\n  File "function.py", line 2, in handler\n'
        '    return {"order": event["properties"]["order"]}\nKeyError: \'order\''
    ),
}
# What differs between two runs, and what stands for it; `{}` is a number from 1 for each value.
_CHANGING: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"), NOW),
    # Before the ids: some of these look like one.
    (re.compile(r"\bpsk_[A-Za-z0-9_-]+"), "psk_EXAMPLE"),
    (re.compile(r"\bkey_[a-z0-9]{20,}"), "key_EXAMPLE"),
    (re.compile(r"\b(?P<kind>[a-z]{3})_[0-9a-zA-Z]{20,}"), "{kind}_{}"),
    (re.compile(r'(?<="url": ")https://[^"]+X-Amz-Signature[^"]+'), "https://s3.example.com/…"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"), "whsec_EXAMPLE"),
    (re.compile(r"\bv1,[A-Za-z0-9+/=]+"), "v1,EXAMPLE"),
    (re.compile(r'(?<="webhook-timestamp": ")[0-9]+'), "1795179845"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "0" * 64),
    (re.compile(r'(?<="etag": ")[0-9a-f]{32}'), "0" * 32),
    (re.compile(r'(?<="due_at_ms": )[0-9]+'), "1795179845123"),
    (re.compile(r'(?<="duration_ms": )[0-9.]+'), "4"),
)


def told() -> dict[str, dict[str, Any]]:
    """The examples, by method and path of their operations, without what no two runs share."""
    with running_api() as api:
        story = Story(api=api.as_tenant("acme"))
        play(story)
        order = (f"{each.method} {each.path}" for each in ENDPOINTS)
        return settled({name: story.told[name] for name in order if name in story.told})


def play(story: Story) -> None:
    """Call every operation of the API, as a new tenant."""
    _send_events(story)
    webhook_id = _webhooks(story)
    _deliveries(story, webhook_id)
    _functions(story)
    _runs(story)
    _canaries(story)
    _endings(story, webhook_id)
    transforms(story)
    _warehouse(story)
    jobs(story)
    _usage(story)
    _audit(story)
    _keys(story)


def _usage(story: Story) -> None:
    used = Usage(
        tenant=story.api.tenant,
        day=NOW[:10],
        events=1240,
        event_bytes=702_133,
        deliveries=2480,
        attempts=2491,
        runs=310,
    )
    Usages(table=story.api.cloud.table("ledger", sort="sk")).keep([used])
    story.call("GET", "/v1/usage", **{"from": NOW[:10]})
    story.call("GET", "/v1/quotas")


def settled(examples: Mapping[str, Any]) -> dict[str, Any]:
    """The examples with values in the place of those that differ between two runs."""
    text = json.dumps(examples, indent=1, ensure_ascii=False)
    for pattern, stand_in in _CHANGING:
        seen: dict[str, int] = {}
        text = pattern.sub(lambda match, s=stand_in, seen=seen: _stand_in(match, s, seen), text)  # type: ignore[misc]
    document: dict[str, Any] = json.loads(text)
    return document


def _stand_in(match: re.Match[str], stand_in: str, seen: dict[str, int]) -> str:
    number = seen.setdefault(match[0], len(seen) + 1)
    return stand_in.format(number, **match.groupdict())


def _send_events(story: Story) -> None:
    story.call("PUT", "/v1/identity", IDENTITY)
    story.call("GET", "/v1/identity")
    story.call("POST", "/v1/events", {"events": [EVENT]})
    story.api.cloud.events.put(
        [
            an_event(
                id=str(EVENT["id"]),
                tenant=story.api.tenant,
                topic=str(EVENT["topic"]),
                properties=EVENT["properties"],
            )
        ]
    )
    person = {"external_id": "customer-1"}
    profile_id = profiles.id_by(story.api.tenant, person) or ""
    profile = a_profile(id=profile_id, tenant=story.api.tenant, **person)
    story.api.cloud.keep(profile)
    story.call("GET", "/v1/events", topic="metric.placed_order")
    story.call("GET", f"/v1/events/{EVENT['id']}")
    story.call("GET", "/v1/profiles", **person)
    story.call("GET", f"/v1/profiles/{profile_id}")
    people(story, profile_id)
    timeline(story, profile_id)
    story.call("GET", "/v1/topics")


def _webhooks(story: Story) -> str:
    made: dict[str, Any] = story.call("POST", "/v1/webhooks", WEBHOOK).json
    path = f"/v1/webhooks/{made['id']}"
    story.call("GET", "/v1/webhooks", limit=10)
    story.call("GET", path)
    story.call("PATCH", path, {"timeout_s": 5, "rate_limit": {"count": 10, "per": "second"}})
    story.call("POST", f"{path}/rotate-secret", {"overlap_s": 3600})
    story.call("POST", f"{path}/test")
    story.call("POST", f"{path}/disable")
    story.call("POST", f"{path}/enable")
    return str(made["id"])


def _deliveries(story: Story, webhook_id: str) -> None:
    delivery = a_delivery(
        id=ids.delivery_id(story.api.tenant, str(EVENT["id"]), webhook_id),
        tenant=story.api.tenant,
        webhook_id=webhook_id,
        event_id=str(EVENT["id"]),
        topic=str(EVENT["topic"]),
        status=Status.DEAD,
        reason="attempts_exhausted",
        due_at_ms=None,
        attempts=(an_attempt(status=503, sentence="503 Service Unavailable"),),
    )
    story.api.cloud.deliveries.add(delivery)
    story.call("GET", "/v1/deliveries", webhook=webhook_id, status="dead")
    story.call("GET", f"/v1/deliveries/{delivery.id}")
    story.call("GET", f"/v1/deliveries/{delivery.id}/request")
    story.call("GET", f"/v1/traces/{EVENT['id']}")
    replay = story.call("POST", f"/v1/webhooks/{webhook_id}/replay", {"statuses": ["dead"]}).json
    path = f"/v1/webhooks/{webhook_id}/replays"
    story.call("GET", path)
    story.call("GET", f"{path}/{replay['id']}")
    story.call("POST", f"{path}/{replay['id']}/cancel")
    story.call("POST", f"/v1/deliveries/{delivery.id}/retry")


def _functions(story: Story) -> None:
    settings = {"topics": ["metric.placed_order"], "secrets": ["CRM_TOKEN"]}
    story.call("POST", "/v1/functions", {"name": "vip-orders", **settings})
    path = "/v1/functions/vip-orders"
    story.call("GET", "/v1/functions")
    story.call("GET", path)
    story.call("PATCH", path, {"http_hosts": ["crm.example.com"], "limits": {"wall_s": 5}})
    story.call("PUT", f"{path}/environment", {"values": {"SHOP": "cd-store"}, "version": 1})
    story.call("GET", f"{path}/environment")
    story.call("PUT", f"{path}/secrets/CRM_TOKEN", {"value": "not-a-real-token"})
    story.call("GET", f"{path}/secrets")
    story.call("DELETE", f"{path}/secrets/CRM_TOKEN")
    for number in range(1, 4):
        story.call("POST", f"{path}/versions", {"source": f"{SOURCE}# {number}\n"})
    story.call("GET", f"{path}/versions")
    story.call("GET", f"{path}/versions/1")
    story.call("DELETE", f"{path}/versions/1")
    story.call("POST", f"{path}/publish", {"version": 2})


def _runs(story: Story) -> None:
    path = "/v1/functions/vip-orders"
    sandbox = story.api.application.functions.dry_run.sandbox
    assert isinstance(sandbox, ScriptedSandbox)
    sandbox.script = lambda job: {"output": {"order": job["event"]["properties"].get("order")}}
    story.call("POST", f"{path}/invoke", {"event_id": EVENT["id"], "dry_run": True})
    failed = _a_failed_run(story)
    story.call("GET", "/v1/runs", function="vip-orders", outcome="failed")
    story.call("GET", f"{path}/runs", limit=10)
    story.call("GET", f"/v1/runs/{failed.id}")
    story.call("GET", f"{path}/runs/{failed.id}")
    story.call("GET", f"{path}/errors")
    replay = story.call("POST", f"{path}/replay", {"outcomes": ["raised"]}).json
    story.call("GET", f"{path}/replays")
    story.call("GET", f"{path}/replays/{replay['id']}")
    story.call("POST", f"{path}/replays/{replay['id']}/cancel")
    story.call("POST", f"/v1/runs/{failed.id}/retry", {"version": "live"})


def _a_failed_run(story: Story) -> Run:
    run = a_run(
        tenant=story.api.tenant,
        function="vip-orders",
        version=2,
        event_id=str(EVENT["id"]),
        topic=str(EVENT["topic"]),
        outcome=Outcome.RAISED,
        output=None,
        error=ERROR,
    )
    story.api.cloud.runs.commit(run)
    function = story.api.application.functions.store.get(run.tenant, run.function)
    for group in error_groups.group([run], function_created_at=function.created_at):
        story.api.application.functions.errors.add(group)
    return run


def _canaries(story: Story) -> None:
    path = "/v1/functions/vip-orders"
    story.call("PUT", f"{path}/canary", {"version": 3, "percent": 10})
    story.call("GET", f"{path}/canary")
    story.call("DELETE", f"{path}/canary")
    story.call("PUT", f"{path}/canary", {"version": 3})
    story.call("POST", f"{path}/canary/promote")
    story.call("POST", f"{path}/rollback", {"version": 2})
    story.call("GET", f"{path}/releases")


def _endings(story: Story, webhook_id: str) -> None:
    path = "/v1/functions/vip-orders"
    story.call("POST", f"{path}/disable")
    story.call("POST", f"{path}/enable")
    story.call("DELETE", path, force="false")
    story.call("POST", f"{path}/restore")
    story.call("DELETE", f"/v1/webhooks/{webhook_id}")


def _warehouse(story: Story) -> None:
    sync: dict[str, Any] = story.call("POST", "/v1/syncs", {"name": "lake", "kind": "s3"}).json
    ledger = story.api.application.syncs.ledger
    lease = ledger.acquire(story.api.tenant, sync["id"], now_ms=0, lease_ms=1)
    load = Load(
        tenant=story.api.tenant,
        sync_id=sync["id"],
        load_id="load-1",
        trigger="schedule",
        first_seq=1,
        last_seq=3,
        state=LoadState.COMMITTED,
        versions="1",
        started_at=NOW,
        tables={"events": TableCount(rows_in=3, rows_new=3)},
        finished_at=NOW,
    )
    ledger.finish(lease, load)
    gap = Gap(first_seq=4, last_seq=5, batches=2, rows=812, arrived_from=NOW, arrived_until=NOW)
    problem = health.Problem(RawGap(gap).message, "raw_gap")
    ledger.tend(lease, health.failed(health.Health(), problem, at=NOW, gap=gap))
    story.call("GET", "/v1/syncs")
    path = f"/v1/syncs/{sync['id']}"
    story.call("GET", path)
    column = {"table": "events", "name": "amount", "type": "number", "path": "value"}
    selection = {"exclude_topics": ["audit.*"], "columns": [column]}
    changes = {"name": "the lake", "schedule": "daily at 03:30 Europe/Berlin"}
    story.call("PATCH", path, {**changes, "selection": selection})
    story.call("POST", f"{path}/pause")
    story.call("POST", f"{path}/resume")
    story.call("GET", f"{path}/runs", limit=1)
    story.call("POST", f"{path}/skip-gap", {"first_seq": 4})
    story.call("POST", f"{path}/run")
    without_lambda(story, f"{path}/backfill", {"since": "2026-11-01T00:00:00.000Z"})
    warehouse = story.api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"}).json["id"]
    without_lambda(story, f"/v1/syncs/{warehouse}/refresh", {"table": "events"})
    story.call("DELETE", path, force="false")


def _audit(story: Story) -> None:
    [update] = story.call("GET", "/v1/audit", action="webhook.updated").json["data"]
    story.call("GET", f"/v1/audit/{update['id']}")


def _keys(story: Story) -> None:
    body = {"name": "ci", "scopes": ["functions:write", "deliveries:read"]}
    story.call("GET", "/v1/api-keys")  # while there is one: they are listed by their hashes
    path = f"/v1/api-keys/{story.call('POST', '/v1/api-keys', body).json['id']}"
    story.call("GET", path)
    changes = {"name": "ci reads", "scopes": ["functions:read", "deliveries:read"]}
    story.call("PATCH", path, changes)
    story.call("POST", f"{path}/rotate", {"overlap_s": 3600})
    story.call("DELETE", path)
    story.api = story.api.with_scopes("admin")
    story.call("POST", "/v1/tenants", {"id": "globex"})
    quotas = {"events_per_day": 1_000_000, "runs_per_day": 50_000}
    story.call("PUT", "/v1/tenants/globex/quotas", quotas)
    story.call("GET", "/v1/tenants/globex/quotas")


def main() -> None:
    """Write the file; AWS is in this process, so its region and key may be any."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "eu-central-1")
        write()


def write() -> None:
    """Write the file."""
    text = json.dumps(told(), indent=1, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
