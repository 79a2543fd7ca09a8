"""Brings back what was deleted from a bucket that keeps versions: takes the delete markers away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.core.timestamps import moment
from runtime.errors import Transient
from runtime.stores.aws.clients import faults

Marker = dict[str, Any]  # a delete marker, in botocore's form


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeleted:
    """How far it has come."""

    deleted: int  # objects that were deleted in the time, and that nobody has put again
    undeleted: int  # of those, the ones that are back


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelete:
    """Brings objects of one bucket back. Those that were overwritten since stay as they are."""

    s3: Any  # botocore's client
    bucket: str  # its name
    prefix: str  # what the keys begin with; empty for all

    def __call__(self, *, since: str, until: str, is_look: bool) -> Iterator[Undeleted]:
        """Go through the bucket page by page; gives how far it has come after each.

        It may be stopped and run again.

        Args:
            since: ISO 8601; what was deleted then or later.
            until: ISO 8601; what was deleted then or earlier.
            is_look: only count what would come back.

        Raises:
            Transient: AWS does not answer, or refuses to take a marker away; run it again.
        """
        deleted = undeleted = 0
        first, last = moment(since), moment(until)
        with faults(f"undelete {self.bucket}"):
            pages = self.s3.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            for page in pages:
                markers = [
                    each
                    for each in page.get("DeleteMarkers", ())
                    if each["IsLatest"] and first <= each["LastModified"] <= last
                ]
                deleted += len(markers)
                if markers and not is_look:
                    self._take_away(markers)
                    undeleted += len(markers)
                yield Undeleted(deleted=deleted, undeleted=undeleted)

    def _take_away(self, markers: Sequence[Marker]) -> None:
        """Take delete markers away, no more than a page of versions has: S3 takes as many."""
        named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in markers]
        answer = self.s3.delete_objects(
            Bucket=self.bucket, Delete={"Objects": named, "Quiet": True}
        )
        for problem in answer.get("Errors", ()):
            raise Transient(f"undelete {problem['Key']}: {problem['Code']}", code="aws_unavailable")
