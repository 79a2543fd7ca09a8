"""The parts of a guest's files that hold code, and their hashes.

Two builds of one guest differ in the heap that they store, which is data; their code does not. So
the code is what can be compared with a lock.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WASM: Final = b"\0asm"
HEADER_BYTES: Final = 8  # the magic, the version, and the layer: a module, or what holds modules
MODULE: Final = 0
NESTED: Final = (1, 4)  # ids of a component's sections that are a whole file: module, component
CODE: Final = 10  # id of a module's section with its code
LENGTH_MAX_BYTES: Final = 5  # of a number of 32 bits, seven to a byte
ELF: Final = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
COMPILED: Final = (b".text", b".wasmtime.engine")


class Unreadable(ValueError):
    """The bytes are no WebAssembly, or not what it was compiled to; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a module: its id, and the numbers of the sections that lead to it."""

    path: tuple[int, ...]
    id: int
    body: memoryview


def module_sections(wasm: bytes | memoryview, *, path: tuple[int, ...] = ()) -> Iterator[Section]:
    """Every section of every module in the file, in its order; Unreadable when it is no such."""
    view = memoryview(wasm)
    if bytes(view[: len(WASM)]) != WASM or len(view) < HEADER_BYTES:
        raise Unreadable("the file does not begin as WebAssembly does")
    layer = _number(view, 6, 2)
    place, number = HEADER_BYTES, 0
    while place < len(view):
        kind = view[place]
        size, begin = _length(view, place + 1)
        place = begin + size
        if place > len(view):
            raise Unreadable(f"section {(*path, number)} is longer than the file")
        if layer == MODULE:
            yield Section(path=(*path, number), id=kind, body=view[begin:place])
        elif kind in NESTED:
            yield from module_sections(view[begin:place], path=(*path, number))
        number += 1


def code_hash(wasm: bytes) -> str:
    """SHA-256 over the code sections of all modules, with where each stands and how long it is."""
    digest = hashlib.sha256()
    for section in module_sections(wasm):
        if section.id == CODE:
            digest.update(f"{section.path}:{len(section.body)}\n".encode())
            digest.update(section.body)
    return digest.hexdigest()


def machine_code_hash(compiled: bytes) -> str:
    """SHA-256 of the machine code in what was compiled ahead of time, and of its settings.

    That is an ELF file, for every machine. One section holds what it was compiled with: a library
    with other settings would refuse to load it.
    """
    view = memoryview(compiled)
    if not compiled.startswith(ELF):
        raise Unreadable("the file is no 64-bit ELF, as compiled guests are")
    by_name = dict(_elf_sections(view))
    digest = hashlib.sha256()
    for name in COMPILED:
        if name not in by_name:
            raise Unreadable(f"the file has no section {name.decode()}")
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


def _length(view: memoryview, place: int) -> tuple[int, int]:
    # LEB128: seven bits a byte, the lowest first; the high bit says that another byte follows.
    number = 0
    for index, byte in enumerate(view[place : place + LENGTH_MAX_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return number, place + index + 1
    raise Unreadable("a length does not end")
