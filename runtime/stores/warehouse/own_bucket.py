"""Stores the lake's files of a sync in a bucket of the tenant's own, too."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from runtime.core.warehouse.plan import DataFile, Load, Rendered
from runtime.core.warehouse.settings import s3
from runtime.core.warehouse.settings.s3 import OwnBucket
from runtime.core.warehouse.sync import Sync
from runtime.errors import Permanent, Transient

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_REFUSED: Final = frozenset(
    {"AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "KMS.AccessDeniedException"}
)
_GONE: Final = frozenset(
    {"NoSuchBucket", "PermanentRedirect", "IllegalLocationConstraintException"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBuckets:
    """The buckets of tenants' own.

    Whoever reads a bucket takes a file for whole once a manifest names it: manifests come last.
    """

    connect: Callable[[OwnBucket, str], "S3Client"]  # as the bucket's role, with an external id

    def copy(self, sync: Sync, load: Load, rendered: Rendered) -> None:
        """Store the load's files and then its manifest; storing them again changes nothing.

        Raises:
            Permanent: code `permission`: the role may not be assumed, or may not put objects.
            Permanent: code `bucket_missing`: there is no such bucket in the region.
            Transient: code `aws_unavailable`.
        """
        bucket = s3.own_bucket(sync.settings)
        if bucket is None:
            return
        with _faults(bucket):
            client = self.connect(bucket, sync.id)
            for file in rendered.lake:
                body = Path(file.path).read_bytes()
                client.put_object(Bucket=bucket.name, Key=_key(bucket, load, file), Body=body)
            client.put_object(
                Bucket=bucket.name,
                Key=f"{bucket.prefix}_manifests/{load.load_id}.json",
                Body=_manifest(bucket, load, rendered).encode(),
                ContentType="application/json",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStage:
    """The folder of one tenant's bucket from which a warehouse of its own reads staged files."""

    bucket: OwnBucket
    external_id: str
    connect: Callable[[OwnBucket, str], "S3Client"]  # as the bucket's role, with an external id

    def put(self, key: str, body: bytes) -> None:
        """Store a file under the bucket's prefix and this key.

        Raises:
            Permanent: code `permission` or `bucket_missing`.
            Transient: code `aws_unavailable`.
        """
        with _faults(self.bucket):
            client = self.connect(self.bucket, self.external_id)
            client.put_object(Bucket=self.bucket.name, Key=f"{self.bucket.prefix}{key}", Body=body)


def _key(bucket: OwnBucket, load: Load, file: DataFile) -> str:
    return f"{bucket.prefix}{file.table}/dt={file.day}/{load.load_id}.parquet"


def _manifest(bucket: OwnBucket, load: Load, rendered: Rendered) -> str:
    files: list[dict[str, Any]] = [
        {
            "key": _key(bucket, load, file),
            "table": file.table,
            "day": file.day,
            "rows": file.rows,
            "size_bytes": file.size_bytes,
        }
        for file in rendered.lake
    ]
    whole = {"load_id": load.load_id, "versions": load.versions, "files": files}
    return json.dumps(whole, separators=(",", ":"))


@contextmanager
def _faults(bucket: OwnBucket) -> Iterator[None]:
    """Turns AWS's failures into ours. A denied right is the tenant's to give, not ours."""
    try:
        yield
    except ClientError as problem:
        code = problem.response["Error"].get("Code", "Unknown")
        operation = problem.operation_name
        if code in _REFUSED:
            raise Permanent(
                f"{operation} is refused ({code}): see the role's trust and permissions",
                code="permission",
            ) from problem
        if code in _GONE:
            raise Permanent(
                f"there is no bucket {bucket.name} in the region ({code})", code="bucket_missing"
            ) from problem
        raise Transient(f"{operation}: {code}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(
            f"own bucket: {type(problem).__name__}", code="aws_unavailable"
        ) from problem
