"""How a command ends when somebody has had enough of it."""

import os
import pty
import signal
import subprocess
import sys
from typing import Final

import pytest

from tests.builders import an_event
from tests.unit.cli.conftest import Command

# Who started the tests may ignore Ctrl-C, as shells do for what runs aside; a person does not.
_RUN: Final = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "words", [("--help",), ("webhooks", "list"), ("events", "show", "none", "--json")]
)
def test_a_closed_pipe_ends_a_command_quietly(penstock: Command, words: tuple[str, ...]) -> None:
    """`| head` reads what it wants and goes; a traceback after it would look like a bug."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli.main", *words],
            cwd=penstock.folder,
            env=penstock.environment,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(theirs)

    assert 141 == done.returncode
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_a_pipe_that_closes_in_the_middle_ends_a_command_quietly(penstock: Command) -> None:
    """More than a pipe holds: the write itself fails, not the flush at the end."""
    penstock.api.cloud.events.put(
        an_event(id=f"evt_{n}", tenant=penstock.api.tenant, properties={"text": "x" * 20_000})
        for n in range(20)
    )
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "events", "list", "--json"],
        cwd=penstock.folder,
        env=penstock.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.readline()
        listing.stdout.close()
        said = listing.stderr.read()

    assert (141, b"") == (listing.returncode, said)


def test_ctrl_c_ends_a_command_that_asks(penstock: Command) -> None:
    """Whoever does not answer has not failed at anything."""
    ours, theirs = pty.openpty()
    with interruptible(penstock, "functions", "delete", "vip", stdin=theirs) as asking:
        assert asking.stderr is not None
        assert b"D" == asking.stderr.read(1)
        asking.send_signal(signal.SIGINT)
        _, said = asking.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert 130 == asking.returncode
    assert b"Traceback" not in said


def interruptible(
    penstock: Command, *words: str, stdin: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """The command as a person runs it."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", _RUN, *words],
        cwd=penstock.folder,
        env=penstock.environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
