"""The operating system's part: what a worker gives up before it sees a line of user code."""

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

NOBODY: Final = 65534
# closerange is one close_range call on Linux; elsewhere it walks, so the walk is bounded.
MAX_DESCRIPTORS: Final = (1 << 31) - 1 if sys.platform == "linux" else 4096
_MUCH_BYTES: Final = 1 << 30
# Of a worker: nothing in it can be opened, and nothing be made.
_NOWHERE: Final = "/proc/self/fdinfo"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process, as the kernel counts it against the limits.

    Attributes:
        address_bytes: address space, be it used or only reserved; 0 where the kernel does not say.
        data_bytes: what may be written to and is nobody else's. Of a reserved range, only what has
            been made writable is in it.
    """

    address_bytes: int
    data_bytes: int

    @property
    def reserves(self) -> bool:
        """True where much more is reserved than used."""
        return self.address_bytes - self.data_bytes > _MUCH_BYTES

    def plus(self, size: int) -> Memory:
        """As much, and so many bytes more of each; nothing where the kernel does not say."""
        if not self.address_bytes:
            return self
        return Memory(self.address_bytes + size, self.data_bytes + size)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a worker is locked up with.

    Attributes:
        memory: the most that it may have; all 0 where the parent watches instead.
        cpu_s: seconds of processor time.
        seccomp: the filter of system calls; None at isolation `rlimit`.
    """

    memory: Memory
    cpu_s: int
    seccomp: Filter | None


def enter(cell: Cell, *, socket_fd: int) -> None:
    """Give up everything but the socket; whoever returns from here can do no harm to others."""
    keep_one_socket(socket_fd)
    # Before the user changes: a change into a user with too many processes bars exec, too.
    _limit(resource.RLIMIT_NPROC, 0)
    drop_root()
    _give_up_rights()
    limit_resources(cell.memory, cpu_s=cell.cpu_s)
    if cell.seccomp is not None:
        cell.seccomp.install()


def keep_one_socket(socket_fd: int) -> None:
    """Make the socket fd 0 and close everything else, stdout and stderr included."""
    os.dup2(socket_fd, 0, inheritable=True)
    os.closerange(1, MAX_DESCRIPTORS)


def worker_user() -> int:
    """The user that a worker forked from this process runs as."""
    return NOBODY if os.getuid() == 0 else os.getuid()


def drop_root() -> None:
    """Become nobody, in an empty root folder, where we are root; any other user stays who he is."""
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
    # Each is worth having by itself. AWS Lambda refuses prctl: there the limits are all there is.
    for give_up in (native.be_unreadable, native.gain_nothing_by_exec, native.die_with_parent):
        with contextlib.suppress(OSError):
            give_up()


def memory_now() -> Memory:
    """What this process has now; nothing where the kernel does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no pathlib in the worker
            pages = [int(each) for each in file.read().split()]
    except OSError:
        return Memory(0, 0)
    return Memory(pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize())


def limit_resources(memory: Memory, *, cpu_s: int) -> None:
    """The rlimit jail: no file, socket, pipe, process or thread can come to be, by any code."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CPU, cpu_s)
    if memory.address_bytes:
        _limit(resource.RLIMIT_AS, memory.address_bytes)
        # Memory that was reserved before the fork is in the address space already; that it is made
        # writable now is counted here alone. Linux looks only at steps that are shorter than the
        # address space that is left: native code can take a reserved range in one piece, and the
        # parent has to watch (`Memory.reserves`).
        _limit(resource.RLIMIT_DATA, memory.data_bytes)
    for name in _NEVER_NEEDED:
        if hasattr(resource, name):
            _limit(getattr(resource, name), 0)
    # The socket stays open at a limit below its number; and when the code closes it, no other
    # descriptor can take its place.
    _limit(resource.RLIMIT_NOFILE, 0)


# Locked memory, message queues, signals that wait, and any better place in the queue for a
# processor than the worker has now.
_NEVER_NEEDED: Final = (
    "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_SIGPENDING", "RLIMIT_NICE", "RLIMIT_RTPRIO",
)  # fmt: skip


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
