"""Where a guest's memory lies, and what is reserved behind it for memory that it will never get."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from dataclasses import dataclass
from typing import Final

# Less than a guest's memory is reserved, more than anything else is.
_RESERVED_BYTES: Final = 3 << 30
_PROT_NONE: Final = 0
_MAP_SHARED, _MAP_FIXED, _MAP_NORESERVE = 0x01, 0x10, 0x4000


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of the one guest of this process, by address.

    Attributes:
        start: of what it holds now.
        end: of what it holds now; from here on its memory grows.
        reserved_end: of what is kept free for that.
    """

    start: int
    end: int
    reserved_end: int


def guest_memory() -> Memory | None:
    """Where the one guest of this process has its memory; None where the kernel does not say.

    The library's C interface has no question for it. But a guest's memory lies just below what
    is reserved for it to grow into, and nothing else reserves as much.
    """
    if sys.platform != "linux":
        return None
    start = end = 0
    with open("/proc/self/maps", "rb") as file:  # noqa: PTH123 - no pathlib in the zygote
        for line in file:
            span, rights = line.split(maxsplit=2)[:2]
            low, high = (int(part, 16) for part in span.split(b"-"))
            if rights.startswith(b"rw"):
                start, end = (start if low == end else low), high
            elif low == end and high - low > _RESERVED_BYTES:
                return Memory(start, end, high)
    return None


def bar(memory: Memory, *, max_growth_bytes: int, path: str) -> None:
    """Let nobody ever write to what is reserved for the guest beyond this growth.

    Compiled code counts on the whole range being reserved, so it cannot be given back. But the
    kernel counts a reserved range as memory only when it is made writable, and can be cheated in
    that (see `jail.limit_resources`). So it is covered with pages of a file that was opened only
    for reading: no process can make a shared page of such a file writable. The pages lie behind
    the file's end, and there is nothing in them to be read.

    Raises:
        OSError: the kernel does not do this.
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
