"""What several of our functions build of the warehouses: what vendors ask for, and who dials them.

The imports stand inside the functions, as in `parts`.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.core.warehouse.sync import DestinationKind
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.wiring import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg
    from psycopg.rows import DictRow

    from runtime.core.warehouse.settings.setting import Given
    from runtime.core.warehouse.sync import Sync
    from runtime.egress.databases import Databases
    from runtime.stores.aws.s3 import Bucket
    from runtime.usecases.warehouse.load_own import OwnWarehouses, Warehouse
    from runtime.usecases.warehouse.load_sql import Schemas
    from runtime.usecases.warehouse.seal_settings import SettingRules


def setting_rules(installation: Settings) -> "Mapping[DestinationKind, SettingRules]":
    """What each kind of destination has to be told; kinds that need nothing are left out."""
    from runtime.core.warehouse.settings import postgresql
    from runtime.usecases.warehouse.seal_settings import SettingRules

    databases = _databases(installation)

    def check_server(given: "Given") -> None:
        server = postgresql.server(given.shown)
        databases.check(server.host, server.port)

    return {DestinationKind.POSTGRESQL: SettingRules(postgresql.SETTINGS, check_server)}


def own_warehouses(
    clients: Clients, installation: Settings, *, schemas: "Schemas"
) -> "Mapping[DestinationKind, OwnWarehouses]":
    """The warehouses of tenants' own, by kind. Nothing is dialled before a sync needs it."""
    from runtime.usecases.warehouse.load_own import OwnWarehouses, SchemasOfSync

    databases = _databases(installation)

    def postgresql(sync: "Sync", secrets: "Mapping[str, str]") -> "Warehouse":
        from runtime.core.warehouse.settings import postgresql
        from runtime.stores.aws.s3 import Bucket
        from runtime.stores.warehouse.postgresql.connection import Dialling

        server = postgresql.server(sync.settings)

        def connect() -> "psycopg.Connection[DictRow]":
            return Dialling(
                server=server,
                password=secrets["password"],
                addresses=databases.addresses(server.host, server.port),
                is_plain=databases.may_be_plain(server.host),
            ).connect()

        return postgresql_warehouse(
            connect=connect,
            schemas=SchemasOfSync(schemas=schemas, sync_id=sync.id),
            bucket=Bucket(client=clients.s3, name=installation.bucket),
            scratch=Path(tempfile.gettempdir()),
        )

    # Built when a sync needs it: most processes never open a login.
    secrets = cache(lambda: parts.secrets(clients, installation))

    def open_secret(tenant: str, sealed: str) -> str:
        return secrets().open(tenant, sealed)

    return {DestinationKind.POSTGRESQL: OwnWarehouses(connect=postgresql, open_secret=open_secret)}


def postgresql_warehouse(
    *,
    connect: "Callable[[], psycopg.Connection[DictRow]]",
    schemas: "Schemas",
    bucket: "Bucket",
    scratch: Path,
) -> "Warehouse":
    """One database of one PostgreSQL server."""
    from runtime.core.warehouse.dialects import postgresql
    from runtime.stores.warehouse.postgresql.statements import Statements
    from runtime.usecases.warehouse.load_sql import LoadSql

    return LoadSql(
        statements=Statements(connect=connect, bucket=bucket, scratch=scratch),
        schemas=schemas,
        dialect=postgresql.DIALECT,
        uri=lambda key: f"s3://{bucket.name}/{key}",
    )


def _databases(installation: Settings) -> "Databases":
    from runtime.egress.databases import Databases
    from runtime.egress.policy import EgressPolicy

    return Databases(EgressPolicy(allow_local=installation.allow_local_http))
