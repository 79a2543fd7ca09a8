"""Removes what a worker leaves in the kernel, so that no later worker finds it.

System V shared memory, message queues and semaphores, and keys in keyrings, need no descriptor and
outlive the process that made them. This is for isolation `rlimit`: at `seccomp` the filter refuses
the calls that make them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from dataclasses import dataclass
from typing import Any, Final

from sandbox.jail import native

_CLONE_NEWIPC: Final = 0x08000000
_IPC_RMID: Final = 0
_BUFFER_BYTES: Final = 512  # longer than any of the kernel's answers to the calls below
# Where the creator's user id is in an answer, in words of 32 bits: `struct ipc_perm` begins with
# key, uid, gid, cuid. https://man7.org/linux/man-pages/man7/sysvipc.7.html
_CREATOR: Final = 3
_JOIN_SESSION_KEYRING, _CLEAR, _UNLINK, _READ, _GET_PERSISTENT = 1, 7, 9, 11, 22
_PROCESS_KEYRING, _USER_KEYRING, _USER_SESSION_KEYRING = -2, -4, -5
_MAX_KEYS: Final = 4096


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of System V object: its control function, and how that lists the objects."""

    control: str  # the name of the C library's function
    places: int  # how many arguments stand before the command; semaphores take one more
    information: int  # the number of the command that counts the objects, such as SHM_INFO
    # The number of the command that shows an object by its index, whatever the object's
    # permissions, such as SHM_STAT_ANY.
    status: int
    used_at: int  # where in the answer to `information` the count is, in words of 32 bits


_KINDS: Final = (
    _Kind("shmctl", 1, 14, 15, 0), _Kind("msgctl", 1, 12, 13, 0), _Kind("semctl", 2, 19, 20, 7),
)  # fmt: skip


class Leftovers:
    """Removes from the kernel what each worker left there. The process that forks workers uses it.

    If it may, this process moves into an IPC namespace of its own, so that workers never meet an
    object of another program. If it may not, an object that another program of the same user makes
    while a worker runs counts as the worker's, and is removed.

    Args:
        user: the id of the user that workers run as.
    """

    def __init__(self, user: int) -> None:
        self._user = user
        with contextlib.suppress(OSError):  # refused to ordinary users, and in AWS Lambda
            native.unshare(_CLONE_NEWIPC)
        self._before: set[tuple[str, int]] = set()

    def begin(self) -> None:
        """Call before a fork: makes a new session keyring, and notes which objects exist."""
        with contextlib.suppress(OSError):  # a kernel without keys, or a filter that refuses them
            native.system_call("keyctl", _JOIN_SESSION_KEYRING, 0)
        self._before = self._present()

    def remove(self) -> None:
        """Call after the worker's end: removes every object that was made since `begin`."""
        for control, number in self._present() - self._before:
            with contextlib.suppress(OSError):  # somebody else has removed it
                _remove(control, number)

    def _present(self) -> set[tuple[str, int]]:
        objects = {(kind.control, each) for kind in _KINDS for each in _objects(kind, self._user)}
        # A worker that runs as another user empties that user's keyrings itself: `forget_keys`.
        return objects | _keys() if self._user == os.getuid() else objects


def forget_keys() -> None:
    """Empty the keyrings of this process's user, so that it finds no keys of an earlier worker.

    A worker calls this after it has become another user.
    """
    for ring in _rings():
        with contextlib.suppress(OSError):  # there is no such keyring, or the kernel refuses
            native.system_call("keyctl", _CLEAR, ring)


def _rings() -> list[int]:
    """The ids of this user's keyrings, which outlive the process.

    https://man7.org/linux/man-pages/man7/keyrings.7.html
    """
    rings = [_USER_KEYRING, _USER_SESSION_KEYRING]
    with contextlib.suppress(OSError):  # most kernels have no persistent keyring
        rings.append(native.system_call("keyctl", _GET_PERSISTENT, -1, _PROCESS_KEYRING))
    return rings


def _objects(kind: _Kind, user: int) -> list[int]:
    """The ids of the objects of this kind that this user has made."""
    buffer = ctypes.create_string_buffer(_BUFFER_BYTES)
    words = (ctypes.c_uint32 * (_BUFFER_BYTES // 4)).from_buffer(buffer)
    try:
        highest = _control(kind, 0, kind.information, buffer)
    except OSError:  # the kernel has no such objects, or a filter refuses them to workers as well
        return []
    if words[kind.used_at] == 0:
        return []
    numbers = []
    for index in range(highest + 1):
        with contextlib.suppress(OSError):  # there is no object at this index
            number = _control(kind, index, kind.status, buffer)
            if words[_CREATOR] == user:
                numbers.append(number)
    return numbers


def _control(kind: _Kind, number: int, command: int, buffer: Any) -> int:
    padding = (0,) * (kind.places - 1)
    return native.library(kind.control, number, *padding, command, buffer)


def _keys() -> set[tuple[str, int]]:
    """The keys in the keyrings of this process's user, as ("keyctl", id)."""
    keys: set[tuple[str, int]] = set()
    for ring in _rings():
        buffer = (ctypes.c_int32 * _MAX_KEYS)()
        with contextlib.suppress(OSError):
            size = native.system_call("keyctl", _READ, ring, buffer, ctypes.sizeof(buffer))
            count = min(size // 4, _MAX_KEYS)
            keys |= {("keyctl", key) for key in buffer[:count]}
    return keys


def _remove(control: str, number: int) -> None:
    if control == "keyctl":
        for ring in _rings():
            with contextlib.suppress(OSError):  # the key is in another of the keyrings
                native.system_call("keyctl", _UNLINK, number, ring)
        return
    (kind,) = (each for each in _KINDS if each.control == control)
    _control(kind, number, _IPC_RMID, None)
