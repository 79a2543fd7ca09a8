"""DuckDB as a library: one thread, a folder of its own, and nothing fetched while it runs."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def connect(scratch: Path, *, memory_limit: str = "1GB") -> "duckdb.DuckDBPyConnection":
    """A database in memory.

    Args:
        scratch: the folder for its temporary files.
        memory_limit: DuckDB's; about 60 % of the function's memory.
    """
    import duckdb  # deferred: most calls of `jobs` open no file

    home = scratch / "duckdb"
    home.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": 1,
            "memory_limit": memory_limit,
            "temp_directory": str(home),
            "home_directory": str(home),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    connection.execute("SET TimeZone = 'UTC'")  # of times that do not name theirs
    return connection
