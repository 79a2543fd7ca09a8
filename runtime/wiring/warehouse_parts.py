"""What several of our functions build of the warehouses: what vendors ask for, and who dials them.

The imports stand inside the functions, as in `parts`.
"""

import tempfile
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runtime.core.warehouse.sync import DestinationKind
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.wiring import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import psycopg
    from psycopg.rows import DictRow
    from types_boto3_s3.client import S3Client

    from runtime.core.warehouse.settings.s3 import OwnBucket
    from runtime.core.warehouse.settings.setting import Given
    from runtime.core.warehouse.sync import Sync
    from runtime.egress.databases import Databases
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.warehouse.http import Reply, Send
    from runtime.stores.warehouse.own_bucket import OwnBuckets
    from runtime.stores.warehouse.own_lakes import OwnLakes
    from runtime.usecases.warehouse.load_own import Connect, OwnWarehouses, Warehouse
    from runtime.usecases.warehouse.load_sql import Schemas
    from runtime.usecases.warehouse.seal_settings import SettingRules


REQUEST_S: Final = 300.0  # the upload of a load's largest file is one request
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024  # the rows of `_loads`, and no others, are asked for


def setting_rules(installation: Settings) -> "Mapping[DestinationKind, SettingRules]":
    """What each kind of destination has to be told; kinds that need nothing are left out."""
    from runtime.core.warehouse.settings import bigquery, postgresql, s3, snowflake, synapse
    from runtime.usecases.warehouse.seal_settings import SettingRules

    databases = _databases(installation)

    def check_server(given: "Given") -> None:
        server = postgresql.server(given.shown)
        databases.check(server.host, server.port)

    def check_pool(given: "Given") -> None:
        databases.check(given.shown["host"], synapse.PORT)

    def check_key(given: "Given") -> None:
        if "key" in given.sealed:
            bigquery.project(given.shown, key=given.sealed["key"])
            bigquery.private_key(given.sealed["key"])

    return {
        DestinationKind.S3: SettingRules(s3.SETTINGS, s3.check),
        DestinationKind.POSTGRESQL: SettingRules(postgresql.SETTINGS, check_server),
        DestinationKind.BIGQUERY: SettingRules(bigquery.SETTINGS, check_key),
        DestinationKind.SNOWFLAKE: SettingRules(snowflake.SETTINGS, s3.check),
        DestinationKind.SYNAPSE: SettingRules(synapse.SETTINGS, check_pool),
    }


def own_buckets(clients: Clients, installation: Settings) -> "OwnBuckets":
    """The buckets of tenants' own, for loads."""
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.warehouse.own_bucket import OwnBuckets

    return OwnBuckets(
        connect=partial(_as_role, clients),
        indexes=Bucket(client=clients.s3, name=installation.bucket),
        scratch=Path(tempfile.gettempdir()),
    )


def own_lakes(clients: Clients, installation: Settings) -> "OwnLakes":
    """The files in buckets of tenants' own, for erasures."""
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.warehouse.own_lakes import OwnLakes
    from runtime.stores.warehouse.syncs import Syncs

    return OwnLakes(
        configured=Syncs(config=parts.config(clients, installation)),
        connect=partial(_as_role, clients),
        ours=Bucket(client=clients.s3, name=installation.bucket),
        scratch=Path(tempfile.gettempdir()),
    )


def own_warehouses(
    clients: Clients, installation: Settings, *, schemas: "Schemas"
) -> "Mapping[DestinationKind, OwnWarehouses]":
    """The warehouses of tenants' own, by kind. Nothing is dialled before a sync needs it."""
    from runtime.stores.aws.s3 import Bucket
    from runtime.usecases.warehouse.load_own import OwnWarehouses, SchemasOfSync

    databases = _databases(installation)
    bucket = Bucket(client=clients.s3, name=installation.bucket)
    scratch = Path(tempfile.gettempdir())

    def postgresql(sync: "Sync", secrets: "Mapping[str, str]") -> "Warehouse":
        from runtime.core.warehouse.settings import postgresql
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
            bucket=bucket,
            scratch=scratch,
        )

    def bigquery(sync: "Sync", secrets: "Mapping[str, str]") -> "Warehouse":
        from runtime.core.warehouse.dialects import bigquery as dialect
        from runtime.core.warehouse.settings import bigquery
        from runtime.stores.warehouse.bigquery.jobs import Jobs
        from runtime.stores.warehouse.bigquery.statements import Statements
        from runtime.usecases.warehouse.load_sql import LoadSql

        jobs = Jobs(
            project=bigquery.project(sync.settings, key=secrets["key"]),
            private_key=bigquery.private_key(secrets["key"]),
            send=send(),
        )
        return LoadSql(
            statements=Statements(jobs=jobs, bucket=bucket, scratch=scratch),
            schemas=SchemasOfSync(schemas=schemas, sync_id=sync.id),
            dialect=dialect.DIALECT,
            uri=lambda key: f"s3://{bucket.name}/{key}",
        )

    def snowflake(sync: "Sync", secrets: "Mapping[str, str]") -> "Warehouse":
        from runtime.core.warehouse import sql
        from runtime.core.warehouse.dialects import snowflake as dialect
        from runtime.core.warehouse.settings import s3, snowflake
        from runtime.stores.warehouse.own_bucket import OwnStage
        from runtime.stores.warehouse.snowflake.statements import Statements
        from runtime.usecases.warehouse.load_sql import LoadSql

        stage = OwnStage(
            bucket=s3.bucket_of(sync.settings),
            external_id=sync.id,
            connect=partial(_as_role, clients),
        )
        return LoadSql(
            statements=Statements(
                account=snowflake.account(sync.settings),
                private_key=secrets["private_key"],
                schema=sql.schema_name(sync),
                send=send(),
                bucket=bucket,
                stage=stage,
            ),
            schemas=SchemasOfSync(schemas=schemas, sync_id=sync.id),
            dialect=dialect.DIALECT,
            uri=lambda key: f"s3://{bucket.name}/{key}",
        )

    send = cache(partial(_send, installation))
    # Built when a sync needs it: most processes never open a login.
    secrets = cache(lambda: parts.secrets(clients, installation))

    def open_secret(tenant: str, sealed: str) -> str:
        return secrets().open(tenant, sealed)

    connects = {
        DestinationKind.POSTGRESQL: postgresql,
        DestinationKind.BIGQUERY: bigquery,
        DestinationKind.SNOWFLAKE: snowflake,
        DestinationKind.SYNAPSE: _synapse(databases, bucket, schemas=schemas, send=send),
    }
    return {
        kind: OwnWarehouses(connect=connect, open_secret=open_secret)
        for kind, connect in connects.items()
    }


def _synapse(
    databases: "Databases", bucket: "Bucket", *, schemas: "Schemas", send: "Callable[[], Send]"
) -> "Connect":
    """Reaches pools of Azure Synapse."""

    def synapse(sync: "Sync", secrets: "Mapping[str, str]") -> "Warehouse":
        from runtime.core.warehouse.dialects import synapse as dialect
        from runtime.core.warehouse.settings import synapse
        from runtime.stores.warehouse.synapse.connection import Dialling
        from runtime.stores.warehouse.synapse.container import Blobs
        from runtime.stores.warehouse.synapse.statements import Statements
        from runtime.usecases.warehouse.load_own import SchemasOfSync
        from runtime.usecases.warehouse.load_sql import LoadSql

        pool = synapse.pool(sync.settings)

        def connect() -> Any:
            return Dialling(
                pool=pool,
                password=secrets["password"],
                addresses=databases.addresses(pool.host, pool.port),
            ).connect()

        blobs = Blobs(
            container=synapse.container(sync.settings),
            signature=synapse.signature(secrets["sas_token"]),
            send=send(),
        )
        scratch = Path(tempfile.gettempdir())
        return LoadSql(
            statements=Statements(connect=connect, bucket=bucket, blobs=blobs, scratch=scratch),
            schemas=SchemasOfSync(schemas=schemas, sync_id=sync.id),
            dialect=dialect.DIALECT,
            uri=lambda key: f"s3://{bucket.name}/{key}",
        )

    return synapse


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


def _as_role(clients: Clients, bucket: "OwnBucket", external_id: str) -> "S3Client":
    return clients.s3_as(bucket.role_arn, external_id=external_id, region=bucket.region)


def _send(installation: Settings) -> "Send":
    """Makes requests of warehouses that are reached over HTTP."""
    from runtime.egress.client import Request, SyncEgress
    from runtime.egress.policy import EgressPolicy

    egress = SyncEgress(EgressPolicy(allow_local=installation.allow_local_http))

    def send(
        method: str, url: str, *, headers: "Sequence[tuple[str, str]]", body: bytes = b""
    ) -> "Reply":
        request = Request(method=method, url=url, headers=headers, body=body)
        return egress.send(request, deadline_s=REQUEST_S, max_answer_bytes=MAX_ANSWER_BYTES)

    return send


def _databases(installation: Settings) -> "Databases":
    from runtime.egress.databases import Databases
    from runtime.egress.policy import EgressPolicy

    return Databases(EgressPolicy(allow_local=installation.allow_local_http))
