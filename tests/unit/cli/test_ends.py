"""How a command ends when somebody has had enough of it."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Final

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


@pytest.mark.parametrize(
    ("words", "url"),
    [
        (("webhooks", "list"), "silent"),  # in the middle of a call
        (("webhooks", "list", "--json"), "silent"),
        (("events", "send", "-"), "never called"),  # while it reads
        (("webhooks", "test", "whk_1", "--wait-s", "600"), "delivers nothing"),  # while it waits
    ],
)
def test_ctrl_c_ends_a_command_with_one_line(
    penstock: Command, words: tuple[str, ...], url: str
) -> None:
    """Whatever it is in the middle of; a traceback would look like a bug."""
    began = threading.Event()
    with _api(began, answers=url == "delivers nothing") as address:
        ours, theirs = os.pipe()
        with interruptible(penstock, *words, stdin=ours, PENSTOCK_API_URL=address) as command:
            if url == "never called":
                _wait_until_it_reads(command.pid)
            else:
                assert began.wait(60)
            command.send_signal(signal.SIGINT)
            shown, said = command.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)

    assert (130, b"", b"penstock: interrupted") == (command.returncode, shown, said.strip())


@pytest.mark.parametrize("words", [("--help",), ("config", "list"), ("config", "list", "--json")])
def test_output_that_cannot_be_written_is_said_in_one_line(
    penstock: Command, words: tuple[str, ...]
) -> None:
    """A full disk is no bug of ours, and nobody may take the missing file for an empty one."""
    with Path("/dev/full").open("wb") as full:
        done = _run(penstock, *words, stdout=full)

    said = b"penstock: the output cannot be written: No space left on device\n"
    assert (1, said) == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("closed", "words", "said"),
    [
        (1, ("config", "list"), b"penstock: standard output is closed\n"),
        (1, ("keys", "create", "--name", "ci", "--json"), b"penstock: standard output is closed\n"),
        (0, ("events", "send", "-"), b"penstock: standard input is closed\n"),
    ],
)
def test_a_closed_stream_is_wrong_usage(
    penstock: Command, closed: int, words: tuple[str, ...], said: bytes
) -> None:
    """Nothing is begun whose result could not be shown: a new key is shown once."""
    shell = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", sys.executable, "-m", "cli.main", *words]
    done = subprocess.run(  # noqa: S603 - our own command
        shell,
        cwd=penstock.folder,
        env=penstock.environment,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )

    assert (2, said) == (done.returncode, done.stderr)


def _run(
    penstock: Command, *words: str, stdout: "IO[bytes]"
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *words],
        cwd=penstock.folder,
        env=penstock.environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


def _wait_until_it_reads(pid: int) -> None:
    """Wait until the process sleeps in a read of its standard input."""
    call = Path(f"/proc/{pid}/syscall")
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        if call.read_text(encoding="ascii").split()[:2] == ["0", "0x0"]:  # read, descriptor 0
            return
        threading.Event().wait(0.02)
    raise AssertionError("it reads nothing")


@contextmanager
def _api(began: threading.Event, *, answers: bool) -> Iterator[str]:
    """An API that does not answer, or whose delivery has no attempt yet."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            began.set()
            if answers:
                self._answer()
            else:
                released.wait(60)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._answer()

        def _answer(self) -> None:
            body = b'{"id": "dlv_1", "status": "pending", "attempts": []}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing between the tests."""

    released = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            released.set()
            server.shutdown()


def interruptible(
    penstock: Command, *words: str, stdin: int = subprocess.DEVNULL, **environment: str
) -> "subprocess.Popen[bytes]":
    """The command as a person runs it."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", _RUN, *words],
        cwd=penstock.folder,
        env={**penstock.environment, **environment},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
