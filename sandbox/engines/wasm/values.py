"""The component model's values as they lie in memory, and host functions made from Python ones.

A host function writes its result into memory that the library has given, and will free.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ERROR_TEXT_BYTES: Final = 8192
# Octets in one answer. Each takes 32 bytes here. The guest's C library asks for 256 at a time.
MAX_OCTETS: Final = 1 << 16
_NANOSECONDS: Final = 1_000_000_000

HostFunction = ctypes.CFUNCTYPE(
    ctypes.c_void_p,  # answers an error's address, or None
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
    """`wasmtime_component_val_t`, with its union as three words.

    For text and lists, `first` is the size and `second` the address.
    """

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
    """A value that is text, in memory that belongs to Python."""

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
    """Makes host functions from Python functions. If one raises, the guest traps.

    Args:
        c: the loaded library.
    """

    def __init__(self, c: Any) -> None:
        self._c = c

    def takes_text(self, function: Callable[[bytes], None]) -> Any:
        """A host function of type `func(string)`."""
        string_at, from_address, error_of = ctypes.string_at, Value.from_address, self._error_of

        def run(_data: int, _c: int, _t: int, arguments: int, _n: int, _r: int, _m: int) -> Any:
            try:
                text = from_address(arguments)
                function(string_at(text.second, text.first))
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return error_of(problem)
            return None

        return HostFunction(run)

    def answers_text(self, function: Callable[[bytes], bytes]) -> Any:
        """A host function of type `func(string) -> string`."""
        string_at, from_address, error_of = ctypes.string_at, Value.from_address, self._error_of
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
                return error_of(problem)
            return None

        return HostFunction(run)

    def answers_number(self, function: Callable[[], int]) -> Any:
        """A host function of type `func() -> u64`."""
        from_address, error_of, number = Value.from_address, self._error_of, Value.U64

        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                value = from_address(result)
                value.kind, value.first = number, function()
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return error_of(problem)
            return None

        return HostFunction(run)

    def answers_moment(self, function: Callable[[], int]) -> Any:
        """A host function of type `func() -> record {seconds: u64, nanoseconds: u32}`.

        `function` gives the moment in nanoseconds.
        """
        fields = (_Field * 2)(
            _Field(len(b"seconds"), b"seconds", Value(kind=Value.U64)),
            _Field(len(b"nanoseconds"), b"nanoseconds", Value(kind=Value.U32)),
        )
        record = Value(kind=Value.RECORD, first=len(fields), second=ctypes.addressof(fields))
        # Each call fills this record in and copies it; `run` refers to it, which keeps it alive.
        pattern, seconds, nanoseconds = ctypes.byref(record), fields[0].value, fields[1].value
        clone, error_of = self._c.wasmtime_component_val_clone, self._error_of

        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                seconds.first, nanoseconds.first = divmod(function(), _NANOSECONDS)
                clone(pattern, result)
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return error_of(problem)
            return None

        return HostFunction(run)

    def answers_octets(self, function: Callable[[int], bytes]) -> Any:
        """A host function of type `func(u64) -> list<u8>`.

        `function` takes the number of octets to give.
        """

        def run(_data: int, _c: int, _t: int, arguments: int, _n: int, result: int, _m: int) -> Any:
            try:
                count = Value.from_address(arguments).first
                if count > MAX_OCTETS:
                    raise ValueError("too many octets at a time")  # noqa: TRY301
                octets = function(count)
                values = b"".join([_OCTETS[octet] for octet in octets])
                self._c.wasmtime_component_vallist_new_uninit(result + _UNION, len(octets))
                value = Value.from_address(result)
                value.kind = Value.LIST
                ctypes.memmove(value.second, values, len(values))
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return self._error_of(problem)
            return None

        return HostFunction(run)

    def answers_none(self) -> Any:
        """A host function of type `func() -> option<…>` that answers none."""
        return self._answers_empty(Value.OPTION)

    def answers_nothing(self) -> Any:
        """A host function of type `func() -> list<…>` that answers an empty list."""
        return self._answers_empty(Value.LIST)

    def _answers_empty(self, kind: int) -> Any:
        def run(_data: int, _c: int, _t: int, _a: int, _n: int, result: int, _m: int) -> Any:
            try:
                value = Value.from_address(result)
                value.kind, value.first, value.second = kind, 0, 0
            except BaseException as problem:  # noqa: BLE001 - nothing may pass through C
                return self._error_of(problem)
            return None

        return HostFunction(run)

    def _error_of(self, error: BaseException) -> Any:
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR_TEXT_BYTES]
        return self._c.wasmtime_error_new(text.replace("\0", "").encode("utf-8", "replace"))
