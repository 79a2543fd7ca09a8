"""What tests of warehouses over HTTP share: our client, and a service's key."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runtime.egress.client import Request, SyncEgress
from runtime.egress.policy import EgressPolicy
from runtime.stores.warehouse.http import Send
from tests.scripted_receiver import Behaviour, answer

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()


@contextmanager
def sending() -> Iterator[Send]:
    """Our client, which may reach this machine."""
    egress = SyncEgress(EgressPolicy(allow_local=True))

    def send(method: str, url: str, *, headers: Any, body: bytes = b"") -> Any:
        request = Request(method=method, url=url, headers=headers, body=body)
        return egress.send(request, deadline_s=10, max_answer_bytes=1_000_000)

    yield send
    egress.close()


def says(code: int = 200, /, *, location: str | None = None, **document: Any) -> Behaviour:
    """An answer with this JSON object."""
    headers = [("location", location)] if location else []
    return answer(code, body=json.dumps(document).encode(), headers=headers)


def claims(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and claims of a token that `KEY` has signed; fails if it has not."""
    text, _, signature = token.rpartition(".")
    KEY.public_key().verify(_decoded(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    head, said = (json.loads(_decoded(part)) for part in text.split("."))
    return head, said


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
