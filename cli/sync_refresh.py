"""`penstock syncs refresh`."""

from typing import Annotated

import typer

from cli import client, jobs
from cli._live import SyncId
from cli._output import AsJson


def refresh(
    sync_id: SyncId,
    *,
    table: Annotated[str, typer.Option(help="Which one: events, profiles, …")],
    wait: Annotated[bool, typer.Option("--wait", help="Until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a table of the warehouse anew from the sync's lake; a job, see `penstock jobs`."""
    api = client.connect()
    job = api.post(f"/v1/syncs/{client.segment(sync_id)}/refresh", {"table": table})
    jobs.follow(api, job, wait=wait, as_json=as_json)
