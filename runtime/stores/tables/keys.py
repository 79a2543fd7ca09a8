"""Every key of every table, in one place: how a thing is named decides how it can be found."""

import hashlib
from typing import Final

SUBSCRIPTIONS: Final = "subscriptions"
TENANTS: Final = "tenants"
API_KEY: Final = "apikey"
ENDPOINTS_SHARD: Final = "endpoints"  # endpoints with notices unsent; few, and never deliveries
REPLAYS_SHARD: Final = "replays"
# Shards spread a due index over partitions, each good for 1,000 writes a second; sweep reads all.
RUN_SHARDS: Final = tuple(str(number) for number in range(8))
TENANT_BUCKETS: Final = 8
ID_BUCKETS: Final = 4  # so many shards has a tenant, and a listing of what waits reads them all
_SHARDS_OF: Final = tuple(
    tuple(f"d{tenants}-{ids}" for ids in range(ID_BUCKETS)) for tenants in range(TENANT_BUCKETS)
)
DELIVERY_SHARDS: Final = tuple(shard for shards in _SHARDS_OF for shard in shards)


def tenant(tenant_id: str) -> str:
    """The partition of one tenant's configuration, and of its profiles."""
    return f"tenant#{tenant_id}"


def webhook(webhook_id: str) -> str:
    """Sort key of a webhook."""
    return f"webhook#{webhook_id}"


def function(name: str) -> str:
    """Sort key of a function."""
    return f"function#{name}"


def version(name: str, number: int) -> str:
    """Sort key of a function's version; padded, so that versions sort as numbers do."""
    return f"version#{name}#{number:06d}"


def sync(sync_id: str) -> str:
    """Sort key of a sync."""
    return f"sync#{sync_id}"


def claim(sha256: str) -> str:
    """Sort key of an idempotency claim."""
    return f"idempotency#{sha256}"


def api_key(sha256: str) -> str:
    """Partition of an API key, and its sort key in its tenant's list."""
    return f"apikey#{sha256}"


def by_event(tenant_id: str, event_id: str) -> str:
    """Partition of those deliveries of an event whose ids do not follow from it."""
    return f"{tenant_id}#{event_id}"


def by_status(tenant_id: str, status: str) -> str:
    """Partition of the deliveries that are not delivered, by status."""
    return f"{tenant_id}#{status}"


def endpoint(tenant_id: str, webhook_id: str) -> str:
    """Partition of an endpoint's health, in the table of the deliveries."""
    return f"endpoint#{tenant_id}#{webhook_id}"


def rate(tenant_id: str, webhook_id: str, limit: str) -> str:
    """Partition of a rate limit's counter; another limit counts anew."""
    return f"rate#{tenant_id}#{webhook_id}#{limit}"


def permits(tenant_id: str, holder: str) -> str:
    """Partition of the permits of a webhook or a function."""
    return f"permits#{tenant_id}#{holder}"


def replay(replay_id: str) -> str:
    """Partition of a replay, in the table of the deliveries."""
    return f"replay#{replay_id}"


def replays_of(tenant_id: str, webhook_id: str) -> str:
    """Partition of a webhook's replays; no tenant's name has a `#`."""
    return f"{tenant_id}#{webhook_id}"


def by_function(tenant_id: str, name: str) -> str:
    """Partition of the runs of one function."""
    return f"{tenant_id}#{name}"


def in_time(created_at: str, record_id: str) -> str:
    """Sort key of records by age; the id tells apart those of one millisecond."""
    return f"{created_at}#{record_id}"


def run_shard(run_id: str) -> str:
    """The shard of the due index that a run waits in; always the same one."""
    return RUN_SHARDS[_bucket(run_id, of=len(RUN_SHARDS))]


def delivery_shard(tenant_id: str, delivery_id: str) -> str:
    """The shard of the due index that a delivery waits in: one of its tenant's."""
    return delivery_shards(tenant_id)[_bucket(delivery_id, of=ID_BUCKETS)]


def delivery_shards(tenant_id: str) -> tuple[str, ...]:
    """The shards that a tenant's deliveries wait in, among those of other tenants."""
    return _SHARDS_OF[_bucket(tenant_id, of=TENANT_BUCKETS)]


def _bucket(name: str, *, of: int) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % of
