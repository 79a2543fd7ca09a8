"""S3 objects: what stands at a key changes only when somebody is erased from it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

from runtime.errors import NotFound
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

GONE: Final = ("NoSuchKey", "404")
FETCHES: Final = 8  # objects at once; fewer than the connections that botocore keeps


class Read(NamedTuple):
    """An object as it was read."""

    body: bytes
    etag: str  # S3's name of this content


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket of objects: each key belongs to one content, or to what an erasure left of it."""

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
                return self._get(key)["Body"].read()
        except _Gone as problem:
            raise NotFound(f"{key} is gone", code="object_missing") from problem

    def read(self, key: str) -> Read | None:
        """An object as it stands now, to be replaced; None when there is none."""
        try:
            with aws.faults(f"get {key}"):
                answer = self._get(key)
                return Read(answer["Body"].read(), answer["ETag"])
        except _Gone:
            return None

    def replace(self, key: str, body: bytes, *, old: Read) -> bool:
        """Store an object in the place of what was read; False when it is not that any more."""
        try:
            with aws.faults(f"put {key}"):
                self._replace(key, body, etag=old.etag)
        except (_Taken, _Gone):
            return False
        return True

    def under(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """The keys that begin so and sort behind `after`, in order."""
        return (key for key, _ in self.sizes_under(prefix, after=after))

    def sizes_under(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, int]]:
        """The keys that begin so and sort behind `after`, in order, with their objects' bytes."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=after
        )
        with aws.faults(f"list {prefix}"):
            for page in pages:
                yield from ((each["Key"], each["Size"]) for each in page.get("Contents", []))

    def contents_under(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        """The keys that begin so, in order, with their objects' bytes and the ETags of these."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix
        )
        with aws.faults(f"list {prefix}"):
            for page in pages:
                for each in page.get("Contents", []):
                    yield each["Key"], each["Size"], each["ETag"]

    def folders(self, prefix: str) -> Iterator[str]:
        """What stands between the prefix and the next slash in keys that begin so, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/"
        )
        with aws.faults(f"list {prefix}"):
            for page in pages:
                for each in page.get("CommonPrefixes", []):
                    yield each["Prefix"].removeprefix(prefix).rstrip("/")

    def exists(self, key: str) -> bool:
        """Whether there is an object."""
        return key in self.under(key)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        with aws.faults(f"delete {key}"):
            self.client.delete_object(Bucket=self.name, Key=key)

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

    def holds(self, key: str) -> bool:
        """Whether there is an object at the key."""
        try:
            with aws.faults(f"head {key}"), _gone(key):
                self.client.head_object(Bucket=self.name, Key=key)
        except _Gone:
            return False
        return True

    def fetch(self, key: str, *, to: Path) -> None:
        """Copy an object to a local file.

        Raises:
            NotFound: code `object_missing`.
        """
        to.write_bytes(self.get(key))

    def fetch_all(self, paths: Mapping[str, Path]) -> None:
        """Copy objects to local files, several at once, because S3 takes its time for each.

        Args:
            paths: where each object goes, by its key.

        Raises:
            NotFound: code `object_missing`: one of them is gone.
        """
        with ThreadPoolExecutor(FETCHES) as pool:
            for fetched in [pool.submit(self.fetch, key, to=path) for key, path in paths.items()]:
                fetched.result()

    def _put(self, key: str, body: bytes) -> None:
        try:
            self.client.put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as problem:
            if aws.error_code(problem) != "PreconditionFailed":
                raise
            raise _Taken(key) from problem

    def _replace(self, key: str, body: bytes, *, etag: str) -> None:
        try:
            with _gone(key):
                self.client.put_object(Bucket=self.name, Key=key, Body=body, IfMatch=etag)
        except ClientError as problem:
            # The second is what S3 says when two replace an object at once.
            if aws.error_code(problem) in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise _Taken(key) from problem
            raise

    def _get(self, key: str) -> "GetObjectOutputTypeDef":
        with _gone(key):
            return self.client.get_object(Bucket=self.name, Key=key)


@contextmanager
def _gone(key: str) -> Iterator[None]:
    """Tell an object that is not there from every other trouble."""
    try:
        yield
    except ClientError as problem:
        if aws.error_code(problem) not in GONE:
            raise
        raise _Gone(key) from problem


class _Taken(Exception):
    """The key holds an object."""


class _Gone(Exception):
    """The key holds no object."""
