"""The shards of the due indexes: in which of them an item waits, and which the sweep reads.

Shards spread a due index over partitions, each of which takes 1,000 writes a second. The sweep
reads all of them.
"""

import hashlib
from typing import Final

from runtime.stores.tables.prefixes import DueShard, RunsDueShard

ENDPOINTS_SHARD: Final = DueShard.ENDPOINTS.value
REPLAYS_SHARD: Final = DueShard.REPLAYS.value
JOBS_SHARD: Final = "jobs"  # the one shard of the jobs' table; few jobs run at a time
FUNCTIONS_SHARD: Final = RunsDueShard.FUNCTIONS.value
RUN_SHARDS: Final = tuple(str(number) for number in range(8))
AUDIT_SHARDS: Final = tuple(str(number) for number in range(4))
TENANT_BUCKETS: Final = 8
ID_BUCKETS: Final = 4  # shards of one tenant; a listing of its waiting deliveries reads them all
_SHARDS_OF: Final = tuple(
    tuple(f"{DueShard.DELIVERIES}{tenants}-{ids}" for ids in range(ID_BUCKETS))
    for tenants in range(TENANT_BUCKETS)
)
DELIVERY_SHARDS: Final = tuple(shard for shards in _SHARDS_OF for shard in shards)


def delivery_shard(tenant_id: str, delivery_id: str) -> str:
    """The shard of the due index that a delivery waits in: one of its tenant's."""
    return delivery_shards(tenant_id)[_bucket(delivery_id, of=ID_BUCKETS)]


def delivery_shards(tenant_id: str) -> tuple[str, ...]:
    """The shards that a tenant's deliveries wait in, among those of other tenants."""
    return _SHARDS_OF[_bucket(tenant_id, of=TENANT_BUCKETS)]


def run_shard(run_id: str) -> str:
    """The shard of the due index that a run waits in; always the same one."""
    return RUN_SHARDS[_bucket(run_id, of=len(RUN_SHARDS))]


def audit_shard(entry_id: str) -> str:
    """The shard of the due index that an entry is in until its tenant has been told of its end."""
    return AUDIT_SHARDS[_bucket(entry_id, of=len(AUDIT_SHARDS))]


def _bucket(name: str, *, of: int) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % of
