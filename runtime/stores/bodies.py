"""What is too large for its record rests on S3, and the record says where: a claim check.

The object is written before the record that names it, under a key that only this content of this
record has. So a record never names what is not there; a repeat writes the same object; and of two
workers that have made different things of one run, the record names that of the first to be stored.
What no record names, and what its record has outlived, the bucket's lifecycle removes.
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

# What came with a message stays in the record: `deliver` writes no objects.
INLINE_BODY_BYTES: Final = MAX_BODY_BYTES
INLINE_LEFT_BYTES: Final = MAX_EVENT_BYTES  # of a run; its log of 64 KB rests beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Texts by the key that `keep` gave. `bucket` is asked for when a large one comes by."""

    bucket: Callable[[], Bucket]

    def keep(self, text: str, *, tenant: str, record_id: str) -> str:
        """Store a text of a record; where it rests."""
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()[:32]
        key = f"bodies/{tenant}/{record_id}/{digest}"
        self.bucket().put(key, gzip.compress(data, compresslevel=6, mtime=0))
        return key

    def read(self, key: str) -> str:
        """The text.

        Raises:
            NotFound: code `body_expired`.
        """
        return gzip.decompress(self._get(key)).decode()

    def renew(self, key: str) -> None:
        """Keep it for the whole retention from now.

        Raises:
            NotFound: code `body_expired`.
        """
        self.bucket().put(key, self._get(key))

    def _get(self, key: str) -> bytes:
        try:
            return self.bucket().get(key)
        except NotFound as problem:
            raise NotFound(
                "what it held is not kept any more; it was too large for the record",
                code="body_expired",
            ) from problem


def in_bucket(name: str, clients: Clients) -> Bodies:
    """Those of an installation. Small ones cost it nothing, not even a client of S3."""
    return Bodies(bucket=lambda: Bucket(client=clients.s3, name=name))
