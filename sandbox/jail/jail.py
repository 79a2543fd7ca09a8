"""The operating system's part: what a worker gives up before it sees a line of user code."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.jail.seccomp import Filter

NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Cell:
    """What a worker is locked up with.

    Attributes:
        memory_bytes: the most address space that it may have; 0 where the parent watches instead.
        cpu_s: seconds of processor time.
        seccomp: the filter of system calls; None at isolation `rlimit`.
    """

    memory_bytes: int
    cpu_s: int
    seccomp: Filter | None


def enter(cell: Cell, *, socket_fd: int) -> None:
    """Give up everything but the socket; whoever returns from here can do no harm to others."""
    keep_one_socket(socket_fd)
    drop_root()
    if cell.seccomp is not None:
        cell.seccomp.prepare()
    limit_resources(memory_bytes=cell.memory_bytes, cpu_s=cell.cpu_s)
    if cell.seccomp is not None:
        cell.seccomp.install()


def keep_one_socket(socket_fd: int) -> None:
    """Make the socket fd 0 and close everything else, stdout and stderr included."""
    os.dup2(socket_fd, 0, inheritable=True)
    os.closerange(1, _descriptor_limit())


def _descriptor_limit() -> int:
    # closerange is one close_range call on Linux; elsewhere it walks, so the walk is bounded.
    return (1 << 31) - 1 if sys.platform == "linux" else 4096


def drop_root() -> None:
    """Become nobody where we are root; an ordinary user stays who he is."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def base_memory_bytes() -> int:
    """Address space of this process now; 0 where the kernel does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no pathlib in the worker
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def limit_resources(*, memory_bytes: int, cpu_s: int) -> None:
    """The rlimit jail: no file, socket, pipe, process or thread can come to be, by any code."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CPU, cpu_s)
    if memory_bytes:
        _limit(resource.RLIMIT_AS, memory_bytes)
    if hasattr(resource, "RLIMIT_MEMLOCK"):
        _limit(resource.RLIMIT_MEMLOCK, 0)
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        _limit(resource.RLIMIT_MSGQUEUE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, 1)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
