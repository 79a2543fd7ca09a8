"""What the use cases of imports need."""

from typing import Protocol

from runtime.core.jobs.files import SignedRequest


class Uploads(Protocol):
    """Lets callers store files."""

    def upload(self, key: str, /, *, size_bytes: int) -> SignedRequest:
        """A request that stores a file of exactly this size, encrypted, under this key."""

    def size_bytes(self, key: str, /) -> int | None:
        """How large the file is; None when there is none."""


class Uploaded(Protocol):
    """Reads files that callers have stored."""

    def read(self, key: str, /, *, start: int, size_bytes: int) -> bytes:
        """Bytes of a file from `start` on, at most so many.

        Raises:
            NotFound: code `object_missing`.
        """

    def delete(self, key: str, /) -> None:
        """Delete a file; one that is gone stays so."""
