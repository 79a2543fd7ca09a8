"""A call of the API is killed over a change: sweep says so in the audit log, and tells the tenant.

All of it happens after the counting, so none of it is in the sums.
"""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo.patience import Patience
from infra.demo.stage import Stage

LISTENER: Final = "changes"
ACTION: Final = "tenant.created"  # which nobody in the demo does otherwise
ENTRY: Final = "aud_3ocfxmi3nysveh266ouata5i67"
AT: Final = "2026-11-26T12:34:01.395Z"


def make(stage: Stage) -> None:
    """Make the webhook that listens to changes.

    This comes before any event, because a warm matcher may need two seconds to see it.
    """
    webhook = stage.api.post(
        "/v1/webhooks",
        {"name": LISTENER, "url": stage.receiver.url(LISTENER), "topics": [f"audit.{ACTION}"]},
    )
    stage.receiver.endpoints[LISTENER].secret = webhook["secret"]


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Write the entry as the killed call leaves it, and have it ended; yields what went wrong."""
    _leave(stage)
    stage.invoke("SweepFunction", {})
    if not patience.until(lambda: _heard(stage) == [ENTRY]):
        yield f"the receiver of changes heard of {_heard(stage)}, must hear of {[ENTRY]}"
        return
    entry = stage.api.get(f"/v1/audit/{ENTRY}")
    if (entry["outcome"], entry["code"]) != ("unknown", "abandoned"):
        yield f"the entry that a killed call has left ended as {entry}"
    listed = stage.api.get("/v1/audit", {"action": "webhook.created", "outcome": "done"})["data"]
    if LISTENER not in [_name(stage, each["id"]) for each in listed]:
        yield "the audit log does not say who made the webhook that listens to it"


def _leave(stage: Stage) -> None:
    texts = {
        "pk": stage.tenant,
        "sk": ENTRY,
        "id": ENTRY,
        "tenant": stage.tenant,
        "at": AT,
        "actor_kind": "api_key",
        "actor_id": "key_1",
        "actor_name": "killed",
        "action": ACTION,
        "request_id": "killed",
        "outcome": "started",
        "changed": "[]",
        "due_shard": "0",
    }
    stage.client("dynamodb").put_item(
        TableName=stage.table("AuditTable"),
        Item={**{name: {"S": text} for name, text in texts.items()}, "due_at_ms": {"N": "1"}},
    )


def _heard(stage: Stage) -> list[str]:
    """The entries that the webhook was told of."""
    arrivals: list[Any] = stage.receiver.endpoints[LISTENER].accepted
    return sorted({arrival.body["data"]["properties"]["id"] for arrival in arrivals})


def _name(stage: Stage, entry_id: str) -> str:
    after: dict[str, Any] = stage.api.get(f"/v1/audit/{entry_id}")["after"]
    return str(after["name"])
