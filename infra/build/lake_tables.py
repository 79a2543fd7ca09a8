"""Writes the stack of the lake's tables from their descriptions.

`python -m infra.build.lake_tables` makes `infra/stacks/lake.yaml`. A test fails if the
descriptions have changed and the stack has not.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.tables import Column, ColumnType, Table

STACK: Final = Path(__file__).parents[1] / "stacks" / "lake.yaml"
FIRST_DAY: Final = "2026-01-01"  # on which a row can have arrived
TYPES: Final = {
    ColumnType.TEXT: "string",
    ColumnType.BIGINT: "bigint",
    ColumnType.SMALLINT: "smallint",
    ColumnType.DOUBLE: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.JSON: "string",  # JSON text, as in the files
}
# Not `tenant`, which `events` has as a column.
PARTITIONS: Final = {"of_tenant": "string", "of_sync": "string", "dt": "string"}
_HIVE: Final = "org.apache.hadoop.hive.ql.io.parquet"
_HEAD: Final = """\
# made by `python -m infra.build.lake_tables`; do not edit
#
# The lake's tables for Athena and whatever else asks the Glue catalog. No crawler and no partition
# has to be added: a query says whose tables and which sync's it asks, and days follow a calendar.
AWSTemplateFormatVersion: "2010-09-09"
Description: "Penstock's lake in the Glue catalog"

Parameters:
  Installation: {Type: String}
  Bucket: {Type: String}

Resources:
  Database:
    Type: AWS::Glue::Database
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseInput:
        Name: !Join ["_", !Split ["-", !Sub "${Installation}-lake"]] # no engine has to quote it
        Description: "Parquet files of every tenant's syncs"
"""
_TAIL: Final = """\

Outputs:
  Database: {Value: !Ref Database}
"""


def text() -> str:
    """The stack."""
    lines = [line for table in tables.TABLES for line in _table(table)]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def _table(table: Table) -> Iterator[str]:
    place = "/".join(f"${{!{name}}}" for name in ("of_tenant", "of_sync"))
    yield ""
    yield f"  {''.join(word.capitalize() for word in table.name.split('_'))}Table:"
    yield from _indented(
        4,
        "Type: AWS::Glue::Table",
        "Properties:",
        "  CatalogId: !Ref AWS::AccountId",
        "  DatabaseName: !Ref Database",
        "  TableInput:",
        f"    Name: {table.name}",
        f"    Description: {_quoted(table.meaning)}",
        "    TableType: EXTERNAL_TABLE",
        "    Parameters:",
        '      EXTERNAL: "TRUE"',
        "      classification: parquet",
        '      projection.enabled: "true"',
        "      projection.of_tenant.type: injected",
        "      projection.of_sync.type: injected",
        "      projection.dt.type: date",
        "      projection.dt.format: yyyy-MM-dd",
        f'      projection.dt.range: "{FIRST_DAY},NOW"',
        "      storage.location.template: !Sub"
        f' "s3://${{Bucket}}/{plan.LAKE_ROOT}{place}/{table.name}/dt=${{!dt}}"',
        "    PartitionKeys:",
        *(f"      - {{Name: {name}, Type: {kind}}}" for name, kind in PARTITIONS.items()),
        "    StorageDescriptor:",
        f'      Location: !Sub "s3://${{Bucket}}/{plan.LAKE_ROOT}"',
        f"      InputFormat: {_HIVE}.MapredParquetInputFormat",
        f"      OutputFormat: {_HIVE}.MapredParquetOutputFormat",
        f"      SerdeInfo: {{SerializationLibrary: {_HIVE}.serde.ParquetHiveSerDe}}",
        "      Columns:",
        *(f"        - {_column(column)}" for column in table.columns),
    )


def _column(column: Column) -> str:
    comment = column.meaning[:255]  # Glue takes no longer one
    return f"{{Name: {column.name}, Type: {TYPES[column.type]}, Comment: {_quoted(comment)}}}"


def _indented(spaces: int, *lines: str) -> Iterator[str]:
    for line in lines:
        yield f"{' ' * spaces}{line}"


def _quoted(words: str) -> str:
    """A text as YAML reads it back."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


if __name__ == "__main__":
    STACK.write_text(text(), encoding="utf-8")
