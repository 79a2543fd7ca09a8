"""What the tests of the audit log share: entries, and what its events say."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from runtime.core import ids, json_text
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ActorKind, Entry
from runtime.stores.tables import shards
from runtime.usecases.audit.end_entries import EndEntries
from runtime.wiring import worker
from tests.api_client import ApiClient
from tests.builders import NOW, NOW_MS, TENANT
from tests.cloud import Cloud


def an_entry(**changes: Any) -> Entry:
    """An entry whose change is under way."""
    at_ms = changes.pop("at_ms", NOW_MS)
    values: dict[str, Any] = {
        "id": ids.in_time(entries.PREFIX, at_ms, changes.pop("unique", "aud_" + "a" * 17)),
        "tenant": TENANT,
        "at": NOW,
        "actor_kind": ActorKind.API_KEY,
        "actor_id": "key_1",
        "actor_name": "ada",
        "action": "webhook.updated",
        "resource_id": "whk_1",
        "request_id": "request-1",
        "before": {"name": "orders"},
        "due_at_ms": entries.due_at_ms(NOW),
    }
    return Entry(**(values | changes))


def told(api: ApiClient) -> list[Mapping[str, Any]]:
    """The audit log's events for a tenant, repeats too; takes all events off the bus's queue."""
    events = []
    for message in api.cloud.received("landed"):
        event = json_text.load(message["Body"])["detail"]
        if event["topic"].startswith(entries.TOPICS) and event["tenant"] == api.tenant:
            events.append(event)
        api.cloud.clients.sqs.delete_message(
            QueueUrl=api.cloud.queue_url("landed"), ReceiptHandle=message["ReceiptHandle"]
        )
    return events


def sweep(cloud: Cloud, *, seconds: float) -> EndEntries:
    """What looks after entries, with a clock that is ahead."""
    return EndEntries(
        entries=cloud.audit,
        bus=cloud.bus,
        shards=shards.AUDIT_SHARDS,
        clock=lambda: worker.now() + timedelta(seconds=seconds),
    )


def sweep_later(cloud: Cloud, *, seconds: float = 2 * entries.LEASE_MS / 1000) -> int:
    """Look after entries, some time from now; of how many the tenants were told."""
    return sweep(cloud, seconds=seconds)()
