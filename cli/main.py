"""The `penstock` command.

Exit codes: 0 the command did what it was asked; 1 it could not, and says why; 2 it was called
wrongly, or lacks a setting or a file; 3, of `apply --check` alone, something differs; 130 Ctrl-C
ended it; 141 nobody read its output any more, as after `| head`. With `--json`, standard output is
exactly one JSON document, errors included: `{"error": {"code", "message", …}}`.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from typer.core import TyperGroup

from cli import _connection, _output, _shells
from cli._commands import COMMANDS, defer
from cli._errors import FAILED, CommandFailed, WrongUsage

INTERRUPTED: Final = 130  # as shells count: 128 and the number of SIGINT
PIPE_CLOSED: Final = 141  # 128 and the number of SIGPIPE, of which other programs die here
STDOUT: Final = 1  # the number of its descriptor
# What a full or broken disk answers to a write. Commands say themselves which file they write, so
# these come from standard output and standard error.
NO_ROOM: Final = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})

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
    is_heard = _open_streams()
    if not is_heard:  # what it shows may be a secret that is shown once, so nothing is begun
        return _failed(WrongUsage("standard output is closed"), as_json=False)
    try:
        code = _run(words)
        sys.stdout.flush()  # here, where a closed pipe is met; at its exit Python would report it
    except BrokenPipeError:
        return _hung_up()
    except OSError as problem:
        if problem.errno not in NO_ROOM:
            raise
        return _not_written(problem)
    except KeyboardInterrupt:
        return _interrupted()
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
            raise KeyboardInterrupt from end
        sys.stderr.write("aborted\n")
        return FAILED
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer makes 1 of it
            return _hung_up()
        raise
    if code == INTERRUPTED:  # Typer makes it of Ctrl-C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _interrupted() -> int:
    """End because of Ctrl-C; what a terminal shows of the key itself is not a word about us."""
    _output.say("penstock: interrupted", err=True)
    return INTERRUPTED


def _hung_up() -> int:
    """End quietly although nobody reads what is still to be written."""
    _drop_output()
    return PIPE_CLOSED


def _not_written(problem: OSError) -> int:
    """End with the reason why the output could not be written, unless that cannot be either."""
    _drop_output()
    with contextlib.suppress(OSError):
        _output.say(f"penstock: the output cannot be written: {problem.strerror}", err=True)
    return FAILED


def _drop_output() -> None:
    """Let what is still to be written go nowhere: at its exit Python would try it once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.close(nowhere)


def _open_streams() -> bool:
    """Put something in place of each standard stream that is closed, which Python sets to None.

    Returns:
        Whether standard output is open.
    """
    is_heard = sys.stdout is not None
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, _nowhere())
    return is_heard


def _nowhere() -> TextIO:
    """A stream that drops what is written, and cannot be read."""
    return Path(os.devnull).open("w", encoding="utf-8")


def _failed(failure: CommandFailed, *, as_json: bool) -> int:
    if as_json:
        _output.print_json(failure.to_json())
    _output.say(f"penstock: {failure.message}", err=True)
    for finding in failure.details.get("findings", ()):
        _output.say(f"  {_output.finding(finding)}", err=True)
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
