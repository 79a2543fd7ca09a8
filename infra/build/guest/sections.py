"""Hashes the code in a guest's files.

Two builds of one guest differ in the heap that they store, which is data, but not in their code. So
their code can be compared with a lock. The formats are described in
https://webassembly.github.io/spec/core/binary/modules.html (modules),
https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md (components) and
https://man7.org/linux/man-pages/man5/elf.5.html (machine code).
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WASM: Final = b"\0asm"
HEADER_BYTES: Final = 8  # the magic, the version and the layer
MODULE: Final = 0  # the layer of a module; a component has another
NESTED: Final = (1, 4)  # ids of a component's sections that hold a whole module or component
CODE: Final = 10  # id of the section with a module's code
MAX_LENGTH_BYTES: Final = 5  # of a number of 32 bits, seven to a byte
ELF: Final = b"\x7fELF\x02\x01"  # how an ELF file of 64 bits, with the lowest byte first, begins
COMPILED: Final = (b".text", b".wasmtime.engine", b".symtab", b".strtab")
FUNCTION: Final = 2  # the kind of a symbol that is a function: STT_FUNC
PUTS_HEAP: Final = b"module_start["  # how the names of functions begin that load the heap


class Unreadable(ValueError):
    """The file is neither WebAssembly nor compiled from it; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a module."""

    path: tuple[int, ...]  # its number in its module, after those of the sections around it
    id: int
    body: memoryview


def module_sections(wasm: bytes | memoryview, *, path: tuple[int, ...] = ()) -> Iterator[Section]:
    """Every section of every module in the file, in order.

    Args:
        wasm: the bytes of a module or a component.
        path: the numbers of the sections that hold these bytes; empty for a whole file.

    Raises:
        Unreadable: the file is no WebAssembly, or a section is longer than the file.
    """
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
    """SHA-256 of the code sections of all modules, each with its path and its length."""
    digest = hashlib.sha256()
    for section in module_sections(wasm):
        if section.id == CODE:
            digest.update(f"{section.path}:{len(section.body)}\n".encode())
            digest.update(section.body)
    return digest.hexdigest()


def machine_code_hash(machine_code: bytes) -> str:
    """SHA-256 of the functions in the compiled machine code, and of the compiler's settings.

    The machine code is an ELF file on every machine. One section holds the settings that it was
    compiled with; a library with other settings refuses to load it. The hash leaves out the
    functions that the compiler adds to put the heap into memory, because they contain the addresses
    and lengths of the heap's parts, which differ from build to build.

    Raises:
        Unreadable: the file is no such ELF file.
    """
    view = memoryview(machine_code)
    if not machine_code.startswith(ELF):
        raise Unreadable("the file is no 64-bit ELF, as compiled guests are")
    by_name = dict(_elf_sections(view))
    if missing_sections := [name.decode() for name in COMPILED if name not in by_name]:
        raise Unreadable(f"the file has no section {missing_sections[0]}")
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
    # LEB128: seven bits in each byte, the lowest first. The highest bit says that a byte follows.
    # https://webassembly.github.io/spec/core/binary/values.html#integers
    number = 0
    for index, byte in enumerate(view[place : place + MAX_LENGTH_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return number, place + index + 1
    raise Unreadable("a length does not end")
