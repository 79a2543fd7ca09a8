"""Shows progress: one line that changes on a terminal, else a new line every few seconds."""

import sys
import time
from typing import Final, TextIO

from cli import _terminal

QUIET_S: Final = 5.0  # between two lines of progress of one step, where there is no terminal


class Progress:
    """Prints steps and their progress on standard error; standard output has the result only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = _terminal.is_terminal(self._stream)
        self._began_s = time.monotonic()
        self._told_s = 0.0
        self._open = False

    @property
    def seconds(self) -> float:
        """Seconds since this object was made."""
        return time.monotonic() - self._began_s

    def step(self, text: str) -> None:
        """Print the next step on a line of its own."""
        self._close()
        self._stream.write(f"[{self.seconds:5.1f} s] {text}\n")
        self._stream.flush()

    def tell(self, text: str) -> None:
        """Show how far the step is."""
        if self._live:
            self._stream.write(f"\r\x1b[K[{self.seconds:5.1f} s]   {text}")
            self._open = True
        elif self.seconds - self._told_s >= QUIET_S:
            self._told_s = self.seconds
            self._stream.write(f"[{self.seconds:5.1f} s]   {text}\n")
        self._stream.flush()

    def _close(self) -> None:
        if self._open:
            self._stream.write("\n")
            self._open = False
