"""Reads the local warehouse by boto3's `redshift-data` client, as a user of the real one would."""

import time
from typing import TYPE_CHECKING, Any, Final

import boto3

from infra.local.redshift import DATABASE, WORKGROUP
from infra.local.redshift.statements import ENDED

if TYPE_CHECKING:
    from types_boto3_redshift_data.client import RedshiftDataAPIServiceClient

_LONG_POLL_S: Final = 5


class QueryFailed(Exception):
    """The query failed, with Redshift's own message, or did not end in time."""


def connect(
    endpoint_url: str, *, region: str = "us-east-1", access_key: str = "local"
) -> "RedshiftDataAPIServiceClient":
    """A client for the stand-in, with credentials that belong to no account."""
    return boto3.client(
        "redshift-data",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key="local",  # noqa: S106 - the stand-in checks no signature
    )


def query(
    client: "RedshiftDataAPIServiceClient",
    sql: str,
    *,
    workgroup: str = WORKGROUP,
    database: str = DATABASE,
    deadline_s: float = 30,
) -> list[dict[str, Any]]:
    """The rows of one statement, each as value by column name; none if it is no SELECT.

    Raises:
        QueryFailed: with Redshift's own message, or because the deadline has passed.
    """
    ends_at = time.monotonic() + deadline_s
    statement_id = client.execute_statement(
        WorkgroupName=workgroup, Database=database, Sql=sql, WaitTimeSeconds=_LONG_POLL_S
    )["Id"]
    while True:
        description = client.describe_statement(Id=statement_id, WaitTimeSeconds=_LONG_POLL_S)
        if description["Status"] in ENDED:
            break
        if time.monotonic() > ends_at:
            raise QueryFailed(f"not ended after {deadline_s} s: {sql}")
    if description["Status"] != "FINISHED":
        raise QueryFailed(description.get("Error", description["Status"]))
    return _rows(client, statement_id) if description.get("HasResultSet") else []


def _rows(client: "RedshiftDataAPIServiceClient", statement_id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for page in client.get_paginator("get_statement_result").paginate(Id=statement_id):
        names = [column["name"] for column in page["ColumnMetadata"]]
        rows.extend(
            dict(zip(names, (_value(field) for field in record), strict=True))
            for record in page["Records"]
        )
    return rows


def _value(field: Any) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
