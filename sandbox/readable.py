"""What a worker says, as a person may read it: masked, cut, and passing for nobody else's."""

from __future__ import annotations

import builtins
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from sandbox import limits as caps
from sandbox import wire
from sandbox.outcome import clean_text
from sandbox.sdk.outcomes import EXPORTS

if TYPE_CHECKING:
    from sandbox.masking import Masker

_BUILTIN_ERRORS: Final = frozenset(name for name in dir(builtins) if name[0].isupper())
_PLATFORM_ERRORS: Final = frozenset(EXPORTS)
# What the parent and the platform say of a run themselves; a worker's error is none of these.
_OUR_ERRORS: Final = frozenset(
    {"TimedOut", "OutOfMemory", "Crashed", "ProtocolViolation", "Refused", "BadEffect",
     "NoLiveVersion"}
)  # fmt: skip
_OUTCOME_OF: Final = {"RetryError": "retry", "DropEvent": "dropped", "EventNotSupported": "dropped"}


class Readable:
    """Makes the texts of one job's events fit to be shown.

    Args:
        masker: of the job's secrets.
        source_lines: of the function, for tracebacks.
    """

    def __init__(self, masker: Masker, source_lines: tuple[str, ...]) -> None:
        self._masker = masker
        self._source_lines = source_lines

    def text(self, text: str, max_chars: int) -> str:
        """The text as a person may read it.

        It is masked before it is cut: half a secret is still a good part of one. What is as long
        as a worker sends at most has been cut by the worker already; what is longer is cut here.
        """
        sent_chars = max_chars * caps.MASKING_ROOM
        cut = len(text) >= sent_chars
        return clean_text(self._masker.text(text[:sent_chars], cut=cut), max_chars)

    def fields(self, fields: dict[str, Any]) -> Any:
        """The fields of a log entry: JSON, with its texts and keys as a person may read them."""
        masked = self._masker.readable(
            fields,
            key_chars=caps.MAX_LOG_KEY_CHARS * caps.MASKING_ROOM,
            text_chars=caps.MAX_LOG_MESSAGE_CHARS * caps.MASKING_ROOM,
        )
        return _clean(masked)

    def error(self, error: Any, *, outcome: str) -> dict[str, str]:
        """The record of an error, from a `done` frame with this outcome.

        Raises:
            ProtocolBroken: it has not the shape of one.
        """
        if not isinstance(error, dict):
            raise wire.ProtocolBroken("the worker's error is malformed")
        sent = str(error.get("type", ""))[: caps.MAX_ERROR_NAME_CHARS]
        cut = len(sent) == caps.MAX_ERROR_NAME_CHARS
        name = self._masker.text(sent, cut=cut)[: caps.MAX_ERROR_NAME_CHARS]
        message = self.text(str(error.get("message", "")), caps.MAX_ERROR_MESSAGE_CHARS)
        if not _may_be_called(name, outcome, yours=bool(error.get("yours"))):
            name = "UserError"
        shown = self._traceback(error.get("frames"))
        last = f"{name}: {message}" if message else name
        return {"type": name, "message": message, "traceback": shown + last}

    def _traceback(self, frames: Any) -> str:
        if not isinstance(frames, list) or not frames:
            return ""
        lines = ["Traceback (most recent call last):\n"]
        for frame in frames[: caps.MAX_TRACEBACK_FRAMES]:
            if not isinstance(frame, list) or [type(part) for part in frame] != [int, str]:
                raise wire.ProtocolBroken("the worker's traceback is malformed")
            number, name = frame
            lines.append(f'  File "function.py", line {number}, in {self.text(name, 100)}\n')
            if 0 < number <= len(self._source_lines):
                source = self.text(self._source_lines[number - 1].strip(), 200)
                lines.append(f"    {source}\n")
        return "".join(lines)


def _may_be_called(name: str, outcome: str, *, yours: bool) -> bool:
    """False for a class of the user's that would pass for Python's or the platform's.

    That it is the user's is the worker's word; what no worker's error can be needs no such word.
    """
    plain = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or plain in _OUR_ERRORS:
        return False
    if yours and plain in _BUILTIN_ERRORS | _PLATFORM_ERRORS:
        return False
    return _OUTCOME_OF.get(plain, outcome) == outcome


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value, caps.MAX_LOG_MESSAGE_CHARS)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(k, caps.MAX_LOG_KEY_CHARS): _clean(item) for k, item in value.items()}
    return value
