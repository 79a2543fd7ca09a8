"""Texts that are too large for their record rest on S3, and the record names the object.

The object is written before the record that names it, under a key made of the record's id and the
content's hash. So a record never names an object that is not there, and a repeat writes the same
object. When two workers have made different texts of one run, the record that is stored first names
its own. The bucket's lifecycle removes objects after the retention, with or without a record.
"""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runtime.core.deliveries.messages import MAX_BODY_BYTES
from runtime.core.events.envelope import MAX_EVENT_BYTES
from runtime.errors import NotFound
from runtime.stores.aws.clients import Clients
from runtime.stores.aws.s3 import Bucket

# A body that came with a message fits its record, so `deliver` never writes an object.
INLINE_BODY_BYTES: Final = MAX_BODY_BYTES
INLINE_LEFT_BYTES: Final = MAX_EVENT_BYTES  # of a run; its log of 64 KB is in the record too


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Stores texts, and finds them by the key that `keep` gave. `bucket` is called when needed."""

    bucket: Callable[[], Bucket]

    def keep(self, text: str, *, tenant: str, record_id: str) -> str:
        """Store a text of the record; returns its key."""
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()[:32]
        key = f"bodies/{tenant}/{record_id}/{digest}"
        self.bucket().put(key, gzip.compress(data, compresslevel=6, mtime=0))
        return key

    def forget(self, *, tenant: str, record_id: str) -> int:
        """Delete every text of the record, named by it or not; returns how many there were."""
        return self.bucket().delete_under(f"bodies/{tenant}/{record_id}/")

    def read(self, key: str) -> str:
        """The text.

        Raises:
            NotFound: code `body_expired`.
        """
        return gzip.decompress(self._get(key)).decode()

    def renew(self, key: str) -> None:
        """Write the object again, so that it is kept for the whole retention from now.

        Raises:
            NotFound: code `body_expired`.
        """
        self.bucket().put(key, self._get(key))

    def _get(self, key: str) -> bytes:
        try:
            return self.bucket().get(key)
        except NotFound as problem:
            raise NotFound(
                "the object with the text has been removed after its retention",
                code="body_expired",
            ) from problem


def in_bucket(name: str, clients: Clients) -> Bodies:
    """The bodies in this bucket. No client of S3 is made until a large one needs it."""
    return Bodies(bucket=lambda: Bucket(client=clients.s3, name=name))
