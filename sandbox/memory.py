"""Measures the memory of a worker from outside, by what the kernel says about its process."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from enum import StrEnum
from typing import Final

_PROC_PIDTASKINFO: Final = 4
# `struct proc_taskinfo` has 96 bytes; its second 64-bit word is `resident_size`.
_TASKINFO_WORDS: Final = 24
_FILE_BYTES: Final = 4096  # the kernel's file about a process has less than half of that


class Measure(StrEnum):
    """Which number of the kernel's shows how much memory a function takes in an engine."""

    # The peak of the memory that the worker really holds.
    RESIDENT = "resident"
    # What the worker may write to. For engines that take memory from a range which they reserved
    # before, and never give it back: what is writable at the end is then the peak.
    WRITABLE = "writable"


def peak_bytes(pid: int, measure: Measure) -> int | None:
    """Bytes of memory that this process has taken at most, what it was forked with included.

    None if it has ended, or if the kernel does not say. macOS keeps no peak of a living process:
    there this is what the process holds now.
    """
    if sys.platform == "darwin":
        return _resident_on_darwin(pid) or None
    return _writable(pid) if measure is Measure.WRITABLE else _peak_resident(pid)


def _writable(pid: int) -> int | None:
    try:
        return int(_said_by_kernel(pid, "statm").split()[5]) * resource.getpagesize() or None
    except (OSError, IndexError):
        return None


def _peak_resident(pid: int) -> int | None:
    try:
        _, _, after = _said_by_kernel(pid, "status").partition(b"\nVmHWM:")
        return int(after.split(maxsplit=1)[0]) << 10
    except (OSError, IndexError):  # the process has been reaped, or has no memory any more
        return None


def resident_bytes(pid: int) -> int:
    """Bytes of memory that this process holds now; 0 if it has ended."""
    return _resident_on_darwin(pid) if sys.platform == "darwin" else _resident_on_linux(pid)


def _resident_on_linux(pid: int) -> int:
    try:
        return int(_said_by_kernel(pid, "statm").split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _said_by_kernel(pid: int, name: str) -> bytes:
    """A file of the kernel's about a process; without a file object, which takes twice as long.

    Raises:
        OSError: the process has been reaped.
    """
    descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _FILE_BYTES)
    finally:
        os.close(descriptor)


def _resident_on_darwin(pid: int) -> int:
    buffer = (ctypes.c_uint32 * _TASKINFO_WORDS)()
    size = ctypes.sizeof(buffer)
    library = ctypes.CDLL("/usr/lib/libproc.dylib")
    if library.proc_pidinfo(pid, _PROC_PIDTASKINFO, ctypes.c_uint64(0), buffer, size) != size:
        return 0
    return int(buffer[2]) | int(buffer[3]) << 32
