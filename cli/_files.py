"""Reads and writes the files that the user names; `-` is standard input."""

import codecs
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from cli._errors import WrongUsage
from runtime.core import json_text
from runtime.errors import BadInput

# Levels around an event's properties, which may be nested as deep as JSON may be at all:
# {"events": [{"properties": …}]}.
_WRAPPED: Final = 3
# The longer marks come first, because the mark of UTF-32 begins with the mark of UTF-16.
_OTHER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MARK: Final = "\ufeff"


def read_bytes(path: Path) -> bytes:
    """What is in a file, or on standard input for `-`, without a byte order mark.

    Raises:
        WrongUsage: it cannot be read, or its mark says that it is not UTF-8.
    """
    if str(path) == "-" and not sys.stdin.readable():
        raise WrongUsage("standard input is closed", code="unreadable")
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as problem:
        raise WrongUsage(f"cannot read {path}: {problem.strerror}", code="unreadable") from problem
    for mark, encoding in _OTHER_MARKS:
        if raw.startswith(mark):
            raise _not_utf8(path, f"is {encoding}")
    return raw.removeprefix(codecs.BOM_UTF8)


def size(path: Path) -> int:
    """How many bytes a file has; it must be one that can be read twice, and no pipe.

    Raises:
        WrongUsage: code `unreadable`.
    """
    try:
        found = path.stat()
    except OSError as problem:
        raise WrongUsage(f"cannot read {path}: {problem.strerror}", code="unreadable") from problem
    if not stat.S_ISREG(found.st_mode):
        raise WrongUsage(f"{path} is no file", code="unreadable")
    return found.st_size


def write(path: Path, content: str | bytes, *, is_private: bool = False) -> None:
    """Write a file in UTF-8, whole or not at all, with the folders that it stands in.

    Whoever is killed meanwhile leaves what was there before. A link stays a link.

    Args:
        path: the file; one that is no regular file, such as /dev/stderr, is written to as it is.
        content: all of it.
        is_private: nobody but its owner may read the file, nor the folder if it is made.

    Raises:
        WrongUsage: code `unwritable`.
    """
    file = path.resolve()
    raw = content.encode() if isinstance(content, str) else content
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if is_private else 0o777)
        if file.exists() and not file.is_file():
            file.write_bytes(raw)
            return
        number, scratch = tempfile.mkstemp(dir=file.parent, prefix=".penstock-")  # made with 0600
        try:
            with os.fdopen(number, "wb") as new:
                new.write(raw)
                new.flush()
                os.fsync(number)
            if not is_private:
                Path(scratch).chmod(_mode(file))
            Path(scratch).replace(file)
        except BaseException:  # also Ctrl-C: nothing half-written stays
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise WrongUsage(f"cannot write {path}: {problem.strerror}", code="unwritable") from problem


def write_new(path: Path, text: str) -> None:
    """As `write`, but never over a file that exists.

    Raises:
        FileExistsError: it does.
        WrongUsage: code `unwritable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:  # also Ctrl-C: nothing half-written stays
                path.unlink()
                raise
    except FileExistsError:
        raise
    except OSError as problem:
        raise WrongUsage(f"cannot write {path}: {problem.strerror}", code="unwritable") from problem


def _mode(file: Path) -> int:
    """The permissions that a file has, or that a new one gets here."""
    if file.exists():
        return stat.S_IMODE(file.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def decode(raw: bytes, *, origin: str | Path) -> str:
    """Bytes as text; the error calls them `origin`.

    Raises:
        WrongUsage: they are not UTF-8.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        what = f"is not UTF-8: line {line} holds the byte {raw[problem.start]:#04x}"
        raise _not_utf8(origin, what) from problem
    # No file of ours may hold a NUL, and half of the bytes of UTF-16 are NULs.
    if "\0" in text:
        raise _not_utf8(origin, "holds NUL characters, as UTF-16 does")
    return text


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for `-`, without a byte order mark.

    Raises:
        WrongUsage: it cannot be read, or is not UTF-8.
    """
    return decode(read_bytes(path), origin=path)


def read_secret(what: str) -> str:
    """A secret from standard input; a terminal prompts for it and does not show it.

    It is never an argument, because other users of the machine can read arguments.

    Raises:
        WrongUsage: it is not UTF-8.
    """
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return read_text(Path("-")).removesuffix("\n").removesuffix("\r")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text that are not empty, with their numbers from 1.

    A byte order mark at the start of a line is dropped: joined files have them in the middle.
    """
    # Not splitlines: U+2028 and its like are ordinary characters inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.removeprefix(_MARK)
        if bare.strip():
            yield number, bare


def read_json(path: Path) -> Any:
    """The JSON in a file.

    Raises:
        WrongUsage: it cannot be read, or is not JSON.
    """
    return parse_json(read_text(path), origin=str(path))


def parse_json(text: str, *, origin: str) -> Any:
    """The JSON in a text.

    Raises:
        WrongUsage: it is not JSON, or holds what JSON does not have; the message names the place.
    """
    try:
        return json_text.load(text, wrapped=_WRAPPED)
    except BadInput as problem:
        raise _not_taken(problem, origin) from problem


def check_sendable(value: Any, *, origin: str) -> None:
    """See that JSON can express a value; whether the API takes it, the API decides.

    Raises:
        WrongUsage: it holds NaN, infinity or a lone surrogate, or is nested too deep.
    """
    try:
        json_text.check_json(value, wrapped=_WRAPPED, any_integer=True)
    except BadInput as problem:
        raise _not_taken(problem, origin) from problem


def _not_taken(problem: BadInput, origin: str) -> WrongUsage:
    what = problem.message.removeprefix("not JSON: ")
    at = f" at {problem.field}" if problem.field else ""
    return WrongUsage(f"{origin} is not taken{at}: {what}", code=problem.code)


def _not_utf8(origin: str | Path, what: str) -> WrongUsage:
    return WrongUsage(f"{origin} {what}; save it as UTF-8", code="not_utf8")
