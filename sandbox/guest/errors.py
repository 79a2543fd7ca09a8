"""How a run ended other than by returning, in the words of the protocol."""

from __future__ import annotations

import gc
from typing import Any

from .capabilities import outcomes
from .caps import (
    ERROR_MESSAGE_MAX_CHARS,
    ERROR_NAME_MAX_CHARS,
    MASKING_ROOM,
    TRACEBACK_FRAMES_MAX,
)

FILENAME = "function.py"
MODULE = "function"
_MODULE = type.__dict__["__module__"]
_NAME = type.__dict__["__name__"]  # a metaclass may say anything of its own
_OUT_OF_MEMORY: dict[str, Any] = {
    "outcome": "out_of_memory",
    "error": {"type": "MemoryError", "message": "", "frames": []},
}


def described(error: BaseException) -> dict[str, Any]:
    """The `outcome` and the `error` of a `done` frame."""
    if issubclass(type(error), MemoryError) and not error.args:  # with a text it is the parser's
        error.__traceback__ = None
        gc.collect()
        return _OUT_OF_MEMORY
    try:
        kind = type(error)
        about = {
            "type": without_surrogates(_NAME.__get__(kind)[:ERROR_NAME_MAX_CHARS]),
            "message": without_surrogates(_message(error)),
            "frames": _own_frames(error),
            "yours": _MODULE.__get__(kind) == MODULE,
        }
    except MemoryError:
        return _OUT_OF_MEMORY
    return {"outcome": _outcome(error), "error": about}


def without_surrogates(text: str) -> str:
    """The text as UTF-8 can carry it: half a character becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _outcome(error: BaseException) -> str:
    kind = type(error)  # an instance may say anything of its class
    if issubclass(kind, outcomes.RetryError):
        return "retry"
    if issubclass(kind, outcomes.DropEvent | outcomes.EventNotSupported):
        return "dropped"
    return "raised"


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))[: ERROR_MESSAGE_MAX_CHARS * MASKING_ROOM]
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - user code's own __str__ may raise anything
        return "<the exception's text could not be made>"


def _own_frames(error: BaseException) -> list[list[Any]]:
    """Line and function of each step through the user's source; the middle of a long way is cut."""
    frames: list[list[Any]] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILENAME:
            frames.append([trace.tb_lineno, code.co_name[:100]])
        trace = trace.tb_next
    if len(frames) > TRACEBACK_FRAMES_MAX:
        half = TRACEBACK_FRAMES_MAX // 2
        frames = frames[:half] + frames[-half:]
    return frames
