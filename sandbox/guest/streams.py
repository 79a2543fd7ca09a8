"""What user code prints or logs goes to the run's log."""

from __future__ import annotations

import builtins
import io
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from .capabilities import context
from .places import put

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELD_MAX_CHARS = 64 * 1024  # of a line that does not end
_FORMATTER = logging.Formatter()
_RECORD_KEYS = frozenset(
    {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", "color_message"}
)


class LogStream(io.TextIOBase):
    """`sys.stdout` and `sys.stderr`: each line, and each text that ends with one, is an entry."""

    encoding = "utf-8"
    errors = "backslashreplace"
    mode = "w"

    def __init__(self, name: str) -> None:
        self.name = name
        self._parts: list[str] = []
        self._held = 0
        self._cut = False
        self.buffer = _Bytes(self)

    def write(self, text: str, /) -> int:
        """Take a text; up to its last line end it goes to the log as one entry."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text:
            return 0
        self._parts.append(text)
        self._held += len(text)
        if text[-1:] == "\n":
            self._end_entry()
        elif self._held > _HELD_MAX_CHARS:
            self._end_entry()
            self._cut = True  # the rest of the line is more than a log keeps
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing: what has no line end yet waits for it, or for the end of the run."""

    def end(self) -> None:
        """Send what has no line end: the run is over."""
        if self._parts:
            self._end_entry()

    def drop(self) -> None:
        """Forget what has no line end."""
        self._parts.clear()
        self._held = 0

    def _end_entry(self) -> None:
        text = "".join(self._parts).removesuffix("\n")
        self.drop()
        if text or not self._cut:
            context.log(text, {})
        self._cut = False

    def isatty(self) -> bool:
        """There is no terminal."""
        return False

    def writable(self) -> bool:
        """True."""
        return True

    def reconfigure(self, **_options: Any) -> None:
        """Nothing: lines go to the log as they are."""

    def close(self) -> None:
        """Nothing: the log belongs to the run."""

    def __repr__(self) -> str:
        return f"<{self.name}: the run's log>"


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Take bytes, as UTF-8."""
        raw = bytes(data)
        self._stream.write(raw.decode("utf-8", "replace"))
        return len(raw)

    def writable(self) -> bool:
        """True."""
        return True

    def close(self) -> None:
        """Nothing: the log belongs to the run."""


class NoInput(io.TextIOBase):
    """`sys.stdin`: there is nobody to type."""

    encoding = "utf-8"
    errors = "strict"
    name = "<stdin>"
    mode = "r"

    def read(self, _size: int | None = -1, /) -> str:
        """Nothing."""
        return ""

    def readline(self, _size: int = -1, /) -> str:  # type: ignore[override]
        """Nothing."""
        return ""

    def isatty(self) -> bool:
        """There is no terminal."""
        return False

    def readable(self) -> bool:
        """True, and always at its end."""
        return True


def no_input(_prompt: object = "", /) -> NoReturn:
    """`input`: there is nobody to answer."""
    raise EOFError("input() has nobody to ask: there is no terminal; take data from the event")


class LogHandler(logging.Handler):
    """Where records go for which no handler was set up: to the run's log, with level and fields."""

    def emit(self, record: logging.LogRecord) -> None:
        """One entry."""
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


STDOUT = LogStream("<stdout>")
STDERR = LogStream("<stderr>")
STDIN = NoInput()


def _print_whole(
    self: traceback.TracebackException, *, file: Any = None, chain: bool = True, **_options: Any
) -> None:
    """`TracebackException.print` in one piece, so that a traceback is one entry."""
    print("".join(self.format(chain=chain)), file=sys.stderr if file is None else file, end="")


def install() -> None:
    """Put them in the place of the streams that the process does not have."""
    put(sys, stdout=STDOUT, __stdout__=STDOUT, stderr=STDERR, __stderr__=STDERR)
    put(sys, stdin=STDIN, __stdin__=STDIN)
    put(builtins, input=no_input)
    put(traceback.TracebackException, print=_print_whole)
    # A logger without handlers falls back on this one: `logging.basicConfig` still does its work.
    put(logging, lastResort=LogHandler())


def flush() -> None:
    """The run is over: what has no line end is sent."""
    STDOUT.end()
    STDERR.end()


def flush_what_can_be() -> None:
    """The same after an error, where there may be no memory left to put a line together."""
    try:
        flush()
    except MemoryError:
        STDOUT.drop()
        STDERR.drop()
