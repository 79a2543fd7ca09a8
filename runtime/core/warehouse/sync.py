"""A sync: the destination that one tenant's rows are loaded into, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runtime.core import preconditions
from runtime.core.warehouse.schedule import HOURLY, Schedule
from runtime.core.warehouse.selection import Selection


class DestinationKind(StrEnum):
    """Where a sync loads rows. Every sync also writes the lake, which is Parquet on S3."""

    # No other place lists the vendors. What a vendor needs stands in files named after it.
    S3 = "s3"
    REDSHIFT = "redshift"
    POSTGRESQL = "postgresql"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"
    SYNAPSE = "synapse"

    @property
    def has_tables(self) -> bool:
        """Whether the rows go into a warehouse's tables, which need a schema."""
        return self is not DestinationKind.S3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A destination of one tenant; the schedule loads into it until it is paused."""

    id: str
    tenant: str
    name: str
    kind: DestinationKind
    created_at: str  # ISO 8601
    # The schema of the warehouse's tables. Empty: the schema named after the tenant, or none if the
    # destination has no tables.
    schema: str = ""
    selection: Selection = field(default_factory=Selection)  # which rows and columns it takes
    enabled: bool = True  # False while it is paused: then no load of it begins or goes on
    schedule: Schedule = HOURLY  # when it is due
    # What a destination of the tenant's own is told, by name: all that may be shown. Empty for
    # destinations that the installation has.
    settings: Mapping[str, str] = field(default_factory=dict)
    # Name → a setting that is never shown, such as a password, encrypted for the tenant.
    sealed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        """Whether its destination is the tenant's own, which its settings name."""
        return bool(self.settings)

    @property
    def sealed_names(self) -> tuple[str, ...]:
        """Which settings are there that nobody is shown."""
        return tuple(sorted(self.sealed))

    @property
    def etag(self) -> str:
        """The ETag of the sync as it stands."""
        return preconditions.etag(self)


def default_schema(tenant: str) -> str:
    """The schema of a tenant whose sync names none: `penstock_` and the tenant's name."""
    return f"penstock_{tenant.replace('-', '_')}"
