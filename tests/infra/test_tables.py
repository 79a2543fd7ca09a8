"""The tables of the template: what their indexes hold, and that the tests' own are the same."""

from typing import TYPE_CHECKING, Any, Final

import pytest

from infra.scan import template
from infra.scan.template import Resource
from runtime.stores.tables import records
from tests.cloud import Cloud

if TYPE_CHECKING:
    from runtime.stores.tables.table import Table

INDEXED: Final = [
    table
    for table in template.resources("AWS::DynamoDB::Table")
    if "GlobalSecondaryIndexes" in table.properties
]


def name(table: Resource) -> str:
    """How a case is named in the report."""
    return table.name


@pytest.mark.parametrize("table", INDEXED, ids=name)
def test_the_tests_have_the_templates_indexes(table: Resource, cloud: Cloud) -> None:
    """A contract that holds on other tables says nothing."""
    twins: dict[str, Table] = {
        "DeliveriesTable": cloud.deliveries.table,
        "RunsTable": cloud.runs.table,
        "AuditTable": cloud.audit.table,
        "JobsTable": cloud.jobs.table,
    }
    told: Any = cloud.clients.dynamodb.describe_table(TableName=twins[table.name].name)["Table"]

    assert _indexes(told["GlobalSecondaryIndexes"]) == _indexes(
        table.properties["GlobalSecondaryIndexes"]
    )


def test_the_due_index_has_what_the_sweep_sends_and_no_body() -> None:
    """What is missing would be a hint that cannot be sent; a body, a bill for every begun KB."""
    [table] = [table for table in INDEXED if table.name == "DeliveriesTable"]
    indexes = table.properties["GlobalSecondaryIndexes"]
    [due] = [index["Projection"] for index in indexes if index["IndexName"] == "due"]

    assert due["NonKeyAttributes"] == list(records.DUE_ATTRIBUTES)
    assert "content" not in due["NonKeyAttributes"]


def _indexes(raw: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        index["IndexName"]: (
            [(part["AttributeName"], part["KeyType"]) for part in index["KeySchema"]],
            index["Projection"]["ProjectionType"],
            index["Projection"].get("NonKeyAttributes"),
        )
        for index in raw
    }
