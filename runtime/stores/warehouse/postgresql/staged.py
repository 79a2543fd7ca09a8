"""Reads the staged Parquet of a load as the CSV that COPY takes, piece by piece."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb

PIECE_ROWS: Final = 100_000  # some 50 MB of CSV on disk at a time
READ_BYTES: Final = 256 * 1024


def csv_pieces(file: Path, columns: Sequence[str], *, scratch: Path) -> Iterator[bytes]:
    """The rows of a Parquet file in CSV: each value is quoted, and NULL is nothing at all."""
    piece = scratch / "piece.csv"
    chosen = ", ".join(columns)
    with duckdb.connect(config={"threads": 1}) as connection:
        row = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(file)]).fetchone()
        rows = 0 if row is None else int(row[0])
        for first in range(0, rows, PIECE_ROWS):
            connection.execute(
                f"""COPY (SELECT {chosen} FROM read_parquet('{file}', file_row_number = true)
                    WHERE file_row_number BETWEEN {first} AND {first + PIECE_ROWS - 1})
                    TO '{piece}' (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"""  # noqa: S608 - our own names
            )
            with piece.open("rb") as stream:
                while data := stream.read(READ_BYTES):
                    yield data
    piece.unlink(missing_ok=True)
