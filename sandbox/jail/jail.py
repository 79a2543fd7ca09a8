"""Takes a worker's descriptors, user, memory and system calls away before it runs user code."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.jail import leftovers, native

if TYPE_CHECKING:
    from sandbox.jail.seccomp import Filter

NOBODY: Final = 65534  # the user and group that owns nothing
# On Linux os.closerange() is one system call. Elsewhere it tries every number, so the range has to
# be short. https://man7.org/linux/man-pages/man2/close_range.2.html
MAX_DESCRIPTORS: Final = (1 << 31) - 1 if sys.platform == "linux" else 4096
_MUCH_BYTES: Final = 1 << 30
# A worker's root folder. Nobody can make a file in it, and none of its files can be opened.
_NOWHERE: Final = "/proc/self/fdinfo"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process, as the kernel counts it against the limits of setrlimit(2)."""

    # Address space, used or only reserved (RLIMIT_AS); 0 if the kernel does not say.
    address_bytes: int
    # Private memory that the process may write to (RLIMIT_DATA). A reserved range counts once it
    # has been made writable. 0 if the kernel does not say.
    data_bytes: int

    @property
    def reserves(self) -> bool:
        """Whether the process has reserved much more address space than it uses."""
        return self.address_bytes - self.data_bytes > _MUCH_BYTES

    def plus(self, extra_bytes: int) -> Memory:
        """This memory with `extra_bytes` more of each kind; the same if the kernel does not say."""
        if not self.address_bytes:
            return self
        return Memory(self.address_bytes + extra_bytes, self.data_bytes + extra_bytes)


@dataclass(frozen=True, slots=True)
class Cell:
    """The limits that a worker lives in."""

    # The most that it may have. If its numbers are 0 the kernel limits nothing, and the parent
    # measures the worker instead.
    memory: Memory
    # Seconds of processor time after which the kernel kills it.
    cpu_s: int
    # The filter of system calls; None at isolation `rlimit`.
    seccomp: Filter | None


def enter(cell: Cell, *, socket_fd: int) -> None:
    """Give up everything but the socket. After this the process can do no harm to others.

    Args:
        cell: the limits.
        socket_fd: the descriptor of the worker's socket; it becomes descriptor 0.

    Raises:
        OSError: the kernel refuses a step that must not be left out.
    """
    keep_one_socket(socket_fd)
    # This must come before the change of user: after a change to a user with too many processes
    # the kernel refuses exec as well.
    _limit(resource.RLIMIT_NPROC, 0)
    drop_root()
    _give_up_rights()
    limit_resources(cell.memory, cpu_s=cell.cpu_s)
    if cell.seccomp is not None:
        cell.seccomp.install()


def keep_one_socket(socket_fd: int) -> None:
    """Make the socket descriptor 0, and close all others, stdout and stderr too."""
    os.dup2(socket_fd, 0, inheritable=True)
    os.closerange(1, MAX_DESCRIPTORS)


def worker_user() -> int:
    """The id of the user that the workers of this process run as."""
    return NOBODY if os.getuid() == 0 else os.getuid()


def drop_root() -> None:
    """If this process is root, become `NOBODY` in an empty root folder. Other users stay."""
    if os.getuid() != 0:
        return
    with contextlib.suppress(OSError):  # no /proc, or root without the right to do this
        os.chroot(_NOWHERE)
        os.chdir("/")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    leftovers.forget_keys()


def _give_up_rights() -> None:
    # Each of these helps even if another is refused. AWS Lambda refuses prctl, so that only the
    # limits hold there.
    for give_up in (native.be_unreadable, native.gain_nothing_by_exec, native.die_with_parent):
        with contextlib.suppress(OSError):
            give_up()


def memory_now() -> Memory:
    """The memory of this process now; its numbers are 0 if the kernel does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no pathlib in the worker
            pages = [int(each) for each in file.read().split()]  # proc_pid_statm(5)
    except OSError:
        return Memory(0, 0)
    return Memory(pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize())


def limit_resources(memory: Memory, *, cpu_s: int) -> None:
    """Set limits under which no code can make a file, socket, pipe, process or thread.

    See setrlimit(2) for what each limit does:
    https://man7.org/linux/man-pages/man2/setrlimit.2.html
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CPU, cpu_s)
    if memory.address_bytes:
        _limit(resource.RLIMIT_AS, memory.address_bytes)
        # RLIMIT_AS does not see it when memory that was reserved before the fork is made writable:
        # it is in the address space already. RLIMIT_DATA does. But Linux checks it only for steps
        # shorter than the rest of the address space, so native code can take a reserved range in
        # one piece. Where much is reserved, the parent measures as well (`Memory.reserves`).
        _limit(resource.RLIMIT_DATA, memory.data_bytes)
    for name in _NEVER_NEEDED:
        if hasattr(resource, name):
            _limit(getattr(resource, name), 0)
    # With a limit of 0 the socket stays open, but nothing can be opened in its place once user code
    # has closed it.
    _limit(resource.RLIMIT_NOFILE, 0)


# Locked memory, POSIX message queues, pending signals, and a better priority than the worker has.
_NEVER_NEEDED: Final = (
    "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_SIGPENDING", "RLIMIT_NICE", "RLIMIT_RTPRIO",
)  # fmt: skip


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
