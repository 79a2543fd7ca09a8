"""Reading what the user points to; a file, or standard input as `-`."""

import sys
from pathlib import Path
from typing import Any

import typer

from cli._errors import WrongUsage
from runtime.core import json_text
from runtime.errors import BadInput

_WRAPPED = 3  # {"events": [{"properties": …}]}: levels around what may use all of its own


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        WrongUsage: it cannot be read, or is not UTF-8.
    """
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode()
    except OSError as problem:
        raise WrongUsage(f"cannot read {path}: {problem.strerror}", code="unreadable") from problem
    except UnicodeDecodeError as problem:
        raise WrongUsage(f"{path} is not UTF-8 text", code="not_utf8") from problem


def read_secret(what: str) -> str:
    """A secret from standard input, asked for without echo on a terminal; never an argument."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return read_text(Path("-")).removesuffix("\n")


def read_json(path: Path) -> Any:
    """The JSON in a file.

    Raises:
        WrongUsage: it cannot be read, or is not JSON.
    """
    return parse_json(read_text(path), origin=str(path))


def parse_json(text: str, *, origin: str) -> Any:
    """The JSON in a text.

    Raises:
        WrongUsage: it is not JSON, or holds what JSON does not have; names the place.
    """
    try:
        return json_text.load(text, wrapped=_WRAPPED)
    except BadInput as problem:
        what = problem.message.removeprefix("not JSON: ")
        at = f" at {problem.field}" if problem.field else ""
        raise WrongUsage(f"{origin} is not JSON{at}: {what}", code=problem.code) from problem
