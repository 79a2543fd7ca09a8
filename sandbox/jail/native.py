"""Calls to the kernel that Python has no function for. Each raises OSError if it is refused."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from typing import Any, Final

_NUMBERS: Final = {
    "x86_64": {
        "process_vm_readv": 310, "inotify_init1": 294, "keyctl": 250, "io_uring_setup": 425,
    },
    "aarch64": {
        "process_vm_readv": 270, "inotify_init1": 26, "keyctl": 219, "io_uring_setup": 425,
    },
}  # fmt: skip
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_PROT_NONE, _PROT_WRITABLE = 0, 3
_MAP_RESERVED: Final = 0x4022  # MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
_LIBC: Final[Any] = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int) -> None:
    """Change a property of this process. Only Linux has this call, and AWS Lambda refuses it."""
    _need_linux()
    words = [*arguments, 0, 0, 0, 0][:4]
    _check(_LIBC.prctl(option, *map(ctypes.c_ulong, words)), "prctl")


def be_unreadable() -> None:
    """Forbid other processes of the same user to read or trace this one, and forbid core dumps.

    See PR_SET_DUMPABLE: https://man7.org/linux/man-pages/man2/pr_set_dumpable.2const.html
    """
    prctl(_PR_SET_DUMPABLE, 0)


def gain_nothing_by_exec() -> None:
    """Forbid that a program which this process executes gains rights, such as those of setuid."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> None:
    """Have the kernel kill this process if its parent dies. A later change of user undoes this."""
    prctl(_PR_SET_PDEATHSIG, 9)


def unshare(flags: int) -> None:
    """Move this process into new namespaces, of the kinds that `flags` names.

    See https://man7.org/linux/man-pages/man2/unshare.2.html
    """
    _need_linux()
    _check(_LIBC.unshare(flags), "unshare")


def system_call(name: str, *arguments: Any) -> int:
    """Make a system call that the C library has no function for, and give its result.

    Raises:
        OSError: the kernel refuses; ENOSYS on a processor whose call numbers are not listed above.
    """
    _need_linux()
    number = _NUMBERS.get(platform.machine(), {}).get(name)
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name)
    return _check(_LIBC.syscall(ctypes.c_long(number), *map(_wide, arguments)), name)


def library(name: str, *arguments: Any) -> int:
    """Call a function of the C library that answers -1 if it fails, and give its result.

    Raises:
        OSError: it failed.
    """
    _need_linux()
    return _check(getattr(_LIBC, name)(*arguments), name)


def reserve(size: int) -> int:
    """Reserve a range of `size` bytes of address space, and give its address.

    The range can be neither read nor written until `make_writable`.

    Raises:
        OSError: the kernel has no room.
    """
    _need_linux()
    map_memory = _LIBC.mmap
    map_memory.restype = ctypes.c_void_p
    map_memory.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    address = map_memory(None, size, _PROT_NONE, _MAP_RESERVED, -1, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return int(address)


def make_writable(address: int, size: int) -> None:
    """Allow reads and writes in a reserved range.

    Raises:
        OSError: a limit forbids it.
    """
    _need_linux()
    arguments = (ctypes.c_void_p(address), ctypes.c_size_t(size), _PROT_WRITABLE)
    _check(_LIBC.mprotect(*arguments), "mprotect")


def _wide(argument: Any) -> Any:
    # ctypes would pass a plain int as 32 bits, and the kernel reads 64.
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _need_linux() -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _check(result: int, name: str) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name)
    return result
