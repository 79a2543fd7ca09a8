"""What a command imports before it does anything: no more than it needs."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cli import _commands, main

ROOT: Final = Path(__file__).parents[3]
# Each of them takes longer to import than a command may take until its first output.
HEAVY: Final = ("boto3", "botocore", "cryptography", "duckdb", "httpx", "moto", "rich")
_RUN: Final = """
import sys
from cli.main import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def imported(*arguments: str) -> frozenset[str]:
    """The modules that the command has imported when it ends."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _RUN, *arguments],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return frozenset(done.stderr.splitlines())


def test_the_help_of_all_imports_no_command() -> None:
    """It is the first thing that anybody runs, and it should be there before he blinks."""
    modules = imported("--help")
    ours = {name for name in modules if name.partition(".")[0] in {"cli", "runtime", "sandbox"}}

    assert {"cli", "cli.main"} == {name for name in ours if not name.startswith("cli._")}
    assert not modules & {*HEAVY, "asyncio", "email", "pydantic", "ssl"}


@pytest.mark.parametrize("group", ["events list", "functions", "functions list", "local up"])
def test_the_help_of_a_command_imports_no_client_and_nothing_of_another(group: str) -> None:
    """Whoever looks an option up waits for its text, not for a network that is not used."""
    modules = imported(*group.split(), "--help")

    assert not modules & set(HEAVY)
    assert not modules & {"cli.demo", "cli.project", "cli.webhooks", "sandbox.host"}


def test_each_line_of_help_is_what_the_command_says_of_itself() -> None:
    """The table that spares the imports must not tell another story than the docstrings."""
    assert {} == {
        " ".join(path): said
        for path, deferred in deferred_commands()
        if (said := short_help(deferred.command())) != short_help(deferred)
    }


def short_help(command: Any) -> str:
    """What the help of its group shows of a command, were the lines long enough."""
    return str(command.get_short_help_str(limit=1000))


def deferred_commands() -> list[tuple[tuple[str, ...], _commands.Deferred]]:
    """All that stand in the table, with their paths."""
    groups = dict(_commands.walk(main.root()))
    return [
        ((*path, name), child)
        for path, group in groups.items()
        for name, child in getattr(group, "commands", {}).items()
        if isinstance(child, _commands.Deferred)
    ]
