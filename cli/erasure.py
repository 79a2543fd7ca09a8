"""`penstock profiles erase`, and a person's data as one file."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import _files, _output, client, jobs
from cli._output import AsJson


def erase(
    profile_id: Annotated[str, typer.Argument(help="The profile's id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person for ever, as a job: nobody can take that back. On a terminal it asks first.

    The person's names lead to nobody from now on, and events that give one are dropped.
    """
    if sys.stdin.isatty() and not yes:
        typer.confirm(
            f"Erase {profile_id}, and all that is kept of the person, for ever?",
            abort=True,
            err=True,
        )
    api = client.connect()
    job: Any = api.delete(f"/v1/profiles/{client.segment(profile_id)}")
    jobs.follow(api, job, wait=wait, as_json=as_json)


def export_subject(profile_id: str, *, out: Path, as_json: bool) -> None:
    """Write everything that is kept of a person to one JSON file, by kind of record."""
    path = f"/v1/profiles/{client.segment(profile_id)}/subject"
    kinds: dict[str, list[Any]] = {}
    for part in client.connect().each(path, limit=sys.maxsize):
        kinds.setdefault(part["kind"], []).append(part["record"])
    text = json.dumps(kinds, ensure_ascii=False, indent=2)
    _files.write(out, f"{text}\n", is_private=True)
    counts = {kind: len(records) for kind, records in kinds.items()}
    document = {"file": str(out), "counts": counts}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    _output.show(document, as_json=as_json, human=lambda: [f"{out}: {said}"])
