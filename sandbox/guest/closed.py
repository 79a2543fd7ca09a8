"""Makes functions of the standard library that cannot work here fail with useful messages.

None of this is needed for safety. The component imports no files, sockets or processes, so a call
that got past these functions would end the worker. They are here to tell people what to write
instead.
"""

from __future__ import annotations

import _io
import builtins
import errno
import io
import os
import posix
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn

from . import bridge
from .places import put

if TYPE_CHECKING:
    from collections.abc import Callable

_READ: Final = "there are no files here: take data from the event, or fetch it with context.http"
_WRITE: Final = "there are no files here: build text in io.StringIO, bytes in io.BytesIO"
_PROCESSES: Final = "there are no other processes here"
_SOCKETS: Final = "there are no sockets here: use requests, urllib.request or context.http"
_THREADS: Final = (
    "there are no threads here: call one after another, or use asyncio; a ThreadPoolExecutor"
    " runs each call as it is submitted"
)
_NOBODY: Final = "this would wait for ever: there are no threads that could wake it"
_READERS: Final = "stat lstat listdir scandir readlink chdir open statvfs"
_WRITERS: Final = (
    "mkdir makedirs rmdir remove unlink rename replace link symlink truncate chmod chown utime"
    " mkfifo mknod removedirs renames"
)
_SPAWNERS: Final = (
    "fork forkpty system popen kill killpg execv execve execl execle execlp execlpe execvp execvpe"
    " spawnl spawnle spawnv spawnve posix_spawn posix_spawnp wait waitpid"
)
_RESOLVERS: Final = (
    "getaddrinfo gethostbyname gethostbyname_ex gethostbyaddr getnameinfo create_connection"
    " create_server socketpair fromfd"
)


def install() -> None:
    """Replace the functions that cannot work."""
    for names, make in ((_READERS, _no_file), (_WRITERS, _no_writing), (_SPAWNERS, _no_process)):
        for name in names.split():
            for module in (os, posix):
                put(module, **{name: make(name)})
    for holder in (builtins, io, _io):
        put(holder, open=no_open)
    put(io, open_code=_no_file("open_code"), FileIO=_NoFileIO)
    put(_io, FileIO=_NoFileIO)
    put(tempfile, _get_default_tempdir=_no_tempdir, tempdir=None)
    put(subprocess.Popen, __init__=_no_process("Popen"))
    put(threading.Thread, start=_no_thread)
    put(threading.Condition, wait=_wait)
    put(sqlite3, connect=_connect)
    put(sqlite3.dbapi2, connect=_connect)
    put(sys, breakpointhook=_no_debugger)
    for name in _RESOLVERS.split():
        put(socket, **{name: _no_socket(name)})
    put(socket.socket, __init__=_no_socket("socket"))
    put(socket, gethostname=lambda: "localhost")
    put(select, select=_no_socket("select"), poll=_no_socket("poll"))


def _refusal(name: str, error: Callable[[], Exception]) -> Callable[..., NoReturn]:
    def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
        raise error()

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _no_process(name: str) -> Callable[..., NoReturn]:
    return _refusal(name, lambda: OSError(errno.ENOTSUP, _PROCESSES))


def _no_socket(name: str) -> Callable[..., NoReturn]:
    return _refusal(name, lambda: OSError(errno.ENOTSUP, _SOCKETS))


def _no_file(name: str) -> Callable[..., NoReturn]:
    def refuse(path: Any = ".", *_arguments: Any, **_options: Any) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, _READ, path)

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _no_writing(name: str) -> Callable[..., NoReturn]:
    def refuse(path: Any = ".", *_arguments: Any, **_options: Any) -> NoReturn:
        raise OSError(errno.EROFS, _WRITE, path)

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def no_open(file: Any, mode: str = "r", *_arguments: Any, **_options: Any) -> NoReturn:
    """`open`, which always fails: there are no files.

    Raises:
        OSError: the mode asks to write.
        FileNotFoundError: the mode asks to read.
    """
    if set(str(mode)) & set("wax+"):
        raise OSError(errno.EROFS, _WRITE, file)
    raise FileNotFoundError(errno.ENOENT, _READ, file)


no_open.__name__ = no_open.__qualname__ = "open"


class _NoFileIO(io.FileIO):
    def __init__(self, file: Any, mode: str = "r", *_arguments: Any, **_options: Any) -> None:
        no_open(file, mode)


def _no_tempdir() -> NoReturn:
    raise FileNotFoundError(errno.ENOENT, _WRITE)


def _no_thread(_thread: threading.Thread) -> NoReturn:
    raise RuntimeError(_THREADS)


def _no_debugger(*_arguments: Any, **_options: Any) -> NoReturn:
    raise RuntimeError("there is no terminal for a debugger: print() and logging go to the log")


def _wait(_condition: threading.Condition, timeout: float | None = None) -> bool:
    """`Condition.wait`, which events and queues use too. Nobody can notify, so it only sleeps.

    Raises:
        RuntimeError: there is no timeout, and the wait would never end.
    """
    if timeout is None:
        raise RuntimeError(_NOBODY)
    if timeout > 0:
        bridge.sleep(timeout)
    return False


_sqlite_connect = sqlite3.connect


def _connect(database: Any, *arguments: Any, **options: Any) -> Any:
    """`sqlite3.connect`, for databases in memory only; their temporary tables are there too."""
    name = os.fspath(database)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if name not in {":memory:", ""} and "mode=memory" not in name and ":memory:" not in name:
        text = (
            f"unable to open database file: there are no files here; use ':memory:', not {name!r}"
        )
        raise sqlite3.OperationalError(text)
    connection = _sqlite_connect(name or ":memory:", *arguments, **options)
    connection.execute("PRAGMA temp_store = MEMORY")
    # SQLite finds no source of randomness in this system. It would seed its numbers from the clock,
    # in seconds.
    connection.create_function("random", 0, _random_number)
    connection.create_function("randomblob", 1, _random_bytes)
    return connection


def _random_number() -> int:
    return int.from_bytes(os.urandom(8), signed=True)


def _random_bytes(count: Any) -> bytes:
    return os.urandom(max(int(count), 1))


_connect.__name__ = _connect.__qualname__ = "connect"
