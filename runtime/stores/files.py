"""Files that callers store and fetch themselves, by requests that are signed for them.

The URL of such a request is a credential for one file, and expires. An upload's signature covers
its size and its encryption, so S3 takes no other one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.jobs.files import SignedRequest
from runtime.core.timestamps import timestamp
from runtime.errors import NotFound
from runtime.stores.aws import clients as aws
from runtime.stores.aws.clients import Clients
from runtime.stores.aws.s3 import GONE, Bucket

UPLOAD_S: Final = 3600  # 256 MB take so long on a line of 600 kbit/s
DOWNLOAD_S: Final = 900  # until a download has begun; then it may take as long as it takes
_ENCRYPTION: Final = "AES256"
_NO_UPLOAD: Final = "NoSuchUpload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of a bucket. `bucket` is called when one is needed."""

    bucket: Callable[[], Bucket]
    clock: Callable[[], datetime]

    def upload(self, key: str, /, *, size_bytes: int) -> SignedRequest:
        """A request that stores a file of exactly this size, encrypted, under this key."""
        signed = {"ContentLength": size_bytes, "ServerSideEncryption": _ENCRYPTION}
        return SignedRequest(
            method="PUT",
            url=self._url("put_object", key, for_s=UPLOAD_S, **signed),
            headers={
                "content-length": str(size_bytes),
                "x-amz-server-side-encryption": _ENCRYPTION,
            },
            expires_at=self._after(UPLOAD_S),
        )

    def download(self, key: str, /, *, name: str) -> SignedRequest:
        """A request that fetches a file; a browser saves it under `name`."""
        disposition = f'attachment; filename="{name}"'
        return SignedRequest(
            method="GET",
            url=self._url(
                "get_object", key, for_s=DOWNLOAD_S, ResponseContentDisposition=disposition
            ),
            expires_at=self._after(DOWNLOAD_S),
        )

    def size_bytes(self, key: str, /) -> int | None:
        """How large a file is; None when there is none."""
        bucket = self.bucket()
        try:
            with aws.faults(f"head {key}"):
                head = _unless(GONE, lambda: bucket.client.head_object(Bucket=bucket.name, Key=key))
        except _Refused:
            return None
        size_bytes: int = head["ContentLength"]
        return size_bytes

    def read(self, key: str, /, *, start: int, size_bytes: int) -> bytes:
        """Bytes of a file from `start` on, at most so many.

        Raises:
            NotFound: code `object_missing`.
        """
        bucket, span = self.bucket(), f"bytes={start}-{start + size_bytes - 1}"
        try:
            with aws.faults(f"get {key}"):
                answer = _unless(
                    GONE,
                    lambda: bucket.client.get_object(Bucket=bucket.name, Key=key, Range=span),
                )
                body: bytes = answer["Body"].read()
        except _Refused as problem:
            raise NotFound("the file is gone", code="object_missing") from problem
        return body

    def put(self, key: str, body: bytes, /) -> None:
        """Store a file of our own making."""
        self.bucket().put(key, body)

    def get(self, key: str, /) -> bytes:
        """A whole file.

        Raises:
            NotFound: code `object_missing`.
        """
        return self.bucket().get(key)

    def delete(self, key: str, /) -> None:
        """Delete a file; one that is gone stays so."""
        bucket = self.bucket()
        with aws.faults(f"delete {key}"):
            bucket.client.delete_object(Bucket=bucket.name, Key=key)

    def begin_parts(self, key: str, /, *, content_type: str) -> str:
        """Begin a file that is stored in parts; returns the id of its upload.

        The bucket's lifecycle removes the parts of an upload that nobody finishes.
        """
        bucket = self.bucket()
        with aws.faults(f"begin {key}"):
            answer = bucket.client.create_multipart_upload(
                Bucket=bucket.name,
                Key=key,
                ContentType=content_type,
                ServerSideEncryption=_ENCRYPTION,
            )
        return answer["UploadId"]

    def put_part(self, key: str, /, *, upload_id: str, number: int, body: bytes) -> str:
        """Store a part, from 1, over one of this number; returns what `finish_parts` needs of it.

        Each part but the last has 5 MiB at least.

        Raises:
            NotFound: code `object_missing`: the upload is gone.
        """
        bucket = self.bucket()
        try:
            with aws.faults(f"put part {number} of {key}"):
                answer = _unless(
                    (_NO_UPLOAD,),
                    lambda: bucket.client.upload_part(
                        Bucket=bucket.name,
                        Key=key,
                        UploadId=upload_id,
                        PartNumber=number,
                        Body=body,
                    ),
                )
        except _Refused as problem:
            raise NotFound("the upload has expired", code="object_missing") from problem
        etag: str = answer["ETag"]
        return etag

    def finish_parts(self, key: str, /, *, upload_id: str, parts: Sequence[str]) -> None:
        """Make one file of the parts; one that is finished already stays so.

        Raises:
            NotFound: code `object_missing`: the upload is gone, and there is no file.
        """
        bucket = self.bucket()
        listed: list[Any] = [
            {"PartNumber": number, "ETag": etag} for number, etag in enumerate(parts, 1)
        ]
        try:
            with aws.faults(f"finish {key}"):
                _unless(
                    (_NO_UPLOAD,),
                    lambda: bucket.client.complete_multipart_upload(
                        Bucket=bucket.name,
                        Key=key,
                        UploadId=upload_id,
                        MultipartUpload={"Parts": listed},
                    ),
                )
        except _Refused as problem:
            # Whoever was killed behind this call has finished it.
            if self.size_bytes(key) is None:
                raise NotFound("the upload has expired", code="object_missing") from problem

    def _url(self, operation: str, key: str, *, for_s: int, **parameters: Any) -> str:
        bucket = self.bucket()
        place = {"Bucket": bucket.name, "Key": key}
        with aws.faults(f"sign {operation}"):
            return bucket.client.generate_presigned_url(
                operation, Params=place | parameters, ExpiresIn=for_s
            )

    def _after(self, seconds: int) -> str:
        return timestamp(self.clock() + timedelta(seconds=seconds))


def in_bucket(name: str, clients: Clients, *, clock: Callable[[], datetime]) -> Files:
    """The files of this bucket. No client of S3 is made until one is needed."""
    return Files(bucket=lambda: Bucket(client=clients.s3, name=name), clock=clock)


class _Refused(Exception):
    """S3 refused the call with one of the codes that its caller expects."""


def _unless(codes: Sequence[str], call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as problem:
        if aws.error_code(problem) not in codes:
            raise
        raise _Refused from problem
