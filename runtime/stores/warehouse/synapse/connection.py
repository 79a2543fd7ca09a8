"""Opens connections to a pool of a tenant's own: to vetted addresses, over verified TLS."""

import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import certifi
import pytds

from runtime.core.warehouse.settings.synapse import Pool
from runtime.errors import PenstockError, Permanent, Transient
from runtime.stores.warehouse.synapse.transport import LoginClosed, Transport, tls_context

CONNECT_S: Final = 15.0  # to one address, with the login
STATEMENT_S: Final = 600.0  # of one statement; the function lives for 900
# Of the login's errors: these stay until somebody changes the password, the rights or a firewall.
_REFUSED: Final = {4060, 18456, 18452, 18486, 18487, 18488, 40615, 47073}

# At INFO the driver writes how each statement begins: ours name people, and one a credential.
logging.getLogger("pytds").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How one pool is reached."""

    pool: Pool
    password: str = field(repr=False)
    addresses: Sequence[str]  # vetted; the host is looked up nowhere else
    trust: Callable[[], ssl.SSLContext] = lambda: tls_context(certifi.where())

    def connect(self) -> Any:
        """A connection of the driver, without an open transaction; rows come as mappings.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_unreachable`: no connection came about, or the server sends
                the login elsewhere.
        """
        transport = Transport(self._dial(), host=self.pool.host, context=self.trust())
        try:
            connection = pytds.connect(
                dsn=self.pool.host,
                port=self.pool.port,
                database=self.pool.database,
                user=self.pool.user,
                password=self.password,
                login_timeout=CONNECT_S,
                timeout=STATEMENT_S,
                disable_connect_retry=True,
                autocommit=True,
                as_dict=True,
                appname="penstock",
                sock=transport,
            )
        except LoginClosed as closed:
            raise self._failure(closed.__context__) from closed.__context__
        transport.logged_in()
        return connection

    def _dial(self) -> socket.socket:
        problem: OSError | None = None
        for address in self.addresses:
            try:
                return socket.create_connection((address, self.pool.port), CONNECT_S)
            except OSError as failed:
                problem = failed
        raise Transient(f"no connection: {problem}", code="warehouse_unreachable")

    def _failure(self, problem: BaseException | None) -> PenstockError:
        if not isinstance(problem, pytds.Error | OSError):
            return Transient(
                "the server does not speak TDS as expected, or sends the login to another server:"
                " its connection policy must be Proxy",
                code="warehouse_unreachable",
            )
        told = words(problem).replace(self.password, "…")
        if isinstance(problem, pytds.DatabaseError) and problem.number in _REFUSED:
            return Permanent(f"the login is refused: {told}", code="permission")
        return Transient(f"no connection: {told}", code="warehouse_unreachable")


def words(problem: BaseException) -> str:
    """The number and the words of the server; the driver's own words where it gave no number."""
    if isinstance(problem, pytds.DatabaseError) and problem.number:
        return f"{problem.number} {problem.text}"
    return f"no answer: {problem}"
