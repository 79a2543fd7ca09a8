"""The `penstock` command.

Exit codes: 0 the command did what it was asked; 1 it could not, and says why; 2 it was called
wrongly, or lacks a setting or a file; 3, of `apply --check` alone, something differs; 130 Ctrl-C
ended it; 141 nobody read its output any more, as after `| head`. With `--json`, standard output is
exactly one JSON document, errors included: `{"error": {"code", "message", …}}`.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.core import TyperGroup

from cli import _connection, _output, _shells
from cli._commands import COMMANDS, defer
from cli._errors import FAILED, CommandFailed, WrongUsage

INTERRUPTED: Final = 130  # as shells count: 128 and the number of SIGINT
PIPE_CLOSED: Final = 141  # 128 and the number of SIGPIPE, of which other programs die here
STDOUT: Final = 1  # the number of its descriptor

app = typer.Typer(
    name="penstock",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Signed webhooks, sandboxed functions and warehouse sync for customer events.",
    epilog="Exit codes: 0 done; 1 could not be done; 2 called wrongly, or a setting is missing.",
)


def _connections() -> list[str]:
    """The names that a shell completes after `--as`."""
    from cli import _live  # deferred: it is of no use to a call

    return _live.connections()


@app.callback()
def penstock(
    *,
    connection: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Call the API that `config set` named so.",
            autocompletion=_connections,
        ),
    ] = None,
) -> None:
    """What goes for every command."""
    _connection.CHOSEN.set(connection)


def root() -> TyperGroup:
    """The command `penstock`; the commands below it are imported when they are asked for."""
    group = typer.main.get_group(app)
    defer(group.commands, COMMANDS)
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        sys.stdout.flush()  # here, where a closed pipe is met; at its exit Python would report it
    except BrokenPipeError:
        return _hung_up()
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _run(words: list[str]) -> int:
    as_json = "--json" in words
    _shells.prepare()
    try:
        code = root().main(
            words,
            prog_name=_shells.PROGRAM,
            complete_var=_shells.VARIABLE,
            standalone_mode=False,
        )
    except CommandFailed as failure:
        return _failed(failure, as_json=as_json)
    except typer.TyperException as problem:  # what the parser refuses
        return _failed(WrongUsage(problem.format_message()), as_json=as_json)
    except typer.Abort as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # Ctrl-C while something was asked
            return INTERRUPTED
        sys.stderr.write("aborted\n")
        return FAILED
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer makes 1 of it
            return _hung_up()
        raise
    return code if isinstance(code, int) else 0


def _hung_up() -> int:
    """End quietly although nobody reads what is still to be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.close(nowhere)
    return PIPE_CLOSED


def _failed(failure: CommandFailed, *, as_json: bool) -> int:
    if as_json:
        _output.print_json(failure.to_json())
    _output.say(f"penstock: {failure.message}", err=True)
    for finding in failure.details.get("findings", ()):
        _output.say(f"  {_output.finding(finding)}", err=True)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
