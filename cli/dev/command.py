"""The command `penstock dev`."""

import math
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import _output
from cli._follow import ForS
from cli._output import AsJson
from cli.client import Client
from cli.dev import local_cloud
from cli.dev.receiver import receiving
from cli.dev.session import Session
from cli.dev.webhooks import DevWebhooks
from cli.project import document


def dev(
    folder: Annotated[
        Path, typer.Argument(help="A folder with a penstock.toml or penstock.yaml.")
    ] = Path(),
    *,
    for_s: ForS = None,
    as_json: AsJson = False,
) -> None:
    """Work on a project: publish on save to the local cloud, and show what comes of events.

    The local cloud is started if it is not up, and stays up. Each webhook that the file declares is
    made for a receiver on this machine instead of its own URL, which gets nothing; a project
    without one gets a webhook for every topic but those of the audit log. They are deleted at the
    end. With --json all that came is printed then, as one document.
    """
    for end in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal leaves nothing behind either
        signal.signal(end, _interrupt)
    document.read(
        document.of_folder(folder)
    )  # whoever is in the wrong folder need not wait for a cloud
    connection = local_cloud.connect()
    api = Client(connection)
    _output.say(f"on the local cloud {connection.url} (from {connection.origin})", err=True)
    with receiving() as endpoints:
        webhooks = DevWebhooks(api=api, endpoints=endpoints)
        session = Session(
            folder=folder, api=api, endpoints=endpoints, webhooks=webhooks, is_quiet=as_json
        )
        webhooks.remove_strays()
        try:
            session.follow(for_s=math.inf if for_s is None else for_s)
        except KeyboardInterrupt:  # this is how a user ends it
            pass
        finally:
            webhooks.close()
    if as_json:
        _output.print_json(session.to_json())
    _output.say(
        "its webhooks are deleted; the local cloud is still up, and `penstock local stop` stops it",
        err=True,
    )


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
