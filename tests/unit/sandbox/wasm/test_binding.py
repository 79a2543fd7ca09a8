"""The binding to libwasmtime: what it gives the guest, what it frees, and how it says no."""

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engines.wasm import binding
from sandbox.engines.wasm.artefact import Artefact
from tests.wasm_components import ECHO, NOTHING, Component, Import, Recorder

Make = Callable[[Component], binding.Guest]
SEND = Import("send", '(param "frame" string)', "(param i32 i32)")
CALL = Import("call", '(param "frame" string) (result string)', "(param i32 i32 i32)")
U64 = Import("get-random-u64", "(result u64)", "(result i64)", "wasi:random/random@0.2.9")
BYTES = Import(
    "get-random-bytes",
    '(param "len" u64) (result (list u8))',
    "(param i64 i32)",
    "wasi:random/random@0.2.0",
)
MOMENT = """(type $fields (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $moment (eq $fields)))"""
NOW = Import("now", "(result $moment)", "(param i32)", "wasi:clocks/wall-clock@0.2.6", MOMENT)


def test_the_guest_answers_what_it_is_given(guest_of: Make) -> None:
    """Empty text, and text of more than one page, pass both ways."""
    guest = guest_of(Component(ECHO))
    for frame in (b"", b"{}", b"x" * 60_000):
        assert guest.take(frame) == frame


def test_a_frame_that_is_not_ascii_never_reaches_the_library(guest_of: Make) -> None:
    """The library would end the whole process for text that is not UTF-8."""
    guest = guest_of(Component(ECHO))
    with pytest.raises(ValueError, match="not ASCII"):
        guest.take(b"\xff")
    assert guest.take(b"well") == b"well"


def test_a_trap_is_an_error_of_its_own(guest_of: Make) -> None:
    """Callers tell it from a stack that is used up by its type, not by its words."""
    guest = guest_of(Component("unreachable"))
    with pytest.raises(binding.Trap, match="unreachable") as caught:
        guest.take(b"{}")
    assert type(caught.value) is binding.Trap


def test_a_guest_that_calls_itself_for_ever_exhausts_its_stack(guest_of: Make) -> None:
    """This rests on how the library keeps its errors: see `Library.check`."""
    guest = guest_of(Component("(call $take (local.get $at) (local.get $size))"))
    with pytest.raises(binding.StackExhausted):
        guest.take(b"{}")


def test_a_guest_that_was_stopped_may_not_be_called_again(guest_of: Make) -> None:
    """Its memory may be half changed."""
    guest = guest_of(Component("unreachable"))
    for _ in range(2):
        with pytest.raises(binding.Trap):
            guest.take(b"{}")


def test_an_import_that_is_not_ours_is_a_trap(guest_of: Make) -> None:
    """Nothing has to be refused by name: what is not given is not there."""
    other = Import("other", "", "")
    guest = guest_of(Component(f"(call $other) {NOTHING}", (other,)))
    with pytest.raises(binding.Trap, match="other"):
        guest.take(b"{}")


def test_a_host_function_that_fails_is_a_trap(guest_of: Make) -> None:
    """An exception may not pass through C, and may not be lost either."""
    guest = guest_of(
        Component(f"(call $get-random-bytes (i64.const 65537) (i32.const 64)) {NOTHING}", (BYTES,))
    )
    with pytest.raises(binding.Trap, match="too many octets"):
        guest.take(b"{}")


def test_memory_grows_to_its_limit_and_no_further(guest_of: Make) -> None:
    """The limit may be changed while the guest lives: each job brings its own."""
    refused = "(i32.eq (memory.grow (i32.const 16)) (i32.const -1))"
    guest = guest_of(Component(f"(if (result i32) {refused} (then {NOTHING}) (else {ECHO}))"))
    guest.limit_memory((2 + 16) << 16)
    assert guest.take(b"more") == b"more"
    assert guest.take(b"more") == b""
    guest.limit_memory((2 + 32) << 16)
    assert guest.take(b"more") == b"more"


def test_a_component_without_our_export_is_refused(guest_of: Make) -> None:
    """It is some other program."""
    with pytest.raises(binding.Refused, match="does not export take"):
        guest_of(Component(ECHO, export="run"))


def test_a_component_whose_export_answers_something_else_is_refused(guest_of: Make) -> None:
    """Its answer would be read as an address."""
    guest = guest_of(Component(ECHO, result="(list u8)"))
    with pytest.raises(binding.Refused, match="does not answer with text"):
        guest.take(b"{}")


def test_a_file_that_is_not_machine_code_is_refused(files: Artefact, tmp_path: Path) -> None:
    """Only what `compile_component` wrote is loaded."""
    path = tmp_path / "guest.cwasm"
    path.write_bytes(b"\0asm" + bytes(100))
    with pytest.raises(binding.Refused):
        binding.Guest(binding.Library(files.library), str(path), imports={"": {}})


def test_a_library_of_something_else_is_refused(tmp_path: Path) -> None:
    """Neither a file that is no library nor a library that is not this one will do."""
    path = tmp_path / "libwasmtime.so"
    path.write_bytes(b"not a library")
    with pytest.raises(binding.Refused, match="not the library of wasmtime"):
        binding.Library(str(path))
    import _ctypes

    with pytest.raises(binding.Refused, match="not the library of wasmtime"):
        binding.Library(_ctypes.__file__)


def test_a_target_that_does_not_exist_is_refused(files: Artefact, tmp_path: Path) -> None:
    """In words, before anything is compiled."""
    wasm = tmp_path / "guest.wasm"
    wasm.write_bytes(b"\0asm")
    with pytest.raises(binding.Refused, match="abacus"):
        binding.compile_component(wasm, wasm, library=Path(files.library), target="abacus")


def test_a_hundred_thousand_calls_leave_nothing_behind(guest_of: Make, parent: Recorder) -> None:
    """Each call of the guest and of all kinds of host functions frees what it was given."""
    body = """
    (call $send (local.get $at) (local.get $size))
    (call $call (local.get $at) (local.get $size) (i32.const 64))
    (call $get-random-bytes (i64.const 16) (i32.const 64))
    (call $now (i32.const 128))"""
    guest = guest_of(Component(body + ECHO, (SEND, CALL, BYTES, NOW)))
    frame = b"x" * 200

    def calls(count: int) -> int:
        for _ in range(count):
            parent.frames.clear()
            assert guest.take(frame) == frame
        return _resident_bytes()

    before = calls(1_000)
    assert calls(100_000) - before < 1 << 20


def test_errors_are_freed_as_well(guest_of: Make) -> None:
    """A stopped guest that is called again makes an error each time."""
    guest = guest_of(Component("unreachable"))

    def errors(count: int) -> int:
        for _ in range(count):
            with pytest.raises(binding.Trap):
                guest.take(b"{}")
        return _resident_bytes()

    before = errors(1_000)
    assert errors(5_000) - before < 1 << 20


def _resident_bytes() -> int:
    with Path("/proc/self/statm").open("rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
