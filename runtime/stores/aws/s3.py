"""S3 objects: what stands at a key never changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from runtime.errors import Conflict, NotFound
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

GONE: Final = ("NoSuchKey", "404")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket of immutable objects: each key belongs to one content."""

    client: "S3Client"
    name: str

    def put_once(self, key: str, body: bytes) -> bool:
        """Store an object unless its key is taken; whether it was stored."""
        try:
            with aws.faults(f"put {key}"):
                self._put(key, body)
        except _Taken:
            return False
        return True

    def put(self, key: str, body: bytes) -> None:
        """Store an object under a key that only this content has; what is there lives anew."""
        with aws.faults(f"put {key}"):
            self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        """An object.

        Raises:
            NotFound: code `object_missing`.
        """
        try:
            with aws.faults(f"get {key}"):
                return self._get(key)
        except _Gone as problem:
            raise NotFound(f"{key} is gone", code="object_missing") from problem

    def under(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """The keys that begin so and sort behind `after`, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=after
        )
        with aws.faults(f"list {prefix}"):
            for page in pages:
                yield from (each["Key"] for each in page.get("Contents", []))

    def delete_under(self, prefix: str) -> int:
        """Delete all objects whose keys begin so; returns how many there were.

        Raises:
            Transient: some of them may still be there.
        """
        count = 0
        with aws.faults(f"delete {prefix}"):
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix
            ):
                for each in page.get("Contents", []):
                    self.client.delete_object(Bucket=self.name, Key=each["Key"])
                    count += 1
        return count

    def put_file_once(self, key: str, path: Path) -> None:
        """Store a file unless it is there already.

        Raises:
            Conflict: code `object_differs`: the key holds something of another size.
        """
        if self.put_once(key, path.read_bytes()):
            return
        with aws.faults(f"head {key}"):
            stored_bytes = self.client.head_object(Bucket=self.name, Key=key)["ContentLength"]
        if stored_bytes != path.stat().st_size:
            raise Conflict(f"{key} holds {stored_bytes} other bytes", code="object_differs")

    def fetch(self, key: str, *, to: Path) -> None:
        """Copy an object to a local file.

        Raises:
            NotFound: code `object_missing`.
        """
        to.write_bytes(self.get(key))

    def _put(self, key: str, body: bytes) -> None:
        try:
            self.client.put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as problem:
            if aws.error_code(problem) != "PreconditionFailed":
                raise
            raise _Taken(key) from problem

    def _get(self, key: str) -> bytes:
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as problem:
            if aws.error_code(problem) not in GONE:
                raise
            raise _Gone(key) from problem


class _Taken(Exception):
    """The key holds an object."""


class _Gone(Exception):
    """The key holds no object."""
