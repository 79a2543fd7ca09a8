"""What of a guest's files is code, and what may differ between two builds."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.build.guest.sections import (
    COMPILED,
    ELF,
    Unreadable,
    code_hash,
    machine_code_hash,
    module_sections,
)

MODULE = b"\0asm\x01\0\0\0"
COMPONENT = b"\0asm\x0d\0\x01\0"
CUSTOM, CODE, DATA = 0, 10, 11
NESTED_MODULE, NESTED_COMPONENT = 1, 4


def section(kind: int, body: bytes) -> bytes:
    """One section, its length as WebAssembly writes it."""
    size, length = len(body), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([kind, *length, size]) + body


def guest(*, code: bytes = b"code", data: bytes = b"data", nested: int = NESTED_MODULE) -> bytes:
    """A component with one module in it, as deep as componentize-py puts it."""
    module = MODULE + section(CODE, code) + section(DATA, data)
    inner = COMPONENT + section(CUSTOM, b"name") + section(nested, module)
    return COMPONENT + section(NESTED_COMPONENT, inner) + section(3, b"\0asm, but no file")


def elf(sections: dict[bytes, bytes]) -> bytes:
    """A file with these sections, as Wasmtime writes what it has compiled."""
    names, content, headers = b"\0" + b"\0".join([*sections, b".shstrtab", b""]), b"", []
    for name, body in {**sections, b".shstrtab": names}.items():
        headers.append((names.index(name + b"\0"), 64 + len(content), len(body)))
        content += body
    table = b"".join(
        place.to_bytes(4, "little")
        + bytes(20)
        + begin.to_bytes(8, "little")
        + size.to_bytes(8, "little")
        + bytes(24)
        for place, begin, size in headers
    )
    header = bytearray(64)
    header[: len(ELF)] = ELF
    header[0x28:0x30] = (64 + len(content)).to_bytes(8, "little")
    header[0x3A:0x3C] = (64).to_bytes(2, "little")
    header[0x3C:0x3E] = len(headers).to_bytes(2, "little")
    header[0x3E:0x40] = (len(headers) - 1).to_bytes(2, "little")
    return bytes(header) + content + table


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_hash_of_code_does_not_see_data(one: bytes, other: bytes) -> None:
    """The heap of a guest differs from build to build, and its length with it."""
    assert code_hash(guest(data=one)) == code_hash(guest(data=other))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_hash_of_code_sees_every_byte_of_code(one: bytes, other: bytes) -> None:
    """However deep the module is in the component."""
    assert (code_hash(guest(code=one)) == code_hash(guest(code=other))) is (one == other)


def test_the_hash_of_code_sees_a_module_that_is_added() -> None:
    """A component may hold many; one more is other code, even if it repeats one."""
    module = MODULE + section(CODE, b"more")
    assert code_hash(guest()) != code_hash(guest() + section(NESTED_MODULE, module))


def test_sections_are_named_by_where_they_stand() -> None:
    """Code that moved to another module is other code."""
    assert [(0, 1, 0), (0, 1, 1)] == [each.path for each in module_sections(guest())]


@pytest.mark.parametrize(
    "wasm",
    [b"", b"\0asm", b"\x7fELF" + bytes(20), guest()[:-1], MODULE + b"\x0a\xff\xff\xff\xff\xff\x0f"],
    ids=["empty", "cut in the header", "an ELF file", "cut in a section", "an endless length"],
)
def test_what_is_no_webassembly_is_refused(wasm: bytes) -> None:
    """A hash of something else would be compared with the lock all the same."""
    with pytest.raises(Unreadable):
        code_hash(wasm)


def compiled(
    functions: dict[bytes, bytes], *, settings: bytes = b"50.0.1", heap: bytes = b"heap"
) -> dict[bytes, bytes]:
    """The sections of a guest with these functions."""
    names, text, symbols = b"\0", b"", bytes(24)
    for name, code in functions.items():
        symbols += struct.pack("<IBBHQQ", len(names), 2, 0, 3, len(text), len(code))
        names, text = names + name + b"\0", text + code + b"\xcc"
    return {
        b".text": text,
        b".wasmtime.engine": settings,
        b".rodata.wasm": heap,
        b".symtab": symbols,
        b".strtab": names,
    }


def test_the_hash_of_machine_code_sees_every_function_and_the_settings() -> None:
    """A library with other settings would not load it."""
    functions = {b"f": b"mov", b"g": b"add"}
    others = [
        compiled({**functions, b"g": b"sub"}),
        compiled({**functions, b"h": b"add"}),
        compiled({b"f": b"add", b"g": b"mov"}),
        compiled({b"f": b"mov"}),
        compiled(functions, settings=b"49.0.0"),
    ]
    hashes = {machine_code_hash(elf(each)) for each in [compiled(functions), *others]}
    assert 1 + len(others) == len(hashes)


def test_the_hash_of_machine_code_does_not_see_the_heap_nor_what_puts_it_into_memory() -> None:
    """Both hold the length of the heap, which differs from build to build."""
    one = compiled({b"f": b"mov", b"module_start[0]::Wasm": b"copy 10"}, heap=bytes(10))
    other = compiled({b"f": b"mov", b"module_start[0]::Wasm": b"copy 1000"}, heap=bytes(1000))
    assert machine_code_hash(elf(one)) == machine_code_hash(elf(other))


@pytest.mark.parametrize("missing", COMPILED, ids=bytes.decode)
def test_a_file_without_machine_code_is_refused(missing: bytes) -> None:
    """It would have the hash of nothing, like every other such file."""
    sections = compiled({b"f": b"mov"})
    del sections[missing]
    with pytest.raises(Unreadable, match="has no section"):
        machine_code_hash(elf(sections))


def test_a_component_is_not_taken_for_machine_code() -> None:
    """Whoever mixes up the two files hears of it."""
    with pytest.raises(Unreadable, match="ELF"):
        machine_code_hash(guest())
