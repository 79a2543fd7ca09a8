"""Sends everything that user code prints or logs to the run's log."""

from __future__ import annotations

import builtins
import io
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .capabilities import context
from .places import put

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_HELD_CHARS: Final = 64 * 1024  # of a line that does not end
_FORMATTER: Final = logging.Formatter()
_RECORD_KEYS: Final = frozenset(
    {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", "color_message"}
)


class LogStream(io.TextIOBase):
    """`sys.stdout` and `sys.stderr`. A text becomes one log entry when its last line ends."""

    encoding = "utf-8"
    errors = "backslashreplace"
    mode = "w"

    def __init__(self, name: str) -> None:
        self.name = name
        self._parts: list[str] = []
        self._held_chars = 0
        self._is_cut = False
        self.buffer = _Bytes(self)

    def write(self, text: str, /) -> int:
        """Take a text. If it ends a line, everything that waits goes to the log as one entry."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text:
            return 0
        self._parts.append(text)
        self._held_chars += len(text)
        if text[-1:] == "\n":
            self._end_entry()
        elif self._held_chars > _MAX_HELD_CHARS:
            self._end_entry()
            self._is_cut = True  # the line goes on, so its end alone makes no empty entry
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: an unfinished line waits for its end, or for the end of the run."""

    def end(self) -> None:
        """Send the unfinished line, because the run is over."""
        if self._parts:
            self._end_entry()

    def drop(self) -> None:
        """Forget the unfinished line."""
        self._parts.clear()
        self._held_chars = 0

    def _end_entry(self) -> None:
        text = "".join(self._parts).removesuffix("\n")
        self.drop()
        if text or not self._is_cut:
            context.log(text, {})
        self._is_cut = False

    def isatty(self) -> bool:
        """Whether this is a terminal; there is none."""
        return False

    def writable(self) -> bool:
        """Whether this can be written to; it can."""
        return True

    def reconfigure(self, **_options: Any) -> None:
        """Do nothing: lines go to the log as they are."""

    def close(self) -> None:
        """Do nothing: the log belongs to the run."""

    def __repr__(self) -> str:
        return f"<{self.name}: the run's log>"


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Take bytes, and decode them as UTF-8."""
        raw = bytes(data)
        self._stream.write(raw.decode("utf-8", "replace"))
        return len(raw)

    def writable(self) -> bool:
        """Whether this can be written to; it can."""
        return True

    def close(self) -> None:
        """Do nothing: the log belongs to the run."""


class NoInput(io.TextIOBase):
    """`sys.stdin`, which is empty: nobody can type."""

    encoding = "utf-8"
    errors = "strict"
    name = "<stdin>"
    mode = "r"

    def read(self, _size: int | None = -1, /) -> str:
        """An empty text: this is the end of the input."""
        return ""

    def readline(self, _size: int = -1, /) -> str:  # type: ignore[override]
        """An empty text: this is the end of the input."""
        return ""

    def isatty(self) -> bool:
        """Whether this is a terminal; there is none."""
        return False

    def readable(self) -> bool:
        """Whether this can be read; it can, but is always at its end."""
        return True


def no_input(_prompt: object = "", /) -> NoReturn:
    """`input`, which always fails: nobody can answer.

    Raises:
        EOFError: always.
    """
    raise EOFError("input() has nobody to ask: there is no terminal; take data from the event")


class LogHandler(logging.Handler):
    """Sends records to the run's log, with level and fields, if user code has set no handler up."""

    def emit(self, record: logging.LogRecord) -> None:
        """Make one log entry of the record."""
        try:
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}\n{_FORMATTER.formatException(record.exc_info)}"
            if record.stack_info:
                text = f"{text}\n{record.stack_info}"
            fields = {"level": record.levelname.lower(), "logger": record.name}
            own = {key: item for key, item in vars(record).items() if key not in _RECORD_KEYS}
            context.log(text, fields | own)
        except Exception:  # noqa: BLE001 - logging never ends a run
            self.handleError(record)


STDOUT: Final = LogStream("<stdout>")
STDERR: Final = LogStream("<stderr>")
STDIN: Final = NoInput()


def _print_whole(
    self: traceback.TracebackException, *, file: Any = None, chain: bool = True, **_options: Any
) -> None:
    """`TracebackException.print` in one piece, so that a traceback is one log entry."""
    print("".join(self.format(chain=chain)), file=sys.stderr if file is None else file, end="")


def install() -> None:
    """Set the standard streams, which the process does not have, and the handler for records."""
    put(sys, stdout=STDOUT, __stdout__=STDOUT, stderr=STDERR, __stderr__=STDERR)
    put(sys, stdin=STDIN, __stdin__=STDIN)
    put(builtins, input=no_input)
    put(traceback.TracebackException, print=_print_whole)
    # logging uses this handler for loggers that have none, so `logging.basicConfig` still works.
    put(logging, lastResort=LogHandler())


def flush() -> None:
    """Send unfinished lines, because the run is over."""
    STDOUT.end()
    STDERR.end()


def flush_what_can_be() -> None:
    """Send unfinished lines after an error. If there is no memory left for that, drop them."""
    try:
        flush()
    except MemoryError:
        STDOUT.drop()
        STDERR.drop()
