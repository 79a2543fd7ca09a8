"""What a sync to PostgreSQL has to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.settings import setting
from runtime.core.warehouse.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        name="host",
        meaning="the server's name, as its certificate has it",
        rule=setting.WORD,
        form="a host name",
        fixed=True,
    ),
    Setting(
        name="port",
        meaning="the server's port",
        rule=setting.PORT,
        form="a port number",
        default="5432",
        fixed=True,
    ),
    Setting(
        name="database",
        meaning="the database in which the schema is made",
        rule=setting.WORD,
        form="1 to 256 characters",
        fixed=True,
    ),
    Setting(
        name="user",
        meaning="the user that logs in; it needs CREATE on the database",
        rule=setting.WORD,
        form="1 to 256 characters",
    ),
    Setting(
        name="password",
        meaning="the user's password",
        rule=setting.SECRET,
        form="1 to 4,096 characters, none of them a control character",
        sealed=True,
    ),
    Setting(
        name="tls_root",
        meaning="PEM: the authorities that may have signed the server's certificate;"
        " empty for the public ones",
        rule=setting.CERTIFICATES,
        form="certificates in PEM",
        default="",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One database of one server, and who logs in there."""

    host: str
    port: int
    database: str
    user: str
    tls_root: str  # PEM; empty for the public authorities


def server(shown: Mapping[str, str]) -> Server:
    """The server that a sync's settings name."""
    return Server(
        host=shown["host"],
        port=int(shown["port"]),
        database=shown["database"],
        user=shown["user"],
        tls_root=shown.get("tls_root", ""),
    )
