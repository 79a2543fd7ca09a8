"""`penstock functions`; `test` needs no API and has a module of its own."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, client
from cli._errors import WrongUsage
from cli._output import AsJson, Limit
from cli.function_versions import Name
from runtime.core.functions import rules
from runtime.errors import BadInput

COLUMNS: Final = (
    "name", "state", "live_version", "latest_version", "engine", "topics", "http_hosts", "secrets",
)  # fmt: skip
TEMPLATE: Final = '''"""What this function does, in one sentence."""


def handler(event, profile, context):
    context.log("seen", topic=event["topic"])
    return {"event": event["id"]}
'''
SETTINGS_TEMPLATE: Final = """[functions.{name}]
topics = ["metric.placed_order"]
http_hosts = []
secrets = []
"""
Source = Annotated[Path, typer.Argument(help="The function's Python file.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def init(file: Source, *, as_json: AsJson = False) -> None:
    """Write a first function to FILE, and a penstock.toml beside it if there is none."""
    from cli.project.document import FILE  # deferred: it brings the rules of functions along

    settings = file.parent / FILE
    if file.exists():
        raise WrongUsage(f"{file} exists already; name another", code="file_exists")
    try:
        rules.check_name(file.stem)
    except BadInput as problem:
        rule = f"the function would be called {file.stem}, but a name {problem.message}"
        raise WrongUsage(f"{rule}; name another file", code=problem.code) from problem
    _files.write(file, TEMPLATE)
    files = [str(file)]
    if not settings.exists():
        _files.write(settings, SETTINGS_TEMPLATE.format(name=file.stem))
        files.append(str(settings))
    _output.show(
        {"written": files},
        as_json=as_json,
        human=lambda: [f"wrote {', '.join(files)}; try `penstock functions test {file}`"],
    )


@app.command()
def push(
    file: Source,
    *,
    name: Annotated[str | None, typer.Option(help="Instead of the file's own name.")] = None,
    publish_it: Annotated[bool, typer.Option("--publish", help="Make it live at once.")] = False,
    require_cases: Annotated[
        bool, typer.Option("--require-cases", help="Only if it has saved cases and all pass.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Push FILE as a new version, with the settings of the penstock.toml beside it."""
    from cli import _pushing  # deferred, as in `init`

    source = _tested(file) if require_cases else _files.read_text(file)
    pushed = _pushing.push(client.connect(), file, source=source, name=name, publish=publish_it)
    _output.show(pushed.to_json(), as_json=as_json, human=pushed.lines)


@app.command("list")
def list_all(
    *,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List functions."""
    functions = list(client.connect().each("/v1/functions", limit=limit))
    rows = [{**function, "state": _state(function)} for function in functions]
    _output.show({"data": functions}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))


@app.command()
def show(name: Name, *, as_json: AsJson = False) -> None:
    """Show a function's settings."""
    function = client.connect().get(f"/v1/functions/{client.segment(name)}")
    _output.show(function, as_json=as_json, human=lambda: _output.record(function))


def _state(function: Any) -> str:
    if function["deleted_at"] is not None:
        return "deleted"
    return "enabled" if function["enabled"] else "disabled"


def _tested(file: Path) -> str:
    """The source that all saved cases of the function have passed with."""
    from cli.cases import command  # deferred: it brings the sandbox along

    return command.tested_code(file)
