"""What the sdk needs of the engine around it: a way to the parent, and two ways to read values.

There is one implementation of what user code is given, and two engines that run user code. They
differ in what may be done with a value that user code hands in, so that is all an engine decides.
"""

from __future__ import annotations

from typing import Any, Protocol

from .quotas import FRAME_MAX_BYTES


class CapabilityError(Exception):
    """The parent refused what was asked; `code` is stable, the text is for people."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class TooLarge(Exception):
    """A frame would be longer than it may be; nothing of it was sent.

    Attributes:
        size_bytes: what it would have been on the wire.
    """

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"a frame of {size_bytes} bytes")
        self.size_bytes = size_bytes


class Port(Protocol):
    """One engine's side. Frames bear the `seq` of the run that is under way; the port adds it."""

    def send(self, op: str, /, *, at_most: int = FRAME_MAX_BYTES, **fields: Any) -> int:
        """Send one frame that nobody answers.

        Args:
            op: its `op`.
            at_most: bytes that the frame may have.
            fields: plain JSON values only: what `text` and `plain` return, and what is made of it.

        Returns:
            The bytes of the frame on the wire: its JSON text and the four of its length.

        Raises:
            TooLarge: the frame is over `at_most` or the cap; nothing was sent.
        """
        ...

    def call(self, op: str, /, **fields: Any) -> Any:
        """Send one frame, wait for its answer and return the answer's `value`.

        Raises:
            CapabilityError: the parent refused, or the frame is over the cap (`too_large`).
        """
        ...

    def text(self, value: Any, /) -> str:
        """How a value is shown, as `str(value)`: exactly of type `str`, of any length.

        May run user code (a `__str__` of the user's) and raise what that raises.
        """
        ...

    def plain(self, value: Any, /, *, what: str) -> Any:
        """The value as JSON: exact dict, list, str, int, float, bool, None.

        Within the depth, size and range that a frame may have, without NaN and lone surrogates.

        Args:
            value: what user code gave.
            what: how an error's text calls it, such as "the payload".

        Raises:
            ValueError: it is not JSON, with a text that says what to write instead.
            TypeError: the same, where `json.dumps` would raise it.
        """
        ...
