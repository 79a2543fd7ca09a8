"""The `penstock` command.

Exit codes: 0 the command did what it was asked; 1 it could not, and says why; 2 it was called
wrongly, or lacks a setting or a file. With `--json`, standard output is exactly one JSON document,
errors included: `{"error": {"code", "message", …}}`.
"""

import sys
from collections.abc import Sequence

import typer

from cli import (
    _output,
    admin,
    deliveries,
    demo,
    doctor,
    events,
    functions,
    init,
    keys,
    listen,
    local,
    profiles,
    reruns,
    runs,
    syncs,
    verify,
    webhooks,
)
from cli._errors import CommandFailed, WrongUsage

app = typer.Typer(
    name="penstock",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Signed webhooks, sandboxed functions and warehouse sync for customer events.",
    epilog="Exit codes: 0 done; 1 could not be done; 2 called wrongly, or a setting is missing.",
)
app.add_typer(events.app, name="events")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(functions.app, name="functions")
app.add_typer(runs.app, name="runs")
runs.app.command("retry")(reruns.retry)
app.add_typer(profiles.app, name="profiles")
app.add_typer(syncs.app, name="syncs")
app.add_typer(keys.app, name="keys")
app.add_typer(admin.app, name="admin")
app.add_typer(local.app, name="local")
app.command("verify")(verify.verify)
app.command("listen")(listen.listen)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        code = app(words, standalone_mode=False)
    except CommandFailed as failure:
        return _failed(failure, as_json=as_json)
    except typer.TyperException as problem:  # what the parser refuses
        return _failed(WrongUsage(problem.format_message()), as_json=as_json)
    except typer.Abort:
        sys.stderr.write("aborted\n")
        return 1
    return code if isinstance(code, int) else 0


def _failed(failure: CommandFailed, *, as_json: bool) -> int:
    if as_json:
        _output.print_json(failure.to_json())
    _output.say(f"penstock: {failure.message}", err=True)
    for finding in failure.details.get("findings", ()):
        _output.say(f"  {_output.finding(finding)}", err=True)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
