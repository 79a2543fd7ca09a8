"""A sync: where one tenant's rows go, hour by hour."""

from dataclasses import dataclass
from enum import StrEnum


class DestinationKind(StrEnum):
    """Where rows go. The lake (Parquet on S3) is written for every sync."""

    # The only place that lists the vendors; what one of them wants stands in files of its name.
    S3 = "s3"
    REDSHIFT = "redshift"

    @property
    def has_tables(self) -> bool:
        """Whether rows go into tables of a warehouse, which stand in a schema."""
        match self:
            case DestinationKind.S3:
                return False
            case DestinationKind.REDSHIFT:
                return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A destination of one tenant; the schedule loads into it while it is enabled."""

    id: str
    tenant: str
    name: str
    kind: DestinationKind
    created_at: str
    schema: str = ""  # where the warehouse has the tables; empty: named after the tenant, or none
    enabled: bool = True


def default_schema(tenant: str) -> str:
    """The schema of a tenant whose sync names none: `penstock_` and the tenant."""
    return f"penstock_{tenant.replace('-', '_')}"
