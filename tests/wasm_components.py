"""Components of a few lines, in WebAssembly's text, for what CPython is too large to show."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.engines.wasm import binding
from sandbox.engines.wasm.values import Bytes

if TYPE_CHECKING:
    from sandbox.engines.wasm.artefact import Artefact

ECHO = """
    (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $size))
    (i32.const 16)"""
NOTHING = """
    (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 0))
    (i32.const 16)"""
_MEMORY = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'


class Recorder:
    """A parent that keeps what it is sent, and answers each call with its own frame."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        """Keep the frame."""
        self.frames.append(frame)

    def call(self, frame: bytes) -> bytes:
        """Keep the frame, and answer with it."""
        self.frames.append(frame)
        return frame


@dataclass(frozen=True, slots=True)
class Import:
    """A function of the host.

    Attributes:
        name: as the component names it.
        kind: its type in the component model.
        core: its type once lowered.
        interface: where it is; empty for the world itself.
        types: what the interface declares before the function.
    """

    name: str
    kind: str
    core: str
    interface: str = ""
    types: str = ""

    @property
    def declared(self) -> str:
        """Its import, and the core function that it is lowered to."""
        if not self.interface:
            return f"""
  (import "{self.name}" (func ${self.name} {self.kind}))
  (core func ${self.name} (canon lower (func ${self.name}) {_MEMORY}))"""
        return f"""
  (import "{self.interface}" (instance ${self.name} {self.types}
    (export "{self.name}" (func {self.kind}))))
  (core func ${self.name} (canon lower (func ${self.name} "{self.name}") {_MEMORY}))"""


@dataclass(frozen=True, slots=True)
class Component:
    """A component whose `take` has this body, with `$at` and `$size` of its frame."""

    take: str
    imports: tuple[Import, ...] = ()
    more: str = ""
    export: str = "take"
    result: str = field(default="string")

    @property
    def text(self) -> str:
        """The component as text."""
        used = "".join(
            f'\n    (import "host" "{i.name}" (func ${i.name} {i.core}))' for i in self.imports
        )
        given = " ".join(f'(export "{i.name}" (func ${i.name}))' for i in self.imports)
        return f"""(component
  (core module $libc
    (memory (export "memory") 2)
    (global $slot (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $slot (i32.and (i32.add (global.get $slot) (i32.const 1024)) (i32.const 0x3fff)))
      (i32.add (global.get $slot) (i32.const 4096))))
  (core instance $libc (instantiate $libc)){"".join(i.declared for i in self.imports)}
  (core module $main
    (import "libc" "memory" (memory 2)){used}
    {self.more}
    (func $take (export "take") (param $at i32) (param $size i32) (result i32) {self.take}))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc)) (with "host" (instance {given}))))
  (func (export "{self.export}") (param "frame" string) (result {self.result})
    (canon lift (core func $main "take") {_MEMORY})))"""


def compiled(component: Component, folder: Path, *, files: Artefact) -> Path:
    """The component's machine code for this machine, in a file of this folder."""
    library = binding.Library(files.library)
    translate = library.c.wasmtime_wat2wasm
    translate.restype = ctypes.c_void_p
    translate.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)
    text, code = component.text.encode(), Bytes()
    library.check(translate(text, len(text), ctypes.addressof(code)))
    wasm, cwasm = folder / "component.wasm", folder / "component.cwasm"
    wasm.write_bytes(ctypes.string_at(code.data, code.size))
    library.c.wasm_byte_vec_delete(ctypes.addressof(code))
    binding.compile_component(wasm, cwasm, library=Path(files.library), target=None)
    return cwasm
