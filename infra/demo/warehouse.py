"""Reads the warehouse as an analyst would, through the Redshift Data API."""

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types_boto3_redshift_data import RedshiftDataAPIServiceClient
    from types_boto3_redshift_data.type_defs import (
        ExecuteStatementInputTypeDef,
        FieldTypeDef,
        SqlParameterTypeDef,
    )

POLL_S: Final = 0.1
_RUNNING: Final = frozenset({"SUBMITTED", "PICKED", "STARTED"})


class QueryFailed(Exception):
    """The warehouse refused a statement; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """One tenant's schema in one Redshift Serverless workgroup."""

    client: "RedshiftDataAPIServiceClient"
    workgroup: str
    database: str
    schema: str

    def events(self) -> int:
        """Rows of events."""
        return self._number("SELECT COUNT(*) FROM {events}")

    def profiles(self) -> int:
        """Rows of profiles."""
        return self._number("SELECT COUNT(*) FROM {profiles}")

    def repeated_events(self) -> int:
        """Ids that stand in more than one row; exactly once means none."""
        return self._number("SELECT COUNT(*) - COUNT(DISTINCT id) FROM {events}")

    def has_event(self, event_id: str) -> bool:
        """Whether an event has been loaded."""
        return self._number("SELECT COUNT(*) FROM {events} WHERE id = :id", id=event_id) > 0

    def is_empty(self) -> bool:
        """Whether nothing has been loaded yet; the first load makes the tables."""
        tables = "SELECT COUNT(*) FROM svv_tables WHERE table_schema = :name"
        return int(str(self.query(tables, name=self.schema)[0][0])) == 0

    def some_profiles(self, count: int) -> list[tuple[str, str]]:
        """The ids of some profiles, ours and the shop's."""
        if self.is_empty():
            return []
        rows = self.query("SELECT profile_id, external_id FROM {profiles} ORDER BY profile_id")
        return [(str(ours), str(theirs)) for ours, theirs in rows[:count]]

    def properties(self) -> dict[str, Any]:
        """Each profile's properties, by the shop's own customer id."""
        if self.is_empty():
            return {}
        rows = self.query("SELECT external_id, JSON_SERIALIZE(properties) FROM {profiles}")
        return {str(name): json.loads(str(text)) for name, text in rows}

    def query(self, statement: str, **parameters: str) -> list[list[Any]]:
        """The rows of one SELECT over `{events}` and `{profiles}`, the tenant's own tables.

        Raises:
            QueryFailed: the statement ended in anything but rows.
        """
        tables = {name: f"{self.schema}.{name}" for name in ("events", "profiles")}
        named: list[SqlParameterTypeDef] = [
            {"name": name, "value": value} for name, value in parameters.items()
        ]
        request: ExecuteStatementInputTypeDef = {
            "WorkgroupName": self.workgroup,
            "Database": self.database,
            "Sql": statement.format(**tables),
        }
        if named:
            request["Parameters"] = named  # an empty list is refused
        sent = self.client.execute_statement(**request)
        pause = threading.Event()
        while (state := self.client.describe_statement(Id=sent["Id"]))["Status"] in _RUNNING:
            pause.wait(POLL_S)
        if state["Status"] != "FINISHED":
            raise QueryFailed(state.get("Error", state["Status"]))
        pages = self.client.get_paginator("get_statement_result").paginate(Id=sent["Id"])
        return [[_value(field) for field in row] for page in pages for row in page["Records"]]

    def _number(self, statement: str, **parameters: str) -> int:
        return 0 if self.is_empty() else int(str(self.query(statement, **parameters)[0][0]))


def _value(field: "FieldTypeDef") -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
