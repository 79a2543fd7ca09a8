"""The container of a tenant's own that a pool reads files from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runtime.core.warehouse.settings.synapse import Container
from runtime.stores.warehouse import http
from runtime.stores.warehouse.http import Send

VERSION: Final = "2021-08-06"  # of the service's API
_STORED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """Stores files there, by a shared access signature."""

    container: Container
    signature: str = field(repr=False)  # the query that signs; whoever has it may write
    send: Send
    api: str = ""  # instead of what the container's URLs begin with; empty for that

    def put(self, name: str, file: Path) -> str:
        """Store a file; returns its URL, without the signature.

        Raises:
            Permanent: code `permission`: the signature does not allow it, or has expired.
            Transient: the service did not take it.
        """
        reply = self.send(
            "PUT",
            f"{self.api or self.container.url}{name}?{self.signature}",
            headers=[("x-ms-blob-type", "BlockBlob"), ("x-ms-version", VERSION)],
            body=file.read_bytes(),
        )
        if reply.status != _STORED:
            # The body may repeat a part of the signature; the code is a word.
            words = " ".join(reply.header_values("x-ms-error-code"))
            raise http.failure("store a staged file", reply, words=words)
        return f"{self.container.url}{name}"
