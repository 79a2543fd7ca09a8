"""COPY of Parquet files that a manifest lists, as strict as Redshift's.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
from botocore.exceptions import ClientError

from infra.local.redshift.failures import SqlFailure, detail

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_s3.client import S3Client

_COPY: Final = re.compile(
    r"COPY\s+(?P<table>[\w.\"]+)\s*(?:\((?P<columns>[^)]*)\))?\s*FROM\s+'(?P<uri>s3://[^']+)'"
    r"(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OPTION: Final = re.compile(
    r"IAM_ROLE\s+(?:'[^']*'|default)|FORMAT\s+(?:AS\s+)?\w+|STATUPDATE(?:\s+\w+)?|\S+",
    re.IGNORECASE,
)
_ROLE: Final = re.compile(r"IAM_ROLE\s+'([^']+)'", re.IGNORECASE)
_ALLOWED: Final = frozenset(
    {"MANIFEST", "ACCEPTINVCHARS", "FILLRECORD", "EXPLICIT_IDS", "SERIALIZETOJSON"}
)
_SPECTRUM: Final = "Spectrum Scan Error"


@dataclass(frozen=True, slots=True)
class Copier:
    """Runs COPY statements."""

    reader: "Callable[[str], S3Client]"  # gives the S3 client of a role, by the role's ARN
    scratch: Path  # the one folder that DuckDB may read

    def run(self, connection: duckdb.DuckDBPyConnection, sql: str) -> int:
        """Copy the files into the table, and give the number of rows.

        Raises:
            SqlFailure: nothing was copied; the message is Redshift's.
        """
        order = _Order.parse(sql)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            source = _source(self.reader(order.role), order.uri)
            files = [
                (url, source.fetch(url, size, folder=Path(folder)))
                for url, size in source.entries(order.uri)
            ]
            target = _columns(connection, order)
            return sum(
                _insert(connection, order=order, target=target, url=url, path=path)
                for url, path in files
                if path is not None
            )


@dataclass(frozen=True, slots=True)
class _Source:
    """Reads the manifest and the files of one COPY, and raises Redshift's messages."""

    s3: "S3Client"

    def entries(self, uri: str) -> list[tuple[str, int | None]]:
        try:
            entries = json.loads(self._get(uri))["entries"]
        except ClientError as problem:
            raise _missing(
                f"Problem reading manifest file - S3ServiceException:{_why(problem)}"
            ) from problem
        except (ValueError, KeyError, TypeError) as problem:
            raise SqlFailure(f"ERROR: Invalid manifest file {uri}: {problem}") from problem
        return [self._entry(entry) for entry in entries]

    def _entry(self, entry: dict[str, Any]) -> tuple[str, int | None]:
        if "meta" not in entry:
            raise detail(_SPECTRUM, code=15003, context="File entry does not have 'meta' key")
        if "content_length" not in entry["meta"]:
            raise detail(_SPECTRUM, code=15003, context="'meta' does not have 'content_length' key")
        url = entry["url"]
        try:
            self.s3.head_object(**_location(url))
        except ClientError as problem:
            if entry.get("mandatory", False):
                raise _missing(
                    f"Mandatory url is not present in S3: {url} {_why(problem)}"
                ) from problem
            return url, None
        return url, entry["meta"]["content_length"]

    def fetch(self, url: str, size: int | None, *, folder: Path) -> Path | None:
        if size is None:
            return None  # the file does not exist, and the manifest does not require it
        body = self._get(url)
        if len(body) != size:
            raise detail(
                _SPECTRUM,
                code=15001,
                context=f"{url} has {len(body)} bytes, its manifest entry says {size}",
            )
        path = folder / f"{len(list(folder.iterdir()))}.parquet"
        path.write_bytes(body)
        return path

    def _get(self, uri: str) -> bytes:
        return self.s3.get_object(**_location(uri))["Body"].read()


@dataclass(frozen=True, slots=True)
class _Order:
    """The parts of a COPY statement."""

    table: str
    columns: tuple[str, ...]
    uri: str
    role: str
    serialize: bool

    @classmethod
    def parse(cls, sql: str) -> "_Order":
        match = _COPY.fullmatch(sql.strip().removesuffix(";"))
        if not match:
            raise SqlFailure('ERROR: syntax error at or near "COPY"')
        options = {option.upper() for option in _OPTION.findall(match["options"])}
        shapes = {option for option in options if option.startswith("FORMAT")}
        if {option.split()[-1] for option in shapes} != {"PARQUET"} or "MANIFEST" not in options:
            raise SqlFailure("ERROR: the local Redshift copies FORMAT PARQUET MANIFEST only")
        roles = {option for option in options if option.startswith("IAM_ROLE")}
        if not roles or "IAM_ROLE ''" in roles:
            raise SqlFailure("ERROR: COPY needs an IAM_ROLE")
        for option in options - shapes - roles - _ALLOWED:
            if not option.startswith("STATUPDATE"):
                raise SqlFailure(
                    f"ERROR: {option} argument is not supported for PARQUET based COPY"
                )
        columns = tuple(
            name.strip() for name in (match["columns"] or "").split(",") if name.strip()
        )
        role = _ROLE.search(sql)
        return cls(
            match["table"],
            columns,
            match["uri"],
            "" if role is None else role[1],
            "SERIALIZETOJSON" in options,
        )


def _source(s3: "S3Client", uri: str) -> _Source:
    """The source of a COPY.

    Redshift first asks for the bucket's region and lists the manifest's key, so the role needs both
    permissions. This does the same.
    """
    location = _location(uri)
    try:
        s3.get_bucket_location(Bucket=location["Bucket"])
        s3.list_objects_v2(Bucket=location["Bucket"], Prefix=location["Key"], MaxKeys=1)
    except ClientError as problem:
        raise _missing(f"Problem reading manifest file - S3ServiceException:{_why(problem)}") from (
            problem
        )
    return _Source(s3)


def _columns(connection: duckdb.DuckDBPyConnection, order: _Order) -> list[tuple[str, str]]:
    """The name and type of each column to fill, in the statement's order."""
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {order.table}").fetchall()}
    unknown = [name for name in order.columns if name not in types]
    if unknown:
        raise SqlFailure(f'ERROR: column "{unknown[0]}" of relation "{order.table}" does not exist')
    return [(name, types[name]) for name in order.columns or types]


def _insert(
    connection: duckdb.DuckDBPyConnection,
    *,
    order: _Order,
    target: list[tuple[str, str]],
    url: str,
    path: Path,
) -> int:
    try:
        file_columns = connection.execute(
            "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet($path))",
            {"path": str(path)},
        ).fetchall()
    except duckdb.Error as problem:
        raise detail(_SPECTRUM, code=15001, context=f"{url}: {problem}") from problem
    if len(file_columns) != len(target):
        raise detail(
            _SPECTRUM,
            code=15007,
            context="Unmatched number of columns between table and file. "
            f"Table columns: {len(target)}, Data columns: {len(file_columns)}, File name: {url}",
        )
    for (name, table_type), (source, file_type) in zip(target, file_columns, strict=True):
        as_super = table_type == "JSON" and file_type == "VARCHAR" and order.serialize
        if table_type != file_type and not as_super:
            raise detail(
                _SPECTRUM,
                code=15001,
                context=f"{url} has an incompatible Parquet schema for column '{name}'. "
                f"Column type: {table_type}, Parquet schema: {file_type} {source}",
            )
    # COPY makes a SUPER string of a text, and does not parse it.
    values = ", ".join(
        f'to_json(as_varchar("{source}"))' if table_type == "JSON" else f'"{source}"'
        for (_, table_type), (source, _) in zip(target, file_columns, strict=True)
    )
    names = ", ".join(name for name, _ in target)
    row = connection.execute(
        f"INSERT INTO {order.table} ({names}) SELECT {values} FROM read_parquet($path)",  # noqa: S608 - checked names
        {"path": str(path)},
    ).fetchone()
    return int(row[0]) if row else 0


def _location(uri: str) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _missing(context: str) -> SqlFailure:
    return SqlFailure(f"ERROR: {context}")


def _why(problem: ClientError) -> str:
    error = problem.response["Error"]
    return f"{error.get('Message', '')},Error {error.get('Code', '')}"
