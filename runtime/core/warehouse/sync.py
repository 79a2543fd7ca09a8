"""A sync: one tenant's warehouse destination, and the loads made into it."""

from dataclasses import dataclass
from enum import StrEnum


class DestinationKind(StrEnum):
    """Where rows go. The lake (Parquet on S3) is written for every sync."""

    S3 = "s3"
    REDSHIFT = "redshift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A destination and its schedule. `schema` is the Redshift schema, one a tenant."""

    id: str
    tenant: str
    name: str
    kind: DestinationKind
    created_at: str
    schema: str = ""
    enabled: bool = True
