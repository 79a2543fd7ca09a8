"""A world whose sync loads into a real PostgreSQL."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.core.warehouse.settings import postgresql as settings
from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.postgresql.connection import Dialling
from runtime.usecases.warehouse.load_own import SchemasOfSync, Warehouse
from runtime.wiring.warehouse_parts import postgresql_warehouse
from tests.planner_deaths import Death, Killed
from tests.postgresql_server import PostgresqlServer
from tests.warehouse import World
from tests.warehouse_records import a_sync


class Shop:
    """A world with a PostgreSQL, and what an analyst sees there."""

    def __init__(
        self, world: World, server: PostgresqlServer, database: str, scratch: Path
    ) -> None:
        self.world = world
        self.server = server
        self.database = database
        self.scratch = scratch
        world.postgresql = self._warehouse
        given = setting.read(server.settings(database), settings.SETTINGS)
        self.sync = world.syncs.add(
            a_sync(kind=DestinationKind.POSTGRESQL, settings=given.shown, sealed=given.sealed)
        )

    def _warehouse(self, sync: Sync, secrets: Mapping[str, str], /) -> Warehouse:
        dialling = Dialling(
            server=settings.server(sync.settings),
            password=secrets["password"],
            addresses=("127.0.0.1",),
            is_plain=True,
        )
        return postgresql_warehouse(
            connect=dialling.connect,
            schemas=SchemasOfSync(schemas=self.world.ledger(), sync_id=sync.id),
            bucket=Bucket(client=self.world.client("s3"), name=self.world.name),
            scratch=self.scratch,
        )

    def warehouse(self) -> Warehouse:
        """What speaks to the database, outside of any load."""
        return self._warehouse(self.sync, self.sync.sealed)

    def load(self, death: Death | None = None) -> Any:
        """One run of the sync."""
        return self.world.planner(death).sync_one("acme", "syn_1")

    def work(self, death: Death | None = None) -> None:
        """The sync function's process, from its start to its end or its death."""
        try:
            self.load(death)
        except Killed:
            self.world.pass_time(minutes=17)  # its lease runs out
        finally:
            self.world.death = None

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the database as an analyst would."""
        with self.server.connect(self.database) as connection:
            connection.execute("SET search_path = penstock_acme; SET timezone = 'UTC'")
            return connection.execute(sql.encode()).fetchall()

    def ids(self) -> list[str]:
        """The ids of all events."""
        return [row["id"] for row in self.query("SELECT id FROM events ORDER BY id")]
