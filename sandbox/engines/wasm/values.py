"""The values of the component model as they lie in memory, and host functions made of Python's.

A host function fills in its result with memory of the library, which the library frees.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ERROR_TEXT_BYTES: Final = 8192
# Each takes 32 bytes here; the guest's C library asks for 256 at a time.
MAX_OCTETS: Final = 1 << 16
_NANOSECONDS: Final = 1_000_000_000

HostFunction = ctypes.CFUNCTYPE(
    ctypes.c_void_p,  # an error, or none
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,  # arguments
    ctypes.c_size_t,
    ctypes.c_void_p,  # results
    ctypes.c_size_t,
)


class Bytes(ctypes.Structure):
    """`wasm_byte_vec_t`."""

    _fields_ = (("size", ctypes.c_size_t), ("data", ctypes.c_void_p))


class Value(ctypes.Structure):
    """`wasmtime_component_val_t`, its union as three words: text and lists are size, address."""

    BOOL: ClassVar = 0
    U8: ClassVar = 2
    U32: ClassVar = 6
    U64: ClassVar = 8
    STRING: ClassVar = 12
    LIST: ClassVar = 13
    RECORD: ClassVar = 14
    OPTION: ClassVar = 18
    _fields_ = (
        ("kind", ctypes.c_uint8),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
        ("third", ctypes.c_uint64),
    )


class Text(ctypes.Structure):
    """A value that is text, and borrows it from Python."""

    _fields_ = (
        ("kind", ctypes.c_uint8),
        ("size", ctypes.c_size_t),
        ("data", ctypes.c_char_p),
        ("third", ctypes.c_uint64),
    )


class _Field(ctypes.Structure):
    _fields_ = (("name_size", ctypes.c_size_t), ("name", ctypes.c_char_p), ("value", Value))


_UNION: Final = Value.first.offset
_OCTETS: Final = [bytes(Value(kind=Value.U8, first=octet)) for octet in range(256)]


class Adapters:
    """Makes host functions; an exception in one of them is a trap of the guest.

    Args:
        c: the C functions of the library.
    """

    def __init__(self, c: Any) -> None:
        self._c = c

    def takes_text(self, function: Callable[[bytes], None]) -> Any:
        """`func(string)`."""
        string_at, from_address, failed = ctypes.string_at, Value.from_address, self._failed

        def run(_data: int, _c: int, _t: int, arguments: int, _n: int, _r: int, _m: int) -> Any:
            try:
                text = from_address(arguments)
                function(string_at(text.second, text.first))
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return failed(problem)
            return None

        return HostFunction(run)

    def answers_text(self, function: Callable[[bytes], bytes]) -> Any:
        """`func(string) -> string`."""
        string_at, from_address, failed = ctypes.string_at, Value.from_address, self._failed
        copy, string = self._c.wasm_byte_vec_new, Value.STRING

        def run(_data: int, _c: int, _t: int, arguments: int, _n: int, result: int, _m: int) -> Any:
            try:
                text = from_address(arguments)
                answer = function(string_at(text.second, text.first))
                if not answer.isascii():
                    raise ValueError("an answer for the guest is not ASCII")  # noqa: TRY301
                copy(result + _UNION, len(answer), answer)
                from_address(result).kind = string
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return failed(problem)
            return None

        return HostFunction(run)

    def answers_number(self, function: Callable[[], int]) -> Any:
        """`func() -> u64`."""
        from_address, failed, number = Value.from_address, self._failed, Value.U64

        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                value = from_address(result)
                value.kind, value.first = number, function()
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return failed(problem)
            return None

        return HostFunction(run)

    def answers_moment(self, function: Callable[[], int]) -> Any:
        """`func() -> record {seconds: u64, nanoseconds: u32}`, from nanoseconds."""
        fields = (_Field * 2)(
            _Field(len(b"seconds"), b"seconds", Value(kind=Value.U64)),
            _Field(len(b"nanoseconds"), b"nanoseconds", Value(kind=Value.U32)),
        )
        record = Value(kind=Value.RECORD, first=len(fields), second=ctypes.addressof(fields))
        # Filled in and copied at each call; the reference and the views keep both alive.
        pattern, seconds, nanoseconds = ctypes.byref(record), fields[0].value, fields[1].value
        clone, failed = self._c.wasmtime_component_val_clone, self._failed

        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                seconds.first, nanoseconds.first = divmod(function(), _NANOSECONDS)
                clone(pattern, result)
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return failed(problem)
            return None

        return HostFunction(run)

    def answers_octets(self, function: Callable[[int], bytes]) -> Any:
        """`func(u64) -> list<u8>`: as many as asked for."""

        def run(_data: int, _c: int, _t: int, arguments: int, _n: int, result: int, _m: int) -> Any:
            try:
                count = Value.from_address(arguments).first
                if count > MAX_OCTETS:
                    raise ValueError("too many octets at a time")  # noqa: TRY301
                octets = function(count)
                packed = b"".join([_OCTETS[octet] for octet in octets])
                self._c.wasmtime_component_vallist_new_uninit(result + _UNION, len(octets))
                value = Value.from_address(result)
                value.kind = Value.LIST
                ctypes.memmove(value.second, packed, len(packed))
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return self._failed(problem)
            return None

        return HostFunction(run)

    def answers_none(self) -> Any:
        """`func() -> option<…>`: none."""
        return self._answers_empty(Value.OPTION)

    def answers_nothing(self) -> Any:
        """`func() -> list<…>`: of no length."""
        return self._answers_empty(Value.LIST)

    def _answers_empty(self, kind: int) -> Any:
        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                value = Value.from_address(result)
                value.kind, value.first, value.second = kind, 0, 0
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return self._failed(problem)
            return None

        return HostFunction(run)

    def _failed(self, error: BaseException) -> Any:
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR_TEXT_BYTES]
        return self._c.wasmtime_error_new(text.replace("\0", "").encode("utf-8", "replace"))
