"""What a worker can leave in the kernel for a later one, where no filter refuses it; takes it away.

System V shared memory, message queues and semaphores, and keys in keyrings, need no descriptor and
outlive the process that made them. At isolation `seccomp` the calls are refused.
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
_BUFFER_BYTES: Final = 512  # more than any of the kernel's answers
_CREATOR: Final = 3  # struct ipc_perm: key, uid, gid, uid of the creator ...
_JOIN_SESSION_KEYRING, _CLEAR, _UNLINK, _READ, _GET_PERSISTENT = 1, 7, 9, 11, 22
_PROCESS_KEYRING, _USER_KEYRING, _USER_SESSION_KEYRING = -2, -4, -5
_MAX_KEYS: Final = 4096


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of System V object: its control call, and how that lists what there is.

    Attributes:
        control: the C library's function.
        places: arguments before the command; semaphores take one more.
        information: the command that counts the objects.
        status: the command that shows one by its index, whatever its permissions.
        used_at: where the answer to `information` has the count.
    """

    control: str
    places: int
    information: int
    status: int
    used_at: int


_KINDS: Final = (
    _Kind("shmctl", 1, 14, 15, 0), _Kind("msgctl", 1, 12, 13, 0), _Kind("semctl", 2, 19, 20, 7),
)  # fmt: skip


class Leftovers:
    """Takes from the kernel what each worker has left there; for the process that forks workers.

    Where this process may, it moves into a namespace of its own, so that no worker meets an object
    of another program. Where it may not, what its user's other programs make while a worker runs is
    taken for the worker's. `user` is whom workers run as.
    """

    def __init__(self, user: int) -> None:
        self._user = user
        with contextlib.suppress(OSError):  # as an ordinary user, and in AWS Lambda
            native.unshare(_CLONE_NEWIPC)
        self._before: set[tuple[str, int]] = set()

    def begin(self) -> None:
        """Before a fork: give the worker a session keyring of its own, and note what there is."""
        with contextlib.suppress(OSError):  # a kernel without keys, or a filter that refuses them
            native.system_call("keyctl", _JOIN_SESSION_KEYRING, 0)
        self._before = self._present()

    def remove(self) -> None:
        """After the worker's end: remove what has come since."""
        for control, number in self._present() - self._before:
            with contextlib.suppress(OSError):  # gone meanwhile
                _remove(control, number)

    def _present(self) -> set[tuple[str, int]]:
        objects = {(kind.control, each) for kind in _KINDS for each in _objects(kind, self._user)}
        # Workers under another user clear that user's keyrings themselves, see `forget_keys`.
        return objects | _keys() if self._user == os.getuid() else objects


def forget_keys() -> None:
    """In a worker that has just become another user: let nothing of an earlier one be found."""
    for ring in _rings():
        with contextlib.suppress(OSError):  # no keyring yet, no keys in this kernel, or refused
            native.system_call("keyctl", _CLEAR, ring)


def _rings() -> list[int]:
    """The keyrings of this process's user, which outlive the process."""
    rings = [_USER_KEYRING, _USER_SESSION_KEYRING]
    with contextlib.suppress(OSError):  # most kernels have no third one
        rings.append(native.system_call("keyctl", _GET_PERSISTENT, -1, _PROCESS_KEYRING))
    return rings


def _objects(kind: _Kind, user: int) -> list[int]:
    """The objects of this kind that the user has made."""
    buffer = ctypes.create_string_buffer(_BUFFER_BYTES)
    words = (ctypes.c_uint32 * (_BUFFER_BYTES // 4)).from_buffer(buffer)
    try:
        highest = _control(kind, 0, kind.information, buffer)
    except OSError:  # a kernel without them, or a filter that refuses them to workers as well
        return []
    if words[kind.used_at] == 0:
        return []
    made = []
    for index in range(highest + 1):
        with contextlib.suppress(OSError):  # nothing at this index
            number = _control(kind, index, kind.status, buffer)
            if words[_CREATOR] == user:
                made.append(number)
    return made


def _control(kind: _Kind, number: int, command: int, buffer: Any) -> int:
    padding = (0,) * (kind.places - 1)
    return native.library(kind.control, number, *padding, command, buffer)


def _keys() -> set[tuple[str, int]]:
    """What lies in the keyrings of this process's user."""
    found: set[tuple[str, int]] = set()
    for ring in _rings():
        buffer = (ctypes.c_int32 * _MAX_KEYS)()
        with contextlib.suppress(OSError):
            size = native.system_call("keyctl", _READ, ring, buffer, ctypes.sizeof(buffer))
            count = min(size // 4, _MAX_KEYS)
            found |= {("keyctl", key) for key in buffer[:count]}
    return found


def _remove(control: str, number: int) -> None:
    if control == "keyctl":
        for ring in _rings():
            with contextlib.suppress(OSError):  # it lies in one of them
                native.system_call("keyctl", _UNLINK, number, ring)
        return
    (kind,) = (each for each in _KINDS if each.control == control)
    _control(kind, number, _IPC_RMID, None)
