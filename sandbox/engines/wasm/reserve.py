"""Finds the guest's memory, and bars the reserved addresses that it must never grow into."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from dataclasses import dataclass
from typing import Final

# Less than what is reserved for a guest's memory, and more than anything else reserves.
_RESERVED_BYTES: Final = 3 << 30
_PROT_NONE: Final = 0
_MAP_SHARED, _MAP_FIXED, _MAP_NORESERVE = 0x01, 0x10, 0x4000


@dataclass(frozen=True, slots=True)
class Memory:
    """The addresses of this process's one guest."""

    start: int  # where its memory starts
    end: int  # where it ends now; it grows from here
    reserved_end: int  # where the address space ends that is reserved for growth


def guest_memory() -> Memory | None:
    """Where this process's one guest has its memory; None if the kernel does not say.

    The library's C API has no function for this. But the memory lies directly below the range that
    is reserved for its growth, and nothing else reserves as much.
    """
    if sys.platform != "linux":
        return None
    start = end = 0
    with open("/proc/self/maps", "rb") as file:  # noqa: PTH123 - no pathlib in the zygote
        for line in file:
            span, rights = line.split(maxsplit=2)[:2]
            low, high = (int(address, 16) for address in span.split(b"-"))
            if rights.startswith(b"rw"):
                start, end = (start if low == end else low), high
            elif low == end and high - low > _RESERVED_BYTES:
                return Memory(start, end, high)
    return None


def bar(memory: Memory, *, max_growth_bytes: int, path: str) -> None:
    """Make the range that is reserved for the guest unusable beyond `max_growth_bytes`, for good.

    Compiled code relies on the whole range being reserved, so it cannot be freed. But a reserved
    range counts as memory only once it is made writable, and native code can get around that limit
    (see `jail.limit_resources`). So this covers the range with shared pages of a file that it opens
    for reading only: no process can make such pages writable. They lie behind the file's end, so
    they hold nothing to read either.

    Args:
        memory: what `guest_memory` gave.
        max_growth_bytes: how far the guest may grow from now on.
        path: any file that can be opened for reading.

    Raises:
        OSError: the kernel refuses.
    """
    first = memory.end + max_growth_bytes
    size = memory.reserved_end - first
    if size <= 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        behind = -(-os.fstat(descriptor).st_size // mmap.PAGESIZE) * mmap.PAGESIZE
        flags = _MAP_SHARED | _MAP_FIXED | _MAP_NORESERVE
        if libc.mmap(first, size, _PROT_NONE, flags, descriptor, behind) != first:
            raise OSError(ctypes.get_errno(), "mmap")
    finally:
        os.close(descriptor)
