"""The lake's tables in the Glue catalog are those of the lake."""

import re
from typing import Any

import pytest

from infra.build import lake_tables
from infra.scan import template
from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.plan import DataFile
from runtime.core.warehouse.tables import Table
from tests.warehouse_records import a_load

INPUTS = {
    each.properties["TableInput"]["Name"]: each.properties["TableInput"]
    for each in template.resources("AWS::Glue::Table")
}


def _name(table: Table) -> str:
    return table.name


def test_the_stack_is_what_the_tables_descriptions_make() -> None:
    """Run `python -m infra.build.lake_tables` after a change of them."""
    assert lake_tables.text() == lake_tables.STACK.read_text(encoding="utf-8")


def test_an_installation_has_the_catalog_only_if_it_asks_for_it() -> None:
    """Whoever may ask the catalog and read the bucket sees every tenant."""
    root = template.stacks()[""]
    assert root["Parameters"]["LakeTables"]["Default"] == "false"
    assert root["Resources"]["Lake"]["Condition"] == "HasLakeTables"


@pytest.mark.parametrize("table", tables.TABLES, ids=_name)
def test_a_table_has_the_columns_of_its_files_and_finds_them_by_their_keys(table: Table) -> None:
    """A column that is a partition too, or a place where no file is, fails each query."""
    made = INPUTS[table.name]
    columns = {each["Name"]: each["Type"] for each in made["StorageDescriptor"]["Columns"]}
    partitions = [each["Name"] for each in made["PartitionKeys"]]
    assert {column.name: lake_tables.TYPES[column.type] for column in table.columns} == columns
    assert not set(columns) & set(partitions)

    load = a_load()
    file = DataFile(table=table.name, path="", size_bytes=0, rows=0, day="2026-11-20")
    values = {"of_tenant": load.tenant, "of_sync": load.sync_id, "dt": file.day}
    assert set(values) == set(partitions)
    assert f"s3://bucket/{plan.lake_key(load, file)}".rpartition("/")[0] == _place(made, values)
    assert str(file.day) >= made["Parameters"]["projection.dt.range"].partition(",")[0]


def _place(made: dict[str, Any], values: dict[str, str | None]) -> str:
    """Where Athena looks for the files of a partition."""
    template_ = made["Parameters"]["storage.location.template"]["Fn::Sub"]
    assert isinstance(template_, str)
    located = template_.replace("${Bucket}", "bucket")
    return re.sub(r"\$\{!(\w+)\}", lambda name: str(values[name[1]]), located)
