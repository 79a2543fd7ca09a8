"""A filter that refuses what AWS Lambda refuses: the rlimit level has to hold under it."""

import errno
from dataclasses import dataclass
from typing import Final

from sandbox.jail.seccomp import TABLES

_LOAD, _IS, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NR, _ARCH, _ARGS = 0, 4, 16
_X32_BIT = 0x40000000
_CLONE_NEW = 0x7E020000 | 0x00000080  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME}
CLONE3: Final = 435


@dataclass(frozen=True, slots=True)
class Refusals:
    """System call numbers of one architecture."""

    denied: dict[str, int]
    clone: int


_LANDLOCK = {
    "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
}  # fmt: skip
REFUSALS: Final = {
    "x86_64": Refusals(
        {
            "prctl": 157, "seccomp": 317, "ptrace": 101, "unshare": 272, "setns": 308,
            "mount": 165, "umount2": 166, "pivot_root": 155, **_LANDLOCK,
        },
        clone=56,
    ),
    "aarch64": Refusals(
        {
            "prctl": 167, "seccomp": 277, "ptrace": 117, "unshare": 97, "setns": 268,
            "mount": 40, "umount2": 39, "pivot_root": 41, **_LANDLOCK,
        },
        clone=220,
    ),
}  # fmt: skip


def lambda_program(machine: str) -> list[tuple[int, int, int, int]]:
    """The instructions for this architecture, for `sandbox.seccomp.Filter`."""
    refusals = REFUSALS[machine]
    program = [
        (_LOAD, 0, 0, _ARCH),
        (_IS, 1, 0, TABLES[machine].audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in refusals.denied.values():
        program += [(_IS, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    # glibc falls back from clone3, whose flags no filter can see, only on ENOSYS.
    program += [(_IS, 0, 1, CLONE3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program += [
        (_IS, 0, 4, refusals.clone),
        (_LOAD, 0, 0, _ARGS),
        (_HAS, 0, 1, _CLONE_NEW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return [*program, (_RETURN, 0, 0, _ALLOW)]
