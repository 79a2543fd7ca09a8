"""Makes a worker's texts fit for people to read.

Secrets are masked, texts are cut to their limits, and no error of a function can pass for one of
Python's or the platform's.
"""

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
# The names of errors that the parent and the platform write themselves; no worker may use them.
_OUR_ERRORS: Final = frozenset(
    {"TimedOut", "OutOfMemory", "Crashed", "ProtocolViolation", "Refused", "BadEffect",
     "NoLiveVersion"}
)  # fmt: skip
_OUTCOME_OF: Final = {"RetryError": "retry", "DropEvent": "dropped", "EventNotSupported": "dropped"}


class Readable:
    """Makes the texts of one job's events fit for people to read.

    Args:
        masker: masks the job's secrets.
        source_lines: the function's lines, which tracebacks show.
    """

    def __init__(self, masker: Masker, source_lines: tuple[str, ...]) -> None:
        self._masker = masker
        self._source_lines = source_lines

    def text(self, text: str, max_chars: int) -> str:
        """The text masked, cut to `max_chars` and made safe for a log.

        The text is masked before it is cut, because half a secret is still worth hiding. For that
        a worker sends more than is kept: up to `max_chars` times `limits.MASKING_ROOM`. So a text
        of that length has been cut by the worker; a longer one is cut to it here.
        """
        sent_chars = max_chars * caps.MASKING_ROOM
        is_cut = len(text) >= sent_chars
        return clean_text(self._masker.text(text[:sent_chars], is_cut=is_cut), max_chars)

    def fields(self, fields: dict[str, Any]) -> Any:
        """The fields of a log entry, with their texts and keys masked and made safe for a log."""
        masked_fields = self._masker.readable(
            fields,
            key_chars=caps.MAX_LOG_KEY_CHARS * caps.MASKING_ROOM,
            text_chars=caps.MAX_LOG_MESSAGE_CHARS * caps.MASKING_ROOM,
        )
        return _clean(masked_fields)

    def error(self, error: Any, *, outcome: str) -> dict[str, str]:
        """The `type`, `message` and `traceback` of an error that a worker reports.

        Args:
            error: the `error` of a `done` frame.
            outcome: the outcome of the same frame.

        Raises:
            ProtocolBroken: `error` is malformed.
        """
        if not isinstance(error, dict):
            raise wire.ProtocolBroken("the worker's error is malformed")
        raw_name = str(error.get("type", ""))[: caps.MAX_ERROR_NAME_CHARS]
        is_cut = len(raw_name) == caps.MAX_ERROR_NAME_CHARS
        name = self._masker.text(raw_name, is_cut=is_cut)[: caps.MAX_ERROR_NAME_CHARS]
        message = self.text(str(error.get("message", "")), caps.MAX_ERROR_MESSAGE_CHARS)
        if not _may_be_called(name, outcome, yours=bool(error.get("yours"))):
            name = "UserError"
        traceback = self._traceback(error.get("frames"))
        last = f"{name}: {message}" if message else name
        return {"type": name, "message": message, "traceback": traceback + last}

    def _traceback(self, frames: Any) -> str:
        if not isinstance(frames, list) or not frames:
            return ""
        lines = ["Traceback (most recent call last):\n"]
        for frame in frames[: caps.MAX_TRACEBACK_FRAMES]:
            if not isinstance(frame, list) or [type(cell) for cell in frame] != [int, str]:
                raise wire.ProtocolBroken("the worker's traceback is malformed")
            number, name = frame
            lines.append(f'  File "function.py", line {number}, in {self.text(name, 100)}\n')
            if 0 < number <= len(self._source_lines):
                source = self.text(self._source_lines[number - 1].strip(), 200)
                lines.append(f"    {source}\n")
        return "".join(lines)


def _may_be_called(name: str, outcome: str, *, yours: bool) -> bool:
    """Whether an error may be shown under this name.

    It may not if it would pass for an error of the platform, or of Python. Names that only the
    parent and the platform use are always refused. For the others the worker says whether the
    class is the user's, by `yours`.
    """
    normal_name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or normal_name in _OUR_ERRORS:
        return False
    if yours and normal_name in _BUILTIN_ERRORS | _PLATFORM_ERRORS:
        return False
    return _OUTCOME_OF.get(normal_name, outcome) == outcome


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value, caps.MAX_LOG_MESSAGE_CHARS)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(k, caps.MAX_LOG_KEY_CHARS): _clean(item) for k, item in value.items()}
    return value
