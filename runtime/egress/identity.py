"""The client certificate that we show in a TLS handshake, and how it gets into a context."""

import contextlib
import hashlib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from runtime.egress.failures import EgressRefused

MAX_PEM_CHARS: Final = 32 * 1024  # a chain of four with room to spare
_FIELD: Final = "client_certificate"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Identity:
    """A certificate with its chain, and its private key; both PEM, the key not encrypted."""

    certificate: str
    private_key: str

    @property
    def fingerprint(self) -> str:
        """Tells connections apart: one that was opened with a certificate serves no other."""
        return hashlib.sha256(f"{self.certificate}\0{self.private_key}".encode()).hexdigest()

    def put_into(self, context: ssl.SSLContext) -> None:
        """Make `context` show this certificate.

        Raises:
            EgressRefused: `bad_certificate`.
        """
        pem = f"{self.private_key.strip()}\n{self.certificate.strip()}\n"
        try:
            with _nameless_file(pem.encode()) as path:
                context.load_cert_chain(path)
        except ssl.SSLError as problem:
            raise _bad("the certificate and the key cannot be used together") from problem


def read(identity: Identity, *, now: datetime) -> datetime:
    """When the certificate ends.

    Raises:
        EgressRefused: `bad_certificate`: not PEM, expired, or the key is of another certificate.
    """
    # Imported where used: only endpoints with certificates need it.
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if max(len(identity.certificate), len(identity.private_key)) > MAX_PEM_CHARS:
        raise _bad(f"each part has at most {MAX_PEM_CHARS} characters")
    try:
        chain = x509.load_pem_x509_certificates(identity.certificate.encode())
        key = serialization.load_pem_private_key(identity.private_key.encode(), password=None)
    except (ValueError, TypeError) as problem:
        raise _bad("both must be PEM, and the key without a password") from problem
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise _bad("the key does not belong to the first certificate")
    ends = chain[0].not_valid_after_utc
    if ends <= now:
        raise _bad(f"the certificate expired on {ends.date()}")
    identity.put_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return ends.astimezone(UTC)


@contextlib.contextmanager
def _nameless_file(data: bytes) -> Iterator[str]:
    """A path to `data`, for code that reads only files; in memory where the system can do that."""
    try:
        descriptor = os.memfd_create("identity")
    except (AttributeError, OSError):  # not Linux, or forbidden: a file that only we can read
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            yield file.name
        return
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _bad(rule: str) -> EgressRefused:
    return EgressRefused("bad_certificate", rule, field=_FIELD)
