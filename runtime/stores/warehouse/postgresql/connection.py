"""Opens connections to a PostgreSQL of a tenant's own: to vetted addresses, over verified TLS."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import certifi
import psycopg
from psycopg.rows import DictRow, dict_row

from runtime.core.warehouse.settings.postgresql import Server
from runtime.errors import PenstockError, Permanent, Transient

CONNECT_S: Final = 10  # to one address
# What has been sent and is not acknowledged for so long is lost, and the connection with it.
UNACKNOWLEDGED_MS: Final = 60_000
# A login that is refused stays refused until somebody changes the password or the rights.
_REFUSED_LOGIN: Final = ("28000", "28P01", "3D000", "42501")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How one server is reached."""

    server: Server
    password: str = field(repr=False)
    addresses: Sequence[str]  # vetted; the host is looked up nowhere else
    is_plain: bool  # whether TLS may be missing, as on this machine

    def connect(self) -> psycopg.Connection[DictRow]:
        """A connection without an open transaction.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_unreachable`: no connection came about.
        """
        with tempfile.TemporaryDirectory() as folder:
            try:
                return psycopg.connect(**self._parameters(Path(folder)), row_factory=dict_row)
            except psycopg.OperationalError as problem:
                raise self._failure(problem) from problem

    def _parameters(self, folder: Path) -> dict[str, Any]:
        server, count = self.server, len(self.addresses)
        return {
            "host": ",".join([server.host] * count),  # the name that the certificate must have
            "hostaddr": ",".join(self.addresses),
            "port": server.port,
            "dbname": server.database,
            "user": server.user,
            "password": self.password,
            "sslmode": "prefer" if self.is_plain else "verify-full",
            "sslrootcert": str(self._root(folder)),
            "gssencmode": "disable",
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": UNACKNOWLEDGED_MS,
            "client_encoding": "UTF8",
            "application_name": "penstock",
            "prepare_threshold": None,  # poolers in front of a server know no prepared statement
        }

    def _root(self, folder: Path) -> Path:
        if not self.server.tls_root:
            return Path(certifi.where())
        file = folder / "root.pem"
        file.write_text(self.server.tls_root, encoding="ascii")
        return file

    def _failure(self, problem: psycopg.OperationalError) -> PenstockError:
        words = str(problem).replace(self.password, "…").strip()
        if problem.sqlstate in _REFUSED_LOGIN or _is_refused(words):
            return Permanent(f"the login is refused: {words}", code="permission")
        return Transient(f"no connection: {words}", code="warehouse_unreachable")


def _is_refused(words: str) -> bool:
    """Whether libpq's words tell of a refusal: it gives no SQLSTATE for a failed connection."""
    refusals = ("authentication failed", "no pg_hba.conf entry", "does not exist", "permission")
    return any(each in words for each in refusals)
