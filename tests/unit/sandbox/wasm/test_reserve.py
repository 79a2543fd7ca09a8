"""Four gigabytes are reserved for a guest; native code in its worker may have a few hundred MB."""

import ctypes
import errno
import mmap
import os
import sys
from pathlib import Path

import pytest

from sandbox.engines.wasm import reserve
from sandbox.limits import COMPILE_MEMORY_MB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own record is needed")
PROT_NONE, WRITABLE = 0, 3
RESERVED = 0x4022  # private, of no file, with no swap set aside


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    return libc


def _refusal(address: int, size: int, rights: int) -> int:
    """The number of the error with which the kernel refuses these rights; 0 where it does not."""
    libc = _libc()
    ctypes.set_errno(0)
    libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), rights)
    return ctypes.get_errno()


@pytest.mark.usefixtures("engine")
def test_what_is_reserved_beyond_any_limit_can_never_be_made_writable() -> None:
    """One step over all of it is not counted by the kernel, and gave a worker four gigabytes."""
    barred = []
    for line in Path("/proc/self/maps").read_text("ascii").splitlines():
        span, rights = line.split(maxsplit=2)[:2]
        low, high = (int(part, 16) for part in span.split("-"))
        if rights == "---s" and high - low > 1 << 30:
            barred.append((low, high))
    [(low, high)] = barred
    assert high - low > (4 << 30) - ((COMPILE_MEMORY_MB + 128) << 20)
    for size in (mmap.PAGESIZE, 64 << 20, high - low):
        assert _refusal(low, size, WRITABLE) == errno.EACCES


def test_a_range_is_barred_from_where_growth_ends(tmp_path: Path) -> None:
    """What the guest may grow into stays as it was."""
    file = tmp_path / "code"
    file.write_bytes(b"x" * 5000)
    size = 64 << 20
    address = _libc().mmap(None, size, PROT_NONE, RESERVED, -1, 0)
    memory = reserve.Memory(address - 4096, address, address + size)
    reserve.bar(memory, max_growth_bytes=1 << 20, path=os.fspath(file))
    assert _refusal(address, 1 << 20, WRITABLE) == 0
    assert _refusal(address + (1 << 20), size - (1 << 20), WRITABLE) == errno.EACCES
    reserve.bar(memory, max_growth_bytes=size, path=os.fspath(file))
    _libc().munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
