"""A seccomp filter that allows a short list of system calls; all others fail with EPERM.

It is written with ctypes alone, and has tables for x86_64 and aarch64.
https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import struct
from dataclasses import dataclass
from typing import Final

from sandbox.jail import native

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
# Instructions of classic BPF: load a word, jump if equal, if not less, if a bit is set, return.
_LD_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
# What the filter returns: kill the process, fail with the number below, allow the call.
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# Where `struct seccomp_data` has the call's number, the architecture and the arguments, in bytes.
_NR, _ARCH, _ARGS = 0, 4, 16
_X32_BIT: Final = 0x40000000  # set in the numbers of the x32 ABI, which no table lists
_PROT_EXEC: Final = 4


@dataclass(frozen=True, slots=True)
class Table:
    """The system calls that one architecture's filter allows."""

    audit: int  # the architecture's AUDIT_ARCH number
    numbers: dict[str, int]  # of each allowed call, by its name


_X86_64: Final = Table(
    audit=0xC000003E,
    numbers={
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10,
        "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "mremap": 25, "sched_yield": 24, "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60,
        "gettimeofday": 96, "getrusage": 98, "sigaltstack": 131, "time": 201, "futex": 202,
        "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
        "getrandom": 318, "rseq": 334, "restart_syscall": 219,
    },
)  # fmt: skip
_AARCH64: Final = Table(
    audit=0xC00000B7,
    numbers={
        "read": 63, "write": 64, "close": 57, "fstat": 80, "lseek": 62, "mmap": 222,
        "mprotect": 226, "munmap": 215, "brk": 214, "rt_sigaction": 134, "rt_sigprocmask": 135,
        "rt_sigreturn": 139, "mremap": 216, "sched_yield": 124, "madvise": 233, "nanosleep": 101,
        "getpid": 172, "exit": 93, "gettimeofday": 169, "getrusage": 165, "sigaltstack": 132,
        "futex": 98, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
        "exit_group": 94, "getrandom": 278, "rseq": 293, "restart_syscall": 128,
    },
)  # fmt: skip
TABLES: Final = {"x86_64": _X86_64, "aarch64": _AARCH64}

_Instruction = tuple[int, int, int, int]


def _load(offset: int) -> _Instruction:
    return (_LD_ABS, 0, 0, offset)


def _ret(value: int) -> _Instruction:
    return (_RET, 0, 0, value)


def _head(table: Table) -> list[_Instruction]:
    return [
        _load(_ARCH),
        (_JEQ, 1, 0, table.audit),
        _ret(_KILL),
        _load(_NR),
        (_JGE, 0, 1, _X32_BIT),
        _ret(_KILL),
    ]


def worker_program(machine: str) -> list[_Instruction]:
    """The filter for workers on this processor, as BPF instructions.

    It allows the calls of the processor's table, but no mapping with PROT_EXEC. Everything else
    fails with EPERM. A call from another architecture kills the process.

    Raises:
        KeyError: there is no table for this processor.
    """
    table = TABLES[machine]
    program = _head(table)
    for name, number in table.numbers.items():
        if name in {"mmap", "mprotect"}:
            # The third argument is the protection. PROT_EXEC is a bit of its lower 32.
            program += [
                (_JEQ, 0, 4, number),
                _load(_ARGS + 16),
                (_JSET, 0, 1, _PROT_EXEC),
                _ret(_ERRNO | errno.EPERM),
                _ret(_ALLOW),
            ]
        else:
            program += [(_JEQ, 0, 1, number), _ret(_ALLOW)]
    return [*program, _ret(_ERRNO | errno.EPERM)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """A filter in the form that the kernel takes, so that a worker only has to install it."""

    def __init__(self, program: list[_Instruction]) -> None:
        code = b"".join(struct.pack("=HBBI", *step) for step in program)
        self._buffer = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(program), ctypes.addressof(self._buffer))

    def install(self) -> None:
        """Install the filter in this process, for good.

        Raises:
            OSError: the kernel refuses.
        """
        native.gain_nothing_by_exec()
        native.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(self._program))
