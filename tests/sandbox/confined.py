"""Runs a module of ours in a process that is confined as in AWS Lambda.

    python -m tests.sandbox.confined [--filter] [--user] MODULE [ARGUMENT ...]

--filter refuses what Lambda refuses. --user runs it as an ordinary user, as in Lambda: its workers
then have the same user as their parent. Where we are one already, that is so in any case.
"""

import os
import platform
import struct
import sys

from sandbox.jail import native
from sandbox.jail.seccomp import Filter
from tests.sandbox.lambda_filter import lambda_program

_USER = 54321
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _RAISE = 8, 47, 2
_VERSION_3 = 0x20080522
_READ_ANY_FILE = 2  # CAP_DAC_READ_SEARCH: the Python of a test machine may be in root's own folder


def become_ordinary() -> None:
    """Become a user without any right, but for reading files."""
    native.prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(_USER, _USER, _USER)
    os.setresuid(_USER, _USER, _USER)
    kept = 1 << _READ_ANY_FILE
    native.library(
        "capset", struct.pack("=Ii", _VERSION_3, 0), struct.pack("=6I", kept, kept, kept, 0, 0, 0)
    )
    native.prctl(_PR_CAP_AMBIENT, _RAISE, _READ_ANY_FILE)


def main() -> None:
    """Confine this process, and become the program that is asked for."""
    arguments = sys.argv[1:]
    if "--user" in arguments:
        arguments.remove("--user")
        if os.getuid() == 0:
            become_ordinary()
    if "--filter" in arguments:
        arguments.remove("--filter")
        Filter(lambda_program(platform.machine())).install()
    os.execv(sys.executable, [sys.executable, "-m", *arguments])  # noqa: S606 - our own program


if __name__ == "__main__":
    main()
