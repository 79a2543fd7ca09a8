"""Staged files as a load leaves them, for tests of those who read them."""

from pathlib import Path

import duckdb

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.plan import StagedFile
from tests.warehouse import World


def staged(
    world: World, folder: Path, select: str = "SELECT 'a' AS id", *, size_bytes: int | None = None
) -> str:
    """Stage the rows of a SELECT; returns where their manifest is."""
    file = folder / "x.parquet"
    duckdb.sql(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
    world.s3.put_object(Bucket=world.name, Key="stage/x.parquet", Body=file.read_bytes())
    size = file.stat().st_size if size_bytes is None else size_bytes
    body = staged_files.written([StagedFile(f"s3://{world.name}/stage/x.parquet", size)])
    world.s3.put_object(Bucket=world.name, Key="manifest/x.json", Body=body)
    return f"s3://{world.name}/manifest/x.json"
