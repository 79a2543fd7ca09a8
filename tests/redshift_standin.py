"""The Redshift stand-in with a client of it, the S3 it copies from, and a clock."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from infra.local.redshift.client import connect, query
from infra.local.redshift.server import RedshiftServer
from infra.local.redshift.users import ADMIN

TARGET: Any = {"WorkgroupName": "penstock", "Database": "penstock"}
ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/copy'"
BUCKET = "stage"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_795_179_845.0

    def __call__(self) -> float:
        """Now, in epoch seconds."""
        return self.now_s


@dataclass(frozen=True)
class Roles:
    """IAM for the stand-in: each access key is that of a role of its name, and permits every call.

    The key of `infra.local.redshift.client` is the namespace's superuser.
    """

    s3: Any  # what COPY reads with, whichever role it names

    def check(self, authorization: str, _operation: str, *, workgroup: str) -> str:
        """The database user of a key."""
        del workgroup  # there is one
        key = authorization.partition("Credential=")[2].partition("/")[0]
        return ADMIN if key == "local" else f"IAMR:{key}"

    def reader(self, _role_arn: str) -> Any:
        """An S3 client."""
        return self.s3


class RedshiftStandIn:
    """A stand-in, a client of it, and the S3 it copies from."""

    def __init__(self, folder: Path, *, s3: Any, events: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.s3 = s3
        self.events = events
        self.server = RedshiftServer(
            database=folder / "warehouse.duckdb",
            s3=s3,
            identity=Roles(s3),
            events=events,
            now=self.clock,
        )
        self.client: Any = connect(self.server.url)

    def batch(self, *sqls: str, **options: Any) -> Any:
        """Submit a batch; its description when it has ended."""
        answer = self.client.batch_execute_statement(Sqls=list(sqls), **TARGET, **options)
        return self.client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one statement."""
        return query(self.client, sql)

    def as_role(self, role: str, *sqls: str) -> Any:
        """Submit a batch in the name of a role; its description when it has ended."""
        client: Any = connect(self.server.url, access_key=role)
        answer = client.batch_execute_statement(Sqls=list(sqls), **TARGET)
        return client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)

    def count(self) -> int:
        """How many rows the table `t` has."""
        return int(self.query("SELECT COUNT(*) AS n FROM t")[0]["n"])

    def stage(self, select: str, *, columns: str = "id VARCHAR(8), n BIGINT") -> str:
        """A table `t` and a COPY of the Parquet file of this SELECT into it."""
        self.query(f"CREATE TABLE IF NOT EXISTS t ({columns})")
        path = self.folder / "x.parquet"
        duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        self.s3.put_object(Bucket=BUCKET, Key="x.parquet", Body=path.read_bytes())
        self.manifest({"content_length": path.stat().st_size})
        return f"COPY t FROM 's3://{BUCKET}/m.json' {ROLE} FORMAT AS PARQUET MANIFEST"

    def manifest(self, meta: Any, *, key: str = "x.parquet", **entry: Any) -> None:
        """A manifest of one entry."""
        whole = {"url": f"s3://{BUCKET}/{key}", "mandatory": True, "meta": meta} | entry
        kept = {name: value for name, value in whole.items() if value is not None}
        self.s3.put_object(Bucket=BUCKET, Key="m.json", Body=json.dumps({"entries": [kept]}))
