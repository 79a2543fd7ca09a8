"""Tries each forbidden act in a jailed child, and chooses the best layer that stops them all."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.jail import jail, native

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.jail.seccomp import Filter

_MEMORY_BYTES: Final = 256 << 20  # that the child may take: less than it tries to take
_GIGABYTE: Final = 1 << 30
_STEP_BYTES: Final = 64 << 20
# The marks of an act in the page that parent and child share: nobody has tried it yet; the layer
# stopped it; the child is at it, or has died of it; it succeeded.
_UNTRIED, _STOPPED, _TRYING, _GOT_THROUGH = range(4)
# Where the page says that the child is in its jail, and where the marks begin.
_ENTERED_AT, _ACTS_AT = 0, 1


def _open_file() -> None:
    os.close(os.open("/", os.O_RDONLY))


def _parent_environment() -> None:
    os.close(os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY))


def _socket() -> None:
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def _datagram_socket() -> None:
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def _pipe() -> None:
    for descriptor in os.pipe():
        os.close(descriptor)


def _memory_file() -> None:
    os.close(os.memfd_create("x"))


def _poller() -> None:
    import select

    select.epoll().close()


def _handle_of_parent() -> None:
    os.close(os.pidfd_open(os.getppid()))


def _watch_files() -> None:
    os.close(native.system_call("inotify_init1", 0))


def _ring() -> None:
    settings = ctypes.create_string_buffer(256)
    os.close(native.system_call("io_uring_setup", 1, settings))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _thread() -> None:
    import _thread

    _thread.start_new_thread(int, ())


def _run_program() -> None:
    os.posix_spawn("/bin/true", ["true"], {})


def _raise_limits() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.close(os.open("/", os.O_RDONLY))


def _much_memory() -> None:
    len(bytes(_GIGABYTE))


def _write_file() -> None:
    descriptor = os.open("/tmp", os.O_TMPFILE | os.O_RDWR)  # noqa: S108 - the point is that it fails
    try:
        os.write(descriptor, b"x")
    finally:
        os.close(descriptor)  # the next act needs the number


ACTS: Final[dict[str, Callable[[], None]]] = {
    "open a file": _open_file,
    "read the parent's environment": _parent_environment,
    "write a file": _write_file,
    "make a socket": _socket,
    "make a datagram socket": _datagram_socket,
    "make a pipe": _pipe,
    "make a file in memory": _memory_file,
    "make a poller": _poller,
    "get a handle of its parent": _handle_of_parent,
    "watch files": _watch_files,
    "make an io_uring": _ring,
    "fork": _fork,
    "start a thread": _thread,
    "start a program": _run_program,
    "raise its own limits": _raise_limits,
    "take a gigabyte": _much_memory,
}
"""What no worker may be able to do, even after it has closed its socket. A level at which one of
these succeeds is not used."""

if sys.platform != "linux":
    # Other systems have no RLIMIT_AS, and the parent measures a worker's memory instead. The other
    # acts exist on Linux only.
    for _act in (
        "read the parent's environment", "write a file", "take a gigabyte", "make a file in memory",
        "make a poller", "get a handle of its parent", "watch files", "make an io_uring",
    ):  # fmt: skip
        del ACTS[_act]


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _parent_memory() -> None:
    own = ctypes.create_string_buffer(8)
    span = (ctypes.c_void_p * 2)(ctypes.addressof(own), 8)
    native.system_call("process_vm_readv", os.getppid(), span, 1, span, 1, 0)


def _shared_memory() -> None:
    native.library("shmctl", native.library("shmget", 0, 4096, 0o1600), 0, None)


def _name_a_file() -> None:
    os.stat("/proc/1")  # noqa: PTH116 - pathlib is not loaded


def _reserved() -> int | None:
    """The address of a reserved gigabyte; None if the kernel has no room for it."""
    try:
        return native.reserve(_GIGABYTE)
    except OSError:
        return None


def _grow(address: int | None) -> None:
    if address is None:
        return  # this counts as success: a limit that cannot be tried is not relied on
    # Memory grows step by step, and so does this. Linux does not check RLIMIT_DATA for a step that
    # is longer than the rest of the address space (see `jail.limit_resources`).
    for offset in range(0, _GIGABYTE, _STEP_BYTES):
        native.make_writable(address + offset, _STEP_BYTES)


LEFT_OVER: Final[dict[str, Callable[[], None]]] = {
    "signal its parent": _signal_parent,
    "read its parent's memory": _parent_memory,
    "share memory with another process": _shared_memory,
    "ask for a file by its name": _name_a_file,
}
"""Acts that `rlimit` cannot stop on every machine. They rule out no level: `doctor` lists those
that succeed on this machine, and docs/explanation/threat-model.md says what that means."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the self-test found out about this machine."""

    # The level to use; `weak` if none holds and that is allowed, `none` if it is not.
    level: str
    # For `doctor`: the acts that succeeded at each level, and those of `LEFT_OVER` that succeed at
    # the level in use.
    report: dict[str, Any]
    # Whether the kernel limits how much of a reserved range is made writable.
    counts_growth: bool


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a child could do at one level."""

    escapes: list[str]  # the acts of `ACTS` that succeeded, in words
    left_over: list[str]  # the acts of `LEFT_OVER` that succeeded
    counts_growth: bool  # as in `Choice`


def choose(isolation: str, *, allow_weak: bool) -> Choice:
    """Try levels of isolation, the best one first, and choose the first that holds.

    Args:
        isolation: the only level to try; `auto` tries all.
        allow_weak: answer `weak` instead of `none` if no level holds.
    """
    levels: dict[str, list[str]] = {}
    report = {"machine": platform.machine(), "uid": os.getuid(), "levels": levels}
    for level in ("seccomp", "rlimit"):
        if isolation not in {"auto", level}:
            continue
        trial = _try(level)
        levels[level] = trial.escapes
        if not trial.escapes:
            report["left_over"] = trial.left_over
            return Choice(level, report, trial.counts_growth)
    return Choice("weak" if allow_weak else "none", report, counts_growth=False)


def _try(level: str) -> _Trial:
    try:
        seccomp = _seccomp() if level == "seccomp" else None
    except (KeyError, OSError, ImportError, AttributeError) as problem:
        return _Trial([f"not available here: {type(problem).__name__}"], [], counts_growth=False)
    # The child reports by a shared page, because it has closed its only descriptor.
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        pid = os.fork()
        if pid == 0:
            _try_all(seccomp, page)
        _, status = os.waitpid(pid, 0)
        marks = bytes(page)
    if not marks[_ENTERED_AT]:
        text = os.strerror(os.waitstatus_to_exitcode(status))
        return _Trial([f"not available here: {text}"], [], counts_growth=False)
    grown_at = _ACTS_AT + len(ACTS) + len(LEFT_OVER)
    escapes = _got_through(ACTS, marks[_ACTS_AT:])
    left_over = _got_through(LEFT_OVER, marks[_ACTS_AT + len(ACTS) :])
    if marks[grown_at] in {_UNTRIED, _TRYING}:
        escapes.append("the trial child did not finish")
    return _Trial(escapes, left_over, counts_growth=marks[grown_at] == _STOPPED)


def _got_through(acts: Mapping[str, Any], marks: bytes) -> list[str]:
    return [
        name for name, mark in zip(acts, marks, strict=False) if mark in {_TRYING, _GOT_THROUGH}
    ]


def _seccomp() -> Filter:
    from sandbox.jail import seccomp

    return seccomp.Filter(seccomp.worker_program(platform.machine()))


def _try_all(seccomp: Filter | None, page: mmap.mmap) -> None:
    """In the child: enter the jail, close the last descriptor, and try every act. Never returns."""
    code = 1
    try:
        address = _reserved()
        cell = jail.Cell(jail.memory_now().plus(_MEMORY_BYTES), 5, seccomp)
        jail.enter(cell, socket_fd=os.open(os.devnull, os.O_RDWR))
        os.close(0)
        page[_ENTERED_AT] = 1
        acts = [*ACTS.values(), *LEFT_OVER.values(), lambda: _grow(address)]
        for at, act in enumerate(acts, start=_ACTS_AT):
            page[at] = _TRYING
            page[at] = _GOT_THROUGH if _succeeds(act) else _STOPPED
    except OSError as problem:
        code = problem.errno or 1
    finally:
        os._exit(code)


def _succeeds(act: Callable[[], None]) -> bool:
    try:
        act()
    except (OSError, MemoryError, RuntimeError, ValueError, ImportError):
        return False
    return True
