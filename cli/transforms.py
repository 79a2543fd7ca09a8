"""`penstock transforms`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, client, jobs
from cli._errors import WrongUsage
from cli._live import TransformId
from cli._output import AsJson, Limit, Part

COLUMNS: Final = ("position", "id", "name", "method", "sources", "target", "enabled", "version")
VERSIONS: Final = ("version", "created_at", "name", "method", "sources", "target", "settings")
BACKFILL: Final = "`penstock transforms backfill` brings the profiles that exist up to date"
File = Annotated[
    Path, typer.Argument(help="JSON, as the API takes it: name, method, sources…; - is stdin.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Store nothing; show what would change, on some profiles.")
]
Profiles = Annotated[
    int, typer.Option(min=1, max=1000, help="With --dry-run: look at so many profiles at most.")
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    file: File,
    *,
    dry_run: DryRun = False,
    profiles: Profiles = 200,
    as_json: AsJson = False,
) -> None:
    """Create a data transform; it works on every profile that is written from then on."""
    body = _read(file)
    if dry_run:
        trial = client.connect().post("/v1/transform-dry-runs", {**body, "profiles": profiles})
        _output.show(trial, as_json=as_json, human=lambda: _trial(trial))
        return
    made = client.connect().post("/v1/transforms", body)
    _output.show(made, as_json=as_json, human=lambda: _shown(made))


@app.command("list")
def list_all(*, limit: Limit = 100, as_json: AsJson = False) -> None:
    """List data transforms in the order in which they work."""
    rows = list(client.connect().each("/v1/transforms", limit=limit))
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))


@app.command()
def show(transform_id: TransformId, *, as_json: AsJson = False) -> None:
    """Show a data transform with all its settings."""
    transform = client.connect().get(_path(transform_id))
    _output.show(transform, as_json=as_json, human=lambda: _output.record(transform))


@app.command()
def update(
    transform_id: TransformId,
    file: File,
    *,
    dry_run: DryRun = False,
    profiles: Profiles = 200,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a data transform: what the file names; another definition is a new version."""
    changes, path = _read(file), _path(transform_id)
    if dry_run:
        trial = client.connect().post(f"{path}/dry-run", {**changes, "profiles": profiles})
        _output.show(trial, as_json=as_json, human=lambda: _trial(trial))
        return
    transform = client.connect().patch(path, changes, if_match=if_match)
    _output.show(transform, as_json=as_json, human=lambda: _shown(transform))


@app.command()
def enable(
    transform_id: TransformId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Switch a data transform on."""
    _switch(transform_id, enabled=True, if_match=if_match, as_json=as_json)


@app.command()
def disable(
    transform_id: TransformId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Switch a data transform off; profiles show what they would without it."""
    _switch(transform_id, enabled=False, if_match=if_match, as_json=as_json)


def _switch(transform_id: str, *, enabled: bool, if_match: str | None, as_json: bool) -> None:
    path = _path(transform_id)
    transform = client.connect().patch(path, {"enabled": enabled}, if_match=if_match)
    state = "enabled" if enabled else "disabled"
    _output.show(
        transform, as_json=as_json, human=lambda: [f"{transform['id']} is {state}", BACKFILL]
    )


@app.command()
def versions(transform_id: TransformId, *, limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the definitions that a data transform has had, the newest first."""
    rows = list(client.connect().each(f"{_path(transform_id)}/versions", limit=limit))
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, VERSIONS))


@app.command()
def revert(
    transform_id: TransformId,
    version: Annotated[int, typer.Argument(min=1, help="The version to go back to.")],
    *,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Give a data transform the definition of an earlier version, as a new version."""
    path = f"{_path(transform_id)}/revert"
    transform = client.connect().post(path, {"version": version}, if_match=if_match)
    _output.show(transform, as_json=as_json, human=lambda: _shown(transform))


@app.command()
def delete(
    transform_id: TransformId, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Delete a data transform; what it has derived goes with it, and originals are as they were."""
    client.connect().delete(_path(transform_id), if_match=if_match)
    deleted = {"deleted": transform_id}
    _output.show(deleted, as_json=as_json, human=lambda: [_output.record(deleted), BACKFILL])


@app.command()
def backfill(
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring every profile up to date with the data transforms; a job, see `penstock jobs`."""
    api = client.connect()
    job = api.post("/v1/transform-backfills")
    jobs.follow(api, job, wait=wait, as_json=as_json)


def _path(transform_id: str) -> str:
    return f"/v1/transforms/{client.segment(transform_id)}"


def _read(file: Path) -> dict[str, Any]:
    body = _files.read_json(file)
    if not isinstance(body, dict):
        raise WrongUsage(f"{file} must be a JSON object", code="bad_transform")
    return body


def _shown(transform: Mapping[str, Any]) -> Iterator[Part]:
    yield _output.record(transform)
    yield BACKFILL


def _trial(trial: Mapping[str, Any]) -> Iterator[Part]:
    yield f"{trial['changed']} of {trial['profiles']} profiles would change; nothing is stored"
    if trial["too_large"]:
        yield f"{trial['too_large']} have a value that is too large to be derived"
    for example in trial["examples"]:
        yield ""
        yield _output.table(
            [
                {example["profile_id"]: name, **{side: example[side].get(name) for side in _SIDES}}
                for name in {**example["before"], **example["after"]}
            ],
            (example["profile_id"], *_SIDES),
        )


_SIDES: Final = ("before", "after")
