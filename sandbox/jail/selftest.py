"""Tries each forbidden act in a throw-away child, and picks the best layer that stops them all."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING, Any

from sandbox.jail import jail

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.jail.seccomp import Filter

_MEMORY_BYTES = 256 << 20
_OUTPUT_MAX_BYTES = 4096


def _open_file() -> None:
    os.close(os.open("/", os.O_RDONLY))


def _parent_environment() -> None:
    os.close(os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY))


def _socket() -> None:
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def _pipe() -> None:
    os.pipe()


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
    len(bytes(1 << 30))


def _write_file() -> None:
    descriptor = os.open("/tmp", os.O_TMPFILE | os.O_RDWR)  # noqa: S108 - the point is that it fails
    os.write(descriptor, b"x")


ACTS: dict[str, Callable[[], None]] = {
    "open a file": _open_file,
    "read the parent's environment": _parent_environment,
    "write a file": _write_file,
    "make a socket": _socket,
    "make a pipe": _pipe,
    "fork": _fork,
    "start a thread": _thread,
    "start a program": _run_program,
    "raise its own limits": _raise_limits,
    "take a gigabyte": _much_memory,
}
if sys.platform != "linux":
    # Without RLIMIT_AS the parent watches a worker's memory instead.
    for _act in ("read the parent's environment", "write a file", "take a gigabyte"):
        del ACTS[_act]


def choose(wanted: str, *, allow_weak: bool) -> tuple[str, dict[str, Any]]:
    """The level to use (`none` when nothing holds) and what each level let through."""
    report: dict[str, Any] = {"machine": platform.machine(), "uid": os.getuid(), "levels": {}}
    for level in ("seccomp", "rlimit"):
        if wanted not in {"auto", level}:
            continue
        escaped = _escapes(level)
        report["levels"][level] = escaped
        if not escaped:
            return level, report
    return ("weak" if allow_weak else "none"), report


def _escapes(level: str) -> list[str]:
    """What a child could still do at this level; empty is good."""
    try:
        seccomp = _seccomp() if level == "seccomp" else None
    except (KeyError, OSError, ImportError, AttributeError) as error:
        return [f"not available here: {type(error).__name__}"]
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _try_all(level, seccomp, writer)
    os.close(writer)
    said = b""
    while len(said) < _OUTPUT_MAX_BYTES:
        data = os.read(reader, _OUTPUT_MAX_BYTES)
        if not data:
            break
        said += data
    os.close(reader)
    os.waitpid(pid, 0)
    lines = said.decode("utf-8", "replace").split("\n")
    if "end" not in lines:
        return [*[line for line in lines if line], "the trial child did not finish"]
    return [line for line in lines if line and line != "end"]


def _seccomp() -> Filter:
    from sandbox.jail import seccomp

    return seccomp.Filter(seccomp.worker_program(platform.machine()))


def _try_all(level: str, seccomp: Filter | None, writer: int) -> None:
    try:
        memory_bytes = jail.base_memory_bytes() + _MEMORY_BYTES if level else 0
        jail.enter(jail.Cell(memory_bytes, 5, seccomp), socket_fd=writer)
        for name, act in ACTS.items():
            if _succeeds(act):
                os.write(0, f"{name}\n".encode())
        os.write(0, b"end\n")
    except OSError as error:
        os.write(0, f"not available here: {error}\n".encode())
    finally:
        os._exit(0)


def _succeeds(act: Callable[[], None]) -> bool:
    try:
        act()
    except (OSError, MemoryError, RuntimeError, ValueError, ImportError):
        return False
    return True
