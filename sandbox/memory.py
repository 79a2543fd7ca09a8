"""Measures a worker's memory, where the kernel does not enforce the address-space limit."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PROC_PIDTASKINFO: Final = 4
# `struct proc_taskinfo` has 96 bytes; its second 64-bit word is `resident_size`.
_TASKINFO_WORDS: Final = 24


def resident_bytes(pid: int) -> int:
    """Bytes of memory that this process holds now; 0 if it has ended."""
    return _resident_on_darwin(pid) if sys.platform == "darwin" else _resident_on_linux(pid)


def _resident_on_linux(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123 - no pathlib needed
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _resident_on_darwin(pid: int) -> int:
    buffer = (ctypes.c_uint32 * _TASKINFO_WORDS)()
    size = ctypes.sizeof(buffer)
    library = ctypes.CDLL("/usr/lib/libproc.dylib")
    if library.proc_pidinfo(pid, _PROC_PIDTASKINFO, ctypes.c_uint64(0), buffer, size) != size:
        return 0
    return int(buffer[2]) | int(buffer[3]) << 32
