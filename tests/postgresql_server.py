"""A real PostgreSQL for tests: a server of their own on loopback, in a folder that goes with it.

It runs as a user without rights, because PostgreSQL refuses to run as root.
"""

import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.certificates import Authority

OLDEST: Final = 15
USER: Final = "penstock"
PASSWORD: Final = "a password of tests"  # of a server that lives as long as they
TLS_NAME: Final = "db.example.com"  # what the server's certificate is for
# What a server that nobody needs to outlive a crash may do without.
_OPTIONS: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_NOBODY: Final = "nobody"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version; None if there is none new enough."""
    on_path = shutil.which("initdb")
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/pgsql").glob("*/bin")]
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    versions = {_version(folder): folder for folder in folders if (folder / "initdb").is_file()}
    newest = max(versions, default=0)
    return versions[newest] if newest >= OLDEST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlServer:
    """A running server."""

    port: int
    authority: Authority  # has signed its certificate

    def connect(self, database: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """A connection as an analyst would make it; each statement is a transaction of its own."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=USER,
            password=PASSWORD,
            autocommit=True,
            row_factory=dict_row,
            **options,
        )

    def create_database(self, name: str) -> str:
        """A new, empty database."""
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def settings(self, database: str) -> Mapping[str, str]:
        """What a sync into this database is told."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "database": database,
            "user": USER,
            "password": PASSWORD,
            "tls_root": self.authority.pem,
        }


@contextmanager
def running(programs: Path) -> Iterator[PostgresqlServer]:
    """A server, which ends with the context."""
    with tempfile.TemporaryDirectory(prefix="postgresql-", dir=_reachable()) as name:
        folder = Path(name)
        authority = Authority.create(folder)
        pem = authority.server_file(TLS_NAME)
        password = folder / "password"
        password.write_text(PASSWORD)
        for path in (folder, pem, password):
            path.chmod(0o700 if path.is_dir() else 0o600)
            _give_away(path)
        data, port = folder / "data", _free_port()
        _run(
            programs / "initdb",
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={password}",
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        options = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"port={port}",
            "ssl=on",
            f"ssl_cert_file={pem}",
            f"ssl_key_file={pem}",
            *_OPTIONS,
        ]
        control = (programs / "pg_ctl", f"--pgdata={data}")
        start = " ".join(f"-c {option}" for option in options)
        _run(*control, "start", "--wait", f"--log={folder / 'log'}", f"--options={start}")
        try:
            yield PostgresqlServer(port=port, authority=authority)
        finally:
            _run(*control, "stop", "--mode=immediate", "--wait")


def _reachable() -> Path:
    """A place for temporary files that the server's user reaches, too.

    PostgreSQL does not run as root, and root's own place may be shut to all others.
    """
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - any will do
    return next(
        (
            place
            for place in places
            if all(each.stat().st_mode & stat.S_IXOTH for each in (place, *place.parents))
        ),
        places[0],
    )


def _version(folder: Path) -> int:
    told = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [folder / "initdb", "--version"], capture_output=True, text=True, check=True
    ).stdout
    number = re.search(r"\d+", told)
    return 0 if number is None else int(number[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _nobody() -> tuple[int, int] | None:
    """Who runs the server instead of us; None if we are not root."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(_NOBODY)
    return user.pw_uid, user.pw_gid


def _give_away(path: Path) -> None:
    owner = _nobody()
    if owner is not None:
        os.chown(path, *owner)


def _run(*command: str | Path) -> None:
    user, group = _nobody() or (None, None)
    subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        command,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
