"""Stores the lake's files of a sync in a bucket of the tenant's own, too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from runtime.core.warehouse import manifest, own_files, tables
from runtime.core.warehouse.own_files import OwnFile
from runtime.core.warehouse.plan import DataFile, Load, Rendered
from runtime.core.warehouse.settings import s3
from runtime.core.warehouse.settings.s3 import OwnBucket
from runtime.core.warehouse.sync import Sync
from runtime.errors import NotFound, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import people_file

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_REFUSED: Final = frozenset(
    {"AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "KMS.AccessDeniedException"}
)
_ABSENT: Final = frozenset({"NoSuchKey", "404"})
_CHANGED: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_GONE: Final = frozenset(
    {"NoSuchBucket", "PermanentRedirect", "IllegalLocationConstraintException"}
)


# What a tenant has to grant when a call is refused.
_GRANTS: Final = {
    "AssumeRole": "its trust has to name the roles of the functions sync and jobs,"
    " and the sync's id as external id",
    "DeleteObject": "grant it s3:DeleteObjectVersion",
    "GetObject": "grant it s3:GetObject",
    "ListObjectVersions": "grant it s3:ListBucketVersions",
    "PutObject": "grant it s3:PutObject",
}

Connect = Callable[[OwnBucket, str], "S3Client"]  # as the bucket's role, with an external id


class Read(NamedTuple):
    """An object as it was read."""

    body: bytes
    etag: str  # S3's name of this content


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one bucket of a tenant's own.

    Every call may raise one of these:
        Permanent: code `permission`: the role may not be assumed, or may not do this; the message
            says what to grant.
        Permanent: code `bucket_missing`: there is no such bucket in the region.
        Transient: code `aws_unavailable`.
    """

    bucket: OwnBucket
    client: "S3Client"

    @classmethod
    def of(cls, bucket: OwnBucket, *, connect: Connect, external_id: str) -> "Objects":
        """The objects, which the bucket's role reaches."""
        with _faults(bucket):
            return cls(bucket, connect(bucket, external_id))

    def key(self, path: str) -> str:
        """The key of what has this path behind the bucket's prefix."""
        return f"{self.bucket.prefix}{path}"

    def put(self, key: str, body: bytes, *, content_type: str = "binary/octet-stream") -> None:
        """Store an object."""
        with _faults(self.bucket):
            self.client.put_object(
                Bucket=self.bucket.name, Key=key, Body=body, ContentType=content_type
            )

    def read(self, key: str) -> Read | None:
        """An object as it stands now; None when there is none."""
        try:
            with _faults(self.bucket):
                answer = self.client.get_object(Bucket=self.bucket.name, Key=key)
                return Read(answer["Body"].read(), answer["ETag"])
        except NotFound:
            return None

    def replace(self, key: str, body: bytes, *, old: Read) -> None:
        """Store an object in the place of what was read.

        Raises:
            Transient: code `object_changed`: it is not that any more.
        """
        try:
            with _faults(self.bucket):
                self.client.put_object(
                    Bucket=self.bucket.name, Key=key, Body=body, IfMatch=old.etag
                )
        except NotFound as problem:
            raise Transient("the object is gone meanwhile", code="object_changed") from problem

    def keys(self, prefix: str, *, after: str) -> Iterator[str]:
        """The keys that begin so and sort behind `after`, in order.

        One of which only versions of before are left, because somebody has deleted the object in a
        bucket that keeps versions, is among them.
        """
        if after > prefix and not after.startswith(prefix):
            return  # all of them sort before it
        last = after
        with _faults(self.bucket):
            for page in self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket.name, Prefix=prefix, **_from(after, prefix)
            ):
                for each in page.get("Versions", []):
                    if each["Key"] > last:
                        last = each["Key"]
                        yield last

    def forget_versions(self, key: str) -> None:
        """Delete every version of an object but the one that is there now."""
        with _faults(self.bucket):
            for page in self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket.name, Prefix=key
            ):
                for each in page.get("Versions", []):
                    if each["Key"] == key and not each["IsLatest"]:
                        self.client.delete_object(
                            Bucket=self.bucket.name, Key=key, VersionId=each["VersionId"]
                        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBuckets:
    """The buckets of tenants' own.

    Whoever reads a bucket takes a file for whole once a manifest names it: manifests come last.
    """

    connect: Connect
    indexes: Bucket  # ours, which has the index of the people of each file
    scratch: Path  # the folder for files while they are worked on

    def copy(self, sync: Sync, load: Load, rendered: Rendered) -> None:
        """Store the load's files and then its manifest; storing them again changes nothing.

        The index of a file's people comes before the file, so that no file is ever without one.

        Raises:
            Permanent: code `permission` or `bucket_missing`.
            Transient: code `aws_unavailable`.
        """
        bucket = s3.own_bucket(sync.settings)
        if bucket is None:
            return
        objects = Objects.of(bucket, connect=self.connect, external_id=sync.id)

        def key(file: DataFile) -> str:
            return objects.key(_named(load, file).path)

        for file in rendered.lake:
            path = Path(file.path)
            if tables.BY_NAME[file.table].person is not None:
                index = people_file.index(path, tenant=load.tenant, scratch=self.scratch)
                self.indexes.put(_named(load, file).people_key(load.tenant, load.sync_id), index)
            objects.put(key(file), path.read_bytes())
        objects.put(
            objects.key(own_files.manifest_path(load.load_id)),
            manifest.of_load(load, rendered.lake, key=key).to_json(),
            content_type="application/json",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStage:
    """The folder of one tenant's bucket from which a warehouse of its own reads staged files."""

    bucket: OwnBucket
    external_id: str
    connect: Connect

    def put(self, key: str, body: bytes) -> None:
        """Store a file under the bucket's prefix and this key.

        Raises:
            Permanent: code `permission` or `bucket_missing`.
            Transient: code `aws_unavailable`.
        """
        objects = Objects.of(self.bucket, connect=self.connect, external_id=self.external_id)
        objects.put(objects.key(key), body)


def _named(load: Load, file: DataFile) -> OwnFile:
    return OwnFile(table=file.table, day=file.day or "", load_id=load.load_id)


def _from(after: str, prefix: str) -> dict[str, Any]:
    """Where a listing of a prefix begins that leaves out what sorts before `after`."""
    return {"KeyMarker": after} if after.startswith(prefix) else {}


@contextmanager
def _faults(bucket: OwnBucket) -> Iterator[None]:
    """Turns AWS's failures into ours. A denied right is the tenant's to give, not ours."""
    try:
        yield
    except ClientError as problem:
        code = problem.response["Error"].get("Code", "Unknown")
        operation = problem.operation_name
        if code in _REFUSED:
            advice = _GRANTS.get(operation, "see its trust and permissions")
            raise Permanent(
                f"{operation} is refused to {bucket.role_arn} ({code}): {advice}",
                code="permission",
            ) from problem
        if code in _GONE:
            raise Permanent(
                f"there is no bucket {bucket.name} in the region ({code})", code="bucket_missing"
            ) from problem
        if code in _ABSENT:
            raise NotFound("there is no such object", code="object_missing") from problem
        if code in _CHANGED:
            raise Transient(
                f"{operation}: the object has changed", code="object_changed"
            ) from problem
        raise Transient(f"{operation}: {code}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(
            f"own bucket: {type(problem).__name__}", code="aws_unavailable"
        ) from problem
