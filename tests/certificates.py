"""Certificates for tests: an authority of our own, and servers with every kind of flaw."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.egress.transport import new_context

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates; `trust` is a client that believes it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, folder: Path) -> "Authority":
        """A new one, its files in `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(folder, key, certificate)

    @property
    def pem(self) -> str:
        """Its own certificate."""
        return _pem(self.certificate)

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe this authority, and no other."""
        context = new_context()
        context.load_verify_locations(cadata=_pem(self.certificate))
        return context

    def server(self, *names: str, days: int = 1, common_name: str | None = None) -> ssl.SSLContext:
        """A server certified for `names`; with negative `days` it has expired."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_file(*names, days=days, common_name=common_name))
        return context

    def server_file(self, *names: str, days: int = 1, common_name: str | None = None) -> Path:
        """The key and the certificate of such a server, both PEM in one file."""
        key, certificate = self._issue(days, *names, common_name=common_name)
        file = self.folder / f"{certificate.serial_number}.pem"
        file.write_text(_pem(key) + _pem(certificate))
        return file

    def server_that_asks(self, *names: str) -> ssl.SSLContext:
        """A server that takes only clients which this authority has certified."""
        context = self.server(*names)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=_pem(self.certificate))
        return context

    def client(self, name: str = "penstock", *, days: int = 1) -> tuple[str, str]:
        """A client's certificate and key, both PEM."""
        key, certificate = self._issue(days, name)
        return _pem(certificate), _pem(key)

    def _issue(
        self, days: int, *names: str, common_name: str | None = None
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * _DAY)
            .not_valid_after(now + days * _DAY)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=True)
        return key, builder.sign(self.key, hashes.SHA256())


def _pem(thing: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM).decode()
    return thing.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
