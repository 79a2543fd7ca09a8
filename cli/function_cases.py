"""`penstock functions case`: cases made from what happened in the cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import _files, _output, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli.client import Client
from cli.function_versions import Name
from cli.project.functions import load_function

app = typer.Typer(no_args_is_help=True)


@app.command()
def save(
    name: Name,
    *,
    event: Annotated[str, typer.Option(help="The id of an event that the function ran on.")],
    out: Annotated[
        Path | None, typer.Option(help="Instead of a file in cases/ beside the function.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a case from a run: its event, its calls and its end, with fakes in the place of people.

    The profile is the one on record now. What was replaced is listed. Bodies of answers are on no
    record: fill them in. Then look through the file before you commit it, because a name in the
    middle of a text is found only if it stands in a field of its own somewhere.
    """
    # Deferred: `--help` needs none of it.
    from cli.cases import save as saving

    api = client.connect()
    envelope = api.get(f"/v1/events/{client.segment(event)}")
    run = _run(api, name, event)
    saved = saving.make(envelope, run, _profile(api, run))
    path = out or _folder(name) / f"{saved.name}.json"
    try:
        _files.write_new(path, saving.text_of(saved.document))
    except FileExistsError as problem:
        message = f"{path} exists already; name another with --out"
        raise WrongUsage(message, code="file_exists") from problem
    document = {
        "written": str(path),
        "replaced": list(saved.replaced),
        "open_answers": saved.open_answers,
    }
    _output.show(document, as_json=as_json, human=lambda: _lines(document))


def _run(api: Client, name: str, event_id: str) -> Any:
    """The newest run of this function on this event, with all of its output."""
    for run in api.each(f"/v1/functions/{client.segment(name)}/runs", {"event": event_id}, limit=1):
        if run["outcome"] == "skipped":
            raise CommandFailed(
                f"{name} did not run on {event_id}: {run['error']['message']}", code="run_skipped"
            )
        return api.get(f"/v1/functions/{client.segment(name)}/runs/{client.segment(run['id'])}")
    raise CommandFailed(
        f"{name} has no run of {event_id}; `penstock functions logs {name}` lists its runs",
        code="run_not_found",
    )


def _profile(api: Client, run: Mapping[str, Any]) -> Any:
    """The profile on record now; None when there is none."""
    if run["profile_id"] is None:
        return None
    try:
        return api.get(f"/v1/profiles/{client.segment(run['profile_id'])}")
    except CommandFailed as refusal:
        if refusal.code != "profile_not_found":
            raise
        return None


def _folder(name: str) -> Path:
    """Where the function's cases are; `cases` when its source is not in this folder."""
    from cli.cases import suite

    for source in suite.functions_in(Path()):
        if load_function(source).name == name:
            return suite.cases_folder(source)
    return Path(suite.FOLDER)


def _lines(document: Mapping[str, Any]) -> list[str]:
    lines = [f"wrote {document['written']}"]
    lines += [f"  replaced {line}" for line in document["replaced"]]
    if document["open_answers"]:
        lines.append(f"  fill in `json` of {document['open_answers']} recorded answers")
    return lines
