"""A binding to libwasmtime's C API for components: one export and host functions, nothing else.

wasmtime's own Python package takes a tenth of a second to import, and most of the time of a call to
the host. This module declares only the forty C functions that a worker needs. It checks every error
that the library gives, and frees every object that the library hands over.
https://docs.wasmtime.dev/c-api/
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
    """Host functions: by interface without its version (`""` is the world itself), then by name."""

MAX_STACK_BYTES: Final = 4 << 20
"""Native stack for the guest: half of what a process has. CPython raises a RecursionError, which
user code can catch, after a thousand calls. If they go by way of C, as those of `__getattr__` do,
they take 2 MB. With less stack than that, the worker would end before CPython could raise."""
# Size of stacks for asynchronous calls. None is ever made, but the library insists that they be
# larger than the guest's.
_ASYNC_STACK_BYTES: Final = 5 << 20
_STACK_OVERFLOW: Final = 0
_VERSIONS: Final = "0.2."  # of WASI; within 0.2 the functions' meaning has not changed
# Sizes of the library's handles, in words of 64 bits.
_INSTANCE_WORDS: Final = 2
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
    """The library cannot load, link or compile this. The message is the library's."""


class Trap(Exception):
    """The guest was stopped, and must not be called again. The message is the library's."""


class StackExhausted(Trap):
    """The guest's calls were nested too deeply for its stack."""


class Library:
    """Libwasmtime, with the C functions that are used here.

    Attributes:
        c: the loaded library.

    Raises:
        Refused: the file is not libwasmtime, or lacks one of the functions.
    """

    def __init__(self, path: str) -> None:
        try:
            # PyDLL keeps the interpreter's lock during each call. There are no other threads, and
            # to give the lock up and take it back would cost as much as a short call.
            library = ctypes.PyDLL(path)
            for name, (result, arguments) in _DECLARATIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as problem:
            raise Refused(f"this is not the library of wasmtime: {problem}") from problem
        self.c: Any = library

    def check(self, error: int | None, kind: type[Exception] = Refused) -> None:
        """Raise an exception for an error of the library, and free the error.

        Args:
            error: the address that a C function returned; None or 0 is no error.
            kind: the exception for it. If it is Trap and the stack was used up, StackExhausted is
                raised.
        """
        if not error:
            return
        code = ctypes.c_uint8()
        # A component's call reports a trap as an error, and the C API has no function that reads
        # the trap code of an error. In the library errors and traps are one structure with one
        # field, so `wasmtime_trap_code` works on both. If that changed, the self-test and the tests
        # would fail: they let a guest use up its stack.
        has_code = self.c.wasmtime_trap_code(error, ctypes.addressof(code))
        message = Bytes()
        self.c.wasmtime_error_message(error, ctypes.addressof(message))
        text = ctypes.string_at(message.data, min(message.size, MAX_ERROR_TEXT_BYTES))
        self.c.wasm_byte_vec_delete(ctypes.addressof(message))
        self.c.wasmtime_error_delete(error)
        if kind is Trap and has_code and code.value == _STACK_OVERFLOW:
            kind = StackExhausted
        raise kind(text.decode("utf-8", "replace"))

    def engine(self, *, target: str | None = None, parallel: bool = False) -> int:
        """A new engine, with the settings that the artefacts are compiled and run with.

        It counts neither fuel nor epochs: the parent stops a worker by the wall clock, and to count
        would make the guest a sixth slower. It keeps the default guard pages: their four gigabytes
        of address space are reserved before the jail measures what the process has.

        Args:
            target: the machine to compile for, as `compile_component` takes it.
            parallel: compile in several threads.

        Raises:
            Refused: the library cannot compile for that machine.
        """
        config = self.c.wasm_config_new()
        self.c.wasmtime_config_parallel_compilation_set(config, parallel)
        self.c.wasmtime_config_async_stack_size_set(config, _ASYNC_STACK_BYTES)
        self.c.wasmtime_config_max_wasm_stack_set(config, MAX_STACK_BYTES)
        if sys.platform == "darwin":
            # With Mach ports, a thread handles the guest's faults, and a forked child does not have
            # that thread. (This is from wasmtime's documentation; the tests have not been run on a
            # Mac.)
            self.c.wasmtime_config_macos_use_mach_ports_set(config, False)  # noqa: FBT003 - C
        error = target and self.c.wasmtime_config_target_set(config, target.encode())
        if error:
            self.c.wasm_config_delete(config)
            self.check(error)
        engine: int = self.c.wasm_engine_new_with_config(config)
        return engine


def compile_component(wasm: Path, cwasm: Path, *, library: Path, target: str | None) -> None:
    """Compile a component to machine code, with the settings that a worker has.

    Args:
        wasm: the component.
        cwasm: the file to write the machine code to.
        library: libwasmtime, in the same version as the one that will load the file.
        target: the machine to compile for, such as `x86_64-unknown-linux-gnu`. The code then uses
            no features that only this processor has, because it will run on others. The library
            ends the process if it was built without the target. None is this machine with all its
            features.

    Raises:
        Refused: the library cannot compile the component.
    """
    wasmtime = Library(os.fspath(library))
    engine = wasmtime.engine(target=target, parallel=True)
    source = wasm.read_bytes()
    component, code = ctypes.c_void_p(), Bytes()
    component_at = ctypes.addressof(component)
    wasmtime.check(wasmtime.c.wasmtime_component_new(engine, source, len(source), component_at))
    code_at = ctypes.addressof(code)
    wasmtime.check(wasmtime.c.wasmtime_component_serialize(component, code_at))
    cwasm.write_bytes(ctypes.string_at(code.data, code.size))
    wasmtime.c.wasm_byte_vec_delete(code_at)
    wasmtime.c.wasmtime_component_delete(component)
    wasmtime.c.wasm_engine_delete(engine)


class Guest:
    """One instance of a component that exports `take(string) -> string`.

    Args:
        library: the library that runs it.
        cwasm: path of machine code that `compile_component` made. To load it is to run it.
        imports: the host functions that the guest may call. A call of any other import is a trap.

    Raises:
        Refused: the file is not for this library or machine, or does not export `take`.
    """

    def __init__(self, library: Library, cwasm: str, *, imports: Imports) -> None:
        self._library = library
        self._imports = imports  # kept alive: the library only has pointers to these
        self._engine = library.engine()
        self._store = library.c.wasmtime_store_new(self._engine, None, None)
        self._context = library.c.wasmtime_store_context(self._store)
        self._function = (ctypes.c_uint64 * _FUNCTION_WORDS)()
        self._argument, self._result = Text(kind=Value.STRING), Value()
        self._component = ctypes.c_void_p()
        path, component_at = os.fsencode(cwasm), ctypes.addressof(self._component)
        try:
            library.check(
                library.c.wasmtime_component_deserialize_file(self._engine, path, component_at)
            )
            self._instantiate()
        except BaseException:
            self.close()
            raise
        self._take = self._bound_take()

    def take(self, frame: bytes) -> bytes:
        """The guest's answer to this frame, which must be ASCII.

        Raises:
            Trap: the guest was stopped.
            StackExhausted: it was stopped because it used up its stack.
        """
        return self._take(frame)

    def limit_memory(self, max_bytes: int) -> None:
        """Limit the guest's memory from now on. Beyond it, user code gets a MemoryError."""
        self._library.c.wasmtime_store_limiter(self._store, max_bytes, -1, -1, -1, -1)

    def close(self) -> None:
        """Free the instance and its memory. It must not be used after this."""
        self._library.c.wasmtime_store_delete(self._store)
        if self._component.value:
            self._library.c.wasmtime_component_delete(self._component)
        self._library.c.wasm_engine_delete(self._engine)

    def _bound_take(self) -> Callable[[bytes], bytes]:
        # Each event and each of its log lines comes through here, so addresses are computed once.
        call, delete = (
            self._library.c.wasmtime_component_func_call,
            self._library.c.wasmtime_component_val_delete,
        )
        check, string_at = self._library.check, ctypes.string_at
        argument, result = self._argument, self._result
        function, context = ctypes.addressof(self._function), self._context
        argument_at, result_at = ctypes.addressof(argument), ctypes.addressof(result)

        def take(frame: bytes) -> bytes:
            if not frame.isascii():  # if text is not UTF-8, the library ends the process
                raise ValueError("a frame for the guest is not ASCII")
            argument.size, argument.data = len(frame), frame
            result.kind = Value.BOOL
            error = call(function, context, argument_at, 1, result_at, 1)
            if error:
                check(error, Trap)
            if result.kind != Value.STRING:
                raise Refused("the component's export take does not answer with text")
            answer: bytes = string_at(result.second, result.first)
            delete(result_at)
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
            instance_at = ctypes.addressof(instance)
            check(
                c.wasmtime_component_linker_instantiate(
                    linker, self._context, self._component, instance_at
                )
            )
        finally:
            c.wasmtime_component_linker_delete(linker)
        index = c.wasmtime_component_instance_get_export_index(
            instance_at, self._context, None, b"take", len(b"take")
        )
        if not index:
            raise Refused("the component does not export take")
        function = ctypes.addressof(self._function)
        is_function = c.wasmtime_component_instance_get_func(
            instance_at, self._context, index, function
        )
        c.wasmtime_component_export_index_delete(index)
        if not is_function:
            raise Refused("the component's export take is not a function")

    def _define(self, linker: int) -> None:
        """Define the host functions in the linker, at the versions that the component imports."""
        c, check = self._library.c, self._library.check
        root = c.wasmtime_component_linker_root(linker)
        try:
            self._add(root, self._imports[""])
            for name in self._import_names():
                interface, _, version = name.partition("@")
                if interface not in self._imports or not version.startswith(_VERSIONS):
                    continue
                interface_linker = ctypes.c_void_p()
                name_bytes, linker_at = name.encode(), ctypes.addressof(interface_linker)
                check(
                    c.wasmtime_component_linker_instance_add_instance(
                        root, name_bytes, len(name_bytes), linker_at
                    )
                )
                try:
                    self._add(interface_linker, self._imports[interface])
                finally:
                    c.wasmtime_component_linker_instance_delete(interface_linker)
        finally:
            c.wasmtime_component_linker_instance_delete(root)

    def _add(self, place: Any, functions: Mapping[str, Any]) -> None:
        for name, function in functions.items():
            name_bytes = name.encode()
            error = self._library.c.wasmtime_component_linker_instance_add_func(
                place,
                name_bytes,
                len(name_bytes),
                ctypes.cast(function, ctypes.c_void_p),
                None,
                None,
            )
            self._library.check(error)

    def _import_names(self) -> list[str]:
        c = self._library.c
        kind = c.wasmtime_component_type(self._component)
        names = []
        for index in range(c.wasmtime_component_type_import_count(kind, self._engine)):
            name, size, external = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_void_p()
            result_at = [ctypes.addressof(each) for each in (name, size, external)]
            if c.wasmtime_component_type_import_nth(kind, self._engine, index, *result_at):
                names.append(ctypes.string_at(name.value or 0, size.value).decode())
                c.wasmtime_component_extern_delete(external)
        c.wasmtime_component_type_delete(kind)
        return names
