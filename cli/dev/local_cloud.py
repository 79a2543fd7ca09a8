"""Finds the local cloud that `penstock dev` works on, and starts it where it does not run.

What is half done is published here, so nothing but a local cloud is ever taken.
"""

import os
from pathlib import Path
from typing import Final

from cli import _config, _connection, local
from cli._connection import Connection
from cli._errors import CommandFailed, WrongUsage
from cli.client import Client

ANSWER_S: Final = 5.0  # for an API that runs on this machine; a cold start takes a second
_UNREACHABLE: Final = "unreachable"


def connect() -> Connection:
    """The local cloud of this folder or of one above, else the one of this installation; started.

    Raises:
        WrongUsage: code `not_local`: the connection that is chosen leads somewhere else.
        CommandFailed: it cannot be started.
    """
    file = _connection.state_file()
    state = _place_of_installation() if file is None else file
    kept = _connection.of_local_cloud(state) if state.is_file() else None
    _check_local(kept)
    if kept is None or not _answers(kept):
        _start(state.parent)
    connection = _connection.of_local_cloud(state)
    own = _elsewhere()
    return connection if own is None else own


def _check_local(kept: Connection | None) -> None:
    """Refuse a connection that was chosen on purpose and is another."""
    chosen = _elsewhere()
    if chosen is not None and (kept is None or chosen.url != kept.url):
        raise WrongUsage(
            f"`penstock dev` publishes what is half done, so it works on a local cloud only, and"
            f" {chosen.url} (from {chosen.origin}) is none; run it without --as and without"
            f" {_connection.API_URL}",
            code="not_local",
        )


def _elsewhere() -> Connection | None:
    """The connection that `--as` or the environment names; None where neither does."""
    chosen = _connection.CHOSEN.get()
    if chosen not in (None, _config.LOCAL):
        return _connection.find()
    in_environment = os.environ.get(_connection.API_URL) or os.environ.get(_connection.API_KEY)
    return _connection.find() if chosen is None and in_environment else None


def _answers(connection: Connection) -> bool:
    api = Client(connection, timeout_s=ANSWER_S, tries=1)
    try:
        api.get("/v1/topics")
    except CommandFailed as failure:
        if failure.code != _UNREACHABLE:
            raise
        return False
    return True


def _place_of_installation() -> Path:
    from infra.local.place import Place  # deferred, as in `cli.local`

    return Place().state_file


def _start(root: Path) -> None:
    """Bring the local cloud of this folder up."""
    from infra.local import cloud
    from infra.local.place import Place

    local.bring_up(cloud.Options(), place=Place(root))
