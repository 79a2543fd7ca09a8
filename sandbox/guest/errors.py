"""Describes the exception that ended a run, in the form of the protocol."""

from __future__ import annotations

import gc
from typing import Any, Final

from .capabilities import outcomes, own_frames
from .caps import (
    MASKING_ROOM,
    MAX_ERROR_MESSAGE_CHARS,
    MAX_ERROR_NAME_CHARS,
    MAX_TRACEBACK_FRAMES,
)

FILENAME: Final = "function.py"
MODULE: Final = "function"
_MODULE: Final = type.__dict__["__module__"]
_NAME: Final = type.__dict__["__name__"]  # read by this, because a metaclass may lie about its name
_OUT_OF_MEMORY: Final[dict[str, Any]] = {
    "outcome": "out_of_memory",
    "error": {"type": "MemoryError", "message": "", "frames": []},
}


def described(error: BaseException) -> dict[str, Any]:
    """The `outcome` and the `error` of a `done` frame."""
    # With arguments it is the parser's error, for a source that is nested too deeply.
    if issubclass(type(error), MemoryError) and not error.args:
        error.__traceback__ = None
        gc.collect()
        return _OUT_OF_MEMORY
    try:
        kind = type(error)
        about = {
            "type": without_surrogates(_NAME.__get__(kind)[:MAX_ERROR_NAME_CHARS]),
            "message": without_surrogates(_message(error)),
            "frames": own_frames(error, filename=FILENAME, most=MAX_TRACEBACK_FRAMES),
            "yours": _MODULE.__get__(kind) == MODULE,
        }
    except MemoryError:
        return _OUT_OF_MEMORY
    return {"outcome": _outcome(error), "error": about}


def without_surrogates(text: str) -> str:
    """The text with a question mark in place of each lone surrogate, which UTF-8 cannot carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _outcome(error: BaseException) -> str:
    kind = type(error)  # not `error.__class__`, which user code can set
    if issubclass(kind, outcomes.RetryError):
        return "retry"
    if issubclass(kind, outcomes.DropEvent | outcomes.EventNotSupported):
        return "dropped"
    return "raised"


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))[: MAX_ERROR_MESSAGE_CHARS * MASKING_ROOM]
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - user code's own __str__ may raise anything
        return "<the exception's text could not be made>"
