"""Reads the warehouse as an analyst would, through the Redshift Data API."""

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.local.redshift import DATABASE, WORKGROUP
from infra.local.state import LocalCloud
from runtime.core.warehouse.sync import default_schema
from runtime.core.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import boto3
    from types_boto3_redshift_data import RedshiftDataAPIServiceClient
    from types_boto3_redshift_data.type_defs import (
        ExecuteStatementInputTypeDef,
        FieldTypeDef,
        SqlParameterTypeDef,
    )

POLL_S: Final = 0.1
_RUNNING: Final = frozenset({"SUBMITTED", "PICKED", "STARTED"})


class QueryFailed(Exception):
    """A statement failed, with the warehouse's own message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """One tenant's schema in one Redshift Serverless workgroup."""

    client: "RedshiftDataAPIServiceClient"
    workgroup: str
    database: str
    schema: str

    def events(self) -> int:
        """How many rows the table of events has, besides those that tell of changes."""
        return self._number("SELECT COUNT(*) FROM {events} WHERE topic NOT LIKE 'audit.%'")

    def profiles(self) -> int:
        """How many rows the table of profiles has."""
        return self._number("SELECT COUNT(*) FROM {profiles}")

    def repeated_events(self) -> int:
        """How many rows repeat an event that another row has; there must be none."""
        return self._number("SELECT COUNT(*) - COUNT(DISTINCT id) FROM {events}")

    def has_event(self, event_id: str) -> bool:
        """Whether an event has been loaded."""
        return self._number("SELECT COUNT(*) FROM {events} WHERE id = :id", id=event_id) > 0

    def is_empty(self) -> bool:
        """Whether nothing has been loaded, so that there are no tables yet."""
        tables = "SELECT COUNT(*) FROM svv_tables WHERE table_schema = :name"
        return int(str(self.query(tables, name=self.schema)[0][0])) == 0

    def some_profiles(self, count: int) -> list[tuple[str, str]]:
        """The ids of the first profiles: each the platform's id and the shop's."""
        if self.is_empty():
            return []
        rows = self.query("SELECT profile_id, external_id FROM {profiles} ORDER BY profile_id")
        return [(str(ours), str(theirs)) for ours, theirs in rows[:count]]

    def properties(self) -> dict[str, Any]:
        """Each profile's properties, by the shop's id of the customer."""
        if self.is_empty():
            return {}
        rows = self.query("SELECT external_id, JSON_SERIALIZE(properties) FROM {profiles}")
        return {str(name): json.loads(str(text)) for name, text in rows}

    def query(self, statement: str, **parameters: str) -> list[list[Any]]:
        """The rows of one SELECT. A table's name in braces, as `{events}`, becomes the tenant's.

        Raises:
            QueryFailed: the statement failed or was aborted.
        """
        tables = {name: f"{self.schema}.{name}" for name in BY_NAME}
        sql_parameters: list[SqlParameterTypeDef] = [
            {"name": name, "value": value} for name, value in parameters.items()
        ]
        request: ExecuteStatementInputTypeDef = {
            "WorkgroupName": self.workgroup,
            "Database": self.database,
            "Sql": statement.format(**tables),
        }
        if sql_parameters:
            request["Parameters"] = sql_parameters  # Redshift refuses an empty list
        answer = self.client.execute_statement(**request)
        pause = threading.Event()
        while (state := self.client.describe_statement(Id=answer["Id"]))["Status"] in _RUNNING:
            pause.wait(POLL_S)
        if state["Status"] != "FINISHED":
            raise QueryFailed(state.get("Error", state["Status"]))
        pages = self.client.get_paginator("get_statement_result").paginate(Id=answer["Id"])
        return [[_value(field) for field in row] for page in pages for row in page["Records"]]

    def _number(self, statement: str, **parameters: str) -> int:
        return 0 if self.is_empty() else int(str(self.query(statement, **parameters)[0][0]))


def _value(field: "FieldTypeDef") -> Any:
    return None if field.get("isNull") else next(iter(field.values()))


def of_local_cloud(local: LocalCloud, session: "boto3.Session") -> Warehouse:
    """The warehouse of a local cloud's tenant, read with the credentials of the session."""
    return Warehouse(
        client=session.client("redshift-data", endpoint_url=local.redshift_endpoint),
        workgroup=WORKGROUP,
        database=DATABASE,
        schema=default_schema(local.tenant),
    )
