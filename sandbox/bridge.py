"""The worker's only way out: one socket, one outstanding call."""

from __future__ import annotations

import os
from typing import Any, Final

from sandbox import wire
from sandbox.limits import MAX_ANSWER_FRAME_BYTES, MAX_FRAME_BYTES, MAX_RESULT_FRAME_BYTES

SOCKET_FD: Final = 0


class Bridge:
    """Frames to and from the parent, tagged with the event that is being run."""

    __slots__ = ("_buffer", "seq")

    def __init__(self) -> None:
        self._buffer = wire.FrameBuffer(MAX_ANSWER_FRAME_BYTES, wire.decode_trusted)
        self.seq = 0

    def send(self, op: str, **fields: Any) -> None:
        """Send one frame. The parent answers calls only: after anything else, do not wait."""
        self.write(self.frame(op, fields))

    def frame(self, op: str, fields: dict[str, Any]) -> bytes:
        """The bytes of the frame that `send` would write."""
        return wire.encode({"op": op, "seq": self.seq, **fields}, max_bytes=MAX_FRAME_BYTES)

    def send_output(self, text: str) -> None:
        """Send the frame that ends a run; `text` is the result, as JSON text in ASCII."""
        head = f'{{"op":"done","seq":{self.seq},"outcome":"returned","output":{text}}}'
        self.write(wire.frame(head.encode("ascii"), max_bytes=MAX_RESULT_FRAME_BYTES))

    def write(self, frame: bytes) -> None:
        """Write all bytes of one frame; the kernel may take them in several pieces."""
        written_bytes = 0
        while written_bytes < len(frame):
            written_bytes += os.write(SOCKET_FD, frame[written_bytes:] if written_bytes else frame)

    def receive(self) -> dict[str, Any]:
        """The next frame from the parent; waits for it. Ends this process if the parent is gone."""
        while True:
            message = self._buffer.pop()
            if message is not None:
                return message
            data = os.read(SOCKET_FD, 65536)
            if not data:
                os._exit(0)
            self._buffer.feed(data)


BRIDGE: Final = Bridge()
