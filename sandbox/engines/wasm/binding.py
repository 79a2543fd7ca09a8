"""A binding to libwasmtime's C API for components: one export, host functions, nothing else.

The whole of wasmtime's own Python package takes a tenth of a second to import and most of a host
call's time; the forty C functions that a worker needs are declared here. Every error of the
library is looked at, and every object that it gives away is freed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.wasm.values import MAX_ERROR_TEXT_BYTES, Bytes, Text, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Imports = Mapping[str, Mapping[str, Any]]
    """Host functions by interface, without its version, and by name; `""` is the world itself."""

MAX_STACK_BYTES: Final = 4 << 20
"""Of native stack for the guest, which is half of what a process has. A thousand calls of Python's
by way of C, as of `__getattr__`, take two: with less, what CPython would end with a RecursionError
that can be caught ends the worker."""
# Of stacks that are never made; the library wants them to be larger.
_ASYNC_STACK_BYTES: Final = 5 << 20
_STACK_OVERFLOW: Final = 0
_VERSIONS: Final = "0.2."  # of WASI: what these functions mean has not changed within it
_INSTANCE_WORDS: Final = 2  # the library's handles, as its caller keeps them
_FUNCTION_WORDS: Final = 4

_P, _Z, _BOOL, _TEXT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_bool, ctypes.c_char_p
_DECLARATIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "wasm_config_new": (_P, ()),
    "wasm_config_delete": (None, (_P,)),
    "wasm_engine_new_with_config": (_P, (_P,)),
    "wasm_engine_delete": (None, (_P,)),
    "wasm_byte_vec_new": (None, (_P, _Z, _TEXT)),
    "wasm_byte_vec_delete": (None, (_P,)),
    "wasmtime_config_parallel_compilation_set": (None, (_P, _BOOL)),
    "wasmtime_config_async_stack_size_set": (None, (_P, _Z)),
    "wasmtime_config_max_wasm_stack_set": (None, (_P, _Z)),
    "wasmtime_config_macos_use_mach_ports_set": (None, (_P, _BOOL)),
    "wasmtime_config_target_set": (_P, (_P, _TEXT)),
    "wasmtime_error_new": (_P, (_TEXT,)),
    "wasmtime_error_message": (None, (_P, _P)),
    "wasmtime_error_delete": (None, (_P,)),
    "wasmtime_trap_code": (_BOOL, (_P, _P)),
    "wasmtime_store_new": (_P, (_P, _P, _P)),
    "wasmtime_store_context": (_P, (_P,)),
    "wasmtime_store_limiter": (None, (_P, *(ctypes.c_int64,) * 5)),
    "wasmtime_store_delete": (None, (_P,)),
    "wasmtime_component_new": (_P, (_P, _TEXT, _Z, _P)),
    "wasmtime_component_serialize": (_P, (_P, _P)),
    "wasmtime_component_deserialize_file": (_P, (_P, _TEXT, _P)),
    "wasmtime_component_delete": (None, (_P,)),
    "wasmtime_component_type": (_P, (_P,)),
    "wasmtime_component_type_delete": (None, (_P,)),
    "wasmtime_component_type_import_count": (_Z, (_P, _P)),
    "wasmtime_component_type_import_nth": (_BOOL, (_P, _P, _Z, _P, _P, _P)),
    "wasmtime_component_extern_delete": (None, (_P,)),
    "wasmtime_component_linker_new": (_P, (_P,)),
    "wasmtime_component_linker_delete": (None, (_P,)),
    "wasmtime_component_linker_root": (_P, (_P,)),
    "wasmtime_component_linker_define_unknown_imports_as_traps": (_P, (_P, _P)),
    "wasmtime_component_linker_instantiate": (_P, (_P, _P, _P, _P)),
    "wasmtime_component_linker_instance_add_instance": (_P, (_P, _TEXT, _Z, _P)),
    "wasmtime_component_linker_instance_add_func": (_P, (_P, _TEXT, _Z, _P, _P, _P)),
    "wasmtime_component_linker_instance_delete": (None, (_P,)),
    "wasmtime_component_instance_get_export_index": (_P, (_P, _P, _P, _TEXT, _Z)),
    "wasmtime_component_instance_get_func": (_BOOL, (_P, _P, _P, _P)),
    "wasmtime_component_export_index_delete": (None, (_P,)),
    "wasmtime_component_func_call": (_P, (_P, _P, _P, _Z, _P, _Z)),
    "wasmtime_component_val_clone": (None, (_P, _P)),
    "wasmtime_component_val_delete": (None, (_P,)),
    "wasmtime_component_vallist_new_uninit": (None, (_P, _Z)),
}


class Refused(Exception):
    """The library would not load, link or compile what it was given; in its own words."""


class Trap(Exception):
    """The guest was stopped for good: it may not be called again. In the library's own words."""


class StackExhausted(Trap):
    """The guest called itself deeper than its stack is."""


class Library:
    """Libwasmtime, with the C functions that are used here; Refused when this is not it."""

    def __init__(self, path: str) -> None:
        try:
            # The lock of the interpreter is kept over each call: there are no other threads, and
            # giving it up and taking it back would cost as much as a short call.
            library = ctypes.PyDLL(path)
            for name, (result, arguments) in _DECLARATIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as problem:
            raise Refused(f"this is not the library of wasmtime: {problem}") from problem
        self.c: Any = library

    def check(self, error: int | None, kind: type[Exception] = Refused) -> None:
        """Raise what the library reports, and free its report."""
        if not error:
            return
        code = ctypes.c_uint8()
        # A component's call reports a trap as an error, for which there is no question about its
        # code; errors and traps are one structure with one field, so the question for a trap
        # answers. The self-test and the tests end a guest by its stack, and would notice.
        known = self.c.wasmtime_trap_code(error, ctypes.addressof(code))
        message = Bytes()
        self.c.wasmtime_error_message(error, ctypes.addressof(message))
        text = ctypes.string_at(message.data, min(message.size, MAX_ERROR_TEXT_BYTES))
        self.c.wasm_byte_vec_delete(ctypes.addressof(message))
        self.c.wasmtime_error_delete(error)
        if kind is Trap and known and code.value == _STACK_OVERFLOW:
            kind = StackExhausted
        raise kind(text.decode("utf-8", "replace"))

    def engine(self, *, target: str | None = None, parallel: bool = False) -> int:
        """A new engine with the settings that the artefacts are compiled and run with.

        No fuel and no epochs: the parent ends a worker by the wall clock, and both would cost a
        sixth of the guest's speed. Guard pages stay as they are by default: the four gigabytes of
        address space are reserved before the jail counts.
        """
        config = self.c.wasm_config_new()
        self.c.wasmtime_config_parallel_compilation_set(config, parallel)
        self.c.wasmtime_config_async_stack_size_set(config, _ASYNC_STACK_BYTES)
        self.c.wasmtime_config_max_wasm_stack_set(config, MAX_STACK_BYTES)
        if sys.platform == "darwin":
            # The thread that takes the exceptions of Mach does not live on in a forked child. (As
            # wasmtime's documentation has it: our tests have not been run on a Mac.)
            self.c.wasmtime_config_macos_use_mach_ports_set(config, False)  # noqa: FBT003 - C
        error = target and self.c.wasmtime_config_target_set(config, target.encode())
        if error:
            self.c.wasm_config_delete(config)
            self.check(error)
        engine: int = self.c.wasm_engine_new_with_config(config)
        return engine


def compile_component(wasm: Path, cwasm: Path, *, library: Path, target: str | None) -> None:
    """Compile a component to machine code of `target`, with the settings that a worker has.

    Args:
        wasm: the component.
        cwasm: where the machine code goes.
        library: libwasmtime of the same version as the one that is to load the file.
        target: such as `x86_64-unknown-linux-gnu`: without features of the CPU at hand, because
            the file runs on others. The library ends the process for a target that it was built
            without. None is this machine, with all its features.
    """
    wasmtime = Library(os.fspath(library))
    engine = wasmtime.engine(target=target, parallel=True)
    source = wasm.read_bytes()
    component, code = ctypes.c_void_p(), Bytes()
    out = ctypes.addressof(component)
    wasmtime.check(wasmtime.c.wasmtime_component_new(engine, source, len(source), out))
    where = ctypes.addressof(code)
    wasmtime.check(wasmtime.c.wasmtime_component_serialize(component, where))
    cwasm.write_bytes(ctypes.string_at(code.data, code.size))
    wasmtime.c.wasm_byte_vec_delete(where)
    wasmtime.c.wasmtime_component_delete(component)
    wasmtime.c.wasm_engine_delete(engine)


class Guest:
    """One instance of a component that exports `take(string) -> string`.

    Args:
        library: the library that runs it.
        cwasm: machine code that `compile_component` made. Loading it is running it.
        imports: all that the guest may reach; whatever else it imports is a trap.

    Raises:
        Refused: the file is not for this library or machine, or has not our export.
    """

    def __init__(self, library: Library, cwasm: str, *, imports: Imports) -> None:
        self._library = library
        self._imports = imports  # the library holds bare pointers to these
        self._engine = library.engine()
        self._store = library.c.wasmtime_store_new(self._engine, None, None)
        self._context = library.c.wasmtime_store_context(self._store)
        self._function = (ctypes.c_uint64 * _FUNCTION_WORDS)()
        self._argument, self._result = Text(kind=Value.STRING), Value()
        self._component = ctypes.c_void_p()
        path, where = os.fsencode(cwasm), ctypes.addressof(self._component)
        try:
            library.check(library.c.wasmtime_component_deserialize_file(self._engine, path, where))
            self._instantiate()
        except BaseException:
            self.close()
            raise
        self._take = self._bound_take()

    def take(self, frame: bytes) -> bytes:
        """What the guest answers to this ASCII text; Trap when it was stopped."""
        return self._take(frame)

    def limit_memory(self, max_bytes: int) -> None:
        """From now on the guest's memory may not grow beyond this; it sees a MemoryError."""
        self._library.c.wasmtime_store_limiter(self._store, max_bytes, -1, -1, -1, -1)

    def close(self) -> None:
        """Free the instance and its memory; it may not be used again."""
        self._library.c.wasmtime_store_delete(self._store)
        if self._component.value:
            self._library.c.wasmtime_component_delete(self._component)
        self._library.c.wasm_engine_delete(self._engine)

    def _bound_take(self) -> Callable[[bytes], bytes]:
        # Each event and each of its log lines passes here: all addresses are worked out once.
        call, delete = (
            self._library.c.wasmtime_component_func_call,
            self._library.c.wasmtime_component_val_delete,
        )
        check, string_at = self._library.check, ctypes.string_at
        argument, result = self._argument, self._result
        function, context = ctypes.addressof(self._function), self._context
        given, answered = ctypes.addressof(argument), ctypes.addressof(result)

        def take(frame: bytes) -> bytes:
            if not frame.isascii():  # the library ends the process for text that is not UTF-8
                raise ValueError("a frame for the guest is not ASCII")
            argument.size, argument.data = len(frame), frame
            result.kind = Value.BOOL
            error = call(function, context, given, 1, answered, 1)
            if error:
                check(error, Trap)
            if result.kind != Value.STRING:
                raise Refused("the component's export take does not answer with text")
            answer: bytes = string_at(result.second, result.first)
            delete(answered)
            return answer

        return take

    def _instantiate(self) -> None:
        c, check = self._library.c, self._library.check
        linker = c.wasmtime_component_linker_new(self._engine)
        try:
            self._define(linker)
            check(
                c.wasmtime_component_linker_define_unknown_imports_as_traps(linker, self._component)
            )
            instance = (ctypes.c_uint64 * _INSTANCE_WORDS)()
            where = ctypes.addressof(instance)
            check(
                c.wasmtime_component_linker_instantiate(
                    linker, self._context, self._component, where
                )
            )
        finally:
            c.wasmtime_component_linker_delete(linker)
        index = c.wasmtime_component_instance_get_export_index(
            where, self._context, None, b"take", len(b"take")
        )
        if not index:
            raise Refused("the component does not export take")
        function = ctypes.addressof(self._function)
        got = c.wasmtime_component_instance_get_func(where, self._context, index, function)
        c.wasmtime_component_export_index_delete(index)
        if not got:
            raise Refused("the component's export take is not a function")

    def _define(self, linker: int) -> None:
        """Give the linker our host functions, at the versions that the component asks for."""
        c, check = self._library.c, self._library.check
        root = c.wasmtime_component_linker_root(linker)
        try:
            self._add(root, self._imports[""])
            for name in self._import_names():
                interface, _, version = name.partition("@")
                if interface not in self._imports or not version.startswith(_VERSIONS):
                    continue
                nested = ctypes.c_void_p()
                encoded, where = name.encode(), ctypes.addressof(nested)
                check(
                    c.wasmtime_component_linker_instance_add_instance(
                        root, encoded, len(encoded), where
                    )
                )
                try:
                    self._add(nested, self._imports[interface])
                finally:
                    c.wasmtime_component_linker_instance_delete(nested)
        finally:
            c.wasmtime_component_linker_instance_delete(root)

    def _add(self, place: Any, functions: Mapping[str, Any]) -> None:
        for name, function in functions.items():
            encoded = name.encode()
            error = self._library.c.wasmtime_component_linker_instance_add_func(
                place, encoded, len(encoded), ctypes.cast(function, ctypes.c_void_p), None, None
            )
            self._library.check(error)

    def _import_names(self) -> list[str]:
        c = self._library.c
        kind = c.wasmtime_component_type(self._component)
        names = []
        for index in range(c.wasmtime_component_type_import_count(kind, self._engine)):
            name, size, item = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_void_p()
            out = [ctypes.addressof(each) for each in (name, size, item)]
            if c.wasmtime_component_type_import_nth(kind, self._engine, index, *out):
                names.append(ctypes.string_at(name.value or 0, size.value).decode())
                c.wasmtime_component_extern_delete(item)
        c.wasmtime_component_type_delete(kind)
        return names
