"""Coverage-guided fuzzing of the frame decoder: `make fuzz` (Linux, where atheris installs).

    python tests/sandbox/fuzz_wire.py [libFuzzer options]     in the environment of the fuzzer

Whatever a worker sends, the parent gets plain, bounded JSON or `ProtocolBroken`; any other
exception is a finding, and the fuzzer stops with the bytes that made it.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["sandbox.wire", "json"]):
    from sandbox import wire

MAX_BYTES = 4096


def one_input(data: bytes) -> None:
    """Feed the bytes as they are, and as the body of a well-formed frame, cut in two."""
    _drain(data, cut=len(data))
    _drain(wire.HEADER.pack(len(data)) + data, cut=len(data) // 2)


def _drain(data: bytes, *, cut: int) -> None:
    buffer = wire.FrameBuffer(MAX_BYTES)
    try:
        for piece in (data[:cut], data[cut:]):
            buffer.feed(piece)
            while (message := buffer.pop()) is not None:
                wire.check_plain(message, envelope=wire.ENVELOPE)
                wire.write(message)
    except wire.ProtocolBroken:
        return


def main() -> None:
    """Fuzz until the options say stop."""
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
