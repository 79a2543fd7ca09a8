"""A server of TLS 1.2 that asks for another handshake, as only the `openssl` command can."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

import pytest

from tests.certificates import Authority

GRACE_S: Final = 10  # for the thread that reads the server's output to end


@contextmanager
def server_that_renegotiates(authority: Authority) -> Iterator[str]:
    """The URL of a server that answers a request by asking for another handshake."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no `openssl` command here: nothing else can ask for another handshake")
    file = str(authority.server_file("localhost"))
    command = [
        openssl,
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-tls1_2",
        "-cert",
        file,
        "-key",
        file,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603 - ours
        assert server.stdin is not None
        assert server.stdout is not None
        lines = iter(server.stdout)
        port = next(line for line in lines if line.startswith(b"ACCEPT")).rpartition(b":")[2]

        def renegotiate(keyboard: IO[bytes]) -> None:
            if any(line.startswith(b"content-length") for line in lines):
                keyboard.write(b"r\n")
                keyboard.flush()

        thread = threading.Thread(target=renegotiate, args=[server.stdin])
        thread.start()
        try:
            yield f"https://localhost:{int(port)}/"
        finally:
            server.terminate()
            thread.join(GRACE_S)
