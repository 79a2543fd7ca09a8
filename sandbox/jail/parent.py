"""What a process gives up before it hosts workers: its workers may find nothing in it."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

from sandbox.jail import native

_ENV_START, _ENV_END = 47, 48  # in /proc/self/stat, behind the name; proc(5) counts from 3
_KEPT: Final[list[ctypes.Array[ctypes.c_char]]] = []


def shut() -> None:
    """Make this process unreadable to others of its user, and empty its initial environment.

    Python's own `os.environ` and the C library's environment keep every variable. What goes is the
    copy that the kernel shows as /proc/<pid>/environ, which stays there when a variable is deleted.
    A debugger then needs root. AWS Lambda refuses prctl: there this process stays readable.
    """
    with contextlib.suppress(OSError):  # where the kernel refuses it, the self-test says so
        native.be_unreadable()
    empty_initial_environment()


def empty_initial_environment() -> None:
    """Overwrite the environment that this process was started with, where the kernel shows it."""
    block = _block()
    if block is None:
        return
    start, end = block
    environ = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    index = 0
    while address := environ[index]:
        if start <= address < end:
            # getenv() of any library goes on to find the variable, in memory of its own.
            kept = ctypes.create_string_buffer(ctypes.string_at(address))
            _KEPT.append(kept)
            environ[index] = ctypes.addressof(kept)
        index += 1
    ctypes.memset(start, 0, end - start)


def _block() -> tuple[int, int] | None:
    """From where to where the kernel shows this process's environment; None where it does not."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - no pathlib at start
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    except (OSError, IndexError, ValueError):
        return None
    return (start, end) if start < end else None
