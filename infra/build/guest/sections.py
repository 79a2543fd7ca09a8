"""The sections of a WebAssembly file, and the hash of those that hold code.

Two builds of one guest differ in the heap that they store, which is data; its code does not. So
the code is what can be compared with a lock.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"\0asm"
CORE: Final = 0  # the layer in the header: a core module, or a component that holds modules
COMPONENT: Final = 1
CODE: Final = 10  # ids of sections of a core module
DATA: Final = 11
ELF: Final = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
COMPILED: Final = (b".text", b".wasmtime.engine")
NESTED: Final = (1, 4)  # ids of sections of a component that are a whole file: module, component


class NotWebAssembly(ValueError):
    """The bytes are not a module or a component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a core module: its id, and the path of section numbers that leads to it."""

    path: tuple[int, ...]
    id: int
    body: memoryview


def core_sections(wasm: bytes | memoryview, *, path: tuple[int, ...] = ()) -> Iterator[Section]:
    """Every section of every core module, in order of the file; raises NotWebAssembly."""
    view = memoryview(wasm)
    if view[:4] != MAGIC or len(view) < 8:
        raise NotWebAssembly("the file does not begin as WebAssembly does")
    layer = int.from_bytes(view[6:8], "little")
    place, number = 8, 0
    while place < len(view):
        kind = view[place]
        size, begin = _unsigned(view, place + 1)
        place = begin + size
        if place > len(view):
            raise NotWebAssembly(f"section {(*path, number)} is longer than the file")
        if layer == CORE:
            yield Section(path=(*path, number), id=kind, body=view[begin:place])
        elif kind in NESTED:
            yield from core_sections(view[begin:place], path=(*path, number))
        number += 1


def code_hash(wasm: bytes) -> str:
    """SHA-256 over the code sections of all modules, with where each stands and how long it is."""
    digest = hashlib.sha256()
    for section in core_sections(wasm):
        if section.id == CODE:
            digest.update(f"{section.path}:{len(section.body)}\n".encode())
            digest.update(section.body)
    return digest.hexdigest()


def _unsigned(view: memoryview, place: int) -> tuple[int, int]:
    # LEB128: seven bits a byte, the lowest first; the high bit says that another follows.
    number = shift = 0
    while place < len(view) and shift < 35:
        byte = view[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
    raise NotWebAssembly("a length does not end")


def machine_code_hash(compiled: bytes) -> str:
    """SHA-256 of the machine code in what was compiled ahead of time, and of its settings.

    The file is an ELF file, for every machine. One section holds what it was compiled with; a
    library with other settings would refuse to load it.
    """
    view = memoryview(compiled)
    if view[:6] != ELF:
        raise NotWebAssembly("the file is no 64-bit ELF, as compiled guests are")
    by_name = dict(_elf_sections(view))
    digest = hashlib.sha256()
    for name in COMPILED:
        if name not in by_name:
            raise NotWebAssembly(f"the file has no section {name.decode()}")
        digest.update(by_name[name])
    return digest.hexdigest()


def _elf_sections(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    table, size = _number(view, 0x28, 8), _number(view, 0x3A, 2)
    places = range(table, table + size * _number(view, 0x3C, 2), size)
    headers = [view[place : place + size] for place in places]
    names = bytes(_content(view, headers[_number(view, 0x3E, 2)]))
    for header in headers:
        begin = _number(header, 0, 4)
        yield names[begin : names.index(b"\0", begin)], _content(view, header)


def _content(view: memoryview, header: memoryview) -> memoryview:
    begin = _number(header, 0x18, 8)
    return view[begin : begin + _number(header, 0x20, 8)]


def _number(view: memoryview, place: int, size: int) -> int:
    return int.from_bytes(view[place : place + size], "little")
