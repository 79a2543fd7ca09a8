"""What the keys of each table begin with, where items of several kinds share a table.

No prefix may be the start of another; a test holds that.
"""

from enum import StrEnum


class ConfigPartition(StrEnum):
    """The config table: what tenants have set up."""

    TENANT = "tenant#"
    API_KEY = "apikey#"  # to find a key's tenant by the hash of the key
    TENANTS = "tenants"  # one partition; its sort keys are the names of the tenants
    INSTALLATION = "installation"  # one partition: what an admin has set for all tenants
    MIGRATIONS = "migrations"  # one partition; its sort keys are the numbers of the migrations
    PURGES = "purges"  # one partition; its sort keys are the days on which functions are purged


class ConfigSort(StrEnum):
    """A tenant's partition of the config table."""

    SUBSCRIPTIONS = "subscriptions"  # one item: the counter of changes to them
    WEBHOOK = "webhook#"
    DELETED_WEBHOOK = "deleted-webhook#"
    FUNCTION = "function#"
    VERSION = "version#"
    SOURCE = "source#"  # to find the version that has a source already
    RELEASE = "release#"
    SYNC = "sync#"
    TRANSFORMS = "transforms"  # one item: the order of the data transforms
    TRANSFORM = "transform#"
    TRANSFORM_VERSION = "transform_version#"
    CLAIM = "idempotency#"
    API_KEY = "apikey#"
    QUOTAS = "quotas"  # one item: how much the tenant may use on one day
    USED = "used#"  # what it has used today of that which has a quota
    IDENTITY = "identity"  # one item: the rules by which names are read


class DeliveriesPartition(StrEnum):
    """The deliveries' table: deliveries, and what decides when they are sent."""

    DELIVERY = "dlv_"  # every delivery's id begins so, and is the whole key
    ENDPOINT = "endpoint#"
    RATE = "rate#"
    PERMITS = "permits#"
    REPLAY = "replay#"


class DueShard(StrEnum):
    """The due index of the deliveries' table."""

    DELIVERIES = "d"
    ENDPOINTS = "endpoints"  # endpoints with unsent notices; there are few
    REPLAYS = "replays"


class EventsPartition(StrEnum):
    """The events' table: the events, and the pages that list them."""

    EVENT = "event#"
    LOG = "log#"


class RunsPartition(StrEnum):
    """The runs' table: runs, what decides when they are made, and what is known of functions."""

    RUN = "run_"  # every run's id begins so, and is the whole key
    ERROR_GROUP = "err_"  # every error group's id begins so, and is the whole key
    ERROR_DAY = "errors#"
    PERMITS = "permits#"  # as in the deliveries' table
    HEALTH = "health#"
    CANARY = "canary#"


class RunsIndexPartition(StrEnum):
    """The index `by_function` of the runs' table, beside the runs."""

    ERRORS = "errors#"


class RunsDueShard(StrEnum):
    """The due index of the runs' table, beside the numbered shards of runs."""

    FUNCTIONS = "functions"  # functions with unsent notices; there are few


class NamesPartition(StrEnum):
    """The names' table: which profile each name leads to, and what merges have joined."""

    NAME = "name#"
    MERGE = "merge#"
    SALT = "salt#"
    ERASED = "erased#"
    ERASURES = "erasures#"


class LedgerPartition(StrEnum):
    """The ledger: which raw batches there are, and which load took which."""

    RAW = "raw"  # one partition: all batches
    SYNC = "sync#"
    SCHEMA = "schema#"
    PLAN = "plan"  # one item: until when syncs are planned
    USAGE = "usage#"  # what a tenant has used; the sort keys are days
    COUNTED_DAYS = "counted-days"  # one partition: the days of which usage was counted


class RawSort(StrEnum):
    """The raw log's partition of the ledger; the sort key of a batch is its number, in digits."""

    HEAD = "head"  # one item: the last number given
    NAME = "name#"  # to find a batch's number by the key of its object


class SyncSort(StrEnum):
    """A sync's partition of the ledger."""

    CURSOR = "cursor"  # one item: how far it has loaded, and who may plan it
    BACKFILL = "backfill#"  # the same of one backfill, by the id of its job
    LOAD_BY_ID = "load#"  # where migration 1 has not been applied
    LOAD = "loads#"  # then when it was planned, so that a sync's loads stand in order of time
