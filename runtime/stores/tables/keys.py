"""Every key of every table, on one page: a key decides how an item can be found.

Where items of several kinds share a table, their keys begin with prefixes (`prefixes.py`). After
the prefix come names, separated by `#`. The name of a tenant and our own ids have no `#`; a name
that a caller has chosen freely comes last.

A kind that has a table or an index to itself needs no prefix: the key of a run is its id, the key
of a profile its id in the partition of its tenant.
"""

from typing import Final, NamedTuple

from runtime.stores.tables.prefixes import (
    ConfigPartition,
    ConfigSort,
    DeliveriesPartition,
    EventsPartition,
    LedgerPartition,
    NamesPartition,
    RawSort,
    RunsIndexPartition,
    RunsPartition,
    SyncSort,
)

TENANTS: Final = ConfigPartition.TENANTS.value
MIGRATIONS: Final = ConfigPartition.MIGRATIONS.value
PURGES: Final = ConfigPartition.PURGES.value
INSTALLATION: Final = ConfigPartition.INSTALLATION.value
ROTATION: Final = "rotation"  # the sort key of the last rotation of data keys, in the same one
SWITCHES: Final = "switches"  # the sort key of what is paused, in the partition of the installation
SUBSCRIPTIONS: Final = ConfigSort.SUBSCRIPTIONS.value
TRANSFORMS: Final = ConfigSort.TRANSFORMS.value
IDENTITY: Final = ConfigSort.IDENTITY.value
QUOTAS: Final = ConfigSort.QUOTAS.value
API_KEY: Final = "apikey"  # the sort key of the key itself in its own partition
CALLS: Final = "calls"  # the sort key of the count of its calls, beside it
EVENT: Final = "event"  # the sort key of the one item in an event's partition
SCHEMA: Final = "schema"  # the sort key of the one item in a schema's partition
RAW: Final = LedgerPartition.RAW.value
RAW_HEAD: Final = RawSort.HEAD.value
PLAN: Final = LedgerPartition.PLAN.value  # both keys of its one item
COUNTED_DAYS: Final = LedgerPartition.COUNTED_DAYS.value
SYNC_CURSOR: Final = SyncSort.CURSOR.value
LOADS: Final = SyncSort.LOAD.value
LOADS_BY_ID: Final = SyncSort.LOAD_BY_ID.value


class TimeRange(NamedTuple):
    """The sort keys between two times, both included, where keys begin with a timestamp."""

    low: str
    high: str


class LogPage(NamedTuple):
    """What the sort key of a page of the delivery log says."""

    created_at: str
    page: str


# --- the config table


def tenant(tenant_id: str) -> str:
    """The partition of one tenant's configuration; in the table of profiles, of its profiles."""
    return f"{ConfigPartition.TENANT}{tenant_id}"


def webhook(webhook_id: str) -> str:
    """Sort key of a webhook."""
    return f"{ConfigSort.WEBHOOK}{webhook_id}"


def deleted_webhook(webhook_id: str) -> str:
    """Sort key of what is remembered of a webhook that was deleted: its id."""
    return f"{ConfigSort.DELETED_WEBHOOK}{webhook_id}"


def function(name: str) -> str:
    """Sort key of a function."""
    return f"{ConfigSort.FUNCTION}{name}"


def version(name: str, number: int) -> str:
    """Sort key of a function's version; padded, so that versions sort as numbers do."""
    return f"{versions(name)}{number:06d}"


def source(name: str, engine: str, sha256: str) -> str:
    """Sort key under which the version of a function is found by its engine and its source."""
    return f"{ConfigSort.SOURCE}{name}#{engine}#{sha256}"


def release(name: str, seq: int) -> str:
    """Sort key of an entry of a function's release log; padded, so that entries sort by number."""
    return f"{releases(name)}{seq:06d}"


def releases(name: str) -> str:
    """What the sort keys of a function's release log begin with."""
    return f"{ConfigSort.RELEASE}{name}#"


def versions(name: str) -> str:
    """What the sort keys of a function's versions begin with."""
    return f"{ConfigSort.VERSION}{name}#"


def parts_of_function(name: str) -> tuple[str, ...]:
    """What the sort keys begin with of all that belongs to a function, beside its own item."""
    return (versions(name), f"{ConfigSort.SOURCE}{name}#", releases(name))


def migration(number: int) -> str:
    """Sort key of a migration in the partition `MIGRATIONS`; padded, so that they sort."""
    return f"{number:06d}"


def purge(at: str, tenant_id: str, name: str) -> str:
    """Sort key of a function's purge in the partition `PURGES`, where the earliest comes first."""
    return f"{at}#{tenant_id}#{name}"


def sync(sync_id: str) -> str:
    """Sort key of a sync."""
    return f"{ConfigSort.SYNC}{sync_id}"


def transform(transform_id: str) -> str:
    """Sort key of a data transform."""
    return f"{ConfigSort.TRANSFORM}{transform_id}"


def transform_version(transform_id: str, number: int) -> str:
    """Sort key of a version of a data transform; padded, so that they sort as numbers do."""
    return f"{transform_versions(transform_id)}{number:06d}"


def transform_versions(transform_id: str) -> str:
    """What the sort keys of a data transform's versions begin with."""
    return f"{ConfigSort.TRANSFORM_VERSION}{transform_id}#"


def used_on(day: str, metered: str) -> str:
    """Sort key of what a tenant has used of something on a day."""
    return f"{ConfigSort.USED}{day}#{metered}"


def claim(sha256: str) -> str:
    """Sort key of an idempotency claim."""
    return f"{ConfigSort.CLAIM}{sha256}"


def api_key(sha256: str) -> str:
    """Sort key of an API key in its tenant's list."""
    return f"{ConfigSort.API_KEY}{sha256}"


def api_key_by_hash(sha256: str) -> str:
    """Partition of an API key; the sort keys in it are `API_KEY` and `CALLS`."""
    return f"{ConfigPartition.API_KEY}{sha256}"


# --- the deliveries' table, its indexes, and the log of deliveries


def endpoint(tenant_id: str, webhook_id: str) -> str:
    """Partition of an endpoint's health."""
    return f"{DeliveriesPartition.ENDPOINT}{tenant_id}#{webhook_id}"


def rate(tenant_id: str, webhook_id: str, limit: str) -> str:
    """Partition of a rate limit's counter; another limit counts anew."""
    return f"{DeliveriesPartition.RATE}{tenant_id}#{webhook_id}#{limit}"


def permits(tenant_id: str, holder: str) -> str:
    """Partition of the permits of a webhook or a function."""
    return f"{DeliveriesPartition.PERMITS}{tenant_id}#{holder}"


def replay(replay_id: str) -> str:
    """Partition of a replay."""
    return f"{DeliveriesPartition.REPLAY}{replay_id}"


def by_event(tenant_id: str, event_id: str) -> str:
    """Partition of the deliveries of an event whose ids are not hashes of it and a webhook."""
    return f"{tenant_id}#{event_id}"


def by_status(tenant_id: str, status: str) -> str:
    """Partition of the deliveries that are not delivered, by status."""
    return f"{tenant_id}#{status}"


def replays_of_webhook(tenant_id: str, webhook_id: str) -> str:
    """Partition of a webhook's replays."""
    return f"{tenant_id}#{webhook_id}"


def replays_of_function(tenant_id: str, name: str) -> str:
    """Partition of a function's replays; no webhook's id has a `#`."""
    return f"{tenant_id}#{ConfigSort.FUNCTION}{name}"


def log_page(created_at: str, page: str) -> str:
    """Sort key of a page of the delivery log, in the partition that has its tenant's name."""
    return f"{created_at}#{page}"


def parse_log_page(sort_key: str) -> LogPage:
    """The parts that `log_page` made the key of."""
    created_at, _, page = sort_key.partition("#")
    return LogPage(created_at=created_at, page=page)


# --- events


def event(tenant_id: str, event_id: str) -> str:
    """Partition of an event; its sort key is `EVENT`."""
    return f"{EventsPartition.EVENT}{tenant_id}#{event_id}"


def event_log(tenant_id: str) -> str:
    """Partition of the pages that list a tenant's events; their sort keys begin with a time."""
    return f"{EventsPartition.LOG}{tenant_id}"


# --- runs


def by_function(tenant_id: str, name: str) -> str:
    """Partition of the runs of one function; in another index, of those that failed."""
    return f"{tenant_id}#{name}"


def errors_of(tenant_id: str, name: str) -> str:
    """Partition of the error groups of one function; runs' have one `#`, these have two."""
    return f"{RunsIndexPartition.ERRORS}{tenant_id}#{name}"


def error_day(tenant_id: str, day: str, name: str) -> str:
    """Partition of the list of the error groups that a function has opened on a day."""
    return f"{RunsPartition.ERROR_DAY}{tenant_id}#{day}#{name}"


def function_health(tenant_id: str, name: str) -> str:
    """Partition of a function's health."""
    return f"{RunsPartition.HEALTH}{tenant_id}#{name}"


def canary_counts(tenant_id: str, canary_id: str) -> str:
    """Partition of the counts of a canary."""
    return f"{RunsPartition.CANARY}{tenant_id}#{canary_id}"


def by_profile(tenant_id: str, profile_id: str) -> str:
    """Partition of the runs on events about one profile."""
    return f"{tenant_id}#{profile_id}"


# --- the names of people


def name(sha256: str) -> str:
    """Partition of a name, by its salted hash."""
    return f"{NamesPartition.NAME}{sha256}"


def salt(tenant_id: str) -> str:
    """Partition of the salt of a tenant's names."""
    return f"{NamesPartition.SALT}{tenant_id}"


def merge(tenant_id: str, loser_id: str, side: str) -> str:
    """Partition of one of the two profiles of a merge, as it stood before it."""
    return f"{NamesPartition.MERGE}{tenant_id}#{side}#{loser_id}"


# --- timelines: the sort key of an entry is its place, which begins with a time


def timeline(tenant_id: str, profile_id: str) -> str:
    """Partition of a profile's timeline."""
    return f"{tenant_id}#{profile_id}"


def erased_event(sha256: str) -> str:
    """Partition of the mark of an erased event, by its salted hash."""
    return f"{NamesPartition.ERASED}{sha256}"


def erasures(tenant_id: str) -> str:
    """Partition of what says that somebody of the tenant was erased."""
    return f"{NamesPartition.ERASURES}{tenant_id}"


# --- the audit log: a tenant's partition has its name, and the sort key of an entry is its id


# --- the jobs: a tenant's partition has its name, and the sort key of a job is its id


# --- the ledger


def raw_batch(seq: int) -> str:
    """Sort key of a raw batch; padded, so that batches sort as their numbers do."""
    return f"{seq:012d}"


def raw_name(object_key: str) -> str:
    """Sort key under which the number of a batch is found by the key of its object."""
    return f"{RawSort.NAME}{object_key}"


def backfill_cursor(job_id: str) -> str:
    """Sort key of the cursor of one backfill of a sync."""
    return f"{SyncSort.BACKFILL}{job_id}"


def loads_of(tenant_id: str, sync_id: str) -> str:
    """Partition of a sync's cursor and loads."""
    return f"{LedgerPartition.SYNC}{tenant_id}#{sync_id}"


def load(started_at: str, load_id: str) -> str:
    """Sort key of a load, by when it was planned (ISO 8601)."""
    return load_at(f"{started_at}#{load_id}")


def load_at(position: str) -> str:
    """Sort key of the load at a position of a listing: when it was planned, and its id."""
    return f"{SyncSort.LOAD}{position}"


def usage(tenant_id: str) -> str:
    """Partition of what a tenant has used; the sort keys are days."""
    return f"{LedgerPartition.USAGE}{tenant_id}"


def schema(name: str) -> str:
    """Partition of a warehouse schema: whose it is; its sort key is `SCHEMA`."""
    return f"{LedgerPartition.SCHEMA}{name}"


# --- lists by age, of deliveries, replays and runs


def in_time(created_at: str, record_id: str) -> str:
    """Sort key of records by age; the id tells apart records of one millisecond."""
    return f"{created_at}#{record_id}"


def record_in_time(sort_key: str) -> str:
    """The id of the record whose key `in_time` has made."""
    return sort_key.partition("#")[2]


def between(since: str | None, until: str | None) -> TimeRange:
    """The sort keys between these times; None means no bound."""
    # Timestamps begin with a digit; `~` sorts after all ids of one millisecond.
    return TimeRange(low=since or "0", high=f"{until or ''}~")
