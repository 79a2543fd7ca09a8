"""Closes a process that hosts workers, so that they can read nothing in it."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

from sandbox.jail import native

# Where /proc/self/stat has env_start and env_end, counted from 0 after the program's name:
# https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_ENV_START, _ENV_END = 47, 48
# The C library's `environ` points to these copies, so they must never be freed.
_COPIES: Final[list[ctypes.Array[ctypes.c_char]]] = []


def shut() -> None:
    """Make this process unreadable to others of its user, and empty its initial environment.

    `os.environ` and the C library's environment keep every variable. Emptied is the block that the
    kernel shows as /proc/<pid>/environ: deleting a variable would not remove it from there. After
    this a debugger needs root. AWS Lambda refuses prctl, so the process stays readable there.
    """
    with contextlib.suppress(OSError):  # if the kernel refuses, the self-test reports it
        native.be_unreadable()
    empty_initial_environment()


def empty_initial_environment() -> None:
    """Overwrite the block of environment variables that the kernel shows to other processes."""
    block = _block()
    if block is None:
        return
    start, end = block
    environ = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    index = 0
    while address := environ[index]:
        if start <= address < end:
            # `environ` then points to a copy, so that every library's getenv() still finds it.
            copy = ctypes.create_string_buffer(ctypes.string_at(address))
            _COPIES.append(copy)
            environ[index] = ctypes.addressof(copy)
        index += 1
    ctypes.memset(start, 0, end - start)


def _block() -> tuple[int, int] | None:
    """Start and end address of the environment that the kernel shows; None if it shows none."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - no pathlib at start
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    except (OSError, IndexError, ValueError):
        return None
    return (start, end) if start < end else None
