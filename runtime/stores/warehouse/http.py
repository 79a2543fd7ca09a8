"""What warehouses that are reached over HTTP have in common: requests, answers, signed tokens."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from runtime.errors import PenstockError, Permanent, Transient

MAX_WORDS: Final = 1_000  # of an answer that is shown; some services answer with a whole page
_REFUSED: Final = (401, 403)


class Reply(Protocol):
    """An answer, whatever its status."""

    @property
    def status(self) -> int:
        """The status of HTTP."""

    @property
    def body(self) -> bytes:
        """The body."""

    def header_values(self, name: str, /) -> tuple[str, ...]:
        """Every value of a header, whose name is given in lower case."""


class Send(Protocol):
    """Makes one request, under the rules for all outbound requests."""

    def __call__(
        self, method: str, url: str, *, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> Reply:
        """The answer.

        Raises:
            Transient: none came in time.
            BadInput: the rules forbid the address.
        """


def document(reply: Reply) -> Mapping[str, Any]:
    """The JSON object of an answer; empty if it is something else."""
    try:
        read = json.loads(reply.body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def failure(what: str, reply: Reply, *, words: str) -> PenstockError:
    """Why a request was refused: it helps to try again unless it is a matter of rights."""
    told = f"{what}: {reply.status} {words}"[:MAX_WORDS]
    if reply.status in _REFUSED:
        return Permanent(told, code="permission")
    return Transient(told, code="warehouse_failed")


def signed_token(
    claims: Mapping[str, object], *, private_key: str, key_id: str | None = None
) -> str:
    """A JSON Web Token (RFC 7519), signed by RS256.

    Args:
        claims: what it says.
        private_key: RSA, in PEM without a password.
        key_id: by which the reader finds the public half; None if the claims name it.

    Raises:
        Permanent: code `bad_key`: it is no such key.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    head = {"alg": "RS256", "typ": "JWT"} | ({} if key_id is None else {"kid": key_id})
    text = b".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
    signature = rsa_key(private_key).sign(text, padding.PKCS1v15(), hashes.SHA256())
    return b".".join((text, _encoded(signature))).decode()


def rsa_key(pem: str) -> Any:
    """The RSA key in a PEM.

    Raises:
        Permanent: code `bad_key`: it is no such key. The message shows nothing of it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # the reason may repeat a part of it
    if not isinstance(key, RSAPrivateKey):
        raise Permanent("the private key is no RSA key in PEM without a password", code="bad_key")
    return key


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
