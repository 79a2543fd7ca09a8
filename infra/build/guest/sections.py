"""The parts of a guest's files that hold code, and their hashes.

Two builds of one guest differ in the heap that they store, which is data; their code does not. So
the code is what can be compared with a lock.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WASM: Final = b"\0asm"
HEADER_BYTES: Final = 8  # the magic, the version, and the layer: a module, or what holds modules
MODULE: Final = 0
NESTED: Final = (1, 4)  # ids of a component's sections that are a whole file: module, component
CODE: Final = 10  # id of a module's section with its code
MAX_LENGTH_BYTES: Final = 5  # of a number of 32 bits, seven to a byte
ELF: Final = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
COMPILED: Final = (b".text", b".wasmtime.engine", b".symtab", b".strtab")
FUNCTION: Final = 2  # kind of a symbol
PUTS_HEAP: Final = b"module_start["


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
    """SHA-256 of the functions in what was compiled ahead of time, and of its settings.

    That is an ELF file, for every machine. One section holds what it was compiled with: a library
    with other settings would refuse to load it. The functions that the compiler adds to put the
    heap into memory are left out: they hold where its parts lie and how long they are.
    """
    view = memoryview(compiled)
    if not compiled.startswith(ELF):
        raise Unreadable("the file is no 64-bit ELF, as compiled guests are")
    by_name = dict(_elf_sections(view))
    if missing := [name.decode() for name in COMPILED if name not in by_name]:
        raise Unreadable(f"the file has no section {missing[0]}")
    text, settings, symbols, names = (by_name[name] for name in COMPILED)
    digest = hashlib.sha256(settings)
    for name, begin, size in sorted(_functions(symbols, bytes(names))):
        if not name.startswith(PUTS_HEAP):
            digest.update(b"%s %d\n" % (name, size))
            digest.update(text[begin : begin + size])
    return digest.hexdigest()


def _functions(symbols: memoryview, names: bytes) -> Iterator[tuple[bytes, int, int]]:
    for name, info, _, _, begin, size in struct.iter_unpack("<IBBHQQ", symbols):
        if info & 0xF == FUNCTION:
            yield names[name : names.index(b"\0", name)], begin, size


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
    for index, byte in enumerate(view[place : place + MAX_LENGTH_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return number, place + index + 1
    raise Unreadable("a length does not end")
